/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From single check results to the state of a server; pure.
 *
 *	           rise passes
 *	     .---------------------------> UP ---------.
 *	     |                             |           | fall failures, all of them
 *	     |        fall failures, not   |           | with a port that does not accept
 *	     |   all of the other kind     v           v
 *	     +----------------------- NOTREADY <--->  DOWN
 *	     |                             fall failures       |
 *	     `------------------- of the other's kind ---------'
 *
 * HUNG is a NOTREADY whose checks got no answer at all for hung_after, from which no byte came
 * to any client in that time, while another server is UP. It counts as NOTREADY does, and is that
 * again with the first answer.
 *
 * `health` is HAProxy's integer, 0..rise+fall-1, UP from `rise` on (src/check.c,
 * set_server_check_status): a pass that reaches `rise` jumps to the top, a failure that
 * falls below `rise` drops to 0. Thus one failure while rising begins the count again,
 * and so does one pass while falling. The first result decides alone.
 *
 * DOWN makes workers reset connections, so that it takes `fall` failures in a row that all
 * say DOWN; a mixture shows NOTREADY.
 */
#ifndef KHA_CHECKER_VERDICT_H
#define KHA_CHECKER_VERDICT_H

#include <stdbool.h>

#include "base/clock.h"
#include "shm/layout.h"

struct verdict {
	int rise, fall; /* 1..100 */
	int health;
	enum server_state state; /* UP, NOTREADY, HUNG or DOWN */
	struct mono since;	 /* of state */
	struct mono slow;	 /* UP, and slow start began then; 0: none */
	bool returns;		 /* slow start begins when it is UP next */
	struct mono mute;	 /* NOTREADY, and all results since then were mute; 0: not so */
	bool first;		 /* no result yet */
	int streak;		 /* failures in a row that say the same, at most fall */
	enum server_state streak_state;
	bool poked;	     /* a worker was in trouble, and no check passed since */
	struct mono refused; /* since then it refused checks; 0: not so */
};

/* A server of which nothing is known: NOTREADY until its first result. The first UP is no return:
 * at a cold start all servers have it. Others are to set v->returns afterwards. */
void verdict_init(struct verdict *v, int rise, int fall, struct mono now);

/* Goes on where a predecessor (perhaps with another rise and fall) stopped: its cell. What it
 * counted stays as far as the new numbers allow. */
void verdict_inherit(struct verdict *v, int rise, int fall, const struct shm_health *cell);

/* A check ended. UNK, INI and SOCKERR say nothing about the server and change nothing. True:
 * the state changed (the first result counts as a change). */
bool verdict_result(struct verdict *v, enum check_result result, struct mono now);

/* What HUNG takes beside results. */
struct silence {
	int64_t hung_after_us;
	struct mono last_byte; /* that came from the server, 0: never */
	bool other_up;	       /* another server of the service gets the connections */
};

/* Time went on, or something of *s changed. True: NOTREADY became HUNG, or HUNG NOTREADY. */
bool verdict_silence(struct verdict *v, const struct silence *s, struct mono now);

/* What is known was about another address: the next result decides alone. */
void verdict_forget(struct verdict *v);

/* A worker could not connect, or an open connection was lost: one failure that says DOWN, but never
 * the one that decides, for the reason may lie on our side (source ports used up); a check that is
 * started at once does. */
void verdict_poke(struct verdict *v);

/* After the verdict_result() of a check that was refused. When a worker was in trouble, too, a
 * second one at least VERDICT_TWICE_MS later means DOWN, whatever `fall` says. */
#define VERDICT_TWICE_MS 200
bool verdict_refused(struct verdict *v, struct mono now);
/* True: waits for that second one, which is due at *when. */
bool verdict_twice(const struct verdict *v, struct mono *when);

/* The next results may change the state: time for fast_interval. */
bool verdict_is_moving(const struct verdict *v);

#endif
