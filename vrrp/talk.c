/* SPDX-License-Identifier: BSD-2-Clause */
/* Adverts of one VIP: ours go out, those of others come in and become events. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "shm/stat.h"
#include "vrrp/internal.h"

#define RECEIVE_MAX 256 /* packets of one VIP a turn: the others want theirs too */

static struct stat_vip *
stat_of(const struct vip *p)
{
	return &p->v->seg->vrrp->stat[p->cell_index];
}

static void
send_to(struct vip *p, const struct addr *to, uint8_t priority, unsigned interval_us)
{
	uint8_t message[VRRP_PACKET_MAX];
	size_t len = plan_message(&p->plan, &p->wire.self, to, priority, interval_us, message);
	int rc;

	rc = len > 0 ? wire_send(&p->wire, to, message, len) : EINVAL;
	if (rc != 0) {
		/* A dead peer must not keep the others from hearing us. */
		STAT_ADD(stat_of(p), send_failed, 1);
		log_debug("vip %s: advert: %s", p->plan.conf->name, strerror(rc));
	} else if (priority == 0) {
		STAT_ADD(stat_of(p), zero_sent, 1);
	} else {
		STAT_ADD(stat_of(p), adverts_sent, 1);
	}
}

/* Stopped on the way out, so long that somebody else had taken over: it has given way to this advert, and
 * must not wait for three more. */
static bool
was_late(const struct vip *p)
{
	return vrrp_now() - p->election.sent_at >= VRRP_LOST * p->plan.router.interval_ns;
}

static void
send_to_all(struct vip *p, uint8_t priority, unsigned interval_us)
{
	if (p->plan.multicast)
		send_to(p, wire_group(p->plan.family), priority, interval_us);
	for (unsigned i = 0; i < p->plan.n_peers; i++)
		send_to(p, &p->plan.peers[i], priority, interval_us);
}

void
vip_advert(struct vip *p, uint8_t priority, unsigned interval_us)
{
	if (!p->joined)
		return;
	if (priority > 0)
		atomic_store_explicit(&p->v->seg->vrrp->sent_us[p->cell_index], vrrp_now() / 1000,
		    memory_order_relaxed);
	send_to_all(p, priority, interval_us);
	if (priority > 0 && was_late(p))
		send_to_all(p, 0, interval_us);
}

static void
take_packet(struct vip *p, const struct vrrp_datagram *d)
{
	struct vrrp_expect want = {
	    .own = p->plan.advert,
	    .self = p->wire.self,
	    .peers = p->plan.multicast ? NULL : p->plan.peers,
	    .n_peers = p->plan.n_peers,
	    .min_ttl = (uint8_t)p->plan.conf->min_ttl,
	};
	struct vrrp_event ev = {.kind = VRRP_EV_REJECTED, .source = d->src};
	struct vrrp_advert a = {0};
	struct vrrp_seen seen = {0};
	_Atomic uint64_t *counters = &stat_of(p)->adverts_received;
	bool owns = p->election.state == VRRP_STATE_MASTER;

	ev.verdict = vrrp_packet_parse(d, &want, &a, &seen);
	counters[ev.verdict]++;
	if (ev.verdict == VRRP_VRID || ev.verdict == VRRP_SELF)
		return;
	if (ev.verdict != VRRP_GOOD || seen.other_addresses || owns)
		p->misfit = d->src;
	ev.priority = a.priority;
	ev.interval_ns = (int64_t)a.interval_us * 1000;
	if (ev.verdict == VRRP_GOOD) {
		ev.kind = VRRP_EV_ADVERT;
		(&stat_of(p)->checksum_rfc5798)[seen.dialect]++;
		if (seen.other_addresses) {
			ev.verdict = VRRP_ADDRESSES;
			counters[VRRP_ADDRESSES]++;
		}
		if (a.priority == 0)
			STAT_ADD(stat_of(p), zero_received, 1);
		p->cell.owner = d->src;
	}
	vip_event(p, &ev);
	if (owns && ev.kind == VRRP_EV_ADVERT && a.priority > 0 &&
	    p->election.state == VRRP_STATE_MASTER)
		counters[VRRP_RIVAL]++;
	if (ev.kind == VRRP_EV_ADVERT && a.priority > 0)
		group_pull(p);
}

void
vip_receive(struct vip *p)
{
	uint8_t buf[2048];
	struct vrrp_datagram d;
	enum vrrp_verdict verdict;

	for (int i = 0; p->joined && i < RECEIVE_MAX; i++) {
		verdict = VRRP_GOOD;
		if (wire_recv(&p->wire, buf, sizeof buf, &d, &verdict) <= 0)
			return;
		if (verdict != VRRP_GOOD)
			(&stat_of(p)->adverts_received)[verdict]++;
		else
			take_packet(p, &d);
	}
}
