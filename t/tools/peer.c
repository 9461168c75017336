/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One TCP connection by script, from either end; every step is checked, the first that fails is
 * named and ends it with 1.
 *
 *	peer listen ADDR:PORT accept STEP...	peer connect ADDR:PORT [from ADDR:PORT] STEP...
 *	peer serve ADDR:PORT STEP...		each client by the script in a process of its own;
 *						prints the address of each, until TERM
 *	peer scan ADDR:PORT N fin|rst		N connects, one after the other
 *
 *	send TEXT	recv TEXT	exactly that
 *	pattern N	expect N	N bytes of a sequence that shows any byte out of place
 *	duplex N	both at the same time, then FIN both ways
 *	fin		rst		end our direction; break the connection
 *	eof		reset		the other end did so
 *	sendfile PATH	sends it, whatever becomes of it
 *	sendslow PATH MS	the same, one byte each MS
 *	recvfile PATH	exactly its bytes
 *	drain		reads to the end and prints how many bytes
 *	drip TEXT MS	sends one byte each MS, over and over
 *	pause MS
 * A step may take STEP_MS at most.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/addr.h"

#define STEP_MS 25000
#define BLOCK	65536

static const char *step = "start";
/* A RST may come before connect() has returned: then it is connect() that tells. */
static bool reset_early;

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "peer: %s: %s\n", step, what);
	exit(1);
}

/* Byte `i` of the sequence: no short period, so that nothing lost or doubled goes unseen. */
static unsigned char
byte_at(uint64_t i)
{
	uint64_t x = (i / 8 + 1) * UINT64_C(0x9e3779b97f4a7c15);

	x ^= x >> 29;
	return (unsigned char)(x >> (i % 8 * 8));
}

static void
fill(unsigned char *to, uint64_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = byte_at(at + i);
}

static void
compare(const unsigned char *got, uint64_t at, size_t n)
{
	char text[64];

	for (size_t i = 0; i < n; i++)
		if (got[i] != byte_at(at + i)) {
			snprintf(
			    text, sizeof text, "byte %llu is wrong", (unsigned long long)(at + i));
			fail(text);
		}
}

static size_t
smaller(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

static void
send_all(int fd, const void *bytes, size_t n)
{
	ssize_t sent;

	for (size_t done = 0; done < n; done += (size_t)sent) {
		sent = send(fd, (const char *)bytes + done, n - done, MSG_NOSIGNAL);
		if (sent <= 0)
			fail(strerror(errno));
	}
}

static void
recv_text(int fd, const char *text)
{
	char got[256] = {0};
	size_t len = strlen(text), n = 0;
	ssize_t r;

	while (n < len) {
		r = recv(fd, got + n, len - n, 0);
		if (r <= 0)
			fail(r == 0 ? "the other end ended" : strerror(errno));
		n += (size_t)r;
	}
	if (memcmp(got, text, len) != 0)
		fail("other bytes came");
}

static void
send_pattern(int fd, uint64_t n)
{
	static unsigned char block[BLOCK];
	size_t size;

	for (uint64_t at = 0; at < n; at += size) {
		size = smaller(n - at, BLOCK);
		fill(block, at, size);
		send_all(fd, block, size);
	}
}

static void
expect_pattern(int fd, uint64_t n)
{
	static unsigned char block[BLOCK];
	ssize_t r;

	for (uint64_t at = 0; at < n; at += (uint64_t)r) {
		r = recv(fd, block, smaller(n - at, BLOCK), 0);
		if (r <= 0)
			fail(r == 0 ? "ended too early" : strerror(errno));
		compare(block, at, (size_t)r);
	}
}

static void
duplex(int fd, uint64_t n)
{
	static unsigned char out[BLOCK], in[BLOCK];
	uint64_t sent = 0, got = 0;
	struct pollfd p = {.fd = fd};
	bool fin = false, eof = false;
	ssize_t r;

	while (!fin || !eof) {
		p.events = (short)((sent < n ? POLLOUT : 0) | (eof ? 0 : POLLIN));
		if (poll(&p, 1, STEP_MS) <= 0)
			fail("nothing moves");
		if (p.revents & POLLOUT) {
			fill(out, sent, smaller(n - sent, BLOCK));
			r = send(fd, out, smaller(n - sent, BLOCK), MSG_NOSIGNAL | MSG_DONTWAIT);
			if (r < 0 && errno != EAGAIN)
				fail(strerror(errno));
			sent += r > 0 ? (uint64_t)r : 0;
		}
		if (sent == n && !fin) {
			shutdown(fd, SHUT_WR);
			fin = true;
		}
		if (p.revents & (POLLIN | POLLERR | POLLHUP)) {
			r = recv(fd, in, BLOCK, MSG_DONTWAIT);
			if (r < 0 && errno != EAGAIN)
				fail(strerror(errno));
			if (r > 0)
				compare(in, got, (size_t)r);
			got += r > 0 ? (uint64_t)r : 0;
			eof = r == 0;
		}
	}
	if (got != n)
		fail("a wrong number of bytes");
}

/* After a FIN was read, a RST shows as an error only. */
static void
expect_reset_behind_fin(int fd)
{
	struct pollfd p = {.fd = fd};
	int error = 0;
	socklen_t len = sizeof error;

	if (poll(&p, 1, STEP_MS) <= 0)
		fail("nothing came");
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ||
	    (error != ECONNRESET && error != EPIPE))
		fail("no RST came");
}

