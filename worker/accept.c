/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/accept.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "shm/stat.h"
#include "worker/handover.h"
#include "worker/internal.h"
#include "worker/sock.h"

#define PAUSE_FULL_MS  50  /* how often a full node is looked at again */
#define PAUSE_ERROR_MS 100 /* after EMFILE and the like */
#define SAY_EVERY_MS   10000

/* ---- listeners ---- */

/* Nobody could serve a client of this service. */
static bool
refuses(const struct worker *w, unsigned service)
{
	return w->view.service[service].class == CANDIDATES_NONE;
}

/* Only once: shutdown(2) of a socket that does not listen any more fails, and yet marks it, and all
 * that it accepts after the next listen(2) are at their end before they begin. */
static int
close_listener(int fd)
{
	int listens = 0;
	socklen_t len = sizeof listens;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0)
		return -1;
	return !listens || shutdown(fd, SHUT_RD) == 0 || errno == ENOTCONN ? 0 : -1;
}

/* Clients shall hear "connection refused", which makes them go elsewhere or back off, not an accept
 * and a RST. shutdown(2) takes a listening socket out of service and keeps its port, listen(2) brings it
 * back; what waited in its queue is reset. The socket is the master's and outlives this worker: it may
 * be found in either state. */
static int
open_listener(struct worker *w, unsigned i)
{
	if (refuses(w, w->h->listeners[i].service))
		return close_listener(w->h->listeners[i].fd);
	if (listen(w->h->listeners[i].fd, LISTEN_BACKLOG) != 0)
		return -1;
	return w->paused ? 0 : w->engine->listen(w, i);
}

static int
open_listeners(struct worker *w, struct err *err)
{
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < w->h->n_listeners; i++) {
		w->refusing[w->h->listeners[i].service] = refuses(w, w->h->listeners[i].service);
		if (open_listener(w, i) != 0)
			return err_addsys(err, "cannot accept on %s",
			    addr_print(&w->h->listeners[i].addr, text, sizeof text));
	}
	return 0;
}

int
accept_start(struct worker *w, struct err *err)
{
	w->accepting = true;
	return open_listeners(w, err);
}

static void
unlisten(struct worker *w)
{
	for (unsigned i = 0; i < w->h->n_listeners; i++)
		if (!w->refusing[w->h->listeners[i].service])
			w->engine->unlisten(w, i);
}

void
accept_look(struct worker *w)
{
	unsigned service;

	/* Each turn comes here, and there may be a thousand listeners. */
	if (w->refusing_of == w->view.judged)
		return;
	w->refusing_of = w->view.judged;
	for (unsigned i = 0; w->accepting && i < w->h->n_listeners; i++) {
		service = w->h->listeners[i].service;
		if (w->refusing[service] == refuses(w, service))
			continue;
		if (!w->refusing[service] && !w->paused)
			w->engine->unlisten(w, i);
		if (open_listener(w, i) != 0)
			worker_accept_failed(w, i, errno);
	}
	for (unsigned i = 0; i < w->h->n_listeners; i++)
		w->refusing[w->h->listeners[i].service] = refuses(w, w->h->listeners[i].service);
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
	worker_conn_start(w, service, fd, from, NULL);
	pause_when_full(w);
}

/* Such a client costs no line of its own: there may be millions. */
static void
say_denied(struct worker *w, unsigned service, const struct addr *from)
{
	char text[ADDR_TEXT], more[48] = "";
	struct addr client = *from;

	w->denied_unsaid++;
	if (w->denied_said_ms != 0 && w->now_ms - w->denied_said_ms < SAY_EVERY_MS)
		return;
	if (w->denied_unsaid > 1)
		snprintf(more, sizeof more, ", %llu since the last such line",
		    (unsigned long long)w->denied_unsaid);
	addr_unmap(&client);
	log_notice("service %s: client %s is denied (allow, deny)%s",
	    w->view.table.service[service].name, addr_print_ip(&client, text, sizeof text), more);
	w->denied_said_ms = w->now_ms;
	w->denied_unsaid = 0;
}

void
worker_accepted(struct worker *w, unsigned listener, int fd, const struct addr *from)
{
	const struct listener *l = &w->h->listeners[listener];
	unsigned service = l->service;

	/* Before anything is spent on it. Who sends a PROXY header is judged by that. */
	if (!rule_lets_in(w, service, from) && !rule_wants_header(w, service, from)) {
		say_denied(w, service, from);
		worker_conn_refuse(w, service, fd, CLOSE_denied);
		return;
	}
	if (!handover_give(w, service, fd, from))
		worker_conn_start(w, service, fd, from, addr_is_any(&l->addr) ? NULL : &l->addr);
	pause_when_full(w);
}

void
worker_accept_failed(struct worker *w, unsigned listener, int error)
{
	char text[ADDR_TEXT];

	/* The client was gone before we came: its matter, not ours (accept(2)). */
	if (error == ECONNABORTED || error == EPROTO || error == EPERM)
		return;
	/* Another worker of this slot closed it a moment before us: accept_look() will see why. */
	if (error == EINVAL)
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
	if (open_listeners(w, &err) != 0) {
		log_err("%s", err_end(&err));
		accept_pause(w, PAUSE_ERROR_MS);
	}
}

void
accept_apply_options(struct worker *w)
{
	const struct listener *l;

	/* Health changes more often, and this is six system calls for each. */
	if (w->options_of == w->view.table_generation)
		return;
	w->options_of = w->view.table_generation;
	for (unsigned i = 0; i < w->h->n_listeners; i++) {
		l = &w->h->listeners[i];
		sock_set_nodelay(l->fd);
		sock_set_keepalive(l->fd, &w->view.table.service[l->service].client);
	}
}
