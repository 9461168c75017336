/* SPDX-License-Identifier: BSD-2-Clause */
/* Between election.c and the rules: one event on its way through the table. */
#ifndef KHA_VRRP_RULES_H
#define KHA_VRRP_RULES_H

#include "vrrp/election.h"

#define RULES_OWNER 255 /* RFC 5798 6.1: the priority of who has the addresses as its own */

struct turn {
	struct vrrp_election *e;
	const struct vrrp_event *ev;
	int64_t now;
	struct vrrp_step *step;
};

/* What vrrp/tbl/rule.h says for this event in this state. */
void rules_apply(struct turn *t);

/* Interval of the owner if one was heard, else ours, and the whole wait that follows from it. */
int64_t rules_interval(const struct vrrp_election *e);
int64_t rules_down(const struct vrrp_election *e);

/* The only place where the timer of adverts is touched: no packet that comes can silence us. */
void rules_send(struct turn *t);

/* Every change of state. All deadlines of the old one end, and the addresses go or come. */
void rules_enter(struct turn *t, enum vrrp_state state, enum vrrp_reason reason);
void rules_drop(struct turn *t); /* before: what the old state served */
void rules_to_backup(struct turn *t, enum vrrp_reason reason);
void rules_to_master(struct turn *t, enum vrrp_reason reason);
/* From an owner that lives: clients first, so that they are here when it lets go; then the advert. */
void rules_preempt(struct turn *t, enum vrrp_reason reason);
void rules_to_released(struct turn *t, enum vrrp_reason reason);
void rules_to_init(struct turn *t);

/* A node that serves stood still so long that a peer may have taken over, or that the kernel may
 * have taken the addresses: out, and listen. */
void rules_step_back(struct turn *t);

void rules_refuse(struct turn *t, enum vrrp_reason reason);

/* Beside a change of state, whose reason stays. */
void rules_report(struct turn *t, enum vrrp_reason reason);
/* An advert does not fit. The first reason stays while there is any: two that alternate must not be
 * two reports a packet. */
void rules_degrade(struct turn *t, enum vrrp_verdict why);

/* The interval of the owner that sent this advert. */
void rules_adopt(struct turn *t);
/* True: the sender of this advert is the better owner, and we are out. */
bool rules_yields(struct turn *t);

void vrule_none(struct turn *t);
void vrule_refuse(struct turn *t);
void vrule_begin(struct turn *t);
void vrule_adopt(struct turn *t);
void vrule_fault(struct turn *t);
void vrule_give_up(struct turn *t);
void vrule_no_fault(struct turn *t);
void vrule_recover(struct turn *t);
void vrule_end(struct turn *t);
void vrule_listen(struct turn *t);
void vrule_hold(struct turn *t);
void vrule_wait(struct turn *t);
void vrule_promote(struct turn *t);
void vrule_relisten(struct turn *t);
void vrule_step_aside(struct turn *t);
void vrule_rejoin(struct turn *t);
void vrule_undo(struct turn *t);
void vrule_follow(struct turn *t);
void vrule_set(struct turn *t);
void vrule_advertise(struct turn *t);
void vrule_contest(struct turn *t);
void vrule_restore(struct turn *t);
void vrule_sweep(struct turn *t);
void vrule_hand_over(struct turn *t);
void vrule_succeeded(struct turn *t);
void vrule_leave(struct turn *t);
void vrule_hurry(struct turn *t);
void vrule_depart(struct turn *t);
void vrule_cut(struct turn *t);
void vrule_take(struct turn *t);
void vrule_outbid(struct turn *t);
void vrule_bid(struct turn *t);

#endif
