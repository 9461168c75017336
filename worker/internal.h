/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of one worker process. Private to worker/. */
#ifndef KHA_WORKER_INTERNAL_H
#define KHA_WORKER_INTERNAL_H

#include "base/clock.h"
#include "base/heritage.h"
#include "conf/conf.h"
#include "shm/seg.h"
#include "worker/conn.h"
#include "worker/engine.h"
#include "worker/pool.h"
#include "worker/queue.h"
#include "worker/rule.h"
#include "worker/timer.h"
#include "worker/view.h"

#define WORKER_BEAT_MS 250
#define WORKER_TICK_MS 10 /* while something is paced */

struct worker {
	const struct heritage *h;
	struct seg *seg;
	struct stat_slab *stat; /* own counters */
	const struct engine *engine;
	void *engine_state;

	struct mono now; /* of this turn */
	int64_t now_ms;
	int64_t rest_ms;    /* since then nothing came or went */
	uint64_t rest_seen; /* bytes and clients until then */
	bool rests;	    /* and its buffers' memory was given back */
	int64_t beat_ms;    /* last heartbeat */

	struct pool pool;
	struct shm_session *unlisted; /* rows for connections that have none in the segment */
	uint32_t rows_ready;	      /* rows of the segment that have memory */
	struct wheel wheel;
	struct view view;

	struct rule rule[SHM_SERVICES];

	uint32_t server_list[SHM_SERVERS];	  /* first connection of each server */
	struct queue queue_service[SHM_SERVICES]; /* who waits for any server of it */
	struct queue queue_server[SHM_SERVERS];	  /* who waits for this one */
	unsigned waiting;			  /* connections in them */
	uint64_t noise;				  /* of balance = "random" */

	bool refusing[SHM_SERVICES]; /* its listeners are closed: nobody could serve */
	uint64_t refusing_of;	     /* view.judged that accept_look() saw last */
	uint64_t options_of;	     /* view.table_generation of the listeners' options */
	bool accepting;		     /* wants clients (not draining) */
	bool paused;		     /* but takes none now */
	int64_t resume_ms;	     /* look again at that time */
	int64_t pause_said_ms;	     /* of the last line about it */
	int64_t denied_said_ms; /* of the last line about a client that allow and deny keep out */
	uint64_t denied_unsaid; /* such clients since */
	int64_t source_said_ms; /* of the last line about addresses to connect from */
	bool draining;
	unsigned hand_credit;		 /* hand-overs that may still be made */
	uint32_t hand_seen[SHM_WORKERS]; /* shm_hand.sent at the last beat */
	bool evicting;			 /* worker/evict.c has something to do */
	int64_t evict_ms;
	int64_t reset_credit_us[SHM_SERVICES];
	uint64_t vip_seen;		/* shm_vrrp.resets that was looked at */
	int64_t vip_reset_us[SHM_VIPS]; /* shm_vip.reset_us that was carried out */
	bool poked;			/* checker was told in this turn */
};

#endif
