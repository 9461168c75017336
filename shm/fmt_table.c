/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kha stat -f table: for people, on a screen of 100 columns. A counter is a column when an operator
 * asks for it of each server: what goes on, what went wrong, how much. With an older copy the totals
 * of traffic are rates instead, so that nothing gets wider. All other counters are lines below (those
 * of the node always, the rest with `all`), because forty of them are no table.
 */
#include <inttypes.h>
#include <string.h>

#include "shm/fmt.h"

struct table {
	const struct dump *d, *before; /* before: NULL, no rates */
	const struct dump_look *look;
	FILE *out;
};

/* As narrow as a name or an address may become: still told apart. */
#define NAME_MIN  12
#define OWNER_MIN 15

static unsigned
width_of(const struct table *t)
{
	return t->look->width != 0 ? t->look->width : DUMP_WIDTH;
}

static void
print_warning(void *arg, const char *line)
{
	const struct table *t = arg;

	fputs(t->look->color ? tone_on(TONE_WARN) : "", t->out);
	fmt_sentence(t->out, line, t->look->screen ? width_of(t) : 0, 0);
	fputs(t->look->color ? tone_off(TONE_WARN) : "", t->out);
}

static void
print_head(struct table *t)
{
	const struct dump *d = t->d;
	const struct fmt_procs w = fmt_count(d, PROC_WORKER);
	char up[FMT_HUMAN];

	if (d->daemon == DAEMON_GONE)
		dump_warnings(d, print_warning, t);
	fprintf(t->out, "kha %s, node %s, pid %" PRId32 ", up %s, generation %" PRIu32,
	    d->info.version, d->info.node[0] != '\0' ? d->info.node : "-", d->info.pid,
	    fmt_span(fmt_age_ms(d, d->info.start_us), up), d->info.generation);
	fprintf(t->out, ", %u of %u workers ready (%s)\nconfiguration %s\n", w.ready,
	    d->info.workers, d->info.engine, d->info.config);
	if (d->daemon != DAEMON_GONE)
		dump_warnings(d, print_warning, t);
}

static void
number_cell(struct grid *g, uint64_t n)
{
	char text[FMT_HUMAN];

	grid_cell(g, "%s", fmt_number(n, text));
}

static void
bytes_cell(struct grid *g, uint64_t n)
{
	char text[FMT_HUMAN];

	grid_cell(g, "%s", fmt_bytes(n, text));
}

/* The counter, or with an older copy how much it grew a second: `then` NULL: it was not there. */
static void
traffic_cell(struct grid *g, const struct table *t, uint64_t now, const uint64_t *then, bool bytes)
{
	double rate = then != NULL ? fmt_per_second(t->d, t->before, now, *then) : -1;
	char text[FMT_HUMAN];

	if (t->before == NULL && bytes)
		bytes_cell(g, now);
	else if (t->before == NULL)
		number_cell(g, now);
	else
		grid_cell(g, "%s", rate >= 0 ? fmt_rate(rate, bytes, text) : "-");
}

/* A counter of a struct in both copies; b may be NULL. */
#define TRAFFIC(g, t, a, b, field, bytes)                                                          \
	do {                                                                                       \
		uint64_t then_ = (b) != NULL ? STAT_GET(b, field) : 0;                             \
		traffic_cell(g, t, STAT_GET(a, field), (b) != NULL ? &then_ : NULL, bytes);        \
	} while (0)

static void
headings(struct grid *g, const struct table *t, const char *const *names, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		/* A "/s" of the heading is for rates alone. */
		size_t len = strlen(names[i]);
		bool rate = len > 2 && strcmp(names[i] + len - 2, "/s") == 0;

		grid_cell(g, "%.*s", (int)(rate && t->before == NULL ? len - 2 : len), names[i]);
		if (i == 0)
			grid_cut(g, GRID_MIDDLE, NAME_MIN);
	}
	grid_row(g);
}
#define HEADINGS(g, t, ...)                                                                        \
	do {                                                                                       \
		static const char *const names_[] = {__VA_ARGS__};                                 \
		headings(g, t, names_, sizeof names_ / sizeof *names_);                            \
	} while (0)

