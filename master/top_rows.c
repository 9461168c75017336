/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "master/top.h"
#include "shm/fmt.h"

static const char *const sort_names[TOP_SORTS] = {
    [TOP_FILE] = "file",
    [TOP_NAME] = "name",
    [TOP_STATE] = "state",
    [TOP_ACTIVE] = "connections",
    [TOP_RATE] = "rate",
    [TOP_BYTES] = "bytes",
    [TOP_CHECK] = "check",
    [TOP_ERRORS] = "errors",
};

static const char *const pane_names[TOP_PANES] = {
    [TOP_SERVERS] = "servers",
    [TOP_VIPS] = "vips",
    [TOP_WORKERS] = "workers",
};

static int
find(const char *word, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	return -1;
}

bool
top_sort_parse(const char *word, enum top_sort *sort)
{
	int i = find(word, sort_names, TOP_SORTS);

	if (i >= 0)
		*sort = (enum top_sort)i;
	return i >= 0;
}

const char *
top_sort_name(enum top_sort sort)
{
	return sort_names[sort];
}

bool
top_pane_parse(const char *word, enum top_pane *pane)
{
	int i = find(word, pane_names, TOP_PANES);

	if (i >= 0)
		*pane = (enum top_pane)i;
	return i >= 0;
}

const char *
top_pane_name(enum top_pane pane)
{
	return pane_names[pane];
}

/* ---- rows ---- */

static void
server_row(
    struct top_row *r, const struct dump *d, const struct dump *b, const char *service, unsigned i)
{
	static const unsigned trouble[SERVER_STATES] = {
	    [STATE_DOWN] = 6,
	    [STATE_HUNG] = 5,
	    [STATE_NOTREADY] = 4,
	    [STATE_MAINT] = 3,
	    [STATE_DRAIN] = 2,
	    [STATE_REMOVED] = 1,
	};
	const struct stat_server *s = &d->sum.server[i], *then = NULL;
	const struct shm_health *h = &d->health[i];

	if (b != NULL && b->table.server[i].id == d->table.server[i].id)
		then = &b->sum.server[i];
	else
		b = NULL;
	*r = (struct top_row){
	    .state = server_state_name((enum server_state)d->shown[i]),
	    .tone = fmt_state_tone((enum server_state)d->shown[i]),
	    .index = i,
	    .trouble = trouble[d->shown[i]],
	    .active = STAT_GET(s, active),
	    .errors = fmt_errors(s),
	    .check_ms = h->result == RESULT_NONE || h->checked_us == 0 ? -1 : h->check_ms,
	    .rate = fmt_per_second(
		d, b, STAT_GET(s, connected), then != NULL ? STAT_GET(then, connected) : 0),
	    .in = fmt_per_second(
		d, b, STAT_GET(s, bytes_in), then != NULL ? STAT_GET(then, bytes_in) : 0),
	    .out = fmt_per_second(
		d, b, STAT_GET(s, bytes_out), then != NULL ? STAT_GET(then, bytes_out) : 0),
	};
	snprintf(r->name, sizeof r->name, "%s/%s", service, d->table.server[i].name);
}

/* VIPs are known by name: their cells are used again. */
static const struct stat_vip *
vip_before(const struct dump *b, const char *name)
{
	for (unsigned i = 0; b != NULL && i < b->n_vips; i++)
		if (strcmp(b->vip[i].name, name) == 0)
			return &b->vip_stat[i];
	return NULL;
}

static void
vip_row(struct top_row *r, const struct dump *d, const struct dump *b, unsigned i)
{
	static const unsigned trouble[TONES] = {[TONE_BAD] = 2, [TONE_WARN] = 1};
	const struct shm_vip *v = &d->vip[i];
	const struct stat_vip *s = &d->vip_stat[i], *then = vip_before(b, v->name);

	*r = (struct top_row){
	    .state = dump_vip_state_name(v->state),
	    .tone = fmt_vip_tone(v),
	    .index = i,
	    .trouble = trouble[fmt_vip_tone(v)],
	    .active = v->priority,
	    .errors = fmt_rejected(s),
	    .check_ms = (int64_t)STAT_GET(s, late_ms_max),
	    .rate = -1,
	    .in = -1,
	    .out = -1,
	};
	if (then != NULL) {
		r->rate =
		    fmt_per_second(d, b, STAT_GET(s, adverts_sent), STAT_GET(then, adverts_sent));
		r->in = fmt_per_second(
		    d, b, STAT_GET(s, adverts_received), STAT_GET(then, adverts_received));
	}
	snprintf(r->name, sizeof r->name, "%s", v->name);
}

