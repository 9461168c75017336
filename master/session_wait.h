/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders of an operator about one connection, and who waits for the answer. */
#ifndef KHA_MASTER_SESSION_WAIT_H
#define KHA_MASTER_SESSION_WAIT_H

#include <stdint.h>

struct ctl_request;
struct master;

void session_wait_init(struct master *m);

/* kha session close: the worker is told, and the client hears when it has answered. */
void session_order(struct master *m, uint64_t client, const struct ctl_request *r);

#endif
