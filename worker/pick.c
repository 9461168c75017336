/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/pick.h"

#include "shm/limit.h"
#include "shm/stat.h"
#include "worker/internal.h"

/* The one answer to "may this client try that server". Health and the operator's will are in
 * the candidates already. */
static bool
tried(const struct worker_conn *c, unsigned server)
{
	for (unsigned i = 0; i < c->tries && i < CONN_TRIES; i++)
		if (c->tried[i] == server)
			return true;
	return false;
}

/* Takes a place of max_connections. 0 there means no limit. */
static bool
take_place(struct worker *w, struct worker_conn *c, unsigned server)
{
	unsigned n = w->view.table.server[server].max_connections;
	int word;

	c->server_limit = -1;
	if (n == 0)
		return true;
	word = limit_take(
	    &w->seg->arena->server_limit[server], n, w->h->entry, (unsigned)c->accepted_us);
	if (word < 0)
		return false;
	c->server_limit = (int16_t)word;
	return true;
}

static uint64_t
ticket(struct worker *w, unsigned service)
{
	return atomic_fetch_add_explicit(
	    &w->seg->arena->ticket[service].next, 1, memory_order_relaxed);
}

/* Open connections of a server over all workers, draining ones included. */
static uint64_t
active(const struct worker *w, unsigned server)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < w->view.live_workers; i++)
		sum += STAT_GET(&seg_worker(w->seg, w->view.live[i])->stat.server[server], active);
	return sum;
}

/* Fewest connections per weight; ties go round by a ticket that all workers share. `full` are
 * those found full in this pick, one bit per candidate position. */
static int
least(
    struct worker *w, const struct worker_conn *c, const struct view_service *vs, const bool full[])
{
	unsigned start = (unsigned)(ticket(w, c->service) % vs->n_candidates), at, best_weight = 1,
		 weight;
	uint64_t load, best_load = 0;
	int best = -1;

	for (unsigned i = 0; i < vs->n_candidates; i++) {
		at = (start + i) % vs->n_candidates;
		if (full[at] || tried(c, vs->candidates[at]))
			continue;
		/* +1: the load with this connection, so that weights matter from the first on. */
		load = active(w, vs->candidates[at]) + 1;
		weight = w->view.table.server[vs->candidates[at]].weight;
		if (best < 0 || load * best_weight < best_load * weight) {
			best = (int)at;
			best_load = load;
			best_weight = weight;
		}
	}
	return best;
}

static int
position(const struct view_service *vs, unsigned server)
{
	for (unsigned i = 0; i < vs->n_candidates; i++)
		if (vs->candidates[i] == server)
			return (int)i;
	return -1;
}

/* The next of the cycle; one that is full or was tried is passed over. */
static int
round_robin(
    struct worker *w, const struct worker_conn *c, const struct view_service *vs, const bool full[])
{
	uint64_t at = ticket(w, c->service);
	int pos;

	for (unsigned i = 0; i < vs->n_schedule; i++) {
		pos = position(vs, vs->schedule[(at + i) % vs->n_schedule]);
		if (pos >= 0 && !full[pos] && !tried(c, vs->candidates[pos]))
			return pos;
	}
	return -1;
}

static void
attach(struct worker *w, struct worker_conn *c, unsigned server)
{
	uint32_t me = pool_index(&w->pool, c), first = w->server_list[server];

	c->server = (uint16_t)server;
	c->list_prev = CONN_NONE;
	c->list_next = first;
	if (first != CONN_NONE)
		w->pool.conn[first].list_prev = me;
	w->server_list[server] = me;
	STAT_ADD(&w->stat->server[server], picked, 1);
	STAT_ADD(&w->stat->server[server], active, 1);
}

enum pick
pick_server(struct worker *w, struct worker_conn *c)
{
	const struct view_service *vs = &w->view.service[c->service];
	bool full[SHM_SERVERS], any_full = false;
	int at;

	if (vs->n_candidates == 0 || c->tries >= CONN_TRIES)
		return PICK_NO_SERVER;
	for (unsigned i = 0; i < vs->n_candidates; i++)
		full[i] = false;
	for (unsigned i = 0; i < vs->n_candidates; i++) {
		at = vs->n_schedule > 0 ? round_robin(w, c, vs, full) : least(w, c, vs, full);
		if (at < 0)
			break;
		if (take_place(w, c, vs->candidates[at])) {
			attach(w, c, vs->candidates[at]);
			c->tried[c->tries++] = c->server;
			if (vs->class == CANDIDATES_FAIL_OPEN)
				STAT_ADD(&w->stat->service[c->service], fail_open, 1);
			return PICK_OK;
		}
		full[at] = any_full = true;
	}
	return any_full ? PICK_LIMIT : PICK_NO_SERVER;
}

void
pick_release(struct worker *w, struct worker_conn *c)
{
	struct worker_conn *all = w->pool.conn;

	if (c->server == NO_SERVER)
		return;
	if (c->list_prev != CONN_NONE)
		all[c->list_prev].list_next = c->list_next;
	else
		w->server_list[c->server] = c->list_next;
	if (c->list_next != CONN_NONE)
		all[c->list_next].list_prev = c->list_prev;
	STAT_ADD(&w->stat->server[c->server], active, -1);
	if (c->server_limit >= 0)
		limit_give(&w->seg->arena->server_limit[c->server], c->server_limit);
	c->server_limit = -1;
	c->server = NO_SERVER;
}
