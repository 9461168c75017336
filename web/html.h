/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of the page. */
#ifndef KHA_WEB_HTML_H
#define KHA_WEB_HTML_H

#include <stdint.h>
#include <stdio.h>

#include "shm/grid.h"
#include "web/history.h"

/* Text or the value of an attribute: whatever it holds, it ends no element and no attribute. */
void html_text(FILE *out, const char *text);

/* A table. Each cell carries the name of its column, which a narrow screen shows beside it. */
struct html_table {
	FILE *out;
	const char *const *names; /* of the columns, ended by NULL; "<" before one: to the left */
	unsigned at;		  /* column of the next cell */
};
void html_table(struct html_table *t, FILE *out, const char *const *names);
void html_row(struct html_table *t);
void html_end(struct html_table *t);

/* "up", "warn", "down", "off": the class of what means that to the eye; NULL: none. */
const char *html_class(enum tone tone);

/* One cell with escaped text. `class`: "up", "warn", "down", "off", or NULL. */
void html_cell(struct html_table *t, const char *class, const char *text);
void html_cellf(struct html_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for sentences, which may be broken into lines. */
void html_words(struct html_table *t, const char *text);
/* A cell with a name, and more about it in small letters. */
void html_named(struct html_table *t, const char *name, const char *more);

/* A cell with text, and the curve of what it was before: inline SVG, with what it says in words. */
struct spark {
	const struct history *h;
	const struct series *s; /* NULL: nothing was seen yet, no curve */
	enum history_kind kind;
};
void html_spark(struct html_table *t, const char *text, const struct spark *p);

/* style.c: web/style.css */
extern const char html_style[];

#endif
