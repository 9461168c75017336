/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/grid.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shm/fmt.h"

#define COLUMNS	 64
#define GAP	 2
#define ELLIPSIS "\xe2\x80\xa6" /* U+2026 */

struct column {
	unsigned width;
	bool words; /* a cell below the heading is no number */
	enum grid_cut cut;
	unsigned min; /* of a cut one */
	unsigned rank;
	bool gone;
};

struct cell {
	uint32_t at; /* offset into text */
	uint16_t column;
	uint16_t tone;
};

struct grid {
	FILE *mem;
	char *text;
	size_t size;
	struct cell *cell;
	unsigned n_cells, max_cells;
	unsigned *row; /* first cell */
	unsigned n_rows, max_rows;
	unsigned column; /* of the next cell */
	struct column c[COLUMNS];
	bool failed;
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
	return cell[0] < '0' || cell[0] > '9' || strchr(cell, ':') != NULL ||
	       strchr(cell, '.') != strrchr(cell, '.');
}

/* Room for one more of n elements. */
static bool
grow(struct grid *g, void **array, unsigned n, unsigned *max, size_t size)
{
	unsigned more = *max == 0 ? 64 : *max * 2;
	void *larger;

	if (n < *max)
		return true;
	larger = reallocarray(*array, more, size);
	if (larger == NULL) {
		g->failed = true;
		return false;
	}
	*array = larger;
	*max = more;
	return true;
}

static bool
begin_row(struct grid *g)
{
	if (!grow(g, (void **)&g->row, g->n_rows, &g->max_rows, sizeof *g->row))
		return false;
	g->row[g->n_rows++] = g->n_cells;
	return true;
}

void
grid_cell(struct grid *g, const char *fmt, ...)
{
	char cell[GRID_CELL];
	struct column *c;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cell, sizeof cell, fmt, ap);
	va_end(ap);
	fmt_clean(cell, sizeof cell); /* a cell that was cut may end inside a character */
	if (g->column >= COLUMNS || (g->column == 0 && !begin_row(g)) ||
	    !grow(g, (void **)&g->cell, g->n_cells, &g->max_cells, sizeof *g->cell))
		return;
	c = &g->c[g->column];
	if (fmt_width(cell) > c->width)
		c->width = fmt_width(cell);
	if (g->n_rows > 1 && is_word(cell))
		c->words = true;
	g->cell[g->n_cells++] = (struct cell){
	    (uint32_t)ftell(g->mem), (uint16_t)g->column, g->n_rows == 1 ? TONE_HEAD : TONE_PLAIN};
	g->column++;
	fwrite(cell, 1, strlen(cell) + 1, g->mem);
}

void
grid_tone(struct grid *g, enum tone tone)
{
	if (g->n_cells > 0)
		g->cell[g->n_cells - 1].tone = (uint16_t)tone;
}

void
grid_row(struct grid *g)
{
	if (g->column == 0)
		grid_cell(g, "%s", "");
	g->column = 0;
}

void
grid_cut(struct grid *g, enum grid_cut how, unsigned min)
{
	if (g->column == 0)
		return;
	g->c[g->column - 1].cut = how;
	g->c[g->column - 1].min = min;
}

void
grid_drop(struct grid *g, unsigned rank)
{
	if (g->column > 0)
		g->c[g->column - 1].rank = rank;
}

static unsigned
total(const struct grid *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < COLUMNS; i++)
		if (g->c[i].width > 0 && !g->c[i].gone)
			n += g->c[i].width + (n > 0 ? GAP : 0);
	return n;
}

/* The column that has most above what it needs: it can best lose one more character. */
static struct column *
richest(struct grid *g)
{
	struct column *best = NULL;

	for (struct column *c = g->c; c < g->c + COLUMNS; c++)
		if (!c->gone && c->cut != GRID_NEVER && c->width > c->min &&
		    (best == NULL || c->width - c->min > best->width - best->min))
			best = c;
	return best;
}

static struct column *
most_dispensable(struct grid *g)
{
	struct column *best = NULL;

	for (struct column *c = g->c; c < g->c + COLUMNS; c++)
		if (!c->gone && c->rank > 0 && c->width > 0 &&
		    (best == NULL || c->rank > best->rank))
			best = c;
	return best;
}

