/* SPDX-License-Identifier: BSD-2-Clause */
/* Open connections as text (shm/session.h). */
#include <inttypes.h>
#include <string.h>

#include "shm/fmt.h"
#include "shm/session.h"

#define CLIENT_MIN 30 /* of an address; only long IPv6 ones are cut for that */
#define NAME_MIN   12 /* of a server's, whatever the other columns need */

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
heading(struct grid *g)
{
	grid_cell(g, "id");
	grid_cell(g, "client");
	grid_cut(g, GRID_MIDDLE, CLIENT_MIN);
	grid_cell(g, "server");
	grid_cut(g, GRID_MIDDLE, NAME_MIN);
	grid_cell(g, "state");
	grid_cell(g, "age");
	grid_cell(g, "idle");
	grid_cell(g, "in");
	grid_cell(g, "out");
	grid_row(g);
}

static void
row(struct grid *g, const struct dump *d, const struct session *s)
{
	char span[FMT_HUMAN], id[SESSION_ID], client[ADDR_TEXT], name[FMT_SESSION_NAME];

	grid_cell(g, "%s", session_id_print(&s->id, id));
	grid_cell(g, "%s", end_text(&s->who.client, client));
	grid_cell(g, "%s", fmt_session_name(d, s, name));
	grid_cell(g, "%s", session_state_word(s->who.state));
	grid_cell(g, "%s", fmt_span(fmt_age_ms(d, s->who.started_us), span));
	grid_cell(g, "%s", fmt_span(fmt_age_ms(d, (int64_t)s->last_ms * 1000), span));
	grid_cell(g, "%s", fmt_bytes(s->bytes[0], span));
	grid_cell(g, "%s", fmt_bytes(s->bytes[1], span));
	grid_row(g);
}

int
fmt_sessions(
    const struct dump *d, const struct session_list *list, size_t limit, FILE *out, struct err *err)
{
	struct grid *g = grid_new();
	bool good;

	if (g == NULL)
		return err_add(err, "list of connections: no memory");
	if (limit == 0 || limit > list->n)
		limit = list->n;
	heading(g);
	for (size_t i = 0; i < limit; i++)
		row(g, d, &list->v[i]);
	grid_fit(g, DUMP_WIDTH);
	good = grid_ok(g);
	if (good)
		grid_print(g, out, false);
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
