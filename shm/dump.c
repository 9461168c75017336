/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/dump.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shm/fmt.h"
#include "shm/table.h"

/* A record that is written at this very moment is whole again within a microsecond or its
 * writer is stopped or dead. So often a millisecond is waited to tell which. */
#define PATIENCE 50

static const char *const format_names[DUMP_FORMATS] = {
    [DUMP_TABLE] = "table",
    [DUMP_CSV] = "csv",
    [DUMP_JSON] = "json",
    [DUMP_PROMETHEUS] = "prometheus",
};

bool
dump_format_parse(const char *name, enum dump_format *f)
{
	for (int i = 0; i < DUMP_FORMATS; i++) {
		if (strcmp(name, format_names[i]) != 0)
			continue;
		*f = (enum dump_format)i;
		return true;
	}
	return false;
}

const char *
dump_format_name(enum dump_format f)
{
	return format_names[f];
}

static void
nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void
load_torn(const _Atomic uint64_t *words, void *dst, size_t size)
{
	for (size_t i = 0; i < size / 8; i++) {
		uint64_t w = atomic_load_explicit(&words[i], memory_order_relaxed);

		memcpy((char *)dst + i * 8, &w, 8);
	}
}

static void
take_tables(struct dump *d, const struct seg *seg)
{
	const struct shm_head *head = &seg->ro->head.r;
	bool table = false, info = false;

	for (int i = 0; i < PATIENCE && !(table && info); i++) {
		if (i > 0)
			nap();
		table = table || table_snapshot(seg, &d->table);
		info = info || info_load(seg, &d->info);
	}
	d->torn_table = !(table && info);
	if (!table)
		load_torn(head->table.words, &d->table, sizeof d->table);
	if (!info)
		load_torn(head->info.words, &d->info, sizeof d->info);
}

/* What a torn or foreign table could break is made harmless here, once for all
 * formats. */
static void
clean_tables(struct dump *d)
{
	struct shm_table *t = &d->table;

	if (t->n_services > SHM_SERVICES)
		t->n_services = SHM_SERVICES;
	if (t->n_servers > SHM_SERVERS)
		t->n_servers = SHM_SERVERS;
	for (unsigned i = 0; i < t->n_services; i++)
		fmt_clean(t->service[i].name, SHM_NAME);
	for (unsigned i = 0; i < t->n_servers; i++) {
		fmt_clean(t->server[i].name, SHM_NAME);
		if (t->server[i].service >= t->n_services)
			t->server[i].state = ROW_FREE;
	}
	fmt_clean(d->info.engine, sizeof d->info.engine);
	fmt_clean(d->info.node, sizeof d->info.node);
	fmt_clean(d->info.version, sizeof d->info.version);
	fmt_clean(d->info.config, sizeof d->info.config);
}

static void
take_health(struct dump *d, const struct seg *seg)
{
	const struct shm_checker *c = &seg->ro->checker.r;
	struct shm_health *h;
	uint32_t id;

	for (unsigned i = 0; i < d->table.n_servers; i++) {
		h = &d->health[i];
		id = d->table.server[i].id;
		if (!health_load(seg, i, id, h) &&
		    (atomic_load_explicit(&c->health[i].seq.n, memory_order_relaxed) & 1)) {
			/* Its checker stopped in it. Half old and half new: see
			 * layout.h */
			load_torn(c->health[i].words, h, sizeof *h);
			if (h->id != id)
				*h = (struct shm_health){.id = id,
				    .state = STATE_NOTREADY,
				    .result = RESULT_INI,
				    .check_ms = -1};
		}
		if (h->state >= SERVER_STATES)
			h->state = STATE_NOTREADY;
		fmt_clean(h->text, sizeof h->text);
		fmt_clean(h->cert_names, sizeof h->cert_names);
		d->shown[i] =
		    (uint8_t)health_shown(&d->table.server[i], (enum server_state)h->state);
		stat_copy_rows(STAT_SET_CHECK, &d->check[i], &c->stat[i]);
	}
}

