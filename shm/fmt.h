/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats of a dump, and small helpers that they and the verbs share. */
#ifndef KHA_SHM_FMT_H
#define KHA_SHM_FMT_H

#include "shm/dump.h"

/* fmt_table.c, fmt_csv.c, fmt_prom.c, json.c: see dump_print(). */
int fmt_table(const struct dump *d, const struct dump *before, FILE *out, struct err *err);
int fmt_csv(const struct dump *d, FILE *out);
int fmt_prometheus(const struct dump *d, FILE *out);
int fmt_json(const struct dump *d, FILE *out, struct err *err);
/* json.c: calls fn for each value of the JSON of *d, arrays by their first element: "kha.node",
 * "string". Objects of counters are values: "counters". -1: out of memory. */
int fmt_json_keys(
    const struct dump *d, void (*fn)(void *arg, const char *path, const char *type), void *arg);

/* doc.c: a row's sentence as mdoc text. */
void fmt_mdoc(FILE *out, const char *text);

/* fmt.c */

/* Terminates text[size] and replaces control characters and what is not UTF-8 by "?". */
void fmt_clean(char *text, size_t size);

/* Both fit into FMT_HUMAN bytes and return buf. "250ms", "5.2s", "3m20s", "3h02m",
 * "4d07h"; "17", "1.2K", "3.4G" (powers of 1024). A negative span is 0. */
#define FMT_HUMAN 24
const char *fmt_span(int64_t ms, char buf[FMT_HUMAN]);
const char *fmt_bytes(uint64_t n, char buf[FMT_HUMAN]);

/* Milliseconds from then_us to the moment of the dump, never negative. */
int64_t fmt_age_ms(const struct dump *d, int64_t then_us);

/* Percent of slow start that the server has come to; 100: none is going on. */
unsigned fmt_slow_percent(const struct dump *d, unsigned server);

/* CLOCK_MONOTONIC of the moment since when the server is what it is shown as; 0: unknown. */
int64_t fmt_since_us(const struct dump *d, unsigned server);

/* How long what the operator said for a time still holds: "59m58s"; NULL: it has no end. */
const char *fmt_left(const struct dump *d, const struct shm_setting *s, char buf[FMT_HUMAN]);

/* As HAProxy counts: "2/3", checks passed of rise, or, of one that is not DOWN, failures left of
 * fall. "-": no checks. */
const char *fmt_progress(const struct shm_health *h, char buf[FMT_HUMAN]);

/* The last check in a few words: "L7OK/200 in 3ms", "no check", "not checked yet". */
#define FMT_CHECK 64
const char *fmt_check(const struct shm_health *h, char buf[FMT_CHECK]);
/* The same, and what it said: "L7STS/500 in 3ms: GET /readyz: 500". */
#define FMT_CHECK_TEXT 192
const char *fmt_check_text(const struct shm_health *h, char buf[FMT_CHECK_TEXT]);
/* Is shm_health.code an HTTP status? */
bool fmt_code_is_http(const struct shm_health *h);

/* "ready", "starting", "draining", "stopping", "not running". */
const char *fmt_doing(const struct dump_proc *p);

/* Processes of a kind that live: all, those that do their work, those that drain. */
struct fmt_procs {
	unsigned n, ready, draining;
	uint64_t draining_active; /* connections of the draining ones */
};
struct fmt_procs fmt_count(const struct dump *d, enum proc_kind kind);

/* grid.c: a table of text whose columns become as wide as their cells; the first one is
 * aligned to the left, and any with numbers to the right. */
struct grid;
struct grid *grid_new(void); /* NULL: no memory */
/* The next cell of the row. An empty format makes an empty cell. */
void grid_cell(struct grid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void grid_row(struct grid *g);	       /* ends the row */
bool grid_empty(const struct grid *g); /* no row was begun */
bool grid_ok(const struct grid *g);    /* false: memory ran out on the way */
void grid_print(const struct grid *g, FILE *out);
void grid_free(struct grid *g); /* also of NULL */

#endif
