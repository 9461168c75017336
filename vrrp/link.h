/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces and addresses through rtnetlink: what is there, what changed, and the addresses that we
 * add with a lifetime, so that the kernel takes them away when we no longer refresh them. */
#ifndef KHA_VRRP_LINK_H
#define KHA_VRRP_LINK_H

#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "vrrp/link_view.h"

struct link_nl;

/* Belongs to the network namespace of the caller. NULL with a line in err. */
struct link_nl *link_open(struct err *err);
void link_close(struct link_nl *nl); /* NULL: nothing */

/* Readable: call link_read. Not to be closed. */
int link_fd(const struct link_nl *nl);

/* Takes the waiting events, without waiting. 1: links or addresses changed, also by us, or events
 * were lost: dump. 0: nothing. Else -errno. */
int link_read(struct link_nl *nl);

/* What is there now, into *v, for link_view_free(). 0, or -errno and *v is empty; -E2BIG: more than
 * 4096 interfaces or 65536 addresses. Other than the two below it needs no rights. */
int link_dump(struct link_nl *nl, struct link_view *v);

/* Adds the host address (/32, /128), or refreshes it: without a route of a prefix, without IPv6's
 * duplicate address detection, for lifetime_s seconds (0: for ever; an IPv6 one is deprecated from the
 * start, so that nothing uses it as a source by itself). An expired one is added again: it is the
 * caller who knows whether it still may. An IPv6 address that is there with another prefix is given
 * this lifetime and keeps its prefix: look first. Waits for the kernel's answer. Needs CAP_NET_ADMIN.
 * 0 or -errno. */
int link_set(struct link_nl *nl, unsigned ifindex, const struct addr *a, uint32_t lifetime_s);

/* Does the kernel take packets to this address, one of interface ifindex? An IPv6 address is there before it
 * does: a worker of the kernel puts its route in some time after link_set(), and what comes earlier is dropped.
 * 1: yes, and always for IPv4; 0: not yet; else -errno. Needs no rights. */
int link_receives(struct link_nl *nl, unsigned ifindex, const struct addr *a);

/* prefix: in bits, 0: the host address. 0 also if that address with that prefix, or its interface, is not
 * there; else -errno. Over IPv4 the kernel takes the secondary addresses of a subnet with its primary one.
 * Needs CAP_NET_ADMIN. */
int link_delete(struct link_nl *nl, unsigned ifindex, const struct addr *a, unsigned prefix);

#endif
