/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment in words: what `kha stat` and the status page print. */
#ifndef KHA_SHM_DUMP_H
#define KHA_SHM_DUMP_H

#include <stdio.h>

#include "shm/health.h"
#include "shm/stat.h"

enum dump_format { DUMP_TABLE, DUMP_CSV, DUMP_JSON, DUMP_PROMETHEUS, DUMP_FORMATS };

/* "table", "csv", "json", "prometheus" -> *f; false: no such format. */
bool dump_format_parse(const char *name, enum dump_format *f);
const char *dump_format_name(enum dump_format f);

/* Writes everything in one format. Never blocks on other processes; works on a segment
 * whose processes are stopped or dead. -1: out of memory or nothing could be written to
 * `out` (sentence in err). */
int dump_write(const struct seg *seg, enum dump_format f, FILE *out, struct err *err);

/* The mdoc rows of the manual page: all counters; and what each format calls them, taken from a
 * sample of it. -1: out of memory. */
void dump_doc(FILE *out);
void dump_doc_columns(FILE *out);
int dump_doc_metrics(FILE *out);
int dump_doc_keys(FILE *out);

/*
 * The two steps of dump_write(): everything that is needed is copied first, then printed,
 * so that one output shows one moment. Strings of the copy are terminated and hold no
 * control characters and no broken UTF-8, whatever the segment holds.
 */

/* How the daemon looks from outside. */
enum dump_daemon {
	DAEMON_RUNS,
	DAEMON_SILENT, /* its pid lives, its master did not beat for DUMP_STALE_MS */
	DAEMON_GONE,
};

/* A heartbeat older than this is worth a warning; the master kills such a child. */
#define DUMP_STALE_MS 2000

struct dump_proc {
	uint32_t kind; /* enum proc_kind */
	uint32_t slot;
	int32_t pid; /* 0: not running now */
	uint32_t generation;
	uint32_t want; /* enum proc_want */
	uint32_t ready;
	int64_t beat_us;
	int64_t started_us;
	/* Workers: connections open, accepted, bytes of both directions. */
	uint64_t active, accepted, bytes_in, bytes_out;
	uint32_t kept_on; /* workers: shm_worker.kept_on */
};

struct dump_service {
	unsigned index; /* in table.service and sum.service */
	enum candidates serving;
	unsigned candidates;	 /* servers that get new connections */
	unsigned up, backups_up; /* of ROW_ACTIVE servers, by what they are shown as */
	unsigned first, n;	 /* its servers: dump.servers[first] .. [first + n - 1] */
};

struct dump {
	struct mono now;
	int64_t wall_ms;
	uint64_t layout;
	enum dump_daemon daemon;
	int64_t beat_us; /* master's; 0: it never beat */
	/* Copied while the writer was stopped or dead in the middle of writing. */
	bool torn_table, torn_sum;
	struct shm_info info;
	struct shm_table table;
	struct shm_health health[SHM_SERVERS];
	uint8_t shown[SHM_SERVERS]; /* enum server_state */
	struct stat_slab sum;
	struct stat_check check[SHM_SERVERS];
	struct stat_master master;
	struct stat_logger logger;
	struct stat_web web;
	uint64_t log_dropped; /* lines lost anywhere */
	unsigned n_vips;
	struct shm_vip vip[SHM_VIPS];
	struct stat_vip vip_stat[SHM_VIPS];
	unsigned n_procs;
	struct dump_proc proc[SHM_ENTRIES];
	unsigned n_services;
	struct dump_service services[SHM_SERVICES];
	/* Indices in file order. A removed row of which a newer one with the same name
	 * exists is not listed: its counters were added to the newer one's, so that a
	 * name stands in the output once and its totals never step back. */
	uint16_t servers[SHM_SERVERS];
};

/* malloc'ed: free() it. `now` and `wall_ms` are what ages are counted from. NULL: no
 * memory. */
struct dump *dump_take(const struct seg *seg, struct mono now, int64_t wall_ms, struct err *err);

/* What is asked of the table; NULL: nothing in particular. */
struct dump_look {
	unsigned width; /* columns of the screen, 0: DUMP_WIDTH */
	bool screen;	/* a person reads: sentences are broken at the width; else a line each */
	bool color;	/* escape sequences */
	bool all;	/* all counters that are not 0 */
};
#define DUMP_WIDTH 100

/* `before`: an older copy of the same daemon, for rates in the table; or NULL. Errors are
 * those of the stream: ferror(). -1: out of memory, nothing written. */
int dump_print(const struct dump *d, const struct dump *before, enum dump_format f,
    const struct dump_look *look, FILE *out, struct err *err);

/* Calls fn for each thing that a person should know, one sentence each, worst first. */
void dump_warnings(const struct dump *d, void (*fn)(void *arg, const char *line), void *arg);

/* Lives the process whose master wrote `info`? By its pid, its start time and its
 * heartbeat. */
enum dump_daemon dump_judge(const struct shm_info *info, int64_t beat_us, struct mono now);

/* "UP", "BACKUP", "FAIL-OPEN", "NONE"; "leastconn", ... */
const char *dump_serving_name(enum candidates c);
const char *dump_balance_name(uint32_t balance);
/* "MASTER", ...: rows of shm/tbl/vip_state.h. */
const char *dump_vip_state_name(uint32_t state);
/* The one of MASTER, BACKUP, FAULT that Keepalived would say. */
const char *dump_vip_state_word(uint32_t state);
extern const unsigned dump_vip_states;

#endif
