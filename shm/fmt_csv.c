/* SPDX-License-Identifier: BSD-2-Clause */
/* kha stat -f csv: HAProxy's columns, so that what reads HAProxy's reads kha's. */
#include <inttypes.h>
#include <string.h>

#include "shm/fmt.h"

/* One line: the FRONTEND or BACKEND of a service, or one of its servers. */
struct line {
	const struct dump *d;
	const struct dump_service *service;
	const struct shm_service *row;
	char kind;	    /* 'F', 'B', 'S' */
	unsigned index;	    /* 'S': in table.server */
	const char *column; /* that is being written */
	FILE *out;
};

/* Quoted when a comma or a quote makes it necessary, as HAProxy and RFC 4180 do. */
static void
text(const struct line *l, const char *s)
{
	if (strpbrk(s, ",\"") == NULL) {
		fputs(s, l->out);
		return;
	}
	fputc('"', l->out);
	for (; *s != '\0'; s++) {
		if (*s == '"')
			fputc('"', l->out);
		fputc(*s, l->out);
	}
	fputc('"', l->out);
}

static void
number(const struct line *l, uint64_t n)
{
	fprintf(l->out, "%" PRIu64, n);
}

static void
number_unless_0(const struct line *l, uint64_t n)
{
	if (n != 0)
		number(l, n);
}

static const struct shm_server *
server(const struct line *l)
{
	return &l->d->table.server[l->index];
}

static const struct shm_health *
health(const struct line *l)
{
	return &l->d->health[l->index];
}

static void
column_none(const struct line *l)
{
	(void)l;
}

static void
column_service(const struct line *l)
{
	text(l, l->row->name);
}

static void
column_line(const struct line *l)
{
	if (l->kind == 'S')
		text(l, server(l)->name);
	else
		text(l, l->kind == 'F' ? "FRONTEND" : "BACKEND");
}

/* Looks for the counter of this column in one set. */
static bool
stat_in(const struct line *l, enum stat_scope scope, const void *slab)
{
	const struct stat_set *set = &stat_sets[scope];

	for (unsigned i = 0; i < set->n; i++) {
		if (strcmp(set->rows[i].haproxy, l->column) != 0)
			continue;
		number(l, stat_row(slab, i));
		return true;
	}
	return false;
}

static void
column_stat(const struct line *l)
{
	if (l->kind != 'S')
		stat_in(l, STAT_SET_SERVICE, &l->d->sum.service[l->service->index]);
	else if (!stat_in(l, STAT_SET_SERVER, &l->d->sum.server[l->index]))
		stat_in(l, STAT_SET_CHECK, &l->d->check[l->index]);
}

static void
column_limit(const struct line *l)
{
	if (l->kind == 'S')
		number_unless_0(l, server(l)->max_connections);
	else
		number_unless_0(l, l->row->max_connections != 0 ? l->row->max_connections
								: l->d->info.max_connections);
}

static void
column_status(const struct line *l)
{
	bool serves = l->row->state == ROW_ACTIVE && l->service->serving != CANDIDATES_NONE;

	if (l->kind == 'S')
		text(l, server_state_name((enum server_state)l->d->shown[l->index]));
	else if (l->kind == 'F')
		text(l, serves && l->d->daemon != DAEMON_GONE ? "OPEN" : "STOP");
	else
		text(l, serves ? "UP" : "DOWN");
}

/* Of the backend: of all its servers that are UP, as HAProxy adds them up. */
static void
column_weight(const struct line *l)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < l->service->n; k++) {
		unsigned i = l->d->servers[l->service->first + k];
		const struct shm_server *s = &l->d->table.server[i];

		if (l->d->shown[i] == STATE_UP && (s->backup != 0) == (l->service->up == 0))
			sum += s->weight;
	}
	number(l, l->kind == 'S' ? server(l)->weight : sum);
}

static void
column_act(const struct line *l)
{
	number(l, l->kind == 'S' ? server(l)->backup == 0 : l->service->up);
}

static void
column_bck(const struct line *l)
{
	number(l, l->kind == 'S' ? server(l)->backup != 0 : l->service->backups_up);
}

static void
column_lastchg(const struct line *l)
{
	int64_t since_us = fmt_since_us(l->d, l->index);

	if (since_us != 0)
		number(l, (uint64_t)fmt_age_ms(l->d, since_us) / 1000);
}

