/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of a worker. It is made before privileges are dropped (kernel.io_uring_disabled = 1 then
 * does not matter to root), disabled at first, restricted to the requests that are in use, then
 * enabled: a worker that was taken over can neither make another ring (seccomp) nor open files with
 * this one.
 *
 * liburing 2.3 of Debian 12 has no functions for restrictions and enabling: plain calls here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/uring.h"

static const uint8_t opcodes[] = {IORING_OP_POLL_ADD, IORING_OP_RECV, IORING_OP_SEND,
    IORING_OP_CONNECT, IORING_OP_ASYNC_CANCEL, IORING_OP_CLOSE};

static int
uring_register(struct uring *u, unsigned what, void *arg, unsigned n)
{
	return (int)syscall(__NR_io_uring_register, u->ring.ring_fd, what, arg, n);
}

static int
restrict_and_enable(struct uring *u)
{
	struct io_uring_restriction r[sizeof opcodes + 1];
	unsigned n = 0;

	memset(r, 0, sizeof r);
	for (size_t i = 0; i < sizeof opcodes; i++, n++) {
		r[n].opcode = IORING_RESTRICTION_SQE_OP;
		r[n].sqe_op = opcodes[i];
	}
	r[n].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	r[n++].sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
	if (uring_register(u, IORING_REGISTER_RESTRICTIONS, r, n) < 0)
		return -1;
	return uring_register(u, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

static int
sysctl_disabled(void)
{
	FILE *f = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	int n = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%d", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/* Why there is no ring, in words. */
static int
refused(int error, struct err *err)
{
	if (sysctl_disabled() > 0)
		err_add(err, "kernel.io_uring_disabled is %d", sysctl_disabled());
	else if (error == EPERM || error == EACCES)
		err_add(err, "not permitted (seccomp profile of a container?)");
	else if (error == ENOSYS)
		err_add(err, "the kernel has none, or a seccomp profile hides it");
	else if (error == EINVAL)
		err_add(err, "the kernel is too old: 6.1 is needed");
	else if (error == ENOMEM)
		err_add(err, "no memory for it (limit of locked memory?)");
	else
		err_add(err, "%s", strerror(error));
	errno = error;
	return -1;
}

void
uring_prep_recv(const struct uring *u, struct io_uring_sqe *sqe, int fd, unsigned bytes)
{
	io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
	/* The member is named optlen since 6.17; it shares its place with this one. */
	if (u->counts)
		sqe->splice_fd_in = (int)bytes;
}

/* Does the kernel end a multishot receive when so many bytes have come (what came with the last of them comes
 * too)? Older ones refuse the request. */
static bool
counts_bytes(struct uring *u)
{
	struct __kernel_timespec soon = {.tv_sec = 1};
	struct io_uring_cqe *cqe = NULL;
	struct io_uring_sqe *sqe;
	bool ended = false;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) != 0)
		return false;
	u->counts = true;
	sqe = uring_sqe(u);
	uring_prep_recv(u, sqe, fd[0], 1);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = URING_GROUP;
	if (write(fd[1], "xy", 2) == 2 && io_uring_submit(&u->ring) == 1 &&
	    io_uring_wait_cqe_timeout(&u->ring, &cqe, &soon) == 0) {
		ended = cqe->res > 0 && !(cqe->flags & IORING_CQE_F_MORE);
		uring_give_back(u, cqe);
		io_uring_cqe_seen(&u->ring, cqe);
	}
	close(fd[0]);
	close(fd[1]);
	return ended;
}

/* A receive must wait for bytes though the socket does not block, and stay armed. */
static bool
receives(struct uring *u)
{
	struct __kernel_timespec soon = {.tv_nsec = 20000000}, at_once = {0};
	struct io_uring_cqe *cqe = NULL;
	struct io_uring_sqe *sqe;
	bool good;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) != 0)
		return false;
	sqe = uring_sqe(u);
	io_uring_prep_recv_multishot(sqe, fd[0], NULL, 0, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = URING_GROUP;
	good = io_uring_submit(&u->ring) == 1 &&
	       io_uring_wait_cqe_timeout(&u->ring, &cqe, &at_once) == -ETIME &&
	       write(fd[1], "x", 1) == 1 && io_uring_wait_cqe_timeout(&u->ring, &cqe, &soon) == 0 &&
	       cqe->res == 1 && (cqe->flags & IORING_CQE_F_MORE) &&
	       (cqe->flags & IORING_CQE_F_BUFFER);
	close(fd[0]);
	close(fd[1]);
	return good;
}

int
uring_open(struct uring *u, struct err *err)
{
	struct io_uring_params p = {.cq_entries = URING_CQ,
	    .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
		     IORING_SETUP_R_DISABLED};
	int rc = io_uring_queue_init_params(URING_SQ, &u->ring, &p);

	if (rc < 0)
		return refused(-rc, err);
	/* Saves a lookup with each call; the ring works without. */
	(void)io_uring_register_ring_fd(&u->ring);
	if (uring_bufs_make(u) < 0 || restrict_and_enable(u) < 0) {
		rc = errno;
		uring_close(u);
		return refused(rc, err);
	}
	u->counts = counts_bytes(u);
	return 0;
}

/* Not the ring of a worker: the receive that was tried stays in it. */
int
uring_try(struct err *err)
{
	struct uring *u = calloc(1, sizeof *u);
	bool good;

	if (u == NULL)
		return err_add(err, "no memory");
	if (uring_open(u, err) < 0) {
		free(u);
		return -1;
	}
	good = receives(u);
	uring_close(u);
	free(u);
	return good ? 0 : err_add(err, "multishot receive does not work with this kernel");
}

void
uring_close(struct uring *u)
{
	io_uring_queue_exit(&u->ring);
	uring_bufs_end(u);
}

struct io_uring_sqe *
uring_sqe(struct uring *u)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	while (sqe == NULL) {
		io_uring_submit(&u->ring);
		sqe = io_uring_get_sqe(&u->ring);
	}
	return sqe;
}

void
uring_unwaited(struct io_uring_sqe *sqe)
{
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = uring_data(OP_DONE, 0, SIDE_CLIENT, 0);
}

void
uring_cancel(struct uring *u, uint64_t what)
{
	struct io_uring_sqe *sqe = uring_sqe(u);

	io_uring_prep_cancel64(sqe, what, 0);
	uring_unwaited(sqe);
}
