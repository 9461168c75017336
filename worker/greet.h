/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client has to send before it gets a server: a PROXY header, a TLS ClientHello. */
#ifndef KHA_WORKER_GREET_H
#define KHA_WORKER_GREET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct worker;
struct worker_conn;

/* What came before there was a server: as long as no server has answered, another one can have it
 * too. */
struct early {
	struct addr to; /* that the client called, by its PROXY header; AF_UNSPEC: none */
	bool whole;	/* it is a ClientHello: the server speaks next */
	uint32_t len, room;
	uint8_t bytes[];
};

#define EARLY_MAX 16384 /* with more the client is no longer asked for the rest */

/* Waits for what the service wants. False: it wants nothing. */
bool greet_start(struct worker *w, struct worker_conn *c);

/* timeout.hello is over. */
void greet_timeout(struct worker *w, struct worker_conn *c);

/* The first bytes for the server: a PROXY header if the service sends one, then what came early. Their
 * number in *n; valid until the next call. */
const uint8_t *greet_first(struct worker *w, const struct worker_conn *c, size_t *n);

/* Forgets what came early. */
void greet_forget(struct worker_conn *c);

#endif
