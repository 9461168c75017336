/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counting client of the tests: HTTP/1.1 GETs over TCP or TLS, and at the end one JSON object
 * that says what became of each of them. One thread, epoll.
 *
 *	load -a ADDR:PORT [-t CA.pem] [-p PATH] [-c CONNS] [-n REQUESTS] [-d SECONDS]
 *		-1		a new connection for each request
 *		-k		ends each of these with a RST
 *		-r RATE		so many new connections a second (implies -1)
 *		-i MS		each connection waits so long between two requests
 *		-R RATE		so many requests a second over CONNS kept-alive connections, whatever the
 *				answers do: request k is due at k / RATE on connection k % CONNS, and its
 *				delay counts from then. Who stalls pays for all that waited meanwhile.
 *		-w MS		delays, rate and SECONDS count from MS after all CONNS had their first
 *				answer (-R: at least from there)
 *		-z		bodies of plain TCP are thrown away unread: a client that costs little
 *		-x		ends with 0 though there were errors
 *		-y		prints "ready" when all CONNS had their first answer
 *		-e		prints of each request "NUMBER SERVER" or "NUMBER !OUTCOME"
 *		-s ADDR/COUNT	connection number i comes from the address ADDR + (i - 1) % COUNT
 * Connections are numbered from 1 in the order of their start, X-Number in the request says so.
 * It ends after REQUESTS answers, after SECONDS (default 60), or at SIGTERM, which is no error for
 * what is under way. The server's name is taken from the header X-Server or the JSON member
 * "server" of the answer. Exit code: 0 no errors, 1 errors, 2 usage.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"

#define CONNS_MAX  100000
#define TIMEOUT_MS 10000 /* for one step of one request */
#define SERVERS	   16
#define LATENCIES  1000000
#define CHUNK	   1000 /* of them, for typical_p99() */
#define ANSWER	   4096

enum state { FREE, CONNECTING, SHAKING, SENDING, RECEIVING, WAITING };
enum { OK, REFUSED, RESET, TIMED_OUT, ENDED, STATUS, TLS_ERROR, OTHER, OUTCOMES };
static const char *const outcome_names[OUTCOMES] = {
    "ok", "refused", "reset", "timeout", "eof", "status", "tls", "other"};

struct conn {
	enum state state;
	int fd;
	SSL *ssl;
	uint32_t events;  /* what epoll watches */
	int64_t since_us; /* of the request, or of the connect */
	int64_t due_us;	  /* WAITING: the next request */
	uint64_t turn;	  /* -R: number of its next request */
	bool had_answer;
	uint64_t number;
	unsigned got;	/* bytes of head */
	long body_left; /* -1: head not complete */
	char *head;	/* ANSWER bytes, apart: looking at all connections is quick */
};

static struct {
	struct addr to, from;
	unsigned from_count;
	const char *path;
	SSL_CTX *tls;
	unsigned conns, rate, pace, interval_ms;
	int warm_ms; /* -1: everything counts */
	uint64_t requests;
	double seconds;
	bool one_each, rst, allow_errors, say_ready, say_each, discard;
} opt = {.path = "/", .conns = 1, .warm_ms = -1, .requests = UINT64_MAX, .seconds = 60};

static struct {
	int epoll;
	struct conn *conn;
	unsigned live, first_answers;
	uint64_t started, answers, connects, bytes, outcome[OUTCOMES];
	int64_t now_us, begin_us, end_us, connect_max_us;
	int64_t ready_us;   /* all had their first answer; request 0 of -R is due */
	int64_t counted_us; /* what the report says of delays counts from here, 0: not yet */
	uint64_t answers_before, turn;
	int64_t answer_us, gap_max_us; /* the last answer, and the longest time without one */
	struct {
		char name[64];
		uint64_t n;
	} server[SERVERS];
	unsigned n_servers;
	uint32_t latency[LATENCIES]; /* us, a ring */
	uint64_t n_latency;
} run;

static volatile sig_atomic_t stop;

static void
on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static bool
done(void)
{
	return stop ||
	       run.answers + run.outcome[REFUSED] + run.outcome[RESET] + run.outcome[TIMED_OUT] +
		       run.outcome[ENDED] + run.outcome[TLS_ERROR] + run.outcome[OTHER] >=
		   opt.requests ||
	       run.now_us > run.end_us;
}

