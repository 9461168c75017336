/* SPDX-License-Identifier: BSD-2-Clause */
/* A client's way to a server: the queue, the connect, and the next server when one fails. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "shm/stat.h"
#include "worker/greet.h"
#include "worker/internal.h"
#include "worker/pick.h"
#include "worker/sessions.h"
#include "worker/sock.h"

/* Keepalive and user timeout are five more calls, which most connections end without needing:
 * they come when this one has lived for a while. */
#define TUNE_MS 1000

#define SAY_EVERY_MS 10000

static const struct shm_service *
service_of(const struct worker *w, const struct worker_conn *c)
{
	return &w->view.table.service[c->service];
}

static int
server_socket(struct worker *w, unsigned service, const struct addr *to)
{
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	int error;

	if (fd < 0)
		return -1;
	sock_set_nodelay(fd);
	if (rule_bind(w, service, fd, to) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* ---- connecting ---- */

/* Our own shortage, not a fault of the server. */
static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

void
worker_poke_checker(struct worker *w)
{
	uint64_t one = 1;

	if (w->poked)
		return;
	w->poked = true;
	(void)!write(w->h->wake_fds[ENTRY_CHECKER], &one, sizeof one);
}

static void
count_connect_failure(struct worker *w, const struct worker_conn *c)
{
	STAT_ADD(&w->stat->server[c->server], connect_failed, 1);
	STAT_ADD(&w->stat->service[c->service], connect_failed, 1);
	worker_poke_checker(w);
}

/* An address of `source` that is not this machine's, or one whose ports are used up. */
static void
say_no_address(struct worker *w, const struct worker_conn *c)
{
	const struct rule *r = &w->rule[c->service];
	char text[ADDR_TEXT];

	if (w->source_said_ms != 0 && w->now_ms - w->source_said_ms < SAY_EVERY_MS)
		return;
	w->source_said_ms = w->now_ms;
	if (r->conf == NULL || r->conf->source.n == 0)
		log_err("service %s: no local port is left to connect to server %s; with several "
			"addresses in source there are more",
		    service_of(w, c)->name, w->view.table.server[c->server].name);
	else
		log_err("service %s: cannot connect from source %s: it is no address of this "
			"machine, or its ports are used up",
		    service_of(w, c)->name,
		    addr_print_ip(&r->conf->source.v[(r->source - 1) % r->conf->source.n], text,
			sizeof text));
}

/* A connect ended so: what it says of the connection, and of the server. */
static enum close_reason
note_failure(struct worker *w, const struct worker_conn *c, int error)
{
	if (error == EADDRNOTAVAIL) { /* our matter, not the server's */
		say_no_address(w, c);
		return CLOSE_resource;
	}
	count_connect_failure(w, c);
	return error == ETIMEDOUT ? CLOSE_connect_timeout : CLOSE_connect_failed;
}

static void
wait_for_place(struct worker *w, struct worker_conn *c)
{
	const struct shm_service *service = service_of(w, c);

	if (!queue_has_room(w, c->service, NO_SERVER, service->max_queue)) {
		worker_conn_close(w, c, CLOSE_limit);
		return;
	}
	c->state = CONN_QUEUED;
	sessions_tell(w, c, SESSION_QUEUED);
	c->phase_ms = w->now_ms;
	queue_join(w, c);
	wheel_arm(&w->wheel, c, w->now_ms + service->queue_ms);
	w->engine->await(w, c, false);
}

/* A server was picked: 0, or an errno. */
static int
connect_picked(struct worker *w, struct worker_conn *c)
{
	const struct addr *to = &w->view.table.server[c->server].addr;
	int fd = server_socket(w, c->service, to);

	if (fd < 0)
		return errno;
	c->state = CONN_CONNECTING;
	sessions_tell(w, c, SESSION_CONNECTING);
	return w->engine->connect(w, c, fd, to);
}

/* Offers the client to the next server until one connect is in progress; no byte was forwarded
 * yet, so that the client notices nothing. `picked`: the answer about the first. `last`: how the last
 * attempt ended, to be the reason when no server is left. */
static void
connect_from(struct worker *w, struct worker_conn *c, enum pick picked, enum close_reason last)
{
	unsigned failed = c->tries > 1 ? c->tried[c->tries - 2] : NO_SERVER;
	int error;

	for (;; picked = pick_server(w, c)) {
		if (picked == PICK_WAIT) {
			wait_for_place(w, c);
			return;
		}
		if (picked != PICK_OK) {
			worker_conn_close(w, c, last);
			return;
		}
		if (failed != NO_SERVER) {
			STAT_ADD(&w->stat->server[failed], retried, 1);
			STAT_ADD(&w->stat->service[c->service], retries, 1);
		}
		error = connect_picked(w, c);
		if (error == 0)
			break;
		if (is_shortage(error)) {
			worker_conn_close(w, c, CLOSE_resource);
			return;
		}
		last = note_failure(w, c, error);
		failed = c->server;
		pick_release(w, c);
	}
	c->phase_ms = w->now_ms;
	wheel_arm(&w->wheel, c, w->now_ms + service_of(w, c)->connect_ms);
}

/* The server was left for the reason `last`. */
static void
connect_next(struct worker *w, struct worker_conn *c, enum close_reason last)
{
	pick_release(w, c);
	connect_from(w, c, pick_server(w, c), last);
}

void
worker_conn_next(struct worker *w, struct worker_conn *c)
{
	connect_from(w, c, pick_server(w, c), CLOSE_no_server);
}

void
worker_conn_try(struct worker *w, struct worker_conn *c)
{
	enum pick picked = pick_server(w, c);

	if (picked == PICK_WAIT) {
		if (c->wants == c->queued_for)
			return;
		queue_leave(w, c);
		queue_join(w, c);
		return;
	}
	queue_leave(w, c);
	c->waited_ms += (int32_t)(w->now_ms - c->phase_ms);
	connect_from(w, c, picked, CLOSE_no_server);
}

bool
worker_conn_retried(struct worker *w, struct worker_conn *c)
{
	const struct early *e = c->early;

	/* Only the hello went out, and nothing came back: another server may have it. */
	if (c->state != CONN_RELAY || e == NULL || !e->whole || conn_bytes(c, SIDE_SERVER) > 0 ||
	    conn_bytes(c, SIDE_CLIENT) != e->len || c->ended != 0 || !pick_has_other(w, c))
		return false;
	STAT_SET(c->row, bytes[SIDE_CLIENT], 0);
	c->connect_ms = -1;
	c->tuned = false;
	count_connect_failure(w, c);
	connect_next(w, c, CLOSE_server_reset);
	return true;
}

/* The first bytes: the engine has no other from this client yet. */
static void
relay(struct worker *w, struct worker_conn *c)
{
	const uint8_t *first;
	size_t n;

	first = greet_first(w, c, &n);
	if (c->early != NULL && c->early->len > 0)
		worker_conn_moved(w, c, SIDE_CLIENT, c->early->len, false);
	if (c->early != NULL && !c->early->whole)
		greet_forget(c);
	w->engine->relay(w, c, first, n);
}

void
worker_conn_connected(struct worker *w, struct worker_conn *c, int error)
{
	const struct shm_service *service = service_of(w, c);
	struct stat_server *stat = &w->stat->server[c->server];

	if (error != 0) {
		connect_next(w, c, note_failure(w, c, error));
		return;
	}
	c->connect_ms = (int32_t)(w->now_ms - c->phase_ms);
	STAT_SET(c->row, last_ms, w->now_ms);
	c->state = CONN_RELAY;
	sessions_tell(w, c, SESSION_OPEN);
	STAT_ADD(stat, connected, 1);
	STAT_ADD(stat, connect_ms, c->connect_ms);
	wheel_arm(
	    &w->wheel, c, w->now_ms + (service->idle_ms < TUNE_MS ? service->idle_ms : TUNE_MS));
	if (service->log_connections == LOG_CONN_BOTH)
		worker_conn_log(w, c, "--", true);
	relay(w, c);
}
