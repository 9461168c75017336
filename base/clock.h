/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time. Deadlines and intervals are CLOCK_MONOTONIC, and have a type of their own so
 * that seconds, milliseconds and microseconds cannot mix. A loop reads the clock once
 * per turn and hands the value down; pure code takes it as an argument.
 */
#ifndef KHA_BASE_CLOCK_H
#define KHA_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* A moment of CLOCK_MONOTONIC in microseconds: the same in all processes of a host, so
 * it may stand in the segment. 0 means "never". */
struct mono {
	int64_t us;
};

static inline struct mono
mono_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct mono){(int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000};
}

static inline struct mono
mono_add_ms(struct mono t, int64_t ms)
{
	return (struct mono){t.us + ms * 1000};
}

/* Milliseconds from `a` to `b`, rounded towards zero, negative when b is earlier. */
static inline int64_t
mono_diff_ms(struct mono a, struct mono b)
{
	return (b.us - a.us) / 1000;
}

static inline int64_t
mono_ms(struct mono t)
{
	return t.us / 1000;
}

/* Milliseconds of CLOCK_REALTIME since 1970: only for people to read. */
static inline int64_t
wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#endif
