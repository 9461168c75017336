/* SPDX-License-Identifier: BSD-2-Clause */
#include "vrrp/link_view.h"

#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

void
link_view_free(struct link_view *v)
{
	free(v->interfaces);
	free(v->addresses);
	memset(v, 0, sizeof *v);
}

const struct link_interface *
link_find(const struct link_view *v, unsigned ifindex)
{
	for (unsigned i = 0; i < v->n_interfaces; i++)
		if (v->interfaces[i].index == ifindex)
			return &v->interfaces[i];
	return NULL;
}

const struct link_address *
link_find_address(const struct link_view *v, unsigned ifindex, const struct addr *a)
{
	for (unsigned i = 0; i < v->n_addresses; i++)
		if ((ifindex == 0 || v->addresses[i].ifindex == ifindex) &&
		    addr_equal_ip(&v->addresses[i].addr, a))
			return &v->addresses[i];
	return NULL;
}

unsigned
link_host_bits(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 ? 128 : 32;
}

bool
link_carries_others(const struct link_view *v, const struct link_address *a)
{
	const struct cidr subnet = {.addr = a->addr, .bits = a->prefix};
	const struct link_address *o;

	if (a->addr.sa.sa_family != AF_INET || (a->flags & IFA_F_SECONDARY) != 0)
		return false;
	for (unsigned i = 0; i < v->n_addresses; i++) {
		o = &v->addresses[i];
		if (o->ifindex == a->ifindex && o->prefix == a->prefix &&
		    (o->flags & IFA_F_SECONDARY) != 0 && cidr_has(&subnet, &o->addr))
			return true;
	}
	return false;
}

static const char *
name_of(const struct link_view *v, unsigned ifindex)
{
	const struct link_interface *i = link_find(v, ifindex);

	return i != NULL ? i->name : "?";
}

static int
find_name(const struct link_view *v, const char *name, unsigned *ifindex, struct err *err)
{
	for (unsigned i = 0; i < v->n_interfaces; i++)
		if (strcmp(v->interfaces[i].name, name) == 0) {
			*ifindex = v->interfaces[i].index;
			return 0;
		}
	return err_add(err, "no interface %s", name);
}

/* Bits of the subnet of this address if it holds the VIP, else 0. A host address could only be the
 * VIP itself. */
static unsigned
holds(const struct link_address *a, const struct addr *vip)
{
	const struct cidr subnet = {.addr = a->addr, .bits = a->prefix};

	if (addr_equal_ip(&a->addr, vip) || !cidr_has(&subnet, vip))
		return 0;
	return a->prefix;
}

/* Bits of the longest subnet, 0: none; *first is its interface, *second another that has one as long,
 * or 0. */
static unsigned
longest(const struct link_view *v, const struct addr *vip, unsigned *first, unsigned *second)
{
	unsigned best = 0, bits;

	*first = *second = 0;
	for (unsigned i = 0; i < v->n_addresses; i++) {
		bits = holds(&v->addresses[i], vip);
		if (bits == 0 || bits < best)
			continue;
		if (bits > best) {
			best = bits;
			*first = v->addresses[i].ifindex;
			*second = 0;
		} else if (v->addresses[i].ifindex != *first) {
			*second = v->addresses[i].ifindex;
		}
	}
	return best;
}

static void
with_address(const struct link_view *v, const struct addr *a, unsigned *first, unsigned *second)
{
	*first = *second = 0;
	for (unsigned i = 0; i < v->n_addresses; i++) {
		if (!addr_equal_ip(&v->addresses[i].addr, a))
			continue;
		if (*first == 0)
			*first = v->addresses[i].ifindex;
		else if (v->addresses[i].ifindex != *first)
			*second = v->addresses[i].ifindex;
	}
}

int
link_find_interface(const struct link_view *v, const char *name, const struct addr *vip,
    const struct addr *node, unsigned *ifindex, struct err *err)
{
	char ip[ADDR_TEXT], own[ADDR_TEXT];
	unsigned second = 0;

	if (strcmp(name, "auto") != 0)
		return find_name(v, name, ifindex, err);
	addr_print_ip(vip, ip, sizeof ip);
	*ifindex = 0;
	if (longest(v, vip, ifindex, &second) > 0) {
		if (second == 0)
			return 0;
		return err_add(err,
		    "%s belongs to the subnets of two interfaces, %s and %s: set interface", ip,
		    name_of(v, *ifindex), name_of(v, second));
	}
	if (node != NULL)
		with_address(v, node, ifindex, &second);
	if (*ifindex == 0)
		return err_add(err, "no interface has a subnet that holds %s: set interface", ip);
	if (second == 0)
		return 0;
	return err_add(err, "two interfaces, %s and %s, have the node's address %s: set interface",
	    name_of(v, *ifindex), name_of(v, second), addr_print_ip(node, own, sizeof own));
}
