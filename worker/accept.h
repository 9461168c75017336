/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether clients are accepted: limits of the node, shortage of descriptors, draining. */
#ifndef KHA_WORKER_ACCEPT_H
#define KHA_WORKER_ACCEPT_H

#include "base/addr.h"
#include "base/err.h"

struct worker;

/* Arms every listener. -1 with a sentence: one cannot be armed. */
int accept_start(struct worker *w, struct err *err);

/* Opens and closes listeners as services get or lose their last usable server. */
void accept_look(struct worker *w);

/* For ever: this worker drains. */
void accept_stop(struct worker *w);

/* A client of a service (index) that this worker keeps. Owns fd. */
void accept_client(struct worker *w, unsigned service, int fd, const struct addr *from);

/* Ends a pause when its cause is over. */
void accept_tick(struct worker *w);

/* Sets keepalive and the like of the services on the listeners, from which accepted sockets
 * inherit them. */
void accept_apply_options(struct worker *w);

#endif
