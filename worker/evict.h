/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose connections must end though both sides are content: servers found down or hung, servers that
 * left the file, servers that the operator took out of service or closes, draining workers at their
 * deadline. */
#ifndef KHA_WORKER_EVICT_H
#define KHA_WORKER_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/layout.h"

struct worker;

/* Looks whether there is something to do: after each refresh of the view and each beat. */
void evict_scan(struct worker *w);

/* Closes as many as the pace allows. To be called every WORKER_TICK_MS while w->evicting. */
void evict_tick(struct worker *w);

/* Closes everything at once. */
void evict_all(struct worker *w, enum close_reason reason);

/* How many may be closed now: `rate` a second, shared by `workers`, when elapsed_us went by since
 * the last call; *credit_us is the time saved up and is used. Pure. */
unsigned evict_allowance(int64_t *credit_us, int64_t elapsed_us, uint32_t rate, unsigned workers);

#endif
