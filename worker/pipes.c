/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/pipes.h"

#include <fcntl.h>
#include <unistd.h>

/* Beyond the user's share (pipe-user-pages-soft: 64 MB for all workers) a new pipe would have room for 8 KB,
 * so only the first are made large. */
static int
open_pipe(struct pipes *p, unsigned row)
{
	int *fd = p->fd[row];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) != 0) {
		fd[0] = fd[1] = -1;
		return -1;
	}
	if (row < PIPES_LARGE)
		(void)fcntl(fd[1], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

int
pipes_take(struct pipes *p)
{
	int index;

	if (p->n_free == 0) {
		if (p->n_rows == PIPES_MAX || open_pipe(p, p->n_rows) != 0)
			return -1;
		return (int)p->n_rows++;
	}
	index = p->free[p->n_free - 1];
	if (p->fd[index][0] < 0 && open_pipe(p, (unsigned)index) != 0)
		return -1;
	p->n_free--;
	return index;
}

void
pipes_give(struct pipes *p, int index, uint32_t holds)
{
	if (holds > 0) {
		close(p->fd[index][0]);
		close(p->fd[index][1]);
		p->fd[index][0] = p->fd[index][1] = -1; /* opened again when needed */
	}
	p->free[p->n_free++] = (uint16_t)index;
}

void
pipes_fini(struct pipes *p)
{
	for (unsigned i = 0; i < p->n_rows; i++)
		if (p->fd[i][0] >= 0) {
			close(p->fd[i][0]);
			close(p->fd[i][1]);
		}
	p->n_rows = p->n_free = 0;
}
