/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of a reload that change something (master/reload.h). */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/cpus.h"
#include "base/log.h"
#include "master/internal.h"
#include "master/limits.h"
#include "master/operate.h"
#include "worker/worker.h"
#include "shm/health.h"
#include "shm/table.h"

/* So many removed servers, and new workers are started although nothing else asks for them: rows
 * get free only with the workers that have seen them. */
#define REMOVED_MANY (SHM_SERVERS / 4)
#define WORKERS_AUTO 8

/* CPUs that a cgroup lets us use (cgroup v2: "max 100000" or "150000 100000"), rounded up; 0: no
 * limit is set. */
static unsigned
cgroup_cpus(void)
{
	FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
	unsigned long quota, period;
	int n;

	if (f == NULL)
		return 0;
	n = fscanf(f, "%lu %lu", &quota, &period);
	fclose(f);
	return n == 2 && period > 0 ? (unsigned)((quota + period - 1) / period) : 0;
}

unsigned
reload_workers(const struct conf *conf)
{
	unsigned n = 1, quota = cgroup_cpus();
	struct cpus listed;
	cpu_set_t set;

	if (conf->global.workers > 0)
		return (unsigned)conf->global.workers;
	(void)cpus_parse(&listed, conf->global.worker_cpus); /* conf/check.c did */
	if (listed.how == CPUS_LIST)
		return listed.n > WORKERS_AUTO ? WORKERS_AUTO : listed.n;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = (unsigned)CPU_COUNT(&set);
	if (quota > 0 && quota < n)
		n = quota;
	return n > WORKERS_AUTO ? WORKERS_AUTO : n;
}

int
reload_publish(struct master *m, const struct conf *conf, enum publish_step step, const bool *keeps,
    struct err *forgotten, struct err *err)
{
	static struct shm_table next; /* large */
	static struct publish p;

	p = (struct publish){
	    .step = step,
	    .generation = m->next.conf != NULL ? m->next.number : m->now.number,
	    .oldest = proc_oldest(m),
	    .now = mono_now(),
	    .keeps_health = keeps,
	    .forgotten = forgotten,
	};
	if (publish_build(&next, &m->table, conf, &p, err) < 0)
		return -1;
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		if (p.forget_server[i])
			seg_forget_server(&m->seg, i);
	for (unsigned i = 0; i < SHM_SERVICES; i++)
		if (p.forget_service[i])
			seg_forget_service(&m->seg, i);
	table_publish(&m->seg, &next);
	m->table = next;
	return 0;
}

static unsigned
count_listens(const struct conf *conf)
{
	unsigned n = 0;

	for (unsigned i = 0; i < conf->n_services; i++)
		n += conf->services[i].listen.n;
	return n;
}

int
reload_generation(struct master *m, struct conf *conf, int patience_ms, struct err *err)
{
	const unsigned workers = reload_workers(conf);
	/* Of a worker: there may be more slots from earlier days than workers. */
	const unsigned listens = count_listens(conf) * (SHM_WORKERS / workers + 1);

	m->next = (struct generation){
	    .number = ++m->generations,
	    .conf = conf,
	    .workers = workers,
	    .max_connections = limits_apply(conf->global.max_connections, listens, workers, err),
	    .engine =
		worker_engine_choose(conf->global.engine, m->engine_why, sizeof m->engine_why, err),
	};
	if (m->next.max_connections == 0 || m->next.engine == NULL ||
	    listen_bind(&m->listen, conf, m->next.workers, patience_ms, err) < 0) {
		m->next.conf = NULL;
		return -1;
	}
	return 0;
}

static void
health_states(const struct master *m, unsigned char state[SHM_SERVERS])
{
	struct shm_health h;

	for (unsigned i = 0; i < SHM_SERVERS; i++) {
		health_load(&m->seg, i, m->table.server[i].id, &h);
		state[i] = h.state;
	}
}

int
reload_judge(struct master *m, struct err *err)
{
	const struct preflight_sheet *s = m->reload.preflight.sheet;
	unsigned char state[SHM_SERVERS];

	health_states(m, state);
	return preflight_judge(m->reload.conf, &m->table, state, s->targets, s->n, err);
}

int
reload_apply(struct master *m)
{
	struct reload *r = &m->reload;
	const struct preflight_sheet *s = r->preflight.sheet;
	unsigned char state[SHM_SERVERS];
	bool keeps[SHM_SERVERS];

	r->workers = r->changes.workers || publish_removed(&m->table) > REMOVED_MANY;
	if (r->workers && reload_generation(m, r->conf, 0, &r->why) < 0)
		return -1;
	health_states(m, state);
	preflight_keeps(r->conf, &m->table, state, s->targets, s->n, keeps);
	/* What comes is published now, what goes not before those have been checked: a file that
	 * replaces all servers must not leave workers without any for a moment. */
	if (reload_publish(m, r->conf, PUBLISH_ADD, keeps, NULL, &r->why) < 0) {
		listen_rollback(&m->listen);
		m->next.conf = NULL;
		return -1;
	}
	m->check_conf = r->conf;
	proc_stop(m, ENTRY_CHECKER, WANT_STOP, (struct mono){0});
	proc_wake_all(m);
	return 0;
}

