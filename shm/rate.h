/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rates over all workers without an owner: one word per token bucket, changed by one compare and
 * swap, so that a death at any instruction leaves it right. The word is the theoretical arrival time
 * of the generic cell rate algorithm (ITU-T I.371, annex A): the moment at which the bucket is full
 * again. A bucket holds a tenth of a second's tokens, at least one.
 */
#ifndef KHA_SHM_RATE_H
#define KHA_SHM_RATE_H

#include "shm/layout.h"

/* Takes a token of a bucket with per_second (1..1000000) tokens a second. False: there is none. now_us:
 * CLOCK_MONOTONIC. */
bool rate_take(_Atomic uint64_t *word, uint32_t per_second, int64_t now_us);

/* The same for one of many, in whole microseconds (at 10,000 a second right to 0.5 %): `key` (a hash) finds its word among those of `words` (SHM_SOURCES). When
 * all that it may use are others' and not full it is let through: this is no protection against more
 * addresses than that. */
bool rate_take_of(_Atomic uint64_t *words, uint64_t key, uint32_t per_second, int64_t now_us);

#endif
