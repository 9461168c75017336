/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The election of one virtual router on one node; pure: events and the time in, actions and a deadline
 * out. RFC 5798 section 6 (version 2: RFC 3768), and what these do not have: planned moves without a
 * gap, adverts that we must reject but that show an owner, and a node that stood still. Which event
 * does what in which state is one table, vrrp/tbl/rule.h.
 *
 * All times are nanoseconds, moments those of CLOCK_MONOTONIC, so that skews of 10 ms adverts differ.
 * What waits in the socket is told before TIMER: a timer that is late because this process was must not
 * decide before it has heard what came meanwhile.
 */
#ifndef KHA_VRRP_ELECTION_H
#define KHA_VRRP_ELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "vrrp/packet.h"

#define VRRP_NEVER     INT64_MAX
#define VRRP_SECOND    INT64_C(1000000000)
#define VRRP_LOST      3	   /* adverts that may be missed (Master_Down_Interval) */
#define VRRP_LEAVE     VRRP_SECOND /* waiting for a successor */
#define VRRP_ONCE      VRRP_SECOND /* between two answers to peers that lose */
#define VRRP_ZEROS_MAX 10	   /* answers to priority 0 within a second */
/* Listening at first, at least: an owner with the usual interval is heard once, and its interval known. */
#define VRRP_LISTEN (VRRP_SECOND * 11 / 10)
/* Both serve: from the add to the outbid; and from the successor's advert on, which comes before it has told
 * the clients: Keepalived's gratuitous ARP has been seen 15 ms later. */
#define VRRP_LINGER   (VRRP_SECOND / 50)
#define VRRP_SERVE_ON (VRRP_SECOND / 25)

enum vrrp_state {
#define STATE(name, word, serves, help) VRRP_STATE_##name,
#include "shm/tbl/vip_state.h"
#undef STATE
	VRRP_STATES
};

enum vrrp_reason {
#define REASON(name, text) VRRP_REASON_##name,
#include "vrrp/tbl/reason.h"
#undef REASON
	VRRP_REASONS
};

enum vrrp_kind {
#define RULE(event, ...) VRRP_EV_##event,
#include "vrrp/tbl/rule.h"
#undef RULE
	VRRP_KINDS
};

struct vrrp_event {
	enum vrrp_kind kind;
	uint8_t priority;   /* ADVERT, REJECTED: the packet's; PRIORITY: the new one */
	struct addr source; /* START, ADOPT: ours; ADVERT: the peer's */
	/* ADVERT, REJECTED: the packet's; START: that of the owner that an earlier process heard; 0 if not
	 * known */
	int64_t interval_ns;
	int64_t pause_ns;	   /* RESUMED: how long this node stood still */
	enum vrrp_verdict verdict; /* REJECTED: why; ADVERT: GOOD or ADDRESSES */
};

/* To be done in this order. RESET comes before DELETE so that the resets still leave from the
 * address; a new owner speaks before it adds, so that a loser lets go first; who takes it from an
 * owner that lives adds early, so that the clients are here when that one lets go. */
enum vrrp_action {
	VRRP_SEND_ZERO = 1 << 0,  /* an advert with priority 0, to all peers */
	VRRP_EARLY_ADD = 1 << 1,  /* add the addresses, and announce them, before any advert */
	VRRP_SEND = 1 << 2,	  /* an advert with step.priority, to all peers */
	VRRP_RESET = 1 << 3,	  /* reset the connections of clients to the addresses */
	VRRP_DELETE = 1 << 4,	  /* the addresses, wherever they are present */
	VRRP_ADD = 1 << 5,	  /* the addresses */
	VRRP_ANNOUNCE = 1 << 6,	  /* begin the schedule of gratuitous ARP or NA */
	VRRP_REANNOUNCE = 1 << 7, /* one of them now */
	VRRP_REFUSED = 1 << 8, /* the order (RELEASE, TAKE) is not carried out, or was taken back */
	VRRP_REPORT = 1 << 9,  /* state, priority or DEGRADED changed: see reason */
	VRRP_DONE = 1 << 10,   /* after STOP: nothing is left to do */
};

struct vrrp_step {
	unsigned actions;
	enum vrrp_state from, to;
	enum vrrp_reason reason; /* of the change or refusal */
	uint8_t priority;	 /* for SEND */
	int64_t interval_ns;	 /* for SEND: our own; of a last word the new owner's */
	int64_t deadline;	 /* when TIMER is due, VRRP_NEVER: not at all */
};

struct vrrp_router {
	uint8_t version;  /* 2 or 3 */
	uint8_t priority; /* 1..255 */
	bool preempt;
	bool peers_speak;    /* PEER tells of living backups, which are silent in VRRP itself */
	int64_t interval_ns; /* 10 ms..255 s */
	int64_t preempt_delay_ns; /* 0: none */
	int64_t lifetime_ns;	  /* of the addresses in the kernel; 0: they stay */
};

/* Fields are to be read, not to be changed. */
struct vrrp_election {
	struct vrrp_router conf;
	enum vrrp_state state;
	struct addr self;
	uint8_t priority; /* effective */
	uint8_t bid; /* TAKING: what outbids the owner; MASTER after it: the owner's; 0: none */
	int owner;   /* priority of the owner that was heard last; 0: it left; -1: not known */
	bool alien;  /* whose last sign of life was an advert that we reject */
	bool faulty, released, has_successor;
	enum vrrp_state after;	    /* LEAVING: what comes next */
	enum vrrp_verdict degraded; /* GOOD: it is not */
	int64_t owner_ns;	    /* interval of the owner (version 3), else ours */
	/* Moments. */
	int64_t heard_at;      /* any sign of life of a peer */
	int64_t owner_at;      /* an advert that is not a farewell, accepted or not */
	int64_t owner_pace_ns; /* and the interval that it named, else ours */
	int64_t sent_at;       /* our last advert */
	int64_t zeros_at;      /* the second in which `zeros` answers were given began */
	unsigned zeros;
	int64_t readvert_at, reannounce_at; /* not before */
	int64_t rival_from, rival_at; /* MASTER: the first and the last advert of a worse owner */
	int64_t preempt_at;	      /* NEVER: nobody to preempt */
	/* Deadlines, NEVER if they do not run. */
	int64_t advert_at, down_at, until, degraded_until;
};

/* (256 - priority) / 256 of a second (RFC 3768 5.3.6) or of the interval (RFC 5798 6.1). */
int64_t vrrp_skew_ns(unsigned version, unsigned priority, int64_t interval_ns);
/* Three intervals and the skew. */
int64_t vrrp_down_ns(unsigned version, unsigned priority, int64_t interval_ns);

/* INIT; conf is copied. Waits for START: node address known, workers ready. */
void vrrp_election_init(struct vrrp_election *e, const struct vrrp_router *conf);

/* One event at now_ns, which never goes back. Early or repeated TIMERs do no harm. */
struct vrrp_step vrrp_election_step(
    struct vrrp_election *e, const struct vrrp_event *ev, int64_t now_ns);

/* What adverts say: the effective priority, or the bid. */
uint8_t vrrp_election_priority(const struct vrrp_election *e);
int64_t vrrp_election_deadline(const struct vrrp_election *e);

const char *vrrp_state_name(enum vrrp_state s);
bool vrrp_state_serves(enum vrrp_state s);
const char *vrrp_reason_text(enum vrrp_reason r);

#endif
