/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/queue.h"

#include <unistd.h>

#include "shm/stat.h"
#include "worker/internal.h"

#define STALE_US 1000000 /* a worker that has not turned for so long holds nobody up */

/* ---- the published tickets ---- */

static const struct shm_waiting *
waiting_of(const struct worker *w, unsigned entry)
{
	return &seg_worker(w->seg, entry)->waiting;
}

static bool
turns(const struct worker *w, unsigned entry)
{
	return entry == w->h->entry ||
	       w->now.us - atomic_load_explicit(
			       &seg_proc(w->seg, entry)->beat_us, memory_order_relaxed) <
		   STALE_US;
}

static uint64_t
ticket_in(const _Atomic uint64_t *head)
{
	uint64_t ticket = atomic_load(head);

	return ticket > 0 ? ticket : UINT64_MAX;
}

/* Oldest client of a worker that could use a place at the server; of the service: at any. */
static uint64_t
oldest_in(const struct worker *w, unsigned entry, unsigned service, unsigned server)
{
	const struct shm_waiting *q = waiting_of(w, entry);
	uint64_t oldest = ticket_in(&q->service[service]), t;

	for (unsigned i = 0; i < w->view.table.n_servers; i++) {
		if (server != NO_SERVER)
			i = server;
		t = w->view.table.server[i].service == service ? ticket_in(&q->server[i])
							       : UINT64_MAX;
		if (t < oldest)
			oldest = t;
		if (server != NO_SERVER)
			break;
	}
	return oldest;
}

bool
queue_ahead(const struct worker *w, const struct worker_conn *c, unsigned server)
{
	uint64_t mine = c->ticket > 0 ? c->ticket : UINT64_MAX;

	for (unsigned i = 0; i < w->view.live_workers; i++)
		if (oldest_in(w, w->view.live[i], c->service, server) < mine &&
		    turns(w, w->view.live[i]))
			return true;
	return false;
}

uint64_t
queue_length(const struct worker *w, unsigned service, unsigned server)
{
	const struct stat_slab *s;
	uint64_t sum = 0;

	for (unsigned i = 0; i < w->view.live_workers; i++) {
		s = &seg_worker(w->seg, w->view.live[i])->stat;
		sum += server != NO_SERVER ? STAT_GET(&s->server[server], queued)
					   : STAT_GET(&s->service[service], queued);
	}
	return sum;
}

bool
queue_has_room(const struct worker *w, unsigned service, unsigned server, unsigned max)
{
	return max == 0 || queue_length(w, service, server) < max;
}

void
queue_freed(struct worker *w, unsigned service, unsigned server)
{
	uint64_t oldest = UINT64_MAX, t;
	const uint64_t one = 1;
	unsigned whose = 0;

	for (unsigned i = 0; i < w->view.live_workers; i++) {
		t = oldest_in(w, w->view.live[i], service, server);
		if (t < oldest && turns(w, w->view.live[i])) {
			oldest = t;
			whose = w->view.live[i];
		}
	}
	/* We look ourselves at the end of the turn. */
	if (oldest != UINT64_MAX && whose != w->h->entry && w->h->wake_fds[whose] >= 0)
		(void)!write(w->h->wake_fds[whose], &one, sizeof one);
}

/* ---- own queues ---- */

void
queue_init(struct worker *w)
{
	for (unsigned i = 0; i < SHM_SERVICES; i++)
		w->queue_service[i] = (struct queue){CONN_NONE, CONN_NONE};
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		w->queue_server[i] = (struct queue){CONN_NONE, CONN_NONE};
}

static struct queue *
queue_of(struct worker *w, const struct worker_conn *c)
{
	return c->queued_for != NO_SERVER ? &w->queue_server[c->queued_for]
					  : &w->queue_service[c->service];
}

static void
publish(struct worker *w, const struct worker_conn *c)
{
	struct shm_waiting *mine = &w->seg->worker->waiting;
	uint32_t first = queue_of(w, c)->first;

	atomic_store(
	    c->queued_for != NO_SERVER ? &mine->server[c->queued_for] : &mine->service[c->service],
	    first != CONN_NONE ? w->pool.conn[first].ticket : 0);
}

static void
count(struct worker *w, const struct worker_conn *c, int n)
{
	w->waiting += (unsigned)n;
	STAT_ADD(&w->stat->service[c->service], queued, n);
	if (c->queued_for != NO_SERVER)
		STAT_ADD(&w->stat->server[c->queued_for], queued, n);
}

void
queue_join(struct worker *w, struct worker_conn *c)
{
	struct worker_conn *all = w->pool.conn;
	uint32_t me = pool_index(&w->pool, c), before, after;
	struct queue *q;
	uint64_t behind;

	c->queued_for = c->wants;
	c->queued = true;
	q = queue_of(w, c);
	behind = queue_length(w, c->service, c->queued_for);
	c->queued_behind = (uint16_t)(behind < UINT16_MAX ? behind : UINT16_MAX);
	if (c->ticket == 0)
		c->ticket = atomic_fetch_add(&w->seg->arena->queue[c->service].next, 1) + 1;
	/* From the end: only one that comes from another queue has an older ticket. */
	before = q->last;
	while (before != CONN_NONE && all[before].ticket > c->ticket)
		before = all[before].list_prev;
	after = before != CONN_NONE ? all[before].list_next : q->first;
	c->list_prev = before;
	c->list_next = after;
	*(before != CONN_NONE ? &all[before].list_next : &q->first) = me;
	*(after != CONN_NONE ? &all[after].list_prev : &q->last) = me;
	count(w, c, 1);
	publish(w, c);
	/* A place may have been given back before anybody could see who waits: the turn ends with a
	 * look. */
}

void
queue_leave(struct worker *w, struct worker_conn *c)
{
	struct worker_conn *all = w->pool.conn;
	struct queue *q;

	if (!c->queued)
		return;
	q = queue_of(w, c);
	*(c->list_prev != CONN_NONE ? &all[c->list_prev].list_next : &q->first) = c->list_next;
	*(c->list_next != CONN_NONE ? &all[c->list_next].list_prev : &q->last) = c->list_prev;
	count(w, c, -1);
	publish(w, c);
	c->queued = false;
}

/* True: the first one did not stay the first one. */
static bool
serve_first(struct worker *w, const struct queue *q)
{
	uint32_t first = q->first;

	if (first == CONN_NONE)
		return false;
	worker_conn_try(w, &w->pool.conn[first]);
	return q->first != first;
}

void
queue_run(struct worker *w)
{
	bool served = true, any[SHM_SERVICES] = {false};

	while (served && w->waiting > 0) {
		served = false;
		for (unsigned s = 0; s < w->view.table.n_services; s++)
			if (serve_first(w, &w->queue_service[s]))
				served = any[s] = true;
		for (unsigned i = 0; i < w->view.table.n_servers; i++)
			if (serve_first(w, &w->queue_server[i]))
				served = any[w->view.table.server[i].service] = true;
	}
	/* Who is the oldest now may be another worker's. */
	for (unsigned s = 0; s < w->view.table.n_services; s++)
		if (any[s])
			queue_freed(w, s, NO_SERVER);
}