int
reload_start_workers(struct master *m)
{
	/* From here clients queue at the new sockets: the workers come at once. */
	if (listen_begin(&m->listen, &m->reload.why) < 0)
		return -1;
	for (unsigned slot = 0; slot < m->next.workers; slot++)
		proc_start(m, proc_free_worker(m), PROC_WORKER, slot, m->next.number);
	return 0;
}

/* Workers of one generation. */
static void
stop_generation(struct master *m, unsigned generation, enum proc_want want, struct mono until)
{
	for (unsigned i = ENTRY_WORKER0; i < SHM_ENTRIES; i++)
		if (m->proc[i].kind == PROC_WORKER && m->proc[i].generation == generation)
			proc_stop(m, i, want, until);
}

void
reload_limit_generations(struct master *m, unsigned most)
{
	unsigned oldest = UINT32_MAX, generations = 0;
	bool first;

	for (unsigned i = ENTRY_WORKER0; i < SHM_ENTRIES; i++) {
		const struct proc *p = &m->proc[i];

		if (p->kind != PROC_WORKER || p->want == WANT_RUN)
			continue;
		first = true;
		for (unsigned k = ENTRY_WORKER0; k < i && first; k++)
			first = m->proc[k].kind != PROC_WORKER || m->proc[k].want == WANT_RUN ||
				m->proc[k].generation != p->generation;
		generations += first;
		if (p->generation < oldest)
			oldest = p->generation;
	}
	if (generations <= most)
		return;
	log_notice("generation %u closes its connections: %u generations drain, at most %u may",
	    oldest, generations, SHM_GENERATIONS - 1);
	stop_generation(m, oldest, WANT_DRAIN, mono_now());
}

void
reload_commit(struct master *m)
{
	struct reload *r = &m->reload;
	struct conf *old = m->now.conf;
	unsigned before = m->now.number;
	struct mono until;
	struct err err;

	if (r->workers) {
		until = mono_add_ms(mono_now(), r->conf->global.drain_timeout);
		if (before != 0 && strcmp(m->now.engine, m->next.engine) != 0)
			log_notice("engine %s%s%s", m->next.engine,
			    *m->engine_why != '\0' ? ": " : "", m->engine_why);
		m->now = m->next;
		m->next.conf = NULL;
		if (before != 0)
			stop_generation(m, before, WANT_DRAIN, until);
		reload_limit_generations(m, SHM_GENERATIONS - 1);
		listen_commit(&m->listen, r->conf);
	}
	if (old != NULL)
		changes_keep(r->conf, old);
	m->now.conf = r->conf;
	r->conf = NULL;
	err_init(&err);
	/* Nothing is added, so there is room. */
	if (reload_publish(m, m->now.conf, PUBLISH_FINAL, NULL, &r->changes.forgotten, &err) < 0)
		log_err("%s", err_end(&err));
	proc_wake_all(m);
	operate_reloaded(m);
	log_init("master", (enum log_level)(LOG_LEVEL_ERR + m->now.conf->global.log_level));
	if (m->first == NULL)
		m->first = m->now.conf;
	if (old != NULL)
		scripts_reload(m, r->changes.vips);
	if (old != NULL && r->changes.vips)
		vips_reloaded(m);
	if (old != NULL)
		webs_reloaded(m, r->changes.web);
	if (old != m->first)
		conf_free(old);
}

void
reload_undo(struct master *m)
{
	struct err err;

	if (m->next.conf != NULL) {
		stop_generation(m, m->next.number, WANT_STOP, (struct mono){0});
		for (unsigned i = ENTRY_WORKER0; i < SHM_ENTRIES; i++)
			if (m->proc[i].generation == m->next.number)
				proc_kill(m, i);
	}
	listen_rollback(&m->listen);
	err_init(&err);
	/* The same function backwards; new rows are removed, and old ones as they were. */
	if (reload_publish(m, m->now.conf, PUBLISH_UNDO, NULL, NULL, &err) < 0)
		log_err("%s", err_end(&err));
	m->next.conf = NULL;
	m->check_conf = m->now.conf;
	proc_stop(m, ENTRY_CHECKER, WANT_STOP, (struct mono){0});
	proc_wake_all(m);
}
