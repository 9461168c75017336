/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders to the vrrp process that are under way. */
#ifndef KHA_MASTER_VIP_WAIT_H
#define KHA_MASTER_VIP_WAIT_H

#include <stdint.h>

#include "shm/layout.h"

struct ctl_request;
struct master;

void vip_wait_init(struct master *m);

/* A request of CTL_VIP. The reply comes when it is done or refused. */
void vips_order(struct master *m, uint64_t client, const struct ctl_request *r);

/* A reload that waits for a hand-over waits no more; the orders are taken back. */
void vip_wait_forget(struct master *m);

/* Gives an order about the VIP of that cell and name. client: who hears of its end; 0: vips_handed_over() when
 * the last of those is done, refused or limit_ms late. At most SHM_VIPS of client 0 at a time. */
void vip_wait_begin(struct master *m, unsigned cell, const char *vip, enum vip_verb verb,
    uint64_t client, int64_t limit_ms);

#endif
