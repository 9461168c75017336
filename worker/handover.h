/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Level workers. The kernel spreads connections over the listeners of a SO_REUSEPORT group by a
 * hash, so that a few hundred long-lived ones leave workers 20 to 40 % apart. A worker that is above
 * the least loaded one gives a client that it has just accepted to that one, through a socket pair of
 * the receiver's slot. The pairs belong to the master, as the listeners do, and slot s is read by
 * worker s % workers: what waits in one survives the death and the replacement of its reader.
 */
#ifndef KHA_WORKER_HANDOVER_H
#define KHA_WORKER_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct worker;

/* Starts to read the slots of this worker, and ends that. -1: errno. */
int handover_start(struct worker *w);
void handover_stop(struct worker *w);

/* Gives the client away if that levels; true: fd and client are somebody else's now. */
bool handover_give(struct worker *w, unsigned service, int fd, const struct addr *from);

/* Clients that were given away and not yet taken, over all workers. */
uint64_t handover_on_the_way(const struct worker *w);

/* Every beat: what hand-overs may cost. */
void handover_beat(struct worker *w);

/* Is a worker with `own` connections, of `total` in all workers, so far above one with `least` that a
 * new client belongs there? Pure. */
bool handover_levels(uint64_t own, uint64_t least, uint64_t total);

#endif
