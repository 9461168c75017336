/* SPDX-License-Identifier: BSD-2-Clause */
/* One election, and the events that a test says to it; the node is 10.0.0.5. */
#ifndef KHA_T_UNIT_VRRP_ONE_H
#define KHA_T_UNIT_VRRP_ONE_H

#include "vrrp/election.h"

#define MS INT64_C(1000000)
#define T0 (INT64_C(1000) * VRRP_SECOND)

struct one {
	struct vrrp_election e;
	struct vrrp_router conf;
	int64_t now;
	struct vrrp_step s; /* of the last event */
};

/* Version 3, 1 s, priority 100, preempt, lifetime 3 s; INIT at T0. one_init after a change of conf. */
void one_new(struct one *o);
void one_init(struct one *o);
void one_say(struct one *o, enum vrrp_kind kind);
void one_priority(struct one *o, uint8_t priority);
/* From 10.0.0.<host>. */
void one_advert(struct one *o, uint8_t priority, uint8_t host, int64_t interval_ns);
void one_reject(struct one *o, enum vrrp_verdict why, uint8_t priority, int64_t interval_ns);
void one_resume(struct one *o, int64_t pause_ns);
/* Goes to the deadline, or to T0 + ns, and says TIMER. */
void one_timer(struct one *o);
void one_at(struct one *o, int64_t ns);
/* A new one in that state, at T0: BACKUP has heard priority 200 just now, MASTER has just advertised. */
void one_in(struct one *o, enum vrrp_state state);

#define assert_step(o, state, what)                                                                \
	do {                                                                                       \
		assert_string_equal(                                                               \
		    vrrp_state_name((o)->s.to), vrrp_state_name(VRRP_STATE_##state));              \
		assert_int_equal((o)->s.actions, (what));                                          \
	} while (0)

#endif
