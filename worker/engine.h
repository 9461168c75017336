/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an engine does for the connection code, and what it says back. The border is shaped
 * for completions: connection code hears "n bytes came from this side" and "this side ended",
 * never "this descriptor is ready", so that readiness (epoll) and completion (io_uring) engines
 * fit behind it. Bytes and buffers are the engine's alone: it moves them from each side to the
 * other in order, holds back the reader when the writer is slow (a fixed bound of memory per
 * direction), and carries a FIN through as a FIN.
 *
 * Nothing above this line knows which engine runs.
 */
#ifndef KHA_WORKER_ENGINE_H
#define KHA_WORKER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

struct worker;
struct worker_conn;

enum side { SIDE_CLIENT, SIDE_SERVER };
#define OTHER_SIDE(s) ((s) == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT)

/* Bytes of a buffer, in every engine: an answer of 16 KB and its head are one message, not two. */
#define ENGINE_BYTES 32768

/* How a side ended. */
enum ending {
	END_FIN,   /* in good order; the FIN was already passed on to the other side */
	END_RESET, /* RST, timeout or another error; errno beside */
};

struct engine {
	const char *name;

	/* Before the first other call, before privileges are dropped. 0, or -1 with a sentence:
	 * this machine does not offer what the engine needs. */
	int (*init)(struct worker *w, struct err *err);
	void (*fini)(struct worker *w);

	/* Starts and stops accepting on a listener of the heritage. Connections arrive by
	 * worker_accepted(), failures by worker_accept_failed(). 0 or -1 (errno). */
	int (*listen)(struct worker *w, unsigned listener);
	void (*unlisten)(struct worker *w, unsigned listener);

	/* Says worker_handed() whenever something may be read from a slot's pair (heritage hand_fds),
	 * until unwatch. 0 or -1 (errno). */
	int (*watch)(struct worker *w, unsigned slot);
	void (*unwatch)(struct worker *w, unsigned slot);

	/* The client has no server yet, or none any more: closes an earlier one. bytes: says worker_conn_early() once when some came, or an
	 * end; else only its RST is of interest (worker_conn_ended()), and what comes waits. */
	void (*await)(struct worker *w, struct worker_conn *c, bool bytes);

	/* Connects the server side of c, closing an earlier one. `fd` is a new non-blocking TCP
	 * socket with all options set and belongs to the engine from here on. 0: in progress,
	 * worker_conn_connected() follows; else an errno: failed at once, nothing follows. */
	int (*connect)(struct worker *w, struct worker_conn *c, int fd, const struct addr *to);

	/* Gives up the connect that is in progress. */
	void (*unconnect)(struct worker *w, struct worker_conn *c);

	/* Both sides are connected: move bytes until worker_conn_ended() was said for both, or
	 * for one with END_RESET. `first` (n bytes, nobody's afterwards) goes to the server before
	 * all others, and is not said to have moved. */
	void (*relay)(struct worker *w, struct worker_conn *c, const uint8_t *first, size_t n);

	/* Bytes that the kernel still has to deliver to `side`; 0 when it cannot say. */
	size_t (*unsent)(struct worker *w, struct worker_conn *c, enum side side);

	/* Closes what is open of c, with a RST if `reset` (data not yet delivered is lost), and
	 * forgets it. worker_conn_shut() follows, once, inside this call or later; then
	 * worker_conn_gone(), once, not from inside this call. */
	void (*drop)(struct worker *w, struct worker_conn *c, bool reset);

	/* Nothing came and went for a while: gives back the memory of buffers. */
	void (*rest)(struct worker *w);

	/* One turn: waits at most timeout_ms (0: not at all) or until the wake eventfd of the
	 * heritage was written, and works off what happened; w->now is set after the wait. */
	void (*turn)(struct worker *w, int timeout_ms);
};

extern const struct engine engine_epoll;
extern const struct engine engine_uring;

/* Makes a ring as engine_uring needs it, and ends it. -1 with the reason why that is not possible. */
int uring_try(struct err *err);

/* ---- said by the engine ---- */

/* A client: `fd` (non-blocking, close-on-exec) now belongs to whom this is said. */
void worker_accepted(struct worker *w, unsigned listener, int fd, const struct addr *from);
void worker_accept_failed(struct worker *w, unsigned listener, int error);

/* Clients from other workers may wait in this slot's pair: all are to be taken now. */
void worker_handed(struct worker *w, unsigned slot);

/* The connect ended: error 0 or an errno. */
void worker_conn_connected(struct worker *w, struct worker_conn *c, int error);

/* After await: n bytes came from the client, at most ENGINE_BYTES; 0: its FIN. */
void worker_conn_early(struct worker *w, struct worker_conn *c, const uint8_t *bytes, size_t n);

/* The server ends in good order. True: the client goes to another one, and the engine was told to
 * connect that; false: the FIN is passed on. */
bool worker_conn_retried(struct worker *w, struct worker_conn *c);

/* n bytes came from `side` (n > 0), of them `spliced` without passing through user space. */
void worker_conn_moved(
    struct worker *w, struct worker_conn *c, enum side side, size_t n, bool spliced);

/* `side` ended and all its earlier bytes were handed to the kernel for the other side. Said at
 * most once for END_FIN and once for END_RESET per side. */
void worker_conn_ended(
    struct worker *w, struct worker_conn *c, enum side side, enum ending how, int error);

/* The engine has no use for c any more. */
void worker_conn_gone(struct worker *w, struct worker_conn *c);

/* Its sockets are closed (one that conn_holds_place()), or will be before this worker's next client comes:
 * its places are the next one's, and c is off all lists. */
void worker_conn_shut(struct worker *w, struct worker_conn *c);

#endif
