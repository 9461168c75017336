/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine on epoll: listeners, connects and the wake-up in the same set as the connections of
 * worker/ready.c. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/ready.h"
#include "worker/sock.h"

#define ACCEPTS 16 /* in a row, before others get their turn */

struct epoll_state {
	uint32_t gone; /* dropped connections, linked by list_next */
	struct ready ready;
};

static struct ready *
ready_of(const struct worker *w)
{
	return &((struct epoll_state *)w->engine_state)->ready;
}

/* ---- operations ---- */

static int
epoll_init(struct worker *w, struct err *err)
{
	struct epoll_state *st = calloc(1, sizeof *st);

	if (st == NULL)
		return err_add(err, "no memory for the epoll engine");
	st->gone = CONN_NONE;
	w->engine_state = st;
	if (ready_init(&st->ready, err) == 0) {
		if (ready_add(&st->ready, w->h->wake_fd, ABOUT_WAKE, 0) == 0)
			return 0;
		err_addsys(err, "epoll");
		ready_fini(&st->ready);
	}
	free(st);
	w->engine_state = NULL;
	return -1;
}

static void
epoll_fini(struct worker *w)
{
	ready_fini(ready_of(w));
	free(w->engine_state);
	w->engine_state = NULL;
}

static int
epoll_listen(struct worker *w, unsigned listener)
{
	return ready_add(ready_of(w), w->h->listeners[listener].fd, ABOUT_LISTENER, listener);
}

static void
epoll_unlisten(struct worker *w, unsigned listener)
{
	ready_remove(ready_of(w), w->h->listeners[listener].fd);
}

static int
epoll_watch(struct worker *w, unsigned slot)
{
	return ready_add(ready_of(w), w->h->hand_fds[slot][0], ABOUT_HAND, slot);
}

static void
epoll_unwatch(struct worker *w, unsigned slot)
{
	ready_remove(ready_of(w), w->h->hand_fds[slot][0]);
}

/* What is left of an earlier server must not be taken for news of the next one. */
static void
forget_server(struct worker *w, struct worker_conn *c)
{
	pump_end(&ready_of(w)->pump, c);
	sock_close(&c->half[SIDE_SERVER], true);
}

static void
epoll_await(struct worker *w, struct worker_conn *c, bool bytes)
{
	forget_server(w, c);
	/* For bytes, or a RST. */
	if (!ready_ask(w, ready_of(w), c, SIDE_CLIENT, EPOLLIN) && bytes)
		ready_again(w, ready_of(w), c, SIDE_CLIENT);
}

static int
epoll_connect(struct worker *w, struct worker_conn *c, int fd, const struct addr *to)
{
	struct engine_half *h = &c->half[SIDE_SERVER];

	forget_server(w, c);
	h->fd = fd;
	h->error = 0;
	h->flags = h->run = 0;
	h->mask = HALF_OUT_OF_SET;
	if (connect(fd, &to->sa, addr_len(to)) != 0 && errno != EINPROGRESS) {
		int error = errno;

		sock_close(h, true);
		return error;
	}
	/* Of the client a RST is of interest already. Both are asked for all that they may need: it is
	 * the only time, in most lives. */
	ready_ask(w, ready_of(w), c, SIDE_CLIENT, EPOLLIN);
	ready_ask(w, ready_of(w), c, SIDE_SERVER, EPOLLIN | EPOLLOUT);
	if (h->mask != HALF_OUT_OF_SET)
		return 0;
	sock_close(h, true);
	return ENOMEM;
}

static void
epoll_unconnect(struct worker *w, struct worker_conn *c)
{
	(void)w;
	sock_close(&c->half[SIDE_SERVER], true);
}

static void
epoll_relay(struct worker *w, struct worker_conn *c, const uint8_t *first, size_t n)
{
	pump_begin(c);
	pump_first(w, &ready_of(w)->pump, c, first, n);
	/* A TLS client's first bytes are here already. */
	if (c->state == CONN_RELAY)
		ready_run(w, ready_of(w), c, SIDE_CLIENT);
}

static size_t
epoll_unsent(struct worker *w, struct worker_conn *c, enum side side)
{
	(void)w;
	return sock_unsent(c->half[side].fd);
}

