/* SPDX-License-Identifier: BSD-2-Clause */
/* What t/tools/ringtrial.c does its trials with: a ring with three kinds of buffers, and sockets. */
#ifndef RINGTRIAL_H
#define RINGTRIAL_H

#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Newer than liburing 2.3. */
#define RECV_BUNDLE (1U << 4)  /* IORING_RECVSEND_BUNDLE, Linux 6.10 */
#define RING_INC    2	       /* IOU_PBUF_RING_INC, Linux 6.12 */
#define HAS_BUNDLE  (1U << 14) /* IORING_FEAT_RECVSEND_BUNDLE */
#define BUF_MORE    (1U << 4)  /* IORING_CQE_F_BUF_MORE */

#define BULK  65536
#define LARGE 32768
#define SMALL 4096

enum { GROUP_LARGE, GROUP_SMALL, GROUP_INC, GROUPS };
/* user_data: a receive, or what else is waited for; 0: nobody waits. */
enum { DONE, RECV, OTHER };
enum { SLOT_A, SLOT_B, SLOTS }; /* direct descriptors */

struct group {
	struct io_uring_buf_ring *br;
	uint8_t *mem;
	unsigned size, n, flags; /* n 0: this kernel has no such buffers */
};

static struct io_uring ring;
static unsigned features; /* IORING_FEAT_* */
static struct group group[GROUPS] = {{.size = LARGE, .n = 64}, {.size = SMALL, .n = 128},
    {.size = LARGE, .n = 64, .flags = RING_INC}};
static struct sockaddr_in here;
static int listener;
static uint8_t bytes[BULK];

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "ringtrial: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
set(int fd, int level, int name, int value)
{
	must(setsockopt(fd, level, name, &value, sizeof value) == 0, "setsockopt");
}

/* ---- the ring ---- */

static void
make_group(unsigned g)
{
	struct io_uring_buf_reg reg = {.ring_entries = group[g].n, .bgid = (uint16_t)g};
	struct group *b = &group[g];

	b->br = mmap(NULL, b->n * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE,
	    MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	b->mem = mmap(NULL, (size_t)b->n * b->size, PROT_READ | PROT_WRITE,
	    MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	must(b->br != MAP_FAILED && b->mem != MAP_FAILED, "memory");
	reg.ring_addr = (uintptr_t)b->br;
	reg.pad = (uint16_t)b->flags;
	if (io_uring_register_buf_ring(&ring, &reg, 0) != 0) {
		b->n = 0;
		return;
	}
	io_uring_buf_ring_init(b->br);
	for (unsigned i = 0; i < b->n; i++)
		io_uring_buf_ring_add(b->br, b->mem + (size_t)i * b->size, b->size, (uint16_t)i,
		    io_uring_buf_ring_mask(b->n), (int)i);
	io_uring_buf_ring_advance(b->br, (int)b->n);
}

static void
give(unsigned g, unsigned buf)
{
	struct group *b = &group[g];

	io_uring_buf_ring_add(b->br, b->mem + (size_t)buf * b->size, b->size, (uint16_t)buf,
	    io_uring_buf_ring_mask(b->n), 0);
	io_uring_buf_ring_advance(b->br, 1);
}

/* A request; preparing it leaves its user_data alone. */
static struct io_uring_sqe *
sqe_for(uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	must(sqe != NULL, "no room in the ring");
	sqe->user_data = data;
	return sqe;
}

/* A receive, and on what: a descriptor, or with `direct` its slot. */
struct receiver {
	int fd;
	unsigned group, flags; /* IORING_RECVSEND_* */
	bool direct;
};

static void
arm(const struct receiver *r)
{
	struct io_uring_sqe *sqe = sqe_for(RECV);

	io_uring_prep_recv_multishot(sqe, r->fd, NULL, 0, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT | (r->direct ? IOSQE_FIXED_FILE : 0);
	sqe->ioprio |= (uint16_t)r->flags;
	sqe->buf_group = (uint16_t)r->group;
}

/* Gives back what a completion of `n` bytes used. */
static void
return_bufs(const struct receiver *r, unsigned buf, unsigned n, bool more)
{
	struct group *b = &group[r->group];

	if (b->flags & RING_INC) {
		if (!more)
			give(r->group, buf);
		return;
	}
	/* A bundle is of the next ones in the order in which they were given. */
	for (unsigned i = 0; i == 0 || (int)n > 0; i++, n -= b->size)
		give(r->group, (buf + i) % b->n);
}

/* Turns until so many bytes were received and `others` other completions came. Result of the last other one. */
static int
turns(const struct receiver *r, size_t want, unsigned others)
{
	struct io_uring_cqe *cqe, c;
	int last = 0;

	while (want > 0 || others > 0) {
		must(io_uring_submit_and_wait(&ring, 1) >= 0, "submit");
		while ((want > 0 || others > 0) && io_uring_peek_cqe(&ring, &cqe) == 0) {
			c = *cqe;
			io_uring_cqe_seen(&ring, cqe);
			if (c.user_data == OTHER) {
				last = c.res;
				others--;
			} else if (c.user_data == RECV && c.res > 0) {
				want -= (size_t)c.res < want ? (size_t)c.res : want;
				return_bufs(r, c.flags >> IORING_CQE_BUFFER_SHIFT, (unsigned)c.res,
				    c.flags & BUF_MORE);
			}
			if (c.user_data == RECV && !(c.flags & IORING_CQE_F_MORE)) {
				errno = -c.res;
				must(c.res >= 0 || c.res == -ENOBUFS, "receive");
				arm(r);
			}
		}
	}
	return last;
}

/* ---- sockets ---- */

static int
stream(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, IPPROTO_TCP);

	must(fd >= 0, "socket");
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return fd;
}

static int
dial(void)
{
	int fd = stream(0);

	must(connect(fd, (struct sockaddr *)&here, sizeof here) == 0, "connect");
	return fd;
}

/* Without TIME_WAIT, of which there would be too many. */
static void
reset(int fd)
{
	const struct linger now = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

static void
pair(int fd[2])
{
	fd[0] = dial();
	fd[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	must(fd[1] >= 0, "accept");
}

/* Cancels what is armed, and takes all completions that are left. */
static void
calm(void)
{
	struct io_uring_sqe *sqe = sqe_for(OTHER);
	struct io_uring_cqe *cqe;

	io_uring_prep_cancel64(sqe, 0, 0);
	sqe->cancel_flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
	must(io_uring_submit_and_wait(&ring, 1) >= 0, "submit");
	while (io_uring_peek_cqe(&ring, &cqe) == 0)
		io_uring_cqe_seen(&ring, cqe);
}

#endif
