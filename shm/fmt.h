/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats of a dump, and small helpers that they and the verbs share. */
#ifndef KHA_SHM_FMT_H
#define KHA_SHM_FMT_H

#include "shm/dump.h"
#include "shm/grid.h"

/* fmt_table.c, fmt_csv.c, fmt_prom.c, json.c: see dump_print(). */
int fmt_table(const struct dump *d, const struct dump *before, const struct dump_look *look,
    FILE *out, struct err *err);
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

/* Columns on the screen: characters, not bytes. */
unsigned fmt_width(const char *text);

/* Both fit into FMT_HUMAN bytes and return buf. "250ms", "5.2s", "3m20s", "3h02m",
 * "4d07h"; "17", "1.2K", "3.4G" (powers of 1024). A negative span is 0. */
#define FMT_HUMAN 24
const char *fmt_span(int64_t ms, char buf[FMT_HUMAN]);
const char *fmt_bytes(uint64_t n, char buf[FMT_HUMAN]);
/* At most six characters: "17", "999999", "12.3M" (powers of 1000). */
const char *fmt_number(uint64_t n, char buf[FMT_HUMAN]);
/* How many a second: "0.4", "17", "12.3M"; of bytes "1.2K". */
const char *fmt_rate(double per_s, bool bytes, char buf[FMT_HUMAN]);

/* How much a counter grew a second between two copies: n now, `then` before; -1: not known, without an older
 * copy, or because the counter is less and so belongs to something else by now. */
double fmt_per_second(const struct dump *now, const struct dump *before, uint64_t n, uint64_t then);

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

/* What a state means to the eye. */
enum tone fmt_state_tone(enum server_state state);
enum tone fmt_serving_tone(enum candidates serving);
enum tone fmt_vip_tone(const struct shm_vip *v);

/* "worker/0", "checker". */
const char *fmt_proc(const struct dump_proc *p, char buf[FMT_HUMAN]);

/* Connections to a server that failed, were reset by it or lost; adverts that were refused. */
uint64_t fmt_errors(const struct stat_server *s);
uint64_t fmt_rejected(const struct stat_vip *s);

/* One sentence as a line that begins with `indent` blanks; with a width, on several lines that are no
 * longer, the others two deeper. */
void fmt_sentence(FILE *out, const char *text, unsigned width, unsigned indent);

/* "ready", "starting", "draining", "stopping", "not running". */
const char *fmt_doing(const struct dump_proc *p);

/* Processes of a kind that live: all, those that do their work, those that drain. */
struct fmt_procs {
	unsigned n, ready, draining;
	uint64_t draining_active; /* connections of the draining ones */
};
struct fmt_procs fmt_count(const struct dump *d, enum proc_kind kind);

#endif