static void
fill_services(struct grid *g, const struct table *t)
{
	const struct dump *d = t->d;

	HEADINGS(g, t, "service", "serving", "servers", "active", "queued", "accepted/s", "refused",
	    "failed", "in/s", "out/s");
	for (unsigned i = 0; i < d->n_services; i++) {
		const struct dump_service *s = &d->services[i];
		const struct shm_service *row = &d->table.service[s->index];
		const struct stat_service *now = &d->sum.service[s->index], *then = NULL;
		bool there = row->state == ROW_ACTIVE;

		if (t->before != NULL && t->before->table.service[s->index].id == row->id)
			then = &t->before->sum.service[s->index];
		grid_cell(g, "%s", row->name);
		grid_cell(g, "%s", there ? dump_serving_name(s->serving) : "REMOVED");
		grid_tone(g, there ? fmt_serving_tone(s->serving) : TONE_DIM);
		grid_cell(g, "%u/%u", s->candidates, s->n);
		number_cell(g, STAT_GET(now, active));
		number_cell(g, STAT_GET(now, queued));
		TRAFFIC(g, t, now, then, accepted, false);
		number_cell(g, STAT_GET(now, no_server) + STAT_GET(now, limited));
		number_cell(g, STAT_GET(now, connect_failed));
		TRAFFIC(g, t, now, then, bytes_in, true);
		TRAFFIC(g, t, now, then, bytes_out, true);
		grid_row(g);
	}
}

static void
server_row(struct grid *g, const struct table *t, const char *service, unsigned i)
{
	const struct dump *d = t->d, *b = t->before;
	const struct stat_server *now = &d->sum.server[i], *then = NULL;
	enum server_state state = (enum server_state)d->shown[i];
	char text[FMT_CHECK];

	if (b != NULL && b->table.server[i].id == d->table.server[i].id)
		then = &b->sum.server[i];
	grid_cell(g, "%s/%s", service, d->table.server[i].name);
	grid_cell(g, "%s", server_state_name(state));
	grid_tone(g, fmt_state_tone(state));
	grid_cell(g, "%s", fmt_check(&d->health[i], text));
	number_cell(g, STAT_GET(now, active));
	TRAFFIC(g, t, now, then, connected, false);
	number_cell(g, fmt_errors(now));
	TRAFFIC(g, t, now, then, bytes_in, true);
	TRAFFIC(g, t, now, then, bytes_out, true);
	number_cell(g, STAT_GET(&d->check[i], up_down));
	grid_row(g);
}

static void
fill_servers(struct grid *g, const struct table *t)
{
	const struct dump *d = t->d;

	HEADINGS(g, t, "server", "state", "check", "active", "connected/s", "errors", "in/s",
	    "out/s", "downs");
	for (unsigned i = 0; i < d->n_services; i++)
		for (unsigned k = 0; k < d->services[i].n; k++)
			server_row(g, t, d->table.service[d->services[i].index].name,
			    d->servers[d->services[i].first + k]);
}

static void
fill_vips(struct grid *g, const struct table *t)
{
	const struct dump *d = t->d;
	char text[ADDR_TEXT], span[FMT_HUMAN];
	bool known;

	if (d->n_vips == 0)
		return;
	HEADINGS(g, t, "vip", "state", "since", "priority", "owner heard", "taken", "sent", "heard",
	    "rejected");
	for (unsigned i = 0; i < d->n_vips; i++) {
		const struct shm_vip *v = &d->vip[i];
		const struct stat_vip *s = &d->vip_stat[i];

		known = v->owner.sa.sa_family != AF_UNSPEC;
		grid_cell(g, "%s", v->name);
		grid_cell(g, "%s", dump_vip_state_name(v->state));
		grid_tone(g, fmt_vip_tone(v));
		grid_cell(g, "%s", fmt_span(fmt_age_ms(d, v->since_us), span));
		grid_cell(g, "%" PRIu32, v->priority);
		grid_cell(g, "%s", known ? addr_print_ip(&v->owner, text, sizeof text) : "-");
		grid_cut(g, GRID_MIDDLE, OWNER_MIN);
		number_cell(g, STAT_GET(s, became_master));
		number_cell(g, STAT_GET(s, adverts_sent));
		number_cell(g, STAT_GET(s, adverts_received));
		number_cell(g, fmt_rejected(s));
		grid_row(g);
	}
}

static void
fill_procs(struct grid *g, const struct table *t)
{
	char text[FMT_HUMAN];

	HEADINGS(g, t, "process", "pid", "generation", "state", "heartbeat", "active", "accepted",
	    "in", "out");
	for (unsigned i = 0; i < t->d->n_procs; i++) {
		const struct dump_proc *p = &t->d->proc[i];

		grid_cell(g, "%s", fmt_proc(p, text));
		grid_cell(g, "%" PRId32, p->pid);
		grid_cell(g, "%" PRIu32, p->generation);
		grid_cell(g, "%s", fmt_doing(p));
		grid_cell(
		    g, "%s", p->beat_us != 0 ? fmt_span(fmt_age_ms(t->d, p->beat_us), text) : "-");
		if (p->kind == PROC_WORKER) {
			number_cell(g, p->active);
			number_cell(g, p->accepted);
			bytes_cell(g, p->bytes_in);
			bytes_cell(g, p->bytes_out);
		}
		grid_row(g);
	}
}

