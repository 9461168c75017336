/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine on epoll, level-triggered: descriptors, interest and events. The bytes are moved in
 * worker/pump.c.
 *
 * A descriptor is registered with the events that its two directions need now: readable while
 * nothing that came from it waits to be sent, writable while something waits to go to it. With
 * neither it stays registered for errors alone, so that a RST is noticed; when the error is seen
 * and cannot be acted on yet (a slow reader on the other side holds bytes back), it is taken out,
 * because level-triggered errors would be reported for ever.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/internal.h"
#include "worker/pump.h"

#define EVENTS	256
#define ACCEPTS 16 /* in a row, before others get their turn */

/* What an event is about, in epoll_event.data: number, kind and epoch. */
enum { ABOUT_CLIENT = SIDE_CLIENT, ABOUT_SERVER = SIDE_SERVER, ABOUT_LISTENER, ABOUT_WAKE };

struct epoll_state {
	int fd;
	uint32_t gone; /* dropped connections, linked by list_next */
	struct pump pump;
	struct epoll_event events[EVENTS];
};

static struct epoll_state *
state_of(const struct worker *w)
{
	return w->engine_state;
}

static uint64_t
about(uint32_t number, unsigned kind, uint8_t epoch)
{
	return (uint64_t)epoch << 40 | (uint64_t)kind << 32 | number;
}

/* Asks the kernel for `mask` (EPOLLIN, EPOLLOUT) on one side; HALF_OUT_OF_SET: for nothing. */
static void
ask(struct worker *w, struct worker_conn *c, enum side side, uint8_t mask)
{
	struct engine_half *h = &c->half[side];
	struct epoll_event ev = {.events = mask & ~HALF_OUT_OF_SET,
	    .data.u64 = about(pool_index(&w->pool, c), side, h->epoch)};
	int op = EPOLL_CTL_MOD;

	if (mask == h->mask)
		return;
	if (h->mask == HALF_OUT_OF_SET)
		op = EPOLL_CTL_ADD;
	else if (mask == HALF_OUT_OF_SET)
		op = EPOLL_CTL_DEL;
	/* Fails only for want of kernel memory (or max_user_watches); then this connection
	 * cannot be served, and its timeouts end it. */
	if (epoll_ctl(state_of(w)->fd, op, h->fd, &ev) == 0)
		h->mask = mask;
}

static void
ask_both(struct worker *w, struct worker_conn *c)
{
	uint8_t mask;

	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		if (c->half[s].fd < 0)
			return;
		mask = 0;
		if (pump_wants_read(c, s))
			mask |= EPOLLIN;
		if (pump_wants_write(c, s))
			mask |= EPOLLOUT;
		if (mask == 0 && (c->half[s].flags & HALF_HUP))
			mask = HALF_OUT_OF_SET;
		ask(w, c, s, mask);
	}
}

/* ---- operations ---- */

static int
epoll_init(struct worker *w, struct err *err)
{
	struct epoll_state *st = calloc(1, sizeof *st);
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = about(0, ABOUT_WAKE, 0)};

	if (st == NULL)
		return err_add(err, "no memory for the epoll engine");
	w->engine_state = st;
	st->gone = CONN_NONE;
	st->fd = epoll_create1(EPOLL_CLOEXEC);
	if (st->fd < 0 || epoll_ctl(st->fd, EPOLL_CTL_ADD, w->h->wake_fd, &ev) != 0)
		return err_addsys(err, "epoll");
	return 0;
}

static void
epoll_fini(struct worker *w)
{
	struct epoll_state *st = state_of(w);

	pump_fini(&st->pump);
	close(st->fd);
	free(st);
	w->engine_state = NULL;
}

static int
epoll_listen(struct worker *w, unsigned listener)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = about(listener, ABOUT_LISTENER, 0)};

	return epoll_ctl(state_of(w)->fd, EPOLL_CTL_ADD, w->h->listeners[listener].fd, &ev);
}

static void
epoll_unlisten(struct worker *w, unsigned listener)
{
	epoll_ctl(state_of(w)->fd, EPOLL_CTL_DEL, w->h->listeners[listener].fd, NULL);
}

static void
close_side(struct worker_conn *c, enum side side, bool reset)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	struct engine_half *h = &c->half[side];

	if (h->fd < 0)
		return;
	if (reset)
		(void)setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(h->fd);
	h->fd = -1;
	h->mask = HALF_OUT_OF_SET;
	h->epoch++; /* events of it that were fetched already are not for its successor */
}

