/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the VIPs are: the node's address, interfaces, and what the kernel holds, after each change. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "shm/stat.h"
#include "vrrp/internal.h"

/* More deletions of an address that we hold, and somebody else means it. */
#define LOST_MAX   10
#define LOST_NS	   (10 * VRRP_SECOND)
#define LOOK_AGAIN (VRRP_SECOND / 5) /* after a dump that failed */
#define CLAIM_NS   (30 * VRRP_SECOND)

/* The interface that has this address, 0: none. */
static unsigned
where_is(const struct vrrp *v, const struct addr *a)
{
	const struct link_address *found = link_find_address(&v->view, 0, a);

	return found != NULL ? found->ifindex : 0;
}

/* Which node this machine is, when no address of nodes was here at the start. */
static void
find_self(struct vrrp *v)
{
	const struct conf *conf = v->h->conf;

	if (v->self >= 0)
		return;
	for (unsigned i = 0; i < conf->n_nodes && v->self < 0; i++)
		for (unsigned k = 0; k < conf->nodes[i].addresses.n; k++)
			if (where_is(v, &conf->nodes[i].addresses.v[k]) > 0)
				v->self = (int)i;
	if (v->self < 0) {
		if (!v->waits_said)
			log_notice("no address of nodes is local yet: VIPs wait for one");
		v->waits_said = true;
		return;
	}
	log_notice("this is node %s", conf->nodes[v->self].name);
	for (unsigned i = 0; i < v->n; i++)
		vip_know_self(&v->vip[i]);
}

/* The source of our adverts: the node's address, but over IPv6 multicast the link-local one of the
 * VIP's interface (RFC 5798 5.1.2.1). */
static bool
find_source(const struct vip *p, unsigned holds, struct addr *self, unsigned *ifindex)
{
	const struct vrrp *v = p->v;
	const struct conf_node *node = &v->h->conf->nodes[v->self];
	const struct link_address *a;

	*ifindex = 0;
	for (unsigned i = 0; i < node->addresses.n && *ifindex == 0; i++) {
		*self = node->addresses.v[i];
		if (self->sa.sa_family == p->plan.family)
			*ifindex = where_is(v, self);
	}
	if (p->plan.family == AF_INET || !p->plan.multicast)
		return *ifindex > 0;
	for (unsigned i = 0; i < v->view.n_addresses; i++) {
		a = &v->view.addresses[i];
		if (a->ifindex != holds || a->addr.sa.sa_family != AF_INET6 ||
		    !IN6_IS_ADDR_LINKLOCAL(&a->addr.in6.sin6_addr))
			continue;
		*self = a->addr;
		*ifindex = a->ifindex;
		return true;
	}
	return false;
}

static const struct addr *
node_address(const struct vip *p)
{
	const struct conf_node *node = &p->v->h->conf->nodes[p->v->self];

	for (unsigned i = 0; i < node->addresses.n; i++)
		if (node->addresses.v[i].sa.sa_family == p->plan.family)
			return &node->addresses.v[i];
	return &node->addresses.v[0];
}

static void
on_packet(struct ev_loop *loop, struct ev_io *io, int revents)
{
	(void)loop, (void)revents;
	vip_receive(io->data);
}

void
vip_leave(struct vip *p)
{
	if (p->joined)
		ev_io_stop(p->v->loop, &p->io);
	wire_close(&p->wire);
	p->joined = false;
}

/* Opens the wire. -1: it cannot be now; said once. */
static int
join(struct vip *p)
{
	const struct link_interface *speaks, *holds;
	unsigned ifindex = 0, from = 0;
	struct addr self;
	struct err err;

	err_init(&err);
	if (link_find_interface(&p->v->view, p->plan.conf->interface, &p->plan.conf->addresses.v[0],
		node_address(p), &ifindex, &err) < 0)
		return -1;
	holds = link_find(&p->v->view, ifindex);
	if (holds == NULL || !find_source(p, ifindex, &self, &from))
		return -1;
	speaks = link_find(&p->v->view, from);
	if (speaks == NULL || wire_open(&p->wire, p->plan.family, speaks->name, from, &self,
				  p->plan.multicast, &err) < 0) {
		if (err.count > 0)
			log_err("vip %s: %s", p->plan.conf->name, err_end(&err));
		return -1;
	}
	p->ifindex = ifindex;
	memcpy(p->mac, holds->mac, sizeof p->mac);
	snprintf(p->cell.interface, sizeof p->cell.interface, "%s", holds->name);
	ev_io_init(&p->io, on_packet, p->wire.fd, EV_READ);
	p->io.data = p;
	ev_io_start(p->v->loop, &p->io);
	p->joined = true;
	log_info("vip %s: virtual router %u on %s, address on %s", p->plan.conf->name,
	    p->plan.advert.vrid, speaks->name, holds->name);
	return 0;
}

static bool
works(const struct vrrp *v, unsigned ifindex)
{
	const struct link_interface *i = link_find(&v->view, ifindex);

	return i != NULL && i->up && i->running;
}

