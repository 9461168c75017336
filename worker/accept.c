/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/accept.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "shm/stat.h"
#include "worker/handover.h"
#include "worker/internal.h"
#include "worker/sock.h"

#define PAUSE_FULL_MS  50  /* how often a full node is looked at again */
#define PAUSE_ERROR_MS 100 /* after EMFILE and the like */
#define SAY_EVERY_MS   10000

int
accept_start(struct worker *w, struct err *err)
{
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < w->h->n_listeners; i++)
		if (w->engine->listen(w, i) != 0)
			return err_addsys(err, "cannot accept on %s",
			    addr_print(&w->h->listeners[i].addr, text, sizeof text));
	w->accepting = true;
	return 0;
}

static void
unlisten(struct worker *w)
{
	for (unsigned i = 0; i < w->h->n_listeners; i++)
		w->engine->unlisten(w, i);
}

void
accept_stop(struct worker *w)
{
	if (w->accepting && !w->paused)
		unlisten(w);
	if (w->accepting)
		handover_stop(w);
	w->accepting = w->paused = false;
	/* The master keeps its own descriptors. With ours open, an address that leaves the
	 * configuration would go on taking connections that nobody accepts. */
	for (unsigned i = 0; i < w->h->n_listeners; i++)
		close(w->h->listeners[i].fd);
}

/* Clients then wait in the backlog of the listener. */
static void
accept_pause(struct worker *w, int64_t ms)
{
	w->resume_ms = w->now_ms + ms;
	if (w->paused || !w->accepting)
		return;
	w->paused = true;
	STAT_ADD(&w->stat->worker, accept_paused, 1);
	unlisten(w);
}

static bool
may_say(struct worker *w)
{
	if (w->pause_said_ms != 0 && w->now_ms - w->pause_said_ms < SAY_EVERY_MS)
		return false;
	w->pause_said_ms = w->now_ms;
	return true;
}

/* This worker must not run out of descriptors: a client that was accepted needs one for its server,
 * others may serve those that wait, or they wait until somebody leaves. */
static bool
worker_full(const struct worker *w)
{
	return w->pool.used >= w->h->worker_connections;
}

static bool
node_full(const struct worker *w)
{
	uint64_t sum = handover_on_the_way(w);

	for (unsigned i = 0; i < w->view.live_workers; i++)
		sum += STAT_GET(&seg_worker(w->seg, w->view.live[i])->stat.worker, active);
	return sum >= w->h->max_connections;
}

static void
say_full(struct worker *w)
{
	if (!may_say(w))
		return;
	if (worker_full(w))
		log_warning("accept pauses: %u connections are what the limit of open files lets "
			    "this worker carry; raise it (LimitNOFILE)",
		    w->h->worker_connections);
	else
		log_warning("accept pauses: max_connections %u reached", w->h->max_connections);
}

static void
pause_when_full(struct worker *w)
{
	if (w->accepting && !w->paused && (worker_full(w) || node_full(w))) {
		say_full(w);
		accept_pause(w, PAUSE_FULL_MS);
	}
}

void
accept_client(struct worker *w, unsigned service, int fd, const struct addr *from)
{
	worker_conn_start(w, service, fd, from);
	pause_when_full(w);
}

void
worker_accepted(struct worker *w, unsigned listener, int fd, const struct addr *from)
{
	unsigned service = w->h->listeners[listener].service;

	if (!handover_give(w, service, fd, from))
		worker_conn_start(w, service, fd, from);
	pause_when_full(w);
}

void
worker_accept_failed(struct worker *w, unsigned listener, int error)
{
	char text[ADDR_TEXT];

	/* The client was gone before we came: its matter, not ours (accept(2)). */
	if (error == ECONNABORTED || error == EPROTO || error == EPERM)
		return;
	STAT_ADD(&w->stat->worker, accept_failed, 1);
	if (may_say(w))
		log_err("accept on %s pauses: %s%s",
		    addr_print(&w->h->listeners[listener].addr, text, sizeof text), strerror(error),
		    error == EMFILE ? "; raise the limit of open files (LimitNOFILE)" : "");
	accept_pause(w, PAUSE_ERROR_MS);
}

void
accept_tick(struct worker *w)
{
	struct err err;

	if (!w->paused || w->now_ms < w->resume_ms)
		return;
	if (worker_full(w) || node_full(w)) {
		w->resume_ms = w->now_ms + PAUSE_FULL_MS;
		return;
	}
	err_init(&err);
	w->paused = false;
	if (accept_start(w, &err) != 0) {
		log_err("%s", err_end(&err));
		accept_pause(w, PAUSE_ERROR_MS);
	}
}

void
accept_apply_options(struct worker *w)
{
	const struct listener *l;

	for (unsigned i = 0; i < w->h->n_listeners; i++) {
		l = &w->h->listeners[i];
		sock_set_nodelay(l->fd);
		sock_set_keepalive(l->fd, &w->view.table.service[l->service].client);
	}
}
