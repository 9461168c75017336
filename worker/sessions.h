/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker's rows in the table of open connections (struct shm_session): what others see of a
 * connection, and the only place where its bytes and the time of its last byte are counted. The row
 * has the number of the connection in the pool, so that used rows lie close together.
 */
#ifndef KHA_WORKER_SESSIONS_H
#define KHA_WORKER_SESSIONS_H

#include "shm/layout.h"

struct worker;
struct worker_conn;

/* Needs the pool. 0 or -1 (errno). */
int sessions_init(struct worker *w);
void sessions_fini(struct worker *w);

/* A client has come: c->row is its row, listed unless there is none left. at: the address that it
 * connected to; NULL: the socket knows. */
void sessions_open(struct worker *w, struct worker_conn *c, const struct addr *at);

/* A PROXY header told the client, c->client; `peer` sent it. */
void sessions_announced(struct worker_conn *c, const struct addr *peer);

/* Its state, and its server as c->server says. */
void sessions_tell(struct worker *w, struct worker_conn *c, enum session_state state);

/* Our address towards the server. It costs a call of the kernel, so it is asked for when somebody wants it:
 * by the log line, or of a connection that has lived for a while. */
void sessions_tell_own(struct worker_conn *c);

void sessions_close(struct worker *w, struct worker_conn *c);

/* Carries out an order of the master to close one. */
void sessions_obey(struct worker *w);

#endif
