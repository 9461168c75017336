/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of connections: one mapping made at the start, a last-in first-out free list, so that
 * pages never used cost nothing and those used stay few. */
#ifndef KHA_WORKER_POOL_H
#define KHA_WORKER_POOL_H

#include <stdint.h>

struct worker_conn;

struct pool {
	struct worker_conn *conn;
	uint32_t size;
	uint32_t fresh; /* those from here on were never used */
	uint32_t free;	/* head of the free list, linked by list_next */
	uint32_t used;
};

/* Room for `size` connections. 0 or -1 (errno). */
int pool_init(struct pool *p, uint32_t size);
void pool_fini(struct pool *p);

/* A connection set to all zero, or NULL: all in use. */
struct worker_conn *pool_get(struct pool *p);
void pool_put(struct pool *p, struct worker_conn *c);

uint32_t pool_index(const struct pool *p, const struct worker_conn *c);

#endif
