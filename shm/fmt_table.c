/* SPDX-License-Identifier: BSD-2-Clause */
/* kha stat -f table: for people. Columns are the rows of shm/tbl that count something. */
#include <inttypes.h>
#include <string.h>

#include "shm/fmt.h"

struct table {
	const struct dump *d, *before; /* before: NULL, no rates */
	FILE *out;
};

/* One struct of a set in both copies; `then` NULL: it was not there, no rate. */
struct slab {
	const void *now, *then;
};

#define ROWS_MAX 64

static void
print_line(void *arg, const char *line)
{
	fprintf(arg, "%s\n", line);
}

static void
print_head(const struct table *t)
{
	const struct dump *d = t->d;
	const struct fmt_procs w = fmt_count(d, PROC_WORKER);
	char up[FMT_HUMAN];

	if (d->daemon == DAEMON_GONE)
		dump_warnings(d, print_line, t->out);
	fprintf(t->out, "kha %s, node %s, pid %" PRId32 ", up %s, generation %" PRIu32,
	    d->info.version, d->info.node[0] != '\0' ? d->info.node : "-", d->info.pid,
	    fmt_span(fmt_age_ms(d, d->info.start_us), up), d->info.generation);
	fprintf(t->out, ", %u of %u workers ready (%s), configuration %s\n", w.ready,
	    d->info.workers, d->info.engine, d->info.config);
	if (d->daemon != DAEMON_GONE)
		dump_warnings(d, print_line, t->out);
}

static void
value_cell(struct grid *g, const struct dump *d, const struct stat_desc *desc, uint64_t v)
{
	char text[FMT_HUMAN];

	if (desc->kind == STAT_STAMP && v == 0)
		grid_cell(g, "never");
	else if (desc->kind == STAT_STAMP)
		grid_cell(g, "%s", fmt_span(mono_ms(d->now) - (int64_t)v, text));
	else if (desc->unit == STAT_MSEC)
		grid_cell(g, "%s", fmt_span((int64_t)v, text));
	else if (desc->unit == STAT_BYTES)
		grid_cell(g, "%s", fmt_bytes(v, text));
	else
		grid_cell(g, "%" PRIu64, v);
}

static void
rate_cell(struct grid *g, const struct table *t, const struct stat_desc *desc, struct slab s,
    unsigned row)
{
	int64_t us = t->d->now.us - t->before->now.us;
	uint64_t now = stat_row(s.now, row), then;
	char text[FMT_HUMAN];
	double rate;

	then = s.then != NULL ? stat_row(s.then, row) : now;
	if (s.then == NULL || us <= 0 || then > now) {
		grid_cell(g, "-");
		return;
	}
	rate = (double)(now - then) * 1e6 / (double)us;
	if (desc->unit == STAT_BYTES)
		grid_cell(g, "%s", fmt_bytes((uint64_t)rate, text));
	else
		grid_cell(g, "%.*f", rate < 10 ? 1 : 0, rate);
}

/* Connections and bytes have rates: the same counters that HAProxy's CSV knows. */
static bool
has_rate(const struct stat_desc *desc)
{
	return strcmp(desc->haproxy, "stot") == 0 || strcmp(desc->haproxy, "bin") == 0 ||
	       strcmp(desc->haproxy, "bout") == 0;
}

/* Values with a unit of their own need none in the heading. */
static void
name_cell(struct grid *g, const struct stat_desc *desc, const char *suffix)
{
	size_t len = strlen(desc->name);

	if (desc->unit == STAT_MSEC && len > 3 && strcmp(desc->name + len - 3, "_ms") == 0)
		len -= 3;
	grid_cell(g, "%.*s%s", (int)len, desc->name, suffix);
}

/* Marks the rows of a set that are not 0 in one slab at least. */
static void
mark_used(bool used[ROWS_MAX], enum stat_scope scope, const void *slab)
{
	for (unsigned i = 0; i < stat_sets[scope].n; i++)
		used[i] = used[i] || stat_row(slab, i) != 0;
}

static void
heading_cells(
    struct grid *g, const struct table *t, enum stat_scope scope, const bool used[ROWS_MAX])
{
	const struct stat_set *set = &stat_sets[scope];

	for (unsigned i = 0; i < set->n; i++)
		if (used[i])
			name_cell(g, &set->rows[i], "");
	for (unsigned i = 0; i < set->n && t->before != NULL; i++)
		if (has_rate(&set->rows[i]))
			name_cell(g, &set->rows[i], "/s");
}

