/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors and warnings about a text, gathered while it is read and told in the order of its
 * lines, as FILE:LINE: path: what is wrong.
 */
#ifndef KHA_CONF_SAY_H
#define KHA_CONF_SAY_H

#include "base/err.h"
#include "conf/mem.h"
#include "conf/text.h"

struct conf_said;

struct conf_says {
	struct conf_mem *mem;
	struct conf_said *first, *last;
	unsigned n;
};

/* Where an option stands: "services" . "api" . "check"; lives on the stack. The name of one
 * element of a list is NULL while it is not known: services[2]. */
struct conf_path {
	const struct conf_path *up; /* NULL: this is the outermost */
	const char *name;
	unsigned index;
};

/* says NULL: nothing happens. line 0: of no line in particular. path NULL: none. */
void conf_say(struct conf_says *says, int line, const struct conf_path *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* "services.api.check" in memory of mem; "" for NULL. */
const char *conf_path_text(struct conf_mem *mem, const struct conf_path *path);

/* Adds everything said to *err, first what belongs to no line, then by line. */
void conf_says_tell(const struct conf_says *says, const struct conf_text *text, struct err *err);

#endif
