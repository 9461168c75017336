/* SPDX-License-Identifier: BSD-2-Clause */
#include "checker/steps.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/proxy.h"
#include "checker/tls.h"
#include "shm/health.h"

/* ---- connect ---- */

/* The system's words, in the way of ours. */
static const char *
words(int error, char *buf, size_t size)
{
	snprintf(buf, size, "%s", strerror(error));
	buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

/* Errors that say something about this machine and nothing about the server. */
static bool
is_ours(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EADDRNOTAVAIL:
	case EADDRINUSE:
	case EAGAIN:
	case EACCES:
	case EPERM:
	case EAFNOSUPPORT:
		return true;
	default:
		return false;
	}
}

enum step
probe_not_connected(struct probe *p, int error)
{
	char text[100];

	return probe_finish(p, is_ours(error) ? RESULT_SOCKERR : RESULT_L4CON, (unsigned)error,
	    "%s", words(error, text, sizeof text));
}

/* A port of ours that the kernel chose may be the very one that is asked for; TCP then connects
 * the socket with itself. */
static bool
is_self(const struct probe *p)
{
	struct addr local;
	socklen_t len = sizeof local;

	memset(&local, 0, sizeof local);
	return getsockname(p->fd, &local.sa, &len) == 0 && addr_equal(&local, &p->plan->addr);
}

/* The server waits for a PROXY header before all else. Version 2 says that nobody stands behind the
 * check; the UNKNOWN of version 1 is refused by some, so that one names our own address. */
static bool
announce(const struct probe *p)
{
	uint8_t header[PROXY_MAKE_MAX];
	struct addr local;
	socklen_t len = sizeof local;
	size_t n;

	memset(&local, 0, sizeof local);
	if (getsockname(p->fd, &local.sa, &len) != 0)
		return false;
	n = proxy_make(
	    p->plan->proxy, &local, &p->plan->addr, p->plan->proxy == 2, header, sizeof header);
	/* The buffer of a new socket has room for it. */
	return n > 0 && send(p->fd, header, n, MSG_NOSIGNAL) == (ssize_t)n;
}

enum step
step_connect(struct probe *p)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == ETIMEDOUT)
		return probe_finish(p, RESULT_L4TOUT, ETIMEDOUT, "connect timed out");
	if (error == 0 && is_self(p))
		error = ECONNREFUSED;
	if (error != 0)
		return probe_not_connected(p, error);
	if (p->plan->check->type == CHECK_TCP)
		return probe_finish(p, RESULT_L4OK, 0, "connected");
	if (p->plan->proxy > 0 && !announce(p))
		return probe_not_connected(p, errno);
	probe_arm(p, p->plan->check->timeout - mono_diff_ms(p->started, mono_now()));
	p->shaken = p->outcome;
	p->phase = p->plan->tls != NULL ? PROBE_HANDSHAKE : PROBE_SEND;
	return STEP_NEXT;
}

/* ---- TLS ---- */

/* A connection that was kept, and of which nothing came: it may be gone since long. */
static bool
is_stale(const struct probe *p)
{
	return p->reused && p->status.seen == 0;
}

/* The connection broke: by the server, or because OpenSSL wants no more. */
static enum step
broken(struct probe *p, const struct tls_failure *f, enum check_result result)
{
	struct tls_facts facts;

	if (is_stale(p))
		return probe_again(p);
	if (p->tls != NULL) {
		tls_facts(p->tls, &facts);
		p->outcome.cert = facts.cert;
		/* Nothing but this is allowed now. */
		tls_close(p->tls);
		p->tls = NULL;
	}
	if (f->not_tls)
		p->outcome.warn |= HEALTH_WARN_FOREIGN;
	/* TLS 1.3: a server that wants a certificate says so after the handshake. */
	if (f->alert != 0)
		result = RESULT_L6RSP;
	return probe_finish(p, result, (unsigned)f->alert, "%s", f->text);
}

enum step
step_handshake(struct probe *p)
{
	struct tls_failure f;
	struct tls_facts facts;

	if (p->tls == NULL)
		p->tls = tls_open(p->plan->tls, p->fd, &p->plan->addr);
	if (p->tls == NULL)
		return probe_finish(p, RESULT_SOCKERR, ENOMEM, "no memory for TLS");
	switch (tls_handshake(p->tls, &f)) {
	case TLS_WANT_READ:
		return STEP_READ;
	case TLS_WANT_WRITE:
		return STEP_WRITE;
	case TLS_OK:
		break;
	default:
		return broken(p, &f, RESULT_L6RSP);
	}
	tls_facts(p->tls, &facts);
	p->outcome.cert = facts.cert;
	if (!facts.verified && p->plan->check->verify == VERIFY_WARN) {
		p->outcome.warn |= HEALTH_WARN_CERT;
		snprintf(p->outcome.warning, sizeof p->outcome.warning, "%s", facts.why);
	}
	if (p->plan->check->type == CHECK_TLS)
		return probe_finish(p, RESULT_L6OK, 0, "%s", facts.version);
	p->shaken = p->outcome;
	p->phase = PROBE_SEND;
	return STEP_NEXT;
}

/* ---- HTTP ---- */

