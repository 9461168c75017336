/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/pool.h"

#include <string.h>
#include <sys/mman.h>

#include "worker/conn.h"

int
pool_init(struct pool *p, uint32_t size)
{
	void *m = mmap(NULL, (size_t)size * sizeof *p->conn, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (m == MAP_FAILED)
		return -1;
	*p = (struct pool){.conn = m, .size = size, .free = CONN_NONE};
	return 0;
}

void
pool_fini(struct pool *p)
{
	munmap(p->conn, (size_t)p->size * sizeof *p->conn);
	p->conn = NULL;
}

struct worker_conn *
pool_get(struct pool *p)
{
	struct worker_conn *c;
	uint8_t epoch[2];

	if (p->free != CONN_NONE) {
		c = &p->conn[p->free];
		p->free = c->list_next;
	} else if (p->fresh < p->size)
		c = &p->conn[p->fresh++];
	else
		return NULL;
	/* Epochs go on counting, so that a late event of the last user is not taken for one
	 * of this user. */
	epoch[0] = c->half[0].epoch;
	epoch[1] = c->half[1].epoch;
	memset(c, 0, sizeof *c);
	c->half[0].epoch = epoch[0];
	c->half[1].epoch = epoch[1];
	p->used++;
	return c;
}

void
pool_put(struct pool *p, struct worker_conn *c)
{
	c->state = CONN_FREE;
	c->list_next = p->free;
	p->free = pool_index(p, c);
	p->used--;
}

uint32_t
pool_index(const struct pool *p, const struct worker_conn *c)
{
	return (uint32_t)(c - p->conn);
}
