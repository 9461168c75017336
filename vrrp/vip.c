/* SPDX-License-Identifier: BSD-2-Clause */
/* One VIP: what happens goes to the election, what the election answers is done here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "shm/stat.h"
#include "vrrp/internal.h"

/* So long workers have for resetting clients while the address is still there. */
#define RESET_NS (VRRP_SECOND / 50)

static struct stat_vip *
stat_of(const struct vip *p)
{
	return &p->v->seg->vrrp->stat[p->cell_index];
}

static const char *
name_of(const struct vip *p)
{
	return p->plan.conf->name;
}

/* ---- what others see ---- */

static void
fault_text(const struct vip *p, char *buf, size_t size)
{
	const char *text = "";

	if (!p->plan.takes_part)
		text =
		    p->v->self < 0 ? "no address of nodes is local" : "this node is not in order";
	else if (p->faults & FAULT_WORKERS)
		text = "no worker lives and accepts";
	else if (p->faults & FAULT_LINK)
		text = "interface down, or the node's address is not there";
	else if (p->faults & FAULT_TRACKED) {
		snprintf(buf, size, "tracked interface %s is down", p->down);
		return;
	} else if (p->faults & FAULT_SCRIPT)
		text = "a tracked script fails";
	else if (p->faults & FAULT_CLAIM)
		text = "somebody deletes the address again and again";
	else if (p->faults & FAULT_SYSTEM)
		text = "the kernel does not take the address";
	else if (p->faults & FAULT_GROUP)
		text = "another VIP of the group has a fault";
	snprintf(buf, size, "%s", text);
}

void
vip_publish(struct vip *p)
{
	struct shm_vip *c = &p->cell;
	struct shm_vrrp *region = p->v->seg->vrrp;
	const struct vrrp_election *e = &p->election;

	c->state = e->state;
	c->priority = e->priority;
	c->owner_priority = e->owner > 0 ? (uint32_t)e->owner : 0;
	c->owner_advert_ms = e->owner > 0 ? (uint32_t)(e->owner_ns / 1000000) : p->owner_advert_ms;
	c->ifindex = p->ifindex;
	c->self = p->joined ? p->wire.self : (struct addr){.sa.sa_family = AF_UNSPEC};
	c->self_ifindex = p->joined ? p->wire.ifindex : 0;
	c->present = p->present;
	c->released = e->released || p->released;
	c->leased_us = p->leased_at / 1000;
	c->heard_us = e->heard_at > 0 ? e->heard_at / 1000 : 0;
	fault_text(p, c->fault, sizeof c->fault);
	snprintf(c->degraded, sizeof c->degraded, "%s",
	    e->degraded != VRRP_GOOD ? vrrp_verdict_help(e->degraded) : "");
	SEQ_STORE(&region->vip[p->cell_index], c);
}

/* Keepalived's words, which monitoring looks for, then why. */
static void
report(struct vip *p, const struct vrrp_step *step, int64_t now)
{
	static const char *const entering[VRRP_STATES] = {
#define STATE(name, word, serves, help) "Entering " word " STATE",
#include "shm/tbl/vip_state.h"
#undef STATE
	};
	const struct vrrp_election *e = &p->election;
	char heard[48] = "", fault[96] = "", from[ADDR_TEXT];

	if (step->from == step->to && step->reason == VRRP_REASON_PRIORITY) {
		log_notice("vip %s: Changing effective priority from %u to %u", name_of(p),
		    p->cell.priority, e->priority);
		return;
	}
	if (step->from == step->to) {
		if (step->reason == VRRP_REASON_DEGRADED)
			log_warning("vip %s: DEGRADED: %s: %s, the first from %s", name_of(p),
			    vrrp_reason_text(step->reason), vrrp_verdict_help(e->degraded),
			    addr_print_ip(&p->misfit, from, sizeof from));
		else
			log_notice("vip %s: %s", name_of(p), vrrp_reason_text(step->reason));
		return;
	}
	if (e->heard_at > 0)
		snprintf(heard, sizeof heard, ", last heard of a peer %lld ms ago",
		    (long long)((now - e->heard_at) / 1000000));
	if (step->to == VRRP_STATE_FAULT)
		fault_text(p, fault, sizeof fault);
	log_notice("vip %s: %s (%s): %s%s%s, priority %u%s", name_of(p), entering[step->to],
	    vrrp_state_name(step->to), vrrp_reason_text(step->reason), *fault != '\0' ? ": " : "",
	    fault, vrrp_election_priority(e), heard);
	p->cell.since_us = now / 1000;
	snprintf(p->cell.reason, sizeof p->cell.reason, "%s", vrrp_reason_text(step->reason));
	STAT_ADD(stat_of(p), transitions, 1);
	seg_tell_vip(p->v->seg->vrrp, p->cell_index, step->to, e->priority);
	if (step->to == VRRP_STATE_MASTER)
		STAT_ADD(stat_of(p), became_master, 1);
}

