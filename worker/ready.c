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

static bool
control(
    struct worker *w, struct ready *r, struct worker_conn *c, enum side side, int op, uint8_t mask)
{
	struct engine_half *h = &c->half[side];
	struct epoll_event ev = {.events = mask | EPOLLRDHUP | EPOLLET,
	    .data.u64 = about_data(pool_index(&w->pool, c), (enum about)side, h->epoch)};

	/* Fails only for want of kernel memory (or max_user_watches); then this connection
	 * cannot be served, and its timeouts end it. */
	return epoll_ctl(r->fd, op, h->fd, &ev) == 0;
}

bool
ready_ask(struct worker *w, struct ready *r, struct worker_conn *c, enum side side, uint8_t mask)
{
	struct engine_half *h = &c->half[side];
	int op = EPOLL_CTL_MOD;

	if (h->mask == HALF_OUT_OF_SET)
		op = EPOLL_CTL_ADD;
	else if (mask == HALF_OUT_OF_SET)
		op = EPOLL_CTL_DEL;
	else
		mask |= h->mask;
	if (mask == h->mask)
		return false;
	if (control(w, r, c, side, op, mask))
		h->mask = mask;
	return true;
}

void
ready_again(struct worker *w, struct ready *r, struct worker_conn *c, enum side side)
{
	(void)control(w, r, c, side, EPOLL_CTL_MOD, c->half[side].mask);
}

/* again: sides (1 << enum side) that have more to read. */
static void
ask_both(struct worker *w, struct ready *r, struct worker_conn *c, unsigned again)
{
	uint8_t mask;

	for (enum side s = SIDE_CLIENT; c->state == CONN_RELAY && s <= SIDE_SERVER; s++) {
		if (c->half[s].fd < 0)
			return;
		mask = pump_wants_write(c, s) ? EPOLLIN | EPOLLOUT : EPOLLIN;
		if (!ready_ask(w, r, c, s, mask) && (again & 1u << s))
			ready_again(w, r, c, s);
	}
}

void
ready_run(struct worker *w, struct ready *r, struct worker_conn *c, enum side side)
{
	unsigned again = pump_run(w, &r->pump, c, side) ? 1u << side : 0;

	ask_both(w, r, c, again);
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
	struct engine_half *h = &c->half[ev->about];

	if (h->epoch != ev->epoch || h->fd < 0)
		return NULL;
	if (ev->events & EPOLLRDHUP)
		h->flags |= HALF_FIN;
	return c;
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
	const enum side other = OTHER_SIDE(side);
	const uint32_t bad = EPOLLERR | EPOLLHUP;
	unsigned again = 0;

	if (c->state != CONN_RELAY)
		return; /* flushing: its end is known */
	if ((events & bad) && !pump_wants_read(c, side) && !pump_wants_write(c, side))
		on_quiet_error(w, c, side);
	if ((events & (EPOLLOUT | bad)) && pump_wants_write(c, side) &&
	    pump_run(w, &r->pump, c, other))
		again |= 1u << other;
	if ((events & (EPOLLIN | EPOLLRDHUP | bad)) && pump_wants_read(c, side) &&
	    pump_run(w, &r->pump, c, side))
		again |= 1u << side;
	ask_both(w, r, c, again);
}
