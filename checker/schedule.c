/* SPDX-License-Identifier: BSD-2-Clause */
#include "checker/schedule.h"

int
schedule_interval(const struct conf_check *check, const struct verdict *v)
{
	if (verdict_is_moving(v))
		return check->fast_interval;
	return v->state == STATE_UP ? check->interval : check->down_interval;
}

struct mono
schedule_next(struct mono started, struct mono ended, int interval_ms, uint32_t noise)
{
	int64_t us = (int64_t)interval_ms * 1000, tenth = us / 10;
	struct mono next;

	next.us = started.us + us - tenth + (int64_t)(noise % (uint64_t)(2 * tenth + 1));
	return next.us > ended.us ? next : ended;
}

struct mono
schedule_spread(struct mono started, int interval_ms, unsigned position, unsigned n)
{
	return (struct mono){started.us + (int64_t)interval_ms * 1000 * (position + 1) / n};
}

struct mono
schedule_inherit(struct mono started, struct mono now, int interval_ms, int soon_ms,
    unsigned position, unsigned n, uint32_t noise)
{
	struct mono next = schedule_next(started, now, interval_ms, noise);

	return next.us > now.us ? next : schedule_spread(now, soon_ms, position, n);
}

uint32_t
schedule_noise(uint64_t *state)
{
	/* xorshift64* (S. Vigna, 2014) */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * UINT64_C(2685821657736338717) >> 32);
}
