/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/vrrp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

uint32_t
world_random(struct world *w, uint32_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 32) % below;
}

static struct addr
address(unsigned n)
{
	struct addr a = {.in = {.sin_family = AF_INET}};

	a.in.sin_addr.s_addr = htonl(0x0a000001 + n);
	return a;
}

void
world_init(struct world *w)
{
	memset(w, 0, sizeof *w);
	w->random = 88172645463325252u;
	w->now = 10 * VRRP_SECOND;
	w->delay_min = MS / 5;
	w->delay_max = MS;
	for (unsigned n = 0; n < NODES; n++) {
		w->node[n].conf = (struct vrrp_router){
		    .version = 3,
		    .priority = (uint8_t)(254 - 10 * n),
		    .preempt = true,
		    .interval_ns = VRRP_SECOND,
		    .lifetime_ns = 3 * VRRP_SECOND,
		};
		w->node[n].paused_at = -1;
		vrrp_election_init(&w->node[n].e, &w->node[n].conf);
	}
}

static void
send_all(struct world *w, unsigned from, uint8_t priority, int64_t interval_ns)
{
	struct flight *f;

	for (unsigned to = 0; to < NODES; to++) {
		if (to == from || w->cut[from][to] || world_random(w, 1000) < w->loss)
			continue;
		assert_true(w->n_flights < FLIGHTS);
		f = &w->flight[w->n_flights++];
		*f = (struct flight){
		    .at = w->now + w->delay_min +
			  world_random(w, (uint32_t)(w->delay_max - w->delay_min) + 1),
		    .from = from,
		    .to = to,
		    .priority = priority,
		    .interval_ns = interval_ns,
		    .rejected = w->strange[from][to],
		};
	}
}

static void
count_advert(struct node *me, int64_t now)
{
	if (me->adverts++ > 0 && now - me->last_sent > me->gap_max)
		me->gap_max = now - me->last_sent;
	me->last_sent = now;
}

static void
perform(struct world *w, unsigned n, const struct vrrp_step *s)
{
	struct node *me = &w->node[n];

	if (s->actions & VRRP_SEND_ZERO) {
		me->zeros++;
		send_all(w, n, 0, me->conf.interval_ns);
	}
	if (s->actions & VRRP_EARLY_ADD)
		me->holds = true;
	if (s->actions & VRRP_SEND) {
		count_advert(me, w->now);
		assert_true(s->priority > 0);
		send_all(w, n, s->priority, s->interval_ns);
	}
	if (s->actions & VRRP_RESET) {
		me->resets++;
		assert_true(me->holds); /* while the addresses are local */
	}
	if (s->actions & VRRP_DELETE)
		me->holds = false;
	if (s->actions & VRRP_ADD)
		me->holds = true;
	me->announces += (s->actions & VRRP_ANNOUNCE) != 0;
	me->reannounces += (s->actions & VRRP_REANNOUNCE) != 0;
	me->transitions += s->from != s->to;
	if (s->from != s->to)
		me->last_sent = w->now;
}

struct vrrp_step
world_tell(struct world *w, unsigned n, const struct vrrp_event *ev)
{
	struct node *me = &w->node[n];
	struct vrrp_step s = vrrp_election_step(&me->e, ev, w->now);

	perform(w, n, &s);
	me->last = s;
	/* Whatever happens: who serves holds the addresses and nobody else, and no timer is stuck. */
	assert_int_equal(me->holds, vrrp_state_serves(s.to));
	assert_int_equal(s.to, me->e.state);
	assert_true(s.deadline > w->now || ev->kind != VRRP_EV_TIMER);
	assert_true(s.deadline >= 0);
	assert_true(s.deadline == VRRP_NEVER || s.deadline < w->now + 2000 * VRRP_SECOND);
	assert_true(
	    (s.deadline == VRRP_NEVER) ==
	    ((s.to == VRRP_STATE_INIT || s.to == VRRP_STATE_FAULT) && me->e.degraded == VRRP_GOOD));
	return s;
}

struct vrrp_step
world_say(struct world *w, unsigned n, enum vrrp_kind kind)
{
	const struct vrrp_event ev = {.kind = kind, .source = address(n)};

	return world_tell(w, n, &ev);
}

