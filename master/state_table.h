/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the tables and the file that outlives them (master/state_file.h). Pure. */
#ifndef KHA_MASTER_STATE_TABLE_H
#define KHA_MASTER_STATE_TABLE_H

#include "base/clock.h"
#include "base/err.h"
#include "master/state_file.h"

/* What operators said about servers of *t. */
void state_collect(
    const struct shm_table *t, struct mono now, int64_t wall_ms, struct state_file *s);

/* Puts it back into *t, fresh from the configuration. A line in *said for each that holds again,
 * and for each that does not, and why. */
void state_apply(struct shm_table *t, const struct state_file *s, struct mono now, int64_t wall_ms,
    struct err *said);

#endif
