/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stand-in for a Kubernetes API server, for demo and tests: HTTP/1.1 over TLS, or without
 * (no -c). A thread for each connection, which sleeps in poll() and holds no buffer meanwhile.
 *
 *	apiserver -l ADDR:PORT [-c cert.pem -k key.pem] [-n NAME] [--status CODE] [--hang]
 *		[--delay MS] [--trace]
 *
 *	GET /readyz /livez /healthz	"ok", or --status for /readyz; SIGUSR1 turns /readyz to
 *					500 and back
 *	GET /version /api /whoami	JSON with the server's name
 *	GET /bytes/N			N bytes, abc...zabc...
 *	GET /watch?n=COUNT&ms=INTERVAL	COUNT lines of JSON, chunked, one each INTERVAL
 *	POST anything			{"received":N} after N bytes (Content-Length)
 *
 * Each answer has the name in X-Server. Prints "listening" when it does. Complains as Go's
 * net/http does about handshakes that fail. On TERM prints its counts as JSON and ends: "most" is
 * how many connections there were at a time, of which nobody had closed his end.
 * --hang: accepts and never says a word. --delay: answers so late, except /readyz. --trace:
 * prints the header X-Number of each request in the order of their arrival.
 */
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"
#include "t/tools/wire.h"

#define STACK	(128 * 1024)
#define PATTERN (26 * 630) /* a TLS record's worth of alphabets */

struct conn {
	struct wire wire;
	struct addr peer;
	bool keep;
};

static struct {
	int listener;
	SSL_CTX *tls;
	const char *name;
	int ready_status, delay_ms;
	bool hang, trace;
	atomic_bool unready;
	atomic_ulong requests, connections, handshake_errors;

	/* Sockets of open connections, in no order. */
	pthread_mutex_t lock;
	struct pollfd *open;
	size_t n_open, room;
	size_t most; /* of `open` at a time, whose other end was open as well */
} srv = {.name = "apiserver", .ready_status = 200, .lock = PTHREAD_MUTEX_INITIALIZER};

static char pattern[PATTERN];

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "apiserver: %s: %s\n", what, errno != 0 ? strerror(errno) : "failed");
	ERR_print_errors_fp(stderr);
	exit(1);
}

/* ---- answers; false: the connection is of no use any more ---- */

static int
head(const struct conn *c, char *buf, size_t size, int status, const char *type)
{
	return snprintf(buf, size, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nX-Server: %s\r\n%s",
	    status, status == 200 ? "OK" : "Not OK", type, srv.name,
	    c->keep ? "" : "Connection: close\r\n");
}

