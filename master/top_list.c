/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns of kha top, and which of them go first where there is no room. */
#include <inttypes.h>

#include "master/top.h"
#include "shm/fmt.h"

static void
rate_cell(struct grid *g, double rate, bool bytes)
{
	char text[FMT_HUMAN];

	grid_cell(g, "%s", rate < 0 ? "-" : fmt_rate(rate, bytes, text));
}

static void
number_cell(struct grid *g, uint64_t n)
{
	char text[FMT_HUMAN];

	grid_cell(g, "%s", fmt_number(n, text));
}

/* One heading; rank 0: it always stands there. */
static void
head(struct grid *g, const char *name, unsigned rank)
{
	grid_cell(g, "%s", name);
	if (rank > 0)
		grid_drop(g, rank);
}

static void
first_head(struct grid *g, const char *name)
{
	grid_cell(g, "%s", name);
	grid_cut(g, GRID_MIDDLE, 10);
	head(g, "state", 0);
}

static void
first_cells(struct grid *g, const struct top_row *r)
{
	grid_cell(g, "%s", r->name);
	grid_cell(g, "%s", r->state);
	grid_tone(g, r->tone);
}

static void
fill_servers(struct grid *g, const struct dump *d, const struct top_rows *r)
{
	char text[FMT_CHECK];

	first_head(g, "server");
	head(g, "active", 0);
	head(g, "conn/s", 1);
	head(g, "in/s", 4);
	head(g, "out/s", 3);
	head(g, "errors", 2);
	head(g, "check", 5);
	grid_row(g);
	for (const struct top_row *row = r->row; row < r->row + r->n; row++) {
		first_cells(g, row);
		number_cell(g, row->active);
		rate_cell(g, row->rate, false);
		rate_cell(g, row->in, true);
		rate_cell(g, row->out, true);
		number_cell(g, row->errors);
		grid_cell(g, "%s", fmt_check(&d->health[row->index], text));
		grid_row(g);
	}
}

static void
fill_vips(struct grid *g, const struct dump *d, const struct top_rows *r)
{
	char span[FMT_HUMAN], text[ADDR_TEXT];

	first_head(g, "vip");
	head(g, "since", 1);
	head(g, "priority", 5);
	head(g, "owner heard", 2);
	grid_cut(g, GRID_MIDDLE, 15);
	head(g, "sent/s", 3);
	head(g, "heard/s", 4);
	head(g, "rejected", 6);
	grid_row(g);
	for (const struct top_row *row = r->row; row < r->row + r->n; row++) {
		const struct shm_vip *v = &d->vip[row->index];

		first_cells(g, row);
		grid_cell(g, "%s", fmt_span(fmt_age_ms(d, v->since_us), span));
		grid_cell(g, "%" PRIu32, v->priority);
		grid_cell(g, "%s",
		    v->owner.sa.sa_family != AF_UNSPEC ? addr_print_ip(&v->owner, text, sizeof text)
						       : "-");
		rate_cell(g, row->rate, false);
		rate_cell(g, row->in, false);
		number_cell(g, row->errors);
		grid_row(g);
	}
}

static void
fill_workers(struct grid *g, const struct dump *d, const struct top_rows *r)
{
	char span[FMT_HUMAN];

	first_head(g, "process");
	head(g, "pid", 0);
	head(g, "gen", 5);
	head(g, "beat", 4);
	head(g, "active", 0);
	head(g, "conn/s", 1);
	head(g, "in/s", 3);
	head(g, "out/s", 2);
	grid_row(g);
	for (const struct top_row *row = r->row; row < r->row + r->n; row++) {
		const struct dump_proc *p = &d->proc[row->index];

		first_cells(g, row);
		grid_cell(g, "%" PRId32, p->pid);
		grid_cell(g, "%" PRIu32, p->generation);
		grid_cell(g, "%s", row->check_ms >= 0 ? fmt_span(row->check_ms, span) : "-");
		if (p->kind == PROC_WORKER) {
			number_cell(g, row->active);
			rate_cell(g, row->rate, false);
			rate_cell(g, row->in, true);
			rate_cell(g, row->out, true);
		}
		grid_row(g);
	}
}

struct grid *
top_grid(const struct dump *d, enum top_pane pane, const struct top_rows *r)
{
	static void (*const fill[TOP_PANES])(
	    struct grid * g, const struct dump *d, const struct top_rows *r) = {
	    [TOP_SERVERS] = fill_servers,
	    [TOP_VIPS] = fill_vips,
	    [TOP_WORKERS] = fill_workers,
	};
	struct grid *g = grid_new();

	if (g == NULL)
		return NULL;
	fill[pane](g, d, r);
	if (grid_ok(g))
		return g;
	grid_free(g);
	return NULL;
}
