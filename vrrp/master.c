/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of the owner. */
#include "vrrp/rules.h"

void
vrule_advertise(struct turn *t)
{
	if (t->now >= t->e->advert_at)
		rules_send(t);
}

/* A farewell makes the others count their skews: at once, but not for ever as an echo. */
static void
answer_zero(struct turn *t)
{
	struct vrrp_election *e = t->e;

	if (t->now - e->zeros_at >= VRRP_ONCE) {
		e->zeros_at = t->now;
		e->zeros = 0;
	}
	if (e->zeros++ < VRRP_ZEROS_MAX)
		rules_send(t);
}

/* A worse owner that hears us stops. One that does not for as long as silence may last is deaf, or takes
 * our adverts for wrong ones, as those who know one form of the checksum only. */
static void
note_rival(struct turn *t)
{
	struct vrrp_election *e = t->e;
	int64_t interval = e->conf.interval_ns;

	if (t->ev->interval_ns > interval)
		interval = t->ev->interval_ns;
	if (t->now - e->rival_at > VRRP_LOST * interval)
		e->rival_from = t->now;
	e->rival_at = t->now;
	if (t->now - e->rival_from >= VRRP_LOST * interval)
		rules_degrade(t, VRRP_RIVAL);
}

void
vrule_contest(struct turn *t)
{
	struct vrrp_election *e = t->e;

	if (t->ev->priority == 0) {
		answer_zero(t);
		return;
	}
	if (rules_yields(t))
		return;
	note_rival(t);
	if (t->now >= e->readvert_at) {
		e->readvert_at = t->now + VRRP_ONCE;
		rules_send(t);
	}
	if (t->now >= e->reannounce_at) {
		e->reannounce_at = t->now + VRRP_ONCE;
		t->step->actions |= VRRP_REANNOUNCE;
	}
}

void
vrule_restore(struct turn *t)
{
	if (t->e->state == VRRP_STATE_LEAVING && t->e->has_successor)
		return; /* it is the successor's */
	t->step->actions |= VRRP_ADD;
	if (t->now < t->e->reannounce_at)
		return;
	t->e->reannounce_at = t->now + VRRP_ONCE;
	t->step->actions |= VRRP_REANNOUNCE | VRRP_REPORT;
	t->step->reason = VRRP_REASON_ADDRESS_LOST;
}

void
vrule_sweep(struct turn *t)
{
	t->step->actions |= VRRP_DELETE;
}
