/* SPDX-License-Identifier: BSD-2-Clause */
/* Into the background (-D): the calling process stays until the daemon is ready or has failed. */
#ifndef KHA_MASTER_DAEMON_H
#define KHA_MASTER_DAEMON_H

#include "base/err.h"

/* Forks. In the daemon: a session of its own, stdin, stdout and stderr on /dev/null; returns the
 * descriptor for daemon_tell(). The calling process waits for that, prints its text to stderr
 * and exits with its code; it exits with 1 when the daemon dies without a word. -1: no daemon
 * was made. */
int daemon_start(struct err *err);

/* Releases the process that waits. fd is closed. */
void daemon_tell(int fd, int code, const char *text);

#endif
