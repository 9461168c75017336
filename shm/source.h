/* SPDX-License-Identifier: BSD-2-Clause */
/* Open connections by client address (struct shm_source): each worker counts its own, all are
 * summed. What a dead worker counted goes with its region. */
#ifndef KHA_SHM_SOURCE_H
#define KHA_SHM_SOURCE_H

#include "shm/layout.h"

/* Counts one connection more of `key` (a hash of service and address, not 0) in the own rows.
 * Returns the row, or -1: all that it may have are others'; it is not counted then. */
int source_add(struct shm_source *own, uint64_t key);

/* One less, of the row that source_add() returned. */
void source_drop(struct shm_source *own, int row);

/* Open connections of `key` in one worker's rows. */
uint64_t source_count(const struct shm_source *rows, uint64_t key);

#endif
