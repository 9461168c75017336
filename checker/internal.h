/* SPDX-License-Identifier: BSD-2-Clause */
/* The checker process: one struct, and the struct of each server it looks after. */
#ifndef KHA_CHECKER_INTERNAL_H
#define KHA_CHECKER_INTERNAL_H

#include <ev.h>

#include "base/heritage.h"
#include "checker/plan.h"
#include "checker/probe.h"
#include "checker/verdict.h"
#include "shm/health.h"
#include "shm/table.h"

#define CHECKER_BEAT_MS 250
/* A server's first result, and with it readiness, is waited for so long. */
#define CHECKER_READY_MS 2000
/* The workers' troubles are counted at most that often, and start at most one check in
 * that time: a dead server under load causes thousands a second. */
#define CHECKER_LOOK_MS 20
#define CHECKER_POKE_MS 100

/* One server that is checked. Its index is that of the segment's server table. */
struct target {
	struct checker *c;
	unsigned index;
	bool used;
	unsigned service;      /* index in the configuration's services */
	struct shm_server row; /* as it was last seen */
	struct plan plan;
	struct probe probe;
	struct ev_timer due;
	struct verdict verdict;
	struct shm_health cell; /* what the segment says */
	struct mono started;	/* of the last check */
	bool spread;		/* its second check is still to be spread over the interval */
	uint64_t trouble;	/* stat_server_trouble(), when last looked at */
	struct mono poked;	/* last check that this started; 0: none */
	bool again;		/* poked while a check was running */
	uint32_t warned;	/* enum health_warn bits that were said */
};

/* What was said about a service, so that it is said once. */
struct service_report {
	enum candidates class;
	bool foreign;
};

struct checker {
	const struct heritage *h;
	struct seg *seg;
	struct ev_loop *loop;
	struct mono started, looked;
	uint64_t noise;
	bool ready;
	bool followed; /* has met all servers that were there when it started */
	struct shm_table table;
	struct target target[SHM_SERVERS];
	struct service_report service[SHM_SERVICES];
	struct ev_io wake;
	struct ev_timer beat, look;
};

/* ---- target.c ---- */

/* Puts the target of row `index` of c->table in order: new, changed, gone, or as before.
 * service: index in the configuration's services; -1: it does not know this server. */
void target_sync(struct checker *c, unsigned index, int service);
void target_stop(struct target *t);

/* Is checked, and its first result is still to come. */
bool target_is_waiting(const struct target *t);

/* The state of any server of the tables, checked here or not. */
enum server_state target_state(const struct checker *c, unsigned index);

/* What time and the workers' bytes alone make of it: HUNG, and NOTREADY again. */
void target_age(struct target *t, struct mono now);

/* If workers could not connect to it or lost a connection since the last look, checks it now. True:
 * so it is, but it is too early for another check: look again after CHECKER_POKE_MS. */
bool target_look(struct target *t, struct mono now);

/* ---- report.c: what is logged ---- */

/* The state changed; was: the verdict before. */
void report_state(const struct target *t, const struct verdict *was);
/* After the first look at the tables: what a predecessor has said is not said again. */
void report_inherit(struct checker *c);
/* What is new about a result that is no change of state. before: the cell as it was. */
void report_result(
    struct target *t, const struct shm_health *before, const struct probe_outcome *o);
/* The class of candidates of a service changed. Silent until the checker is ready. */
void report_services(struct checker *c, struct mono now);

#endif
