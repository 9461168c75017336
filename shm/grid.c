/* SPDX-License-Identifier: BSD-2-Clause */
/* Text in columns (shm/fmt.h). */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "shm/fmt.h"

#define COLUMNS 64

/* Cells stand one behind the other in `text`, each with its 0; a row ends with "\n",
 * 0. */
struct grid {
	FILE *mem;
	char *text;
	size_t size;
	unsigned column; /* of the next cell */
	size_t width[COLUMNS];
	bool words[COLUMNS]; /* a cell below the heading is no number */
	bool in_body;
};

struct grid *
grid_new(void)
{
	struct grid *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->mem = open_memstream(&g->text, &g->size);
	if (g->mem != NULL)
		return g;
	free(g);
	return NULL;
}

/* Neither a number nor a place that is kept for one. Addresses are words. */
static bool
is_word(const char *cell)
{
	if (cell[0] == '\0' || strcmp(cell, "-") == 0)
		return false;
	return cell[0] < '0' || cell[0] > '9' || strchr(cell, ':') != NULL;
}

void
grid_cell(struct grid *g, const char *fmt, ...)
{
	char cell[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cell, sizeof cell, fmt, ap);
	va_end(ap);
	fmt_clean(cell, sizeof cell); /* a cell that was cut may end inside a character */
	if (g->column >= COLUMNS)
		return;
	if (fmt_width(cell) > g->width[g->column])
		g->width[g->column] = fmt_width(cell);
	if (g->in_body && is_word(cell))
		g->words[g->column] = true;
	g->column++;
	fwrite(cell, 1, strlen(cell) + 1, g->mem);
}

void
grid_row(struct grid *g)
{
	fwrite("\n", 1, 2, g->mem);
	g->column = 0;
	g->in_body = true;
}

bool
grid_empty(const struct grid *g)
{
	return !g->in_body && g->column == 0;
}

bool
grid_ok(const struct grid *g)
{
	return fflush(g->mem) == 0 && !ferror(g->mem);
}

void
grid_print(const struct grid *g, FILE *out)
{
	const char *cell = g->text, *end = g->text + g->size;
	size_t pad = 0;

	for (unsigned column = 0; cell < end; cell += strlen(cell) + 1) {
		if (*cell == '\n') {
			fputc('\n', out);
			column = 0;
			pad = 0;
			continue;
		}
		if (column > 0)
			pad += 2;
		if (column > 0 && !g->words[column])
			pad += g->width[column] - fmt_width(cell);
		/* Blanks only in front of something: lines do not end with them. */
		if (*cell != '\0') {
			fprintf(out, "%*s%s", (int)pad, "", cell);
			pad = 0;
		}
		if (column == 0 || g->words[column])
			pad += g->width[column] - fmt_width(cell);
		column++;
	}
}

void
grid_free(struct grid *g)
{
	if (g == NULL)
		return;
	fclose(g->mem);
	free(g->text);
	free(g);
}
