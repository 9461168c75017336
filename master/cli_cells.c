/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/cli_cells.h"

#include <inttypes.h>
#include <stdio.h>

void
cli_cells_head(struct grid *g, const char *first)
{
	grid_cell(g, "%s", first);
	grid_cut(g, GRID_MIDDLE, 12);
	grid_cell(g, "address");
	grid_cut(g, GRID_MIDDLE, 15);
	grid_cell(g, "state");
	grid_cut(g, GRID_END, sizeof "DRAIN, 59m59s left" - 1);
	grid_cell(g, "since");
	grid_cell(g, "weight");
	grid_cut(g, GRID_END, sizeof "50 (file: 100)" - 1);
	grid_cell(g, "active");
	grid_cell(g, "health");
	grid_cell(g, "last check");
	grid_cut(g, GRID_END, 9);
	grid_row(g);
}

static void
state_cell(struct grid *g, const struct dump *d, unsigned server)
{
	const struct shm_server *row = &d->table.server[server];
	char buf[FMT_HUMAN];
	const char *left = fmt_left(d, &row->set_admin, buf);
	unsigned percent = fmt_slow_percent(d, server);
	char slow[24] = "";

	if (percent < 100)
		snprintf(slow, sizeof slow, ", slow start %u%%", percent);
	grid_cell(g, "%s%s%s%s%s%s", server_state_name((enum server_state)d->shown[server]),
	    row->backup ? " (backup)" : "", slow, left != NULL ? ", " : "",
	    left != NULL ? left : "", left != NULL ? " left" : "");
	grid_tone(g, fmt_state_tone((enum server_state)d->shown[server]));
}

static void
weight_cell(struct grid *g, const struct dump *d, const struct shm_server *row)
{
	char buf[FMT_HUMAN];
	const char *left = fmt_left(d, &row->set_weight, buf);

	if (row->weight == row->set_weight.file && left == NULL)
		grid_cell(g, "%" PRIu32, row->weight);
	else
		grid_cell(g, "%" PRIu32 " (file: %" PRIu32 "%s%s%s)", row->weight,
		    row->set_weight.file, left != NULL ? ", " : "", left != NULL ? left : "",
		    left != NULL ? " left" : "");
}

void
cli_cells(struct grid *g, const struct dump *d, unsigned server, const char *name)
{
	const struct shm_server *row = &d->table.server[server];
	const struct shm_health *h = &d->health[server];
	char buf[FMT_CHECK_TEXT], addr[ADDR_TEXT], span[FMT_HUMAN];
	int64_t since_us = fmt_since_us(d, server);

	grid_cell(g, "%s", name);
	grid_cell(g, "%s", addr_print(&row->addr, addr, sizeof addr));
	state_cell(g, d, server);
	grid_cell(g, "%s", since_us != 0 ? fmt_span(fmt_age_ms(d, since_us), span) : "-");
	weight_cell(g, d, row);
	grid_cell(g, "%s", fmt_number(STAT_GET(&d->sum.server[server], active), span));
	grid_cell(g, "%s", fmt_progress(h, span));
	grid_cell(g, "%s", fmt_check_text(h, buf));
	grid_row(g);
}

int
cli_print_grid(struct grid *g, const struct dump_look *look)
{
	if (!grid_ok(g))
		return -1;
	grid_fit(g, look->width != 0 ? look->width : DUMP_WIDTH);
	grid_print(g, stdout, look->color);
	return 0;
}

void
cli_sentence(const struct dump_look *look, enum tone tone, unsigned indent, const char *text)
{
	fputs(look->color ? tone_on(tone) : "", stdout);
	fmt_sentence(stdout, text, look->screen ? look->width : 0, indent);
	fputs(look->color ? tone_off(tone) : "", stdout);
}

void
cli_vip_line(const struct dump *d, const struct shm_vip *v, const struct dump_look *look)
{
	char line[512], span[FMT_HUMAN], text[ADDR_TEXT];
	int n = snprintf(line, sizeof line, "vip %s: %s for %s (%s), priority %" PRIu32, v->name,
	    dump_vip_state_name(v->state), fmt_span(fmt_age_ms(d, v->since_us), span), v->reason,
	    v->priority);

	_Static_assert(sizeof line > SHM_NAME + sizeof v->reason + ADDR_TEXT + 128, "it fits");
	if (v->present)
		snprintf(line + n, sizeof line - (size_t)n, ", held here on %s", v->interface);
	else if (v->owner.sa.sa_family != AF_UNSPEC && v->heard_us != 0)
		snprintf(line + n, sizeof line - (size_t)n, ", owner %s heard %s ago",
		    addr_print_ip(&v->owner, text, sizeof text),
		    fmt_span(fmt_age_ms(d, v->heard_us), span));
	else
		snprintf(line + n, sizeof line - (size_t)n, ", no owner is known");
	cli_sentence(look, fmt_vip_tone(v), 0, line);
}
