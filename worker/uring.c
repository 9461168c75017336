/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/uring.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/stat.h"
#include "worker/sock.h"

#define ACCEPTS 16 /* in a row, before others get their turn */

/* ---- polls ---- */

static void
poll_for(struct uring *u, int fd, uint64_t data, bool again_and_again)
{
	struct io_uring_sqe *sqe = uring_sqe(u);

	if (again_and_again)
		io_uring_prep_poll_multishot(sqe, fd, POLLIN);
	else
		io_uring_prep_poll_add(sqe, fd, POLLIN);
	sqe->user_data = data;
	u->requests++;
}

static void
poll_wake(struct worker *w)
{
	poll_for(uring_of(w), w->h->wake_fd, uring_data(OP_WAKE, 0, SIDE_CLIENT, 0), true);
}

static void
poll_listener(struct worker *w, unsigned i)
{
	struct uring *u = uring_of(w);

	if (!u->listeners[i].wanted || u->listeners[i].asked)
		return;
	u->listeners[i].asked = true;
	poll_for(u, w->h->listeners[i].fd, uring_data(OP_LISTENER, i, SIDE_CLIENT, 0), false);
}

/* ---- operations ---- */

static int
uring_init(struct worker *w, struct err *err)
{
	struct uring *u = calloc(1, sizeof *u);

	if (u == NULL)
		return err_add(err, "no memory for the io_uring engine");
	u->gone = CONN_NONE;
	u->listeners = calloc(w->h->n_listeners + 1, sizeof *u->listeners);
	if (u->listeners == NULL || ready_init(&u->ready, err) < 0) {
		free(u->listeners);
		free(u);
		return err_add(err, "no memory for the io_uring engine");
	}
	if (uring_open(u, err) < 0) {
		ready_fini(&u->ready);
		free(u->listeners);
		free(u);
		return -1;
	}
	w->engine_state = u;
	poll_wake(w);
	return 0;
}

static void
uring_fini(struct worker *w)
{
	struct uring *u = uring_of(w);

	/* The ring ends with the process: to end it before, io_uring_register(2) would be needed,
	 * which the sandbox does not allow any more. */
	ready_fini(&u->ready);
	free(u->listeners);
	free(u);
	w->engine_state = NULL;
}

static int
uring_listen(struct worker *w, unsigned listener)
{
	uring_of(w)->listeners[listener].wanted = true;
	poll_listener(w, listener);
	return 0;
}

static void
uring_unlisten(struct worker *w, unsigned listener)
{
	struct uring_listener *l = &uring_of(w)->listeners[listener];
	struct io_uring_sqe *sqe;

	l->wanted = false;
	if (!l->asked)
		return;
	sqe = uring_sqe(uring_of(w));
	io_uring_prep_cancel64(sqe, uring_data(OP_LISTENER, listener, SIDE_CLIENT, 0), 0);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = uring_data(OP_DONE, 0, SIDE_CLIENT, 0);
}

static void
poll_hand(struct worker *w, unsigned slot)
{
	poll_for(
	    uring_of(w), w->h->hand_fds[slot][0], uring_data(OP_HAND, slot, SIDE_CLIENT, 0), true);
}

static int
uring_watch(struct worker *w, unsigned slot)
{
	poll_hand(w, slot);
	return 0;
}

static void
uring_unwatch(struct worker *w, unsigned slot)
{
	struct io_uring_sqe *sqe = uring_sqe(uring_of(w));

	io_uring_prep_cancel64(sqe, uring_data(OP_HAND, slot, SIDE_CLIENT, 0), 0);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = uring_data(OP_DONE, 0, SIDE_CLIENT, 0);
}

