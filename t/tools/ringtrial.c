/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What single tricks with io_uring and TCP save, apart from any proxy: CPU time of one step, all of its
 * parts (client, what a proxy would do, server) in one thread on loopback, so that only the difference
 * between two variants of a trial says anything. Variants take turns; medians of the rounds are printed.
 *
 *	ringtrial [ROUNDS]
 *
 * A variant that this kernel does not have is said to be absent. See doc/PERFORMANCE.md.
 */
#include "t/tools/ringtrial.h"

#include <poll.h>
#include <time.h>

#define ROUNDS_MOST 99
#define REQUEST	    600

enum how {
	BY_CALL,
	BY_RING,
	BY_MULTISHOT,
	LINKED = 4,
	DIRECT = 8,
	WITH_ACK = 16,
	FASTOPEN = 32,
	DEFERRED = 64
};

struct variant {
	const char *trial, *name;
	unsigned steps; /* of a round */
	void (*run)(const struct variant *v);
	unsigned how; /* enum how */
	size_t bytes; /* of a message */
	unsigned group, flags;
};

/* ---- messages over one connection ---- */

static void
messages(const struct variant *v)
{
	struct receiver r = {.group = v->group, .flags = v->flags, .direct = v->how & DIRECT};
	struct io_uring_sqe *sqe;
	int fd[2], from;

	pair(fd);
	must(io_uring_register_files_update(&ring, SLOT_A, fd, 2) == 2, "register files");
	from = r.direct ? SLOT_A : fd[0];
	r.fd = r.direct ? SLOT_B : fd[1];
	arm(&r);
	for (unsigned i = 0; i < v->steps; i++) {
		sqe = sqe_for(OTHER);
		io_uring_prep_send(sqe, from, bytes, v->bytes, 0);
		sqe->flags |= r.direct ? IOSQE_FIXED_FILE : 0;
		turns(&r, v->bytes, 1);
	}
	calm();
	reset(fd[0]);
	reset(fd[1]);
	fd[0] = fd[1] = -1;
	io_uring_register_files_update(&ring, SLOT_A, fd, 2);
}

/* ---- two sockets are closed in a turn ---- */

static void
closes(const struct variant *v)
{
	struct io_uring_sqe *sqe;
	int fd;

	for (unsigned n = 0; n < v->steps; n++) {
		for (int i = 0; i < 2; i++) {
			fd = stream(SOCK_NONBLOCK);
			if (v->how == BY_CALL) {
				close(fd);
				continue;
			}
			sqe = sqe_for(DONE);
			io_uring_prep_close(sqe, fd);
			sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
		}
		sqe = sqe_for(OTHER);
		io_uring_prep_nop(sqe);
		turns(NULL, 0, 1);
	}
}

/* ---- a client is accepted, with its address ---- */

