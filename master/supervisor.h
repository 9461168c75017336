/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the one that started us hears (systemd, Type=notify): that we are ready, reload, stop; a
 * sentence about how things are; and signs of life while clients are served. Without NOTIFY_SOCKET
 * in the environment all of this does nothing.
 */
#ifndef KHA_MASTER_SUPERVISOR_H
#define KHA_MASTER_SUPERVISOR_H

#include <stdbool.h>

#include "base/clock.h"
#include "master/sd_notify.h"

struct master;

#define SUPERVISOR_STATUS 640

struct supervisor {
	struct sd_notify sd;
	const char *word; /* the last one: "READY=1", "RELOADING=1", "STOPPING=1"; NULL: starts */
	bool told;	  /* it got through */
	struct mono fed;  /* last WATCHDOG=1 */
	struct mono extended;		/* last EXTEND_TIMEOUT_USEC */
	struct mono looked;		/* when the sentence was made last */
	char status[SUPERVISOR_STATUS]; /* the sentence, as told */
	char refused[256];		/* why the last reload was refused; "": it was not */
};

/* Is somebody there? Says so in the log when it cannot be told. */
void supervisor_init(struct master *m);
void supervisor_ready(struct master *m);
void supervisor_reloading(struct master *m);
/* Before the reload's own answer, so that `systemctl reload` ends in a service that is ready. why:
 * it was refused; NULL: it was not. */
void supervisor_reloaded(struct master *m, const char *why);
void supervisor_stopping(struct master *m);
/* With each beat of the master's loop. */
void supervisor_turn(struct master *m, struct mono now);
/* The last word: why it failed, if it did. */
void supervisor_fini(struct master *m);

#endif
