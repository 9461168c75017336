/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen of kha top:
 *
 *	kha 0.1.0, 15 of 20000 connections, 12/s, in 1.2K/s, out 3.4M/s, up 3h02m, node lb-1
 *	web FAIL-OPEN 1/1  api UP 2/4
 *	1 warning: server api/cp-3 ...			(or what has happened to the daemon)
 *	[servers 5]  vips 0  workers 4  by file  1-5 of 5
 *	SERVER ...
 *	...
 *	? help  q quit  ...
 *
 * Where there is little room, the second line goes first, then the third unless it is news.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "master/top.h"
#include "shm/fmt.h"

/* A line that is being written, from the left. */
struct pen {
	top_put *put;
	void *arg;
	unsigned y, x, width;
};

__attribute__((format(printf, 3, 4))) static void
write_text(struct pen *p, enum tone tone, const char *fmt, ...)
{
	char text[GRID_CELL], buf[GRID_CELL];
	const char *shown;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fmt_clean(text, sizeof text);
	if (p->x >= p->width)
		return;
	shown = grid_shorten(text, GRID_END, p->width - p->x, buf);
	if (*shown != '\0')
		p->put(p->arg, p->y, p->x, shown, tone);
	p->x += fmt_width(shown);
}

static void
next_line(struct pen *p)
{
	p->y++;
	p->x = 0;
}

/* ---- above the list ---- */

static void
title(struct pen *p, const struct top_frame *f)
{
	const struct dump *d = f->now, *b = f->before;
	const struct stat_worker *w = &d->sum.worker, *then = b != NULL ? &b->sum.worker : w;
	char up[FMT_HUMAN], rate[FMT_HUMAN], in[FMT_HUMAN], out[FMT_HUMAN];

	write_text(p, TONE_HEAD, "kha %s", d->info.version);
	write_text(p, TONE_PLAIN, ", %" PRIu64 " of %" PRIu32 " connections", STAT_GET(w, active),
	    d->info.max_connections);
	if (fmt_per_second(d, b, STAT_GET(w, accepted), STAT_GET(then, accepted)) >= 0)
		write_text(p, TONE_PLAIN, ", %s/s, in %s/s, out %s/s",
		    fmt_rate(fmt_per_second(d, b, STAT_GET(w, accepted), STAT_GET(then, accepted)),
			false, rate),
		    fmt_rate(fmt_per_second(d, b, STAT_GET(w, bytes_in), STAT_GET(then, bytes_in)),
			true, in),
		    fmt_rate(
			fmt_per_second(d, b, STAT_GET(w, bytes_out), STAT_GET(then, bytes_out)),
			true, out));
	write_text(p, TONE_PLAIN, ", up %s", fmt_span(fmt_age_ms(d, d->info.start_us), up));
	if (d->info.node[0] != '\0')
		write_text(p, TONE_PLAIN, ", node %s", d->info.node);
	next_line(p);
}

/* Those in trouble first: the line may not have room for all. */
static void
services(struct pen *p, const struct dump *d)
{
	for (int pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < d->n_services; i++) {
			const struct dump_service *s = &d->services[i];
			const struct shm_service *row = &d->table.service[s->index];
			uint64_t queued = STAT_GET(&d->sum.service[s->index], queued);

			if (row->state != ROW_ACTIVE ||
			    (s->serving == CANDIDATES_UP) != (pass == 1))
				continue;
			write_text(p, TONE_PLAIN, "%s%s ", p->x > 0 ? "  " : "", row->name);
			write_text(
			    p, fmt_serving_tone(s->serving), "%s", dump_serving_name(s->serving));
			write_text(p, TONE_PLAIN, " %u/%u", s->candidates, s->n);
			if (queued > 0)
				write_text(p, TONE_WARN, " %" PRIu64 " queued", queued);
		}
	next_line(p);
}

struct first {
	unsigned n;
	char line[GRID_CELL];
};

static void
count_warning(void *arg, const char *line)
{
	struct first *w = arg;

	if (w->n++ == 0)
		snprintf(w->line, sizeof w->line, "%s", line);
}

static void
news(struct pen *p, const struct top_frame *f)
{
	struct first w = {0};

	if (f->notice[0] != '\0') {
		write_text(p, TONE_BAD, "%s", f->notice);
		next_line(p);
		return;
	}
	dump_warnings(f->now, count_warning, &w);
	if (w.n == 0)
		write_text(p, TONE_DIM, "no warnings");
	else
		write_text(p, TONE_WARN, "%u warning%s: %s", w.n, w.n == 1 ? "" : "s", w.line);
	next_line(p);
}

