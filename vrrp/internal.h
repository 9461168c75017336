/* SPDX-License-Identifier: BSD-2-Clause */
/* The vrrp process: one struct, and the struct of each VIP. */
#ifndef KHA_VRRP_INTERNAL_H
#define KHA_VRRP_INTERNAL_H

#include <ev.h>
#include <time.h>

#include "base/heritage.h"
#include "shm/seg.h"
#include "vrrp/announce.h"
#include "vrrp/link.h"
#include "vrrp/plan.h"
#include "vrrp/wire.h"

#define VRRP_BEAT_MS 250

/* Why a VIP cannot be held here; bits. */
enum fault {
	FAULT_WORKERS = 1,  /* no worker lives */
	FAULT_LINK = 2,	    /* an interface is down, or the node's address is gone */
	FAULT_CLAIM = 4,    /* somebody deletes the address again and again */
	FAULT_SCRIPT = 16,  /* a script of weight 0 fails */
	FAULT_SYSTEM = 8,   /* the kernel refuses the address */
	FAULT_TRACKED = 32, /* an interface of track.interfaces is down */
	FAULT_GROUP = 64,   /* another VIP of the group has a fault */
};

struct vip {
	struct vrrp *v;
	unsigned cell_index;
	struct plan_vip plan;
	struct vrrp_election election;

	/* Where it is: found again whenever links or addresses change. */
	bool joined; /* the wire is open */
	struct wire wire;
	struct ev_io io;
	unsigned ifindex; /* of the addresses */
	unsigned char mac[6];
	uint32_t owner_advert_ms; /* as an earlier process heard it; 0: it heard nobody */
	/* Who sent the last advert that was rejected or does not fit, or came to us as owner. */
	struct addr misfit;

	unsigned faults;   /* enum fault */
	const char *down;  /* with FAULT_TRACKED: that interface */
	uint8_t tracked;   /* priority with the weights of its own scripts */
	uint64_t order;	   /* shm_head.vip_order that is being carried out; 0: none */
	bool some_present; /* one of them at least, wherever */
	bool present;	   /* this node holds all addresses, as far as the kernel told */
	bool released;	   /* an earlier process was told to */
	bool leaving;	   /* STOP was told */
	bool stray_said;   /* an address that cannot be deleted */
	bool done;	   /* after STOP: nothing is left to do */
	int64_t
	    leased_at; /* all addresses live in the kernel at least from here on; 0: not added */
	/* Deadlines, VRRP_NEVER if they do not run. */
	int64_t election_at, lease_at, reset_at, delete_at, announce_at, claim_at;
	int64_t announce_from;
	unsigned announce_next; /* index in garp.schedule */
	unsigned tries;		/* at deleting */
	int64_t lost_from;	/* the minute in which `lost` deletions were met began */
	unsigned lost;

	struct shm_vip cell; /* what the segment says */
};

/* Does a worker accept? Only failures since `since`, and clients that come all that time. */
struct watch_accepts {
	uint64_t accepted, good, failed; /* its counters when they were read last */
	int64_t since, last; /* the first and the last failure; 0: the last attempt was good */
};

struct vrrp {
	const struct heritage *h;
	struct seg *seg;
	struct ev_loop *loop;
	struct link_nl *link;
	struct link_view view;
	struct announcer announcer;
	pid_t master;
	int timer_fd;	 /* CLOCK_MONOTONIC: the loop's own timers are a millisecond late */
	int self;	 /* index in nodes of this machine, -1: no address of it is here yet */
	bool waits_said; /* for that */
	int64_t look_at, looked_at; /* the next and the last place_look() */
	int64_t turned_at;	    /* last turn of the loop */
	int64_t no_worker_at;	    /* when the last one was gone; VRRP_NEVER: one lives */
	bool stopping;
	struct watch_accepts accepts[SHM_ENTRIES];
	struct vip vip[SHM_VIPS];
	unsigned n;
	struct ev_io wake, link_io, timer_io;
	struct ev_timer beat;
};

static inline int64_t
vrrp_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * VRRP_SECOND + ts.tv_nsec;
}

