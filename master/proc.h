/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The child processes. One table of kinds, one way to start a child (at boot, after its death,
 * on reload), one place where its death is seen. Rows are those of the process table in the
 * segment, whose numbers and wishes everybody reads there.
 */
#ifndef KHA_MASTER_PROC_H
#define KHA_MASTER_PROC_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"
#include "shm/layout.h"

struct conf;
struct heritage;
struct master;

/* A set of workers that accept together, and what they inherit. */
struct generation {
	unsigned number; /* 1, 2, ... */
	struct conf *conf;
	unsigned workers;
	unsigned max_connections;
	const char *engine; /* of workers, constant */
};

/* The master's own part of a row of the process table. */
struct proc {
	enum proc_kind kind; /* PROC_NONE: free */
	unsigned slot;
	unsigned generation; /* of workers; others: that of their start */
	enum proc_want want;
	pid_t pid; /* 0: does not run now */
	struct mono started;
	struct mono aborted; /* SIGABRT was sent for a stale heartbeat; 0: not */
	bool stopped;	     /* by SIGSTOP and the like, so that only SIGKILL reaches it */
	unsigned deaths;     /* in a row, without PROC_CALM_MS of life between */
	ev_child child;
	ev_timer again; /* until the next start */
};

#define PROC_CALM_MS  10000
#define PROC_STALE_MS 2000 /* heartbeat; then SIGABRT */
#define PROC_ABORT_MS 1000 /* after it SIGKILL */

/* Milliseconds until a process is started again that died for the `deaths`th time in a row
 * (1, 2, ...): 0, 0, 100, 200, 400 ... 5000. Pure. */
unsigned proc_backoff_ms(unsigned deaths);

/* What to do about a process whose heartbeat is `stale_ms` old. Pure. */
enum proc_hung { HUNG_NOT, HUNG_ABORT, HUNG_KILL };
enum proc_hung proc_hung(int64_t stale_ms, bool stopped, struct mono aborted, struct mono now);

/* Makes the eventfds that processes are woken by. Once. */
int proc_init(struct master *m, struct err *err);

/* Takes the row, starts the process, and from now on starts it again whenever it dies, until
 * proc_stop(). slot: workers. */
void proc_start(
    struct master *m, unsigned entry, enum proc_kind kind, unsigned slot, unsigned generation);

/* Tells it to end (WANT_STOP) or to drain (WANT_DRAIN; until: 0 never). It is not started again.
 * A row whose process does not run becomes free at once. */
void proc_stop(struct master *m, unsigned entry, enum proc_want want, struct mono until);

/* SIGKILL, for one that was told to end. */
void proc_kill(struct master *m, unsigned entry);

/* Writes the eventfds of all processes: something in the segment changed. */
void proc_wake(const struct master *m, unsigned entry);
void proc_wake_all(struct master *m);

/* Does its work, as a process of this generation. */
bool proc_ready(const struct master *m, unsigned entry);

/* Looks at the heartbeats. Call every 250 ms. */
void proc_watch(struct master *m, struct mono now);

/* Free rows for workers. */
unsigned proc_free_workers(const struct master *m);
/* Lowest free row for a worker; 0: none. */
unsigned proc_free_worker(const struct master *m);
/* Oldest generation that has a worker's row, UINT32_MAX: none. */
unsigned proc_oldest(const struct master *m);
/* Rows in use, of one kind or (PROC_NONE) of all. */
unsigned proc_count(const struct master *m, enum proc_kind kind);

/* child.c */

struct kind {
	enum proc_kind kind;
	/* Before privileges go. */
	int (*prepare)(const struct heritage *h, struct err *err);
	int (*run)(const struct heritage *h);
};

/* The rest of a process's life, from the fork on. master: its pid, to see that it lives. */
_Noreturn void child_run(struct master *m, unsigned entry, const struct kind *kind, pid_t master);

/* What every forked process does first: forgets the master's signal handlers (TERM, INT, HUP,
 * QUIT, USR1, USR2 and PIPE are ignored from now on) and lets signals in again. */
void child_signals(void);

/* Closes what the master had open, but for stdin, stdout, stderr and the log. */
void child_close_others(const struct master *m);

/* Last before the work begins: gives up privileges and asks to die with the master (the logger
 * does not: it still writes what the others said). Exits when it cannot. */
void child_confine(const struct master *m, enum proc_kind kind, const char *engine, pid_t master);

#endif
