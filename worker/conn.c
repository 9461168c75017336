/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "shm/stat.h"
#include "worker/greet.h"
#include "worker/internal.h"
#include "worker/pick.h"
#include "worker/sessions.h"
#include "worker/sock.h"

/* After a RST of one side: so long what was queued for the other may take to go out. */
#define FLUSH_MS      2000
#define FLUSH_LOOK_MS 10

static const struct shm_service *
service_of(const struct worker *w, const struct worker_conn *c)
{
	return &w->view.table.service[c->service];
}

void
worker_conn_refuse(struct worker *w, unsigned service_index, int fd, enum close_reason reason)
{
	_Atomic uint64_t *counter = close_counter(&w->stat->worker, reason);

	STAT_ADD(&w->stat->worker, accepted, 1);
	STAT_ADD(&w->stat->service[service_index], accepted, 1);
	atomic_store_explicit(
	    counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
	sock_reset_on_close(fd);
	close(fd);
}

void
worker_conn_start(struct worker *w, unsigned service_index, int fd, const struct addr *from,
    const struct addr *at)
{
	struct worker_conn *c = pool_get(&w->pool);

	if (c == NULL) {
		worker_conn_refuse(w, service_index, fd, CLOSE_resource);
		return;
	}
	STAT_ADD(&w->stat->worker, accepted, 1);
	STAT_ADD(&w->stat->service[service_index], accepted, 1);
	STAT_ADD(&w->stat->worker, active, 1);
	STAT_ADD(&w->stat->service[service_index], active, 1);
	c->state = CONN_GREETING;
	engine_half_init(&c->half[SIDE_CLIENT], fd);
	engine_half_init(&c->half[SIDE_SERVER], -1);
	c->client = *from;
	addr_unmap(&c->client);
	c->service = (uint8_t)service_index;
	c->server = c->wants = NO_SERVER;
	c->service_limit = c->server_limit = c->source_row = -1;
	c->timer_slot = CONN_NONE;
	c->connect_ms = -1;
	c->accepted_wall_ms = wall_ms();
	c->phase_ms = w->now_ms;
	sessions_open(w, c, at);
	c->headed = rule_wants_header(w, service_index, &c->client);
	/* With a header it is the announced client that counts. */
	if (!c->headed && !rule_enter(w, c))
		worker_conn_close(w, c, CLOSE_source_limit);
	else if (!greet_start(w, c))
		worker_conn_next(w, c);
}

/* ---- bytes ---- */

void
worker_conn_moved(struct worker *w, struct worker_conn *c, enum side side, size_t n, bool spliced)
{
	struct stat_server *server = &w->stat->server[c->server];
	struct stat_service *service = &w->stat->service[c->service];

	STAT_ADD(c->row, bytes[side], n);
	STAT_SET(c->row, last_ms, w->now_ms);
	if (side == SIDE_CLIENT) {
		STAT_ADD(&w->stat->worker, bytes_in, n);
		STAT_ADD(service, bytes_in, n);
		STAT_ADD(server, bytes_in, n);
	} else {
		if (c->early != NULL)
			greet_forget(c); /* this server has answered */
		STAT_ADD(&w->stat->worker, bytes_out, n);
		STAT_ADD(service, bytes_out, n);
		STAT_ADD(server, bytes_out, n);
		STAT_SET(server, last_byte, w->now_ms);
	}
	if (spliced)
		STAT_ADD(&w->stat->worker, spliced, n);
}

static enum close_reason
broken_reason(enum side side, int error)
{
	/* What keepalive, user timeout and unreachable networks leave; all else is a RST. */
	bool lost = error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH;

	if (side == SIDE_CLIENT)
		return lost ? CLOSE_client_lost : CLOSE_client_reset;
	return lost ? CLOSE_server_lost : CLOSE_server_reset;
}

static bool
flushed(struct worker *w, struct worker_conn *c)
{
	enum side other = OTHER_SIDE((enum side)c->reset_side);

	return w->engine->unsent(w, c, other) == 0 || w->now_ms - c->phase_ms >= FLUSH_MS;
}

void
worker_conn_ended(
    struct worker *w, struct worker_conn *c, enum side side, enum ending how, int error)
{
	if (side == SIDE_CLIENT && conn_is_early(c)) {
		worker_conn_close(
		    w, c, c->state == CONN_QUEUED ? CLOSE_queue_abort : CLOSE_client_abort);
		return;
	}
	if (c->state != CONN_RELAY)
		return;
	if (how == END_FIN) {
		c->ended |= (uint8_t)(1u << side);
		if (c->ended == (1u << SIDE_CLIENT | 1u << SIDE_SERVER)) {
			worker_conn_close(w, c, CLOSE_done);
		} else {
			sessions_tell(w, c, SESSION_HALF_CLOSED);
			wheel_arm(&w->wheel, c, w->now_ms + service_of(w, c)->half_closed_ms);
		}
		return;
	}
	if (side == SIDE_SERVER) {
		if (worker_conn_retried(w, c))
			return;
		STAT_ADD(&w->stat->server[c->server], resets, 1);
		if (broken_reason(side, error) == CLOSE_server_lost) {
			STAT_ADD(&w->stat->server[c->server], lost, 1);
			worker_poke_checker(w);
		}
	}
	/* A RST for a RST, but behind the bytes that came before it. */
	c->state = CONN_FLUSHING;
	c->phase_ms = w->now_ms;
	c->reset_side = (uint8_t)side;
	c->flush_reason = (uint8_t)broken_reason(side, error);
	if (flushed(w, c)) {
		worker_conn_close(w, c, c->flush_reason);
		return;
	}
	sessions_tell(w, c, SESSION_FLUSHING);
	wheel_arm(&w->wheel, c, w->now_ms + FLUSH_LOOK_MS);
}

/* ---- time ---- */

static int64_t
last_ms(const struct worker_conn *c)
{
	return (int64_t)STAT_GET(c->row, last_ms);
}

static void
tune(const struct worker *w, struct worker_conn *c)
{
	if (!c->tuned) {
		sock_set_keepalive(c->half[SIDE_SERVER].fd, &service_of(w, c)->server);
		sessions_tell_own(c);
	}
	c->tuned = true;
}

void
worker_conn_timeout(struct worker *w, struct worker_conn *c)
{
	const struct shm_service *service = service_of(w, c);
	int64_t deadline;

	switch (c->state) {
	case CONN_GREETING:
		deadline = c->phase_ms + service->hello_ms;
		if (w->now_ms < deadline)
			break;
		greet_timeout(w, c);
		return;
	case CONN_QUEUED:
		deadline = c->phase_ms + service->queue_ms;
		if (w->now_ms < deadline)
			break;
		worker_conn_close(w, c, CLOSE_queue_timeout);
		return;
	case CONN_CONNECTING:
		deadline = c->phase_ms + service->connect_ms;
		if (w->now_ms < deadline)
			break;
		w->engine->unconnect(w, c);
		worker_conn_connected(w, c, ETIMEDOUT);
		return;
	case CONN_RELAY:
		tune(w, c);
		deadline =
		    last_ms(c) + (c->ended != 0 ? service->half_closed_ms : service->idle_ms);
		if (w->now_ms < deadline)
			break;
		worker_conn_close(w, c, c->ended != 0 ? CLOSE_half_closed : CLOSE_idle);
		return;
	case CONN_FLUSHING:
		if (flushed(w, c)) {
			worker_conn_close(w, c, c->flush_reason);
			return;
		}
		deadline = w->now_ms + FLUSH_LOOK_MS;
		break;
	default:
		return;
	}
	wheel_arm(&w->wheel, c, deadline);
}

/* ---- the end ---- */

void
worker_conn_close(struct worker *w, struct worker_conn *c, enum close_reason reason)
{
	const struct shm_service *service = service_of(w, c);
	_Atomic uint64_t *counter = close_counter(&w->stat->worker, reason);

	/* First, so that the counts in the line include this connection, as HAProxy's do. */
	if (service->log_connections != LOG_CONN_NONE && log_wants(LOG_LEVEL_INFO))
		worker_conn_log(w, c, close_letters(reason), false);
	atomic_store_explicit(
	    counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
	if (reason == CLOSE_no_server)
		STAT_ADD(&w->stat->service[c->service], no_server, 1);
	else if (reason == CLOSE_limit)
		STAT_ADD(&w->stat->service[c->service], limited, 1);
	else if (reason == CLOSE_server_down || reason == CLOSE_server_hung)
		STAT_ADD(&w->stat->server[c->server], closed_down, 1);

	if (c->queued) {
		queue_leave(w, c);
		/* A place that it was woken for is the next one's. */
		queue_freed(w, c->service, c->queued_for);
	}
	greet_forget(c);
	sessions_close(w, c);
	wheel_disarm(&w->wheel, c);
	c->state = CONN_CLOSED;
	w->engine->drop(w, c, reason != CLOSE_done);
}

/* Not before: a server would see one more than it may have. */
void
worker_conn_shut(struct worker *w, struct worker_conn *c)
{
	STAT_ADD(&w->stat->worker, active, -1);
	STAT_ADD(&w->stat->service[c->service], active, -1);
	pick_release(w, c);
	pick_leave(w, c);
	rule_leave(w, c);
}

void
worker_conn_gone(struct worker *w, struct worker_conn *c)
{
	pool_put(&w->pool, c);
}
