/* SPDX-License-Identifier: BSD-2-Clause */
/* Counter descriptors and sums over all processes. */
#ifndef KHA_SHM_STAT_H
#define KHA_SHM_STAT_H

#include "shm/seg.h"

enum stat_kind { STAT_COUNTER, STAT_GAUGE, STAT_STAMP };
enum stat_unit { STAT_NONE, STAT_BYTES, STAT_MSEC };

/* One row of a table of shm/tbl. */
struct stat_desc {
	const char *name; /* the field */
	enum stat_kind kind;
	enum stat_unit unit;
	const char *prom;    /* without "kha_" and "_total"; "": not exported */
	const char *haproxy; /* column of HAProxy's CSV; "": none */
	const char *help;
};

struct stat_set {
	const char
	    *name; /* "worker", "service", "server", "check", "master", "logger", "web", "vip" */
	const struct stat_desc *rows;
	unsigned n;
};

enum stat_scope {
	STAT_SET_WORKER,
	STAT_SET_SERVICE,
	STAT_SET_SERVER,
	STAT_SET_CHECK,
	STAT_SET_MASTER,
	STAT_SET_LOGGER,
	STAT_SET_WEB,
	STAT_SET_VIP,
	STAT_SETS
};
extern const struct stat_set stat_sets[STAT_SETS];

/* Counter number `row` of a struct stat_worker, stat_service, ...: they are arrays of
 * words. */
uint64_t stat_row(const void *slab, unsigned row);
/* Copies or clears one such struct. */
void stat_copy_rows(enum stat_scope scope, void *to, const void *from);
void stat_clear_rows(enum stat_scope scope, void *slab);

/* Hash over names, kinds and sizes: struct shm_head.layout. */
uint64_t stat_layout_id(void);

/* Adds `from` to `to`, row by row: sums, maximum for STAMP, and no gauges unless
 * `gauges`. */
void stat_slab_add(struct stat_slab *to, const struct stat_slab *from, bool gauges);
/* Adds one struct of a set, likewise. */
void stat_add_rows(enum stat_scope scope, void *to, const void *from, bool gauges);
void stat_slab_clear(struct stat_slab *slab);

/* Sum over retired and all living worker entries, into *sum (about 50 kB; caller's).
 * false: the master was moving counters all the time (or died in it); the sum may then
 * count a dead worker twice or not at all. */
bool stat_sum(const struct seg *seg, struct stat_slab *sum);

/* The same for one counter of one server or service, cheap enough for a data path: gauges
 * of living entries. */
uint64_t stat_server_active(const struct seg *seg, unsigned server);
uint64_t stat_service_active(const struct seg *seg, unsigned service);
uint64_t stat_service_queued(const struct seg *seg, unsigned service);
uint64_t stat_node_active(const struct seg *seg);
/* Latest byte from a server, CLOCK_MONOTONIC ms, over living and retired. */
uint64_t stat_server_last_byte(const struct seg *seg, unsigned server);
/* connect_failed and lost of a server over living and retired: the checker watches them grow. */
uint64_t stat_server_trouble(const struct seg *seg, unsigned server);

/* Names, letters and texts of close reasons. */
const char *close_name(enum close_reason r);
const char *close_letters(enum close_reason r);
const char *close_help(enum close_reason r);
bool close_is_error(enum close_reason r);
_Atomic uint64_t *close_counter(struct stat_worker *w, enum close_reason r);

#endif