static bool
answer(struct conn *c, int status, const char *type, const char *body)
{
	char buf[1024];
	int n = head(c, buf, sizeof buf, status, type);

	n += snprintf(
	    buf + n, sizeof buf - (size_t)n, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	return wire_write(&c->wire, buf, (size_t)n);
}

static bool
answer_bytes(struct conn *c, uint64_t left)
{
	char buf[512];
	int n = head(c, buf, sizeof buf, 200, "application/octet-stream");

	n += snprintf(buf + n, sizeof buf - (size_t)n, "Content-Length: %llu\r\n\r\n",
	    (unsigned long long)left);
	if (!wire_write(&c->wire, buf, (size_t)n))
		return false;
	for (; left > PATTERN; left -= PATTERN)
		if (!wire_write(&c->wire, pattern, PATTERN))
			return false;
	return wire_write(&c->wire, pattern, left);
}

static bool
answer_watch(struct conn *c, const char *query)
{
	const char *count = strstr(query, "n="), *interval = strstr(query, "ms=");
	unsigned long lines = count != NULL ? strtoul(count + 2, NULL, 10) : 10;
	int ms = interval != NULL ? atoi(interval + 3) : 100, n;
	struct mono due = mono_now();
	char buf[512], line[200];

	n = head(c, buf, sizeof buf, 200, "application/json");
	n += snprintf(buf + n, sizeof buf - (size_t)n, "Transfer-Encoding: chunked\r\n\r\n");
	if (!wire_write(&c->wire, buf, (size_t)n))
		return false;
	for (unsigned long i = 0; i < lines; i++) {
		due = mono_add_ms(due, ms);
		n = (int)mono_diff_ms(mono_now(), due);
		/* A client that speaks or leaves meanwhile has lost interest. */
		if (n > 0 && wire_wait(&c->wire, n))
			return false;
		n = snprintf(line, sizeof line,
		    "{\"type\":\"MODIFIED\",\"server\":\"%s\",\"n\":%lu}\n", srv.name, i);
		n = snprintf(buf, sizeof buf, "%x\r\n%s\r\n", n, line);
		if (!wire_write(&c->wire, buf, (size_t)n))
			return false;
	}
	return wire_write(&c->wire, "0\r\n\r\n", 5);
}

static bool
is_path(const char *path, const char *name)
{
	size_t len = strlen(name);

	return strncmp(path, name, len) == 0 && strchr("?/", path[len]) != NULL;
}

static bool
answer_get(struct conn *c, const char *path)
{
	int ready = srv.unready ? 500 : srv.ready_status;
	char body[300];

	if (is_path(path, "/readyz"))
		return answer(c, ready, "text/plain", ready == 200 ? "ok" : "[-]not ready\n");
	if (is_path(path, "/livez") || is_path(path, "/healthz"))
		return answer(c, 200, "text/plain", "ok");
	if (is_path(path, "/version") || is_path(path, "/api") || is_path(path, "/whoami")) {
		snprintf(body, sizeof body,
		    "{\"kind\":\"%.*s\",\"server\":\"%s\",\"gitVersion\":\"v1.31.0\"}\n",
		    (int)strcspn(path + 1, "?/"), path + 1, srv.name);
		return answer(c, 200, "application/json", body);
	}
	if (strncmp(path, "/bytes/", 7) == 0)
		return answer_bytes(c, strtoull(path + 7, NULL, 10));
	if (is_path(path, "/watch"))
		return answer_watch(c, path);
	return answer(c, 404, "application/json", "{\"kind\":\"Status\",\"code\":404}\n");
}

static bool
answer_post(struct conn *c, uint64_t left)
{
	char body[64], trash[16384];
	unsigned long long all = left;
	size_t take = c->wire.in_len < left ? c->wire.in_len : (size_t)left;
	ssize_t n;

	memmove(c->wire.in, c->wire.in + take, c->wire.in_len - take);
	c->wire.in_len -= take;
	for (left -= take; left > 0; left -= (uint64_t)n) {
		n = wire_read(&c->wire, trash, left < sizeof trash ? left : sizeof trash);
		if (n < 0)
			return false;
	}
	snprintf(body, sizeof body, "{\"received\":%llu}\n", all);
	return answer(c, 200, "application/json", body);
}

/* ---- requests ---- */

static bool
serve_request(struct conn *c)
{
	char text[WIRE_HEAD + 1], *path, *blank;
	const char *close_it, *length, *number;

	if (!wire_read_head(&c->wire, text))
		return false;
	srv.requests++;
	number = srv.trace ? wire_header(text, "X-Number") : NULL;
	if (number != NULL)
		printf("%.*s\n", (int)strcspn(number, "\r"), number);
	close_it = wire_header(text, "Connection");
	length = wire_header(text, "Content-Length");
	c->keep = close_it == NULL || strncasecmp(close_it, "close", 5) != 0;
	path = strchr(text, ' ');
	blank = path != NULL ? strchr(path + 1, ' ') : NULL;
	if (blank == NULL)
		return false;
	if (strncmp(text, "POST ", 5) == 0)
		return answer_post(c, length != NULL ? strtoull(length, NULL, 10) : 0) && c->keep;
	*blank = '\0';
	if (srv.delay_ms > 0 && !is_path(path + 1, "/readyz"))
		usleep((unsigned)srv.delay_ms * 1000);
	return answer_get(c, path + 1) && c->keep;
}

/* ---- connections ---- */

/* Those whose end came meanwhile are no longer there, though their threads have not seen it yet. */
static void
count_open(void)
{
	size_t n = 0;

	if (srv.n_open <= srv.most)
		return;
	if (poll(srv.open, srv.n_open, 0) < 0)
		die("poll");
	for (size_t i = 0; i < srv.n_open; i++)
		n += srv.open[i].revents == 0;
	if (n > srv.most)
		srv.most = n;
}

static void
note_open(int fd)
{
	pthread_mutex_lock(&srv.lock);
	if (srv.n_open == srv.room) {
		srv.room = 2 * srv.room + 16;
		srv.open = realloc(srv.open, srv.room * sizeof *srv.open);
		if (srv.open == NULL)
			die("memory");
	}
	srv.open[srv.n_open++] = (struct pollfd){.fd = fd, .events = POLLRDHUP};
	count_open();
	pthread_mutex_unlock(&srv.lock);
}

static void
note_closed(int fd)
{
	pthread_mutex_lock(&srv.lock);
	for (size_t i = 0; i < srv.n_open; i++)
		if (srv.open[i].fd == fd)
			srv.open[i] = srv.open[--srv.n_open];
	pthread_mutex_unlock(&srv.lock);
}

static bool
handshake(struct conn *c)
{
	char text[ADDR_TEXT];
	const char *why = "EOF";
	unsigned long e;
	int error;

	if (srv.tls == NULL)
		return true;
	c->wire.ssl = SSL_new(srv.tls);
	if (c->wire.ssl == NULL || SSL_set_fd(c->wire.ssl, c->wire.fd) != 1)
		die("TLS");
	errno = 0;
	if (SSL_accept(c->wire.ssl) == 1)
		return true;
	error = errno;
	e = ERR_peek_error();
	if (e == 0 && error != 0)
		why = strerror(error);
	else if (e != 0 && ERR_GET_REASON(e) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
		why = ERR_reason_error_string(e);
	fprintf(stderr, "http: TLS handshake error from %s: %s\n",
	    addr_print(&c->peer, text, sizeof text), why);
	srv.handshake_errors++;
	return false;
}

static void *
conn_main(void *arg)
{
	struct conn *c = arg;
	bool shaken = false;

	if (srv.hang) {
		while (recv(c->wire.fd, &(char[4096]){0}, 4096, 0) > 0)
			;
	} else if ((shaken = handshake(c))) {
		while (serve_request(c))
			;
	}
	ERR_clear_error();
	if (c->wire.ssl != NULL && shaken)
		SSL_shutdown(c->wire.ssl);
	SSL_free(c->wire.ssl);
	ERR_clear_error();
	/* Before the other end can see it. */
	note_closed(c->wire.fd);
	close(c->wire.fd);
	free(c->wire.in);
	free(c);
	return NULL;
}

static void *
accept_main(void *arg)
{
	pthread_attr_t attr;
	const int on = 1;
	struct conn *c;
	pthread_t thread;
	socklen_t len;

	(void)arg;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (;;) {
		c = calloc(1, sizeof *c);
		len = sizeof c->peer;
		if (c == NULL)
			die("memory");
		c->wire.fd = accept4(srv.listener, &c->peer.sa, &len, SOCK_CLOEXEC);
		if (c->wire.fd < 0) {
			if (errno != ECONNABORTED && errno != EINTR)
				die("accept");
			free(c);
			continue;
		}
		addr_unmap(&c->peer);
		srv.connections++;
		note_open(c->wire.fd);
		setsockopt(c->wire.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (pthread_create(&thread, &attr, conn_main, c) != 0)
			die("thread");
	}
}

/* ---- the process ---- */

static void
setup(const char *where, const char *cert, const char *key)
{
	const int on = 1;
	struct rlimit files;
	struct addr a;
	const char *why = addr_parse(&a, where, true);

	if (why != NULL || addr_port(&a) == 0) {
		fprintf(stderr, "apiserver: -l %s: %s\n", where, why != NULL ? why : "no port");
		exit(2);
	}
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < PATTERN; i++)
		pattern[i] = (char)('a' + i % 26);
	if (cert != NULL) {
		srv.tls = wire_tls_server(cert, key);
		if (srv.tls == NULL)
			die("certificate and key");
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	srv.listener = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(srv.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(srv.listener, &a.sa, addr_len(&a)) != 0 || listen(srv.listener, 4096) != 0)
		die(where);
}

static _Noreturn void
serve(void)
{
	pthread_t thread;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&thread, NULL, accept_main, NULL) != 0)
		die("thread");
	setlinebuf(stdout);
	puts("listening");
	while (sigwait(&set, &sig) == 0 && sig == SIGUSR1)
		srv.unready = !srv.unready;
	printf("{\"server\":\"%s\",\"requests\":%lu,\"connections\":%lu,\"most\":%zu,"
	       "\"handshake_errors\":%lu}\n",
	    srv.name, srv.requests, srv.connections, srv.most, srv.handshake_errors);
	/* _exit: other threads are in the middle of things that exit() would take down.
	 */
	_exit(fflush(stdout) == 0 ? 0 : 1);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {{"status", required_argument, NULL, 's'},
	    {"hang", no_argument, NULL, 'h'}, {"delay", required_argument, NULL, 'd'},
	    {"trace", no_argument, NULL, 't'}, {NULL, 0, NULL, 0}};
	const char *where = NULL, *cert = NULL, *key = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, "l:c:k:n:", longs, NULL)) != -1) {
		switch (opt) {
		case 'l':
			where = optarg;
			break;
		case 'c':
			cert = optarg;
			break;
		case 'k':
			key = optarg;
			break;
		case 'n':
			srv.name = strndup(optarg, 60);
			break;
		case 's':
			srv.ready_status = atoi(optarg);
			break;
		case 'h':
			srv.hang = true;
			break;
		case 'd':
			srv.delay_ms = atoi(optarg);
			break;
		case 't':
			srv.trace = true;
			break;
		default:
			where = NULL;
			optind = argc;
		}
	}
	if (where == NULL || (cert == NULL) != (key == NULL) || strlen(srv.name) > 60) {
		fprintf(stderr, "usage: apiserver -l ADDR:PORT [-c cert.pem -k key.pem] [-n NAME] "
				"[--status CODE] [--hang] [--delay MS] [--trace]\n");
		return 2;
	}
	setup(where, cert, key);
	serve();
}
