/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/checker_peer.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "t/unit/checker_pki.h"

#define AWAIT_MS 5000

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "peer: %s: %s\n", what, errno != 0 ? strerror(errno) : "failed");
	ERR_print_errors_fp(stderr);
	_exit(99);
}

/* ---- a server's process ---- */

static int
on_sni(SSL *ssl, int *alert, void *arg)
{
	struct peer *p = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	snprintf(p->seen->sni, sizeof p->seen->sni, "%s", name != NULL ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
server_tls(struct peer *p)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	char path[128], name[32];

	snprintf(name, sizeof name, "%s.pem", p->cert);
	need(tls != NULL, "TLS");
	need(SSL_CTX_use_certificate_chain_file(tls, peer_pki_file(path, name)) == 1, path);
	need(
	    SSL_CTX_use_PrivateKey_file(tls, peer_pki_file(path, "key.pem"), SSL_FILETYPE_PEM) == 1,
	    path);
	SSL_CTX_set_tlsext_servername_callback(tls, on_sni);
	SSL_CTX_set_tlsext_servername_arg(tls, p);
	if (p->kind == PEER_TLS_OLD) {
		SSL_CTX_set_max_proto_version(tls, TLS1_1_VERSION);
		SSL_CTX_set_min_proto_version(tls, TLS1_VERSION);
		SSL_CTX_set_security_level(tls, 0);
	}
	if (p->kind == PEER_TLS_STRICT) {
		need(SSL_CTX_load_verify_file(tls, peer_pki_file(path, "ca.pem")) == 1, path);
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	return tls;
}

/* As Go's: reads a head, answers, closes. What the client does next is only looked at. */
static void
serve_tls(struct peer *p, SSL *ssl)
{
	char answer[160];
	int n;

	n = SSL_read(ssl, p->seen->request, sizeof p->seen->request - 1);
	if (n <= 0) {
		/* A check that only shakes hands says goodbye. */
		if (SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN)
			p->seen->clean++;
		else
			p->seen->unclean++;
		SSL_shutdown(ssl);
		return;
	}
	p->seen->request[n] = '\0';
	p->seen->requests++;
	if (p->kind == PEER_TLS_MUTE)
		pause();
	if (p->kind == PEER_TLS_HANGS_UP)
		return;
	n = snprintf(answer, sizeof answer,
	    "HTTP/1.1 %d Status\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", p->status);
	SSL_write(ssl, answer, n);
	SSL_shutdown(ssl);
	p->seen->clean++;
}

static int
kept_read(SSL *ssl, int fd, char *buf, int size)
{
	return ssl != NULL ? SSL_read(ssl, buf, size) : (int)recv(fd, buf, (size_t)size, 0);
}

/* Request after request; ssl NULL: plain. */
static void
serve_kept(struct peer *p, SSL *ssl, int fd)
{
	char answer[160], *request = p->seen->request;
	int n;

	for (int answers = 0;; answers++) {
		n = kept_read(ssl, fd, request, sizeof p->seen->request - 1);
		if (n <= 0 && (ssl == NULL || SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN))
			p->seen->clean++;
		else if (n <= 0)
			p->seen->unclean++;
		if (n <= 0)
			return;
		request[n] = '\0';
		p->seen->requests++;
		if (p->kind == PEER_KEEPS_DEAF && answers > 0)
			return;
		if (p->kind == PEER_KEEPS_MUTE && answers > 0)
			continue;
		n = snprintf(answer, sizeof answer,
		    "HTTP/1.1 %d Status\r\nContent-Length: 2\r\n\r\nok", p->status);
		if (ssl != NULL)
			SSL_write(ssl, answer, n);
		else
			(void)send(fd, answer, (size_t)n, MSG_NOSIGNAL);
		if (p->kind != PEER_KEEPS_LEAVES && strstr(request, "Connection: close") == NULL)
			continue;
		p->seen->clean++;
		if (ssl != NULL)
			SSL_shutdown(ssl);
		return;
	}
}

static bool
keeps(enum peer_kind kind)
{
	return kind >= PEER_KEEPS_HTTP;
}

static void
handle_tls(struct peer *p, SSL_CTX *tls, int fd)
{
	SSL *ssl = SSL_new(tls);
	char trash[1024];

	need(ssl != NULL && SSL_set_fd(ssl, fd) == 1, "TLS");
	if (SSL_accept(ssl) == 1 && keeps(p->kind))
		serve_kept(p, ssl, fd);
	else if (SSL_is_init_finished(ssl))
		serve_tls(p, ssl);
	else {
		p->seen->handshake_errors++;
		/* A RST because of unread bytes could overtake the alert. */
		shutdown(fd, SHUT_WR);
		while (recv(fd, trash, sizeof trash, 0) > 0)
			;
	}
	ERR_clear_error();
	SSL_free(ssl);
}

static void
handle_plain(struct peer *p, int fd)
{
	static const char greeting[] = "SSH-2.0-peer\r\n";
	char answer[160];
	ssize_t n;

	switch (p->kind) {
	case PEER_MUTE:
		while (recv(fd, answer, sizeof answer, 0) > 0)
			;
		return;
	case PEER_SPEAKS:
		(void)send(fd, greeting, sizeof greeting - 1, MSG_NOSIGNAL);
		while (recv(fd, answer, sizeof answer, 0) > 0)
			;
		return;
	case PEER_HTTP:
		n = recv(fd, p->seen->request, sizeof p->seen->request - 1, 0);
		if (n <= 0)
			return;
		p->seen->request[n] = '\0';
		p->seen->requests++;
		n = snprintf(answer, sizeof answer,
		    "HTTP/1.0 %d Status\r\nConnection: close\r\n\r\nok", p->status);
		(void)send(fd, answer, (size_t)n, MSG_NOSIGNAL);
		return;
	case PEER_KEEPS_HTTP:
		serve_kept(p, NULL, fd);
		return;
	default: /* PEER_HANGS_UP */
		return;
	}
}

static bool
speaks_tls(enum peer_kind kind)
{
	return kind == PEER_HTTPS || kind == PEER_TLS_MUTE || kind == PEER_TLS_HANGS_UP ||
	       kind == PEER_TLS_OLD || kind == PEER_TLS_STRICT || kind > PEER_KEEPS_HTTP;
}

static _Noreturn void
serve(struct peer *p, int listener)
{
	SSL_CTX *tls = speaks_tls(p->kind) ? server_tls(p) : NULL;
	struct addr from;
	socklen_t len;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		len = sizeof from;
		fd = accept(listener, &from.sa, &len);
		if (fd < 0)
			continue;
		addr_print_ip(&from, p->seen->from, sizeof p->seen->from);
		p->seen->accepted++;
		if (tls != NULL)
			handle_tls(p, tls, fd);
		else
			handle_plain(p, fd);
		close(fd);
	}
}

static int
listener_on(struct addr *a, int backlog)
{
	const int on = 1;
	socklen_t len;
	int fd;

	if (a->sa.sa_family == AF_UNSPEC)
		need(addr_parse(a, "127.0.0.1", false) == NULL, "address");
	len = addr_len(a);
	fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	need(bind(fd, &a->sa, len) == 0, "bind");
	need(backlog < 0 || listen(fd, backlog) == 0, "listen");
	need(getsockname(fd, &a->sa, &len) == 0, "getsockname");
	return fd;
}

void
peer_start(struct peer *p)
{
	pid_t parent = getpid();
	int fd = listener_on(&p->addr, 64);

	peer_pki();
	if (p->cert == NULL)
		p->cert = "server";
	if (p->status == 0)
		p->status = 200;
	if (p->seen == NULL)
		p->seen = mmap(NULL, sizeof *p->seen, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(p->seen != MAP_FAILED, "mmap");
	fflush(NULL);
	p->pid = fork();
	need(p->pid >= 0, "fork");
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		serve(p, fd);
	}
	close(fd);
}

void
peer_stop(struct peer *p)
{
	kill(p->pid, SIGKILL);
	need(waitpid(p->pid, NULL, 0) == p->pid, "waitpid");
	p->pid = 0;
}

bool
peer_await(const atomic_int *counter, int n)
{
	struct mono end = mono_add_ms(mono_now(), AWAIT_MS);

	while (*counter < n) {
		if (mono_now().us > end.us)
			return false;
		poll(NULL, 0, 2);
	}
	return true;
}

void
peer_refusing(struct addr *a)
{
	memset(a, 0, sizeof *a);
	(void)listener_on(a, -1);
}

void
peer_unreachable(struct addr *a)
{
	struct pollfd p = {.events = POLLOUT};

	memset(a, 0, sizeof *a);
	(void)listener_on(a, 0);
	/* Until one gets no answer. */
	do {
		p.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		need(p.fd >= 0, "socket");
		(void)connect(p.fd, &a->sa, addr_len(a));
	} while (poll(&p, 1, 200) == 1);
}

/* ---- configuration ---- */

struct conf *
peer_conf(const struct addr *server)
{
	static char code[] = "200", *codes[1], file[] = "kha.conf";
	static struct conf conf;
	static struct conf_service service;
	static struct conf_server one;
	static char ca[128], empty[1], path[] = "/readyz", name[] = "api", server_name[] = "cp-1";

	memset(&conf, 0, sizeof conf);
	memset(&service, 0, sizeof service);
	memset(&one, 0, sizeof one);
	codes[0] = code;
	conf.path = file;
	conf.services = &service;
	conf.n_services = 1;
	service.line = 7;
	service.name = name;
	service.servers = &one;
	service.n_servers = 1;
	one.name = server_name;
	one.addr = *server;
	snprintf(ca, sizeof ca, "%s/ca.pem", peer_pki());
	service.check = (struct conf_check){
	    .type = CHECK_HTTPS,
	    .path = path,
	    .port = CONF_AUTO,
	    .host = empty,
	    .sni = empty,
	    .expect = {codes, 1},
	    .ca = ca,
	    .verify = VERIFY_WARN,
	    .cert = empty,
	    .key = empty,
	    .interval = 3000,
	    .fast_interval = 1000,
	    .down_interval = 3000,
	    .connect_timeout = 2000,
	    .timeout = 5000,
	    .rise = 2,
	    .fall = 3,
	};
	return &conf;
}
