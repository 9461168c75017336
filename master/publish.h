/* SPDX-License-Identifier: BSD-2-Clause */
/* From the configuration to the tables of the segment. Pure: no clock, no segment. */
#ifndef KHA_MASTER_PUBLISH_H
#define KHA_MASTER_PUBLISH_H

#include "base/clock.h"
#include "base/err.h"
#include "shm/layout.h"

struct conf;

/* A reload publishes twice. Servers that leave go on until those that come have been checked:
 * otherwise a file that replaces all of them would leave workers with none for a moment. */
enum publish_step {
	PUBLISH_ADD,   /* what comes or changes; what goes stays as it is */
	PUBLISH_FINAL, /* and what is not in the file is removed */
	PUBLISH_UNDO,  /* the same, back to the file before */
};

struct publish {
	enum publish_step step;
	uint32_t generation; /* newest generation of workers that may have seen the old rows */
	uint32_t oldest;     /* oldest generation that has a living worker; UINT32_MAX: none */
	struct mono now;
	/* A server whose address changed keeps its health only when the new address was tried
	 * and answers, and the old one was UP; else it counts as never checked. Indexed by row;
	 * NULL: none keeps it. */
	const bool *keeps_health;
	/* A line for each word of the operator that is forgotten because the file says something
	 * new about it; NULL: nobody wants to know. */
	struct err *forgotten;

	/* Results beside the table: rows given to another server or service, whose retired
	 * counters must be forgotten (seg_forget_server()). */
	bool forget_server[SHM_SERVERS];
	bool forget_service[SHM_SERVICES];
};

/*
 * Fills *next from *old and the file.
 *
 * A service is known by its name, a server by service and name: both keep row and id while they
 * stay in the file, and get their row back (a server with a new id: nobody checked it meanwhile)
 * when they return before it was given away. A removed row is ROW_REMOVED until no worker lives
 * that may have seen it, then free. An id is never used twice; free rows keep theirs, so that
 * the largest id ever used is always to be found in the table.
 *
 * enabled = false is ADMIN_MAINT, true ADMIN_READY. What the operator said about state and weight of
 * a server stays, until the server is removed or the file changes (struct shm_setting): that is
 * judged in PUBLISH_FINAL, when it is certain that the new file counts. -1 with a sentence: too many
 * services or servers.
 */
int publish_build(struct shm_table *next, const struct shm_table *old, const struct conf *conf,
    struct publish *p, struct err *err);

/* Rows that are removed but not free yet. */
unsigned publish_removed(const struct shm_table *t);

/* Row of this server in whatever state but free, or -1. */
int publish_find(const struct shm_table *t, unsigned service, const char *name);

#endif