void
world_start(struct world *w, unsigned n)
{
	struct node *me = &w->node[n];

	vrrp_election_init(&me->e, &me->conf);
	me->running = true;
	me->holds = false;
	me->paused_at = -1;
	world_say(w, n, VRRP_EV_START);
}

void
world_kill(struct world *w, unsigned n)
{
	w->node[n].running = w->node[n].holds = false;
	w->node[n].paused_at = -1;
	vrrp_election_init(&w->node[n].e, &w->node[n].conf);
	for (unsigned i = 0; i < w->n_flights;)
		if (w->flight[i].to == n)
			w->flight[i] = w->flight[--w->n_flights];
		else
			i++;
}

void
world_pause(struct world *w, unsigned n)
{
	if (w->node[n].running && w->node[n].paused_at < 0)
		w->node[n].paused_at = w->now;
}

static void
deliver(struct world *w, const struct flight *f)
{
	const struct vrrp_event ev = {
	    .kind = f->rejected ? VRRP_EV_REJECTED : VRRP_EV_ADVERT,
	    .priority = f->priority,
	    .source = address(f->from),
	    .interval_ns = f->interval_ns,
	    .verdict = f->rejected ? VRRP_VERSION : VRRP_GOOD,
	};

	world_tell(w, f->to, &ev);
}

/* The flight that lands next at a node that runs, -1: none. */
static int
next_flight(const struct world *w)
{
	int first = -1;

	for (unsigned i = 0; i < w->n_flights; i++)
		if (w->node[w->flight[i].to].paused_at < 0 &&
		    (first < 0 || w->flight[i].at < w->flight[first].at))
			first = (int)i;
	return first;
}

static void
land(struct world *w, int i)
{
	struct flight f = w->flight[i];

	w->flight[i] = w->flight[--w->n_flights];
	if (w->node[f.to].running)
		deliver(w, &f);
}

void
world_resume(struct world *w, unsigned n, bool told)
{
	struct node *me = &w->node[n];
	struct vrrp_event ev = {.kind = VRRP_EV_RESUMED, .pause_ns = w->now - me->paused_at};
	int i;

	if (me->paused_at < 0)
		return;
	me->paused_at = -1;
	if (told)
		world_tell(w, n, &ev);
	/* What waited lands first. */
	while ((i = next_flight(w)) >= 0 && w->flight[i].at <= w->now)
		land(w, i);
	world_say(w, n, VRRP_EV_TIMER);
}

static void
advance(struct world *w, int64_t to)
{
	unsigned holders = 0;

	for (unsigned n = 0; n < NODES; n++)
		holders += w->node[n].holds && w->node[n].paused_at < 0;
	if (holders > 1)
		w->shared += to - w->now;
	w->now = to;
}

/* The node whose timer is due first, -1: none. */
static int
next_timer(const struct world *w)
{
	int first = -1;

	for (unsigned n = 0; n < NODES; n++)
		if (w->node[n].running && w->node[n].paused_at < 0 &&
		    (first < 0 || vrrp_election_deadline(&w->node[n].e) <
				      vrrp_election_deadline(&w->node[first].e)))
			first = (int)n;
	return first;
}

void
world_run(struct world *w, int64_t ns)
{
	int64_t end = w->now + ns, timer_at, flight_at;
	int timer, flight;

	for (;;) {
		timer = next_timer(w);
		flight = next_flight(w);
		timer_at = timer < 0 ? VRRP_NEVER : vrrp_election_deadline(&w->node[timer].e);
		flight_at = flight < 0 ? VRRP_NEVER : w->flight[flight].at;
		if (timer_at > end && flight_at > end)
			break;
		if (flight_at <= timer_at) {
			advance(w, flight_at > w->now ? flight_at : w->now);
			land(w, flight);
		} else {
			advance(w, timer_at > w->now ? timer_at : w->now);
			world_say(w, (unsigned)timer, VRRP_EV_TIMER);
		}
	}
	advance(w, end);
}

int
world_master(const struct world *w)
{
	int master = -1;

	for (unsigned n = 0; n < NODES; n++) {
		if (!w->node[n].running || !vrrp_state_serves(w->node[n].e.state))
			continue;
		if (master >= 0)
			return -1;
		master = (int)n;
	}
	return master;
}
