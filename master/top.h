/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kha top shows, without a terminal: rows from two copies of the segment (top_rows.c) as a table
 * (top_list.c), what keys do (top_keys.c), and the screen as pieces of text (top_draw.c). All of it is
 * pure.
 */
#ifndef KHA_MASTER_TOP_H
#define KHA_MASTER_TOP_H

#include "shm/dump.h"
#include "shm/grid.h"

enum top_pane { TOP_SERVERS, TOP_VIPS, TOP_WORKERS, TOP_PANES };

/* TOP_FILE: the order of the configuration. */
enum top_sort {
	TOP_FILE,
	TOP_NAME,
	TOP_STATE,
	TOP_ACTIVE,
	TOP_RATE,
	TOP_BYTES,
	TOP_CHECK,
	TOP_ERRORS,
	TOP_SORTS
};

#define TOP_FILTER	    64
#define TOP_INTERVAL_MIN_MS 100
#define TOP_INTERVAL_MAX_MS 60000

/* What the person has chosen. */
struct top_view {
	enum top_pane pane;
	enum top_sort sort;
	bool reverse;
	char filter[TOP_FILTER]; /* part of a name or state, in any case; "": all */
	bool typing;		 /* the filter is being typed */
	bool help;
	unsigned first; /* row of the list that stands at the top */
	unsigned interval_ms;
	/* Of the last screen, for scrolling. */
	unsigned rows, page;
};

/* ---- top_rows.c ---- */

/* One server, VIP or process. A rate below 0: unknown, there is no older copy. */
struct top_row {
	char name[2 * SHM_NAME];
	const char *state;
	enum tone tone;
	unsigned index;	  /* server: of the table; else number in the dump */
	unsigned trouble; /* greater: worse */
	uint64_t active, errors;
	double rate; /* connections, or adverts sent, a second */
	double in, out;
	int64_t check_ms; /* last check, heartbeat, or how late a deadline turned; -1: none */
};

struct top_rows {
	unsigned n;   /* after the filter */
	unsigned all; /* before */
	struct top_row row[SHM_SERVERS];
};

/* The rows of the pane, filtered and sorted. `before`: an older copy of the same daemon, or NULL. */
void top_rows(struct top_rows *r, const struct dump *now, const struct dump *before,
    const struct top_view *v);

/* "name", "state", ... -> *sort; "servers", ... -> *pane; false: none of them. */
bool top_sort_parse(const char *word, enum top_sort *sort);
const char *top_sort_name(enum top_sort sort);
bool top_pane_parse(const char *word, enum top_pane *pane);
const char *top_pane_name(enum top_pane pane);

/* ---- top_list.c ---- */

/* The rows as a table with a heading; NULL: no memory. */
struct grid *top_grid(const struct dump *d, enum top_pane pane, const struct top_rows *r);

/* ---- top_keys.c ---- */

enum top_key {
	TOP_KEY_UP = 256,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_BACKSPACE,
};

enum top_act { TOP_DRAW, TOP_READ, TOP_QUIT };

/* What a key (a character or enum top_key) does to the view, and what follows: draw again, read the
 * segment again, or leave. */
enum top_act top_key(struct top_view *v, int key);

/* ---- top_draw.c ---- */

struct top_frame {
	const struct dump *now, *before;
	const char *notice; /* "", or what has happened to the daemon */
};

/* A piece of text at a place; y, then x, only grow. */
typedef void top_put(void *arg, unsigned y, unsigned x, const char *text, enum tone tone);

/* Draws a screen and remembers in `v` how much fits. height 0: all rows, and no line of keys.
 * -1: no memory. */
int top_draw(const struct top_frame *f, struct top_view *v, unsigned width, unsigned height,
    top_put *put, void *arg);

#endif
