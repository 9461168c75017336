/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of a configuration: the file with its @include lines replaced by what they name, and
 * where each line of it came from. (libconfig looks for included files from the working
 * directory; here they are relative to the file that includes them.)
 */
#ifndef KHA_CONF_TEXT_H
#define KHA_CONF_TEXT_H

#include <stddef.h>

#include "base/err.h"
#include "conf/mem.h"

#define CONF_TEXT_MAX	 (1 << 20) /* bytes, all included files together */
#define CONF_INCLUDE_MAX 10	   /* files inside files */

/* Lines `first` and following of the text are lines `line` and following of `file`. */
struct conf_span {
	int first;
	const char *file;
	int line;
};

/* Everything belongs to the struct conf_mem it was read with. */
struct conf_text {
	char *buf; /* 0-terminated, without other 0 bytes */
	size_t len;
	struct conf_span *spans;
	unsigned n_spans;
	const char *file; /* the main one as it was named, "stdin" for "-" */
};

/* Reads `path` ("-": standard input). -1 with FILE[:LINE]: what is wrong in err: not there, not
 * text, too large, a quote or comment that does not end (it would swallow what follows). */
int conf_text_read(struct conf_text *text, struct conf_mem *mem, const char *path, struct err *err);

/* Where line `line` of the text (from 1) came from; returns the file. */
const char *conf_text_where(const struct conf_text *text, int line, int *file_line);

#endif
