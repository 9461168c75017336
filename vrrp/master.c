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
