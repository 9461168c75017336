/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/page.h"

#include <inttypes.h>
#include <time.h>

#include "shm/fmt.h"
#include "web/html.h"

static void
head(const struct page *p, FILE *out)
{
	char node[SHM_NAME + 2] = "";

	if (p->d->info.node[0] != '\0')
		snprintf(node, sizeof node, ": %s", p->d->info.node);
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
	    out);
	if (p->refresh_ms > 0 && !p->still)
		fprintf(out, "<meta http-equiv=\"refresh\" content=\"%d\">\n",
		    (p->refresh_ms + 999) / 1000);
	fputs("<link rel=\"stylesheet\" href=\"", out);
	html_text(out, p->path);
	/* An icon that is asked for by itself would be an error in the browser's log. */
	fputs("/style.css\">\n<link rel=\"icon\" href=\"data:,\">\n<title>kha", out);
	html_text(out, node);
	fputs("</title></head><body>\n<header><h1>kha", out);
	html_text(out, node);
	fputs("</h1>\n", out);
}

static void
link_to(const struct page *p, FILE *out, const char *suffix, const char *text)
{
	fputs("<a href=\"", out);
	html_text(out, p->path);
	fprintf(out, "%s\">%s</a>\n", suffix, text);
}

static void
facts(const struct page *p, FILE *out)
{
	const struct dump *d = p->d;
	const struct fmt_procs w = fmt_count(d, PROC_WORKER);
	char span[FMT_HUMAN], date[64];
	time_t now = (time_t)(d->wall_ms / 1000);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(out,
	    "<p>version %s, pid %" PRId32 ", up %s, engine %s, %u of %" PRIu32
	    " workers ready, <b>%" PRIu64 "</b> of %" PRIu32 " connections, %" PRIu64
	    " accepted</p>\n<p>configuration ",
	    d->info.version, d->info.pid, fmt_span(fmt_age_ms(d, d->info.start_us), span),
	    d->info.engine, w.ready, d->info.workers, STAT_GET(&d->sum.worker, active),
	    d->info.max_connections, STAT_GET(&d->sum.worker, accepted));
	html_text(out, d->info.config);
	if (d->info.reload_wall_ms != 0)
		fprintf(out, ", last reload %s ago %s",
		    fmt_span(d->wall_ms - d->info.reload_wall_ms, span),
		    d->info.reload_ok ? "succeeded" : "<b class=\"down\">FAILED</b>");
	fprintf(out, "</p>\n<p>%s", date);
	if (p->refresh_ms > 0 && !p->still)
		fprintf(out, ", reloads each %s", fmt_span(p->refresh_ms, span));
	fputs("</p>\n<nav>", out);
	link_to(p, out, p->still ? "?refresh=off" : "", "refresh");
	if (p->refresh_ms > 0)
		link_to(p, out, p->still ? "" : "?refresh=off", p->still ? "resume" : "pause");
	link_to(p, out, "?format=csv", "csv");
	link_to(p, out, "?format=json", "json");
	fputs("<a href=\"/metrics\">metrics</a></nav></header>\n", out);
}

struct warnings {
	FILE *out;
	unsigned n;
};

static void
add_warning(void *arg, const char *line)
{
	struct warnings *w = arg;

	if (w->n++ == 0)
		fputs("<ul class=\"warnings\">\n", w->out);
	fputs("<li>", w->out);
	html_text(w->out, line);
	fputs("</li>\n", w->out);
}

static void
warnings(const struct page *p, FILE *out)
{
	struct warnings w = {out, 0};

	dump_warnings(p->d, add_warning, &w);
	fputs(w.n > 0 ? "</ul>\n" : "<p class=\"well\">no warnings</p>\n", out);
}

static void
vip_row(struct html_table *t, const struct dump *d, const struct shm_vip *v)
{
	char text[ADDR_TEXT], span[FMT_HUMAN];

	html_row(t);
	html_cell(t, NULL, v->name);
	html_cell(t, html_class(fmt_vip_tone(v)), dump_vip_state_name(v->state));
	html_cell(t, NULL, fmt_span(fmt_age_ms(d, v->since_us), span));
	html_cell(t, NULL, v->present ? "yes" : "no");
	html_cellf(t, "%" PRIu32, v->priority);
	html_cell(t, NULL,
	    v->owner.sa.sa_family != AF_UNSPEC ? addr_print_ip(&v->owner, text, sizeof text) : "-");
	html_cell(t, NULL, v->heard_us != 0 ? fmt_span(fmt_age_ms(d, v->heard_us), span) : "never");
	html_cell(t, NULL, v->interface[0] != '\0' ? v->interface : "-");
	html_words(t, v->fault[0] != '\0'      ? v->fault
		      : v->degraded[0] != '\0' ? v->degraded
					       : v->reason);
	fputs("</tr>\n", t->out);
}

static void
vips(const struct page *p, FILE *out)
{
	static const char *const names[] = {"<VIP", "<state", "since", "address here", "priority",
	    "<owner heard", "peer heard", "<interface", "<why", NULL};
	struct html_table t;

	if (p->d->n_vips == 0)
		return;
	fputs("<h2>Virtual IPs</h2>\n", out);
	html_table(&t, out, names);
	for (unsigned i = 0; i < p->d->n_vips; i++)
		vip_row(&t, p->d, &p->d->vip[i]);
	html_end(&t);
}

static void
processes(const struct page *p, FILE *out)
{
	static const char *const names[] = {
	    "<process", "pid", "generation", "<state", "heartbeat", "connections", NULL};
	const struct dump *d = p->d;
	char span[FMT_HUMAN];
	struct html_table t;

	fputs("<h2>Processes</h2>\n", out);
	html_table(&t, out, names);
	for (unsigned i = 0; i < d->n_procs; i++) {
		const struct dump_proc *q = &d->proc[i];
		bool stale = q->beat_us != 0 && fmt_age_ms(d, q->beat_us) > DUMP_STALE_MS;

		html_row(&t);
		if (q->kind == PROC_WORKER)
			html_cellf(&t, "worker %" PRIu32, q->slot);
		else
			html_cell(&t, NULL, proc_kind_name((enum proc_kind)q->kind));
		html_cellf(&t, "%" PRId32, q->pid);
		html_cellf(&t, "%" PRIu32, q->generation);
		html_cell(&t, q->ready && !stale ? "up" : "warn", fmt_doing(q));
		html_cell(&t, stale ? "down" : NULL,
		    q->beat_us != 0 ? fmt_span(fmt_age_ms(d, q->beat_us), span) : "-");
		if (q->kind == PROC_WORKER)
			html_cellf(&t, "%" PRIu64, q->active);
		else
			html_cell(&t, NULL, "-");
		fputs("</tr>\n", out);
	}
	html_end(&t);
}

static void
foot(const struct page *p, FILE *out)
{
	char span[FMT_HUMAN];

	fputs(
	    "<footer><p>Curves show what this page's process has seen itself: the last 15 minutes "
	    "at most, one point each 10 s",
	    out);
	if (p->h->first.us != 0)
		fprintf(
		    out, "; it looks since %s", fmt_span(fmt_age_ms(p->d, p->h->first.us), span));
	fputs(".</p></footer>\n</body></html>\n", out);
}

void
page_write(const struct page *p, FILE *out)
{
	head(p, out);
	facts(p, out);
	warnings(p, out);
	vips(p, out);
	page_services(p, out);
	processes(p, out);
	foot(p, out);
}
