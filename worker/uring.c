/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/uring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/stat.h"
#include "worker/sock.h"

#define LOOK_MS 1000 /* at how many buffers are needed */

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
	uring_poll_wake(w);
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

/* Of an earlier server nothing is on its way any more, but it may be in the pump. */
static void
forget_server(struct worker *w, struct worker_conn *c)
{
	struct uring *u = uring_of(w);

	if (c->half[SIDE_CLIENT].flags & HALF_RELAY) {
		ready_ask(w, &u->ready, c, SIDE_CLIENT, HALF_OUT_OF_SET);
		pump_end(&u->ready.pump, c);
	}
	sock_close(&c->half[SIDE_SERVER], true);
}

static void
uring_await(struct worker *w, struct worker_conn *c, bool bytes)
{
	forget_server(w, c);
	(void)bytes; /* the state says what becomes of them */
	if (!(c->half[SIDE_CLIENT].asked & ASKED_PUMP))
		uring_recv(w, c, SIDE_CLIENT, false);
}

static int
uring_connect(struct worker *w, struct worker_conn *c, int fd, const struct addr *to)
{
	struct engine_half *h = &c->half[SIDE_SERVER];
	struct uring *u = uring_of(w);
	struct io_uring_sqe *sqe;
	struct addr *copy;

	forget_server(w, c);
	h->fd = fd;
	h->error = 0;
	h->flags = h->run = 0;
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
	uring_cancel_half(w, c, SIDE_SERVER, OP_CONNECT);
	c->half[SIDE_SERVER].asked = 0;
	sock_close(&c->half[SIDE_SERVER], true); /* another epoch: its completion is nobody's */
}

static void
uring_start_relay(struct worker *w, struct worker_conn *c, const uint8_t *first, size_t n)
{
	size_t early = uring_early(w, c);

	if (early > 0)
		worker_conn_moved(w, c, SIDE_CLIENT, early, false);
	if (n > 0) {
		pump_first(w, &uring_of(w)->ready.pump, c, first, n);
		if (c->state != CONN_RELAY)
			return;
		if (pump_kept(&c->half[SIDE_CLIENT]) > 0)
			c->half[SIDE_CLIENT].asked |= ASKED_PUMP;
	}
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

/* With the next call of the kernel, which saves one. No new client comes before that, so that descriptors
 * are never short because of it. */
static void
close_half(struct uring *u, struct engine_half *h, bool reset)
{
	int fd = sock_leave(h, reset);
	struct io_uring_sqe *sqe;

	if (fd < 0)
		return;
	sqe = uring_sqe(u);
	io_uring_prep_close(sqe, fd);
	uring_unwaited(sqe);
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
	if (conn_holds_place(c)) {
		sock_close(server, reset);
		sock_close(client, reset);
	} else {
		close_half(u, server, reset);
		close_half(u, client, reset);
	}
	worker_conn_shut(w, c);
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
			uring_cancel_half(w, c, s, OP_RECV);
		if (h->asked & ASKED_CONNECT)
			uring_cancel_half(w, c, s, OP_CONNECT);
	}
}

/* ---- completions ---- */

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
		uring_give_back(uring_of(w), cqe); /* of a server that was given up */
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
		uring_on_listener(w, (uint32_t)cqe->user_data);
	else if (op == OP_HAND)
		uring_on_hand(w, (uint32_t)cqe->user_data, armed);
	else if (op == OP_READY)
		uring_on_pump(w);
	else
		uring_on_wake(w, armed);
}

static void
uring_rest(struct worker *w)
{
	uring_bufs_rest(uring_of(w));
	pump_rest(&uring_of(w)->ready.pump);
}

static void
uring_turn(struct worker *w, int timeout_ms)
{
	struct __kernel_timespec wait = {
	    .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
	struct uring *u = uring_of(w);
	struct io_uring_cqe *cqe, copy;
	struct worker_conn *c;

	uring_poll_pump(u);
	io_uring_buf_ring_advance(u->br, (int)u->given);
	u->given = 0;
	if (u->n_starved > 0)
		uring_feed(w);
	(void)io_uring_submit_and_wait_timeout(&u->ring, &cqe, 1, &wait, NULL);
	w->now = mono_now();
	w->now_ms = mono_ms(w->now);
	for (unsigned n = 0; n < URING_CQ && io_uring_peek_cqe(&u->ring, &cqe) == 0; n++) {
		copy = *cqe;
		io_uring_cqe_seen(&u->ring, cqe);
		dispatch(w, &copy);
	}
	if (w->now_ms - u->looked_ms >= LOOK_MS && io_uring_cq_ready(&u->ring) == 0) {
		u->looked_ms = w->now_ms;
		uring_fewer_bufs(u);
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
    .await = uring_await,
    .connect = uring_connect,
    .unconnect = uring_unconnect,
    .relay = uring_start_relay,
    .unsent = uring_unsent,
    .drop = uring_drop,
    .rest = uring_rest,
    .turn = uring_turn,
};