/* Rows of the process table are used again: the same pid is the same process. */
static const struct dump_proc *
proc_before(const struct dump *b, const struct dump_proc *p)
{
	for (unsigned i = 0; b != NULL && i < b->n_procs; i++)
		if (b->proc[i].kind == p->kind && b->proc[i].pid == p->pid)
			return &b->proc[i];
	return NULL;
}

static void
proc_row(struct top_row *r, const struct dump *d, const struct dump *b, unsigned i)
{
	const struct dump_proc *p = &d->proc[i], *then = proc_before(b, p);
	char name[FMT_HUMAN];

	*r = (struct top_row){
	    .state = fmt_doing(p),
	    .index = i,
	    .active = p->active,
	    .check_ms = p->beat_us != 0 ? fmt_age_ms(d, p->beat_us) : -1,
	    .rate = -1,
	    .in = -1,
	    .out = -1,
	};
	if (p->pid == 0 || r->check_ms >= DUMP_STALE_MS)
		r->trouble = 2;
	else if (p->want != WANT_RUN || p->ready == 0)
		r->trouble = 1;
	r->tone = r->trouble == 2 ? TONE_BAD : r->trouble == 1 ? TONE_WARN : TONE_GOOD;
	if (p->kind == PROC_WORKER && then != NULL) {
		r->rate = fmt_per_second(d, b, p->accepted, then->accepted);
		r->in = fmt_per_second(d, b, p->bytes_in, then->bytes_in);
		r->out = fmt_per_second(d, b, p->bytes_out, then->bytes_out);
	}
	snprintf(r->name, sizeof r->name, "%s", fmt_proc(p, name));
}

/* ---- order ---- */

/* What a row is sorted by: greater comes first. */
static double
weight(const struct top_row *r, enum top_sort by)
{
	switch (by) {
	case TOP_STATE:
		return r->trouble;
	case TOP_ACTIVE:
		return (double)r->active;
	case TOP_RATE:
		return r->rate;
	case TOP_BYTES:
		return r->in + r->out;
	case TOP_CHECK:
		return (double)r->check_ms;
	case TOP_ERRORS:
		return (double)r->errors;
	default:
		return 0;
	}
}

static bool
before(const struct top_row *a, const struct top_row *b, const struct top_view *v)
{
	double wa = weight(a, v->sort), wb = weight(b, v->sort);
	int names = v->sort == TOP_NAME ? strverscmp(a->name, b->name) : 0;

	if (v->reverse)
		return wa < wb || names > 0;
	return wa > wb || names < 0;
}

/* Stable: what is equal stays in the order of the file, and does not jump from screen to screen. */
static void
sort(struct top_rows *r, const struct top_view *v)
{
	struct top_row row;
	unsigned k;

	if (v->sort == TOP_FILE) {
		for (unsigned i = 0; v->reverse && i < r->n / 2; i++) {
			row = r->row[i];
			r->row[i] = r->row[r->n - 1 - i];
			r->row[r->n - 1 - i] = row;
		}
		return;
	}
	for (unsigned i = 1; i < r->n; i++) {
		row = r->row[i];
		for (k = i; k > 0 && before(&row, &r->row[k - 1], v); k--)
			r->row[k] = r->row[k - 1];
		r->row[k] = row;
	}
}

/* The row that was just written stays if it matches. */
static void
keep(struct top_rows *r, const struct top_view *v)
{
	const struct top_row *row = &r->row[r->n];

	r->all++;
	if (strcasestr(row->name, v->filter) != NULL || strcasestr(row->state, v->filter) != NULL)
		r->n++;
}

void
top_rows(
    struct top_rows *r, const struct dump *now, const struct dump *then, const struct top_view *v)
{
	r->n = r->all = 0;
	if (v->pane == TOP_SERVERS)
		for (unsigned i = 0; i < now->n_services; i++)
			for (unsigned k = 0; k < now->services[i].n; k++) {
				server_row(&r->row[r->n], now, then,
				    now->table.service[now->services[i].index].name,
				    now->servers[now->services[i].first + k]);
				keep(r, v);
			}
	for (unsigned i = 0; v->pane == TOP_VIPS && i < now->n_vips; i++) {
		vip_row(&r->row[r->n], now, then, i);
		keep(r, v);
	}
	for (unsigned i = 0; v->pane == TOP_WORKERS && i < now->n_procs; i++) {
		proc_row(&r->row[r->n], now, then, i);
		keep(r, v);
	}
	sort(r, v);
}
