/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of whole messages in a fixed piece of memory: what a log target did not take yet. */
#ifndef KHA_MASTER_RING_H
#define KHA_MASTER_RING_H

#include <stdbool.h>
#include <stddef.h>

#define RING_SIZE (256 * 1024)

struct ring {
	char *buf;    /* RING_SIZE bytes */
	size_t first; /* offset of the oldest message */
	size_t used;
};

/* false: no memory. */
bool ring_init(struct ring *r);
void ring_fini(struct ring *r);

/* Appends one message of 1..65535 bytes. false: no room, nothing is stored. */
bool ring_put(struct ring *r, const void *data, size_t n);

/* Length of the oldest message, 0: empty. */
size_t ring_next(const struct ring *r);

/* Copies the oldest message (ring_next() bytes) to `out` and drops it. */
void ring_get(struct ring *r, void *out);

#endif
