/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conf_piece {
	struct conf_piece *next;
	max_align_t data[];
};

void *
conf_alloc(struct conf_mem *mem, size_t size)
{
	struct conf_piece *p = calloc(1, sizeof *p + size);

	if (p == NULL)
		longjmp(*mem->oom, 1);
	p->next = mem->first;
	mem->first = p;
	return p->data;
}

char *
conf_memdup(struct conf_mem *mem, const char *text, size_t len)
{
	char *copy = conf_alloc(mem, len + 1);

	memcpy(copy, text, len);
	return copy;
}

char *
conf_strdup(struct conf_mem *mem, const char *text)
{
	return conf_memdup(mem, text, strlen(text));
}

char *
conf_vformat(struct conf_mem *mem, const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		n = 0;
	text = conf_alloc(mem, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	return text;
}

char *
conf_format(struct conf_mem *mem, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = conf_vformat(mem, fmt, ap);
	va_end(ap);
	return text;
}

void
conf_mem_free(struct conf_mem *mem)
{
	struct conf_piece *p;

	while ((p = mem->first) != NULL) {
		mem->first = p->next;
		free(p);
	}
}
