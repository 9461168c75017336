/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine on io_uring: what its files share.
 *
 * A connection is in the ring or in the pump. In the ring each direction has one multishot receive
 * into buffers that the kernel takes out of a common ring, and at most one send of such a buffer,
 * which never waits: it takes all of it at once, or the connection goes over to the pump
 * (worker/ready.c), which keeps what was not taken and waits for room. So a slow reader never holds
 * a buffer of the ring, cannot starve the others, and costs what it costs in the epoll engine. Bulk
 * goes over too, for splice(2). When nothing is kept and things are calm, the connection comes back.
 *
 * One receive ends when URING_ASK bytes have come, so that its connection has a say before there are
 * more than that and a buffer: a receive that is armed for ever may put half a megabyte into buffers
 * within one completion, all of it to be kept if the other side then takes nothing. The kernel counts
 * that (6.17 and later, `counts`), or the receive is for one buffer as long as buffers come back full.
 *
 *	uring_setup.c	the ring: features, restrictions
 *	uring_bufs.c	its buffers
 *	uring_polls.c	what is polled: listeners and the like
 *	uring_relay.c	bytes of connections in the ring, and the way into the pump and back
 *	uring.c		the engine: accept, connect, close, the turn
 */
#ifndef KHA_WORKER_URING_H
#define KHA_WORKER_URING_H

#include <liburing.h>

#include "worker/ready.h"

#define URING_SQ       1024 /* requests between two calls of the kernel; more cost a call */
#define URING_CQ       8192
#define URING_BUFS     1024  /* a power of two; touched only as far as they were needed */
#define URING_BUFS_FEW 64    /* as long as that is enough: few stay in the cache */
#define URING_ASK      16384 /* bytes of a receive that stays armed, before it is armed again */
#define URING_STARVED  8192  /* more than that are asked again at once */
#define URING_GROUP    1
#define URING_RUN      2 /* that many full buffers in a row are bulk */

/* Bits of engine_half.asked. */
enum {
	ASKED_RECV = 1,	   /* a receive is armed on this half */
	ASKED_CANCEL = 2,  /* and its end was asked for */
	ASKED_SEND = 4,	   /* the first buffer of the queue is being sent */
	ASKED_CONNECT = 8, /* of the server's half */
	/* Of the client's half, for the connection: */
	ASKED_PUMP = 16, /* goes over to the pump when nothing is asked any more */
	ASKED_DROP = 32, /* was dropped, waits for the last completions */
	ASKED_RST = 64,	 /* is to be closed with a RST */
};

/* What a completion is about, with the number of a listener or connection, a side and the epoch of
 * a half, in user_data. DONE: nobody waits for it. */
enum uring_op { OP_DONE, OP_LISTENER, OP_HAND, OP_WAKE, OP_READY, OP_RECV, OP_SEND, OP_CONNECT };

/* A half whose receive found no buffer. */
struct uring_starved {
	uint32_t number;
	uint8_t side; /* enum side */
	uint8_t epoch;
};

struct uring_listener {
	bool wanted;
	bool asked; /* a poll is armed */
};

struct uring {
	struct io_uring ring;
	struct io_uring_buf_ring *br;
	size_t br_size;
	bool counts; /* the kernel ends a multishot receive after so many bytes */
	uint8_t *bufs;
	unsigned level; /* buffers that circulate */
	unsigned free;	/* of them in the kernel's hands */
	unsigned most;	/* that were not, at a time, since the last look */
	unsigned keep;	/* from this one on a buffer that is given back rests */
	bool circulates[URING_BUFS];
	int64_t looked_ms;	   /* at how many are needed */
	unsigned given;		   /* returned since the last io_uring_buf_ring_advance() */
	uint16_t next[URING_BUFS]; /* queues of directions */
	uint16_t len[URING_BUFS];
	/* Who is asked again when buffers have come back: at once he would find none again, and thousands
	 * of them would keep the worker from the completions that bring buffers back. */
	struct uring_starved starved[URING_STARVED];
	unsigned n_starved;
	uint32_t gone;	   /* dropped connections, linked by list_next */
	bool ready_asked;  /* a poll of the pump's epoll set is armed */
	unsigned requests; /* armed and not completed */
	unsigned n_to;
	struct addr to[URING_SQ]; /* connects of this turn: read by the kernel when submitted */
	struct uring_listener *listeners;
	struct ready ready;
};

