/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deadlines of connections: a hashed wheel that costs nothing per byte. A connection sits in
 * one slot; when that slot's time comes, its owner computes the true deadline (from the time of
 * the last byte) and either acts or arms it again. Deadlines beyond the horizon sit in the last
 * slot and are armed again from there.
 */
#ifndef KHA_WORKER_TIMER_H
#define KHA_WORKER_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct pool;
struct worker_conn;

#define WHEEL_SLOTS   4096
#define WHEEL_TICK_MS 32 /* horizon: 131 s; a deadline is met at most one tick late */

struct wheel {
	struct pool *pool;
	int64_t tick; /* the next to be looked at: slot tick % WHEEL_SLOTS */
	uint32_t slot[WHEEL_SLOTS];
	uint32_t count; /* connections in the wheel */
};

void wheel_init(struct wheel *wh, struct pool *pool, int64_t now_ms);

/* Wakes c at deadline_ms or earlier (then to be armed again), replacing an earlier setting. */
void wheel_arm(struct wheel *wh, struct worker_conn *c, int64_t deadline_ms);
void wheel_disarm(struct wheel *wh, struct worker_conn *c);

/* Takes one connection out whose slot is due; NULL: none (more) at now_ms. */
struct worker_conn *wheel_due(struct wheel *wh, int64_t now_ms);

/* Milliseconds until a slot with connections is due, at most max_ms. */
int wheel_wait(const struct wheel *wh, int64_t now_ms, int max_ms);

#endif
