/* SPDX-License-Identifier: BSD-2-Clause */
/* The master's state, in one struct. Private to master/. */
#ifndef KHA_MASTER_INTERNAL_H
#define KHA_MASTER_INTERNAL_H

#include <ev.h>

#include "base/heritage.h"
#include "base/log.h"
#include "conf/conf.h"
#include "master/ctl.h"
#include "master/listen.h"
#include "master/master.h"
#include "master/pidfile.h"
#include "master/priv.h"
#include "master/proc.h"
#include "master/reload.h"
#include "master/saver.h"
#include "master/scripts.h"
#include "master/supervisor.h"
#include "master/vips.h"
#include "master/webs.h"
#include "shm/seg.h"
#include "shm/session.h"

#define MASTER_BEAT_MS 250

#define MASTER_VIP_WAITS 8

/* Somebody waits for vrrp's answer: a client of kha vip, or (0) a reload. */
struct vip_wait {
	uint64_t client, order;
	char vip[SHM_NAME];
	unsigned cell;
	struct mono until;
};

#define MASTER_SESSION_WAITS 16

/* A client of kha session close. */
struct session_wait {
	uint64_t client, order; /* order 0: not given yet, others come first */
	struct session_id id;
	unsigned entry;
	pid_t worker;
	unsigned uid; /* who asks */
	int pid;
	struct mono until;
	char what[3 * SHM_NAME + ADDR_TEXT]; /* it was, in words */
};

enum stop_step { STOP_NOT, STOP_VIPS, STOP_DRAIN, STOP_WORKERS, STOP_CHECKER, STOP_LOGGER };

struct master {
	struct master_options opt;
	struct ev_loop *loop;
	ev_signal signals[5];
	ev_timer beat;
	struct mono beat_at; /* last one */
	struct mono resumed; /* when we went on after having been held up ourselves */

	struct pidfile pidfile;
	struct priv priv;
	struct seg seg;
	struct shm_info info;
	struct shm_table table; /* as published last */
	struct listen_set listen;
	int log_fds[2]; /* read end, write end; both stay, so that no line dies with a logger */
	int wake_fds[SHM_ENTRIES];
	int hand_fds[SHM_WORKERS][2]; /* pairs by which workers hand clients over */
	struct proc proc[SHM_ENTRIES];

	struct generation now;	       /* accepts; number 0 until the first one does */
	struct generation next;	       /* being started; conf NULL: none */
	struct conf *first;	       /* lives as long as we do, see changes_keep() */
	unsigned generations;	       /* numbers given away */
	char engine_why[256];	       /* worker_engine_choose() of the last generation */
	const struct conf *check_conf; /* what a checker works by that starts now */
	bool cold;		       /* no checker has had results yet */

	struct reload reload;
	struct supervisor supervisor;
	struct saver saver;
	struct ctl *ctl;
	struct vip_wait vip_wait[MASTER_VIP_WAITS + 2 * SHM_VIPS];
	unsigned n_vip_waits;
	struct session_wait session_wait[MASTER_SESSION_WAITS];
	unsigned n_session_waits;
	ev_timer session_look; /* while somebody waits */
	uint64_t vip_epoch;    /* shm_head.vip_script: grows with each configuration of VIPs */
	ev_timer vip_look;     /* while somebody waits */
	ev_timer vip_gone;     /* vrrp died: when others have to know */
	bool vip_late;	       /* that moment came, and its successor was not ready */
	enum stop_step stopping;
	bool stop_graceful;	/* what follows STOP_VIPS */
	struct mono stop_until; /* of this step; then SIGKILL */
	int exit_code;
	char *failure;	     /* why the start failed; or NULL */
	int tell_fd;	     /* where daemon_tell() goes; -1: nowhere (any more) */
	const char *run_dir; /* of the first configuration: it needs a restart to change */
};

/* boot.c: everything up to the loop; the rest of the start is a reload from nothing. */
int master_boot(struct master *m, struct conf *conf, struct err *err);
/* Called once when the first generation is ready. */
void master_ready(struct master *m);
/* The start failed after the loop began: says why, and ends. */
void master_failed(struct master *m, const char *text);

/* stop.c */
/* graceful: connections may go on until drain_timeout. A second call may only shorten. */
void master_stop(struct master *m, bool graceful);
/* Goes on where possible; called when a child ended and with each beat. */
void master_stop_turn(struct master *m);

/* master.c */
void master_child_ended(struct master *m, unsigned entry);
/* Logs text line by line, each behind head. */
void master_log_lines(enum log_level level, const char *head, const char *text);
/* Stores m->info, with the numbers of m->now. */
void master_store_info(struct master *m);
/* How the last reload went, for dumps and systemd. why: it was refused; NULL: it was not. */
void master_reloaded(struct master *m, const char *why);

#endif