static void
release(struct conn *c)
{
	if (c->ssl != NULL)
		SSL_free(c->ssl);
	c->ssl = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (c->state != FREE)
		run.live--;
	c->state = FREE;
}

static void
fail(struct conn *c, int outcome)
{
	if (!stop) {
		run.outcome[outcome]++;
		if (opt.say_each)
			printf("%llu !%s\n", (unsigned long long)c->number, outcome_names[outcome]);
	}
	release(c);
}

static int
outcome_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return REFUSED;
	case ECONNRESET:
	case EPIPE:
		return RESET;
	case ETIMEDOUT:
		return TIMED_OUT;
	default:
		return OTHER;
	}
}

static void
watch(struct conn *c, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};

	if (events != c->events)
		epoll_ctl(run.epoll, EPOLL_CTL_MOD, c->fd, &ev);
	c->events = events;
}

/* The port is chosen when it connects: each address has them all. */
static int
bind_source(int fd, uint64_t number)
{
	struct addr a = opt.from;
	int one = 1;

	if (opt.from_count == 0)
		return 0;
	a.in.sin_addr.s_addr =
	    htonl(ntohl(a.in.sin_addr.s_addr) + (uint32_t)((number - 1) % opt.from_count));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	return bind(fd, &a.sa, addr_len(&a));
}

static void
open_conn(struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};
	int one = 1;

	*c = (struct conn){.head = c->head, .events = EPOLLOUT, .turn = (uint64_t)(c - run.conn)};
	c->fd = socket(opt.to.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	c->state = CONNECTING;
	c->since_us = mono_now().us;
	c->body_left = -1;
	run.live++;
	c->number = ++run.started;
	if (c->fd < 0 || bind_source(c->fd, c->number) != 0) {
		fail(c, OTHER);
		return;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(c->fd, &opt.to.sa, addr_len(&opt.to)) != 0 && errno != EINPROGRESS) {
		fail(c, outcome_of(errno));
		return;
	}
	epoll_ctl(run.epoll, EPOLL_CTL_ADD, c->fd, &ev);
}

/* ---- answers ---- */

static void
count_server(const struct conn *c, const char *name, size_t len)
{
	unsigned i;

	if (opt.say_each)
		printf("%llu %.*s\n", (unsigned long long)c->number, (int)len, name);

	if (len == 0 || len >= sizeof run.server[0].name)
		return;
	for (i = 0; i < run.n_servers; i++)
		if (strlen(run.server[i].name) == len && memcmp(run.server[i].name, name, len) == 0)
			break;
	if (i == run.n_servers) {
		if (i == SERVERS)
			return;
		memcpy(run.server[i].name, name, len);
		run.n_servers++;
	}
	run.server[i].n++;
}

static void
find_server(struct conn *c)
{
	const char *p;

	c->head[c->got] = '\0';
	p = strcasestr(c->head, "\r\nX-Server: ");
	if (p != NULL) {
		p += strlen("\r\nX-Server: ");
		count_server(c, p, strcspn(p, "\r\n"));
		return;
	}
	p = strstr(c->head, "\"server\"");
	if (p == NULL || (p = strchr(p + 8, '"')) == NULL)
		return;
	count_server(c, p + 1, strcspn(p + 1, "\""));
}

static void
note_delay(int64_t us)
{
	run.latency[run.n_latency++ % LATENCIES] = (uint32_t)us;
}

static void
answered(struct conn *c)
{
	const int64_t now_us = mono_now().us;

	find_server(c);
	note_delay(now_us - c->since_us);
	if (run.answer_us > 0 && now_us - run.answer_us > run.gap_max_us)
		run.gap_max_us = now_us - run.answer_us;
	run.answer_us = now_us;
	run.answers++;
	run.outcome[strncmp(c->head, "HTTP/1.1 200", 12) == 0 ? OK : STATUS]++;
	if (!c->had_answer) {
		c->had_answer = true;
		if (++run.first_answers == opt.conns) {
			run.ready_us = now_us;
			if (opt.say_ready) {
				puts("ready");
				fflush(stdout);
			}
		}
	}
	if (opt.one_each || (strcasestr(c->head, "\r\nConnection: close") != NULL)) {
		if (opt.rst)
			setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
			    sizeof(struct linger));
		if (c->ssl != NULL)
			SSL_shutdown(c->ssl);
		release(c);
		return;
	}
	c->state = WAITING;
	c->due_us = c->since_us + (int64_t)opt.interval_ms * 1000;
	c->got = 0;
	c->body_left = -1;
	watch(c, EPOLLIN); /* a RST or FIN while it waits is an error too */
}