static void
expect_end(int fd, bool reset)
{
	static bool fin;
	char byte;
	ssize_t r;

	if (fin && reset) {
		expect_reset_behind_fin(fd);
		return;
	}
	r = recv(fd, &byte, 1, 0);
	fin = r == 0;
	if (r > 0)
		fail("more bytes came");
	if (r == 0 && reset)
		fail("a FIN came, not a RST");
	if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		fail("nothing came");
	if (r < 0 && (!reset || errno != ECONNRESET))
		fail(strerror(errno));
}

static void
drain(int fd)
{
	static char block[BLOCK];
	unsigned long long n = 0;
	ssize_t r;

	while ((r = recv(fd, block, sizeof block, 0)) > 0)
		n += (unsigned long long)r;
	printf("%llu bytes, then %s\n", n, r == 0 ? "FIN" : strerror(errno));
}

static void
break_it(int fd)
{
	struct linger now = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

static void
limit_steps(int fd)
{
	struct timeval tv = {.tv_sec = STEP_MS / 1000};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

static int
open_socket(const char *where, struct addr *a)
{
	const char *why = addr_parse(a, where, false);
	int one = 1, fd;

	if (why != NULL)
		fail(why);
	fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	return fd;
}

static int
ready_conn(int conn)
{
	int one = 1;

	limit_steps(conn);
	setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return conn;
}

/* from: NULL, or the address to connect from. */
static int
connect_to(const char *where, const char *from)
{
	struct addr a, own;
	const char *why;
	int fd = open_socket(where, &a);

	if (from != NULL) {
		why = addr_parse(&own, from, false);
		if (why != NULL)
			fail(why);
		if (bind(fd, &own.sa, addr_len(&own)) != 0)
			fail(strerror(errno));
	}
	if (connect(fd, &a.sa, addr_len(&a)) != 0) {
		if (errno != ECONNRESET)
			fail(strerror(errno));
		reset_early = true;
	}
	return ready_conn(fd);
}

static int
listen_on(const char *where)
{
	struct addr a;
	int fd = open_socket(where, &a);

	if (bind(fd, &a.sa, addr_len(&a)) != 0 || listen(fd, 1024) != 0)
		fail(strerror(errno));
	return fd;
}

static int
accept_one(const char *where)
{
	int fd = listen_on(where), conn;

	limit_steps(fd);
	conn = accept(fd, NULL, NULL);
	if (conn < 0)
		fail(strerror(errno));
	close(fd);
	return ready_conn(conn);
}

/* Returns in the process of each client. */
static int
serve(const char *where)
{
	int fd = listen_on(where), conn;
	char text[ADDR_TEXT];
	struct addr client;
	socklen_t len;

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		len = sizeof client;
		conn = accept(fd, &client.sa, &len);
		if (conn < 0)
			fail(strerror(errno));
		puts(addr_print(&client, text, sizeof text));
		fflush(stdout);
		if (fork() == 0) {
			close(fd);
			return ready_conn(conn);
		}
		close(conn);
	}
}

static int
scan(const char *where, int n, bool rst)
{
	int fd;

	for (int i = 0; i < n; i++) {
		fd = connect_to(where, NULL);
		if (rst)
			break_it(fd);
		else
			close(fd);
	}
	return 0;
}

static void
send_file(int fd, const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		fail(strerror(errno));
	while (sendfile(fd, file, NULL, BLOCK) > 0)
		;
	close(file);
}

static void
send_slowly(int fd, const char *path, int ms)
{
	FILE *file = fopen(path, "rbe");
	int byte;

	if (file == NULL)
		fail(strerror(errno));
	while ((byte = getc(file)) != EOF) {
		if (send(fd, &(char){(char)byte}, 1, MSG_NOSIGNAL) != 1)
			break;
		usleep((unsigned)ms * 1000);
	}
	fclose(file);
}

static void
recv_file(int fd, const char *path)
{
	FILE *file = fopen(path, "rbe");
	unsigned long at = 0;
	unsigned char got;
	char text[64];
	int byte;

	if (file == NULL)
		fail(strerror(errno));
	for (; (byte = getc(file)) != EOF; at++) {
		ssize_t r = recv(fd, &got, 1, 0);

		if (r <= 0)
			fail(r == 0 ? "the other end ended" : strerror(errno));
		if (got != byte) {
			snprintf(text, sizeof text, "byte %lu is %02x, not %02x", at, got,
			    (unsigned)byte);
			fail(text);
		}
	}
	fclose(file);
}

static _Noreturn void
drip(int fd, const char *text, int ms)
{
	for (;;)
		for (const char *p = text; *p != '\0'; p++) {
			send_all(fd, p, 1);
			usleep((unsigned)ms * 1000);
		}
}

static void
run(int fd, int argc, char **argv)
{
	const char *arg;

	for (int i = 0; i < argc; i++) {
		step = argv[i];
		arg = i + 1 < argc ? argv[i + 1] : "";
		if (reset_early) {
			if (strcmp(step, "reset") != 0)
				fail(strerror(ECONNRESET));
			break;
		}
		if (strcmp(step, "send") == 0)
			send_all(fd, arg, strlen(arg)), i++;
		else if (strcmp(step, "recv") == 0)
			recv_text(fd, arg), i++;
		else if (strcmp(step, "pattern") == 0)
			send_pattern(fd, strtoull(arg, NULL, 10)), i++;
		else if (strcmp(step, "expect") == 0)
			expect_pattern(fd, strtoull(arg, NULL, 10)), i++;
		else if (strcmp(step, "duplex") == 0)
			duplex(fd, strtoull(arg, NULL, 10)), i++;
		else if (strcmp(step, "pause") == 0)
			usleep((unsigned)atoi(arg) * 1000), i++;
		else if (strcmp(step, "sendfile") == 0)
			send_file(fd, arg), i++;
		else if (strcmp(step, "sendslow") == 0 && i + 2 < argc)
			send_slowly(fd, arg, atoi(argv[i + 2])), i += 2;
		else if (strcmp(step, "recvfile") == 0)
			recv_file(fd, arg), i++;
		else if (strcmp(step, "drip") == 0 && i + 2 < argc)
			drip(fd, arg, atoi(argv[i + 2]));
		else if (strcmp(step, "fin") == 0)
			shutdown(fd, SHUT_WR);
		else if (strcmp(step, "rst") == 0) {
			break_it(fd);
			return;
		} else if (strcmp(step, "eof") == 0)
			expect_end(fd, false);
		else if (strcmp(step, "reset") == 0)
			expect_end(fd, true);
		else if (strcmp(step, "drain") == 0)
			drain(fd);
		else if (strcmp(step, "accept") != 0)
			fail("no such step");
	}
	close(fd);
}

int
main(int argc, char **argv)
{
	const char *from = NULL;
	int at = 3;

	if (argc == 5 && strcmp(argv[1], "scan") == 0)
		return scan(argv[2], atoi(argv[3]), strcmp(argv[4], "rst") == 0);
	if (argc > 5 && strcmp(argv[3], "from") == 0) {
		from = argv[4];
		at = 5;
	}
	if (argc > at && strcmp(argv[1], "listen") == 0)
		run(accept_one(argv[2]), argc - at, argv + at);
	else if (argc > at && strcmp(argv[1], "serve") == 0)
		run(serve(argv[2]), argc - at, argv + at);
	else if (argc > at && strcmp(argv[1], "connect") == 0)
		run(connect_to(argv[2], from), argc - at, argv + at);
	else
		fail("usage: see the head of t/tools/peer.c");
	return 0;
}
