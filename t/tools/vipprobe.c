/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that looks who answers at an address, often enough to see every gap: a new connection
 * each few milliseconds, however the ones before fare. One line for each, when its end is known:
 *
 *	START_MS DURATION_MS RESULT SERVER
 *
 * START_MS is the wall clock's time in milliseconds since 1970 with 3 decimals; the clock is read
 * once, at start, and counted on by the monotonic one. RESULT: ok, refused, reset, timeout,
 * unreachable, eof, other. SERVER: the answer's X-Server, or "-".
 *
 *	vipprobe -a ADDR:PORT [-i MS] [-t MS] [-d SECONDS]
 *		-i		between two starts (default 5)
 *		-t		for connect and answer together (default 20)
 * Ends after -d seconds (default 600) or at TERM; what is under way then is not told. Connections
 * end with a RST, so that no port of the client is held back.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"

#define CONNS 1024
#define HEAD  1024

static const char request[] = "GET /whoami HTTP/1.1\r\nHost: vip\r\nConnection: close\r\n\r\n";

struct
try {
	int64_t start_us;
	bool connected;
	unsigned got;
	char head[HEAD];
};

static struct {
	struct addr to;
	int64_t every_us, limit_us, end_us;
	int64_t wall_us; /* wall clock less the monotonic one */
} opt = {.every_us = 5000, .limit_us = 20000, .end_us = 600 * INT64_C(1000000)};

/* The first `n` are under way; try[i] belongs to fd[i]. */
static struct {
	unsigned n;
	struct pollfd fd[CONNS];
	struct try try[CONNS];
} run;

static volatile sig_atomic_t stop;

static void
on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static int64_t
now_us(void)
{
	return mono_now().us;
}

static void
tell(const struct try *t, const char *result, const char *server, int len)
{
	printf("%.3f %.3f %s %.*s\n", (double)(t->start_us + opt.wall_us) / 1e3,
	    (double)(now_us() - t->start_us) / 1e3, result, len, server);
	fflush(stdout);
}

static void
end(unsigned i, const char *result, const char *server, int len)
{
	struct linger now = {.l_onoff = 1};

	tell(&run.try[i], result, server, len);
	if (run.fd[i].fd >= 0) {
		setsockopt(run.fd[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		close(run.fd[i].fd);
	}
	run.n--;
	run.fd[i] = run.fd[run.n];
	run.try[i] = run.try[run.n];
}

static void
fail(unsigned i, int error)
{
	const char *result = "other";

	if (error == ECONNREFUSED)
		result = "refused";
	else if (error == ECONNRESET || error == EPIPE)
		result = "reset";
	else if (error == ETIMEDOUT)
		result = "timeout";
	else if (error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN)
		result = "unreachable";
	else if (error == 0)
		result = "eof";
	end(i, result, "-", 1);
}

static void
begin(int64_t at_us)
{
	unsigned i = run.n;

	if (i == CONNS)
		return;
	run.n++;
	memset(&run.try[i], 0, sizeof run.try[i]);
	run.try[i].start_us = at_us;
	run.fd[i].fd = socket(opt.to.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	run.fd[i].events = POLLOUT;
	run.fd[i].revents = 0;
	if (run.fd[i].fd < 0 ||
	    (connect(run.fd[i].fd, &opt.to.sa, addr_len(&opt.to)) != 0 && errno != EINPROGRESS))
		fail(i, errno);
}

static void
connected(unsigned i)
{
	int error = 0;
	socklen_t len = sizeof error;

	getsockopt(run.fd[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		fail(i, error);
		return;
	}
	if (send(run.fd[i].fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0) {
		fail(i, errno);
		return;
	}
	run.try[i].connected = true;
	run.fd[i].events = POLLIN;
}

static void
receive(unsigned i)
{
	static const char header[] = "\r\nX-Server: ";
	struct try *t = &run.try[i];
	char *name;
	ssize_t n = recv(run.fd[i].fd, t->head + t->got, HEAD - 1 - t->got, 0);

	if (n <= 0) {
		fail(i, n == 0 ? 0 : errno);
		return;
	}
	t->got += (unsigned)n;
	name = strcasestr(t->head, header);
	if (name != NULL && strchr(name + 2, '\r') != NULL) {
		name += sizeof header - 1;
		end(i, "ok", name, (int)strcspn(name, "\r\n"));
	} else if (t->got == HEAD - 1) {
		fail(i, EPROTO);
	}
}

/* From the last one on: end() puts that into the place of one that ended. */
static void
look_at_all(void)
{
	int64_t now = now_us();

	for (unsigned i = run.n; i-- > 0;) {
		if (run.fd[i].revents != 0 && run.try[i].connected)
			receive(i);
		else if (run.fd[i].revents != 0)
			connected(i);
		else if (now - run.try[i].start_us >= opt.limit_us)
			fail(i, ETIMEDOUT);
	}
}

static void
loop(void)
{
	int64_t next = now_us(), end_us = next + opt.end_us, now, until;
	struct timespec wait;

	while (!stop && (now = now_us()) < end_us) {
		if (now >= next) {
			begin(now);
			next += opt.every_us;
			/* After a pause of this process: no volley. */
			if (next < now)
				next = now + opt.every_us;
		}
		until = next;
		for (unsigned i = 0; i < run.n; i++)
			if (run.try[i].start_us + opt.limit_us < until)
				until = run.try[i].start_us + opt.limit_us;
		until = until > now ? until - now : 0;
		wait = (struct timespec){until / 1000000, until % 1000000 * 1000};
		if (ppoll(run.fd, run.n, &wait, NULL) >= 0)
			look_at_all();
	}
}

static int
usage(const char *what)
{
	fprintf(stderr, "vipprobe: %s; see the head of t/tools/vipprobe.c\n", what);
	return 2;
}

int
main(int argc, char **argv)
{
	struct timespec wall;
	const char *why = "-a ADDR:PORT is missing";
	int c;

	while ((c = getopt(argc, argv, "a:i:t:d:")) != -1) {
		if (c == 'a')
			why = addr_parse(&opt.to, optarg, false);
		else if (c == 'i')
			opt.every_us = atol(optarg) * 1000;
		else if (c == 't')
			opt.limit_us = atol(optarg) * 1000;
		else if (c == 'd')
			opt.end_us = atol(optarg) * 1000000;
		else
			return usage("unknown option");
	}
	if (why != NULL)
		return usage(why);
	if (opt.every_us <= 0 || opt.limit_us <= 0 || opt.end_us <= 0)
		return usage("numbers are above 0");
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	clock_gettime(CLOCK_REALTIME, &wall);
	opt.wall_us = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000 - now_us();
	loop();
	return 0;
}