static void
take(struct conn *c, const char *bytes, size_t n)
{
	size_t keep = n < ANSWER - 1 - c->got ? n : ANSWER - 1 - c->got;
	const char *end, *length;

	run.bytes += n;
	memcpy(c->head + c->got, bytes, keep);
	c->got += (unsigned)keep;
	if (c->body_left >= 0) {
		c->body_left -= (long)n;
	} else {
		c->head[c->got] = '\0';
		end = strstr(c->head, "\r\n\r\n");
		if (end == NULL)
			return;
		length = strcasestr(c->head, "\r\nContent-Length:");
		c->body_left = length != NULL && length < end ? atol(length + 17) : 0;
		c->body_left -= (long)(c->head + c->got - end - 4) + (long)(n - keep);
	}
	if (c->body_left <= 0)
		answered(c);
}

/* ---- steps ---- */

/* What TLS wants: -1 failed, 0 wait. */
static int
tls_wait(struct conn *c, int ret, int failed)
{
	switch (SSL_get_error(c->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		watch(c, EPOLLIN);
		return 0;
	case SSL_ERROR_WANT_WRITE:
		watch(c, EPOLLOUT);
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		fail(c, ENDED);
		break;
	case SSL_ERROR_SYSCALL:
		fail(c, errno == 0 ? ENDED : outcome_of(errno));
		break;
	default:
		fail(c, failed);
	}
	ERR_clear_error();
	return -1;
}

static void
send_request(struct conn *c)
{
	static char request[640];
	char to[ADDR_TEXT];
	int len;
	ssize_t n;

	len = snprintf(request, sizeof request,
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\nX-Number: %llu\r\n\r\n", opt.path,
	    addr_print(&opt.to, to, sizeof to), (unsigned long long)c->number);
	errno = 0;
	c->state = SENDING;
	if (c->ssl != NULL) {
		int ret = SSL_write(c->ssl, request, len);

		if (ret <= 0) {
			tls_wait(c, ret, RESET);
			return;
		}
	} else {
		n = send(c->fd, request, (size_t)len, MSG_NOSIGNAL);
		if (n != len) {
			fail(c, n < 0 ? outcome_of(errno) : OTHER);
			return;
		}
	}
	c->state = RECEIVING;
	watch(c, EPOLLIN);
}

/* Bytes of a body go without having been copied, as long as no head can be among them. */
static ssize_t
discard(struct conn *c)
{
	size_t want = c->body_left < 1 << 20 ? (size_t)c->body_left - 1 : 1 << 20;
	ssize_t n = recv(c->fd, NULL, want, MSG_TRUNC);

	if (n > 0) {
		run.bytes += (uint64_t)n;
		c->body_left -= n;
	}
	return n;
}

static void
receive(struct conn *c)
{
	char bytes[16384];
	bool discards;
	ssize_t n;

	do {
		errno = 0;
		discards = opt.discard && c->ssl == NULL && c->state == RECEIVING &&
			   c->body_left > (long)sizeof bytes;
		if (discards)
			n = discard(c);
		else if (c->ssl != NULL)
			n = SSL_read(c->ssl, bytes, sizeof bytes);
		else
			n = recv(c->fd, bytes, sizeof bytes, 0);
		if (n > 0 && discards)
			return; /* the others have their turn; what is left is an event again */
		if (n > 0 && c->state == RECEIVING)
			take(c, bytes, (size_t)n);
		else if (n > 0)
			fail(c, OTHER); /* an answer that nobody asked for */
		else if (c->ssl != NULL)
			tls_wait(c, (int)n, TLS_ERROR);
		else if (n == 0)
			fail(c, ENDED);
		else if (errno != EAGAIN)
			fail(c, outcome_of(errno));
	} while (n > 0 && c->state == RECEIVING);
}

static void
shake(struct conn *c)
{
	int ret;

	if (c->ssl == NULL) {
		c->ssl = SSL_new(opt.tls);
		SSL_set_fd(c->ssl, c->fd);
		SSL_set_connect_state(c->ssl);
		c->state = SHAKING;
	}
	errno = 0;
	ret = SSL_do_handshake(c->ssl);
	if (ret == 1)
		send_request(c);
	else
		tls_wait(c, ret, TLS_ERROR);
}

static void
connected(struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof error;
	int64_t us = mono_now().us - c->since_us;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		fail(c, outcome_of(error));
		return;
	}
	run.connects++;
	if (us > run.connect_max_us)
		run.connect_max_us = us;
	if (opt.tls != NULL)
		shake(c);
	else
		send_request(c);
}

