/* SPDX-License-Identifier: BSD-2-Clause */
#include "checker/probe.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checker/steps.h"
#include "checker/tls.h"

#define CLOSING_MS    1000
#define CLOSING_BYTES 65536

static enum step run_phase(struct probe *p);

/* ---- plumbing ---- */

static void
watch(struct probe *p, int events)
{
	if (ev_is_active(&p->io) && p->io.events == events)
		return;
	ev_io_stop(p->loop, &p->io);
	ev_io_set(&p->io, p->fd, events);
	ev_io_start(p->loop, &p->io);
}

void
probe_arm(struct probe *p, int64_t ms)
{
	ev_timer_stop(p->loop, &p->timer);
	/* The loop's time is that of its last turn: many checks in one would end early. */
	ev_now_update(p->loop);
	ev_timer_set(&p->timer, ms > 0 ? (double)ms / 1000 : 0., 0.);
	ev_timer_start(p->loop, &p->timer);
}

static void
go(struct probe *p)
{
	enum step step;

	do
		step = run_phase(p);
	while (step == STEP_NEXT);
	if (step != STEP_OVER)
		watch(p, step == STEP_READ ? EV_READ : EV_WRITE);
}

static void
on_io(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct probe *p = io->data;
	bool kept = p->phase == PROBE_KEPT;

	(void)loop, (void)revents;
	go(p);
	if (kept && p->phase == PROBE_IDLE && p->hung_up != NULL)
		p->hung_up(p);
}

