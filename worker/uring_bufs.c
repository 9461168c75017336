/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buffers of the ring. The kernel takes them in the order in which they were given, so that all
 * that circulate are touched again and again: as few as are enough circulate, for the cache's sake and
 * for the memory's. When they run out more come; when most of them lie idle the upper ones go, each when
 * it is given back next, and their memory with them.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "worker/uring.h"

int
uring_bufs_make(struct uring *u)
{
	struct io_uring_buf_reg reg = {.ring_entries = URING_BUFS, .bgid = URING_GROUP};
	int rc;

	u->br_size = URING_BUFS * sizeof(struct io_uring_buf);
	u->br = mmap(NULL, u->br_size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	u->bufs = mmap(NULL, (size_t)URING_BUFS * ENGINE_BYTES, PROT_READ | PROT_WRITE,
	    MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
	if (u->br == MAP_FAILED || u->bufs == MAP_FAILED)
		return -1;
	reg.ring_addr = (uintptr_t)u->br;
	rc = io_uring_register_buf_ring(&u->ring, &reg, 0);
	if (rc < 0) {
		errno = -rc;
		return -1;
	}
	io_uring_buf_ring_init(u->br);
	uring_more_bufs(u);
	io_uring_buf_ring_advance(u->br, (int)u->given);
	u->given = 0;
	return 0;
}

void
uring_bufs_end(struct uring *u)
{
	if (u->br != NULL && u->br != MAP_FAILED)
		munmap(u->br, u->br_size);
	if (u->bufs != NULL && u->bufs != MAP_FAILED)
		munmap(u->bufs, (size_t)URING_BUFS * ENGINE_BYTES);
	u->br = NULL;
	u->bufs = NULL;
	u->level = u->free = u->given = u->keep = 0;
	memset(u->circulates, 0, sizeof u->circulates);
}

static uint8_t *
memory_of(const struct uring *u, unsigned buf)
{
	return u->bufs + (size_t)buf * ENGINE_BYTES;
}

static void
add(struct uring *u, unsigned buf)
{
	io_uring_buf_ring_add(u->br, memory_of(u, buf), ENGINE_BYTES, (unsigned short)buf,
	    io_uring_buf_ring_mask(URING_BUFS), (int)u->given++);
	u->free++;
}

void
uring_take(struct uring *u)
{
	u->free--;
	if (u->level - u->free > u->most)
		u->most = u->level - u->free;
}

void
uring_give(struct uring *u, unsigned buf)
{
	if (buf < u->keep) {
		add(u, buf);
		return;
	}
	u->circulates[buf] = false;
	u->level--;
	(void)madvise(memory_of(u, buf), ENGINE_BYTES, MADV_DONTNEED);
}

void
uring_give_back(struct uring *u, const struct io_uring_cqe *cqe)
{
	if (!(cqe->flags & IORING_CQE_F_BUFFER))
		return;
	uring_take(u);
	uring_give(u, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
}

void
uring_more_bufs(struct uring *u)
{
	unsigned level = u->level == 0 ? URING_BUFS_FEW : u->level * 2;

	u->keep = URING_BUFS;
	if (level > URING_BUFS)
		level = URING_BUFS;
	for (unsigned b = 0; b < URING_BUFS && u->level < level; b++) {
		if (u->circulates[b])
			continue;
		u->circulates[b] = true;
		u->level++;
		add(u, b);
	}
}

/* Nothing is in buffers that the kernel has: it writes only while we wait in it, and all completions
 * were worked off. */
static void
forget_from(struct uring *u, unsigned buf)
{
	if (u->free == u->level && io_uring_cq_ready(&u->ring) == 0)
		(void)madvise(
		    memory_of(u, buf), (size_t)(URING_BUFS - buf) * ENGINE_BYTES, MADV_DONTNEED);
}

void
uring_fewer_bufs(struct uring *u)
{
	unsigned most = u->most;

	u->most = u->level - u->free;
	if (u->level <= URING_BUFS_FEW || most > u->level / 8)
		return;
	u->keep = URING_BUFS_FEW > most * 4 ? URING_BUFS_FEW : most * 4;
	/* With no traffic none comes back. */
	forget_from(u, u->keep);
}

void
uring_bufs_rest(struct uring *u)
{
	forget_from(u, 0);
}