static void
on_event(struct conn *c)
{
	switch (c->state) {
	case CONNECTING:
		connected(c);
		break;
	case SHAKING:
		shake(c);
		break;
	case SENDING:
		send_request(c);
		break;
	case RECEIVING:
	case WAITING:
		receive(c);
		break;
	case FREE:
		break;
	}
}

/* Starts what is due and ends what takes too long. */
static void
look_at_all(void)
{
	uint64_t due = UINT64_MAX;
	struct conn *c;

	if (opt.rate > 0)
		due = (uint64_t)(run.now_us - run.begin_us) * opt.rate / 1000000;
	for (unsigned i = 0; i < opt.conns; i++) {
		c = &run.conn[i];
		if (c->state == FREE && run.started < due &&
		    (opt.one_each ? run.started < opt.requests : !c->had_answer || opt.rate))
			open_conn(c);
		else if (c->state == WAITING && opt.interval_ms > 0 && run.now_us >= c->due_us) {
			c->since_us = run.now_us;
			send_request(c);
		} else if (c->state != FREE && c->state != WAITING &&
			   run.now_us - c->since_us > TIMEOUT_MS * 1000)
			fail(c, TIMED_OUT);
	}
}

/* ---- the pace of -R ---- */

static int64_t
turn_us(uint64_t turn)
{
	return run.ready_us + (int64_t)(turn * 1000000 / opt.pace);
}

static void
take_turn(struct conn *c)
{
	c->since_us = turn_us(c->turn);
	c->turn += opt.conns;
	send_request(c);
}

/* Sends what is due. A connection that has no answer yet takes its turn when it has. */
static void
keep_pace(void)
{
	struct conn *c;

	while (turn_us(run.turn) <= mono_now().us && !done()) {
		c = &run.conn[run.turn % opt.conns];
		if (c->state == WAITING && c->turn == run.turn)
			take_turn(c);
		run.turn++;
	}
}

/* At the end: who waits still has waited for so long at least. */
static void
count_the_unanswered(void)
{
	const int64_t now_us = mono_now().us;
	const struct conn *c;

	for (unsigned i = 0; opt.pace > 0 && run.counted_us > 0 && i < opt.conns; i++) {
		c = &run.conn[i];
		if (c->state == SENDING || c->state == RECEIVING)
			note_delay(now_us - c->since_us);
		for (uint64_t turn = c->turn; turn_us(turn) <= now_us; turn += opt.conns)
			note_delay(now_us - turn_us(turn));
	}
}

static int
wait_for_events(struct epoll_event *ev, int size)
{
	struct timespec ts = {.tv_nsec = 1000000};
	int64_t left_us;

	if (opt.pace > 0 && run.ready_us > 0) {
		left_us = turn_us(run.turn) - mono_now().us;
		if (left_us < 1000)
			ts.tv_nsec = left_us > 0 ? left_us * 1000 : 0;
	}
	return epoll_pwait2(run.epoll, ev, size, &ts, NULL);
}

/* ---- the loop ---- */

/* What was before is forgotten. */
static void
count_from_now(void)
{
	run.counted_us = run.now_us;
	run.end_us = run.now_us + (int64_t)(opt.seconds * 1e6);
	run.answers_before = run.answers;
	run.n_latency = 0;
	run.gap_max_us = 0;
}