static int
accept_by(unsigned how, struct sockaddr_in *from, socklen_t *len)
{
	int fd;

	fd = turns(NULL, 0, 1);
	if (how == BY_CALL) {
		fd = accept4(listener, (struct sockaddr *)from, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		must(accept4(listener, NULL, NULL, SOCK_NONBLOCK) < 0, "an accept that finds none");
	} else if (how == BY_MULTISHOT) {
		must(getpeername(fd, (struct sockaddr *)from, len) == 0, "getpeername");
	}
	must(fd >= 0, "accept");
	return fd;
}

static void
accepts(const struct variant *v)
{
	unsigned how = v->how;
	struct io_uring_sqe *sqe;
	struct sockaddr_in from;
	socklen_t len;
	int client;

	for (unsigned i = 0; i < v->steps; i++) {
		len = sizeof from;
		if (i == 0 || how != BY_MULTISHOT) {
			sqe = sqe_for(OTHER);
			if (how == BY_CALL)
				io_uring_prep_poll_add(sqe, listener, POLLIN);
			else if (how == BY_RING)
				io_uring_prep_accept(sqe, listener, (struct sockaddr *)&from, &len,
				    SOCK_NONBLOCK | SOCK_CLOEXEC);
			else
				io_uring_prep_multishot_accept(
				    sqe, listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
			io_uring_submit(&ring);
		}
		client = dial();
		reset(accept_by(how, &from, &len));
		close(client);
	}
	calm();
}

/* ---- a server is connected and gets its first bytes ---- */

static void
prep_connect(unsigned how, int fd)
{
	struct io_uring_sqe *sqe;

	if (how & DIRECT) {
		sqe = sqe_for(DONE);
		io_uring_prep_socket_direct(sqe, AF_INET, SOCK_STREAM, IPPROTO_TCP, SLOT_A, 0);
		sqe->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
	}
	sqe = sqe_for(how & LINKED ? DONE : OTHER);
	io_uring_prep_connect(sqe, fd, (struct sockaddr *)&here, sizeof here);
	if (how & DIRECT)
		sqe->flags |= IOSQE_FIXED_FILE;
	if (how & LINKED)
		sqe->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
	else
		must(turns(NULL, 0, 1) == 0, "connect");
	sqe = sqe_for(OTHER);
	io_uring_prep_send(sqe, fd, bytes, REQUEST, 0);
	sqe->flags |= how & DIRECT ? IOSQE_FIXED_FILE : 0;
}

static void
connects(const struct variant *v)
{
	unsigned how = v->how;
	uint8_t got[REQUEST];
	int fd, server, none = -1;

	for (unsigned i = 0; i < v->steps; i++) {
		fd = how & DIRECT ? SLOT_A : stream(SOCK_NONBLOCK);
		if (how & WITH_ACK)
			set(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
		if (how & FASTOPEN)
			set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
		prep_connect(how, fd);
		must(turns(NULL, 0, 1) == REQUEST, "send");
		server = accept4(listener, NULL, NULL, 0);
		must(server >= 0, "accept");
		must(recv(server, got, sizeof got, MSG_WAITALL) == REQUEST, "read");
		reset(server);
		if (how & DIRECT)
			must(io_uring_register_files_update(&ring, SLOT_A, &none, 1) == 1, "close");
		else
			close(fd);
	}
}

/* ---- the first bytes of a client that was accepted ---- */

static void
greets(const struct variant *v)
{
	struct receiver r = {.group = GROUP_LARGE};
	struct io_uring_sqe *sqe;
	int client;

	for (unsigned i = 0; i < v->steps; i++) {
		sqe = sqe_for(OTHER);
		io_uring_prep_poll_add(sqe, listener, POLLIN);
		io_uring_submit(&ring);
		client = dial();
		if (v->how & DEFERRED)
			must(send(client, bytes, REQUEST, 0) == REQUEST, "send");
		turns(NULL, 0, 1);
		r.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		must(r.fd >= 0, "accept");
		arm(&r);
		io_uring_submit(&ring);
		if (!(v->how & DEFERRED))
			must(send(client, bytes, REQUEST, 0) == REQUEST, "send");
		turns(&r, REQUEST, 0);
		calm();
		reset(r.fd);
		close(client);
	}
}

/* ---- all of them ---- */

static const struct variant variants[] = {
    {"request", "descriptor", 20000, messages, 0, REQUEST, GROUP_LARGE, 0},
    {"request", "direct descriptors", 20000, messages, DIRECT, REQUEST, GROUP_LARGE, 0},
    {"request", "incremental buffer", 20000, messages, 0, REQUEST, GROUP_INC, 0},
    {"64 KB", "buffers of 32 KB", 4000, messages, 0, BULK, GROUP_LARGE, 0},
    {"64 KB", "bundles of these", 4000, messages, 0, BULK, GROUP_LARGE, RECV_BUNDLE},
    {"64 KB", "incremental buffers", 4000, messages, 0, BULK, GROUP_INC, 0},
    {"64 KB", "buffers of 4 KB", 4000, messages, 0, BULK, GROUP_SMALL, 0},
    {"64 KB", "bundles of these", 4000, messages, 0, BULK, GROUP_SMALL, RECV_BUNDLE},
    {"two sockets closed", "close(2)", 20000, closes, BY_CALL, 0, 0, 0},
    {"two sockets closed", "IORING_OP_CLOSE", 20000, closes, BY_RING, 0, 0, 0},
    {"client accepted", "poll, accept4(2)", 4000, accepts, BY_CALL, 0, 0, 0},
    {"client accepted", "IORING_OP_ACCEPT", 4000, accepts, BY_RING, 0, 0, 0},
    {"client accepted", "multishot, getpeername(2)", 4000, accepts, BY_MULTISHOT, 0, 0, 0},
    {"server connected", "connect, then send", 4000, connects, 0, 0, 0, 0},
    {"server connected", "linked", 4000, connects, LINKED, 0, 0, 0},
    {"server connected", "linked, direct socket", 4000, connects, LINKED | DIRECT, 0, 0, 0},
    {"server connected", "data with the ACK", 4000, connects, WITH_ACK, 0, 0, 0},
    {"server connected", "linked, data with the ACK", 4000, connects, LINKED | WITH_ACK, 0, 0, 0},
    {"server connected", "TCP_FASTOPEN_CONNECT", 4000, connects, FASTOPEN, 0, 0, 0},
    {"first bytes", "as they come", 4000, greets, 0, 0, 0, 0},
    {"first bytes", "TCP_DEFER_ACCEPT", 4000, greets, DEFERRED, 0, 0, 0},
};
#define VARIANTS (sizeof variants / sizeof *variants)

static double took[VARIANTS][ROUNDS_MOST]; /* ns of CPU for a step */

static int64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static bool
is_absent(const struct variant *v)
{
	return group[v->group].n == 0 || ((v->flags & RECV_BUNDLE) && !(features & HAS_BUNDLE));
}

static double
once(const struct variant *v)
{
	int64_t from;

	set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, v->how & DEFERRED ? 1 : 0);
	set(listener, IPPROTO_TCP, TCP_FASTOPEN, v->how & FASTOPEN ? 64 : 0);
	from = cpu_ns();
	v->run(v);
	return (double)(cpu_ns() - from) / v->steps;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
start(void)
{
	struct io_uring_params p = {
	    .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN};
	socklen_t len = sizeof here;
	int rc = io_uring_queue_init_params(256, &ring, &p);

	errno = -rc;
	must(rc == 0, "io_uring");
	errno = -io_uring_register_files_sparse(&ring, SLOTS);
	must(errno == 0, "register files");
	features = p.features;
	for (unsigned g = 0; g < GROUPS; g++)
		make_group(g);
	must(group[GROUP_LARGE].n > 0 && group[GROUP_SMALL].n > 0, "buffers");
	here = (struct sockaddr_in){AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {0}};
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	must(listener >= 0 && bind(listener, (struct sockaddr *)&here, len) == 0 &&
		 listen(listener, 64) == 0 &&
		 getsockname(listener, (struct sockaddr *)&here, &len) == 0,
	    "listener");
	set(listener, IPPROTO_TCP, TCP_NODELAY, 1);
}

int
main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 9;
	double base = 0, median;

	if (argc > 2 || rounds < 1 || rounds > ROUNDS_MOST) {
		fprintf(stderr, "usage: ringtrial [ROUNDS]\n");
		return 2;
	}
	start();
	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < VARIANTS; i++)
			took[i][r] = is_absent(&variants[i]) ? 0 : once(&variants[i]);
	for (size_t i = 0; i < VARIANTS; i++) {
		if (is_absent(&variants[i])) {
			printf("%-20s %-28s absent: this kernel does not have it\n",
			    variants[i].trial, variants[i].name);
			continue;
		}
		qsort(took[i], (size_t)rounds, sizeof **took, by_size);
		median = took[i][rounds / 2];
		if (i == 0 || strcmp(variants[i].trial, variants[i - 1].trial) != 0)
			base = median;
		printf("%-20s %-28s %8.0f ns %6.2f\n", variants[i].trial, variants[i].name, median,
		    median / base);
	}
	return 0;
}
