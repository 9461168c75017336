/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "worker/uring.h"

#define CALM	   4 /* that many wake-ups with nothing kept: back into the ring */
#define EARLY_BUFS 4 /* of a client that has no server yet */

/* ---- queues of buffers ---- */

static void
queue_put(struct uring *u, struct engine_half *h, unsigned buf, unsigned len)
{
	u->len[buf] = (uint16_t)len;
	u->next[buf] = QUEUE_END;
	if (h->queue == QUEUE_END)
		h->queue = (uint16_t)buf;
	else
		u->next[h->queue_last] = (uint16_t)buf;
	h->queue_last = (uint16_t)buf;
}

static void
queue_pop(struct uring *u, struct engine_half *h)
{
	unsigned buf = h->queue;

	h->queue = u->next[buf];
	h->queue_off = 0;
	uring_give(u, buf);
}

static size_t
queue_bytes(const struct uring *u, const struct engine_half *h, unsigned *n)
{
	size_t bytes = 0;

	*n = 0;
	for (unsigned b = h->queue; b != QUEUE_END; b = u->next[b], ++*n)
		bytes += u->len[b];
	return bytes - h->queue_off;
}

/* What is queued becomes a kept tail. False: no memory. */
static bool
queue_keep(struct uring *u, struct engine_half *h)
{
	unsigned n;
	size_t bytes = queue_bytes(u, h, &n);
	uint8_t *to;

	if (n == 0)
		return true;
	to = pump_keep(&u->ready.pump, h, bytes);
	if (to == NULL)
		return false;
	while (h->queue != QUEUE_END) {
		n = u->len[h->queue] - h->queue_off;
		memcpy(to, u->bufs + (size_t)h->queue * ENGINE_BYTES + h->queue_off, n);
		to += n;
		queue_pop(u, h);
	}
	return true;
}

static void
queue_forget(struct uring *u, struct engine_half *h)
{
	while (h->queue != QUEUE_END)
		queue_pop(u, h);
}

void
uring_forget_queues(struct worker *w, struct worker_conn *c)
{
	queue_forget(uring_of(w), &c->half[SIDE_CLIENT]);
	queue_forget(uring_of(w), &c->half[SIDE_SERVER]);
}

size_t
uring_early(const struct worker *w, const struct worker_conn *c)
{
	const struct engine_half *h = &c->half[SIDE_CLIENT];
	unsigned n;

	return queue_bytes(uring_of(w), h, &n) + pump_kept(h);
}

/* ---- requests ---- */

void
uring_recv(struct worker *w, struct worker_conn *c, enum side side, bool first_poll)
{
	struct engine_half *h = &c->half[side];
	struct uring *u = uring_of(w);
	struct io_uring_sqe *sqe;

	if ((h->asked & ASKED_RECV) || (h->flags & HALF_EOF))
		return;
	sqe = uring_sqe(u);
	if (c->state != CONN_GREETING && (u->counts || (h->flags & HALF_CALM)))
		uring_prep_recv(u, sqe, h->fd, URING_ASK);
	else
		io_uring_prep_recv(sqe, h->fd, NULL, ENGINE_BYTES, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = URING_GROUP;
	if (first_poll)
		sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	sqe->user_data = uring_data(OP_RECV, pool_index(&w->pool, c), side, h->epoch);
	h->asked |= ASKED_RECV;
	h->pending++;
	u->requests++;
}

void
uring_cancel_half(struct worker *w, struct worker_conn *c, enum side side, enum uring_op op)
{
	uring_cancel(
	    uring_of(w), uring_data(op, pool_index(&w->pool, c), side, c->half[side].epoch));
}

/* The first buffer of what came from `side`, to the other. Never waits: what the kernel does not
 * take at once is the pump's. */
static void
send_first(struct worker *w, struct worker_conn *c, enum side side)
{
	struct engine_half *h = &c->half[side];
	struct uring *u = uring_of(w);
	struct io_uring_sqe *sqe = uring_sqe(u);

	io_uring_prep_send(sqe, c->half[OTHER_SIDE(side)].fd,
	    u->bufs + (size_t)h->queue * ENGINE_BYTES + h->queue_off,
	    (size_t)u->len[h->queue] - h->queue_off, MSG_NOSIGNAL | MSG_DONTWAIT);
	sqe->user_data = uring_data(OP_SEND, pool_index(&w->pool, c), side, h->epoch);
	h->asked |= ASKED_SEND;
	h->pending++;
	u->requests++;
}

/* ---- into the pump and back ---- */

static void
stop_recv(struct worker *w, struct worker_conn *c, enum side side)
{
	struct engine_half *h = &c->half[side];

	if ((h->asked & (ASKED_RECV | ASKED_CANCEL)) != ASKED_RECV)
		return;
	h->asked |= ASKED_CANCEL;
	uring_cancel_half(w, c, side, OP_RECV);
}

/* Goes over as soon as nothing of the ring is on its way any more. */
static void
go_over(struct worker *w, struct worker_conn *c)
{
	const uint8_t busy = ASKED_RECV | ASKED_SEND;
	struct uring *u = uring_of(w);

	if ((c->half[SIDE_CLIENT].asked | c->half[SIDE_SERVER].asked) & busy) {
		stop_recv(w, c, SIDE_CLIENT);
		stop_recv(w, c, SIDE_SERVER);
		return;
	}
	c->half[SIDE_CLIENT].asked &= (uint8_t)~ASKED_PUMP;
	c->calm = 0;
	if (!queue_keep(u, &c->half[SIDE_CLIENT]) || !queue_keep(u, &c->half[SIDE_SERVER])) {
		worker_conn_close(w, c, CLOSE_resource);
		return;
	}
	pump_begin(c);
	ready_run(w, &u->ready, c, SIDE_CLIENT);
	if (c->state == CONN_RELAY)
		ready_run(w, &u->ready, c, SIDE_SERVER);
}

static void
come_back(struct worker *w, struct worker_conn *c)
{
	struct uring *u = uring_of(w);

	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		ready_ask(w, &u->ready, c, s, HALF_OUT_OF_SET);
		c->half[s].flags &= (uint8_t)~HALF_RELAY;
		c->half[s].run = 0;
	}
	uring_advance(w, c);
}