/* What the table takes at least, with every column cut as far as it goes. */
static unsigned
least(const struct grid *g)
{
	unsigned n = total(g);

	for (const struct column *c = g->c; c < g->c + COLUMNS; c++)
		if (!c->gone && c->cut != GRID_NEVER && c->width > c->min)
			n -= c->width - c->min;
	return n;
}

void
grid_fit(struct grid *g, unsigned width)
{
	struct column *c;

	if (width == 0)
		return;
	while (least(g) > width && (c = most_dispensable(g)) != NULL)
		c->gone = true;
	for (unsigned excess = total(g); excess > width && (c = richest(g)) != NULL; excess--)
		c->width--;
}

bool
grid_empty(const struct grid *g)
{
	return g->n_rows == 0;
}

bool
grid_ok(const struct grid *g)
{
	return !g->failed && fflush(g->mem) == 0 && !ferror(g->mem);
}

unsigned
grid_rows(const struct grid *g)
{
	return g->n_rows;
}

/* The byte behind `n` characters. */
static const char *
skip(const char *text, unsigned n)
{
	while (*text != '\0' && n-- > 0)
		for (text++; ((unsigned char)*text & 0xc0) == 0x80;)
			text++;
	return text;
}

const char *
grid_shorten(const char *text, enum grid_cut how, unsigned width, char buf[GRID_CELL])
{
	unsigned n = fmt_width(text), tail;
	const char *head;

	if (n <= width || how == GRID_NEVER)
		return text;
	if (width == 0)
		return "";
	tail = how == GRID_MIDDLE ? (width - 1) / 2 : 0;
	head = skip(text, width - 1 - tail);
	snprintf(buf, GRID_CELL, "%.*s%s%s", (int)(head - text), text, ELLIPSIS,
	    tail > 0 ? skip(text, n - tail) : "");
	return buf;
}

static void
blanks(unsigned n, grid_put *put, void *arg)
{
	static const char some[] = "                                ";
	const unsigned max = sizeof some - 1;

	for (; n > max; n -= max)
		put(arg, some, TONE_PLAIN);
	if (n > 0)
		put(arg, some + max - n, TONE_PLAIN);
}

void
grid_line(const struct grid *g, unsigned row, grid_put *put, void *arg)
{
	unsigned end = row + 1 < g->n_rows ? g->row[row + 1] : g->n_cells, pad = 0, room, drawn = 0;
	char buf[GRID_CELL];

	for (unsigned i = g->row[row]; i < end; i++) {
		const struct column *c = &g->c[g->cell[i].column];
		const char *text = g->text + g->cell[i].at;

		if (c->gone || c->width == 0)
			continue;
		text = grid_shorten(text, c->cut, c->width, buf);
		room = c->width - fmt_width(text);
		pad += drawn > 0 ? GAP : 0;
		if (drawn > 0 && !c->words)
			pad += room;
		/* Blanks only in front of something: lines do not end with them. */
		if (*text != '\0') {
			blanks(pad, put, arg);
			put(arg, text, (enum tone)g->cell[i].tone);
			pad = 0;
		}
		if (drawn++ == 0 || c->words)
			pad += room;
	}
}

const char *
tone_on(enum tone tone)
{
	static const char *const on[TONES] = {
	    "", "\033[1m", "\033[32m", "\033[33m", "\033[1;31m", "\033[2m"};

	return on[tone];
}

const char *
tone_off(enum tone tone)
{
	return tone == TONE_PLAIN ? "" : "\033[0m";
}

struct to_file {
	FILE *out;
	bool color;
};

static void
put_file(void *arg, const char *text, enum tone tone)
{
	const struct to_file *to = arg;

	if (to->color)
		fprintf(to->out, "%s%s%s", tone_on(tone), text, tone_off(tone));
	else
		fputs(text, to->out);
}

void
grid_print(const struct grid *g, FILE *out, bool color)
{
	struct to_file to = {out, color};

	for (unsigned row = 0; row < g->n_rows; row++) {
		grid_line(g, row, put_file, &to);
		fputc('\n', out);
	}
}

void
grid_free(struct grid *g)
{
	if (g == NULL)
		return;
	fclose(g->mem);
	free(g->text);
	free(g->cell);
	free(g->row);
	free(g);
}
