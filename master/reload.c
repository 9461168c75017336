/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of a reload and their order (master/reload.h). */
#include "master/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "master/internal.h"

#define TICK_S		 .01
#define CHECKER_STOP_MS	 1000 /* then SIGKILL */
#define CHECKER_READY_MS 5000 /* it bounds itself by 2 s after its start */
#define ROOM_MS		 3000
#define LOGGER_READY_MS	 3000
/* New processes that die so often do not get better by being started again. */
#define DEATHS_MAX 3

static void
go(struct master *m, enum reload_step step, int limit_ms)
{
	m->reload.step = step;
	m->reload.until = mono_add_ms(mono_now(), limit_ms);
}

/* ---- the end of a reload ---- */

static void
idle(struct master *m)
{
	struct reload *r = &m->reload;

	preflight_end(m, &r->preflight);
	conf_free(r->conf);
	r->conf = NULL;
	r->boot = false;
	r->step = RELOAD_IDLE; /* the next tick takes the next job */
}

static void
finish_bad(struct master *m)
{
	struct reload *r = &m->reload;
	const char *why = err_end(&r->why);

	if (r->boot) {
		master_failed(m, why);
		return;
	}
	if (r->job.request.verb == CTL_RELOAD) {
		STAT_ADD(&m->seg.head->master, reload_failed, 1);
		master_reloaded(m, why);
	}
	master_log_lines(LOG_LEVEL_ERR,
	    r->job.request.verb == CTL_RELOAD ? "reload failed: " : "reopen failed: ", why);
	ctl_reply(m->ctl, r->job.client, 1, why);
	idle(m);
}

static void
finish_good(struct master *m)
{
	struct reload *r = &m->reload;
	char text[CTL_REPLY];

	if (r->job.request.verb == CTL_REOPEN) {
		ctl_reply(m->ctl, r->job.client, 0, "log targets opened again");
		idle(m);
		return;
	}
	STAT_ADD(&m->seg.head->master, reload_ok, 1);
	master_reloaded(m, NULL);
	changes_print(&r->changes, m->now.number, &r->warnings, text, sizeof text);
	master_log_lines(LOG_LEVEL_NOTICE, "reload: ", text);
	ctl_reply(m->ctl, r->job.client, 0, text);
	idle(m);
}

/* After something was changed: put it back first, then say so. */
static void
undo(struct master *m)
{
	if (m->reload.boot) {
		finish_bad(m);
		return;
	}
	reload_undo(m);
	go(m, RELOAD_UNDO, CHECKER_STOP_MS);
}

/* ---- the steps ---- */

static void
replace_logger(struct master *m)
{
	proc_stop(m, ENTRY_LOGGER, WANT_STOP, (struct mono){0});
	go(m, RELOAD_LOGGER_OUT, CHECKER_STOP_MS);
}

static void
commit(struct master *m)
{
	struct reload *r = &m->reload;

	reload_commit(m);
	master_store_info(m);
	if (r->boot) {
		master_ready(m);
		idle(m);
	} else if (r->changes.logger) {
		replace_logger(m);
	} else {
		finish_good(m);
	}
}

static void
on_preflight(struct master *m)
{
	struct reload *r = &m->reload;
	struct preflight_sheet *s = r->preflight.sheet;

	if (r->preflight.failed) {
		if (s->err.count == 0)
			err_add(
			    &s->err, "preflight: the process that checks the new servers failed");
		err_add_all(&r->why, &s->err);
		finish_bad(m);
		return;
	}
	if (reload_judge(m, &r->why) < 0 && !r->job.request.force) {
		err_add(&r->why, "nothing was changed; --force reloads all the same");
		finish_bad(m);
		return;
	}
	err_init(&r->why);
	if (reload_apply(m) < 0)
		finish_bad(m);
	else
		go(m, RELOAD_CHECKER_OUT, CHECKER_STOP_MS);
}

static void
begin_reload(struct master *m)
{
	struct reload *r = &m->reload;
	struct err errors;

	supervisor_reloading(m);
	err_init(&errors);
	r->conf = strcmp(m->now.conf->path, "-") == 0
		      ? NULL
		      : conf_load(m->now.conf->path, m->opt.node, &errors, &r->warnings);
	if (r->conf == NULL) {
		if (errors.count == 0)
			err_add(&errors, "it came from standard input: nothing can be read again");
		err_add_all(&r->why, &errors);
		finish_bad(m);
		return;
	}
	changes_find(&r->changes, m->now.conf, r->conf);
	if (changes_fit(m->now.conf, r->conf, &r->why) < 0 ||
	    preflight_begin(
		m, &r->preflight, r->conf, r->changes.check, r->changes.logger, &r->why) < 0)
		finish_bad(m);
	else
		go(m, RELOAD_PREFLIGHT, 0);
}

static void
next_job(struct master *m)
{
	struct reload *r = &m->reload;

	if (r->n_queue == 0) {
		ev_timer_stop(m->loop, &r->tick);
		return;
	}
	r->job = r->queue[0];
	memmove(r->queue, r->queue + 1, --r->n_queue * sizeof *r->queue);
	r->deaths = 0;
	r->workers = false;
	err_init(&r->why);
	err_init(&r->warnings);
	if (r->job.request.verb == CTL_REOPEN)
		replace_logger(m);
	else
		begin_reload(m);
}

static void
start_checker(struct master *m)
{
	proc_start(m, ENTRY_CHECKER, PROC_CHECKER, 0,
	    m->next.conf != NULL ? m->next.number : m->now.number);
}

static bool
late(const struct master *m)
{
	return mono_now().us >= m->reload.until.us;
}

