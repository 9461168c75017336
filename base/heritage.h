/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything a child process inherits over fork, listed once. master/proc.c fills one
 * for each child; a child uses no other global of the master. What is not named here is
 * closed before the child's main function runs.
 */
#ifndef KHA_BASE_HERITAGE_H
#define KHA_BASE_HERITAGE_H

/* Clients that wait for accept, per listener; net.core.somaxconn caps it. */
#define LISTEN_BACKLOG 4096

#include "base/addr.h"

struct conf; /* conf/conf.h */
struct seg;  /* shm/seg.h */

/* One listening socket: SO_REUSEPORT, non-blocking, already listening; owned by the
 * master for as long as its address is configured. */
struct listener {
	int fd;
	unsigned service; /* index in the service table of the segment; web: enum web_listens */
	unsigned slot;	  /* worker slot s accepts it when s == slot % workers */
	struct addr addr; /* as configured */
};

struct heritage {
	const struct conf *conf; /* of this generation; never changes in this process */
	struct seg *seg;	 /* whole segment read-only, own region writable */
	unsigned entry;		 /* own row of the process table */
	unsigned slot;		 /* workers: 0 .. workers-1; others 0 */
	unsigned workers;	 /* workers of this generation */
	unsigned generation;
	int master;	     /* pid of the master */
	int wake_fd;	     /* eventfd: somebody changed something for this process */
	const int *wake_fds; /* the same of all entries (SHM_ENTRIES of them), to wake them */
	const struct listener *listeners; /* workers: those of this slot; web; others none */
	unsigned n_listeners;
	unsigned max_connections;    /* of the node, resolved from "auto", 0 never */
	unsigned worker_connections; /* workers: what the limit of open files lets one carry */
	const int (*hand_fds)[2];    /* workers: of each slot (SHM_WORKERS), read and write end */
	const char *engine;	     /* workers: "epoll" or "uring" */
	uint64_t vip_epoch;	     /* vrrp: of the scripts of conf, see shm_head.vip_script */
	bool cold;		     /* checker: no earlier checker wrote health cells */
	bool sandboxed;		     /* uid, chroot, seccomp apply */
	int log_read_fd;	     /* logger: where lines come in; others -1 */
};

#endif
