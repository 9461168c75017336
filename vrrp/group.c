/* SPDX-License-Identifier: BSD-2-Clause */
/* VIPs of one group (the option group): each has its own election with its own adverts, as other nodes need
 * not know of groups. A fault, an order, a weight of one is that of all, and one that becomes the owner's here
 * brings the others. That one gives way to a better node does not move the others: there they follow in the
 * same way, or that node knows no groups and only wants this one. */
#include <string.h>

#include "vrrp/internal.h"

/* The other VIPs of its group, one after the other: at begins with 0. NULL: no more. */
static struct vip *
next_mate(const struct vip *p, unsigned *at)
{
	const char *group = p->plan.conf->group;
	struct vip *q;

	if (*group == '\0' || !p->plan.takes_part)
		return NULL;
	while (*at < p->v->n) {
		q = &p->v->vip[(*at)++];
		if (q != p && q->plan.takes_part && strcmp(q->plan.conf->group, group) == 0)
			return q;
	}
	return NULL;
}

void
group_event(struct vip *p, const struct vrrp_event *ev)
{
	struct vip *q;

	for (unsigned at = 0; (q = next_mate(p, &at)) != NULL;)
		vip_event(q, ev);
}

void
group_pull(struct vip *p)
{
	const struct vrrp_event here = {.kind = VRRP_EV_GROUP};
	struct vip *q;

	for (unsigned at = 0;
	     p->election.state == VRRP_STATE_BACKUP && (q = next_mate(p, &at)) != NULL;)
		if (q->election.state == VRRP_STATE_MASTER) {
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
	struct vip *q;
	bool fault;

	for (unsigned i = 0; i < v->n; i++) {
		fault = false;
		for (unsigned at = 0; (q = next_mate(&v->vip[i], &at)) != NULL;)
			fault = fault || (q->faults & ~(unsigned)FAULT_GROUP) != 0;
		vip_fault(&v->vip[i], FAULT_GROUP, fault);
	}
}

uint8_t
group_priority(const struct vip *p)
{
	int priority = p->tracked;
	const struct vip *q;

	if (p->plan.priority == 255)
		return 255;
	for (unsigned at = 0; (q = next_mate(p, &at)) != NULL;)
		priority += q->tracked - q->plan.priority;
	return (uint8_t)(priority < 1 ? 1 : priority > 254 ? 254 : priority);
}