static void
turn_checker_in(struct master *m)
{
	struct reload *r = &m->reload;

	if (proc_ready(m, ENTRY_CHECKER)) {
		m->cold = false;
		if (r->workers) {
			reload_limit_generations(m, SHM_GENERATIONS - 2);
			go(m, RELOAD_ROOM, ROOM_MS);
		} else {
			commit(m);
		}
	} else if (late(m) || r->deaths >= DEATHS_MAX) {
		err_add(&r->why, "the checker does not get ready: see the log");
		undo(m);
	}
}

static void
turn_room(struct master *m)
{
	struct reload *r = &m->reload;

	if (proc_free_workers(m) >= m->next.workers) {
		if (reload_start_workers(m) < 0)
			undo(m);
		else
			go(m, RELOAD_WORKERS, RELOAD_WORKERS_MS);
	} else if (late(m)) {
		err_add(&r->why, "too many processes: workers of %d generations still drain",
		    SHM_GENERATIONS);
		undo(m);
	}
}

static void
turn_workers(struct master *m)
{
	struct reload *r = &m->reload;
	unsigned ready = 0;

	for (unsigned i = ENTRY_WORKER0; i < SHM_ENTRIES; i++)
		ready += m->proc[i].kind == PROC_WORKER &&
			 m->proc[i].generation == m->next.number && proc_ready(m, i);
	if (ready == m->next.workers) {
		commit(m);
	} else if (late(m) || r->deaths >= DEATHS_MAX) {
		err_add(
		    &r->why, "%u of %u new workers got ready: see the log", ready, m->next.workers);
		undo(m);
	}
}

static void
turn_logger_in(struct master *m)
{
	struct reload *r = &m->reload;

	if (proc_ready(m, ENTRY_LOGGER)) {
		finish_good(m);
	} else if (late(m) || r->deaths >= DEATHS_MAX) {
		err_add(&r->why, "the logger does not get ready; it is tried again and again");
		finish_bad(m);
	}
}

static void
reload_turn(struct master *m)
{
	switch (m->reload.step) {
	case RELOAD_CHECKER_OUT:
	case RELOAD_UNDO:
		if (m->proc[ENTRY_CHECKER].kind != PROC_NONE) {
			if (late(m))
				proc_kill(m, ENTRY_CHECKER);
			return;
		}
		start_checker(m);
		if (m->reload.step == RELOAD_UNDO)
			finish_bad(m);
		else
			go(m, RELOAD_CHECKER_IN, CHECKER_READY_MS);
		return;
	case RELOAD_CHECKER_IN:
		turn_checker_in(m);
		return;
	case RELOAD_ROOM:
		turn_room(m);
		return;
	case RELOAD_WORKERS:
		turn_workers(m);
		return;
	case RELOAD_LOGGER_OUT:
		if (m->proc[ENTRY_LOGGER].kind == PROC_NONE) {
			proc_start(m, ENTRY_LOGGER, PROC_LOGGER, 0, m->now.number);
			go(m, RELOAD_LOGGER_IN, LOGGER_READY_MS);
		} else if (late(m)) {
			proc_kill(m, ENTRY_LOGGER);
		}
		return;
	case RELOAD_LOGGER_IN:
		turn_logger_in(m);
		return;
	case RELOAD_IDLE:
		next_job(m);
		return;
	case RELOAD_PREFLIGHT: /* its end calls on_preflight() */
		return;
	}
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	reload_turn(ev_userdata(loop));
}

/* ---- from outside ---- */

void
reload_init(struct master *m)
{
	ev_init(&m->reload.tick, on_tick);
	m->reload.tick.repeat = TICK_S;
	m->reload.preflight.done = on_preflight;
}

void
reload_request(struct master *m, const struct reload_job *job)
{
	struct reload *r = &m->reload;

	if (m->stopping != STOP_NOT) {
		ctl_reply(m->ctl, job->client, 1, "kha is being stopped");
		return;
	}
	if (r->n_queue == RELOAD_QUEUE) {
		ctl_reply(m->ctl, job->client, 1, "too many reloads are waiting: try again later");
		return;
	}
	r->queue[r->n_queue++] = *job;
	if (!ev_is_active(&r->tick))
		ev_timer_again(m->loop, &r->tick);
	ev_feed_event(m->loop, &r->tick, EV_TIMER);
}

void
reload_boot(struct master *m, struct conf *conf)
{
	struct reload *r = &m->reload;

	r->boot = r->workers = true;
	r->conf = conf;
	err_init(&r->why);
	ev_timer_again(m->loop, &r->tick);
	go(m, RELOAD_CHECKER_IN, CHECKER_READY_MS);
}

void
reload_child_ended(struct master *m, unsigned entry)
{
	struct reload *r = &m->reload;
	const struct proc *p = &m->proc[entry];

	if (r->step == RELOAD_IDLE)
		return;
	if (p->kind != PROC_NONE && p->deaths > 0 &&
	    (p->kind != PROC_WORKER || (m->next.conf != NULL && p->generation == m->next.number)))
		r->deaths++;
	ev_feed_event(m->loop, &r->tick, EV_TIMER);
}

void
reload_abort(struct master *m)
{
	struct reload *r = &m->reload;

	ev_timer_stop(m->loop, &r->tick);
	preflight_end(m, &r->preflight);
	for (unsigned i = 0; i < r->n_queue; i++)
		ctl_reply(m->ctl, r->queue[i].client, 1, "kha is being stopped");
	r->n_queue = 0;
	if (r->step != RELOAD_IDLE)
		ctl_reply(m->ctl, r->job.client, 1, "kha is being stopped");
	r->step = RELOAD_IDLE;
	/* No process is started any more that could want it. */
	m->next.conf = NULL;
	conf_free(r->conf);
	r->conf = NULL;
}
