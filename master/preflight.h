/* SPDX-License-Identifier: BSD-2-Clause */
/* Before a reload: are the files of the checks good, do the new servers answer, and would each
 * service still have a usable server? */
#ifndef KHA_MASTER_PREFLIGHT_H
#define KHA_MASTER_PREFLIGHT_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "checker/checker.h"
#include "shm/layout.h"

struct conf;
struct master;

#define PREFLIGHT_MS 5000

/* Shared with the process that does it. */
struct preflight_sheet {
	struct err err; /* why it could not be done */
	unsigned n;
	struct checker_target targets[];
};

struct preflight {
	struct preflight_sheet *sheet; /* NULL: none */
	size_t size;
	pid_t pid;   /* 0: ended */
	bool failed; /* it ended badly */
	ev_child child;
	ev_timer limit;
	void (*done)(struct master *m); /* called from the loop when it ended */
};

/* Forks a process that reads the files and checks the targets: new servers, changed addresses,
 * those that come out of MAINT, all servers of services[i] with changed_check[i]. done() is called
 * later. logs: also try to open global.log. -1: could not be started. */
int preflight_begin(struct master *m, struct preflight *p, const struct conf *conf,
    const bool *changed_check, bool logs, struct err *err);

/* The same at the start of the daemon, without targets: blocks until it is done. -1 with what
 * is wrong with the files. */
int preflight_files(struct master *m, const struct conf *conf, struct err *err);

/* Kills it if it still runs, and frees. */
void preflight_end(struct master *m, struct preflight *p);

/* Fills targets (room for all servers of conf) and returns their number. Servers that
 * are not to get connections and services without checks are no targets. Pure. */
unsigned preflight_targets(const struct conf *conf, const struct shm_table *table,
    const bool *changed_check, struct checker_target *targets);

/* -1: a service that has a usable server now, or is new, would have none; why is in err, a line
 * for each server. Usable: it is to get connections, and either passed its preflight or is no
 * target and UP (state[], by row of the table). Pure. */
int preflight_judge(const struct conf *conf, const struct shm_table *table,
    const unsigned char state[SHM_SERVERS], const struct checker_target *targets, unsigned n,
    struct err *err);

/* Rows whose health goes on though their address changes: UP before, and the new one passed.
 * (publish.h: keeps_health.) Pure. */
void preflight_keeps(const struct conf *conf, const struct shm_table *table,
    const unsigned char state[SHM_SERVERS], const struct checker_target *targets, unsigned n,
    bool keeps[SHM_SERVERS]);

#endif