static void
value_cells(struct grid *g, const struct table *t, enum stat_scope scope, const bool used[ROWS_MAX],
    struct slab s)
{
	const struct stat_set *set = &stat_sets[scope];

	for (unsigned i = 0; i < set->n; i++)
		if (used[i])
			value_cell(g, t->d, &set->rows[i], stat_row(s.now, i));
	for (unsigned i = 0; i < set->n && t->before != NULL; i++)
		if (has_rate(&set->rows[i]))
			rate_cell(g, t, &set->rows[i], s, i);
}

static struct slab
service_slab(const struct table *t, unsigned i)
{
	const struct dump *b = t->before;
	bool same = b != NULL && b->table.service[i].id == t->d->table.service[i].id;

	return (struct slab){&t->d->sum.service[i], same ? &b->sum.service[i] : NULL};
}

static struct slab
server_slab(const struct table *t, unsigned i)
{
	const struct dump *b = t->before;
	bool same = b != NULL && b->table.server[i].id == t->d->table.server[i].id;

	return (struct slab){&t->d->sum.server[i], same ? &b->sum.server[i] : NULL};
}

static void
fill_services(struct grid *g, const struct table *t)
{
	const struct dump *d = t->d;
	bool used[ROWS_MAX] = {false};

	for (unsigned i = 0; i < d->n_services; i++)
		mark_used(used, STAT_SET_SERVICE, &d->sum.service[d->services[i].index]);
	grid_cell(g, "service");
	grid_cell(g, "serving");
	grid_cell(g, "servers");
	heading_cells(g, t, STAT_SET_SERVICE, used);
	grid_row(g);
	for (unsigned i = 0; i < d->n_services; i++) {
		const struct dump_service *s = &d->services[i];

		grid_cell(g, "%s", d->table.service[s->index].name);
		grid_cell(g, "%s",
		    d->table.service[s->index].state == ROW_ACTIVE ? dump_serving_name(s->serving)
								   : "REMOVED");
		grid_cell(g, "%u/%u", s->candidates, s->n);
		value_cells(g, t, STAT_SET_SERVICE, used, service_slab(t, s->index));
		grid_row(g);
	}
}

static void
server_row(struct grid *g, const struct table *t, const char *service, unsigned i,
    const bool used[ROWS_MAX], const bool check_used[ROWS_MAX])
{
	const struct dump *d = t->d;
	const struct shm_server *s = &d->table.server[i];
	char text[FMT_CHECK];

	grid_cell(g, "%s/%s", service, s->name);
	grid_cell(g, "%s", server_state_name((enum server_state)d->shown[i]));
	grid_cell(g, "%" PRIu32 "%s", s->weight, s->backup ? "b" : "");
	grid_cell(g, "%s", fmt_check(&d->health[i], text));
	value_cells(g, t, STAT_SET_SERVER, used, server_slab(t, i));
	for (unsigned k = 0; k < stat_sets[STAT_SET_CHECK].n; k++)
		if (check_used[k])
			value_cell(
			    g, d, &stat_sets[STAT_SET_CHECK].rows[k], stat_row(&d->check[i], k));
	grid_row(g);
}

static void
fill_servers(struct grid *g, const struct table *t)
{
	const struct dump *d = t->d;
	bool used[ROWS_MAX] = {false}, check_used[ROWS_MAX] = {false};

	for (unsigned i = 0; i < d->n_services; i++)
		for (unsigned k = 0; k < d->services[i].n; k++) {
			unsigned index = d->servers[d->services[i].first + k];

			mark_used(used, STAT_SET_SERVER, &d->sum.server[index]);
			mark_used(check_used, STAT_SET_CHECK, &d->check[index]);
		}
	grid_cell(g, "server");
	grid_cell(g, "state");
	grid_cell(g, "weight");
	grid_cell(g, "check");
	heading_cells(g, t, STAT_SET_SERVER, used);
	for (unsigned i = 0; i < stat_sets[STAT_SET_CHECK].n; i++)
		if (check_used[i])
			name_cell(g, &stat_sets[STAT_SET_CHECK].rows[i], "");
	grid_row(g);
	for (unsigned i = 0; i < d->n_services; i++)
		for (unsigned k = 0; k < d->services[i].n; k++)
			server_row(g, t, d->table.service[d->services[i].index].name,
			    d->servers[d->services[i].first + k], used, check_used);
}