/* ---- actions ---- */

/* False: the kernel does not take the addresses. */
static bool
add(struct vip *p, int64_t now)
{
	p->reset_at = p->delete_at = VRRP_NEVER;
	return hold_set(p, now) == 0;
}

static void
reset_clients(struct vip *p, int64_t now)
{
	p->reset_at = VRRP_NEVER;
	p->delete_at = now + RESET_NS;
	p->cell.reset_us = now / 1000;
	vip_publish(p);
	atomic_fetch_add_explicit(&p->v->seg->vrrp->resets, 1, memory_order_release);
	seg_wake_workers(p->v->seg, p->v->h->wake_fds);
}

/* Clients are reset while the address is still there. Who gives way to a better node has clients that
 * came a moment ago and do not know of that one yet: they may have their answer first. */
static void
let_go(struct vip *p, const struct vrrp_step *step, int64_t now)
{
	p->lease_at = p->announce_at = VRRP_NEVER;
	if (!(step->actions & VRRP_RESET))
		hold_delete(p);
	else if (step->reason == VRRP_REASON_HIGHER || step->reason == VRRP_REASON_TIE)
		p->reset_at = now + RESET_NS;
	else
		reset_clients(p, now);
}

static bool
perform(struct vip *p, const struct vrrp_step *step, int64_t now)
{
	bool good = true;

	if (step->actions & VRRP_SEND_ZERO)
		vip_advert(p, 0, p->plan.advert.interval_us);
	if (step->actions & VRRP_EARLY_ADD) {
		good = add(p, now);
		if (!(step->actions & VRRP_ANNOUNCE))
			hold_announce_now(p, now); /* else the schedule begins at once */
	}
	if (step->actions & VRRP_SEND)
		vip_advert(p, step->priority, (unsigned)(step->interval_ns / 1000));
	if (step->actions & VRRP_DELETE)
		let_go(p, step, now);
	if (step->actions & VRRP_ADD)
		good = add(p, now) && good;
	if (step->actions & VRRP_ANNOUNCE)
		hold_announce(p, now);
	if (step->actions & VRRP_REANNOUNCE)
		hold_announce_once(p);
	if (step->actions & VRRP_REPORT)
		report(p, step, now);
	if (step->actions & VRRP_REFUSED)
		log_notice("vip %s: refused: %s", name_of(p), vrrp_reason_text(step->reason));
	if ((step->actions & VRRP_DONE) && p->leaving)
		p->done = true;
	return good;
}

void
vip_event(struct vip *p, const struct vrrp_event *ev)
{
	int64_t now = vrrp_now();
	struct vrrp_step step = vrrp_election_step(&p->election, ev, now);
	bool good = perform(p, &step, now);

	/* The clients are the successor's: one more announcement of ours would take them back. */
	if (step.to == VRRP_STATE_LEAVING)
		p->announce_at = VRRP_NEVER;
	p->election_at = step.deadline;
	if (p->order != 0)
		vip_answer(p, &step);
	if (step.actions & (VRRP_REPORT | VRRP_ADD | VRRP_DELETE | VRRP_EARLY_ADD))
		vip_publish(p);
	if (good && step.from != step.to && step.to == VRRP_STATE_MASTER)
		group_follow(p);
	if (!good) {
		p->claim_at = now + 5 * VRRP_SECOND;
		vip_fault(p, FAULT_SYSTEM, true);
	}
}

void
vip_fault(struct vip *p, enum fault fault, bool on)
{
	unsigned before = p->faults;

	p->faults = on ? before | fault : before & ~(unsigned)fault;
	if ((before == 0) != (p->faults == 0)) {
		const struct vrrp_event ev = {.kind = on ? VRRP_EV_FAULT_ON : VRRP_EV_FAULT_OFF};

		vip_event(p, &ev);
	}
	if (before != p->faults)
		vip_publish(p);
}

/* ---- time ---- */

int64_t
vip_deadline(const struct vip *p)
{
	const int64_t all[] = {
	    p->election_at, p->lease_at, p->reset_at, p->delete_at, p->announce_at, p->claim_at};
	int64_t first = VRRP_NEVER;

	for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] < first)
			first = all[i];
	return first;
}