void
uring_on_ready(struct worker *w, const struct ready_event *ev)
{
	const uint8_t odd = HALF_SPLICE | HALF_BROKEN | HALF_HUP;
	struct worker_conn *c = ready_conn(w, ev);
	struct engine_half *h;

	/* It may have come back by an earlier event of this turn. */
	if (c == NULL || !(c->half[SIDE_CLIENT].flags & HALF_RELAY))
		return;
	h = c->half;
	ready_on_conn(w, &uring_of(w)->ready, c, (enum side)ev->about, ev->events);
	if (c->state != CONN_RELAY)
		return;
	if (pump_kept(&h[0]) > 0 || pump_kept(&h[1]) > 0 || ((h[0].flags | h[1].flags) & odd))
		c->calm = 0;
	else if (++c->calm >= CALM)
		come_back(w, c);
}

/* ---- bytes in the ring ---- */

/* No server yet: the client's first bytes wait, but not in many buffers, and in none
 * of the ring when those are short. */
static void
advance_early(struct worker *w, struct worker_conn *c)
{
	struct engine_half *h = &c->half[SIDE_CLIENT];
	struct uring *u = uring_of(w);
	unsigned n;

	if ((h->flags & HALF_EOF) && h->error != 0) {
		worker_conn_ended(w, c, SIDE_CLIENT, END_RESET, h->error);
		return;
	}
	queue_bytes(u, h, &n);
	if (n >= EARLY_BUFS || (n > 0 && u->free < u->level / 4))
		h->asked |= ASKED_PUMP;
	if (!(h->asked & ASKED_PUMP)) {
		uring_recv(w, c, SIDE_CLIENT, false);
		return;
	}
	stop_recv(w, c, SIDE_CLIENT);
	if (!(h->asked & ASKED_RECV) && h->tail == NULL && !queue_keep(u, h))
		worker_conn_close(w, c, CLOSE_resource);
}

/* True: c is still in the ring. */
static bool
advance_side(struct worker *w, struct worker_conn *c, enum side side)
{
	struct engine_half *h = &c->half[side];

	if (h->asked & ASKED_SEND)
		return true;
	if (h->queue != QUEUE_END) {
		send_first(w, c, side);
		return true;
	}
	if (!(h->flags & HALF_EOF))
		uring_recv(w, c, side, false);
	else if (!(h->flags & HALF_ENDED))
		pump_report_end(w, c, side);
	return c->state == CONN_RELAY;
}

void
uring_advance(struct worker *w, struct worker_conn *c)
{
	if (conn_is_early(c)) {
		advance_early(w, c);
	} else if (c->state == CONN_RELAY) {
		if (c->half[SIDE_CLIENT].asked & ASKED_PUMP)
			go_over(w, c);
		else if (advance_side(w, c, SIDE_CLIENT))
			advance_side(w, c, SIDE_SERVER);
	}
}