#define NO_WORKER_NS (VRRP_SECOND / 20) /* so long there may be none */

/* Its addresses are about to be deleted. */
static inline bool
vip_is_going(const struct vip *p)
{
	return p->reset_at != VRRP_NEVER || p->delete_at != VRRP_NEVER;
}

/* It does not serve, and has addresses all the same. */
static inline bool
vip_has_left_over(const struct vip *p)
{
	return p->plan.takes_part && p->some_present && !vrrp_state_serves(p->election.state) &&
	       !vip_is_going(p);
}

/* ---- watch.c ---- */

/* FAULT_WORKERS of all VIPs. no_worker_at is set while none lives. */
void watch_workers(struct vrrp *v, int64_t now);
/* FAULT_SCRIPT and the effective priority of all VIPs. */
void watch_scripts(struct vrrp *v);

/* ---- vip.c: one VIP ---- */

/* Takes over what the cell of an earlier process says, if it is about the same addresses. */
void vip_init(struct vip *p, struct vrrp *v, unsigned cell, const struct conf_vip *conf);
/* Tells the election, and does what it answers. */
void vip_event(struct vip *p, const struct vrrp_event *ev);
void vip_fault(struct vip *p, enum fault fault, bool on);
/* Deadlines that are due. */
void vip_turn(struct vip *p, int64_t now);
int64_t vip_deadline(const struct vip *p);
/* The master is dead: lets go, at once. */
void vip_abandon(struct vip *p);
void vip_publish(struct vip *p);
/* The node became known: everything follows from that anew. */
void vip_know_self(struct vip *p);
/* An earlier process held the addresses a moment ago: nobody has noticed its end. */
bool vip_may_adopt(const struct vip *p, int64_t now);

/* ---- talk.c ---- */

/* To all peers; priority 0 is a farewell. interval_us: what it says of the next one. */
void vip_advert(struct vip *p, uint8_t priority, unsigned interval_us);
/* Everything that waits in its socket. */
void vip_receive(struct vip *p);

/* ---- group.c: VIPs that move together ---- */

/* p became the owner's: so do the others, if they can. */
void group_follow(struct vip *p);
/* p has heard an owner: if another VIP of the group is here and this node is the better one, it comes. So a
 * group that was split, as by a VIP that a reload added, comes together on the better of its owners. */
void group_pull(struct vip *p);
/* An event of p that is one of the others too. */
void group_event(struct vip *p, const struct vrrp_event *ev);
/* FAULT_GROUP of all VIPs. */
void group_faults(struct vrrp *v);
/* The priority with the weights of all scripts of the group, which so stays together. */
uint8_t group_priority(const struct vip *p);

/* ---- outside.c ---- */

/* Is one address of that cell among these? */
bool vip_share_address(const struct shm_vip *cell, const struct conf_addrs *all);

/* ---- obey.c ---- */

/* Looks for an order of the operator. */
void vip_obey(struct vip *p);
/* The order under way may be done, or refused, with this step. */
void vip_answer(struct vip *p, const struct vrrp_step *step);

/* ---- place.c: on which interfaces, and what the kernel holds ---- */

/* After link_dump(): joins what can join now, notes what is up, present, lost. */
void place_look(struct vrrp *v);
void vip_leave(struct vip *p);

/* ---- hold.c: the addresses ---- */

/* Adds or refreshes all addresses. 0, or -errno of the first that the kernel did not take. */
int hold_set(struct vip *p, int64_t now);
/* Deletes those that are there. */
void hold_delete(struct vip *p);
void hold_announce(struct vip *p, int64_t now); /* begins the schedule */
/* The same, and the first time is now, whatever the schedule says, or when the kernel takes packets to all
 * addresses. */
void hold_announce_now(struct vip *p, int64_t now);
void hold_announce_once(struct vip *p);
void hold_turn(struct vip *p, int64_t now);
/* Deletes what an earlier process held and this configuration does not have (keep: what it has; NULL:
 * nothing). */
void hold_forget(struct vrrp *v, const struct shm_vip *cell, const struct conf_addrs *keep);

#endif
