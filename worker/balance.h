/* SPDX-License-Identifier: BSD-2-Clause */
/* The algorithms of the option balance: which of the candidates of a service is next. */
#ifndef KHA_WORKER_BALANCE_H
#define KHA_WORKER_BALANCE_H

#include <stdbool.h>

struct worker;
struct worker_conn;
struct view_service;

/* Position in vs->candidates of the server that c should have, of those not in skip[]. -1: all are
 * skipped. leastconn, random: fewest connections for their weight, those being opened included, of all
 * candidates or of two drawn by weight; roundrobin: smooth and weighted, exact over all workers; hash:
 * by the client's address, weighted rendezvous (D. Thaler, C. Ravishankar 1998); first: in the order of
 * the file. */
int balance_choose(struct worker *w, const struct worker_conn *c, const struct view_service *vs,
    const bool skip[]);

#endif
