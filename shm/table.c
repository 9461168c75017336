/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/table.h"

#include <string.h>

void
table_publish(struct seg *seg, struct shm_table *t)
{
	uint64_t generation = table_generation(seg) + 1;

	t->generation = generation;
	SEQ_STORE(&seg->head->table, t);
	/* Last, so that who sees the new number finds the new tables. */
	atomic_store_explicit(&seg->head->table_generation, generation, memory_order_release);
}

uint64_t
table_generation(const struct seg *seg)
{
	return atomic_load_explicit(&seg->ro->head.r.table_generation, memory_order_acquire);
}

bool
table_snapshot(const struct seg *seg, struct shm_table *t)
{
	return SEQ_LOAD(&seg->ro->head.r.table, t);
}

int
table_find_service(const struct shm_table *t, const char *name)
{
	for (unsigned i = 0; i < t->n_services; i++)
		if (t->service[i].state == ROW_ACTIVE &&
		    strncmp(t->service[i].name, name, SHM_NAME) == 0)
			return (int)i;
	return -1;
}

int
table_find_server(const struct shm_table *t, unsigned service, const char *name)
{
	for (unsigned i = 0; i < t->n_servers; i++)
		if (t->server[i].state == ROW_ACTIVE && t->server[i].service == service &&
		    strncmp(t->server[i].name, name, SHM_NAME) == 0)
			return (int)i;
	return -1;
}

void
info_store(struct seg *seg, const struct shm_info *info)
{
	SEQ_STORE(&seg->head->info, info);
}

bool
info_load(const struct seg *seg, struct shm_info *info)
{
	return SEQ_LOAD(&seg->ro->head.r.info, info);
}
