/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/worker.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "worker/accept.h"
#include "worker/evict.h"
#include "worker/handover.h"
#include "worker/internal.h"
#include "worker/pin.h"
#include "worker/sessions.h"
#include "worker/vip.h"

#define REST_MS 1000 /* without a byte or a client */

/* Large, and one per process. */
static struct worker the_worker;

/* In the order of preference. */
static const struct engine *const engines[] = {&engine_uring, &engine_epoll};

const char *
worker_engine_choose(int conf_engine, char *why, size_t size, struct err *err)
{
	struct err reason;

	*why = '\0';
	if (conf_engine == CONF_ENGINE_EPOLL)
		return engine_epoll.name;
	err_init(&reason);
	if (uring_try(&reason) == 0)
		return engine_uring.name;
	if (conf_engine == CONF_ENGINE_URING) {
		err_add(err,
		    "global.engine: \"uring\" is not possible here: %s; "
		    "\"auto\" takes epoll then",
		    err_end(&reason));
		return NULL;
	}
	snprintf(why, size, "no io_uring: %s", err_end(&reason));
	return engine_epoll.name;
}

int
worker_prepare(const struct heritage *h, struct err *err)
{
	struct worker *w = &the_worker;
	unsigned before;

	w->h = h;
	w->seg = h->seg;
	w->stat = &h->seg->worker->stat;
	w->view.generation = h->generation;
	w->now = mono_now();
	w->now_ms = mono_ms(w->now);
	pin_worker(h); /* before memory is touched: it then lies near that CPU */
	for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
		if (strcmp(engines[i]->name, h->engine) == 0)
			w->engine = engines[i];
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		w->server_list[i] = CONN_NONE;
	/* One worker may happen to get all connections of the node, and accept overshoots the
	 * limit by what other workers accept in the same moment. */
	if (pool_init(&w->pool, h->max_connections + 1024) != 0)
		return err_add(err, "no memory for %u connections", h->max_connections);
	if (sessions_init(w) != 0)
		return err_add(err, "no memory for the rows of %u connections", h->max_connections);
	queue_init(w);
	w->noise = (uint64_t)w->now.us ^ h->entry;
	wheel_init(&w->wheel, &w->pool, w->now_ms);
	before = err->count;
	if (w->engine->init(w, err) == 0)
		return 0;
	if (w->engine == &engine_epoll || h->conf->global.engine != CONF_ENGINE_AUTO)
		return -1;
	/* It was possible when the master tried. */
	if (before == 0)
		log_warning("taking the epoll engine: %s", err_end(err));
	err_init(err);
	w->engine = &engine_epoll;
	return w->engine->init(w, err);
}

const char *
worker_engine(void)
{
	return the_worker.engine->name;
}

/* What changed outside: tables, health, what the master wants. */
static void
look_around(struct worker *w)
{
	if (!view_refresh(&w->view, w->seg, w->now))
		return;
	atomic_store_explicit(
	    &w->seg->worker->table_seen, w->view.table_generation, memory_order_relaxed);
	if (!w->draining)
		accept_apply_options(w);
	evict_scan(w);
}

/* What a burst of clients needed is not kept for the next one: an idle connection costs its row and its
 * struct, whatever was before. */
static void
rest(struct worker *w)
{
	const uint64_t seen = STAT_GET(&w->stat->worker, accepted) +
			      STAT_GET(&w->stat->worker, bytes_in) +
			      STAT_GET(&w->stat->worker, bytes_out);

	if (seen != w->rest_seen) {
		w->rest_seen = seen;
		w->rest_ms = w->now_ms;
		w->rests = false;
	} else if (!w->rests && w->now_ms - w->rest_ms >= REST_MS) {
		w->engine->rest(w);
		(void)malloc_trim(0);
		w->rests = true;
	}
}

static void
beat(struct worker *w)
{
	if (w->now_ms - w->beat_ms < WORKER_BEAT_MS)
		return;
	w->beat_ms = w->now_ms;
	seg_beat(w->seg, w->now);
	evict_scan(w);
	handover_beat(w);
	rest(w);
}

/* False: the process has to end. */
static bool
obey(struct worker *w)
{
	const struct shm_proc *me = &w->seg->ro->head.r.proc[w->h->entry];
	int64_t until;

	switch (atomic_load_explicit(&me->want, memory_order_acquire)) {
	case WANT_STOP:
		accept_stop(w);
		evict_all(w, CLOSE_shutdown);
		return false;
	case WANT_DRAIN:
		if (!w->draining) {
			accept_stop(w);
			w->draining = true;
			log_notice("draining: %u connections", w->pool.used);
		}
		until = atomic_load_explicit(&me->drain_until_us, memory_order_relaxed);
		if (until != 0 && w->now.us >= until)
			evict_all(w, CLOSE_drain_timeout);
		return w->pool.used > 0;
	default:
		return true;
	}
}

/* Somebody waits for a token of connect_rate: nobody will say that there is one. */
static bool
waits_for_time(const struct worker *w)
{
	for (unsigned s = 0; w->waiting > 0 && s < w->view.table.n_services; s++)
		if (w->view.service[s].rated && STAT_GET(&w->stat->service[s], queued) > 0)
			return true;
	return false;
}

static int
wait_ms(const struct worker *w)
{
	int ms = WORKER_BEAT_MS - (int)(w->now_ms - w->beat_ms);

	if ((w->evicting || waits_for_time(w)) && ms > WORKER_TICK_MS)
		ms = WORKER_TICK_MS;
	if (w->paused && w->resume_ms - w->now_ms < ms)
		ms = (int)(w->resume_ms - w->now_ms);
	if (ms < 0)
		ms = 0;
	return wheel_wait(&w->wheel, w->now_ms, ms);
}

int
worker_main(const struct heritage *h)
{
	struct worker *w = &the_worker;
	struct worker_conn *c;
	struct err err;

	while (w->view.table_generation == 0)
		look_around(w);
	err_init(&err);
	if (rule_init(w, &err) != 0)
		fatal("%s", err_end(&err));
	if (accept_start(w, &err) != 0)
		fatal("%s", err_end(&err));
	if (handover_start(w) != 0)
		fatal("cannot watch the pairs of other workers: %s", strerror(errno));
	worker_vip_init(w);
	seg_beat(w->seg, w->now);
	seg_ready(w->seg, h->generation);

	while (obey(w)) {
		w->poked = false;
		w->engine->turn(w, wait_ms(w));
		beat(w);
		look_around(w);
		worker_vip_look(w);
		sessions_obey(w);
		accept_look(w);
		accept_tick(w);
		while ((c = wheel_due(&w->wheel, w->now_ms)) != NULL)
			worker_conn_timeout(w, c);
		evict_tick(w);
		/* A place may be free whatever this turn was about: another worker woke us, health or
		 * limits changed, a token came back. */
		if (w->waiting > 0)
			queue_run(w);
	}
	/* What was closed just now leaves in the engine's next turn. */
	while (w->pool.used > 0)
		w->engine->turn(w, 0);
	seg_ready(w->seg, 0);
	w->engine->fini(w);
	rule_fini(w);
	view_fini(&w->view);
	sessions_fini(w);
	pool_fini(&w->pool);
	return 0;
}