/* send() and recv() in the words of tls_write() and tls_read(). */
static enum tls_io
plain(ssize_t got, size_t *n, enum tls_io again, struct tls_failure *f)
{
	memset(f, 0, sizeof *f);
	if (got > 0) {
		*n = (size_t)got;
		return TLS_OK;
	}
	if (got == 0)
		return TLS_EOF;
	if (errno == EAGAIN || errno == EINTR)
		return again;
	words(errno, f->text, sizeof f->text);
	return TLS_FAILED;
}

enum step
step_send(struct probe *p)
{
	const char *from = p->plan->request[p->keep] + p->sent;
	size_t left = (size_t)(p->plan->request_len[p->keep] - p->sent), n = 0;
	struct tls_failure f;
	enum tls_io io;

	if (p->tls != NULL)
		io = tls_write(p->tls, from, left, &n, &f);
	else
		io = plain(send(p->fd, from, left, MSG_NOSIGNAL), &n, TLS_WANT_WRITE, &f);
	if (io == TLS_WANT_READ)
		return STEP_READ;
	if (io == TLS_WANT_WRITE)
		return STEP_WRITE;
	if (io != TLS_OK)
		return broken(p, &f, RESULT_L7RSP);
	p->sent += (int)n;
	if (p->sent == p->plan->request_len[p->keep])
		p->phase = PROBE_RECV;
	return STEP_NEXT;
}

static enum step
answered(struct probe *p)
{
	int status = p->status.status;
	const char *path = p->plan->check->path;

	if (http_expect_has(p->plan->expect, status))
		return probe_finish(
		    p, RESULT_L7OK, (unsigned)status, "GET %.99s: %d", path, status);
	if (status == 401 || status == 403) {
		p->outcome.warn |= HEALTH_WARN_AUTH;
		return probe_finish(
		    p, RESULT_L7OKC, (unsigned)status, "GET %.99s: %d", path, status);
	}
	if (status == 404)
		p->outcome.warn |= HEALTH_WARN_FOREIGN;
	return probe_finish(p, RESULT_L7STS, (unsigned)status, "GET %.99s: %d", path, status);
}

static enum tls_io
take(struct probe *p, char *buf, size_t size, size_t *n, struct tls_failure *f)
{
	if (p->tls != NULL)
		return tls_read(p->tls, buf, size, n, f);
	return plain(recv(p->fd, buf, size, 0), n, TLS_WANT_READ, f);
}

/* The same after the outcome, when nobody wants to know what went wrong. */
static enum tls_io
take_quietly(struct probe *p, char *buf, size_t size, size_t *n)
{
	struct tls_failure f;
	enum tls_io io = take(p, buf, size, n, &f);

	if (io == TLS_FAILED) {
		tls_close(p->tls);
		p->tls = NULL;
	}
	return io;
}

/* The status is known: may the connection be kept? `rest` came with it. */
static void
look_on(struct probe *p, const char *rest, size_t n)
{
	if (!p->keep)
		return;
	http_rest_init(&p->rest, &p->status);
	p->kept = http_rest_feed(&p->rest, rest, n);
	p->no_keep = p->kept == HTTP_BAD;
}

enum step
step_recv(struct probe *p)
{
	unsigned before = p->status.seen;
	char buf[4096];
	struct tls_failure f;
	size_t n = 0;

	switch (take(p, buf, sizeof buf, &n, &f)) {
	case TLS_WANT_READ:
		return STEP_READ;
	case TLS_WANT_WRITE:
		return STEP_WRITE;
	case TLS_EOF:
		if (is_stale(p))
			return probe_again(p);
		return probe_finish(p, RESULT_L7RSP, 0, "connection closed before an answer");
	case TLS_FAILED:
		return broken(p, &f, RESULT_L7RSP);
	case TLS_OK:
		break;
	}
	switch (http_status_feed(&p->status, buf, n)) {
	case HTTP_MORE:
		return STEP_NEXT;
	case HTTP_BAD:
		return probe_finish(p, RESULT_L7RSP, 0, "%s", p->status.why);
	default:
		look_on(p, buf + (p->status.seen - before), n - (p->status.seen - before));
		return answered(p);
	}
}

/* ---- after the outcome ---- */

enum step
step_rest(struct probe *p)
{
	char buf[4096];
	enum tls_io io;
	size_t n = 0;

	while (p->kept == HTTP_MORE) {
		io = take_quietly(p, buf, sizeof buf, &n);
		if (io == TLS_WANT_READ)
			return STEP_READ;
		if (io == TLS_WANT_WRITE)
			return STEP_WRITE;
		p->kept = io == TLS_OK ? http_rest_feed(&p->rest, buf, n) : HTTP_BAD;
	}
	p->no_keep = p->kept == HTTP_BAD;
	if (p->no_keep)
		return probe_leave(p);
	p->phase = PROBE_KEPT;
	ev_timer_stop(p->loop, &p->timer);
	return STEP_NEXT;
}

/* Nothing is to come but the server's goodbye. */
enum step
step_kept(struct probe *p)
{
	char buf[64];
	size_t n = 0;

	return take_quietly(p, buf, sizeof buf, &n) == TLS_WANT_READ ? STEP_READ : probe_leave(p);
}
