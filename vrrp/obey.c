/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders of the operator (kha vip), which come through the segment. */
#include <stdio.h>

#include "vrrp/internal.h"

static void
answer(struct vip *p, bool refused, const char *text)
{
	p->cell.order_done = p->order;
	p->cell.order_refused = refused;
	snprintf(p->cell.order_text, sizeof p->cell.order_text, "%s", text);
	p->order = 0;
	vip_publish(p);
}

static bool
is_stop(const struct vip *p)
{
	return p->order != 0 && VIP_ORDER_VERB(p->order) == VIP_STOP;
}

/* What was told last: this VIP goes, as at the end of the process. */
static void
stop(struct vip *p)
{
	const struct vrrp_event ev = {.kind = VRRP_EV_STOP};

	p->leaving = true;
	vip_event(p, &ev);
}

void
vip_answer(struct vip *p, const struct vrrp_step *step)
{
	enum vrrp_state state = p->election.state;
	const char *done = "ready";

	if (is_stop(p))
		return; /* see vip_obey */
	if (step->actions & VRRP_REFUSED) {
		answer(p, true, vrrp_reason_text(step->reason));
		return;
	}
	switch (VIP_ORDER_VERB(p->order)) {
	case VIP_TAKE:
		if (state == VRRP_STATE_TAKING)
			return;
		if (state != VRRP_STATE_MASTER) {
			answer(p, true, vrrp_reason_text(step->reason));
			return;
		}
		done = "held here";
		break;
	case VIP_RELEASE:
		if (state == VRRP_STATE_LEAVING)
			return;
		done = "released";
		break;
	default:
		break;
	}
	answer(p, false, done);
}

void
vip_obey(struct vip *p)
{
	static const enum vrrp_kind kinds[VIP_VERBS] = {
	    [VIP_TAKE] = VRRP_EV_TAKE,
	    [VIP_RELEASE] = VRRP_EV_RELEASE,
	    [VIP_READY] = VRRP_EV_READY,
	};
	uint64_t order = atomic_load_explicit(
	    &p->v->seg->ro->head.r.vip_order[p->cell_index], memory_order_acquire);
	enum vip_verb verb = VIP_ORDER_VERB(order);
	struct vrrp_event ev;

	if (is_stop(p) && p->done && !vip_is_going(p))
		answer(p, false, "stopped");
	if (order == p->cell.order_done || order == p->order || verb == VIP_NOTHING ||
	    verb > VIP_STOP)
		return;
	if (p->leaving) {
		if (verb == VIP_STOP)
			p->order = order;
		return;
	}
	if (verb == VIP_READY)
		p->released = false;
	/* A later order takes the place of one that is under way. */
	p->order = order;
	if (!p->plan.takes_part) {
		answer(p, true, "this node takes no part");
		return;
	}
	if (verb == VIP_STOP) {
		stop(p);
		return;
	}
	ev = (struct vrrp_event){.kind = kinds[verb]};
	vip_event(p, &ev);
	if (p->order == order || !p->cell.order_refused)
		group_event(p, &ev);
}
