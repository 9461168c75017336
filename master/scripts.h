/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of VIPs: track.scripts, whose results vrrp reads in the segment, and notify, which is told
 * each change in order. Both are run by the master, because vrrp has no right to run anything.
 */
#ifndef KHA_MASTER_SCRIPTS_H
#define KHA_MASTER_SCRIPTS_H

#include <stdbool.h>

struct master;

void scripts_init(struct master *m);

/* With the VIPs of m->now.conf, before the configuration that was before it is freed: ends what ran for
 * that one and begins anew. Results of scripts that are still the same are kept. changed: the VIPs are
 * others, and a new vrrp process will come. */
void scripts_reload(struct master *m, bool changed);

/* With each beat: changes of state since the last look go to notify. */
void scripts_turn(struct master *m);

/* notify has still something to tell. */
bool scripts_busy(const struct master *m);

/* Kills the scripts that run. */
void scripts_stop(struct master *m);

#endif
