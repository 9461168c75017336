/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conf_said {
	struct conf_said *next;
	unsigned seq; /* order in which it was said */
	int line;
	const char *path;
	const char *text;
};

const char *
conf_path_text(struct conf_mem *mem, const struct conf_path *path)
{
	const char *up;

	if (path == NULL)
		return "";
	up = conf_path_text(mem, path->up);
	if (path->name == NULL)
		return conf_format(mem, "%s[%u]", up, path->index);
	return *up == '\0' ? path->name : conf_format(mem, "%s.%s", up, path->name);
}

void
conf_say(struct conf_says *says, int line, const struct conf_path *path, const char *fmt, ...)
{
	struct conf_said *s;
	va_list ap;

	if (says == NULL)
		return;
	s = conf_alloc(says->mem, sizeof *s);
	s->seq = says->n++;
	s->line = line;
	s->path = conf_path_text(says->mem, path);
	va_start(ap, fmt);
	s->text = conf_vformat(says->mem, fmt, ap);
	va_end(ap);
	if (says->last != NULL)
		says->last->next = s;
	else
		says->first = s;
	says->last = s;
}

static int
by_line(const void *a, const void *b)
{
	const struct conf_said *x = *(const struct conf_said *const *)a;
	const struct conf_said *y = *(const struct conf_said *const *)b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void
conf_says_tell(const struct conf_says *says, const struct conf_text *text, struct err *err)
{
	const struct conf_said **all;
	const char *file, *colon;
	unsigned n = 0;
	int line;

	if (says->n == 0)
		return;
	all = conf_alloc(says->mem, says->n * sizeof *all);
	for (const struct conf_said *s = says->first; s != NULL; s = s->next)
		all[n++] = s;
	qsort(all, n, sizeof *all, by_line);
	for (unsigned i = 0; i < n; i++) {
		colon = *all[i]->path != '\0' ? ": " : "";
		if (all[i]->line == 0) {
			err_add(err, "%s: %s%s%s", text->file, all[i]->path, colon, all[i]->text);
			continue;
		}
		file = conf_text_where(text, all[i]->line, &line);
		err_add(err, "%s:%d: %s%s%s", file, line, all[i]->path, colon, all[i]->text);
	}
}
