/* SPDX-License-Identifier: BSD-2-Clause */
/* A segment in a directory of its own, for tests. */
#ifndef KHA_T_SHM_FIXTURE_H
#define KHA_T_SHM_FIXTURE_H

#include <sys/types.h>

#include "shm/dump.h"

struct fixture {
	char dir[128];
	struct seg seg;	 /* as the master has it */
	struct shm *all; /* everything writable: the test plays all processes */
};

/* Makes directory and segment; not published. Exits when that fails. */
void fixture_open(struct fixture *f);
/* Removes both. */
void fixture_close(struct fixture *f);

/* seg_reap() of a worker is as much as a master does; this gives the row a kind and a
 * pid, as the master does before the fork. */
void fixture_worker(struct fixture *f, unsigned entry, unsigned slot, pid_t pid);

/* A daemon in mid-life, the same every time, at the moment FIXTURE_NOW: services "api"
 * (three servers and a backup, one of them down, and a removed one of whose name there is
 * a new one) and "web" (one server that accepts but is not ready: fails open).
 * Published. */
void fixture_sample(struct fixture *f);
/* The cell of a VIP that this node has held for 5 s, with some counters. */
void fixture_vip(struct fixture *f);
/* A row as a worker writes it when a client was connected: open for `serial` seconds at now_us,
 * with bytes that follow from the serial, silent for 300 ms. server: index, SHM_NO_SERVER. */
void fixture_session(struct fixture *f, unsigned worker, unsigned row, uint64_t serial,
    unsigned server, const char *client, const char *own, int64_t now_us);
/* Instead of the sample: three services with 200 servers, a VIP and workers, with the longest names,
 * addresses and numbers that there may be. Published. */
void fixture_crowd(struct fixture *f);
#define FIXTURE_NOW_US	INT64_C(100000000000) /* 27.7 hours after boot */
#define FIXTURE_WALL_MS INT64_C(1700000000000)

/* What dump_take() says of the sample at that moment, its daemon taken to be running. */
struct dump *fixture_dump(struct fixture *f);
/* dump_print() into memory; free() it. */
char *fixture_text(const struct dump *d, const struct dump *before, enum dump_format format);

/* A child of fork() dies with the test, and ends by the signals it should end by. */
pid_t fixture_fork(void);
/* Waits for it; exit code, or 256 + signal. */
int fixture_wait(pid_t pid);

#endif
