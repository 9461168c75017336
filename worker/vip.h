/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients of a VIP that left this node: they must hear so at once, not at their next packet, which
 * reaches a node that does not know them. */
#ifndef KHA_WORKER_VIP_H
#define KHA_WORKER_VIP_H

struct worker;

/* What was ordered before this worker began is no business of its own. */
void worker_vip_init(struct worker *w);

/* Resets what clients opened to addresses that vrrp gives up, on both sides. Once a turn; costs one
 * load as long as nothing changed. */
void worker_vip_look(struct worker *w);

#endif
