/* SPDX-License-Identifier: BSD-2-Clause */
/* Health cells, and the one rule that says which servers get connections. */
#ifndef KHA_SHM_HEALTH_H
#define KHA_SHM_HEALTH_H

#include "base/clock.h"
#include "shm/seg.h"

/* Checker only: stores the cell of server `index`; with `changed` health_generation grows
 * by one afterwards. Waking workers is the caller's business. */
void health_store(struct seg *seg, unsigned index, const struct shm_health *h, bool changed);

uint64_t health_generation(const struct seg *seg);

/* Reads the cell of server `index`. false: it is being written, or it is not about server
 * `id` (then *h is set to NOTREADY, INI, as for a server never checked). */
bool health_load(const struct seg *seg, unsigned index, uint32_t id, struct shm_health *h);

/* What is shown for a server: REMOVED, MAINT, DRAIN (also weight 0), else its health. */
enum server_state health_shown(const struct shm_server *server, enum server_state health);

/* A byte came from a server at most so long ago: fail-open may use it though it is
 * DOWN. */
#define FAIL_OPEN_BYTE_MS 10000

enum candidates {
	CANDIDATES_NONE,      /* refuse */
	CANDIDATES_UP,	      /* servers that are UP and no backup */
	CANDIDATES_BACKUP,    /* none of those: backups that are UP */
	CANDIDATES_FAIL_OPEN, /* none UP: those that accept TCP or sent a byte lately */
};

/* The candidates rule (DESIGN section 7), pure. Of the servers of `service` in *t that
 * are ROW_ACTIVE, ADMIN_READY and have weight > 0, fills `list` with the indices that get
 * new connections, in the file's order, and *n. state[i] is the health of server i,
 * last_byte_ms[i] CLOCK_MONOTONIC ms of the last byte from it (0: never). */
enum candidates health_candidates(const struct shm_table *t, unsigned service,
    const uint8_t state[SHM_SERVERS], const uint64_t last_byte_ms[SHM_SERVERS], struct mono now,
    uint16_t list[SHM_SERVERS], unsigned *n);

/* How far slow start is, in percent 1..100: linear from slow_us on, over slow_start_ms. slow_us 0: there
 * is none. Pure. */
unsigned health_slow_percent(int64_t slow_us, uint32_t slow_start_ms, struct mono now);

/* Names from the tables: "UP", "L7STS", ... */
const char *server_state_name(enum server_state s);
/* The word of kha server: "ready", "drain", "maint". */
const char *server_admin_name(enum server_admin a);
const char *check_result_name(enum check_result r);
const char *check_result_help(enum check_result r);
bool check_result_passed(enum check_result r);
bool check_result_accepts(enum check_result r);
bool check_result_mute(enum check_result r);

#endif
