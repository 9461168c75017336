/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/evict.h"

#include "worker/internal.h"

/* Time that may be saved up: after a pause no burst beyond it. */
#define BURST_US 20000

/* True, and why, when all connections of this server must end. */
static bool
all_leave(const struct worker *w, unsigned server, enum close_reason *why)
{
	const struct shm_server *s = &w->view.table.server[server];
	const struct view_service *vs = &w->view.service[s->service];
	bool overdue = s->drain_until_us != 0 && w->now.us >= s->drain_until_us;

	if (s->state == ROW_REMOVED) {
		*why = CLOSE_server_removed;
		return overdue;
	}
	if (s->state != ROW_ACTIVE)
		return false;
	if (s->admin == ADMIN_MAINT) {
		*why = CLOSE_maint;
		return overdue;
	}
	if ((w->view.state[server] != STATE_DOWN && w->view.state[server] != STATE_HUNG) ||
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

/* An order to close is carried out by closing what began before it: what came later stays. */
static bool
ordered(const struct worker *w, unsigned server)
{
	return w->view.table.server[server].close_us >
	       atomic_load_explicit(&w->seg->worker->close_obeyed_us[server], memory_order_relaxed);
}

static bool
began_before(const struct worker_conn *c, int64_t us)
{
	return c->phase_ms < us / 1000;
}

/* True, and why, when connections of this server must end that began before *before_us. */
static bool
must_leave(const struct worker *w, unsigned server, enum close_reason *why, int64_t *before_us)
{
	*before_us = INT64_MAX;
	if (all_leave(w, server, why))
		return true;
	*why = CLOSE_operator;
	*before_us = w->view.table.server[server].close_us;
	return ordered(w, server);
}

/* Says so when nothing is left that an order to close speaks of. Also with connections that are
 * flushing: they end by themselves, soon. */
static void
note_obeyed(struct worker *w, unsigned server)
{
	const int64_t before_us = w->view.table.server[server].close_us;
	const struct worker_conn *all = w->pool.conn;

	if (!ordered(w, server))
		return;
	for (uint32_t i = w->server_list[server]; i != CONN_NONE; i = all[i].list_next)
		if (began_before(&all[i], before_us))
			return;
	atomic_store_explicit(
	    &w->seg->worker->close_obeyed_us[server], before_us, memory_order_relaxed);
}

void
evict_scan(struct worker *w)
{
	enum close_reason why;
	bool was = w->evicting;
	int64_t before_us;

	w->evicting = false;
	for (unsigned i = 0; i < w->view.table.n_servers; i++) {
		note_obeyed(w, i);
		w->evicting = w->evicting || (w->server_list[i] != CONN_NONE &&
						 must_leave(w, i, &why, &before_us));
	}
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

/* Closes at most n; returns how many are left to be closed of n. */
static unsigned
evict_server(
    struct worker *w, unsigned server, enum close_reason why, int64_t before_us, unsigned n)
{
	struct worker_conn *c;
	uint32_t next;

	for (uint32_t i = w->server_list[server]; i != CONN_NONE && n > 0; i = next) {
		c = &w->pool.conn[i];
		next = c->list_next;
		if (c->state == CONN_CLOSED || !began_before(c, before_us))
			continue;
		worker_conn_close(w, c, why);
		n--;
	}
	return n;
}

static void
evict_service(struct worker *w, unsigned service, unsigned n)
{
	enum close_reason why;
	int64_t before_us;

	for (unsigned i = 0; i < w->view.table.n_servers && n > 0; i++)
		if (w->view.table.server[i].service == service && w->server_list[i] != CONN_NONE &&
		    must_leave(w, i, &why, &before_us))
			n = evict_server(w, i, why, before_us, n);
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