static void
reset_on_close(int fd)
{
	const struct linger now = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void
probe_stop(struct probe *p)
{
	if (p->phase == PROBE_KEPT && p->tls != NULL)
		tls_bye(p->tls);
	ev_io_stop(p->loop, &p->io);
	ev_timer_stop(p->loop, &p->timer);
	tls_close(p->tls);
	p->tls = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->phase = PROBE_IDLE;
}

enum step
probe_leave(struct probe *p)
{
	if (p->tls != NULL)
		tls_bye(p->tls);
	p->phase = PROBE_CLOSING;
	probe_stop(p);
	return STEP_OVER;
}

/* ---- outcome ---- */

/* What is left to do for a quiet end, or to keep it; see the head of probe.h. */
static void
begin_closing(struct probe *p)
{
	p->phase = p->kept != HTTP_BAD ? PROBE_REST : PROBE_CLOSING;
	probe_arm(p, CLOSING_MS);
	if (p->phase == PROBE_REST)
		;
	else if (p->plan->tls != NULL && p->tls == NULL)
		(void)shutdown(p->fd, SHUT_WR); /* behind OpenSSL's last alert */
	else if (p->plan->check->type == CHECK_TLS)
		tls_bye(p->tls);
	go(p);
}

enum step
probe_finish(struct probe *p, enum check_result result, unsigned code, const char *fmt, ...)
{
	struct probe_outcome o;
	va_list ap;

	p->outcome.result = result;
	p->outcome.code = code;
	p->outcome.check_ms = (int)mono_diff_ms(p->started, mono_now());
	va_start(ap, fmt);
	vsnprintf(p->outcome.text, sizeof p->outcome.text, fmt, ap);
	va_end(ap);
	o = p->outcome;
	switch (result) {
	case RESULT_L6OK:
	case RESULT_L6RSP:
	case RESULT_L7OK:
	case RESULT_L7OKC:
	case RESULT_L7RSP:
	case RESULT_L7STS:
		begin_closing(p);
		break;
	default:
		if (p->fd >= 0)
			reset_on_close(p->fd);
		probe_stop(p);
	}
	p->done(p, &o);
	return STEP_OVER;
}

/* ---- closing ---- */

/* The server closes first; what it still says is thrown away unread. */
static enum step
drain(struct probe *p)
{
	char buf[4096];
	ssize_t n;

	while (p->drained < CLOSING_BYTES) {
		n = recv(p->fd, buf, sizeof buf, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return STEP_READ;
		if (n <= 0) {
			probe_stop(p);
			return STEP_OVER;
		}
		p->drained += (unsigned)n;
	}
	/* It does not intend to. */
	return probe_leave(p);
}

/* ---- phases and their time ---- */

static enum step
run_phase(struct probe *p)
{
	switch (p->phase) {
	case PROBE_CONNECT:
		return step_connect(p);
	case PROBE_HANDSHAKE:
		return step_handshake(p);
	case PROBE_SEND:
		return step_send(p);
	case PROBE_RECV:
		return step_recv(p);
	case PROBE_CLOSING:
		return drain(p);
	case PROBE_REST:
		return step_rest(p);
	case PROBE_KEPT:
		return step_kept(p);
	default:
		return STEP_OVER;
	}
}

/* "2s", "1500ms" */
static const char *
duration(int ms, char *buf, size_t size)
{
	if (ms % 1000 == 0)
		snprintf(buf, size, "%ds", ms / 1000);
	else
		snprintf(buf, size, "%dms", ms);
	return buf;
}

static int
connect_ms(const struct conf_check *check)
{
	return check->connect_timeout < check->timeout ? check->connect_timeout : check->timeout;
}

static void
on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct probe *p = timer->data;
	const struct conf_check *check = p->plan->check;
	char text[24];

	(void)loop, (void)revents;
	switch (p->phase) {
	case PROBE_CONNECT:
		probe_finish(p, RESULT_L4TOUT, ETIMEDOUT, "no answer to the connect in %s",
		    duration(connect_ms(check), text, sizeof text));
		break;
	case PROBE_HANDSHAKE:
		probe_finish(p, RESULT_L6TOUT, 0, "no TLS handshake in %s",
		    duration(check->timeout, text, sizeof text));
		break;
	case PROBE_SEND:
	case PROBE_RECV:
		probe_finish(p, RESULT_L7TOUT, 0, "no answer to GET %.70s in %s", check->path,
		    duration(check->timeout, text, sizeof text));
		break;
	default:
		probe_leave(p);
	}
}

void
probe_init(struct probe *p, struct ev_loop *loop,
    void (*done)(struct probe *p, const struct probe_outcome *o), void *data)
{
	memset(p, 0, sizeof *p);
	p->loop = loop;
	p->done = done;
	p->data = data;
	p->fd = -1;
	ev_init(&p->io, on_io);
	ev_init(&p->timer, on_timer);
	p->io.data = p;
	p->timer.data = p;
}

bool
probe_running(const struct probe *p)
{
	return p->phase > PROBE_IDLE && p->phase < PROBE_CLOSING;
}

/* Ports are chosen at the connect, so that one serves many servers. The file is the same on all
 * nodes: addresses of others are passed over. -1: there are some, and none is local. */
static int
bind_source(int fd, const struct plan *plan)
{
	const int on = 1;
	int result = 0;

	for (unsigned i = 0; i < plan->source->n; i++) {
		const struct addr *a = &plan->source->v[i];

		if (a->sa.sa_family != plan->addr.sa.sa_family)
			continue;
		(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
		if (bind(fd, &a->sa, addr_len(a)) == 0)
			return 0;
		result = -1;
	}
	return result;
}

static int
open_socket(const struct plan *plan)
{
	const int on = 1, off = 0;
	int fd = socket(plan->addr.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	/* Keeps back the ACK that ends the handshake, so that our RST comes in its place and
	 * the server's accept() never hears of a bare TCP check. */
	if (plan->check->type == CHECK_TCP)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
	return fd;
}

static enum step
open_connection(struct probe *p)
{
	const struct plan *plan = p->plan;
	int64_t left;

	p->phase = PROBE_CONNECT;
	p->opened = mono_now();
	p->fd = open_socket(plan);
	if (p->fd >= 0 && bind_source(p->fd, plan) < 0)
		return probe_finish(p, RESULT_SOCKERR, (unsigned)errno,
		    "no address of source is local: %s", strerror(errno));
	if (p->fd < 0 || (connect(p->fd, &plan->addr.sa, addr_len(&plan->addr)) != 0 &&
			     errno != EINPROGRESS && errno != EINTR))
		return probe_not_connected(p, errno);
	left = plan->check->timeout - mono_diff_ms(p->started, p->opened);
	probe_arm(p, left < connect_ms(plan->check) ? left : connect_ms(plan->check));
	/* Also when it is connected already: then the socket is writable. */
	return STEP_WRITE;
}

static void
begin(struct probe *p)
{
	p->reused = false;
	p->kept = HTTP_BAD;
	p->sent = 0;
	p->drained = 0;
	memset(&p->outcome, 0, sizeof p->outcome);
	http_status_init(&p->status);
}

enum step
probe_again(struct probe *p)
{
	probe_stop(p);
	begin(p);
	return open_connection(p);
}

/* A port that takes no new connections while the old ones live must be noticed after a few checks,
 * with nobody connecting who would complain (target_look()). */
static int64_t
keep_ms(const struct conf_check *check)
{
	int64_t some = (int64_t)check->interval * PROBE_KEEP_CHECKS;

	return some < PROBE_KEEP_MS ? some : PROBE_KEEP_MS;
}

/* Is there time for another check on this connection after the one that starts now? */
static bool
may_keep(const struct probe *p, int64_t age_ms)
{
	const struct conf_check *check = p->plan->check;

	return p->plan->request_len[1] > 0 && !p->no_keep &&
	       age_ms + check->interval + check->interval / 8 < keep_ms(check);
}

static void
reuse(struct probe *p)
{
	/* A server that is gone without a word must not take the whole timeout: what is not even
	 * acknowledged soon goes over to a fresh connection. */
	const unsigned ms = (unsigned)connect_ms(p->plan->check) / 2;

	(void)setsockopt(p->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
	p->reused = true;
	p->outcome = p->shaken;
	p->phase = PROBE_SEND;
	probe_arm(p, p->plan->check->timeout);
	go(p);
}

void
probe_start(struct probe *p, const struct plan *plan, bool steady)
{
	bool kept = steady && p->phase == PROBE_KEPT &&
		    mono_diff_ms(p->opened, mono_now()) < keep_ms(plan->check);

	if (!kept)
		probe_stop(p);
	p->plan = plan;
	p->started = mono_now();
	/* A server that was in doubt may be another one now. */
	p->no_keep = p->no_keep && steady;
	p->keep = steady && may_keep(p, kept ? mono_diff_ms(p->opened, p->started) : 0);
	begin(p);
	if (kept)
		reuse(p);
	else if (plan->check->type == CHECK_NONE)
		probe_finish(p, RESULT_NONE, 0, "no health check");
	else if (open_connection(p) == STEP_WRITE)
		watch(p, EV_WRITE);
}
