/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The listening sockets. The master owns one for each listen address and worker slot, all of an
 * address in one SO_REUSEPORT group; workers inherit them. A slot is never closed while its
 * address is configured, also not when there are fewer workers than before: closing one resets
 * what waits in its accept queue, however well it was drained. Slot s is accepted by worker
 * s % workers. The web process is one, and so are its sockets.
 *
 * "*:port" and "[::]:port" are the same: one IPv6 socket for both families (IPV6_V6ONLY off),
 * or 0.0.0.0:port where the host has no IPv6.
 */
#ifndef KHA_MASTER_LISTEN_H
#define KHA_MASTER_LISTEN_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"

struct conf;
struct shm_table;
struct listener;

struct listen_row {
	struct addr addr; /* as configured */
	unsigned slot;
	int fd;
	bool listening;
	bool fresh; /* made since the last listen_commit() */
};

struct listen_set {
	struct listen_row *rows;
	unsigned n, room;
};

/* Binds what the configuration wants and the set does not have, for slots 0 .. workers-1; does
 * not listen yet. The first time an address comes up it is bound once without SO_REUSEPORT, so
 * that a foreign listener is found and named. patience_ms: how long to wait for a dying kha to
 * let go of its addresses (blocks; 0 in a running daemon). On -1 (all reasons are in err)
 * nothing is left of this call. */
int listen_bind(struct listen_set *set, const struct conf *conf, unsigned workers, int patience_ms,
    struct err *err);

/* listen() on all that do not yet. From now on clients queue there, so workers must come. */
int listen_begin(struct listen_set *set, struct err *err);

/* Closes what was bound since the last commit. */
void listen_rollback(struct listen_set *set);
/* Closes what `conf` no longer has, keeps the rest. */
void listen_commit(struct listen_set *set, const struct conf *conf);
/* Closes all and frees. */
void listen_close(struct listen_set *set);

/* The sockets of the status page and of the monitor URL; `service` is then an enum web_listens. The rest
 * as below. */
struct listener *listen_of_web(const struct listen_set *set, const struct conf *conf, unsigned *n);

/* The sockets that worker `slot` of `workers` accepts. table: where its services have their
 * index. malloc'ed; *n of them; NULL: none, or no memory (then *n is not 0). */
struct listener *listen_of_worker(const struct listen_set *set, const struct conf *conf,
    const struct shm_table *table, unsigned slot, unsigned workers, unsigned *n);

#endif