static void
fill_vips(struct grid *g, const struct table *t)
{
	const struct dump *d = t->d;
	bool used[ROWS_MAX] = {false};
	char text[ADDR_TEXT], span[FMT_HUMAN];

	if (d->n_vips == 0)
		return;
	for (unsigned i = 0; i < d->n_vips; i++)
		mark_used(used, STAT_SET_VIP, &d->vip_stat[i]);
	grid_cell(g, "vip");
	grid_cell(g, "state");
	grid_cell(g, "since");
	grid_cell(g, "priority");
	grid_cell(g, "owner heard");
	heading_cells(g, t, STAT_SET_VIP, used);
	grid_row(g);
	for (unsigned i = 0; i < d->n_vips; i++) {
		const struct shm_vip *v = &d->vip[i];

		grid_cell(g, "%s", v->name);
		grid_cell(g, "%s", dump_vip_state_name(v->state));
		grid_cell(g, "%s", fmt_span(fmt_age_ms(d, v->since_us), span));
		grid_cell(g, "%" PRIu32, v->priority);
		grid_cell(g, "%s",
		    v->owner.sa.sa_family != AF_UNSPEC ? addr_print_ip(&v->owner, text, sizeof text)
						       : "-");
		value_cells(g, t, STAT_SET_VIP, used, (struct slab){&d->vip_stat[i], NULL});
		grid_row(g);
	}
}

static void
fill_procs(struct grid *g, const struct table *t)
{
	char text[FMT_HUMAN];

	grid_cell(g, "process");
	grid_cell(g, "pid");
	grid_cell(g, "generation");
	grid_cell(g, "state");
	grid_cell(g, "heartbeat");
	grid_cell(g, "active");
	grid_row(g);
	for (unsigned i = 0; i < t->d->n_procs; i++) {
		const struct dump_proc *p = &t->d->proc[i];

		if (p->kind == PROC_WORKER)
			grid_cell(g, "worker/%" PRIu32, p->slot);
		else
			grid_cell(g, "%s", proc_kind_name((enum proc_kind)p->kind));
		grid_cell(g, "%" PRId32, p->pid);
		grid_cell(g, "%" PRIu32, p->generation);
		grid_cell(g, "%s", fmt_doing(p));
		grid_cell(
		    g, "%s", p->beat_us != 0 ? fmt_span(fmt_age_ms(t->d, p->beat_us), text) : "-");
		if (p->kind == PROC_WORKER)
			grid_cell(g, "%" PRIu64, p->active);
		grid_row(g);
	}
}

/* Counters of the node, one a line with what it means: too many for columns. */
static void
fill_totals(struct grid *g, const struct table *t)
{
	const struct {
		enum stat_scope scope;
		const void *slab;
	} all[] = {
	    {STAT_SET_WORKER, &t->d->sum.worker},
	    {STAT_SET_MASTER, &t->d->master},
	    {STAT_SET_LOGGER, &t->d->logger},
	    {STAT_SET_WEB, &t->d->web},
	};

	grid_cell(g, "counter");
	grid_cell(g, "total");
	grid_cell(g, "meaning");
	grid_row(g);
	for (unsigned s = 0; s < sizeof all / sizeof *all; s++) {
		const struct stat_set *set = &stat_sets[all[s].scope];

		for (unsigned i = 0; i < set->n; i++) {
			if (stat_row(all[s].slab, i) == 0)
				continue;
			grid_cell(g, "%s.%s", set->name, set->rows[i].name);
			value_cell(g, t->d, &set->rows[i], stat_row(all[s].slab, i));
			grid_cell(g, "%s", set->rows[i].help);
			grid_row(g);
		}
	}
}

int
fmt_table(const struct dump *d, const struct dump *before, FILE *out, struct err *err)
{
	static void (*const fill[])(struct grid * g, const struct table *t) = {
	    fill_services,
	    fill_servers,
	    fill_vips,
	    fill_procs,
	    fill_totals,
	};
	enum { GRIDS = sizeof fill / sizeof *fill };
	const struct table t = {d, before, out};
	struct grid *g[GRIDS] = {NULL};
	int result = 0;

	for (int i = 0; i < GRIDS && result == 0; i++) {
		g[i] = grid_new();
		if (g[i] != NULL)
			fill[i](g[i], &t);
		if (g[i] == NULL || !grid_ok(g[i]))
			result = err_addsys(err, "table");
	}
	if (result == 0)
		print_head(&t);
	for (int i = 0; i < GRIDS; i++) {
		if (result == 0 && !grid_empty(g[i])) {
			fputc('\n', out);
			grid_print(g[i], out);
		}
		grid_free(g[i]);
	}
	return result;
}
