/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes for splice(2): a few per worker, lent to a direction only while they hold bytes. */
#ifndef KHA_WORKER_PIPES_H
#define KHA_WORKER_PIPES_H

#include <stdint.h>

#define PIPES_MAX   64
#define PIPES_LARGE 8 /* of them are large; these are the only ones, unless many readers are slow */
#define PIPE_BYTES  (1024 * 1024) /* the kernel may give less */

struct pipes {
	int fd[PIPES_MAX][2]; /* read end, write end */
	uint16_t free[PIPES_MAX];
	unsigned n_free;
	unsigned n_rows; /* of fd ever used; -1: not open now */
};

/* An empty pipe, as index, or -1: all are in use or no descriptors left. */
int pipes_take(struct pipes *p);

/* Gives it back. One that still holds bytes is closed, so that they cannot reach another
 * connection. */
void pipes_give(struct pipes *p, int index, uint32_t holds);

void pipes_fini(struct pipes *p);

#endif
