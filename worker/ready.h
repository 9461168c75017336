/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections whose bytes move when the kernel says that they can: an epoll set around
 * worker/pump.c. It is the whole data path of the epoll engine, and where the io_uring engine sends
 * what does not flow by itself: bulk, and peers that are slow to read.
 *
 * Edge-triggered: a descriptor is registered once and told of again only for good reason, because a
 * call of the kernel is a fiftieth of what a new connection costs. So nothing may be left behind
 * unnoticed: who stops reading with more to come (its turn is over) says ready_again(), who stops because the
 * other side is slow is started by that side's EPOLLOUT, and a short read is the end of what there is
 * unless a FIN stands behind it (HALF_FIN). Events are kept for descriptors of which nothing is wanted,
 * so a RST is noticed, once.
 */
#ifndef KHA_WORKER_READY_H
#define KHA_WORKER_READY_H

#include <sys/epoll.h>

#include "worker/internal.h"
#include "worker/pump.h"

#define READY_EVENTS 256

/* What an event is about. */
enum about {
	ABOUT_CLIENT = SIDE_CLIENT,
	ABOUT_SERVER = SIDE_SERVER,
	ABOUT_LISTENER,
	ABOUT_HAND,
	ABOUT_WAKE
};

struct ready {
	int fd; /* of the epoll set */
	struct pump pump;
	struct epoll_event events[READY_EVENTS];
};

struct ready_event {
	enum about about;
	uint32_t number; /* of the listener or slot, or of the connection in the pool */
	uint8_t epoch;	 /* of the connection's half */
	uint32_t events; /* EPOLLIN... */
};

int ready_init(struct ready *r, struct err *err);
void ready_fini(struct ready *r);

/* What is no connection. -1: errno. */
int ready_add(struct ready *r, int fd, enum about about, uint32_t number);
void ready_remove(struct ready *r, int fd);

/* Asks for `mask` (EPOLLIN, perhaps EPOLLOUT, beside what was asked before) on one side, of what is
 * there already too; HALF_OUT_OF_SET: for nothing. Whether that worked is in half.mask. False: it was asked
 * before, nothing was done. */
bool ready_ask(
    struct worker *w, struct ready *r, struct worker_conn *c, enum side side, uint8_t mask);
/* Asks once more for what was asked: if it is so now, there will be an event. */
void ready_again(struct worker *w, struct ready *r, struct worker_conn *c, enum side side);

/* The pump has c (pump_begin()): moves what can be moved from `side` now, then asks for what is
 * needed. c may be closed afterwards. */
void ready_run(struct worker *w, struct ready *r, struct worker_conn *c, enum side side);

/* Waits at most timeout_ms; number of events, see ready_event(). */
int ready_wait(struct ready *r, int timeout_ms);
struct ready_event ready_event(const struct ready *r, int i);

/* The connection that an event is about, or NULL when that is gone. Notes a FIN (HALF_FIN). */
struct worker_conn *ready_conn(struct worker *w, const struct ready_event *ev);

/* An event of a connection that the pump has. */
void ready_on_conn(
    struct worker *w, struct ready *r, struct worker_conn *c, enum side side, uint32_t events);

#endif
