/* SPDX-License-Identifier: BSD-2-Clause */
/* When there is a web process. Its sockets are the master's (master/listen.h): while one replaces another,
 * clients wait in their queues. */
#ifndef KHA_MASTER_WEBS_H
#define KHA_MASTER_WEBS_H

#include <stdbool.h>

struct master;

/* Starts it, if the configuration has addresses for it and none is there. */
void webs_start(struct master *m);
/* A reload was done: changed tells whether in the options of `status`. */
void webs_reloaded(struct master *m, bool changed);
/* It ended as it was told to. */
void webs_ended(struct master *m);

#endif
