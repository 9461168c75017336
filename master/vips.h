/* SPDX-License-Identifier: BSD-2-Clause */
/* The vrrp process and the orders to it, on the master's side. */
#ifndef KHA_MASTER_VIPS_H
#define KHA_MASTER_VIPS_H

#include <stdint.h>

struct ctl_request;
struct master;

void vips_init(struct master *m);

/* With VIPs in the configuration: starts it if it does not run. */
void vips_start(struct master *m);
/* They, or the nodes, are others now: it is replaced; or ended, when there are none any more. */
void vips_reloaded(struct master *m);
/* It ended. */
void vips_ended(struct master *m);

/* A request of CTL_VIP. The reply comes when it is done or refused. */
void vips_order(struct master *m, uint64_t client, const struct ctl_request *r);

#endif