static int
uring_connect(struct worker *w, struct worker_conn *c, int fd, const struct addr *to)
{
	struct engine_half *h = &c->half[SIDE_SERVER];
	struct uring *u = uring_of(w);
	struct io_uring_sqe *sqe;
	struct addr *copy;

	sock_close(h, true);
	h->fd = fd;
	sqe = uring_sqe(u);
	copy = &u->to[u->n_to++ % URING_SQ];
	*copy = *to;
	io_uring_prep_connect(sqe, fd, &copy->sa, addr_len(copy));
	sqe->user_data = uring_data(OP_CONNECT, pool_index(&w->pool, c), SIDE_SERVER, h->epoch);
	h->asked = ASKED_CONNECT;
	h->pending++;
	u->requests++;
	/* Its first bytes, or its RST. */
	if (!(c->half[SIDE_CLIENT].asked & ASKED_PUMP))
		uring_recv(w, c, SIDE_CLIENT, false);
	return 0;
}

static void
uring_unconnect(struct worker *w, struct worker_conn *c)
{
	uring_cancel(w, c, SIDE_SERVER, OP_CONNECT);
	c->half[SIDE_SERVER].asked = 0;
	sock_close(&c->half[SIDE_SERVER], true); /* another epoch: its completion is nobody's */
}

static void
uring_start_relay(struct worker *w, struct worker_conn *c)
{
	size_t early = uring_early(w, c);

	if (early > 0)
		worker_conn_moved(w, c, SIDE_CLIENT, early, false);
	/* A server says nothing before it was asked. */
	if (!(c->half[SIDE_CLIENT].asked & ASKED_PUMP))
		uring_recv(w, c, SIDE_SERVER, true);
	uring_advance(w, c);
}

static size_t
uring_unsent(struct worker *w, struct worker_conn *c, enum side side)
{
	(void)w;
	return sock_unsent(c->half[side].fd);
}

/* The kernel has nothing of it any more. */
static void
finish_drop(struct worker *w, struct worker_conn *c)
{
	struct engine_half *client = &c->half[SIDE_CLIENT], *server = &c->half[SIDE_SERVER];
	struct uring *u = uring_of(w);
	bool reset = client->asked & ASKED_RST;

	client->asked = server->asked = 0;
	uring_forget_queues(w, c);
	sock_close(server, reset);
	sock_close(client, reset);
	c->list_next = u->gone;
	u->gone = pool_index(&w->pool, c);
}

static bool
is_pending(const struct worker_conn *c)
{
	return c->half[SIDE_CLIENT].pending > 0 || c->half[SIDE_SERVER].pending > 0;
}

static void
uring_drop(struct worker *w, struct worker_conn *c, bool reset)
{
	struct engine_half *h;

	pump_end(&uring_of(w)->ready.pump, c);
	if (reset)
		c->half[SIDE_CLIENT].asked |= ASKED_RST;
	if (!is_pending(c)) {
		finish_drop(w, c);
		return;
	}
	/* A socket is closed when its last request is: first these must end. */
	c->half[SIDE_CLIENT].asked |= ASKED_DROP;
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		h = &c->half[s];
		if ((h->asked & (ASKED_RECV | ASKED_CANCEL)) == ASKED_RECV)
			uring_cancel(w, c, s, OP_RECV);
		if (h->asked & ASKED_CONNECT)
			uring_cancel(w, c, s, OP_CONNECT);
	}
}

/* ---- completions ---- */

static void
on_listener(struct worker *w, unsigned i)
{
	struct addr from;
	socklen_t len;
	int fd;

	uring_of(w)->listeners[i].asked = false;
	for (int n = 0; n < ACCEPTS && w->accepting && !w->paused; n++) {
		len = sizeof from;
		fd = accept4(w->h->listeners[i].fd, &from.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			worker_accepted(w, i, fd, &from);
		} else {
			if (errno != EAGAIN && errno != EINTR)
				worker_accept_failed(w, i, errno);
			break;
		}
	}
	poll_listener(w, i);
}

static void
on_connect(struct worker *w, struct worker_conn *c, int result)
{
	c->half[SIDE_SERVER].asked &= (uint8_t)~ASKED_CONNECT;
	if (c->state == CONN_CONNECTING)
		worker_conn_connected(w, c, -result);
}

