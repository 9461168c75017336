/* SPDX-License-Identifier: BSD-2-Clause */
/* The wire to systemd: sd_notify(3) by hand, one datagram for each message. */
#ifndef KHA_MASTER_SD_NOTIFY_H
#define KHA_MASTER_SD_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"

struct sd_notify {
	int fd; /* -1: nobody wants to hear */
	struct sockaddr_un to;
	socklen_t to_len;
	int watchdog_ms; /* WATCHDOG=1 is wanted at least so often; 0: not at all */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes them out of the environment: they
 * are meant for this process, not for its children. -1: somebody wants to hear and cannot be told;
 * *sd is silent then. */
int sd_notify_open(struct sd_notify *sd, struct err *err);

/* Lines like "READY=1\nSTATUS=..."; never waits. -1: it did not get through (errno), say it again.
 * Silent is 0. */
int sd_notify_send(const struct sd_notify *sd, const char *text);

void sd_notify_close(struct sd_notify *sd);

#endif
