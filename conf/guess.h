/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is probably meant where the text is not as the grammar wants it. Only for conf/scan.c:
 * s->t is the token that does not fit, s->prev the one before it.
 */
#ifndef KHA_CONF_GUESS_H
#define KHA_CONF_GUESS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/scan.h"

#define CONF_NAMES_MAX 200 /* in one group */

struct conf_scan {
	const struct conf_text *text;
	char *buf; /* of text */
	struct conf_mem *mem;
	struct conf_says *errors;
	struct conf_lex lex;
	struct conf_token t, prev;
	int depth;
	bool twice; /* some name stands twice */
	struct conf_token *names;
	size_t n_names, names_room;
	struct conf_tokens *values;
	size_t values_room;
};

/* Tells one syntax error and returns -1. */
int guess_fail(struct conf_scan *s, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A token for a message, in quotes unless it has some: "3s", "end of the file". */
const char *guess_shown(const struct conf_scan *s, const struct conf_token *t);
/* "line 7", or "other.conf:7" when that is another file than that of the present token. */
const char *guess_place(const struct conf_scan *s, int line);
/* Length of what somebody may have meant as one value: up to a blank or a bracket, comma... */
size_t guess_run(const struct conf_scan *s, const struct conf_token *t);

/* A string directly behind a string; an error, but not the end. */
void guess_joined(const struct conf_scan *s, const struct conf_token *of);

/* All of these return -1. of: the setting whose value it should be; NULL: an element. */
int guess_value(struct conf_scan *s, const struct conf_token *of);
int guess_equals(struct conf_scan *s, const struct conf_token *name);
/* open: the "{" (NULL: the whole file); last: name of the setting before, TOKEN_END: none */
int guess_setting(
    struct conf_scan *s, const struct conf_token *open, const struct conf_token *last);
int guess_element(struct conf_scan *s, const struct conf_token *open);
int guess_mixed(struct conf_scan *s);

#endif
