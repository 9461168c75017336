/* SPDX-License-Identifier: BSD-2-Clause */
/* kha session -f json */
#include <inttypes.h>

#include "shm/json.h"
#include "shm/session.h"

static void
put_end(struct json *j, json_t *object, const char *key, const struct shm_end *e)
{
	char text[ADDR_TEXT];
	struct addr a;

	session_unpack(&a, e);
	put(j, object, key,
	    a.sa.sa_family != AF_UNSPEC ? json_string(addr_print(&a, text, sizeof text))
					: json_null());
}

/* Names that the table has not any more are null. */
static json_t *
session(struct json *j, const struct session *s)
{
	const struct shm_table *t = &j->d->table;
	const struct shm_server *server = NULL;
	json_t *o = json_object();
	char text[ADDR_TEXT], id[SESSION_ID];

	if (s->who.server < t->n_servers && t->server[s->who.server].id == s->who.server_id)
		server = &t->server[s->who.server];
	put_text(j, o, "id", session_id_print(&s->id, id));
	put_text(j, o, "state", session_state_word(s->who.state));
	put(j, o, "service",
	    s->who.service < t->n_services ? json_string(t->service[s->who.service].name)
					   : json_null());
	put(j, o, "server", server != NULL ? json_string(server->name) : json_null());
	put(j, o, "server_address",
	    server != NULL ? json_string(addr_print(&server->addr, text, sizeof text))
			   : json_null());
	put_end(j, o, "client", &s->who.client);
	put_end(j, o, "peer", &s->who.peer);
	put_end(j, o, "listen", &s->who.listen);
	put_end(j, o, "own", &s->who.own);
	put_date(j, o, "started_at_ms", j->d->wall_ms - fmt_age_ms(j->d, s->who.started_us));
	put_age(j, o, "age_ms", s->who.started_us);
	put_age(j, o, "idle_ms", (int64_t)s->last_ms * 1000);
	put_number(j, o, "bytes_in", (int64_t)s->bytes[0]);
	put_number(j, o, "bytes_out", (int64_t)s->bytes[1]);
	return o;
}

/* A line for each: there may be many thousands, of which only one is in memory. */
int
fmt_sessions_json(
    const struct dump *d, const struct session_list *list, size_t limit, FILE *out, struct err *err)
{
	struct json j = {.d = d};
	json_t *o;

	if (limit == 0 || limit > list->n)
		limit = list->n;
	fprintf(out,
	    "{\"running\": %s, \"found\": %zu, \"unlisted\": %" PRIu64 ", \"unreadable\": %u, "
	    "\"sessions\": [",
	    d->daemon != DAEMON_GONE ? "true" : "false", list->n,
	    STAT_GET(&d->sum.worker, unlisted), list->torn);
	for (size_t i = 0; i < limit && !j.failed; i++) {
		fputs(i == 0 ? "\n" : ",\n", out);
		o = session(&j, &list->v[i]);
		if (!j.failed)
			(void)json_dumpf(o, out, 0);
		json_decref(o);
	}
	fputs("\n]}\n", out);
	return j.failed ? err_add(err, "json: out of memory") : 0;
}
