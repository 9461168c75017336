/* SPDX-License-Identifier: BSD-2-Clause */
/* RUN_DIR and RUN_DIR/kha.pid: one master for each run directory. */
#ifndef KHA_MASTER_PIDFILE_H
#define KHA_MASTER_PIDFILE_H

#include <limits.h>

#include "base/err.h"

struct pidfile {
	int fd; /* locked as long as it is open; -1: not held */
	char path[PATH_MAX];
};

/* Makes the directory when it is absent (0755, only its last part). -1 with a sentence that
 * names it and the cure when it cannot be made, is none, or nothing can be made in it. */
int pidfile_make_dir(const char *run_dir, struct err *err);

/* Takes RUN_DIR/kha.pid and writes our pid. The lock is a POSIX one (fcntl): it belongs to this
 * process alone, is not inherited over fork, and is gone the moment this process is. -1 with a
 * sentence; when another master has it, the sentence names its pid. */
int pidfile_take(struct pidfile *p, const char *run_dir, struct err *err);

/* Removes the file and gives the lock back. Nothing happens when it is not held. */
void pidfile_drop(struct pidfile *p);

#endif
