/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/timer.h"

#include "worker/conn.h"
#include "worker/pool.h"

void
wheel_init(struct wheel *wh, struct pool *pool, int64_t now_ms)
{
	wh->pool = pool;
	wh->tick = now_ms / WHEEL_TICK_MS;
	wh->count = 0;
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		wh->slot[i] = CONN_NONE;
}

void
wheel_disarm(struct wheel *wh, struct worker_conn *c)
{
	struct worker_conn *all = wh->pool->conn;

	if (c->timer_slot == CONN_NONE)
		return;
	if (c->timer_prev != CONN_NONE)
		all[c->timer_prev].timer_next = c->timer_next;
	else
		wh->slot[c->timer_slot] = c->timer_next;
	if (c->timer_next != CONN_NONE)
		all[c->timer_next].timer_prev = c->timer_prev;
	c->timer_slot = CONN_NONE;
	wh->count--;
}

void
wheel_arm(struct wheel *wh, struct worker_conn *c, int64_t deadline_ms)
{
	/* The first tick that begins at or after the deadline: never early, but never before
	 * the next tick to be looked at. */
	int64_t tick = (deadline_ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;
	uint32_t slot, me = pool_index(wh->pool, c);

	if (tick < wh->tick)
		tick = wh->tick;
	if (tick > wh->tick + WHEEL_SLOTS - 1)
		tick = wh->tick + WHEEL_SLOTS - 1;
	slot = (uint32_t)(tick % WHEEL_SLOTS);
	if (c->timer_slot == slot)
		return;
	wheel_disarm(wh, c);
	c->timer_slot = slot;
	c->timer_prev = CONN_NONE;
	c->timer_next = wh->slot[slot];
	if (c->timer_next != CONN_NONE)
		wh->pool->conn[c->timer_next].timer_prev = me;
	wh->slot[slot] = me;
	wh->count++;
}

struct worker_conn *
wheel_due(struct wheel *wh, int64_t now_ms)
{
	int64_t end = now_ms / WHEEL_TICK_MS;
	struct worker_conn *c;
	uint32_t first;

	/* After a long sleep one round sees every slot. */
	if (end - wh->tick > WHEEL_SLOTS)
		wh->tick = end - WHEEL_SLOTS;
	while (wh->tick <= end) {
		first = wh->slot[wh->tick % WHEEL_SLOTS];
		if (first != CONN_NONE) {
			c = &wh->pool->conn[first];
			wheel_disarm(wh, c);
			return c;
		}
		wh->tick++;
	}
	return NULL;
}

int
wheel_wait(const struct wheel *wh, int64_t now_ms, int max_ms)
{
	int64_t wait;

	if (wh->count == 0)
		return max_ms;
	for (int64_t t = wh->tick; (t * WHEEL_TICK_MS) - now_ms < max_ms; t++)
		if (wh->slot[t % WHEEL_SLOTS] != CONN_NONE) {
			wait = t * WHEEL_TICK_MS - now_ms;
			return wait < 0 ? 0 : (int)wait;
		}
	return max_ms;
}
