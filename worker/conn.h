/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One proxied connection.
 *
 *	accept -> GREETING -> QUEUED -> CONNECTING -> RELAY -> closed	worker_conn_close(), the
 *	   |	     |		^	   |  ^  |	|		only exit, from everywhere
 *	   +---------+----------+----------+  +--+	+-> FLUSHING -> closed
 *	   as the service needs it	      next server
 *
 * GREETING: a PROXY header or a TLS ClientHello is to come first (worker/greet.c). QUEUED: it waits for
 * a place (worker/queue.c). FLUSHING: one side sent RST, what was queued before it goes out first.
 */
#ifndef KHA_WORKER_CONN_H
#define KHA_WORKER_CONN_H

#include "base/clock.h"
#include "shm/layout.h"
#include "worker/engine.h"

#define CONN_NONE  UINT32_MAX /* no connection, as an index */
#define CONN_TRIES 4	      /* servers that one client is offered to */
#define NO_SERVER  SHM_NO_SERVER

enum conn_state {
	CONN_FREE,
	CONN_GREETING,
	CONN_QUEUED,
	CONN_CONNECTING,
	CONN_RELAY,
	CONN_FLUSHING,
	CONN_CLOSED
};

struct pump_tail;
struct early;

/* The engine's part of one direction, named by the side that its bytes come from. Only the
 * engines look inside. */
struct engine_half {
	int fd;			/* of the side that the bytes come from; -1: none */
	uint32_t in_pipe;	/* bytes read and not yet taken by the other side, in a pipe */
	struct pump_tail *tail; /* the same in memory; NULL: none */
	int16_t pipe;		/* index in the engine's pool of pipes; -1: none */
	int16_t error;		/* errno with which the source ended */
	uint16_t queue; /* uring: the same in buffers of the ring, linked; QUEUE_END: none */
	uint16_t queue_last;
	uint16_t queue_off; /* bytes of the first one already sent */
	uint8_t flags;	    /* HALF_... of worker/pump.h */
	uint8_t asked;	    /* uring: ASKED_... of worker/uring.h */
	uint8_t pending;    /* uring: requests whose last completion is still to come */
	uint8_t run;	    /* full (copying) or idle (splicing) reads in a row */
	uint8_t epoch;	    /* tells events of an earlier descriptor of this half */
	uint8_t mask;	    /* events asked of epoll, or HALF_OUT_OF_SET: nothing */
};
#define HALF_OUT_OF_SET 0x80
#define QUEUE_END	UINT16_MAX

/* A half that the engine has not touched yet. Keeps the epoch. */
static inline void
engine_half_init(struct engine_half *h, int fd)
{
	*h = (struct engine_half){
	    .fd = fd, .pipe = -1, .mask = HALF_OUT_OF_SET, .queue = QUEUE_END, .epoch = h->epoch};
}

/* Kept small: an idle connection is this, its row and nothing more. Links are indices into the pool. */
struct worker_conn {
	struct engine_half half[2]; /* enum side */

	/* What others see of it, and what is counted of it: worker/sessions.h. */
	struct shm_session *row;

	struct addr client;
	uint8_t state; /* enum conn_state */
	uint8_t tries;
	uint8_t ended; /* bit 1 << enum side: that side sent FIN */
	uint8_t service;
	uint8_t reset_side;   /* enum side, in CONN_FLUSHING: the one that sent RST */
	uint8_t flush_reason; /* enum close_reason, in CONN_FLUSHING */
	uint8_t calm;	      /* uring: wake-ups in the pump with nothing kept, in a row */
	bool queued : 1;
	bool headed : 1; /* a PROXY header must come first */
	bool tuned : 1;	 /* its server's socket has keepalive and user timeout */
	uint16_t server; /* NO_SERVER: none */
	uint16_t tried[CONN_TRIES];
	int16_t service_limit; /* word held in the arena, -1: none */
	int16_t server_limit;
	int16_t source_row;	/* struct shm_source, -1: none */
	uint16_t wants;		/* server for which it has to wait, NO_SERVER: any */
	uint16_t queued_for;	/* the same while it does */
	uint16_t queued_behind; /* so many were before it when it came there */
	int32_t connect_ms;	/* time to connect; -1: not connected */

	/* Connections of one server, or in one queue; once dropped the engine's. */
	uint32_t list_next, list_prev;
	uint32_t timer_next, timer_prev; /* connections in one slot of the wheel */
	uint32_t timer_slot;		 /* CONN_NONE: not in the wheel */
	int32_t waited_ms;		 /* in the queue, before this time if it waits again */

	struct early *early; /* bytes of the client that came before its server; worker/greet.c */
	uint64_t ticket;     /* of the queue; 0: never waited */

	int64_t accepted_wall_ms;
	int64_t phase_ms; /* begin of connect or flush, CLOCK_MONOTONIC ms */
};

/* CLOCK_MONOTONIC of its begin. */
static inline int64_t
conn_began_us(const struct worker_conn *c)
{
	return c->row->who.started_us;
}

/* Bytes that came from a side. */
static inline uint64_t
conn_bytes(const struct worker_conn *c, enum side side)
{
	return atomic_load_explicit(&c->row->bytes[side], memory_order_relaxed);
}

/* One of a limited number of places, of which another worker makes use the moment that it is given back. */
static inline bool
conn_holds_place(const struct worker_conn *c)
{
	return c->service_limit >= 0 || c->server_limit >= 0 || c->source_row >= 0;
}

/* It has no server yet. */
static inline bool
conn_is_early(const struct worker_conn *c)
{
	return c->state == CONN_GREETING || c->state == CONN_QUEUED || c->state == CONN_CONNECTING;
}

/* Takes a new client socket of `service` (index): picks a server and connects. Owns fd. at: the address
 * that it connected to; NULL: the socket knows. */
void worker_conn_start(struct worker *w, unsigned service_index, int fd, const struct addr *from,
    const struct addr *at);

/* What it waited for before it could have a server is done: picks one and connects, or waits for a
 * place. */
void worker_conn_next(struct worker *w, struct worker_conn *c);

/* It waits in the queue: takes a place if there is one now. */
void worker_conn_try(struct worker *w, struct worker_conn *c);

/* Tells the checker to look at what workers met, now. */
void worker_poke_checker(struct worker *w);

/* The only end of a connection: counts `reason`, logs if the service wants it, gives back what
 * it holds. RST to both sides, except for CLOSE_done. c may not be used afterwards. */
void worker_conn_close(struct worker *w, struct worker_conn *c, enum close_reason reason);

/* The end of a client that was not taken in: counted as accepted and closed. Owns fd. */
void worker_conn_refuse(struct worker *w, unsigned service_index, int fd, enum close_reason reason);

/* Its deadline may be over: closes, retries or arms the timer again. */
void worker_conn_timeout(struct worker *w, struct worker_conn *c);

/* One log line (worker/connlog.c). asap: at the start, HAProxy's logasap form. */
void worker_conn_log(struct worker *w, struct worker_conn *c, const char *letters, bool asap);

#endif
