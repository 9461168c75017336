/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator's order does to the tables, and what is answered. Pure, but for the local time
 * zone of answers. */
#ifndef KHA_MASTER_CONTROL_H
#define KHA_MASTER_CONTROL_H

#include "base/clock.h"
#include "base/err.h"
#include "master/order.h"

/* What is known beside the tables. */
struct control_facts {
	struct mono now;
	int64_t wall_ms;
	uint8_t state[SHM_SERVERS];	    /* health, enum server_state */
	uint64_t last_byte_ms[SHM_SERVERS]; /* see health_candidates() */
	uint64_t active[SHM_SERVERS];	    /* connections */
};

/* Carries the order out on *t. 0: done, the answer is in *text; *changed when *t did. -1: refused, why
 * is in *text. */
int control_order(struct shm_table *t, const struct order *o, const struct control_facts *f,
    struct err *text, bool *changed);

/* Ends what was said for a time that is over; a line for each in *text. Returns their number. */
unsigned control_expire(struct shm_table *t, const struct control_facts *f, struct err *text);

/* Is there something that control_expire() would end? */
bool control_due(const struct shm_table *t, struct mono now);

/* Servers of which an operator said something that holds. */
unsigned control_count(const struct shm_table *t);

#endif
