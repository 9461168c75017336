/* SPDX-License-Identifier: BSD-2-Clause */
/* Making, mapping and leaving the segment (shm/layout.h). */
#ifndef KHA_SHM_SEG_H
#define KHA_SHM_SEG_H

#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "shm/layout.h"

struct seg {
	int ro_fd;	      /* O_RDONLY; -1: not open */
	int rw_fd;	      /* master until seg_own(); -1 elsewhere */
	const struct shm *ro; /* whole, read-only */
	/* Writable mappings; NULL where this process must not write. */
	struct shm_head *head;	     /* master */
	struct shm_checker *checker; /* checker */
	struct shm_logger *logger;   /* logger */
	struct shm_vrrp *vrrp;	     /* vrrp */
	struct shm_web *web;	     /* web */
	struct shm_worker *worker;   /* worker: its own */
	struct shm_session *session; /* worker: its own rows */
	struct shm_arena *arena;     /* workers and master */
	/* beat and ready of the own region (master: head->self); NULL in readers */
	struct shm_proc_region *proc;
};

/* Master: makes RUN_DIR/kha.shm (mode 0644, in a directory that exists), zeroed, with
 * magic and layout id but not `ready`, maps it, and maps head and arena writable. An old
 * file is replaced. 0, or -1 with a sentence in err. */
int seg_create(struct seg *seg, const char *run_dir, struct err *err);

/* Master, when everything is in place: readers may come. */
void seg_publish(struct seg *seg);

/* Child, right after fork: maps the region of `entry` (and for workers the arena)
 * writable, drops every other writable mapping and rw_fd. 0 or -1 with errno and a
 * sentence. */
int seg_own(struct seg *seg, enum proc_kind kind, unsigned entry, struct err *err);

/* Reader (kha stat and friends): maps RUN_DIR/kha.shm read-only. -1 with a sentence and
 * errno: ENOENT absent, EAGAIN not complete yet, EPROTO another layout, EINVAL no
 * segment, else what the system said. */
int seg_attach(struct seg *seg, const char *run_dir, struct err *err);

/* Unmaps and closes; also of a zeroed struct with ro_fd = rw_fd = -1. */
void seg_close(struct seg *seg);

/* Master: `entry` is dead and reaped, its row of the process table still has its kind.
 * Repairs its odd sequences; a worker's counters go to head->retired (connections that it
 * neither closed nor counted otherwise to close_worker_died), its slab and its owner
 * words in the arena are cleared; beat and ready are cleared. Returns the number of
 * connections that died with it. */
unsigned seg_reap(struct seg *seg, unsigned entry);

/* vrrp, or the master for a dead one: a VIP changed its state. The master, which runs notify, reads the
 * ring, and the counter first. */
void seg_tell_vip(struct shm_vrrp *v, unsigned cell, uint32_t state, uint32_t priority);

/* Master: no vrrp process is there, and what it held in that cell was let go of for it. The cell gets
 * that state and the reason, nobody adopts it, workers reset the clients, notify is told. */
void seg_bury_vip(struct seg *seg, unsigned cell, uint32_t state, const char *why, struct mono now);

/* Master: no vrrp process is there, and none will be: its cells are free, its counters gone. */
void seg_forget_vips(struct seg *seg);

/* Master: index is about to be given to a new server or service: what workers that are
 * gone counted for its predecessor is forgotten. */
void seg_forget_server(struct seg *seg, unsigned index);
void seg_forget_service(struct seg *seg, unsigned index);

/* Region of an entry, read-only: never NULL for entries < SHM_ENTRIES. */
const struct shm_proc_region *seg_proc(const struct seg *seg, unsigned entry);
const struct shm_worker *seg_worker(const struct seg *seg, unsigned entry);
/* Rows of a worker's connections: SHM_SESSIONS, of which only those below
 * shm_worker.session_top may be looked at. */
const struct shm_session *seg_sessions(const struct seg *seg, unsigned entry);

/* A worker whose heartbeat is older serves nobody, for VIPs, the watchdog and /readyz. */
#define SEG_WORKER_STALE_MS 1000

/* The worker of an entry runs and is to go on, is ready, and beat lately. */
bool seg_worker_serves(const struct seg *seg, unsigned entry, struct mono now);

/* Writes the eventfds of all workers: something that they read has changed. wake_fds: by entry, -1: none. */
void seg_wake_workers(const struct seg *seg, const int *wake_fds);

/* Own loop turned / does its work (generation) or not (0). No-ops when seg->proc is
 * NULL. */
void seg_beat(struct seg *seg, struct mono now);
void seg_ready(struct seg *seg, unsigned generation);

/* "worker", "checker", ...: name of an enum proc_kind. */
const char *proc_kind_name(enum proc_kind kind);

#endif