static void
go_on(struct conn *c)
{
	if (c->state == WAITING && opt.pace > 0) {
		if (run.ready_us > 0 && turn_us(c->turn) <= mono_now().us)
			take_turn(c);
	} else if (c->state == WAITING && opt.interval_ms == 0) {
		/* Without a pause the next request goes out at once. */
		c->since_us = mono_now().us;
		send_request(c);
	} else if (c->state == FREE && opt.one_each && opt.rate == 0 &&
		   run.started < opt.requests) {
		open_conn(c);
	}
}

static void
loop(void)
{
	struct epoll_event ev[256];
	struct conn *c;
	int64_t looked = 0;
	int n;

	while (!done()) {
		run.now_us = mono_now().us;
		if (run.counted_us == 0 && run.ready_us > 0 &&
		    run.now_us - run.ready_us >= (int64_t)opt.warm_ms * 1000)
			count_from_now();
		if (run.now_us - looked >= 1000) {
			look_at_all();
			looked = run.now_us;
		}
		if (opt.pace > 0 && run.ready_us > 0)
			keep_pace();
		n = wait_for_events(ev, 256);
		for (int i = 0; i < n; i++) {
			c = ev[i].data.ptr;
			on_event(c);
			if (!done())
				go_on(c);
		}
	}
}

static int
compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The 99th percentile of n delays; 0: there are none. Sorts them. */
static uint32_t
p99(uint32_t *delay, uint64_t n)
{
	qsort(delay, n, sizeof *delay, compare);
	return n > 0 ? delay[n * 99 / 100] : 0;
}

/* Of each CHUNK delays in a row the 99th percentile: the median of these. A machine that stands still for some
 * milliseconds, as virtual ones do, is in few of them, and in more than 1 % of all. Fewer than CHUNK: of all.
 * Changes their order. */
static uint32_t
typical_p99(uint64_t n)
{
	static uint32_t each[LATENCIES / CHUNK];
	uint64_t chunks = n / CHUNK;

	if (chunks == 0)
		return p99(run.latency, n);
	for (uint64_t i = 0; i < chunks; i++)
		each[i] = p99(run.latency + i * CHUNK, CHUNK);
	qsort(each, chunks, sizeof each[0], compare);
	return each[chunks / 2];
}

static uint64_t
report(void)
{
	uint64_t n = run.n_latency < LATENCIES ? run.n_latency : LATENCIES, errors = 0;
	const int64_t now_us = mono_now().us;
	uint32_t typical = typical_p99(n), of_all = p99(run.latency, n);

	if (run.answer_us > 0 && now_us - run.answer_us > run.gap_max_us)
		run.gap_max_us = now_us - run.answer_us;
	printf("{\"answers\":%llu,\"connects\":%llu,\"bytes\":%llu,\"seconds\":%.3f,",
	    (unsigned long long)run.answers, (unsigned long long)run.connects,
	    (unsigned long long)run.bytes, (double)(now_us - run.begin_us) / 1e6);
	for (int i = 0; i < OUTCOMES; i++) {
		printf("\"%s\":%llu,", outcome_names[i], (unsigned long long)run.outcome[i]);
		errors += i == OK ? 0 : run.outcome[i];
	}
	printf("\"errors\":%llu,\"rate\":%.1f,\"last_ms\":%.3f,\"gap_max_ms\":%.3f,",
	    (unsigned long long)errors,
	    run.counted_us == 0 ? 0.
				: (double)(run.answers - run.answers_before) * 1e6 /
				      (double)(now_us - run.counted_us + 1),
	    run.answer_us == 0 ? 0. : (double)(run.answer_us - run.begin_us) / 1e3,
	    (double)run.gap_max_us / 1e3);
	printf(
	    "\"connect_max_ms\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"typical_p99_ms\":%.3f,\"max_ms\":%.3f,",
	    (double)run.connect_max_us / 1e3, n > 0 ? run.latency[n / 2] / 1e3 : 0., of_all / 1e3,
	    typical / 1e3, n > 0 ? run.latency[n - 1] / 1e3 : 0.);
	printf("\"servers\":{");
	for (unsigned i = 0; i < run.n_servers; i++)
		printf("%s\"%s\":%llu", i > 0 ? "," : "", run.server[i].name,
		    (unsigned long long)run.server[i].n);
	printf("}}\n");
	return errors;
}