static void
epoll_drop(struct worker *w, struct worker_conn *c, bool reset)
{
	struct epoll_state *st = w->engine_state;

	sock_close(&c->half[SIDE_SERVER], reset);
	sock_close(&c->half[SIDE_CLIENT], reset);
	pump_end(&st->ready.pump, c);
	worker_conn_shut(w, c);
	/* Told at the end of the turn: the caller may be in the middle of this connection. */
	c->list_next = st->gone;
	st->gone = pool_index(&w->pool, c);
}

/* ---- events ---- */

static void
on_listener(struct worker *w, unsigned listener)
{
	struct addr from;
	socklen_t len;
	int fd;

	for (int i = 0; i < ACCEPTS && w->accepting && !w->paused; i++) {
		len = sizeof from;
		fd = accept4(
		    w->h->listeners[listener].fd, &from.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			worker_accepted(w, listener, fd, &from);
		else if (errno == EAGAIN || errno == EINTR)
			return;
		else
			worker_accept_failed(w, listener, errno);
	}
}

static void
on_early(struct worker *w, struct worker_conn *c)
{
	struct pump *p = &ready_of(w)->pump;
	ssize_t n = recv(c->half[SIDE_CLIENT].fd, p->scratch, sizeof p->scratch, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n >= 0)
		worker_conn_early(w, c, p->scratch, (size_t)n);
	else
		worker_conn_ended(w, c, SIDE_CLIENT, END_RESET, errno);
}

static void
on_connecting(struct worker *w, struct worker_conn *c, enum side side, uint32_t events)
{
	const bool bad = events & (EPOLLERR | EPOLLHUP);
	const uint8_t epoch = c->half[side].epoch;
	int error = bad ? sock_error(c->half[side].fd) : 0;

	if (side == SIDE_CLIENT) {
		/* What it sent is read when there is a server. */
		if (bad)
			worker_conn_ended(w, c, SIDE_CLIENT, END_RESET, error);
		return;
	}
	worker_conn_connected(w, c, error);
	/* A server that speaks first. */
	if ((events & (EPOLLIN | EPOLLRDHUP)) && c->state == CONN_RELAY &&
	    c->half[SIDE_SERVER].epoch == epoch)
		ready_run(w, ready_of(w), c, SIDE_SERVER);
}

static void
dispatch(struct worker *w, const struct ready_event *ev)
{
	struct worker_conn *c;
	uint64_t n;

	switch (ev->about) {
	case ABOUT_LISTENER:
		on_listener(w, ev->number);
		return;
	case ABOUT_HAND:
		if (w->accepting)
			worker_handed(w, ev->number);
		return;
	case ABOUT_WAKE:
		(void)!read(w->h->wake_fd, &n, sizeof n);
		return;
	default:
		c = ready_conn(w, ev);
		if (c == NULL)
			return;
		if (c->state == CONN_GREETING)
			on_early(w, c);
		else if (conn_is_early(c))
			on_connecting(w, c, (enum side)ev->about, ev->events);
		else
			ready_on_conn(w, ready_of(w), c, (enum side)ev->about, ev->events);
	}
}

static void
epoll_rest(struct worker *w)
{
	pump_rest(&ready_of(w)->pump);
}

static void
epoll_turn(struct worker *w, int timeout_ms)
{
	struct epoll_state *st = w->engine_state;
	struct ready_event ev;
	struct worker_conn *c;
	int n = ready_wait(&st->ready, timeout_ms);

	w->now = mono_now();
	w->now_ms = mono_ms(w->now);
	for (int i = 0; i < n; i++) {
		ev = ready_event(&st->ready, i);
		dispatch(w, &ev);
	}
	while (st->gone != CONN_NONE) {
		c = &w->pool.conn[st->gone];
		st->gone = c->list_next;
		worker_conn_gone(w, c);
	}
}

const struct engine engine_epoll = {
    .name = "epoll",
    .init = epoll_init,
    .fini = epoll_fini,
    .listen = epoll_listen,
    .unlisten = epoll_unlisten,
    .watch = epoll_watch,
    .unwatch = epoll_unwatch,
    .await = epoll_await,
    .connect = epoll_connect,
    .unconnect = epoll_unconnect,
    .relay = epoll_relay,
    .unsent = epoll_unsent,
    .drop = epoll_drop,
    .rest = epoll_rest,
    .turn = epoll_turn,
};
