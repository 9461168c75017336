/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/rate.h"

/* A word of many: 16 bits that tell whose it is, 48 bits of microseconds (9 years of uptime). */
#define TAG_SHIFT 48
#define TIME_MASK ((UINT64_C(1) << TAG_SHIFT) - 1)

/* A second in the units of a word: a microsecond is 3 % of the period of 30,000 a second. */
#define SECOND_NS UINT64_C(1000000000)
#define SECOND_US UINT64_C(1000000)

/* The bucket after one token more, or 0: it has none now. `second`: of the units of the others. */
static uint64_t
after(uint64_t full_at, uint32_t per_second, uint64_t now, uint64_t second)
{
	uint64_t cost = (second + per_second / 2) / per_second;
	uint64_t burst = cost > second / 10 ? cost : second / 10;
	uint64_t next = (full_at > now ? full_at : now) + cost;

	return next <= now + burst ? next : 0;
}

bool
rate_take(_Atomic uint64_t *word, uint32_t per_second, int64_t now_us)
{
	uint64_t was = atomic_load_explicit(word, memory_order_relaxed), next;

	do {
		next = after(was, per_second, (uint64_t)now_us * 1000, SECOND_NS);
		if (next == 0)
			return false;
	} while (!atomic_compare_exchange_weak(word, &was, next));
	return true;
}

/* Takes from a word that has this tag, or is free to get it. 1 taken, 0 no token, -1 somebody else's
 * word. */
static int
take_tagged(_Atomic uint64_t *word, uint64_t tag, uint32_t per_second, uint64_t now)
{
	uint64_t was = atomic_load_explicit(word, memory_order_relaxed), full_at, next;

	do {
		full_at = was & TIME_MASK;
		if (was >> TAG_SHIFT != tag) {
			if (full_at > now)
				return -1;
			full_at = 0; /* full again: nobody needs to remember it */
		}
		next = after(full_at, per_second, now, SECOND_US);
		if (next == 0)
			return 0;
	} while (!atomic_compare_exchange_weak(word, &was, tag << TAG_SHIFT | next));
	return 1;
}

bool
rate_take_of(_Atomic uint64_t *words, uint64_t key, uint32_t per_second, int64_t now_us)
{
	const uint64_t tag = key >> TAG_SHIFT, now = (uint64_t)now_us & TIME_MASK;
	_Atomic uint64_t *word;
	int taken;

	/* Its own first, wherever that is: a free one before it must not start it anew. */
	for (unsigned i = 0; i < SHM_SOURCE_WAYS; i++) {
		word = &words[(key + i) % SHM_SOURCES];
		if (atomic_load_explicit(word, memory_order_relaxed) >> TAG_SHIFT != tag)
			continue;
		taken = take_tagged(word, tag, per_second, now);
		if (taken >= 0)
			return taken;
	}
	for (unsigned i = 0; i < SHM_SOURCE_WAYS; i++) {
		taken = take_tagged(&words[(key + i) % SHM_SOURCES], tag, per_second, now);
		if (taken >= 0)
			return taken;
	}
	return true;
}