static void
take_vips(struct dump *d, const struct seg *seg)
{
	const struct shm_vrrp *v = &seg->ro->vrrp.r;
	struct shm_vip *one;

	for (unsigned i = 0; i < SHM_VIPS; i++) {
		one = &d->vip[d->n_vips];
		if (!SEQ_LOAD(&v->vip[i], one))
			load_torn(v->vip[i].words, one, sizeof *one);
		if (one->name[0] == '\0')
			continue;
		if (one->n_addresses > SHM_VIP_ADDRS)
			one->n_addresses = SHM_VIP_ADDRS;
		fmt_clean(one->name, sizeof one->name);
		fmt_clean(one->interface, sizeof one->interface);
		fmt_clean(one->reason, sizeof one->reason);
		fmt_clean(one->fault, sizeof one->fault);
		fmt_clean(one->degraded, sizeof one->degraded);
		stat_copy_rows(STAT_SET_VIP, &d->vip_stat[d->n_vips++], &v->stat[i]);
	}
}

static void
take_traffic(struct dump_proc *p, const struct stat_worker *w)
{
	p->active = STAT_GET(w, active);
	p->accepted = STAT_GET(w, accepted);
	p->bytes_in = STAT_GET(w, bytes_in);
	p->bytes_out = STAT_GET(w, bytes_out);
}

static void
take_procs(struct dump *d, const struct seg *seg)
{
	const struct shm_proc_region *region;
	const struct shm_proc *row;
	struct dump_proc *p;

	for (unsigned e = 0; e < SHM_ENTRIES; e++) {
		row = &seg->ro->head.r.proc[e];
		p = &d->proc[d->n_procs];
		*p = (struct dump_proc){
		    .kind = atomic_load_explicit(&row->kind, memory_order_acquire),
		    .slot = atomic_load_explicit(&row->slot, memory_order_relaxed),
		    .pid = atomic_load_explicit(&row->pid, memory_order_relaxed),
		    .generation = atomic_load_explicit(&row->generation, memory_order_relaxed),
		    .want = atomic_load_explicit(&row->want, memory_order_relaxed),
		    .started_us = atomic_load_explicit(&row->started_us, memory_order_relaxed),
		};
		if (p->kind == PROC_NONE)
			continue;
		d->n_procs++;
		if ((region = seg_proc(seg, e)) != NULL) {
			p->ready = atomic_load_explicit(&region->ready, memory_order_relaxed);
			p->beat_us = atomic_load_explicit(&region->beat_us, memory_order_relaxed);
		}
		if (e < ENTRY_WORKER0)
			continue;
		take_traffic(p, &seg_worker(seg, e)->stat.worker);
		p->kept_on =
		    atomic_load_explicit(&seg_worker(seg, e)->kept_on, memory_order_relaxed);
	}
}

/* The row that speaks for row `i`: itself, or when it was removed another one of its
 * name, the present one before removed ones, the newer before the older. */
static unsigned
service_for(const struct shm_table *t, unsigned i)
{
	const struct shm_service *s = &t->service[i], *best = s;

	for (unsigned k = 0; k < t->n_services && best->state != ROW_ACTIVE; k++) {
		const struct shm_service *o = &t->service[k];

		if (o->state != ROW_FREE && strcmp(o->name, s->name) == 0 &&
		    (o->state == ROW_ACTIVE || o->id > best->id))
			best = o;
	}
	return (unsigned)(best - t->service);
}

static unsigned
server_for(const struct shm_table *t, unsigned i)
{
	const struct shm_server *s = &t->server[i], *best = s;
	unsigned service = service_for(t, s->service);

	for (unsigned k = 0; k < t->n_servers && best->state != ROW_ACTIVE; k++) {
		const struct shm_server *o = &t->server[k];

		if (o->state != ROW_FREE && strcmp(o->name, s->name) == 0 &&
		    service_for(t, o->service) == service &&
		    (o->state == ROW_ACTIVE || o->id > best->id))
			best = o;
	}
	return (unsigned)(best - t->server);
}

/* Adds the counters of rows that are not listed to those of the rows that speak for
 * them. */
static void
fold(struct dump *d)
{
	const struct shm_table *t = &d->table;
	unsigned to;

	for (unsigned i = 0; i < t->n_services; i++)
		if (t->service[i].state != ROW_FREE && (to = service_for(t, i)) != i)
			stat_add_rows(
			    STAT_SET_SERVICE, &d->sum.service[to], &d->sum.service[i], true);
	for (unsigned i = 0; i < t->n_servers; i++) {
		if (t->server[i].state == ROW_FREE || (to = server_for(t, i)) == i)
			continue;
		stat_add_rows(STAT_SET_SERVER, &d->sum.server[to], &d->sum.server[i], true);
		stat_add_rows(STAT_SET_CHECK, &d->check[to], &d->check[i], true);
	}
}

static bool
listed_before(const struct shm_server *a, const struct shm_server *b)
{
	if (a->state != b->state)
		return a->state == ROW_ACTIVE;
	return a->position < b->position;
}

