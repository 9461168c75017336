/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/evict.h"

#include "worker/internal.h"

/* Time that may be saved up: after a pause no burst beyond it. */
#define BURST_US 20000

/* True, and why, when connections of this server must end. */
static bool
must_leave(const struct worker *w, unsigned server, enum close_reason *why)
{
	const struct shm_server *s = &w->view.table.server[server];
	const struct view_service *vs = &w->view.service[s->service];

	if (s->state == ROW_REMOVED) {
		*why = CLOSE_server_removed;
		return s->drain_until_us != 0 && w->now.us >= s->drain_until_us;
	}
	if (s->state != ROW_ACTIVE ||
	    (w->view.state[server] != STATE_DOWN && w->view.state[server] != STATE_HUNG) ||
	    w->view.table.service[s->service].on_down != ON_DOWN_RESET)
		return false;
	/* One that is served by fail-open in spite of its checks keeps what it has. */
	if (vs->class == CANDIDATES_FAIL_OPEN)
		for (unsigned i = 0; i < vs->n_candidates; i++)
			if (vs->candidates[i] == server)
				return false;
	*why = w->view.state[server] == STATE_HUNG ? CLOSE_server_hung : CLOSE_server_down;
	return true;
}

void
evict_scan(struct worker *w)
{
	enum close_reason why;
	bool was = w->evicting;

	w->evicting = false;
	for (unsigned i = 0; i < w->view.table.n_servers && !w->evicting; i++)
		w->evicting = w->server_list[i] != CONN_NONE && must_leave(w, i, &why);
	if (w->evicting && !was) {
		for (unsigned s = 0; s < SHM_SERVICES; s++)
			w->reset_credit_us[s] = BURST_US;
		w->evict_ms = w->now_ms;
	}
}

unsigned
evict_allowance(int64_t *credit_us, int64_t elapsed_us, uint32_t rate, unsigned workers)
{
	int64_t cost = 1000000 * (int64_t)(workers > 0 ? workers : 1) / (rate > 0 ? rate : 1);
	int64_t most, n;

	if (cost < 1)
		cost = 1;
	/* Slow rates must be able to save up for one connection, fast ones must not burst. */
	most = cost > BURST_US ? cost : BURST_US;
	*credit_us += elapsed_us;
	if (*credit_us > most)
		*credit_us = most;
	n = *credit_us / cost;
	*credit_us -= n * cost;
	return (unsigned)n;
}

static void
evict_service(struct worker *w, unsigned service, unsigned n)
{
	enum close_reason why;

	for (unsigned i = 0; i < w->view.table.n_servers && n > 0; i++) {
		if (w->view.table.server[i].service != service || w->server_list[i] == CONN_NONE ||
		    !must_leave(w, i, &why))
			continue;
		for (; n > 0 && w->server_list[i] != CONN_NONE; n--)
			worker_conn_close(w, &w->pool.conn[w->server_list[i]], why);
	}
}

void
evict_tick(struct worker *w)
{
	int64_t elapsed_us = (w->now_ms - w->evict_ms) * 1000;

	if (!w->evicting || elapsed_us < WORKER_TICK_MS * 1000)
		return;
	w->evict_ms = w->now_ms;
	for (unsigned s = 0; s < w->view.table.n_services; s++)
		evict_service(w, s,
		    evict_allowance(&w->reset_credit_us[s], elapsed_us,
			w->view.table.service[s].reset_rate, w->view.live_workers));
	evict_scan(w);
}

void
evict_all(struct worker *w, enum close_reason reason)
{
	struct worker_conn *c;

	for (uint32_t i = 0; i < w->pool.fresh; i++) {
		c = &w->pool.conn[i];
		if (c->state != CONN_FREE && c->state != CONN_CLOSED)
			worker_conn_close(w, c, reason);
	}
}
