/* SPDX-License-Identifier: BSD-2-Clause */
/* Start, faults, priority, end: the rules that more than one state has. */
#include "vrrp/rules.h"

void
vrule_none(struct turn *t)
{
	(void)t;
}

void
vrule_refuse(struct turn *t)
{
	rules_refuse(t, VRRP_REASON_NOT_NOW);
}

/* RFC 5798 6.4.1 waits three intervals of our own. A node that is set to 100 ms beside an owner that is
 * still at a second would serve beside it for a moment, each time that it starts. */
static void
listen_first(struct turn *t)
{
	struct vrrp_election *e = t->e;

	rules_adopt(t);
	rules_to_backup(t, VRRP_REASON_START);
	if (e->conf.version == 3 && t->ev->interval_ns == 0 && e->down_at < t->now + VRRP_LISTEN)
		e->down_at =
		    t->now + VRRP_LISTEN + vrrp_skew_ns(3, e->priority, e->conf.interval_ns);
}

void
vrule_begin(struct turn *t)
{
	struct vrrp_election *e = t->e;

	e->self = t->ev->source;
	if (e->faulty)
		rules_enter(t, VRRP_STATE_FAULT, VRRP_REASON_FAULT);
	else if (e->priority == RULES_OWNER)
		rules_to_master(t, VRRP_REASON_OWNER);
	else
		listen_first(t);
}

/* Nobody noticed that the process was gone: the address is there, the others still wait. */
void
vrule_adopt(struct turn *t)
{
	t->e->self = t->ev->source;
	if (t->e->faulty)
		rules_enter(t, VRRP_STATE_FAULT, VRRP_REASON_FAULT);
	else
		rules_to_master(t, VRRP_REASON_ADOPTED);
}

void
vrule_fault(struct turn *t)
{
	t->e->faulty = true;
	if (t->e->state != VRRP_STATE_INIT)
		rules_enter(t, VRRP_STATE_FAULT, VRRP_REASON_FAULT);
}

void
vrule_give_up(struct turn *t)
{
	t->step->actions |= VRRP_SEND_ZERO;
	rules_drop(t);
	vrule_fault(t);
}

void
vrule_no_fault(struct turn *t)
{
	t->e->faulty = false;
}

/* What was heard during the fault is old: a whole wait. */
void
vrule_recover(struct turn *t)
{
	t->e->faulty = false;
	if (t->e->released)
		rules_to_released(t, VRRP_REASON_RECOVERED);
	else
		rules_to_backup(t, VRRP_REASON_RECOVERED);
}

void
vrule_end(struct turn *t)
{
	rules_to_init(t);
}

/* A running wait moves with the priority, whatever began it. */
void
vrule_set(struct turn *t)
{
	struct vrrp_election *e = t->e;
	uint8_t priority = t->ev->priority;
	int64_t before = rules_down(e);

	/* 255 says whose the addresses are; nothing that is tracked changes it or makes it. */
	if (e->conf.priority == RULES_OWNER)
		priority = RULES_OWNER;
	else if (priority == 0 || priority == RULES_OWNER)
		priority = priority == 0 ? 1 : RULES_OWNER - 1;
	if (priority == e->priority)
		return;
	e->priority = priority;
	t->step->actions |= VRRP_REPORT;
	t->step->reason = VRRP_REASON_PRIORITY;
	if (e->down_at == VRRP_NEVER)
		return;
	e->down_at += rules_down(e) - before;
	if (e->down_at < t->now)
		e->down_at = t->now;
}
