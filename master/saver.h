/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the state file (master/state_file.h) beside the loop: a disk may be slow, so a process does
 * it that is forked for it, and who asked hears when it is done. */
#ifndef KHA_MASTER_SAVER_H
#define KHA_MASTER_SAVER_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "master/ctl.h"

struct master;

#define SAVER_ANSWER 1024

struct saver {
	const char *dir;
	pid_t pid;  /* of the process that writes; 0: none */
	bool again; /* there is something newer than what it writes */
	bool kept;  /* the file says something about servers, as far as we know */
	int error;  /* errno of the last time; 0: it was written */
	struct mono retry;
	ev_child child;
	ev_timer limit;
	/* Answers that wait until what they say is on the disk. */
	struct {
		uint64_t client; /* 0: free */
		bool started;	 /* what is being written has it */
		char text[SAVER_ANSWER];
	} waiting[CTL_CLIENTS];
};

/* Chooses the directory. */
void saver_init(struct master *m);

/* Writes what the tables say. Then `client` (0: nobody) hears `text`, with a warning when a restart
 * would forget it. */
void saver_save(struct master *m, uint64_t client, const char *text);

/* Tries again what failed. Call with each beat. */
void saver_turn(struct master *m, struct mono now);

/* At the end of the daemon: waits for what is being written, but not for long. */
void saver_fini(struct master *m);

#endif