void
vip_turn(struct vip *p, int64_t now)
{
	const struct vrrp_event timer = {.kind = VRRP_EV_TIMER};
	int64_t late_ms;

	if (now >= p->election_at) {
		late_ms = (now - p->election_at) / 1000000;
		if ((uint64_t)late_ms > STAT_GET(stat_of(p), late_ms_max))
			STAT_SET(stat_of(p), late_ms_max, (uint64_t)late_ms);
		vip_event(p, &timer);
	}
	if (now >= p->reset_at)
		reset_clients(p, now);
	hold_turn(p, now);
	if (now >= p->claim_at) {
		p->claim_at = VRRP_NEVER;
		vip_fault(p, FAULT_CLAIM, false);
		vip_fault(p, FAULT_SYSTEM, false);
	}
}

/* ---- begin and end ---- */

/* What an earlier process left. Addresses that it held and we do not have go; those that we have are
 * adopted or swept later, see place.c. */
static void
inherit(struct vip *p, const struct shm_vip *old)
{
	const struct conf_addrs *all = &p->plan.conf->addresses;
	/* A node that is not known yet takes no part yet. */
	bool ours = p->plan.takes_part || p->v->self < 0;

	if (old->present || vrrp_state_serves((enum vrrp_state)old->state))
		hold_forget(p->v, old, ours ? all : NULL);
	if (ours && vip_share_address(old, all) && vrrp_state_serves((enum vrrp_state)old->state)) {
		p->leased_at = old->leased_us * 1000;
		p->ifindex = old->ifindex;
	}
	p->released = old->released;
	/* Of one that went long ago it says nothing. */
	if (vrrp_now() / 1000 - old->heard_us < (int64_t)VRRP_LOST * 1000 * old->owner_advert_ms)
		p->owner_advert_ms = old->owner_advert_ms;
	p->cell.reset_us = old->reset_us;
	p->cell.order_done = old->order_done;
}

void
vip_init(struct vip *p, struct vrrp *v, unsigned cell, const struct conf_vip *conf)
{
	struct shm_vip old = {0};
	uint64_t order;

	*p = (struct vip){
	    .v = v,
	    .cell_index = cell,
	    .wire.fd = -1,
	    .election_at = VRRP_NEVER,
	    .lease_at = VRRP_NEVER,
	    .reset_at = VRRP_NEVER,
	    .delete_at = VRRP_NEVER,
	    .announce_at = VRRP_NEVER,
	    .claim_at = VRRP_NEVER,
	};
	plan_vip(&p->plan, v->h->conf, conf, v->self);
	vrrp_election_init(&p->election, &p->plan.router);
	if (!SEQ_LOAD(&v->seg->ro->vrrp.r.vip[cell], &old) ||
	    strncmp(old.name, conf->name, SHM_NAME) != 0)
		old = (struct shm_vip){
		    .order_done = atomic_load_explicit(
			&v->seg->ro->head.r.vip_order[cell], memory_order_acquire)};
	inherit(p, &old);
	/* Always meant for an earlier process. */
	order = atomic_load_explicit(&v->seg->ro->head.r.vip_order[cell], memory_order_acquire);
	if (VIP_ORDER_VERB(order) == VIP_STOP)
		p->cell.order_done = order;
	snprintf(p->cell.name, sizeof p->cell.name, "%s", conf->name);
	for (unsigned i = 0; i < conf->addresses.n && i < SHM_VIP_ADDRS; i++)
		p->cell.address[p->cell.n_addresses++] = conf->addresses.v[i];
	p->cell.vrid = p->plan.advert.vrid;
	p->cell.version = p->plan.advert.version;
	p->cell.base_priority = p->plan.priority;
	p->cell.n_peers = p->plan.n_peers;
	p->cell.advert_ms = p->plan.advert.interval_us / 1000;
	p->cell.lifetime_ms = p->plan.lifetime_s * 1000;
	p->cell.since_us = vrrp_now() / 1000;
	p->tracked = p->plan.priority;
	p->faults = FAULT_WORKERS | FAULT_LINK;
	for (unsigned i = 0; i < conf->track.n_scripts; i++)
		if (conf->track.scripts[i].weight == 0)
			p->faults |= FAULT_SCRIPT;
}

void
vip_abandon(struct vip *p)
{
	bool serves = vrrp_state_serves(p->election.state);

	if (serves)
		vip_advert(p, 0, p->plan.advert.interval_us);
	if (serves || vip_is_going(p))
		hold_delete(p);
}
