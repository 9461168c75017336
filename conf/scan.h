/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks at the text before libconfig does. libconfig says no more than "syntax error", joins two
 * strings that stand side by side, cuts integers to 32 bits and gives the last element of a list
 * the line behind it. So the syntax is checked here first, by the same grammar (lib/grammar.y of
 * libconfig 1.5), to say what is probably meant; and where each value stands is noted for
 * conf/parse.c.
 */
#ifndef KHA_CONF_SCAN_H
#define KHA_CONF_SCAN_H

#include <stddef.h>

#include "conf/lex.h"
#include "conf/mem.h"
#include "conf/say.h"
#include "conf/text.h"

#define CONF_DEPTH_MAX 16 /* groups and lists inside each other */

/* Tokens that begin a value (scalars, and opening brackets) in the order of the text. */
struct conf_tokens {
	struct conf_token *v;
	size_t n;
};

/* 0: libconfig will understand the text. -1: it will not; the first syntax error, or names that
 * stand twice in a group, are in *errors. Strings side by side are an error too, but the second
 * one is blanked in the text, so that reading can go on to find other errors: 0. */
int conf_scan(struct conf_text *text, struct conf_mem *mem, struct conf_says *errors,
    struct conf_tokens *values);

#endif
