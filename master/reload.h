/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reload, and the end of the start, which is a reload from nothing: a state machine that never
 * blocks the loop.
 *
 *	IDLE -- the file is good --> PREFLIGHT -- servers are usable --> (bound, published)
 *	  --> CHECKER_OUT -- the old checker ended --> CHECKER_IN -- the new one has results
 *	  --> ROOM -- rows of the process table are free --> WORKERS -- all are ready
 *	  --> (old workers drain, what left the file is removed) --> LOGGER_OUT --> LOGGER_IN
 *	  --> IDLE
 *
 * ROOM and WORKERS only when an option that changed needs new workers, LOGGER_* only when
 * global.log changed (or as the whole of "reopen"). Before "bound, published" a failure leaves
 * everything as it was. After it UNDO puts everything back: new workers are killed, the old
 * tables published, new listeners closed, and a checker of the old file started.
 */
#ifndef KHA_MASTER_RELOAD_H
#define KHA_MASTER_RELOAD_H

#include <ev.h>
#include <stdint.h>

#include "base/clock.h"
#include "master/changes.h"
#include "master/ctl.h"
#include "master/preflight.h"
#include "master/publish.h"

#define RELOAD_QUEUE	  32
#define RELOAD_WORKERS_MS 10000 /* for a new generation to get ready */

enum reload_step {
	RELOAD_IDLE,
	RELOAD_PREFLIGHT,
	RELOAD_CHECKER_OUT,
	RELOAD_CHECKER_IN,
	RELOAD_ROOM,
	RELOAD_WORKERS,
	RELOAD_UNDO,
	RELOAD_LOGGER_OUT,
	RELOAD_LOGGER_IN,
};

struct reload_job {
	uint64_t client;	    /* 0: a signal */
	struct ctl_request request; /* CTL_RELOAD or CTL_REOPEN */
};

struct reload {
	enum reload_step step;
	struct reload_job job; /* the one under way */
	struct reload_job queue[RELOAD_QUEUE];
	unsigned n_queue;

	bool boot;	   /* this is the start */
	struct conf *conf; /* the new one; NULL after the switch */
	struct changes changes;
	struct err warnings; /* of the new file */
	struct err why;	     /* it failed */
	struct preflight preflight;
	bool workers;	   /* a new generation is part of it */
	unsigned deaths;   /* of new processes */
	struct mono until; /* of this step */
	ev_timer tick;
};

void reload_init(struct master *m);

/* Does the job, or lets it wait for its turn. The client hears when it is done. */
void reload_request(struct master *m, const struct reload_job *job);

/* The rest of the start: everything is bound and published, the checker runs. */
void reload_boot(struct master *m, struct conf *conf);

/* A child ended: perhaps the one that was waited for. */
void reload_child_ended(struct master *m, unsigned entry);

/* The daemon stops: gives up, answers all. */
void reload_abort(struct master *m);

/* reload_apply.c: the steps that change something */

/* Fills m->next for conf and binds what it needs. A number is never used twice, also not of a
 * generation that failed: rows of the tables remember who may have seen them. patience_ms: see
 * listen_bind(). */
int reload_generation(struct master *m, struct conf *conf, int patience_ms, struct err *err);
/* After the preflight: -1 when a service would be left without a usable server. */
int reload_judge(struct master *m, struct err *err);
/* Binds, publishes, tells the checker to end; the step is RELOAD_CHECKER_OUT. -1: nothing was
 * changed, why is in r->why. */
int reload_apply(struct master *m);
/* One worker for each slot of m->next. -1: why is in r->why. */
int reload_start_workers(struct master *m);
/* The new configuration, and generation if there is one, is the one in force. */
void reload_commit(struct master *m);
/* Takes back what reload_apply() and reload_start_workers() did. */
void reload_undo(struct master *m);
/* Tells the oldest of too many draining generations to finish. */
void reload_limit_generations(struct master *m, unsigned most);
/* Workers that `global.workers` means. */
unsigned reload_workers(const struct conf *conf);
/* Builds the tables from conf and publishes them; the caller wakes. keeps, forgotten: see
 * struct publish. -1: too many rows, nothing was published. */
int reload_publish(struct master *m, const struct conf *conf, enum publish_step step,
    const bool *keeps, struct err *forgotten, struct err *err);

#endif
