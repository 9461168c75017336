/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong, for a person: one sentence a line. Floors 0 to 2 never log and
 * never exit; they return -1 and add a line here, and the caller decides where it
 * goes (terminal, log, reply of the control socket).
 */
#ifndef KHA_BASE_ERR_H
#define KHA_BASE_ERR_H

#include <stddef.h>

#define ERR_TEXT 16384

/* Lines joined by '\n', the last one without. Lines that no longer fit are only
 * counted; err_end() says how many. Lives on the stack or inside another struct;
 * nothing to free. */
struct err {
	unsigned count; /* lines added, also those that did not fit */
	unsigned lost;	/* lines that did not fit */
	size_t len;	/* of text, without the terminating 0 */
	char text[ERR_TEXT];
};

/* Makes `e` empty. Call before the first use. */
void err_init(struct err *e);

/* Adds one line; control characters in it become '?'. `e` may be NULL: then nothing happens. Saves errno. Always returns
 * -1, so that a failing function can end with `return err_add(e, ...)`. */
int err_add(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same with ": " and the text of the present errno behind it. */
int err_addsys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds each line of `from`, which stays as it is. Returns -1. */
int err_add_all(struct err *e, struct err *from);

/* The text, with "... and N more" in place of lines that did not fit. Never NULL. */
const char *err_end(struct err *e);

#endif
