/* SPDX-License-Identifier: BSD-2-Clause */
/* Choosing a server for a connection. */
#ifndef KHA_WORKER_PICK_H
#define KHA_WORKER_PICK_H

struct worker;
struct worker_conn;

enum pick {
	PICK_OK,	/* c->server is set, its place is taken */
	PICK_NO_SERVER, /* no candidate, or all were tried */
	PICK_LIMIT,	/* every candidate not yet tried is at max_connections */
};

/* Picks by the service's algorithm among the candidates that c has not tried, takes a place of
 * the server's max_connections, and counts c in the server's gauge and list. */
enum pick pick_server(struct worker *w, struct worker_conn *c);

/* Takes c off its server again (failed connect, end). No-op without a server. */
void pick_release(struct worker *w, struct worker_conn *c);

#endif
