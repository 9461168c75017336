/* SPDX-License-Identifier: BSD-2-Clause */
/* Routers, and a network between them that delays, loses and cuts; its clock jumps from event to event.
 * Nodes are 10.0.0.1, 10.0.0.2, ... */
#ifndef KHA_T_UNIT_VRRP_WORLD_H
#define KHA_T_UNIT_VRRP_WORLD_H

#include "vrrp/election.h"

#define NODES	3
#define FLIGHTS 4096
#define MS	INT64_C(1000000)

struct node {
	struct vrrp_election e;
	struct vrrp_router conf;
	bool running, holds;
	int64_t paused_at; /* -1: runs */
	unsigned adverts, zeros, announces, reannounces, resets, transitions;
	int64_t last_sent, gap_max; /* between adverts as an owner */
	struct vrrp_step last;
};

struct flight {
	int64_t at;
	unsigned from, to;
	uint8_t priority;
	int64_t interval_ns;
	bool rejected; /* its receiver cannot accept it */
};

struct world {
	struct node node[NODES];
	struct flight flight[FLIGHTS];
	unsigned n_flights;
	bool cut[NODES][NODES];	    /* from, to */
	bool strange[NODES][NODES]; /* adverts between them are rejected: VERSION */
	int64_t now, delay_min, delay_max;
	unsigned loss;	/* per 1000 */
	int64_t shared; /* how long two or more held the addresses */
	uint64_t random;
};

uint32_t world_random(struct world *w, uint32_t below);
/* All nodes in INIT at 10 s, 254, 244, 234, version 3, 1 s, preempt, with 0.2..1 ms between them. */
void world_init(struct world *w);
/* A node begins (again) with its conf. */
void world_start(struct world *w, unsigned n);
struct vrrp_step world_tell(struct world *w, unsigned n, const struct vrrp_event *ev);
struct vrrp_step world_say(struct world *w, unsigned n, enum vrrp_kind kind);
/* Silent death: the addresses go, too (their lifetime), nothing is said. */
void world_kill(struct world *w, unsigned n);
/* A paused node keeps its addresses and sleeps; what comes waits. At the end it is told of the pause, if
 * told, then gets what waits, then its timer. */
void world_pause(struct world *w, unsigned n);
void world_resume(struct world *w, unsigned n, bool told);
void world_run(struct world *w, int64_t ns);
/* The node that is MASTER, or -1 when there is none or more than one. */
int world_master(const struct world *w);

#endif
