/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/vrrp_one.h"

#include <stdlib.h>
#include <string.h>

static void
tell(struct one *o, struct vrrp_event ev)
{
	o->s = vrrp_election_step(&o->e, &ev, o->now);
}

static struct addr
host_addr(uint8_t host)
{
	struct addr a = {.in = {.sin_family = AF_INET}};

	a.in.sin_addr.s_addr = htonl(0x0a000000u + host);
	return a;
}

void
one_new(struct one *o)
{
	memset(o, 0, sizeof *o);
	o->conf = (struct vrrp_router){
	    .version = 3,
	    .priority = 100,
	    .preempt = true,
	    .interval_ns = VRRP_SECOND,
	    .lifetime_ns = 3 * VRRP_SECOND,
	};
	one_init(o);
}

void
one_init(struct one *o)
{
	o->now = T0;
	vrrp_election_init(&o->e, &o->conf);
}

void
one_say(struct one *o, enum vrrp_kind kind)
{
	tell(o, (struct vrrp_event){.kind = kind, .source = host_addr(5)});
}

void
one_priority(struct one *o, uint8_t priority)
{
	tell(o, (struct vrrp_event){.kind = VRRP_EV_PRIORITY, .priority = priority});
}

void
one_advert(struct one *o, uint8_t priority, uint8_t host, int64_t interval_ns)
{
	tell(o, (struct vrrp_event){
		    .kind = VRRP_EV_ADVERT,
		    .priority = priority,
		    .source = host_addr(host),
		    .interval_ns = interval_ns,
		});
}

void
one_reject(struct one *o, enum vrrp_verdict why, uint8_t priority, int64_t interval_ns)
{
	tell(o, (struct vrrp_event){
		    .kind = VRRP_EV_REJECTED,
		    .priority = priority,
		    .source = host_addr(9),
		    .interval_ns = interval_ns,
		    .verdict = why,
		});
}

void
one_resume(struct one *o, int64_t pause_ns)
{
	tell(o, (struct vrrp_event){.kind = VRRP_EV_RESUMED, .pause_ns = pause_ns});
}

void
one_timer(struct one *o)
{
	o->now = vrrp_election_deadline(&o->e);
	one_say(o, VRRP_EV_TIMER);
}

void
one_at(struct one *o, int64_t ns)
{
	o->now = T0 + ns;
	one_say(o, VRRP_EV_TIMER);
}

void
one_in(struct one *o, enum vrrp_state state)
{
	one_new(o);
	if (state == VRRP_STATE_INIT)
		return;
	one_say(o, VRRP_EV_START);
	if (state == VRRP_STATE_MASTER || state == VRRP_STATE_LEAVING)
		one_timer(o);
	else
		one_advert(o, 200, 9, VRRP_SECOND);
	if (state == VRRP_STATE_FAULT)
		one_say(o, VRRP_EV_FAULT_ON);
	if (state == VRRP_STATE_LEAVING || state == VRRP_STATE_RELEASED)
		one_say(o, VRRP_EV_RELEASE);
	if (state == VRRP_STATE_TAKING)
		one_say(o, VRRP_EV_TAKE);
	if (o->e.state != state)
		abort();
	/* Tests count from here. */
	o->e.advert_at -= o->e.advert_at == VRRP_NEVER ? 0 : o->now - T0;
	o->e.until -= o->e.until == VRRP_NEVER ? 0 : o->now - T0;
	o->e.sent_at -= o->now - T0;
	o->e.heard_at = o->e.heard_at < 0 ? o->e.heard_at : T0;
	o->now = T0;
}
