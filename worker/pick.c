/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/pick.h"

#include "shm/limit.h"
#include "shm/rate.h"
#include "shm/stat.h"
#include "worker/balance.h"
#include "worker/internal.h"
#include "worker/queue.h"

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

bool
pick_has_other(const struct worker *w, const struct worker_conn *c)
{
	const struct view_service *vs = &w->view.service[c->service];

	for (unsigned i = 0; c->tries < CONN_TRIES && i < vs->n_candidates; i++)
		if (!tried(c, vs->candidates[i]))
			return true;
	return false;
}

/* A place of the service. 0 means no limit. */
static bool
enter(struct worker *w, struct worker_conn *c)
{
	unsigned n = w->view.table.service[c->service].max_connections;
	int word;

	if (n == 0 || c->service_limit >= 0)
		return true;
	word = limit_take(
	    &w->seg->arena->service_limit[c->service], n, w->h->entry, (unsigned)conn_began_us(c));
	c->service_limit = (int16_t)word;
	return word >= 0;
}

void
pick_leave(struct worker *w, struct worker_conn *c)
{
	if (c->service_limit < 0)
		return;
	limit_give(&w->seg->arena->service_limit[c->service], c->service_limit);
	c->service_limit = -1;
	queue_freed(w, c->service, NO_SERVER);
}

/* A place and a token of the server. */
static bool
take_place(struct worker *w, struct worker_conn *c, unsigned server)
{
	uint32_t rate = w->view.table.server[server].connect_rate;
	unsigned n = w->view.places[server];
	int word;

	c->server_limit = -1;
	if (n > 0) {
		word = limit_take(&w->seg->arena->server_limit[server], n, w->h->entry,
		    (unsigned)conn_began_us(c));
		if (word < 0)
			return false;
		c->server_limit = (int16_t)word;
	}
	if (rate == 0 || rate_take(&w->seg->arena->server_rate[server], rate, w->now.us))
		return true;
	if (c->server_limit >= 0)
		limit_give(&w->seg->arena->server_limit[server], c->server_limit);
	c->server_limit = -1;
	return false;
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
	c->tried[c->tries++] = c->server;
	STAT_ADD(&w->stat->server[server], picked, 1);
	STAT_ADD(&w->stat->server[server], active, 1);
}

/* With hash a client belongs to one server, and waits for that one while its queue has room. */
static bool
waits_for(const struct worker *w, const struct worker_conn *c, unsigned server)
{
	return w->view.table.service[c->service].balance == BALANCE_HASH &&
	       (c->wants == server ||
		   queue_has_room(w, c->service, server, w->view.table.server[server].max_queue));
}

/* c waits in the queue already (or is about to): off the server's list, on the queue's. */
static enum pick
pick_among(struct worker *w, struct worker_conn *c, const struct view_service *vs)
{
	unsigned server, full = NO_SERVER;
	bool skip[SHM_SERVERS];
	int at;

	for (unsigned i = 0; i < vs->n_candidates; i++)
		skip[i] = tried(c, vs->candidates[i]);
	while ((at = balance_choose(w, c, vs, skip)) >= 0) {
		server = vs->candidates[at];
		if (!vs->limited || (!queue_ahead(w, c, server) && take_place(w, c, server))) {
			queue_leave(w, c);
			attach(w, c, server);
			if (vs->class == CANDIDATES_FAIL_OPEN)
				STAT_ADD(&w->stat->service[c->service], fail_open, 1);
			return PICK_OK;
		}
		if (waits_for(w, c, server)) {
			c->wants = (uint16_t)server;
			return PICK_WAIT;
		}
		skip[at] = true;
		if (full == NO_SERVER || server == c->wants)
			full = server;
	}
	/* Who tried some in vain waits for one of the others (the same as before, if that is still
	 * full): those that he has no use for must not be kept from who could use them. */
	c->wants = c->tries > 0 ? (uint16_t)full : NO_SERVER;
	return full != NO_SERVER ? PICK_WAIT : PICK_NO_SERVER;
}

enum pick
pick_server(struct worker *w, struct worker_conn *c)
{
	const struct view_service *vs = &w->view.service[c->service];
	enum pick picked;

	if (vs->n_candidates == 0 || c->tries >= CONN_TRIES)
		return PICK_NO_SERVER;
	if (!enter(w, c)) {
		c->wants = NO_SERVER;
		return PICK_WAIT;
	}
	picked = pick_among(w, c, vs);
	if (picked != PICK_OK && c->service_limit >= 0) {
		/* Without a server it needs none; nobody else could have used it either. */
		limit_give(&w->seg->arena->service_limit[c->service], c->service_limit);
		c->service_limit = -1;
	}
	return picked;
}

void
pick_release(struct worker *w, struct worker_conn *c)
{
	struct worker_conn *all = w->pool.conn;
	unsigned server = c->server;

	if (server == NO_SERVER)
		return;
	if (c->list_prev != CONN_NONE)
		all[c->list_prev].list_next = c->list_next;
	else
		w->server_list[server] = c->list_next;
	if (c->list_next != CONN_NONE)
		all[c->list_next].list_prev = c->list_prev;
	STAT_ADD(&w->stat->server[server], active, -1);
	c->server = NO_SERVER;
	if (c->server_limit < 0)
		return;
	limit_give(&w->seg->arena->server_limit[server], c->server_limit);
	c->server_limit = -1;
	queue_freed(w, c->service, server);
}
