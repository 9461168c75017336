/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving bytes of readiness engines: recv and send through one scratch buffer per worker, splice
 * through a pipe for bulk. What the other side does not take is kept (one buffer or one pipe per
 * direction, the bound of memory) and reading stops until it is gone.
 */
#ifndef KHA_WORKER_PUMP_H
#define KHA_WORKER_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/conn.h"
#include "worker/pipes.h"

#define PUMP_TAILS 32 /* free buffers for kept bytes that wait for the next */

/* Bits of engine_half.flags. */
enum {
	HALF_EOF = 1,	 /* nothing more comes from this side; engine_half.error says how */
	HALF_ENDED = 2,	 /* and that was reported */
	HALF_BROKEN = 4, /* this side takes nothing any more: a write failed */
	HALF_SPLICE = 8, /* bulk comes from this side */
	HALF_HUP = 16,	 /* the kernel reports an error that cannot be acted on yet */
	HALF_RELAY = 32, /* pump_begin() was called */
	HALF_CALM = 64,	 /* uring: the last receive did not fill its buffer */
	HALF_FIN = 128,	 /* a FIN stands behind what can be read, now and from now on */
};

struct pump {
	struct pipes pipes;
	struct pump_tail *tails[PUMP_TAILS];
	unsigned n_tails;
	uint8_t scratch[ENGINE_BYTES];
};

void pump_begin(struct worker_conn *c);

/* Moves what can be moved now from `side` to the other, within a bound, and says it upwards. c may
 * be closed when it returns. True: there may be more to read. */
bool pump_run(struct worker *w, struct pump *p, struct worker_conn *c, enum side side);

/* Room for n bytes that came from half h and were counted, to be sent after what it keeps in memory
 * already (nothing in a pipe) and before all others. NULL: no memory. */
uint8_t *pump_keep(struct pump *p, struct engine_half *h, size_t n);

/* Sends n bytes to the server that go before all that came from the client; what it does not take is
 * kept in front. c may be closed afterwards. */
void pump_first(
    struct worker *w, struct pump *p, struct worker_conn *c, const uint8_t *bytes, size_t n);

/* Bytes kept of half h, in memory or in a pipe. */
size_t pump_kept(const struct engine_half *h);

/* `side` has HALF_EOF: says so upwards, once, when nothing of it is kept any more. */
void pump_report_end(struct worker *w, struct worker_conn *c, enum side side);

bool pump_wants_read(const struct worker_conn *c, enum side side);
bool pump_wants_write(const struct worker_conn *c, enum side side);

/* Nothing more comes from half h: error 0 for a FIN. */
void pump_source_ended(struct engine_half *h, int error);

/* A write to `side` failed with `error`: it takes nothing any more. What it sent before is still read
 * and passed on; then its end is reported, as a RST, because that is what makes writing fail. To be
 * said at once: the failing write took the error from the socket, whose reader then hears of an end in
 * good order. */
void pump_broken(
    struct worker *w, struct pump *p, struct worker_conn *c, enum side side, int error);

/* Gives buffers and pipes of c back, and forgets how far its halves were, but for HALF_FIN. */
void pump_end(struct pump *p, struct worker_conn *c);

/* Frees buffers that are kept for later use. */
void pump_rest(struct pump *p);
/* That, and the pipes. */
void pump_fini(struct pump *p);

#endif
