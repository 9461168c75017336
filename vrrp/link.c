/* SPDX-License-Identifier: BSD-2-Clause */
#include "vrrp/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define INTERFACES_MAX 4096
#define ADDRESSES_MAX  65536
#define READS_MAX      1024   /* then the loop shall have its turn */
#define EVENTS_BYTES   212992 /* the most that the kernel gives by default */

struct link_nl {
	struct nl_sock *events;
	struct nl_sock
	    *requests; /* of their own: no event comes between a request and its answer */
	int error;     /* errno in the kernel's last answer; libnl's own are coarser */
	int route;     /* RTN_* of the route that the kernel found last */
};

static int
keep_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct link_nl *nl = arg;

	(void)from;
	nl->error = -e->error;
	return NL_STOP;
}

static int
keep_route(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct link_nl *nl = arg;

	if (h->nlmsg_type == RTM_NEWROUTE && nlmsg_valid_hdr(h, sizeof(struct rtmsg)))
		nl->route = ((struct rtmsg *)nlmsg_data(h))->rtm_type;
	return NL_OK;
}

/* libnl's result (0 or more: good) to 0 or -errno. */
static int
result(const struct link_nl *nl, int rc)
{
	if (rc >= 0)
		return 0;
	if (nl->error > 0)
		return -nl->error;
	return rc == -NLE_NOMEM ? -ENOMEM : -EIO;
}

static int
open_events(struct link_nl *nl)
{
	int rc;

	nl->events = nl_socket_alloc();
	if (nl->events == NULL)
		return -NLE_NOMEM;
	rc = nl_connect(nl->events, NETLINK_ROUTE);
	if (rc < 0 || (rc = nl_socket_set_nonblocking(nl->events)) < 0 ||
	    (rc = nl_socket_set_buffer_size(nl->events, EVENTS_BYTES, 0)) < 0)
		return rc;
	return nl_socket_add_memberships(
	    nl->events, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, 0);
}

static int
open_requests(struct link_nl *nl)
{
	nl->requests = nl_socket_alloc();
	if (nl->requests == NULL)
		return -NLE_NOMEM;
	nl_socket_modify_err_cb(nl->requests, NL_CB_CUSTOM, keep_error, nl);
	nl_socket_modify_cb(nl->requests, NL_CB_VALID, NL_CB_CUSTOM, keep_route, nl);
	return nl_connect(nl->requests, NETLINK_ROUTE);
}

struct link_nl *
link_open(struct err *err)
{
	struct link_nl *nl = calloc(1, sizeof *nl);
	int rc;

	if (nl == NULL) {
		err_addsys(err, "netlink");
		return NULL;
	}
	rc = open_events(nl);
	if (rc >= 0)
		rc = open_requests(nl);
	if (rc >= 0)
		return nl;
	err_add(err, "netlink: %s", nl_geterror(rc));
	link_close(nl);
	return NULL;
}

void
link_close(struct link_nl *nl)
{
	if (nl == NULL)
		return;
	nl_socket_free(nl->events);
	nl_socket_free(nl->requests);
	free(nl);
}

int
link_fd(const struct link_nl *nl)
{
	return nl_socket_get_fd(nl->events);
}

