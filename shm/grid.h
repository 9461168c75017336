/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text in columns. Columns become as wide as their cells, the first one is aligned to the left, any
 * with numbers to the right. When that is wider than the screen, columns that may be cut are, each
 * time the one that is widest beyond what it needs; where that cannot do, columns that may go do.
 */
#ifndef KHA_SHM_GRID_H
#define KHA_SHM_GRID_H

#include <stdbool.h>
#include <stdio.h>

/* What a cell means to somebody who sees colours. */
enum tone { TONE_PLAIN, TONE_HEAD, TONE_GOOD, TONE_WARN, TONE_BAD, TONE_DIM, TONES };

/* Where an ellipsis stands in a cell that is cut: names differ at both ends, sentences begin with
 * what matters. */
enum grid_cut { GRID_NEVER, GRID_MIDDLE, GRID_END };

/* Longest cell, with its 0. */
#define GRID_CELL 256

struct grid;
struct grid *grid_new(void); /* NULL: no memory */

/* The next cell of the row. An empty format makes an empty cell. */
void grid_cell(struct grid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void grid_tone(struct grid *g, enum tone tone); /* of the last cell */
void grid_row(struct grid *g);			/* ends the row; the first one is the heading */

/* About the column of the last cell: it may be cut down to `min` characters; it may be left out,
 * those with the highest rank first (1 and up). */
void grid_cut(struct grid *g, enum grid_cut how, unsigned min);
void grid_drop(struct grid *g, unsigned rank);

/* Makes it `width` wide at most, 0: as wide as it likes. When all cells are there. */
void grid_fit(struct grid *g, unsigned width);

bool grid_empty(const struct grid *g);	  /* no row was begun */
bool grid_ok(const struct grid *g);	  /* false: memory ran out on the way */
unsigned grid_rows(const struct grid *g); /* the heading included */

/* One row in pieces; blanks between cells are pieces too, lines do not end with them. */
typedef void grid_put(void *arg, const char *text, enum tone tone);
void grid_line(const struct grid *g, unsigned row, grid_put *put, void *arg);

/* All rows; with `color`, tones as escape sequences (ECMA-48 SGR). */
void grid_print(const struct grid *g, FILE *out, bool color);

void grid_free(struct grid *g); /* also of NULL */

/* Begin and end of a tone for a terminal; "" for TONE_PLAIN. */
const char *tone_on(enum tone tone);
const char *tone_off(enum tone tone);

/* Cuts `text` to `width` characters into buf (GRID_CELL bytes); as it is when it fits. */
const char *grid_shorten(const char *text, enum grid_cut how, unsigned width, char buf[GRID_CELL]);

#endif
