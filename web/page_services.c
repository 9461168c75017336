/* SPDX-License-Identifier: BSD-2-Clause */
/* Services and servers of the page. */
#include <inttypes.h>

#include "shm/fmt.h"
#include "web/html.h"
#include "web/page.h"

/* What the counter grew a second; old NULL: nothing to compare with. */
static const char *
rate(const struct page *p, uint64_t now, const uint64_t *old, char buf[FMT_HUMAN])
{
	double r = old != NULL ? fmt_per_second(p->d, p->before, now, *old) : -1;

	return r >= 0 ? fmt_rate(r, false, buf) : "-";
}

static void
load_cells(struct html_table *t, const struct page *p, unsigned i)
{
	const struct dump *d = p->d, *b = p->before;
	const struct shm_server *s = &d->table.server[i];
	const struct stat_server *sum = &d->sum.server[i];
	struct spark curve = {p->h, history_server(p->h, d, i), HISTORY_ACTIVE};
	const bool known = b != NULL && b->table.server[i].id == s->id;
	char text[FMT_HUMAN * 2], human[FMT_HUMAN];
	uint64_t old = known ? STAT_GET(&b->sum.server[i], connected) : 0;

	snprintf(text, sizeof text, "%" PRIu64, STAT_GET(sum, active));
	if (s->max_connections > 0)
		snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu32, STAT_GET(sum, active),
		    s->max_connections);
	html_spark(t, text, &curve);
	html_cellf(t, "%" PRIu64, STAT_GET(sum, queued));
	curve.kind = HISTORY_RATE;
	html_spark(t, rate(p, STAT_GET(sum, connected), known ? &old : NULL, human), &curve);
	html_cellf(t, "%" PRIu64, STAT_GET(sum, connected));
	html_cell(t, NULL, fmt_bytes(STAT_GET(sum, bytes_in), human));
	html_cell(t, NULL, fmt_bytes(STAT_GET(sum, bytes_out), human));
	html_cellf(t, "%" PRIu64, fmt_errors(sum));
}

static void
server_cells(struct html_table *t, const struct page *p, unsigned i)
{
	const struct dump *d = p->d;
	const struct shm_server *s = &d->table.server[i];
	const struct shm_health *h = &d->health[i];
	const enum server_state state = (enum server_state)d->shown[i];
	const struct spark curve = {p->h, history_server(p->h, d, i), HISTORY_CHECK};
	const unsigned slow = fmt_slow_percent(d, i);
	char text[FMT_CHECK_TEXT], human[FMT_HUMAN], addr[ADDR_TEXT];

	html_named(t, s->name, addr_print(&s->addr, addr, sizeof addr));
	html_cell(t, html_class(fmt_state_tone(state)), server_state_name(state));
	html_cell(t, NULL, fmt_span(fmt_age_ms(d, fmt_since_us(d, i)), human));
	if (slow < 100)
		html_cellf(t, "%" PRIu32 " (%u%%)", s->weight, slow);
	else
		html_cellf(t, "%" PRIu32 "%s", s->weight, s->backup ? " backup" : "");
	load_cells(t, p, i);
	html_spark(t, h->check_ms >= 0 ? fmt_span(h->check_ms, human) : "-", &curve);
	html_words(t, fmt_check_text(h, text));
}

static void
heading(const struct page *p, FILE *out, const struct dump_service *s)
{
	const struct dump *d = p->d, *b = p->before;
	const struct shm_service *row = &d->table.service[s->index];
	const struct stat_service *sum = &d->sum.service[s->index];
	const bool known = b != NULL && b->table.service[s->index].id == row->id;
	char human[FMT_HUMAN];
	uint64_t old = 0;

	if (known)
		old = STAT_GET(&b->sum.service[s->index], accepted);
	fputs("<h2>", out);
	html_text(out, row->name);
	if (row->state != ROW_ACTIVE)
		fputs(" <b class=\"off\">REMOVED</b>", out);
	else
		fprintf(out, " <b class=\"%s\">%s</b>", html_class(fmt_serving_tone(s->serving)),
		    dump_serving_name(s->serving));
	fprintf(out,
	    "<small>%s, %u of %u servers get connections, %" PRIu64
	    " connections, %s new/s, %" PRIu64 " in total, %" PRIu64 " wait",
	    dump_balance_name(row->balance), s->candidates, s->n, STAT_GET(sum, active),
	    rate(p, STAT_GET(sum, accepted), known ? &old : NULL, human), STAT_GET(sum, accepted),
	    STAT_GET(sum, queued));
	fprintf(out, ", in %s", fmt_bytes(STAT_GET(sum, bytes_in), human));
	fprintf(out, ", out %s</small></h2>\n", fmt_bytes(STAT_GET(sum, bytes_out), human));
}

void
page_services(const struct page *p, FILE *out)
{
	static const char *const names[] = {"<server", "<state", "since", "weight", "connections",
	    "waiting", "new/s", "total", "bytes in", "bytes out", "errors", "check", "<last check",
	    NULL};
	const struct dump *d = p->d;
	struct html_table t;

	for (unsigned i = 0; i < d->n_services; i++) {
		const struct dump_service *s = &d->services[i];

		heading(p, out, s);
		html_table(&t, out, names);
		for (unsigned k = 0; k < s->n; k++) {
			html_row(&t);
			server_cells(&t, p, d->servers[s->first + k]);
			fputs("</tr>\n", out);
		}
		html_end(&t);
	}
}