/* What an event says is not looked at: the dump tells, and cannot be out of step. */
int
link_read(struct link_nl *nl)
{
	int changed = 0;
	uint8_t byte;

	for (int i = 0; i < READS_MAX; i++) {
		if (recv(link_fd(nl), &byte, 1, MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
			changed = 1;
		else if (errno == EAGAIN)
			return changed;
		else if (errno != EINTR)
			return -errno;
	}
	return changed;
}

static void
read_interface(struct rtnl_link *link, struct link_interface *to)
{
	unsigned flags = rtnl_link_get_flags(link);
	struct nl_addr *mac = rtnl_link_get_addr(link);
	const char *name = rtnl_link_get_name(link);

	memset(to, 0, sizeof *to);
	to->index = (unsigned)rtnl_link_get_ifindex(link);
	if (name != NULL)
		memcpy(to->name, name, strnlen(name, sizeof to->name - 1));
	to->up = (flags & IFF_UP) != 0;
	to->running = (flags & IFF_RUNNING) != 0;
	to->loopback = (flags & IFF_LOOPBACK) != 0;
	to->mtu = rtnl_link_get_mtu(link);
	if (mac != NULL && nl_addr_get_len(mac) == LINK_MAC)
		memcpy(to->mac, nl_addr_get_binary_addr(mac), LINK_MAC);
}

/* false: of no family that we know. */
static bool
read_address(struct rtnl_addr *from, struct link_address *to)
{
	struct nl_addr *local = rtnl_addr_get_local(from);
	int family = rtnl_addr_get_family(from);
	bool six = family == AF_INET6;
	unsigned size = six ? 16 : 4;

	if ((family != AF_INET && !six) || local == NULL || nl_addr_get_len(local) != size)
		return false;
	memset(to, 0, sizeof *to);
	to->ifindex = (unsigned)rtnl_addr_get_ifindex(from);
	to->addr.sa.sa_family = (sa_family_t)family;
	memcpy(six ? (void *)&to->addr.in6.sin6_addr : (void *)&to->addr.in.sin_addr,
	    nl_addr_get_binary_addr(local), size);
	to->prefix =
	    (uint8_t)(rtnl_addr_get_peer(from) != NULL ? size * 8
						       : (unsigned)rtnl_addr_get_prefixlen(from));
	to->valid_s = rtnl_addr_get_valid_lifetime(from);
	to->flags = rtnl_addr_get_flags(from);
	return true;
}

static int
dump_interfaces(struct link_nl *nl, struct link_view *v)
{
	struct nl_cache *cache = NULL;
	int rc, n;

	nl->error = 0;
	rc = rtnl_link_alloc_cache(nl->requests, AF_UNSPEC, &cache);
	if (rc < 0)
		return result(nl, rc);
	n = nl_cache_nitems(cache);
	rc = n > INTERFACES_MAX ? -E2BIG : 0;
	if (rc == 0) {
		v->interfaces = calloc((size_t)n + 1, sizeof *v->interfaces);
		rc = v->interfaces == NULL ? -ENOMEM : 0;
	}
	for (struct nl_object *o = nl_cache_get_first(cache); rc == 0 && o != NULL;
	     o = nl_cache_get_next(o))
		read_interface((struct rtnl_link *)o, &v->interfaces[v->n_interfaces++]);
	nl_cache_free(cache);
	return rc;
}

static int
dump_addresses(struct link_nl *nl, struct link_view *v)
{
	struct nl_cache *cache = NULL;
	int rc, n;

	nl->error = 0;
	rc = rtnl_addr_alloc_cache(nl->requests, &cache);
	if (rc < 0)
		return result(nl, rc);
	n = nl_cache_nitems(cache);
	rc = n > ADDRESSES_MAX ? -E2BIG : 0;
	if (rc == 0) {
		v->addresses = calloc((size_t)n + 1, sizeof *v->addresses);
		rc = v->addresses == NULL ? -ENOMEM : 0;
	}
	for (struct nl_object *o = nl_cache_get_first(cache); rc == 0 && o != NULL;
	     o = nl_cache_get_next(o))
		if (read_address((struct rtnl_addr *)o, &v->addresses[v->n_addresses]))
			v->n_addresses++;
	nl_cache_free(cache);
	return rc;
}

int
link_dump(struct link_nl *nl, struct link_view *v)
{
	int rc;

	memset(v, 0, sizeof *v);
	rc = dump_interfaces(nl, v);
	if (rc == 0)
		rc = dump_addresses(nl, v);
	if (rc < 0)
		link_view_free(v);
	return rc;
}

/* A host address on an interface; NULL: no memory. Freed by rtnl_addr_put(). */
static struct rtnl_addr *
host_address(unsigned ifindex, const struct addr *a)
{
	bool six = a->sa.sa_family == AF_INET6;
	struct nl_addr *local = nl_addr_build(a->sa.sa_family,
	    six ? (const void *)&a->in6.sin6_addr : (const void *)&a->in.sin_addr, six ? 16 : 4);
	struct rtnl_addr *addr = rtnl_addr_alloc();

	if (local == NULL || addr == NULL || rtnl_addr_set_local(addr, local) < 0) {
		rtnl_addr_put(addr);
		addr = NULL;
	} else {
		rtnl_addr_set_ifindex(addr, (int)ifindex);
	}
	nl_addr_put(local);
	return addr;
}

/* Sends msg, which is freed, and waits until what it says is done or refused. answers: messages that come before
 * that. built: what making it said. */
static int
request(struct link_nl *nl, int built, struct nl_msg *msg, unsigned answers)
{
	int rc = built;

	nl->error = 0;
	if (rc >= 0)
		rc = nl_send_auto(nl->requests, msg);
	nlmsg_free(msg);
	for (unsigned i = 0; rc >= 0 && i < answers; i++)
		rc = nl_recvmsgs_default(nl->requests);
	if (rc >= 0)
		rc = nl_wait_for_ack(nl->requests);
	return result(nl, rc);
}

int
link_set(struct link_nl *nl, unsigned ifindex, const struct addr *a, uint32_t lifetime_s)
{
	struct rtnl_addr *addr = host_address(ifindex, a);
	uint32_t valid = lifetime_s == 0 ? UINT32_MAX : lifetime_s;
	bool six = a->sa.sa_family == AF_INET6;
	struct nl_msg *msg = NULL;
	int rc;

	if (addr == NULL)
		return -ENOMEM;
	rtnl_addr_set_flags(addr, IFA_F_NOPREFIXROUTE | (six ? IFA_F_NODAD : 0));
	rtnl_addr_set_valid_lifetime(addr, valid);
	rtnl_addr_set_preferred_lifetime(addr, six ? 0 : valid);
	rc = rtnl_addr_build_add_request(addr, NLM_F_CREATE | NLM_F_REPLACE, &msg);
	rtnl_addr_put(addr);
	return request(nl, rc, msg, 0);
}

int
link_delete(struct link_nl *nl, unsigned ifindex, const struct addr *a, unsigned prefix)
{
	struct rtnl_addr *addr = host_address(ifindex, a);
	struct nl_msg *msg = NULL;
	int rc;

	if (addr == NULL)
		return -ENOMEM;
	if (prefix > 0)
		rtnl_addr_set_prefixlen(addr, (int)prefix);
	rc = rtnl_addr_build_delete_request(addr, 0, &msg);
	rtnl_addr_put(addr);
	rc = request(nl, rc, msg, 0);
	/* ENXIO: an interface without IPv6. */
	return rc == -EADDRNOTAVAIL || rc == -ENODEV || rc == -ENXIO ? 0 : rc;
}

int
link_receives(struct link_nl *nl, unsigned ifindex, const struct addr *a)
{
	struct rtmsg head = {.rtm_family = AF_INET6, .rtm_dst_len = 128};
	struct nl_msg *msg;
	int rc;

	if (a->sa.sa_family != AF_INET6)
		return 1;
	msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	if (msg == NULL)
		return -ENOMEM;
	rc = nlmsg_append(msg, &head, sizeof head, NLMSG_ALIGNTO);
	if (rc >= 0)
		rc = nla_put(msg, RTA_DST, sizeof a->in6.sin6_addr, &a->in6.sin6_addr);
	/* With a VRF the route is in a table that the interface leads to. */
	if (rc >= 0)
		rc = nla_put_u32(msg, RTA_OIF, ifindex);
	nl->route = RTN_UNSPEC;
	rc = request(nl, rc, msg, 1);
	if (rc == -ENETUNREACH || rc == -EHOSTUNREACH)
		return 0; /* no other route leads there either */
	return rc < 0 ? rc : nl->route == RTN_LOCAL;
}