/* Seconds, the present time included, which the checker's counter leaves out. */
static void
column_downtime(const struct line *l)
{
	uint64_t ms = STAT_GET(&l->d->check[l->index], downtime_ms);

	if (health(l)->state != STATE_UP && health(l)->since_us != 0)
		ms += (uint64_t)fmt_age_ms(l->d, health(l)->since_us);
	number(l, ms / 1000);
}

static void
column_qlimit(const struct line *l)
{
	number_unless_0(l, server(l)->max_queue);
}

/* HAProxy's number of the process, of which there is one to be seen. */
static void
column_pid(const struct line *l)
{
	number(l, 1);
}

static void
column_iid(const struct line *l)
{
	number(l, l->row->id);
}

static void
column_throttle(const struct line *l)
{
	unsigned percent = fmt_slow_percent(l->d, l->index);

	if (percent < 100)
		number(l, percent);
}

static void
column_sid(const struct line *l)
{
	number(l, l->kind == 'S' ? server(l)->id : 0);
}

static void
column_lbtot(const struct line *l)
{
	uint64_t sum = 0;

	if (l->kind == 'S') {
		column_stat(l);
		return;
	}
	for (unsigned k = 0; k < l->service->n; k++)
		sum += STAT_GET(&l->d->sum.server[l->d->servers[l->service->first + k]], picked);
	number(l, sum);
}

static void
column_type(const struct line *l)
{
	number(l, l->kind == 'F' ? 0 : l->kind == 'B' ? 1 : 2);
}

static bool
is_checked(const struct line *l)
{
	return health(l)->result != RESULT_NONE;
}

static void
column_check_status(const struct line *l)
{
	if (is_checked(l))
		text(l, check_result_name((enum check_result)health(l)->result));
}

static void
column_check_code(const struct line *l)
{
	if (fmt_code_is_http(health(l)))
		number(l, health(l)->code);
}

static void
column_check_duration(const struct line *l)
{
	if (health(l)->check_ms >= 0 && is_checked(l))
		number(l, (uint64_t)health(l)->check_ms);
}

static void
column_last_chk(const struct line *l)
{
	text(l, health(l)->text);
}

static void
column_check_desc(const struct line *l)
{
	if (is_checked(l))
		text(l, check_result_help((enum check_result)health(l)->result));
}

static void
column_check_rise(const struct line *l)
{
	number_unless_0(l, health(l)->rise);
}

static void
column_check_fall(const struct line *l)
{
	number_unless_0(l, health(l)->fall);
}

static void
column_check_health(const struct line *l)
{
	if (health(l)->rise != 0)
		fprintf(l->out, "%" PRId32, health(l)->health);
}

static void
column_addr(const struct line *l)
{
	char buf[ADDR_TEXT];

	text(l, addr_print(&server(l)->addr, buf, sizeof buf));
}

static void
column_mode(const struct line *l)
{
	text(l, "tcp");
}

static void
column_algo(const struct line *l)
{
	text(l, dump_balance_name(l->row->balance));
}

static void
column_conn_tot(const struct line *l)
{
	number(l, STAT_GET(&l->d->sum.service[l->service->index], accepted));
}

static const struct {
	const char *name;
	const char *lines;
	void (*write)(const struct line *l);
} columns[] = {
#define COLUMN(name, lines, value, help) {#name, lines, column_##value},
#include "shm/tbl/column.h"
#undef COLUMN
};

#define COLUMNS (sizeof columns / sizeof *columns)

static void
write_line(struct line l)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		l.column = columns[i].name;
		if (strchr(columns[i].lines, l.kind) != NULL)
			columns[i].write(&l);
		fputc(',', l.out);
	}
	/* The mark that HAProxy sets behind its static fields. */
	fputs("-,\n", l.out);
}

int
fmt_csv(const struct dump *d, FILE *out)
{
	struct line l = {.d = d, .out = out};

	fputs("# ", out);
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(out, "%s,", columns[i].name);
	fputs("-,\n", out);
	for (unsigned i = 0; i < d->n_services; i++) {
		l.service = &d->services[i];
		l.row = &d->table.service[l.service->index];
		l.kind = 'F';
		write_line(l);
		l.kind = 'S';
		for (unsigned k = 0; k < l.service->n; k++) {
			l.index = d->servers[l.service->first + k];
			write_line(l);
		}
		l.kind = 'B';
		write_line(l);
	}
	return 0;
}