static int
epoll_connect(struct worker *w, struct worker_conn *c, int fd, const struct addr *to)
{
	struct engine_half *h = &c->half[SIDE_SERVER];

	close_side(c, SIDE_SERVER, true);
	h->fd = fd;
	h->mask = HALF_OUT_OF_SET;
	if (connect(fd, &to->sa, addr_len(to)) != 0 && errno != EINPROGRESS) {
		int error = errno;

		close_side(c, SIDE_SERVER, true);
		return error;
	}
	ask(w, c, SIDE_CLIENT, 0); /* for a RST while the server is being connected */
	ask(w, c, SIDE_SERVER, EPOLLOUT);
	if (h->mask == EPOLLOUT)
		return 0;
	close_side(c, SIDE_SERVER, true);
	return ENOMEM;
}

static void
epoll_unconnect(struct worker *w, struct worker_conn *c)
{
	(void)w;
	close_side(c, SIDE_SERVER, true);
}

static void
run(struct worker *w, struct worker_conn *c, enum side side)
{
	pump_run(w, &state_of(w)->pump, c, side);
	ask_both(w, c);
}

static void
epoll_relay(struct worker *w, struct worker_conn *c)
{
	pump_begin(c);
	/* A TLS client's first bytes are here already. */
	run(w, c, SIDE_CLIENT);
}

static size_t
epoll_unsent(struct worker *w, struct worker_conn *c, enum side side)
{
	int n = 0;

	(void)w;
	if (c->half[side].fd < 0 || ioctl(c->half[side].fd, SIOCOUTQ, &n) != 0 || n < 0)
		return 0;
	return (size_t)n;
}

static void
epoll_drop(struct worker *w, struct worker_conn *c, bool reset)
{
	struct epoll_state *st = state_of(w);

	close_side(c, SIDE_SERVER, reset);
	close_side(c, SIDE_CLIENT, reset);
	pump_end(&st->pump, c);
	/* Told at the end of the turn: the caller may be in the middle of this connection. */
	c->list_next = st->gone;
	st->gone = pool_index(&w->pool, c);
}

/* ---- events ---- */

static int
socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return errno;
	return error;
}

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
on_connecting(struct worker *w, struct worker_conn *c, enum side side)
{
	int error = socket_error(c->half[side].fd);

	if (side == SIDE_SERVER)
		worker_conn_connected(w, c, error);
	else
		worker_conn_ended(w, c, SIDE_CLIENT, END_RESET, error);
}

/* An error on a side that nothing is read from or written to just now. */
static void
on_quiet_error(struct worker *w, struct worker_conn *c, enum side side)
{
	struct engine_half *h = &c->half[side];
	int error;

	h->flags |= HALF_HUP;
	if (!(h->flags & HALF_EOF))
		return; /* its bytes, then its error, are read when the other side takes them */
	error = socket_error(h->fd);
	if (error != 0)
		worker_conn_ended(w, c, side, END_RESET, error);
}

static void
on_conn(struct worker *w, struct worker_conn *c, enum side side, uint32_t events)
{
	uint8_t asked = c->half[side].mask;

	if (c->state == CONN_CONNECTING) {
		on_connecting(w, c, side);
		return;
	}
	if (c->state != CONN_RELAY) {
		/* Flushing: its end is known, errors must not be reported again and again. */
		ask(w, c, side, HALF_OUT_OF_SET);
		return;
	}
	if ((events & (EPOLLERR | EPOLLHUP)) && asked == 0)
		on_quiet_error(w, c, side);
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP) && (asked & EPOLLOUT) &&
	    c->state == CONN_RELAY)
		pump_run(w, &state_of(w)->pump, c, OTHER_SIDE(side));
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP) && (asked & EPOLLIN) && c->state == CONN_RELAY)
		pump_run(w, &state_of(w)->pump, c, side);
	ask_both(w, c);
}

static void
dispatch(struct worker *w, const struct epoll_event *ev)
{
	uint32_t number = (uint32_t)ev->data.u64;
	unsigned kind = ev->data.u64 >> 32 & 0xff;
	uint8_t epoch = ev->data.u64 >> 40 & 0xff;
	struct worker_conn *c;
	uint64_t n;

	if (kind == ABOUT_LISTENER) {
		on_listener(w, number);
		return;
	}
	if (kind == ABOUT_WAKE) {
		(void)!read(w->h->wake_fd, &n, sizeof n);
		return;
	}
	c = &w->pool.conn[number];
	if (c->half[kind].epoch == epoch && c->half[kind].fd >= 0)
		on_conn(w, c, (enum side)kind, ev->events);
}

static void
epoll_turn(struct worker *w, int timeout_ms)
{
	struct epoll_state *st = state_of(w);
	struct worker_conn *c;
	int n = epoll_wait(st->fd, st->events, EVENTS, timeout_ms);

	w->now = mono_now();
	w->now_ms = mono_ms(w->now);
	for (int i = 0; i < n; i++)
		dispatch(w, &st->events[i]);
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
    .connect = epoll_connect,
    .unconnect = epoll_unconnect,
    .relay = epoll_relay,
    .unsent = epoll_unsent,
    .drop = epoll_drop,
    .turn = epoll_turn,
};
