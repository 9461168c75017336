/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/limit.h"

static unsigned
held_between(const struct shm_limit *l, unsigned from, unsigned to)
{
	unsigned held = 0;

	for (unsigned i = from; i < to; i++)
		held += atomic_load(&l->word[i]) != 0;
	return held;
}

static unsigned
top(const struct shm_limit *l)
{
	unsigned n = atomic_load(&l->top);

	return n < SHM_LIMIT_MAX ? n : SHM_LIMIT_MAX;
}

/* Before the word below it is taken: whoever sees an owner sees a top above it. */
static void
raise_top(struct shm_limit *l, uint32_t to)
{
	uint32_t now = atomic_load_explicit(&l->top, memory_order_relaxed);

	while (now < to && !atomic_compare_exchange_weak(&l->top, &now, to))
		;
}

static bool
take(struct shm_limit *l, unsigned i, unsigned entry)
{
	uint16_t nobody = 0;

	/* Look first: a failing compare and swap still takes the cache line from its
	 * owner. */
	if (atomic_load_explicit(&l->word[i], memory_order_relaxed) != 0)
		return false;
	raise_top(l, i + 1);
	return atomic_compare_exchange_strong(&l->word[i], &nobody, (uint16_t)(entry + 1));
}

int
limit_take(struct shm_limit *l, unsigned n, unsigned entry, unsigned hint)
{
	unsigned i;

	if (n == 0)
		return -1;
	if (n > SHM_LIMIT_MAX)
		n = SHM_LIMIT_MAX;
	i = hint % n;
	for (unsigned tries = 0; tries < n; tries++, i = i + 1 < n ? i + 1 : 0) {
		if (!take(l, i, entry))
			continue;
		/* Below n there are n words, so nothing is left to check, unless the
		 * limit was lowered. Then count after the taking: of two that meet at
		 * least the later one sees the other, and gives back. */
		if (top(l) <= n || held_between(l, 0, top(l)) <= n)
			return (int)i;
		limit_give(l, (int)i);
		return -1;
	}
	return -1;
}

void
limit_give(struct shm_limit *l, int index)
{
	atomic_store(&l->word[index], 0);
}

unsigned
limit_clear(struct shm_limit *l, unsigned entry)
{
	unsigned cleared = 0, n = top(l);

	for (unsigned i = 0; i < n; i++) {
		if (atomic_load_explicit(&l->word[i], memory_order_relaxed) != entry + 1)
			continue;
		limit_give(l, (int)i);
		cleared++;
	}
	return cleared;
}

unsigned
limit_held(const struct shm_limit *l)
{
	return held_between(l, 0, top(l));
}
