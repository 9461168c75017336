/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients that wait for a place. One queue per service over all workers, first come first served:
 * each client draws a ticket, each worker keeps its own clients in order and publishes the ticket of
 * the first (struct shm_waiting). Who gives a place back wakes the worker with the oldest one; a
 * client gets a place only if nobody older could use it. Nothing is locked and nobody owns the queue:
 * with a dead worker its waiting clients are gone and all others move up.
 *
 * Most clients wait for any server of their service; with balance = "hash" for one alone.
 */
#ifndef KHA_WORKER_QUEUE_H
#define KHA_WORKER_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct worker;
struct worker_conn;

/* Connections of this worker that wait, oldest first, linked by list_next. */
struct queue {
	uint32_t first, last; /* CONN_NONE: empty */
};

/* Sets all queues to empty. */
void queue_init(struct worker *w);

/* Does somebody older than c wait for a place at this server? Without a ticket c is younger than all. */
bool queue_ahead(const struct worker *w, const struct worker_conn *c, unsigned server);

/* Clients of all workers that wait for the server alone; NO_SERVER: for the service, in whatever way. */
uint64_t queue_length(const struct worker *w, unsigned service, unsigned server);

/* Are these fewer than max (0: no limit)? */
bool queue_has_room(const struct worker *w, unsigned service, unsigned server, unsigned max);

/* Puts c, which draws a ticket unless it has one, into the queue for c->wants (NO_SERVER: any). */
void queue_join(struct worker *w, struct worker_conn *c);

/* Takes c out, if it waits. */
void queue_leave(struct worker *w, struct worker_conn *c);

/* A place of the server (NO_SERVER: of the service) was given back. */
void queue_freed(struct worker *w, unsigned service, unsigned server);

/* Serves own clients as far as places allow. Once a turn. */
void queue_run(struct worker *w);

#endif
