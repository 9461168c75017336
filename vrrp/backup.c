/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of who listens: BACKUP and RELEASED. */
#include "vrrp/rules.h"

/* Does the node leave this owner alone? */
static bool
respects(struct turn *t)
{
	struct vrrp_election *e = t->e;

	if (t->ev->priority >= e->priority) {
		e->preempt_at = VRRP_NEVER;
		return true;
	}
	if (!e->conf.preempt)
		return true;
	if (e->preempt_at == VRRP_NEVER)
		e->preempt_at = t->now + e->conf.preempt_delay_ns;
	return t->now < e->preempt_at;
}

static bool
owner_lives(const struct turn *t)
{
	const struct vrrp_election *e = t->e;
	int64_t pace = e->owner_pace_ns > rules_interval(e) ? e->owner_pace_ns : rules_interval(e);

	return t->now - e->owner_at <= pace * 3 / 2;
}

/* One that is worse is left unheard, so that the timer runs out: that is preemption. */
void
vrule_listen(struct turn *t)
{
	struct vrrp_election *e = t->e;
	int64_t skewed = t->now + vrrp_skew_ns(e->conf.version, e->priority, rules_interval(e));

	if (t->ev->priority == 0) {
		/* A second farewell must not prolong the wait. */
		if (skewed < e->down_at)
			e->down_at = skewed;
	} else if (respects(t)) {
		rules_adopt(t);
		e->down_at = t->now + rules_down(e);
	} else if (t->now + rules_down(e) < e->down_at) {
		/* The long first wait was for hearing somebody. */
		e->down_at = t->now + rules_down(e);
	}
}

/* An owner that we do not understand is an owner, at its own pace if that is slower. */
void
vrule_hold(struct turn *t)
{
	struct vrrp_election *e = t->e;
	int64_t interval = rules_interval(e), down;

	if (!vrrp_verdict_is_heard(t->ev->verdict) || t->ev->priority == 0)
		return;
	if (t->ev->interval_ns > interval)
		interval = t->ev->interval_ns;
	down = t->now + vrrp_down_ns(e->conf.version, e->priority, interval);
	if (down > e->down_at)
		e->down_at = down;
}

/* Released: others may take over first, however the owner left. */
void
vrule_wait(struct turn *t)
{
	if (t->ev->priority == 0)
		return;
	rules_adopt(t);
	t->e->down_at = t->now + rules_down(t->e);
}

/* BACKUP or RELEASED heard nobody. A timer that is this late was not watched: nobody listened. */
void
vrule_promote(struct turn *t)
{
	struct vrrp_election *e = t->e;

	if (t->now < e->down_at)
		return;
	if (t->now - e->down_at >= VRRP_LOST * rules_interval(e))
		e->down_at = t->now + rules_down(e);
	else if (e->state == VRRP_STATE_RELEASED)
		rules_to_master(t, VRRP_REASON_NOBODY);
	else if (owner_lives(t) && !e->alien && e->owner > 0 && e->owner < e->priority)
		rules_preempt(t, VRRP_REASON_BETTER);
	else
		rules_to_master(t, e->owner == 0 ? VRRP_REASON_OWNER_LEFT : VRRP_REASON_SILENCE);
}

/* A VIP of the same group is here. An owner that lives and is as good, or that we do not understand, keeps
 * its own: two nodes that hear one VIP's adverts and not the other's would pull for ever. Who has heard
 * nobody yet listens on. */
void
vrule_follow(struct turn *t)
{
	struct vrrp_election *e = t->e;

	if ((e->owner < 0 && !e->alien) ||
	    (owner_lives(t) && (e->alien || e->owner >= e->priority)))
		return;
	if (owner_lives(t) && e->owner > 0)
		rules_preempt(t, VRRP_REASON_GROUP);
	else
		rules_to_master(t, VRRP_REASON_GROUP);
}

void
vrule_relisten(struct turn *t)
{
	if (t->ev->pause_ns >= VRRP_LOST * rules_interval(t->e))
		t->e->down_at = t->now + rules_down(t->e);
}

void
vrule_step_aside(struct turn *t)
{
	rules_to_released(t, VRRP_REASON_RELEASE);
}

void
vrule_rejoin(struct turn *t)
{
	t->e->released = false;
	rules_to_backup(t, VRRP_REASON_READY);
}

/* The order comes while a fault lasts or the node leaves: for later. */
void
vrule_undo(struct turn *t)
{
	t->e->released = false;
	if (t->e->state == VRRP_STATE_LEAVING && t->e->after == VRRP_STATE_RELEASED)
		t->e->after = VRRP_STATE_BACKUP;
}
