/* SPDX-License-Identifier: BSD-2-Clause */
/* The vrrp process and the orders to it, on the master's side. */
#ifndef KHA_MASTER_VIPS_H
#define KHA_MASTER_VIPS_H

struct master;

void vips_init(struct master *m);

/* With VIPs in the configuration: starts it if it does not run. */
void vips_start(struct master *m);
/* They, or the nodes, are others now: it is replaced; or ended, when there are none any more. VIPs that
 * this node does not have any more are handed over first. */
void vips_reloaded(struct master *m);
/* That is done (master/vip_wait.h). */
void vips_handed_over(struct master *m);
/* It ended, as it was told to. */
void vips_ended(struct master *m);
/* It died, and will be started again. */
void vips_died(struct master *m);
/* No vrrp process is there: says farewell for it and deletes the addresses that it held. */
void vips_bury(struct master *m);

#endif
