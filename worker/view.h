/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker knows about services and servers: its own snapshot of the segment's tables and
 * of the health cells, and what follows from them for each service (candidates, round-robin
 * schedule). Refreshed when a generation in the segment moved; when a record cannot be read
 * whole at that moment the old snapshot stays and the next turn tries again.
 */
#ifndef KHA_WORKER_VIEW_H
#define KHA_WORKER_VIEW_H

#include "base/clock.h"
#include "shm/health.h"
#include "shm/table.h"

#define SCHEDULE_MAX 4096

struct view_service {
	enum candidates class;
	unsigned n_candidates;
	uint16_t *candidates; /* into candidate_room */
	unsigned n_schedule;  /* 0: not round robin */
	uint16_t *schedule;   /* servers in smooth weighted order; own memory */
	unsigned schedule_room;
	uint64_t schedule_of; /* hash of the candidates and weights that it was made for */
	bool limited;	      /* a place or a token may be wanting: clients may have to wait */
	bool rated;	      /* tokens come back with time alone */
};

struct view {
	struct shm_table table;
	uint64_t table_generation;	/* of the snapshot; 0: none yet */
	uint64_t health_generation;	/* when the cells were read */
	int64_t aged_ms;		/* last look at what changes with time alone */
	bool health_whole;		/* no cell was being written then */
	uint64_t judged;		/* +1 each time that candidates were looked for */
	uint8_t state[SHM_SERVERS];	/* enum server_state by checks */
	uint32_t known_id[SHM_SERVERS]; /* that `state` is about */
	int64_t slow_us[SHM_SERVERS];	/* shm_health.slow_us */
	bool ramping;			/* some server is in slow start */
	uint64_t name_hash[SHM_SERVERS];
	/* With slow start: weight in hundredths of the table's, 0 only for weight 0; and places of
	 * max_connections, 0: no limit. */
	uint32_t weight[SHM_SERVERS];
	uint32_t places[SHM_SERVERS];
	uint16_t candidate_room[SHM_SERVERS];
	struct view_service service[SHM_SERVICES];
	unsigned generation;	    /* of this worker, set once */
	uint16_t peer[SHM_WORKERS]; /* workers of this generation: entry by slot; 0: none */
	unsigned live_workers;	    /* rows of the process table with a process */
	uint16_t live[SHM_ENTRIES]; /* their entries */
};

/* True when something changed that connections may feel. */
bool view_refresh(struct view *v, const struct seg *seg, struct mono now);

/* Frees the schedules. */
void view_fini(struct view *v);

/* Smooth weighted round robin (the order of nginx and HAProxy: A B A C A B, never A A A B B C)
 * for n servers of weight[i] > 0, as positions 0..n-1. Weights are divided by their greatest
 * common divisor and, when the cycle would be longer than `room`, scaled down. Returns the
 * length of the cycle, at most room. */
unsigned view_schedule(const unsigned weight[], unsigned n, uint16_t *out, unsigned room);

#endif
