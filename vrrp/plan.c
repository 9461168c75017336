/* SPDX-License-Identifier: BSD-2-Clause */
#include "vrrp/plan.h"

#include <string.h>

#include "base/hash.h"

#define LIFETIME_MIN_MS 2000
#define BEST		254
#define STEP		10 /* between two nodes of `order`: 39 ms of skew at 1 s, 4 ms at 100 ms */

uint8_t
plan_vrid(const struct addr *first)
{
	return (uint8_t)(1 + hash_addr_ip(first, 0) % 255);
}

/* Priority of the node for this VIP; 0: it takes no part. */
static unsigned
priority_of(const struct conf *conf, const struct conf_vip *vip, unsigned node)
{
	if (conf_only(&vip->order, "nodes"))
		return (unsigned)conf->nodes[node].priority;
	for (unsigned i = 0; i < vip->order.n; i++)
		if (strcmp(vip->order.v[i], conf->nodes[node].name) == 0)
			return BEST - STEP * i;
	return 0;
}

/* The node's first address of the family; NULL: it has none. */
static const struct addr *
address_of(const struct conf_node *node, int family)
{
	for (unsigned i = 0; i < node->addresses.n; i++)
		if (node->addresses.v[i].sa.sa_family == family)
			return &node->addresses.v[i];
	return NULL;
}

static void
find_peers(struct plan_vip *p, const struct conf *conf, int self)
{
	const struct conf_strings *peers = &p->conf->peers;
	const struct addr *a;

	p->multicast = conf_only(peers, "multicast");
	if (p->multicast)
		return;
	if (!conf_only(peers, "nodes")) {
		/* conf_check_vips() has seen that they are addresses. */
		for (unsigned i = 0; i < peers->n && p->n_peers < PLAN_PEERS; i++)
			if (addr_parse(&p->peers[p->n_peers], peers->v[i], false) == NULL)
				p->n_peers++;
		return;
	}
	for (unsigned i = 0; i < conf->n_nodes && p->n_peers < PLAN_PEERS; i++) {
		a = address_of(&conf->nodes[i], p->family);
		if ((int)i != self && a != NULL && priority_of(conf, p->conf, i) > 0)
			p->peers[p->n_peers++] = *a;
	}
}

size_t
plan_message(const struct plan_vip *p, const struct addr *self, const struct addr *to,
    uint8_t priority, unsigned interval_us, uint8_t out[VRRP_PACKET_MAX])
{
	struct vrrp_advert a = p->advert;

	a.priority = priority;
	a.interval_us = interval_us;
	return vrrp_packet_make(out, VRRP_PACKET_MAX, &a, self, to,
	    p->conf->checksum == 0 ? VRRP_SUM_RFC5798 : VRRP_SUM_RFC9568);
}

static void
fill_advert(struct plan_vip *p)
{
	const struct conf_vip *vip = p->conf;
	struct vrrp_advert *a = &p->advert;

	a->version = (uint8_t)vip->version;
	a->vrid = vip->virtual_router_id != CONF_AUTO ? (uint8_t)vip->virtual_router_id
						      : plan_vrid(&vip->addresses.v[0]);
	a->family = p->family;
	/* Version 3 counts hundredths of a second (RFC 5798 5.2.7). */
	a->interval_us = (unsigned)vip->advert / 10 * 10 * 1000;
	for (unsigned i = 0; i < vip->addresses.n && a->n_addrs < VRRP_ADDRS_MAX; i++) {
		if (vip->addresses.v[i].sa.sa_family != p->family)
			continue; /* it follows unadvertised */
		if (p->family == AF_INET)
			a->address[a->n_addrs++].in = vip->addresses.v[i].in.sin_addr;
		else
			a->address[a->n_addrs++].in6 = vip->addresses.v[i].in6.sin6_addr;
	}
	a->has_password = *vip->password != '\0';
	memcpy(a->password, vip->password, strnlen(vip->password, VRRP_PASSWORD_LEN));
}

void
plan_vip(struct plan_vip *p, const struct conf *conf, const struct conf_vip *vip, int self)
{
	int lifetime_ms = vip->lifetime;

	*p = (struct plan_vip){.conf = vip, .family = vip->addresses.v[0].sa.sa_family};
	if (self >= 0)
		p->priority = (uint8_t)priority_of(conf, vip, (unsigned)self);
	p->takes_part = p->priority > 0;
	find_peers(p, conf, self);
	fill_advert(p);
	if (lifetime_ms == CONF_AUTO) {
		lifetime_ms = VRRP_LOST * vip->advert;
		if (lifetime_ms < LIFETIME_MIN_MS)
			lifetime_ms = LIFETIME_MIN_MS;
	}
	p->lifetime_s = (uint32_t)(lifetime_ms + 999) / 1000; /* the kernel's unit */
	p->router = (struct vrrp_router){
	    .version = (uint8_t)vip->version,
	    .priority = p->priority,
	    .preempt = vip->preempt,
	    .interval_ns = (int64_t)p->advert.interval_us * 1000,
	    .preempt_delay_ns = (int64_t)vip->preempt_delay * 1000000,
	    .lifetime_ns = (int64_t)p->lifetime_s * VRRP_SECOND,
	};
}
