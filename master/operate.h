/* SPDX-License-Identifier: BSD-2-Clause */
/* Operators' orders about servers (kha server): the master carries them out on the tables, says so,
 * and keeps them over reloads and restarts. The rules are in master/control.h. */
#ifndef KHA_MASTER_OPERATE_H
#define KHA_MASTER_OPERATE_H

#include <stdint.h>

#include "base/clock.h"

struct ctl_request;
struct master;

/* At the start: the tables are published and nobody reads them yet. */
void operate_restore(struct master *m);

/* A request of CTL_SERVER. */
void operate_order(struct master *m, uint64_t client, const struct ctl_request *r);

/* With each beat: ends what was said for a time. */
void operate_turn(struct master *m, struct mono now);

/* After a reload, which may have ended orders. */
void operate_reloaded(struct master *m);

#endif
