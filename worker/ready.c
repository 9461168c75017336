/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/ready.h"

#include <unistd.h>

#include "worker/sock.h"

static uint64_t
about_data(uint32_t number, enum about about, uint8_t epoch)
{
	return (uint64_t)epoch << 40 | (uint64_t)about << 32 | number;
}

int
ready_init(struct ready *r, struct err *err)
{
	r->fd = epoll_create1(EPOLL_CLOEXEC);
	return r->fd < 0 ? err_addsys(err, "epoll") : 0;
}

void
ready_fini(struct ready *r)
{
	pump_fini(&r->pump);
	close(r->fd);
}

int
ready_add(struct ready *r, int fd, enum about about, uint32_t number)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = about_data(number, about, 0)};

	return epoll_ctl(r->fd, EPOLL_CTL_ADD, fd, &ev);
}

void
ready_remove(struct ready *r, int fd)
{
	epoll_ctl(r->fd, EPOLL_CTL_DEL, fd, NULL);
}

void
ready_ask(struct worker *w, struct ready *r, struct worker_conn *c, enum side side, uint8_t mask)
{
	struct engine_half *h = &c->half[side];
	struct epoll_event ev = {.events = mask & ~HALF_OUT_OF_SET,
	    .data.u64 = about_data(pool_index(&w->pool, c), (enum about)side, h->epoch)};
	int op = EPOLL_CTL_MOD;

	if (mask == h->mask)
		return;
	if (h->mask == HALF_OUT_OF_SET)
		op = EPOLL_CTL_ADD;
	else if (mask == HALF_OUT_OF_SET)
		op = EPOLL_CTL_DEL;
	/* Fails only for want of kernel memory (or max_user_watches); then this connection
	 * cannot be served, and its timeouts end it. */
	if (epoll_ctl(r->fd, op, h->fd, &ev) == 0)
		h->mask = mask;
}

static void
ask_both(struct worker *w, struct ready *r, struct worker_conn *c)
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
		ready_ask(w, r, c, s, mask);
	}
}

void
ready_run(struct worker *w, struct ready *r, struct worker_conn *c, enum side side)
{
	pump_run(w, &r->pump, c, side);
	if (c->state == CONN_RELAY || c->state == CONN_FLUSHING)
		ask_both(w, r, c);
}

int
ready_wait(struct ready *r, int timeout_ms)
{
	return epoll_wait(r->fd, r->events, READY_EVENTS, timeout_ms);
}

struct ready_event
ready_event(const struct ready *r, int i)
{
	uint64_t data = r->events[i].data.u64;

	return (struct ready_event){.about = (enum about)(data >> 32 & 0xff),
	    .number = (uint32_t)data,
	    .epoch = (uint8_t)(data >> 40),
	    .events = r->events[i].events};
}

struct worker_conn *
ready_conn(struct worker *w, const struct ready_event *ev)
{
	struct worker_conn *c = &w->pool.conn[ev->number];

	return c->half[ev->about].epoch == ev->epoch && c->half[ev->about].fd >= 0 ? c : NULL;
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
	error = sock_error(h->fd);
	if (error != 0)
		worker_conn_ended(w, c, side, END_RESET, error);
}

void
ready_on_conn(
    struct worker *w, struct ready *r, struct worker_conn *c, enum side side, uint32_t events)
{
	const uint32_t bad = EPOLLERR | EPOLLHUP;
	uint8_t asked = c->half[side].mask;

	if (c->state != CONN_RELAY) {
		/* Flushing: its end is known, errors must not be reported again and again. */
		ready_ask(w, r, c, side, HALF_OUT_OF_SET);
		return;
	}
	if ((events & bad) && asked == 0)
		on_quiet_error(w, c, side);
	if ((events & (EPOLLOUT | bad)) && (asked & EPOLLOUT) && c->state == CONN_RELAY)
		pump_run(w, &r->pump, c, OTHER_SIDE(side));
	if ((events & (EPOLLIN | bad)) && (asked & EPOLLIN) && c->state == CONN_RELAY)
		pump_run(w, &r->pump, c, side);
	if (c->state == CONN_RELAY || c->state == CONN_FLUSHING)
		ask_both(w, r, c);
}
