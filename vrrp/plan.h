/* SPDX-License-Identifier: BSD-2-Clause */
/* What one VIP means for this node: everything that follows from the configuration; pure. */
#ifndef KHA_VRRP_PLAN_H
#define KHA_VRRP_PLAN_H

#include "conf/conf.h"
#include "vrrp/election.h"

#define PLAN_PEERS 16

struct plan_vip {
	const struct conf_vip *conf;
	int family;	  /* of the first address, which elects */
	bool takes_part;  /* this node is in `order` */
	bool multicast;	  /* peers is empty then, and adverts of anybody are taken */
	uint8_t priority; /* base, 1..254 */
	struct vrrp_router router;
	struct vrrp_advert advert; /* ours but for the priority */
	struct addr peers[PLAN_PEERS];
	unsigned n_peers;
	uint32_t lifetime_s; /* of the addresses in the kernel; 0: for ever */
};

/* Of vip on node number self (-1: not known yet; takes_part is false then). Borrows from conf. */
void plan_vip(struct plan_vip *p, const struct conf *conf, const struct conf_vip *vip, int self);

/* Our advert with that priority (0: a farewell) and interval from self to a peer or the group, ready to
 * be sent. Its length, 0: it does not fit. */
size_t plan_message(const struct plan_vip *p, const struct addr *self, const struct addr *to,
    uint8_t priority, unsigned interval_us, uint8_t out[VRRP_PACKET_MAX]);

/* The virtual router id for "auto", 1..255: hashed from the first address, the same on all nodes. */
uint8_t plan_vrid(const struct addr *first);

#endif