/* Everything that adverts and clients need is up. */
static bool
place_works(const struct vip *p)
{
	return p->joined && works(p->v, p->ifindex) && works(p->v, p->wire.ifindex) &&
	       link_find_address(&p->v->view, p->wire.ifindex, &p->wire.self) != NULL;
}

static void
look_at_tracked(struct vip *p)
{
	const struct conf_strings *all = &p->plan.conf->track.interfaces;
	const struct link_view *view = &p->v->view;
	unsigned k;

	p->down = NULL;
	for (unsigned i = 0; !conf_only(all, "auto") && i < all->n && p->down == NULL; i++) {
		for (k = 0; k < view->n_interfaces; k++)
			if (strcmp(view->interfaces[k].name, all->v[i]) == 0)
				break;
		if (k == view->n_interfaces || !works(p->v, view->interfaces[k].index))
			p->down = all->v[i];
	}
	vip_fault(p, FAULT_TRACKED, p->down != NULL);
}

static bool
all_present(const struct vip *p, bool *any)
{
	const struct conf_addrs *all = &p->plan.conf->addresses;
	bool every = true, here;

	*any = false;
	for (unsigned i = 0; i < all->n; i++) {
		here = p->ifindex > 0 &&
		       link_find_address(&p->v->view, p->ifindex, &all->v[i]) != NULL;
		every = every && here;
		*any = *any || here || where_is(p->v, &all->v[i]) > 0;
	}
	return every;
}

/* Somebody else deleted it. */
static void
lost(struct vip *p, int64_t now)
{
	const struct vrrp_event ev = {.kind = VRRP_EV_LOST};

	if (now - p->lost_from > LOST_NS) {
		p->lost_from = now;
		p->lost = 0;
	}
	STAT_ADD(&p->v->seg->vrrp->stat[p->cell_index], restored, 1);
	if (++p->lost > LOST_MAX) {
		log_err(
		    "vip %s: deleted %u times in %lld s: giving it up for %lld s; who removes it?",
		    p->plan.conf->name, p->lost, (long long)(LOST_NS / VRRP_SECOND),
		    (long long)(CLAIM_NS / VRRP_SECOND));
		p->claim_at = now + CLAIM_NS;
		vip_fault(p, FAULT_CLAIM, true);
		return;
	}
	vip_event(p, &ev);
}

static void
look_at_addresses(struct vip *p, int64_t now)
{
	const struct vrrp_event left_over = {.kind = VRRP_EV_PRESENT};
	bool any, every = all_present(p, &any), serves = vrrp_state_serves(p->election.state);

	p->some_present = any;
	p->stray_said = p->stray_said && any;
	if (p->present != every) {
		p->present = every;
		vip_publish(p);
	}
	if (serves && !every && !vip_is_going(p))
		lost(p, now);
	else if (!serves && any && !vip_is_going(p) && !vip_may_adopt(p, now))
		vip_event(p, &left_over);
}

/* The addresses or the node's own belong to another interface now, or the node has another. */
static bool
has_moved(const struct vip *p)
{
	unsigned ifindex = 0, from = 0;
	struct addr self;

	if (link_find_interface(&p->v->view, p->plan.conf->interface, &p->plan.conf->addresses.v[0],
		node_address(p), &ifindex, NULL) < 0 ||
	    !find_source(p, ifindex, &self, &from))
		return false;
	return ifindex != p->ifindex || from != p->wire.ifindex ||
	       !addr_equal_ip(&self, &p->wire.self);
}

/* Not before the farewell has gone out where it was. */
static void
move(struct vip *p)
{
	if (!p->joined || place_works(p) || vrrp_state_serves(p->election.state) ||
	    vip_is_going(p) || !has_moved(p))
		return;
	vip_leave(p);
	if (join(p) == 0)
		vip_fault(p, FAULT_LINK, !place_works(p));
}

/* A bridge or bond takes that of its first port, perhaps after we came. */
static void
look_at_mac(struct vip *p, int64_t now)
{
	const struct link_interface *i = link_find(&p->v->view, p->ifindex);

	if (i == NULL || memcmp(p->mac, i->mac, sizeof p->mac) == 0)
		return;
	memcpy(p->mac, i->mac, sizeof p->mac);
	if (vrrp_state_serves(p->election.state))
		hold_announce(p, now);
}

void
place_look(struct vrrp *v)
{
	int64_t now = vrrp_now();
	struct link_view fresh;
	struct vip *p;

	if (link_dump(v->link, &fresh) < 0) {
		v->look_at = now + LOOK_AGAIN;
		return;
	}
	link_view_free(&v->view);
	v->view = fresh;
	find_self(v);
	for (unsigned i = 0; i < v->n; i++) {
		p = &v->vip[i];
		if (!p->plan.takes_part)
			continue;
		if (p->joined && link_find(&v->view, p->wire.ifindex) == NULL)
			vip_leave(p); /* one that comes back has another index */
		if (!p->joined)
			(void)join(p);
		vip_fault(p, FAULT_LINK, !place_works(p));
		look_at_tracked(p);
		move(p);
		look_at_mac(p, now);
		look_at_addresses(p, now);
	}
}