static void
list_servers(struct dump *d, struct dump_service *s, unsigned first)
{
	const struct shm_table *t = &d->table;
	uint16_t *list = &d->servers[first];
	unsigned k;

	s->first = first;
	for (unsigned i = 0; i < t->n_servers; i++) {
		if (t->server[i].state == ROW_FREE || server_for(t, i) != i ||
		    service_for(t, t->server[i].service) != s->index)
			continue;
		for (k = s->n; k > 0 && listed_before(&t->server[i], &t->server[list[k - 1]]); k--)
			list[k] = list[k - 1];
		list[k] = (uint16_t)i;
		s->n++;
		if (d->shown[i] == STATE_UP && t->server[i].backup)
			s->backups_up++;
		else if (d->shown[i] == STATE_UP)
			s->up++;
	}
}

static void
list_services(struct dump *d)
{
	const struct shm_table *t = &d->table;
	uint8_t state[SHM_SERVERS] = {0};
	uint64_t last_byte_ms[SHM_SERVERS] = {0};
	uint16_t list[SHM_SERVERS];
	unsigned first = 0;

	for (unsigned i = 0; i < t->n_servers; i++) {
		state[i] = d->health[i].state;
		last_byte_ms[i] = STAT_GET(&d->sum.server[i], last_byte);
	}
	for (unsigned i = 0; i < t->n_services; i++) {
		struct dump_service *s = &d->services[d->n_services];

		if (t->service[i].state == ROW_FREE || service_for(t, i) != i)
			continue;
		*s = (struct dump_service){.index = i};
		s->serving =
		    health_candidates(t, i, state, last_byte_ms, d->now, list, &s->candidates);
		list_servers(d, s, first);
		first += s->n;
		d->n_services++;
	}
}

struct dump *
dump_take(const struct seg *seg, struct mono now, int64_t wall, struct err *err)
{
	const struct shm_head *head = &seg->ro->head.r;
	struct dump *d = calloc(1, sizeof *d);

	if (d == NULL) {
		err_addsys(err, "copy of the segment");
		return NULL;
	}
	d->now = now;
	d->wall_ms = wall;
	d->layout = head->layout;
	d->beat_us = atomic_load_explicit(&head->self.beat_us, memory_order_relaxed);
	take_tables(d, seg);
	clean_tables(d);
	d->daemon = dump_judge(&d->info, d->beat_us, now);
	d->torn_sum = true;
	for (int i = 0; i < PATIENCE && d->torn_sum; i++) {
		if (i > 0)
			nap();
		d->torn_sum = !stat_sum(seg, &d->sum);
	}
	take_health(d, seg);
	take_procs(d, seg);
	take_vips(d, seg);
	stat_copy_rows(STAT_SET_MASTER, &d->master, &head->master);
	stat_copy_rows(STAT_SET_LOGGER, &d->logger, &seg->ro->logger.r.stat);
	stat_copy_rows(STAT_SET_WEB, &d->web, &seg->ro->web.r.stat);
	d->log_dropped =
	    STAT_GET(&d->sum.worker, log_dropped) + STAT_GET(&d->master, log_dropped) +
	    STAT_GET(&d->logger, dropped) + STAT_GET(&d->web, log_dropped) +
	    atomic_load_explicit(&seg->ro->checker.r.log_dropped, memory_order_relaxed) +
	    atomic_load_explicit(&seg->ro->vrrp.r.log_dropped, memory_order_relaxed);
	list_services(d);
	fold(d);
	return d;
}

int
dump_print(const struct dump *d, const struct dump *before, enum dump_format f,
    const struct dump_look *look, FILE *out, struct err *err)
{
	switch (f) {
	case DUMP_TABLE:
		return fmt_table(d, before, look, out, err);
	case DUMP_CSV:
		return fmt_csv(d, out);
	case DUMP_JSON:
		return fmt_json(d, out, err);
	default:
		return fmt_prometheus(d, out);
	}
}

int
dump_write(const struct seg *seg, enum dump_format f, FILE *out, struct err *err)
{
	struct dump *d = dump_take(seg, mono_now(), wall_ms(), err);
	int result;

	if (d == NULL)
		return -1;
	result = dump_print(d, NULL, f, NULL, out, err);
	free(d);
	if (result == 0 && (ferror(out) || fflush(out) != 0))
		return err_addsys(err, "writing the %s", dump_format_name(f));
	return result;
}
