/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker without kernel: a segment of its own, an engine that only notes what it is told, and
 * time as a value. */
#ifndef KHA_T_WORKER_WORLD_H
#define KHA_T_WORKER_WORLD_H

#include "t/unit/shm_fixture.h"
#include "worker/internal.h"

#define WORLD_NOW_MS 1000000

/* What the engine was told, and what it shall answer. */
struct fake_engine {
	unsigned n_connects;
	struct addr to[128];	/* of each connect, in order */
	int connect_error[128]; /* answer of each */
	unsigned n_unconnects, n_relays, n_drops, n_resets;
	struct worker_conn *gone[128]; /* dropped, not yet said to be gone */
	unsigned n_gone;
	bool shuts_late; /* sockets of the dropped stay open until time goes on */
	size_t unsent;
	bool awaits_bytes;
	uint8_t first[512]; /* of the last relay */
	size_t n_first;
	bool listening;
};

struct worker_world {
	struct fixture f;
	struct shm_table table; /* change it, then worker_world_publish() */
	struct heritage h;
	struct listener listener;
	int wake_fds[SHM_ENTRIES];
	struct worker w;
	struct fake_engine fake;
};

/* One service "api" with n servers s0, s1... (192.0.2.1 and following), all UP. The worker has
 * taken its snapshot. */
void worker_world_open(struct worker_world *x, unsigned n);
void worker_world_close(struct worker_world *x);

/* x->table becomes the table of the segment, and the worker takes its snapshot of it and of the
 * health. */
void worker_world_publish(struct worker_world *x);
void worker_world_health(
    struct worker_world *x, unsigned server, enum server_state state, enum check_result result);

/* A port of loopback that somebody listens on, or nobody does; its descriptor. */
int worker_world_port(struct addr *a, bool listens);
/* A real engine instead of the one that only notes, and its end; the addresses of servers are to be real
 * ones then (worker_world_port()). */
void worker_world_engine(struct worker_world *x, const struct engine *engine);
void worker_world_engine_end(struct worker_world *x);
/* A client over loopback: its own end. The worker has begun with the other, x->w.pool.conn[0]. */
int worker_world_dial(struct worker_world *x);

/* A client comes; NULL: it was closed at once. */
struct worker_conn *worker_world_client(struct worker_world *x);
struct worker_conn *worker_world_client_from(struct worker_world *x, const char *addr);
/* The same, connected to a server. */
struct worker_conn *worker_world_relay(struct worker_world *x);

/* Time goes on, what is due happens, and the engine says that the dropped are gone. */
void worker_world_advance(struct worker_world *x, int64_t ms);

/* accepted == sum of reasons + active, and gauges of servers and pool agree with it. */
void worker_world_books(struct worker_world *x);
uint64_t worker_world_closed(struct worker_world *x, enum close_reason reason);

#endif