static int
usage(const char *what)
{
	fprintf(stderr, "load: %s; see the head of t/tools/load.c\n", what);
	return 2;
}

static const char *
source_option(char *text)
{
	char *slash = strchr(text, '/');
	const char *why;

	if (slash == NULL)
		return "-s is ADDR/COUNT";
	*slash = '\0';
	opt.from_count = (unsigned)atoi(slash + 1);
	why = addr_parse(&opt.from, text, false);
	return why != NULL						 ? why
	       : opt.from_count == 0 || opt.from.sa.sa_family != AF_INET ? "-s is IPv4/COUNT"
									 : NULL;
}

static bool
flag_option(int o)
{
	bool *const flag = o == '1'   ? &opt.one_each
			   : o == 'k' ? &opt.rst
			   : o == 'e' ? &opt.say_each
			   : o == 'x' ? &opt.allow_errors
			   : o == 'y' ? &opt.say_ready
			   : o == 'z' ? &opt.discard
				      : NULL;

	if (flag != NULL)
		*flag = true;
	return flag != NULL;
}

static const char *
options(int argc, char **argv)
{
	const char *why = NULL;
	int o;

	while ((o = getopt(argc, argv, "a:t:p:c:n:d:r:R:i:s:w:1ekxyz")) >= 0)
		switch (o) {
		case 'a':
			why = addr_parse(&opt.to, optarg, false);
			break;
		case 't':
			opt.tls = SSL_CTX_new(TLS_client_method());
			if (SSL_CTX_load_verify_file(opt.tls, optarg) != 1)
				return "-t: no CA there";
			SSL_CTX_set_verify(opt.tls, SSL_VERIFY_PEER, NULL);
			SSL_CTX_set_session_cache_mode(opt.tls, SSL_SESS_CACHE_OFF);
			break;
		case 'p':
			opt.path = optarg;
			break;
		case 'c':
			opt.conns = (unsigned)atoi(optarg);
			break;
		case 'n':
			opt.requests = strtoull(optarg, NULL, 10);
			break;
		case 'd':
			opt.seconds = atof(optarg);
			break;
		case 'r':
			opt.rate = (unsigned)atoi(optarg);
			opt.one_each = true;
			break;
		case 'R':
			opt.pace = (unsigned)atoi(optarg);
			if (opt.pace < 1)
				return "-R is a number from 1";
			break;
		case 'w':
			opt.warm_ms = atoi(optarg);
			break;
		case 'i':
			opt.interval_ms = (unsigned)atoi(optarg);
			break;
		case 's':
			why = source_option(optarg);
			break;
		default:
			if (!flag_option(o))
				return "unknown option";
		}
	if (opt.conns < 1 || opt.conns > CONNS_MAX)
		return "-c is 1..100000";
	if (opt.one_each && (opt.pace > 0 || opt.warm_ms >= 0))
		return "-R and -w are for kept-alive connections, not for -1 or -r";
	if (opt.pace > 0 && opt.warm_ms < 0)
		opt.warm_ms = 0;
	return why != NULL ? why : addr_port(&opt.to) == 0 ? "-a ADDR:PORT is missing" : NULL;
}

static void
begin(void)
{
	run.begin_us = run.now_us = mono_now().us;
	run.end_us = run.begin_us + (int64_t)(opt.seconds * 1e6);
	if (opt.warm_ms < 0)
		run.counted_us = run.begin_us;
	else
		run.end_us += 2000 * TIMEOUT_MS; /* to get there */
}

int
main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};
	const char *why = options(argc, argv);
	uint64_t errors;
	char *heads;

	if (why != NULL)
		return usage(why);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.conn = calloc(opt.conns, sizeof *run.conn);
	heads = calloc(opt.conns, ANSWER);
	if (run.epoll < 0 || run.conn == NULL || heads == NULL)
		return usage("no memory");
	for (unsigned i = 0; i < opt.conns; i++)
		run.conn[i] = (struct conn){.fd = -1, .head = heads + (size_t)i * ANSWER};
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* -R is punctual */
	begin();
	loop();
	count_the_unanswered();
	stop = 1;
	for (unsigned i = 0; i < opt.conns; i++)
		release(&run.conn[i]);
	errors = report();
	return errors > 0 && !opt.allow_errors;
}
