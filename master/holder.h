/* SPDX-License-Identifier: BSD-2-Clause */
/* Who listens on a TCP address that we want: pid and program, from /proc. */
#ifndef KHA_MASTER_HOLDER_H
#define KHA_MASTER_HOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/addr.h"

struct holder {
	unsigned long inode; /* of its socket */
	pid_t pid;	     /* 0: not to be seen for this user */
	char program[32];    /* /proc/PID/comm */
	struct addr addr;    /* where it listens */
};

/* Looks for a listener of this network namespace that stands in the way of `addr`: same port,
 * and the same address or a wildcard on either side. false: none found. */
bool holder_find(const struct addr *addr, struct holder *h);

/* The same in one line of /proc/net/tcp or tcp6 (proc(5)): fills inode and addr. Pure. */
bool holder_parse_line(const char *line, const struct addr *addr, struct holder *h);

#endif