/* ---- counters as lines ---- */

/* Exact, because the columns are not. */
static void
value_cell(struct grid *g, const struct dump *d, const struct stat_desc *desc, uint64_t v)
{
	char text[FMT_HUMAN];

	if (desc->kind == STAT_STAMP)
		grid_cell(g, "%s ago", fmt_span(mono_ms(d->now) - (int64_t)v, text));
	else
		grid_cell(g, "%" PRIu64 "%s", v, desc->unit == STAT_MSEC ? "ms" : "");
}

/* Values with a unit of their own need none in the name. */
static int
name_length(const struct stat_desc *desc)
{
	size_t len = strlen(desc->name);

	if (desc->unit == STAT_MSEC && len > 3 && strcmp(desc->name + len - 3, "_ms") == 0)
		len -= 3;
	return (int)len;
}

/* Those of a struct that are not 0; `whose`: in front of the names. */
static void
counter_rows(struct grid *g, const struct table *t, enum stat_scope scope, const void *slab,
    const char *whose)
{
	const struct stat_set *set = &stat_sets[scope];

	for (unsigned i = 0; i < set->n; i++) {
		if (stat_row(slab, i) == 0)
			continue;
		grid_cell(g, "%s.%.*s", whose, name_length(&set->rows[i]), set->rows[i].name);
		value_cell(g, t->d, &set->rows[i], stat_row(slab, i));
		grid_cell(g, "%s", set->rows[i].help);
		grid_row(g);
	}
}

static void
all_counters(struct grid *g, const struct table *t)
{
	const struct dump *d = t->d;
	char whose[2 * SHM_NAME + 16];

	for (unsigned i = 0; i < d->n_services; i++) {
		const struct dump_service *s = &d->services[i];
		const char *service = d->table.service[s->index].name;

		snprintf(whose, sizeof whose, "service %s", service);
		counter_rows(g, t, STAT_SET_SERVICE, &d->sum.service[s->index], whose);
		for (unsigned k = 0; k < s->n; k++) {
			unsigned index = d->servers[s->first + k];

			snprintf(whose, sizeof whose, "server %s/%s", service,
			    d->table.server[index].name);
			counter_rows(g, t, STAT_SET_SERVER, &d->sum.server[index], whose);
			counter_rows(g, t, STAT_SET_CHECK, &d->check[index], whose);
		}
	}
	for (unsigned i = 0; i < d->n_vips; i++) {
		snprintf(whose, sizeof whose, "vip %s", d->vip[i].name);
		counter_rows(g, t, STAT_SET_VIP, &d->vip_stat[i], whose);
	}
}

static void
fill_counters(struct grid *g, const struct table *t)
{
	grid_cell(g, "counter");
	grid_cut(g, GRID_MIDDLE, 40);
	grid_cell(g, "total");
	grid_cell(g, "meaning");
	grid_cut(g, GRID_END, 12);
	grid_row(g);
	counter_rows(g, t, STAT_SET_WORKER, &t->d->sum.worker, "worker");
	counter_rows(g, t, STAT_SET_MASTER, &t->d->master, "master");
	counter_rows(g, t, STAT_SET_LOGGER, &t->d->logger, "logger");
	counter_rows(g, t, STAT_SET_WEB, &t->d->web, "web");
	if (t->look->all)
		all_counters(g, t);
}

int
fmt_table(const struct dump *d, const struct dump *before, const struct dump_look *look, FILE *out,
    struct err *err)
{
	static void (*const fill[])(struct grid * g, const struct table *t) = {
	    fill_services,
	    fill_servers,
	    fill_vips,
	    fill_procs,
	    fill_counters,
	};
	enum { GRIDS = sizeof fill / sizeof *fill };
	static const struct dump_look plain;
	struct table t = {d, before, look != NULL ? look : &plain, out};
	struct grid *g[GRIDS] = {NULL};
	int result = 0;

	for (int i = 0; i < GRIDS && result == 0; i++) {
		g[i] = grid_new();
		if (g[i] != NULL)
			fill[i](g[i], &t);
		if (g[i] == NULL || !grid_ok(g[i]))
			result = err_addsys(err, "table");
		else
			grid_fit(g[i], width_of(&t));
	}
	if (result == 0)
		print_head(&t);
	for (int i = 0; i < GRIDS; i++) {
		if (result == 0 && !grid_empty(g[i])) {
			fputc('\n', out);
			grid_print(g[i], out, t.look->color);
		}
		grid_free(g[i]);
	}
	return result;
}
