/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections whose bytes move when the kernel says that they can: an epoll set, level-triggered,
 * around worker/pump.c. It is the whole data path of the epoll engine, and where the io_uring
 * engine sends what does not flow by itself: bulk, and peers that are slow to read.
 *
 * A descriptor is registered with the events that its two directions need now: readable while
 * nothing that came from it waits to be sent, writable while something waits to go to it. With
 * neither it stays registered for errors alone, so that a RST is noticed; when the error is seen
 * and cannot be acted on yet (a slow reader on the other side holds bytes back), it is taken out,
 * because level-triggered errors would be reported for ever.
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

/* Asks for `mask` (EPOLLIN, EPOLLOUT, 0: errors alone) on one side; HALF_OUT_OF_SET: for nothing.
 * Whether that worked is in half.mask. */
void ready_ask(
    struct worker *w, struct ready *r, struct worker_conn *c, enum side side, uint8_t mask);

/* The pump has c (pump_begin()): moves what can be moved from `side` now, then asks for what is
 * needed. c may be closed afterwards. */
void ready_run(struct worker *w, struct ready *r, struct worker_conn *c, enum side side);

/* Waits at most timeout_ms; number of events, see ready_event(). */
int ready_wait(struct ready *r, int timeout_ms);
struct ready_event ready_event(const struct ready *r, int i);

/* The connection that an event is about, or NULL when that is gone. */
struct worker_conn *ready_conn(struct worker *w, const struct ready_event *ev);

/* An event of a connection that the pump has. */
void ready_on_conn(
    struct worker *w, struct ready *r, struct worker_conn *c, enum side side, uint32_t events);

#endif
