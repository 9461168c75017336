/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole checker process in a segment of its own; the test plays master, workers and logger. */
#ifndef KHA_T_CHECKER_WORLD_H
#define KHA_T_CHECKER_WORLD_H

#include "base/heritage.h"
#include "conf/conf.h"
#include "shm/health.h"
#include "shm/stat.h"
#include "shm/table.h"
#include "t/unit/shm_fixture.h"

#define WORLD_SERVERS  4
#define WORLD_AWAIT_MS 8000

struct world {
	struct fixture f;
	struct conf *conf;
	struct conf_server servers[WORLD_SERVERS];
	char names[WORLD_SERVERS][16];
	struct shm_table table; /* as published */
	struct heritage h;
	int wake_fds[SHM_ENTRIES];
	int log_fds[2]; /* read here; written by the checker */
	char *log;	/* all lines so far, "level text\n" each */
	size_t log_len;
	pid_t pid;
};

/* Service "api" (peer_conf(): https, verify = warn) with n servers "cp-1"... at these addresses,
 * intervals of 60, 20 and 40 ms, rise 2, fall 3; one worker, in ENTRY_WORKER0, not running. The
 * configuration may be changed before world_start(). */
void world_open(struct world *w, const struct addr *servers, unsigned n);
void world_close(struct world *w); /* the checker must have ended */

/* Publishes w->table and wakes the checker. */
void world_publish(struct world *w);

void world_start(struct world *w, bool cold);
/* WANT_STOP; fails the test unless it ends with 0 and nothing wrong was on stderr. */
void world_stop(struct world *w);
/* SIGKILL, and what the master does then. */
void world_kill(struct world *w);
/* Writes the checker's eventfd. */
void world_wake(struct world *w);

/* Waits for a fact; fails the test, with what there is, when it does not come true in
 * WORLD_AWAIT_MS. */
void await_ready(struct world *w);
void await_state(struct world *w, unsigned server, enum server_state state);
void await_result(struct world *w, unsigned server, enum check_result result);
void await_checks(struct world *w, unsigned server, uint64_t n);
void await_log(struct world *w, const char *text);
/* At least n times. */
void await_logs(struct world *w, const char *text, unsigned n);

/* The cell as it is now, whatever server it is about. */
struct shm_health cell_of(struct world *w, unsigned server);
uint64_t checks_of(struct world *w, unsigned server);
/* How often a text stands in the log until now. */
unsigned logged(struct world *w, const char *text);

#endif