static inline struct uring *
uring_of(const struct worker *w)
{
	return w->engine_state;
}

static inline uint64_t
uring_data(enum uring_op op, uint32_t number, enum side side, uint8_t epoch)
{
	return (uint64_t)op << 48 | (uint64_t)side << 40 | (uint64_t)epoch << 32 | number;
}

/* ---- uring_setup.c ---- */

/* Makes the ring with its buffers, restricted to the requests in use, and enables it. -1: errno,
 * and a sentence that says what this machine does not offer. */
int uring_open(struct uring *u, struct err *err);
void uring_close(struct uring *u);

/* A free place for a request; submits when there is none. */
struct io_uring_sqe *uring_sqe(struct uring *u);

/* Nobody waits for the end of a request that was just prepared, if it succeeds. */
void uring_unwaited(struct io_uring_sqe *sqe);

/* Asks for the end of the request with this user_data. */
void uring_cancel(struct uring *u, uint64_t what);

/* A receive that stays armed, until `bytes` or more came if the kernel counts them. */
void uring_prep_recv(const struct uring *u, struct io_uring_sqe *sqe, int fd, unsigned bytes);

/* ---- uring_bufs.c ---- */

/* 0, or -1: errno. */
int uring_bufs_make(struct uring *u);
void uring_bufs_end(struct uring *u);

/* A completion has brought a buffer. */
void uring_take(struct uring *u);
/* Gives a buffer back to the kernel, from the next submit on. */
void uring_give(struct uring *u, unsigned buf);
/* Both, with the buffer of a completion that nobody wants, if it has one. */
void uring_give_back(struct uring *u, const struct io_uring_cqe *cqe);

/* Nothing came for a while: no buffer keeps its memory, though as many circulate as before. */
void uring_bufs_rest(struct uring *u);

/* Makes more of the buffers circulate, if there are any; fewer, if few were needed since the last call
 * (between two turns, with no completion waiting). */
void uring_more_bufs(struct uring *u);
void uring_fewer_bufs(struct uring *u);

/* ---- uring_polls.c ---- */

int uring_listen(struct worker *w, unsigned listener);
void uring_unlisten(struct worker *w, unsigned listener);
int uring_watch(struct worker *w, unsigned slot);
void uring_unwatch(struct worker *w, unsigned slot);

/* Arm a poll of the wake-up; of the pump's set, unless it is. */
void uring_poll_wake(struct worker *w);
void uring_poll_pump(struct uring *u);

/* What they found; armed: the poll goes on. */
void uring_on_listener(struct worker *w, unsigned listener);
void uring_on_hand(struct worker *w, unsigned slot, bool armed);
void uring_on_wake(struct worker *w, bool armed);
void uring_on_pump(struct worker *w);

/* ---- uring_relay.c ---- */

/* Arms a receive on `side` unless there is one or nothing more comes. first_poll: nothing is
 * expected at once. */
void uring_recv(struct worker *w, struct worker_conn *c, enum side side, bool first_poll);

/* Does what the state of c allows next. c may be dropped afterwards. */
void uring_advance(struct worker *w, struct worker_conn *c);

/* Asks those again that found no buffer, as many as there are buffers. */
void uring_feed(struct worker *w);

void uring_on_recv(
    struct worker *w, struct worker_conn *c, enum side side, const struct io_uring_cqe *cqe);
void uring_on_send(struct worker *w, struct worker_conn *c, enum side side, int result);

/* An event of a connection in the pump. */
void uring_on_ready(struct worker *w, const struct ready_event *ev);

/* Bytes that came from the client before there was a server. */
size_t uring_early(const struct worker *w, const struct worker_conn *c);

/* Gives all queued buffers back. */
void uring_forget_queues(struct worker *w, struct worker_conn *c);

/* Asks for the end of what is armed on a half. */
void uring_cancel_half(struct worker *w, struct worker_conn *c, enum side side, enum uring_op op);

#endif
