/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/source.h"

static unsigned
row_of(uint64_t key, unsigned way)
{
	return (unsigned)((key + way) % SHM_SOURCES);
}

static bool
is_of(const struct shm_source *s, uint64_t key)
{
	return atomic_load(&s->n) > 0 && atomic_load(&s->key) == key;
}

static int
find(const struct shm_source *own, uint64_t key)
{
	int unused = -1;

	for (unsigned i = 0; i < SHM_SOURCE_WAYS; i++) {
		if (is_of(&own[row_of(key, i)], key))
			return (int)row_of(key, i);
		if (unused < 0 && atomic_load(&own[row_of(key, i)].n) == 0)
			unused = (int)row_of(key, i);
	}
	return unused;
}

int
source_add(struct shm_source *own, uint64_t key)
{
	int row = find(own, key);

	if (row < 0)
		return -1;
	/* In this order: who reads in between takes it for free, or for what it was. */
	atomic_store(&own[row].key, key);
	atomic_store(&own[row].n, atomic_load(&own[row].n) + 1);
	return row;
}

void
source_drop(struct shm_source *own, int row)
{
	atomic_store(&own[row].n, atomic_load(&own[row].n) - 1);
}

uint64_t
source_count(const struct shm_source *rows, uint64_t key)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < SHM_SOURCE_WAYS; i++)
		if (is_of(&rows[row_of(key, i)], key))
			n += atomic_load(&rows[row_of(key, i)].n);
	return n;
}
