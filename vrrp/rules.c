/* SPDX-License-Identifier: BSD-2-Clause */
#include "vrrp/rules.h"

#include <string.h>

int64_t
rules_interval(const struct vrrp_election *e)
{
	/* RFC 5798 6.1: Active_Adver_Interval. Version 2 knows one for all. */
	return e->conf.version == 3 ? e->owner_ns : e->conf.interval_ns;
}

int64_t
rules_down(const struct vrrp_election *e)
{
	return vrrp_down_ns(e->conf.version, e->priority, rules_interval(e));
}

/* All deadlines of the old state end. */
void
rules_enter(struct turn *t, enum vrrp_state state, enum vrrp_reason reason)
{
	struct vrrp_election *e = t->e;

	e->state = state;
	e->advert_at = e->down_at = e->until = VRRP_NEVER;
	if (state != VRRP_STATE_MASTER && state != VRRP_STATE_TAKING)
		e->bid = 0;
	t->step->actions |= VRRP_REPORT;
	t->step->reason = reason;
}

void
rules_drop(struct turn *t)
{
	if (vrrp_state_serves(t->e->state))
		t->step->actions |= VRRP_RESET | VRRP_DELETE;
}

void
rules_send(struct turn *t)
{
	t->step->actions |= VRRP_SEND;
	t->e->sent_at = t->now;
	t->e->advert_at = t->now + t->e->conf.interval_ns;
}

void
rules_adopt(struct turn *t)
{
	if (t->e->conf.version == 3 && t->ev->interval_ns > 0)
		t->e->owner_ns = t->ev->interval_ns;
}

void
rules_to_backup(struct turn *t, enum vrrp_reason reason)
{
	rules_drop(t);
	rules_enter(t, VRRP_STATE_BACKUP, reason);
	t->e->preempt_at = VRRP_NEVER;
	t->e->down_at = t->now + rules_down(t->e);
}

static void
enter_master(struct turn *t, enum vrrp_reason reason)
{
	rules_enter(t, VRRP_STATE_MASTER, reason);
	t->e->released = false;
	t->step->actions |= VRRP_ANNOUNCE;
}

void
rules_to_master(struct turn *t, enum vrrp_reason reason)
{
	if (!vrrp_state_serves(t->e->state))
		t->step->actions |= VRRP_ADD;
	/* An equal priority is enough against who has let go (no backup preempts its equal), and leaves
	 * room for the next one to outbid us. */
	if (t->e->state == VRRP_STATE_TAKING)
		t->e->bid--;
	enter_master(t, reason);
	rules_send(t);
}

void
rules_preempt(struct turn *t, enum vrrp_reason reason)
{
	t->step->actions |= VRRP_EARLY_ADD;
	enter_master(t, reason);
	t->e->sent_at = t->now;
	t->e->advert_at = t->now + VRRP_LINGER;
	/* An advert of the owner that comes before ours: the clients have just been told. */
	t->e->reannounce_at = t->e->advert_at;
}

void
rules_to_released(struct turn *t, enum vrrp_reason reason)
{
	rules_drop(t);
	rules_enter(t, VRRP_STATE_RELEASED, reason);
	t->e->released = true;
	t->e->down_at = t->now + rules_down(t->e);
}

void
rules_to_init(struct turn *t)
{
	if (t->e->state != VRRP_STATE_INIT) {
		rules_drop(t);
		rules_enter(t, VRRP_STATE_INIT, VRRP_REASON_STOP);
	}
	t->step->actions |= VRRP_DONE;
}

void
rules_step_back(struct turn *t)
{
	t->e->owner = -1;
	t->e->owner_ns = t->e->conf.interval_ns;
	rules_to_backup(t, VRRP_REASON_PAUSED);
}

void
rules_report(struct turn *t, enum vrrp_reason reason)
{
	t->step->actions |= VRRP_REPORT;
	if (t->step->reason == VRRP_REASON_NONE)
		t->step->reason = reason;
}

void
rules_degrade(struct turn *t, enum vrrp_verdict why)
{
	struct vrrp_election *e = t->e;
	int64_t interval = rules_interval(e);

	if (t->ev->interval_ns > interval)
		interval = t->ev->interval_ns;
	if (e->degraded == VRRP_GOOD) {
		e->degraded = why;
		rules_report(t, VRRP_REASON_DEGRADED);
	}
	e->degraded_until = t->now + (VRRP_LOST + 1) * interval;
}

void
rules_refuse(struct turn *t, enum vrrp_reason reason)
{
	t->step->actions |= VRRP_REFUSED;
	t->step->reason = reason;
}

static bool
is_higher(const struct addr *a, const struct addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return memcmp(&a->in.sin_addr, &b->in.sin_addr, 4) > 0;
	return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) > 0;
}

/* True: the sender is the better owner, and we are out. */
bool
rules_yields(struct turn *t)
{
	uint8_t own = vrrp_election_priority(t->e);

	if (t->ev->priority < own ||
	    (t->ev->priority == own && !is_higher(&t->ev->source, &t->e->self)))
		return false;
	rules_adopt(t);
	/* A last word: else a better one that spoke first after a cut never hears of us, and the clients that
	 * we have told go on sending here. (Keepalived: vrrp_higher_prio_send_advert.) Third nodes learn from
	 * it when to expect the next advert: with our own, shorter interval they would not wait for the
	 * new owner's. */
	rules_send(t);
	t->step->interval_ns = rules_interval(t->e);
	rules_to_backup(t, t->ev->priority > own ? VRRP_REASON_HIGHER : VRRP_REASON_TIE);
	return true;
}

void
rules_apply(struct turn *t)
{
	static void (*const table[VRRP_KINDS][VRRP_STATES])(struct turn *) = {
#define RULE(event, a, b, c, d, e, f, g)                                                           \
	[VRRP_EV_##event] = {                                                                      \
	    vrule_##a, vrule_##b, vrule_##c, vrule_##d, vrule_##e, vrule_##f, vrule_##g},
#include "vrrp/tbl/rule.h"
#undef RULE
	};

	table[t->ev->kind][t->e->state](t);
}
