/* SPDX-License-Identifier: BSD-2-Clause */
/* Open connections as text (shm/session.h). */
#include <inttypes.h>
#include <string.h>

#include "shm/fmt.h"
#include "shm/session.h"

#define WIDTH	     100 /* of a line */
#define CLIENT_WIDTH 30	 /* of an address in it; only long IPv6 ones are longer */
#define NAME_WIDTH   12	 /* so much is left for names whatever the other columns need */
#define GAP	     2	 /* of the grid */

/* The columns; names come last in the making, since they get what the others leave. */
enum column { ID, CLIENT, STATE, AGE, IDLE, IN, OUT, NAME, COLUMNS };

static const char *const heads[COLUMNS] = {[ID] = "id",
    [CLIENT] = "client",
    [NAME] = "server",
    [STATE] = "state",
    [AGE] = "age",
    [IDLE] = "idle",
    [IN] = "in",
    [OUT] = "out"};
/* As they stand in the line. */
static const enum column line[COLUMNS] = {ID, CLIENT, NAME, STATE, AGE, IDLE, IN, OUT};

#define CELL FMT_SESSION_NAME

const char *
fmt_session_name(const struct dump *d, const struct session *s, char buf[FMT_SESSION_NAME])
{
	const struct shm_table *t = &d->table;
	const char *service = "?", *server = "-";

	if (s->who.service < t->n_services)
		service = t->service[s->who.service].name;
	/* A row that was given to another server since: only in what a dead daemon left. */
	if (s->who.server < t->n_servers)
		server = t->server[s->who.server].id == s->who.server_id
			     ? t->server[s->who.server].name
			     : "?";
	snprintf(buf, FMT_SESSION_NAME, "%s/%s", service, server);
	return buf;
}

static const char *
end_text(const struct shm_end *e, char buf[ADDR_TEXT])
{
	struct addr a;

	session_unpack(&a, e);
	if (a.sa.sa_family == AF_UNSPEC) {
		snprintf(buf, ADDR_TEXT, "-");
		return buf;
	}
	return addr_print(&a, buf, ADDR_TEXT);
}

static void
cells(const struct dump *d, const struct session *s, char cell[COLUMNS][CELL])
{
	char span[FMT_HUMAN], bytes[FMT_HUMAN], id[SESSION_ID], client[ADDR_TEXT];

	snprintf(cell[ID], CELL, "%s", session_id_print(&s->id, id));
	snprintf(cell[CLIENT], CELL, "%s", end_text(&s->who.client, client));
	fmt_cut(cell[CLIENT], CLIENT_WIDTH);
	snprintf(cell[STATE], CELL, "%s", session_state_word(s->who.state));
	snprintf(cell[AGE], CELL, "%s", fmt_span(fmt_age_ms(d, s->who.started_us), span));
	snprintf(cell[IDLE], CELL, "%s", fmt_span(fmt_age_ms(d, (int64_t)s->last_ms * 1000), span));
	snprintf(cell[IN], CELL, "%s", fmt_bytes(s->bytes[0], bytes));
	snprintf(cell[OUT], CELL, "%s", fmt_bytes(s->bytes[1], bytes));
	fmt_session_name(d, s, cell[NAME]);
}

/* What the other columns leave for names. */
static size_t
name_width(const struct dump *d, const struct session_list *list, size_t limit)
{
	char cell[COLUMNS][CELL];
	size_t width[COLUMNS], all = (COLUMNS - 1) * GAP, w;

	for (int c = 0; c < NAME; c++)
		width[c] = strlen(heads[c]);
	for (size_t i = 0; i < limit; i++) {
		cells(d, &list->v[i], cell);
		for (int c = 0; c < NAME; c++) {
			w = fmt_width(cell[c]);
			width[c] = w > width[c] ? w : width[c];
		}
	}
	for (int c = 0; c < NAME; c++)
		all += width[c];
	return all + NAME_WIDTH < WIDTH ? WIDTH - all : NAME_WIDTH;
}

int
fmt_sessions(
    const struct dump *d, const struct session_list *list, size_t limit, FILE *out, struct err *err)
{
	struct grid *g = grid_new();
	char cell[COLUMNS][CELL];
	size_t room;
	bool good;

	if (g == NULL)
		return err_add(err, "list of connections: no memory");
	if (limit == 0 || limit > list->n)
		limit = list->n;
	room = name_width(d, list, limit);
	for (int c = 0; c < COLUMNS; c++)
		grid_cell(g, "%s", heads[line[c]]);
	grid_row(g);
	for (size_t i = 0; i < limit; i++) {
		cells(d, &list->v[i], cell);
		fmt_cut(cell[NAME], room);
		for (int c = 0; c < COLUMNS; c++)
			grid_cell(g, "%s", cell[line[c]]);
		grid_row(g);
	}
	good = grid_ok(g);
	if (good)
		grid_print(g, out);
	grid_free(g);
	return good ? 0 : err_add(err, "list of connections: no memory");
}

const char *
fmt_session(const struct dump *d, const struct session *s, char buf[FMT_SESSION])
{
	char client[ADDR_TEXT], peer[ADDR_TEXT], name[FMT_SESSION_NAME], span[FMT_HUMAN];
	bool proxied = s->who.peer.port != 0;

	snprintf(buf, FMT_SESSION, "client %s%s%s%s of %s, open for %s",
	    end_text(&s->who.client, client), proxied ? " (through " : "",
	    proxied ? end_text(&s->who.peer, peer) : "", proxied ? ")" : "",
	    fmt_session_name(d, s, name), fmt_span(fmt_age_ms(d, s->who.started_us), span));
	return buf;
}
