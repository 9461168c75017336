/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is connected, and who must go: pure, time is a value. A client has CLIENT_MS from its connect, or from
 * its last answer, until the end of its next answer: a request that comes byte by byte, an answer that is
 * not read and a connection that is only kept are all the same. */
#ifndef KHA_WEB_CLIENTS_H
#define KHA_WEB_CLIENTS_H

#include <stdbool.h>

#include "base/clock.h"

#define CLIENTS_MAX   512
#define CLIENTS_SPARE 16 /* so many places are kept free, by closing who has waited longest */
#define CLIENT_MS     15000

struct client {
	int fd; /* -1: free, or closing already */
	bool used;
	bool waits; /* for an answer, or has only just come and will ask */
	struct mono since;
};

struct clients {
	unsigned n; /* used */
	struct client v[CLIENTS_MAX];
};

void clients_init(struct clients *c);
/* NULL: no place. */
struct client *clients_add(struct clients *c, int fd, struct mono now);
/* Another request on a connection that had its answer. */
void clients_asks(struct client *one);
void clients_answered(struct client *one, struct mono now);
void clients_remove(struct clients *c, struct client *one);

/* The descriptor of one that must go now, which counts as gone from here on; -1: none. */
int clients_overdue(struct clients *c, struct mono now);
/* Does anybody wait for an answer? Those that count as gone do not. */
bool clients_wait(const struct clients *c);

#endif