static void
received(struct worker *w, struct worker_conn *c, enum side side, unsigned buf, unsigned n)
{
	struct engine_half *h = &c->half[side];

	queue_put(uring_of(w), h, buf, n);
	if (n < ENGINE_BYTES)
		h->flags |= HALF_CALM;
	else
		h->flags &= (uint8_t)~HALF_CALM;
	if (c->state != CONN_RELAY)
		return; /* counted when there is a server */
	worker_conn_moved(w, c, side, n, false);
	h->run = n == ENGINE_BYTES ? (uint8_t)(h->run + 1) : 0;
	if (h->run >= URING_RUN) {
		h->run = 0;
		h->flags |= HALF_SPLICE;
		c->half[SIDE_CLIENT].asked |= ASKED_PUMP;
	}
}

/* A receive that ended so is asked for again; else, or with 0, the source ended. */
static bool
is_passing(int result)
{
	return result == -ENOBUFS || result == -ECANCELED || result == -EINTR || result == -EAGAIN;
}

/* True: half `side` of c waits for a buffer, and is asked again by uring_feed(). */
static bool
starves(struct worker *w, struct worker_conn *c, enum side side)
{
	struct uring *u = uring_of(w);

	uring_more_bufs(u);
	if (u->n_starved == URING_STARVED)
		return false;
	u->starved[u->n_starved++] =
	    (struct uring_starved){pool_index(&w->pool, c), (uint8_t)side, c->half[side].epoch};
	return true;
}

void
uring_feed(struct worker *w)
{
	struct uring *u = uring_of(w);
	unsigned n = u->n_starved < u->free ? u->n_starved : u->free;
	struct uring_starved *s = u->starved;
	struct worker_conn *c;

	for (; s < u->starved + n; s++) {
		c = &w->pool.conn[s->number];
		/* It may have ended meanwhile, or gone over to the pump. */
		if (c->half[s->side].epoch == s->epoch && c->half[s->side].fd >= 0 &&
		    !(c->half[SIDE_CLIENT].flags & HALF_RELAY))
			uring_advance(w, c);
	}
	u->n_starved -= n;
	memmove(u->starved, s, u->n_starved * sizeof *s);
}

void
uring_on_recv(
    struct worker *w, struct worker_conn *c, enum side side, const struct io_uring_cqe *cqe)
{
	struct engine_half *h = &c->half[side];
	struct uring *u = uring_of(w);
	unsigned buf = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
	bool has_buf = cqe->flags & IORING_CQE_F_BUFFER;

	if (!(cqe->flags & IORING_CQE_F_MORE))
		h->asked &= (uint8_t) ~(ASKED_RECV | ASKED_CANCEL);
	if (c->state != CONN_RELAY && !conn_is_early(c)) {
		uring_give_back(u, cqe);
		return;
	}
	if (cqe->res > 0 && has_buf) {
		if (c->state == CONN_GREETING) {
			/* Its last word before an answer may be a state, in which it is asked. */
			worker_conn_early(
			    w, c, u->bufs + (size_t)buf * ENGINE_BYTES, (size_t)cqe->res);
			uring_give_back(u, cqe);
			return;
		}
		uring_take(u);
		received(w, c, side, buf, (unsigned)cqe->res);
	} else {
		uring_give_back(u, cqe);
		/* Who is on the way to the pump needs none. */
		if (cqe->res == -ENOBUFS && !(c->half[SIDE_CLIENT].asked & ASKED_PUMP) &&
		    starves(w, c, side))
			return;
		if (!is_passing(cqe->res))
			pump_source_ended(h, -cqe->res);
	}
	if (c->state == CONN_GREETING && (h->flags & HALF_EOF) && h->error == 0)
		worker_conn_early(w, c, NULL, 0);
	else
		uring_advance(w, c);
}

void
uring_on_send(struct worker *w, struct worker_conn *c, enum side side, int result)
{
	struct engine_half *h = &c->half[side];
	struct uring *u = uring_of(w);

	h->asked &= (uint8_t)~ASKED_SEND;
	if (c->state != CONN_RELAY)
		return;
	if (result == u->len[h->queue] - h->queue_off) {
		queue_pop(u, h);
	} else {
		/* No room, or no use: the pump knows what to do with both. */
		c->half[SIDE_CLIENT].asked |= ASKED_PUMP;
		if (result > 0) {
			h->queue_off += (uint16_t)result;
		} else if (result != -EAGAIN && result != -EINTR) {
			queue_forget(u, h);
			pump_broken(w, &u->ready.pump, c, OTHER_SIDE(side), -result);
		}
	}
	uring_advance(w, c);
}
