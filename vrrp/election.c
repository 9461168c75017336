/* SPDX-License-Identifier: BSD-2-Clause */
#include "vrrp/election.h"

#include <string.h>

#include "vrrp/rules.h"

#define LONG_AGO (INT64_MIN / 2)

int64_t
vrrp_skew_ns(unsigned version, unsigned priority, int64_t interval_ns)
{
	return (256 - (int64_t)priority) * (version == 2 ? VRRP_SECOND : interval_ns) / 256;
}

int64_t
vrrp_down_ns(unsigned version, unsigned priority, int64_t interval_ns)
{
	return VRRP_LOST * interval_ns + vrrp_skew_ns(version, priority, interval_ns);
}

void
vrrp_election_init(struct vrrp_election *e, const struct vrrp_router *conf)
{
	*e = (struct vrrp_election){
	    .conf = *conf,
	    .state = VRRP_STATE_INIT,
	    .priority = conf->priority,
	    .owner = -1,
	    .degraded = VRRP_GOOD,
	    .owner_ns = conf->interval_ns,
	    .heard_at = LONG_AGO,
	    .owner_at = LONG_AGO,
	    .sent_at = LONG_AGO,
	    .zeros_at = LONG_AGO,
	    .rival_from = LONG_AGO,
	    .rival_at = LONG_AGO,
	    .readvert_at = LONG_AGO,
	    .reannounce_at = LONG_AGO,
	    .preempt_at = VRRP_NEVER,
	    .advert_at = VRRP_NEVER,
	    .down_at = VRRP_NEVER,
	    .until = VRRP_NEVER,
	    .degraded_until = VRRP_NEVER,
	};
}

/* What every packet says, whatever the state does with it. */
static void
note_packet(struct turn *t)
{
	const struct vrrp_event *ev = t->ev;
	struct vrrp_election *e = t->e;

	if (ev->verdict == VRRP_VRID || ev->verdict == VRRP_SELF)
		return;
	if (vrrp_verdict_is_heard(ev->verdict)) {
		e->heard_at = t->now;
		if (ev->priority > 0) {
			e->owner_at = t->now;
			e->owner_pace_ns =
			    ev->interval_ns > 0 ? ev->interval_ns : e->conf.interval_ns;
			e->alien = ev->kind == VRRP_EV_REJECTED;
		}
	}
	if (ev->verdict != VRRP_GOOD)
		rules_degrade(t, ev->verdict);
	if (ev->kind == VRRP_EV_ADVERT)
		e->owner = ev->priority;
}

/* Since its last advert, or by the lateness of the next one. A third of the lifetime: refreshes come
 * every sixth, and one that is older than half must not be repeated. */
static bool
stood_still(const struct turn *t)
{
	const struct vrrp_election *e = t->e;
	int64_t late = t->now - e->advert_at, pause = t->now - e->sent_at;

	if (e->state != VRRP_STATE_MASTER && e->state != VRRP_STATE_TAKING)
		return false;
	if (t->ev->kind == VRRP_EV_RESUMED) {
		pause = pause > t->ev->pause_ns ? pause : t->ev->pause_ns;
		late = late > t->ev->pause_ns ? late : t->ev->pause_ns;
	}
	return pause >= VRRP_LOST * e->conf.interval_ns ||
	       (e->conf.lifetime_ns > 0 && late > e->conf.lifetime_ns / 3);
}

int64_t
vrrp_election_deadline(const struct vrrp_election *e)
{
	const int64_t all[] = {e->advert_at, e->down_at, e->until, e->degraded_until};
	int64_t first = VRRP_NEVER;

	for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] < first)
			first = all[i];
	return first;
}

uint8_t
vrrp_election_priority(const struct vrrp_election *e)
{
	return e->bid > e->priority ? e->bid : e->priority;
}

struct vrrp_step
vrrp_election_step(struct vrrp_election *e, const struct vrrp_event *ev, int64_t now_ns)
{
	struct vrrp_step step = {.from = e->state, .interval_ns = e->conf.interval_ns};
	struct turn t = {e, ev, now_ns, &step};

	if (now_ns >= e->degraded_until) {
		e->degraded = VRRP_GOOD;
		e->degraded_until = VRRP_NEVER;
		rules_report(&t, VRRP_REASON_FITS);
	}
	if (stood_still(&t))
		rules_step_back(&t);
	if (ev->kind == VRRP_EV_ADVERT || ev->kind == VRRP_EV_REJECTED)
		note_packet(&t);
	else if (ev->kind == VRRP_EV_PEER)
		e->heard_at = now_ns;
	rules_apply(&t);
	step.to = e->state;
	step.priority = vrrp_election_priority(e);
	step.deadline = vrrp_election_deadline(e);
	return step;
}

static const struct {
	const char *name;
	bool serves;
} states[] = {
#define STATE(name, word, serves, help) {#name, serves},
#include "shm/tbl/vip_state.h"
#undef STATE
};

static const char *const reasons[] = {
#define REASON(name, text) text,
#include "vrrp/tbl/reason.h"
#undef REASON
};

const char *
vrrp_state_name(enum vrrp_state s)
{
	return states[s].name;
}

bool
vrrp_state_serves(enum vrrp_state s)
{
	return states[s].serves;
}

const char *
vrrp_reason_text(enum vrrp_reason r)
{
	return reasons[r];
}
