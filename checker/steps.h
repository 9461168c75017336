/* SPDX-License-Identifier: BSD-2-Clause */
/* The phases of a check that lead to its outcome (steps.c), called by the machinery that gives
 * them descriptors and time (probe.c). Private to these two. */
#ifndef KHA_CHECKER_STEPS_H
#define KHA_CHECKER_STEPS_H

#include "checker/probe.h"

/* What a step says about itself. */
enum step {
	STEP_NEXT, /* go on with p->phase */
	STEP_READ, /* again when there is something to read */
	STEP_WRITE,
	STEP_OVER, /* the check has ended */
};

/* ---- steps.c ---- */

enum step step_connect(struct probe *p); /* the connect came to an end */
enum step step_handshake(struct probe *p);
enum step step_send(struct probe *p);
enum step step_recv(struct probe *p);
enum step step_rest(struct probe *p);
enum step step_kept(struct probe *p);

/* The outcome of a connect that failed with this errno. */
enum step probe_not_connected(struct probe *p, int error);

/* ---- probe.c ---- */

/* The check has its outcome, which goes to the owner; the rest is closing. Returns STEP_OVER,
 * and nobody may look at *p afterwards: the owner may have started the next one. */
enum step probe_finish(struct probe *p, enum check_result result, unsigned code, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* The connection was kept and is gone: the check begins anew on a fresh one. */
enum step probe_again(struct probe *p);

/* There is nothing left to wait for: says goodbye and closes. */
enum step probe_leave(struct probe *p);

/* Time until the present phase is given up. */
void probe_arm(struct probe *p, int64_t ms);

#endif
