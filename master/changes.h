/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between the running configuration and a new one, in words and in consequences. */
#ifndef KHA_MASTER_CHANGES_H
#define KHA_MASTER_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "shm/layout.h"

struct conf;

struct changes {
	struct err done;	  /* a line each: "server api/cp-4 added" */
	struct err restart;	  /* a line each: "global.user" */
	struct err forgotten;	  /* a line each: what the operator had said, see publish.h */
	bool workers;		  /* new workers are needed */
	bool logger;		  /* a new logger is needed */
	bool vips;		  /* a new vrrp process is needed */
	bool web;		  /* a new web process is needed */
	bool check[SHM_SERVICES]; /* the check of services[i] of the new file is another one */
};

void changes_find(struct changes *c, const struct conf *before, const struct conf *after);

/* Nodes need a restart: what is to come into effect without one must fit those that there are. 0, or -1
 * and lines that say what does not. */
int changes_fit(const struct conf *now, const struct conf *wanted, struct err *why);

/* "generation 7: server api/cp-4 added, ...", then lines about what the operator had
 * said and about what needs a restart, then the warnings. Cut to size. */
void changes_print(
    struct changes *c, unsigned generation, struct err *warnings, char *text, size_t size);

/* Options that need a restart keep the values that they have in `from`. Those are shared, not
 * copied: as they come down from the daemon's first configuration, that one must outlive all. */
void changes_keep(struct conf *to, const struct conf *from);

#endif
