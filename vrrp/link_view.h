/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces and addresses of this machine at one moment, and questions about them; pure. */
#ifndef KHA_VRRP_LINK_VIEW_H
#define KHA_VRRP_LINK_VIEW_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

#define LINK_MAC 6

struct link_interface {
	unsigned index;
	char name[IFNAMSIZ];
	bool up;      /* as the administrator wants it */
	bool running; /* has a carrier, and passes packets */
	bool loopback;
	uint8_t mac[LINK_MAC]; /* zeros: none of this length */
	unsigned mtu;
};

struct link_address {
	unsigned ifindex;
	struct addr addr; /* port 0; link-local ones without their scope */
	uint8_t prefix; /* bits; of one with a peer those of a host: it has no subnet of its own */
	uint32_t valid_s; /* left of its lifetime; UINT32_MAX: for ever */
	uint32_t flags;	  /* IFA_F_* of linux/if_addr.h */
};

/* Owns its arrays; all zero is an empty one. */
struct link_view {
	struct link_interface *interfaces;
	unsigned n_interfaces;
	struct link_address *addresses;
	unsigned n_addresses;
};

void link_view_free(struct link_view *v); /* leaves an empty one */

/* NULL: there is none. Views into v. */
const struct link_interface *link_find(const struct link_view *v, unsigned ifindex);
/* On that interface, 0: on any. */
const struct link_address *link_find_address(
    const struct link_view *v, unsigned ifindex, const struct addr *a);

/* Bits of a host address of that family. */
unsigned link_host_bits(const struct addr *a);

/* With this address, one of v's, the kernel would delete others of its subnet (IPv4, unless the machine
 * promotes secondaries, which is not looked at). */
bool link_carries_others(const struct link_view *v, const struct link_address *a);

/* Where a VIP belongs. name: of the interface; or "auto": the one with the longest subnet that holds
 * the VIP, where host addresses and the VIP itself do not count, else the one that has the node's
 * address (NULL: not known). Two such interfaces are an error that names both. 0 and *ifindex, or -1
 * and a line in err. */
int link_find_interface(const struct link_view *v, const char *name, const struct addr *vip,
    const struct addr *node, unsigned *ifindex, struct err *err);

#endif
