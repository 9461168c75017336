/* SPDX-License-Identifier: BSD-2-Clause */
/* What this process saw in the last 15 minutes, one sample each 10 s; pure. A web process that was started
 * again has seen nothing yet, and the page says since when it looks. */
#ifndef KHA_WEB_HISTORY_H
#define KHA_WEB_HISTORY_H

#include "shm/dump.h"

#define HISTORY_MS     10000 /* between two samples */
#define HISTORY_POINTS 90

enum history_kind { HISTORY_ACTIVE, HISTORY_RATE, HISTORY_CHECK, HISTORY_KINDS };

/* ACTIVE: open connections; RATE: new ones, in tenths a second; CHECK: ms of the last check. */
struct series {
	uint32_t id;	/* of the server or service; another one begins anew */
	uint64_t total; /* connections at the last sample */
	unsigned n;	/* samples, at most HISTORY_POINTS */
	uint32_t v[HISTORY_KINDS][HISTORY_POINTS];
};

struct history {
	struct mono first, last; /* samples; 0: none yet */
	unsigned next;		 /* the place of the next sample in v */
	struct series service[SHM_SERVICES];
	struct series server[SHM_SERVERS];
};

/* Takes a sample if HISTORY_MS went by since the last one. */
void history_take(struct history *h, const struct dump *d);
bool history_is_due(const struct history *h, struct mono now);

/* Sample i of n, the oldest first. */
uint32_t history_at(
    const struct history *h, const struct series *s, enum history_kind k, unsigned i);

/* NULL: nothing about it yet. */
const struct series *history_service(const struct history *h, const struct dump *d, unsigned index);
const struct series *history_server(const struct history *h, const struct dump *d, unsigned index);

#endif
