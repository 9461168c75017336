/* SPDX-License-Identifier: BSD-2-Clause */
/* VIPs of one group (the option group): each has its own election with its own adverts, as other nodes need
 * not know of groups. A fault, an order, a weight of one is that of all, and one that becomes the owner's here
 * brings the others. That one gives way to a better node does not move the others: there they follow in the
 * same way, or that node knows no groups and only wants this one. */
#include <string.h>

#include "vrrp/internal.h"

static bool
are_mates(const struct vip *p, const struct vip *q)
{
	return p != q && p->plan.takes_part && q->plan.takes_part && *p->plan.conf->group != '\0' &&
	       strcmp(p->plan.conf->group, q->plan.conf->group) == 0;
}

void
group_event(struct vip *p, const struct vrrp_event *ev)
{
	struct vrrp *v = p->v;

	for (unsigned i = 0; i < v->n; i++)
		if (are_mates(p, &v->vip[i]))
			vip_event(&v->vip[i], ev);
}

void
group_pull(struct vip *p)
{
	const struct vrrp_event here = {.kind = VRRP_EV_GROUP};
	const struct vrrp *v = p->v;

	if (p->election.state != VRRP_STATE_BACKUP)
		return;
	for (unsigned i = 0; i < v->n; i++)
		if (are_mates(p, &v->vip[i]) && v->vip[i].election.state == VRRP_STATE_MASTER) {
			vip_event(p, &here);
			return;
		}
}

void
group_follow(struct vip *p)
{
	const struct vrrp_event came = {.kind = VRRP_EV_GROUP};

	group_event(p, &came);
}

void
group_faults(struct vrrp *v)
{
	bool fault;

	for (unsigned i = 0; i < v->n; i++) {
		fault = false;
		for (unsigned k = 0; k < v->n; k++)
			fault = fault || (are_mates(&v->vip[i], &v->vip[k]) &&
					     (v->vip[k].faults & ~(unsigned)FAULT_GROUP) != 0);
		vip_fault(&v->vip[i], FAULT_GROUP, fault);
	}
}

uint8_t
group_priority(const struct vip *p)
{
	const struct vrrp *v = p->v;
	int priority = p->tracked;

	for (unsigned i = 0; i < v->n; i++)
		if (are_mates(p, &v->vip[i]))
			priority += v->vip[i].tracked - v->vip[i].plan.priority;
	if (p->plan.priority == 255)
		return 255;
	return (uint8_t)(priority < 1 ? 1 : priority > 254 ? 254 : priority);
}
