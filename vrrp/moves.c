/* SPDX-License-Identifier: BSD-2-Clause */
/* Planned moves without a gap: LEAVING serves until the successor speaks, TAKING before it speaks itself. */
#include "vrrp/rules.h"

/* Farewell, but go on serving. Version 3's skews are as long as an interval, so that a release, which
 * is taken back when nobody comes, waits longer. Sent once: Keepalived begins its skew anew with each. */
void
vrule_hand_over(struct turn *t)
{
	struct vrrp_election *e = t->e;
	bool stops = t->ev->kind == VRRP_EV_STOP;
	int64_t interval = e->owner_ns > e->conf.interval_ns ? e->owner_ns : e->conf.interval_ns;
	bool alone = e->conf.peers_speak && t->now - e->heard_at > VRRP_LOST * interval;

	if (alone && !stops) {
		rules_refuse(t, VRRP_REASON_NOBODY);
		return;
	}
	t->step->actions |= VRRP_SEND_ZERO;
	if (alone) {
		rules_to_init(t);
		return;
	}
	rules_enter(t, VRRP_STATE_LEAVING, stops ? VRRP_REASON_STOP : VRRP_REASON_RELEASE);
	e->sent_at = t->now;
	e->has_successor = false;
	e->after = stops ? VRRP_STATE_INIT : VRRP_STATE_RELEASED;
	e->until = t->now + VRRP_LEAVE;
	if (!stops && e->conf.version == 3)
		e->until += e->conf.interval_ns;
}

/* Anybody who advertises serves, or says so. */
void
vrule_succeeded(struct turn *t)
{
	const struct vrrp_event *ev = t->ev;

	if (ev->kind != VRRP_EV_SUCCESSOR &&
	    (ev->priority == 0 || !vrrp_verdict_is_heard(ev->verdict)))
		return;
	if (!t->e->has_successor)
		t->e->until = t->now + VRRP_SERVE_ON;
	t->e->has_successor = true;
}

void
vrule_leave(struct turn *t)
{
	struct vrrp_election *e = t->e;
	enum vrrp_reason reason =
	    e->has_successor ? VRRP_REASON_SUCCESSOR : VRRP_REASON_NO_SUCCESSOR;

	if (t->now < e->until)
		return;
	if (e->after == VRRP_STATE_INIT) {
		rules_to_init(t);
	} else if (!e->has_successor && t->now - e->until < VRRP_LOST * e->conf.interval_ns) {
		/* Nobody lost anything: the addresses never went. */
		rules_to_master(t, reason);
		rules_refuse(t, reason);
	} else if (e->after == VRRP_STATE_RELEASED) {
		rules_to_released(t, reason);
	} else {
		rules_to_backup(t, reason);
	}
}

/* STOP while a release is under way. */
void
vrule_hurry(struct turn *t)
{
	int64_t latest = t->now + VRRP_LEAVE;

	t->e->after = VRRP_STATE_INIT;
	if (latest < t->e->until)
		t->e->until = latest;
}

/* LEAVING stood still: whoever was to come is here. */
void
vrule_depart(struct turn *t)
{
	if (t->ev->pause_ns < VRRP_LOST * t->e->conf.interval_ns)
		return;
	t->e->has_successor = true;
	t->e->until = t->now;
	vrule_leave(t);
}

void
vrule_cut(struct turn *t)
{
	struct vrrp_election *e = t->e;

	if (e->after == VRRP_STATE_INIT) {
		rules_to_init(t);
		return;
	}
	e->released = e->after == VRRP_STATE_RELEASED;
	rules_drop(t);
	vrule_fault(t);
}

/* Serves first, speaks after: the owner lets go when it hears the bid. */
void
vrule_take(struct turn *t)
{
	struct vrrp_election *e = t->e;
	int64_t interval =
	    rules_interval(e) > e->conf.interval_ns ? rules_interval(e) : e->conf.interval_ns;

	if (e->owner < 0 || e->owner == RULES_OWNER) {
		rules_refuse(t, e->owner < 0 ? VRRP_REASON_OWNER_UNKNOWN : VRRP_REASON_OUTBID);
		return;
	}
	if (e->owner == 0) {
		rules_to_master(t, VRRP_REASON_TAKE);
		return;
	}
	t->step->actions |= VRRP_EARLY_ADD;
	rules_enter(t, VRRP_STATE_TAKING, VRRP_REASON_TAKE);
	e->released = false;
	e->bid = (uint8_t)(e->owner + 1);
	e->sent_at = t->now;
	e->advert_at = t->now + VRRP_LINGER;
	e->until = e->advert_at + VRRP_LOST * interval;
}

void
vrule_outbid(struct turn *t)
{
	if (t->ev->priority == 0)
		rules_to_master(t, VRRP_REASON_TAKE);
	else
		rules_yields(t);
}

/* An owner that still advertises at the end does not hear us, or does not believe us. Should it have
 * heard the last bid alone, the farewell brings it back within its skew; else it just answers. */
void
vrule_bid(struct turn *t)
{
	struct vrrp_election *e = t->e;

	if (t->now < e->until) {
		vrule_advertise(t);
	} else if (t->now - e->owner_at < rules_interval(e) * 3 / 2) {
		t->step->actions |= VRRP_SEND_ZERO;
		rules_to_backup(t, VRRP_REASON_TAKE_FAILED);
	} else {
		rules_to_master(t, VRRP_REASON_TAKE);
	}
}
