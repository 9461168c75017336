/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line about a connection. Fields, order and date are those of HAProxy's tcplog format
 * (configuration manual, section 8.2.2), so that existing parsers work:
 *
 *	client:port [accept date] frontend backend/server Tw/Tc/Tt bytes letters
 *	    actconn/feconn/beconn/srv_conn/retries srv_queue/backend_queue own:port
 *
 * The last field is kha's own: address and port towards the server, which is what the server
 * logs as its client. Before the end ("both") Tt and bytes have a "+" as with logasap.
 */
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "shm/session.h"
#include "shm/stat.h"
#include "worker/internal.h"
#include "worker/sessions.h"

static uint64_t
sum_active(const struct worker *w, const struct worker_conn *c, unsigned server, uint64_t *service,
    uint64_t *on_server)
{
	const struct stat_slab *s;
	uint64_t all = 0;

	*service = *on_server = 0;
	for (unsigned i = 0; i < w->view.live_workers; i++) {
		s = &seg_worker(w->seg, w->view.live[i])->stat;
		all += STAT_GET(&s->worker, active);
		*service += STAT_GET(&s->service[c->service], active);
		if (server != NO_SERVER)
			*on_server += STAT_GET(&s->server[server], active);
	}
	return all;
}

/* The second turns slowly: one localtime for all lines of it. */
static const char *
date(int64_t wall)
{
	static char text[40];
	static int64_t second = -1;
	time_t t = (time_t)(wall / 1000);
	struct tm tm;

	if (second != wall / 1000 && localtime_r(&t, &tm) != NULL) {
		strftime(text, sizeof text, "%d/%b/%Y:%H:%M:%S", &tm);
		second = wall / 1000;
	}
	return text;
}

/* Tw: -1 if it ended before anything about a server was decided. */
static int64_t
waited_ms(const struct worker *w, const struct worker_conn *c)
{
	if (c->state == CONN_QUEUED)
		return c->waited_ms + (w->now_ms - c->phase_ms);
	return c->ticket > 0 || c->tries > 0 ? c->waited_ms : -1;
}

void
worker_conn_log(struct worker *w, struct worker_conn *c, const char *letters, bool asap)
{
	const struct shm_service *service = &w->view.table.service[c->service];
	unsigned server = c->server;
	uint64_t all, on_service, backend, on_server;
	char client[ADDR_TEXT], own[ADDR_TEXT] = "-";
	const char *plus = asap ? "+" : "", *server_name = "<NOSRV>";
	/* Its place in the queue, the first one's is 1: as HAProxy counts. */
	unsigned place = c->ticket > 0 ? c->queued_behind + 1u : 0;
	bool own_queue = c->ticket > 0 && c->queued_for != NO_SERVER;
	struct addr local;

	/* After the last failed connect there is no server any more, but there was one. */
	if (server == NO_SERVER && c->tries > 0)
		server = c->tried[c->tries - 1];
	if (server != NO_SERVER)
		server_name = w->view.table.server[server].name;
	sessions_tell_own(c);
	session_unpack(&local, &c->row->who.own);
	if (local.sa.sa_family != AF_UNSPEC)
		addr_print(&local, own, sizeof own);
	all = sum_active(w, c, c->server, &on_service, &on_server);
	/* At the end HAProxy no longer counts it where it counts backends and servers. */
	backend = on_service - (asap || on_service == 0 ? 0 : 1);
	if (!asap && on_server > 0)
		on_server--;
	log_info("%s [%s.%03d] %s %s/%s %lld/%d/%s%lld %s%llu %s %llu/%llu/%llu/%llu/%d %u/%u %s",
	    addr_print(&c->client, client, sizeof client), date(c->accepted_wall_ms),
	    (int)(c->accepted_wall_ms % 1000), service->name, service->name, server_name,
	    (long long)waited_ms(w, c), c->connect_ms, plus,
	    (long long)(w->now.us - conn_began_us(c)) / 1000, plus,
	    (unsigned long long)conn_bytes(c, SIDE_SERVER), letters, (unsigned long long)all,
	    (unsigned long long)on_service, (unsigned long long)backend,
	    (unsigned long long)on_server, c->tries > 0 ? c->tries - 1 : 0, own_queue ? place : 0,
	    own_queue ? 0 : place, own);
}