static void
on_conn(struct worker *w, enum uring_op op, const struct io_uring_cqe *cqe)
{
	struct worker_conn *c = &w->pool.conn[(uint32_t)cqe->user_data];
	enum side side = (enum side)(cqe->user_data >> 40 & 1);
	struct engine_half *h = &c->half[side];

	if (!(cqe->flags & IORING_CQE_F_MORE)) {
		h->pending--;
		uring_of(w)->requests--;
	}
	if (h->epoch != (uint8_t)(cqe->user_data >> 32))
		; /* of a server that was given up */
	else if (op == OP_RECV)
		uring_on_recv(w, c, side, cqe);
	else if (op == OP_SEND)
		uring_on_send(w, c, side, cqe->res);
	else
		on_connect(w, c, cqe->res);
	if ((c->half[SIDE_CLIENT].asked & ASKED_DROP) && !is_pending(c))
		finish_drop(w, c);
}

static void
on_ready(struct worker *w)
{
	struct ready *r = &uring_of(w)->ready;
	struct ready_event ev;
	int n = ready_wait(r, 0);

	uring_of(w)->ready_asked = false;
	for (int i = 0; i < n; i++) {
		ev = ready_event(r, i);
		uring_on_ready(w, &ev);
	}
}

static void
on_hand(struct worker *w, unsigned slot, bool armed)
{
	if (!w->accepting)
		return;
	worker_handed(w, slot);
	if (!armed)
		poll_hand(w, slot);
}

static void
on_wake(struct worker *w, bool armed)
{
	uint64_t n;

	(void)!read(w->h->wake_fd, &n, sizeof n);
	if (!armed)
		poll_wake(w);
}

static void
dispatch(struct worker *w, const struct io_uring_cqe *cqe)
{
	enum uring_op op = (enum uring_op)(cqe->user_data >> 48);
	bool armed = cqe->flags & IORING_CQE_F_MORE;

	switch (op) {
	case OP_DONE:
		return;
	case OP_RECV:
	case OP_SEND:
	case OP_CONNECT:
		on_conn(w, op, cqe);
		return;
	case OP_LISTENER:
	case OP_HAND:
	case OP_READY:
	case OP_WAKE:
		break;
	}
	if (!armed)
		uring_of(w)->requests--;
	if (op == OP_LISTENER)
		on_listener(w, (uint32_t)cqe->user_data);
	else if (op == OP_HAND)
		on_hand(w, (uint32_t)cqe->user_data, armed);
	else if (op == OP_READY)
		on_ready(w);
	else
		on_wake(w, armed);
}

static void
uring_turn(struct worker *w, int timeout_ms)
{
	struct __kernel_timespec wait = {
	    .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
	struct uring *u = uring_of(w);
	struct io_uring_cqe *cqe, copy;
	struct worker_conn *c;

	if (!u->ready_asked) {
		u->ready_asked = true;
		poll_for(u, u->ready.fd, uring_data(OP_READY, 0, SIDE_CLIENT, 0), false);
	}
	io_uring_buf_ring_advance(u->br, (int)u->given);
	u->given = 0;
	(void)io_uring_submit_and_wait_timeout(&u->ring, &cqe, 1, &wait, NULL);
	w->now = mono_now();
	w->now_ms = mono_ms(w->now);
	for (unsigned n = 0; n < URING_CQ && io_uring_peek_cqe(&u->ring, &cqe) == 0; n++) {
		copy = *cqe;
		io_uring_cqe_seen(&u->ring, cqe);
		dispatch(w, &copy);
	}
	while (u->gone != CONN_NONE) {
		c = &w->pool.conn[u->gone];
		u->gone = c->list_next;
		worker_conn_gone(w, c);
	}
	STAT_SET(&w->stat->worker, engine_requests, u->requests);
}

const struct engine engine_uring = {
    .name = "uring",
    .init = uring_init,
    .fini = uring_fini,
    .listen = uring_listen,
    .unlisten = uring_unlisten,
    .watch = uring_watch,
    .unwatch = uring_unwatch,
    .connect = uring_connect,
    .unconnect = uring_unconnect,
    .relay = uring_start_relay,
    .unsent = uring_unsent,
    .drop = uring_drop,
    .turn = uring_turn,
};
