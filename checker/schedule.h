/* SPDX-License-Identifier: BSD-2-Clause */
/* When a server is checked next; pure. */
#ifndef KHA_CHECKER_SCHEDULE_H
#define KHA_CHECKER_SCHEDULE_H

#include "checker/verdict.h"
#include "conf/conf.h"

/* Milliseconds between two starts: fast_interval while the state may be about to change,
 * down_interval of a server that is out and stays out, else interval. (HAProxy's downinter,
 * too, is about every server that is out, whatever the reason.) */
int schedule_interval(const struct conf_check *check, const struct verdict *v);

/* Start of the check after one that was started and ended then: one interval after the start,
 * 10 % more or less, so that servers and nodes do not fall into step; but not before the end. */
struct mono schedule_next(struct mono started, struct mono ended, int interval_ms, uint32_t noise);

/* The first checks of all servers start together; the second ones spread them over one
 * interval. Server number `position` (0..n-1) of n. */
struct mono schedule_spread(struct mono started, int interval_ms, unsigned position, unsigned n);

/* Start of the first check that a successor makes of a server whose last one was started then: where
 * its predecessor would have made it, so that what was spread stays spread. What is overdue is made
 * within `soon_ms`, by position as above. */
struct mono schedule_inherit(struct mono started, struct mono now, int interval_ms, int soon_ms,
    unsigned position, unsigned n, uint32_t noise);

/* Random bits, good enough for spreading; *state must not be 0. */
uint32_t schedule_noise(uint64_t *state);

#endif
