/* SPDX-License-Identifier: BSD-2-Clause */
/* A server for a connection, with its places. */
#ifndef KHA_WORKER_PICK_H
#define KHA_WORKER_PICK_H

#include <stdbool.h>

struct worker;
struct worker_conn;

enum pick {
	PICK_OK,	/* c->server is set, its places are taken */
	PICK_NO_SERVER, /* no candidate, or all were tried */
	/* No place, or no token of connect_rate, at any candidate not yet tried, or others wait
	 * already; c->wants says for which server c should wait, NO_SERVER: for any */
	PICK_WAIT,
};

/* Picks by the service's algorithm among the candidates that c has not tried, takes a place of
 * max_connections of the service and of the server, and counts c in the server's gauge and list. Who
 * waits longer (c->ticket) has precedence. */
enum pick pick_server(struct worker *w, struct worker_conn *c);

/* Is there a candidate that c has not tried and may try? */
bool pick_has_other(const struct worker *w, const struct worker_conn *c);

/* Takes c off its server again (failed connect, end), and gives the place of the server back. No-op
 * without a server. */
void pick_release(struct worker *w, struct worker_conn *c);

/* Gives the place of the service back. */
void pick_leave(struct worker *w, struct worker_conn *c);

#endif
