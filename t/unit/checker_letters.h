/* SPDX-License-Identifier: BSD-2-Clause */
/* Results and states as letters, for tables of what a verdict makes of them. */
#ifndef KHA_T_CHECKER_LETTERS_H
#define KHA_T_CHECKER_LETTERS_H

#include "checker/verdict.h"

/*
 * One letter a result: p(assed), n (failed, the port accepts), d (failed, it does not),
 * m (accepted, then no answer in time), r (d, and it was a refusal), + (200 ms without one),
 * s (our own fault), k (a worker could not connect).
 * True: the state changed.
 */
bool feed(struct verdict *v, char letter, struct mono now);

/* U, N, H, D */
char letter_of(enum server_state s);
/* One digit in base 16; '?': it is more. */
char hex(int n);

#endif
