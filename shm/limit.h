/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits shared by all workers (struct shm_limit). */
#ifndef KHA_SHM_LIMIT_H
#define KHA_SHM_LIMIT_H

#include "shm/layout.h"

/* Takes one of the first n words (1..SHM_LIMIT_MAX) for `entry`. Starts to look at word
 * hint % n, so that owners rarely meet. Words beyond n that are still held (the limit was
 * lowered) count as taken: there is never one owner more than n, as long as all callers
 * pass the same n; two callers that meet at the very last place of a lowered limit may
 * both hear "full". Returns the word's index, or -1: full. */
int limit_take(struct shm_limit *l, unsigned n, unsigned entry, unsigned hint);

/* Gives back what limit_take() returned. Async-signal and death safe: one store. */
void limit_give(struct shm_limit *l, int index);

/* Master: frees all words of a dead entry; returns how many it held. */
unsigned limit_clear(struct shm_limit *l, unsigned entry);

/* Words held now, over all entries. */
unsigned limit_held(const struct shm_limit *l);

#endif