static void
tabs(struct pen *p, const struct dump *d, const struct top_view *v, const struct top_rows *r)
{
	unsigned last = v->page < r->n - v->first ? v->first + v->page : r->n, n[TOP_PANES] = {0};

	for (unsigned i = 0; i < d->n_services; i++)
		n[TOP_SERVERS] += d->services[i].n;
	n[TOP_VIPS] = d->n_vips;
	n[TOP_WORKERS] = fmt_count(d, PROC_WORKER).n;
	for (int i = 0; i < TOP_PANES; i++) {
		bool chosen = v->pane == (enum top_pane)i;

		write_text(p, chosen ? TONE_HEAD : TONE_PLAIN, "%s%s%s %u%s", i > 0 ? " " : "",
		    chosen ? "[" : " ", top_pane_name((enum top_pane)i), n[i], chosen ? "]" : " ");
	}
	write_text(
	    p, TONE_PLAIN, "  by %s%s", top_sort_name(v->sort), v->reverse ? " reversed" : "");
	if (r->n > v->page)
		write_text(p, TONE_PLAIN, "  %u-%u of %u", v->first + 1, last, r->n);
	if (v->filter[0] != '\0')
		write_text(p, TONE_WARN, "  /%s: %u of %u", v->filter, r->n, r->all);
	next_line(p);
}

/* ---- the list, below, and instead ---- */

static void
put_piece(void *arg, const char *text, enum tone tone)
{
	write_text(arg, tone, "%s", text);
}

/* -1: no memory. */
static int
list(struct pen *p, const struct dump *d, const struct top_view *v, const struct top_rows *r)
{
	struct grid *g = top_grid(d, v->pane, r);

	if (g == NULL)
		return -1;
	grid_fit(g, p->width);
	grid_line(g, 0, put_piece, p);
	next_line(p);
	for (unsigned i = 0; i < v->page && v->first + i < r->n; i++) {
		grid_line(g, 1 + v->first + i, put_piece, p);
		next_line(p);
	}
	grid_free(g);
	return 0;
}

static void
keys(struct pen *p, const struct top_view *v)
{
	static const char *const words[] = {"? help", "q quit", "/ filter", "Tab pane",
	    "sort f n s c r b t e", NULL /* the interval */, "Space now"};
	char every[32];

	if (v->typing) {
		write_text(p, TONE_HEAD, "filter: %s_", v->filter);
		write_text(p, TONE_PLAIN, "  (Enter keeps it, Esc ends it)");
		return;
	}
	snprintf(every, sizeof every, "+ - every %g s", v->interval_ms / 1000.0);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *word = words[i] != NULL ? words[i] : every;

		/* Whole words or none. */
		if (p->x + strlen(word) + 2 > p->width)
			break;
		write_text(p, TONE_HEAD, "%s%s", p->x > 0 ? "  " : "", word);
	}
}

static void
help(struct pen *p, unsigned height)
{
	static const char *const lines[] = {
	    "1 2 3 Tab     servers, VIPs, workers",
	    "sort, the same key again turns it round:",
	    "  f order of the file    n name      s state, worst first",
	    "  c connections          r rate      b bytes a second",
	    "  t time of the check    e errors",
	    "/             only rows with a text in name or state; Esc: all",
	    "arrows j k    scroll; PgUp PgDn Home End g G",
	    "+ -           longer or shorter between two looks",
	    "Space         look now",
	    "q             quit",
	    "VIPs: rate is adverts sent; errors, adverts rejected.",
	    "Workers: check is the age of the heartbeat.",
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines && p->y < height; i++) {
		write_text(p, TONE_PLAIN, "%s", lines[i]);
		next_line(p);
	}
}

/* Rows that fit, with `head` lines above them, the heading and the line of keys. */
static unsigned
page_of(unsigned height, unsigned above)
{
	if (height == 0)
		return SHM_SERVERS;
	return height > above + 2 ? height - above - 2 : 0;
}

int
top_draw(const struct top_frame *f, struct top_view *v, unsigned width, unsigned height,
    top_put *put, void *arg)
{
	bool with_services = height == 0 || height >= 12;
	bool with_news = height == 0 || height >= 9 || (height >= 5 && f->notice[0] != '\0');
	struct top_rows *r = malloc(sizeof *r);
	struct pen p = {put, arg, 0, 0, width};
	int result = 0;

	if (r == NULL)
		return -1;
	top_rows(r, f->now, f->before, v);
	v->rows = r->n;
	v->page = page_of(height, 2 + with_services + with_news);
	if (v->first + v->page > v->rows)
		v->first = v->rows > v->page ? v->rows - v->page : 0;
	title(&p, f);
	if (with_services)
		services(&p, f->now);
	if (with_news)
		news(&p, f);
	if (height == 0 || v->page > 0) {
		tabs(&p, f->now, v, r);
		if (v->help)
			help(&p, height - 1);
		else
			result = list(&p, f->now, v, r);
	}
	if (height > 1) {
		p.y = height - 1;
		p.x = 0;
		keys(&p, v);
	}
	free(r);
	return result;
}
