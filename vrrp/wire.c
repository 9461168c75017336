/* SPDX-License-Identifier: BSD-2-Clause */
#include "vrrp/wire.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define TTL	    255	 /* RFC 5798 5.1.1.3: shows that nobody routed it */
#define TOS	    0xc0 /* CS6, network control, as Keepalived and FRR */
#define PRIORITY    6	 /* the first band of pfifo_fast, where CS6 alone does not lead */
#define CHECKSUM_AT 6	 /* in the message */
#define STALE_MAX   1000

struct option {
	const char *name;
	int level, number, value;
};

#define OPTION(level, name, value) {#name, level, name, value}

/* Priority after TOS, which sets one too. MULTICAST_ALL 0: only the groups of this socket. */
static const struct option options4[] = {
    OPTION(IPPROTO_IP, IP_TTL, TTL),
    OPTION(IPPROTO_IP, IP_MULTICAST_TTL, TTL),
    OPTION(IPPROTO_IP, IP_TOS, TOS),
    OPTION(IPPROTO_IP, IP_MULTICAST_LOOP, 0),
    OPTION(IPPROTO_IP, IP_MULTICAST_ALL, 0),
    OPTION(SOL_SOCKET, SO_PRIORITY, PRIORITY),
    {NULL, 0, 0, 0},
};

static const struct option options6[] = {
    OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS, TTL),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, TTL),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS, TOS),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0),
    OPTION(IPPROTO_IPV6, IPV6_CHECKSUM, CHECKSUM_AT),
    OPTION(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1),
    OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1),
    OPTION(SOL_SOCKET, SO_PRIORITY, PRIORITY),
    {NULL, 0, 0, 0},
};

const struct addr *
wire_group(int family)
{
	static struct addr group4 = {.in = {.sin_family = AF_INET}};
	static const struct addr group6 = {
	    .in6 = {.sin6_family = AF_INET6,
		.sin6_addr.s6_addr = {[0] = 0xff, [1] = 0x02, [15] = 0x12}}};

	group4.in.sin_addr.s_addr = htonl(0xe0000012); /* to the compiler no constant */
	return family == AF_INET6 ? &group6 : &group4;
}

static int
set_options(int fd, int family, const char *ifname, struct err *err)
{
	const struct option *o = family == AF_INET6 ? options6 : options4;

	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname, (socklen_t)strlen(ifname) + 1) < 0)
		return err_addsys(err, "interface %s: cannot bind the VRRP socket to it", ifname);
	for (; o->name != NULL; o++)
		if (setsockopt(fd, o->level, o->number, &o->value, sizeof o->value) < 0)
			return err_addsys(
			    err, "interface %s: cannot set %s of the VRRP socket", ifname, o->name);
	return 0;
}

static int
join(const struct wire *w, const char *ifname, struct err *err)
{
	const struct addr *group = wire_group(w->family);
	struct ip_mreqn m4 = {.imr_multiaddr = group->in.sin_addr, .imr_ifindex = (int)w->ifindex};
	struct ipv6_mreq m6 = {
	    .ipv6mr_multiaddr = group->in6.sin6_addr, .ipv6mr_interface = w->ifindex};
	int rc = w->family == AF_INET6
		     ? setsockopt(w->fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &m6, sizeof m6)
		     : setsockopt(w->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m4, sizeof m4);

	return rc < 0 ? err_addsys(err, "interface %s: cannot join the VRRP group", ifname) : 0;
}

/* Between socket() and SO_BINDTODEVICE packets of other interfaces came in as well. */
static void
drop_stale(int fd)
{
	uint8_t byte;

	for (int i = 0; i < STALE_MAX && recv(fd, &byte, 1, MSG_DONTWAIT) >= 0; i++)
		;
}

int
wire_open(struct wire *w, int family, const char *ifname, unsigned ifindex, const struct addr *self,
    bool multicast, struct err *err)
{
	memset(w, 0, sizeof *w);
	w->family = family;
	w->ifindex = ifindex;
	w->self = *self;
	w->multicast = multicast;
	/* Not bound to self: over IPv4 that would keep the group's packets out. */
	w->fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, VRRP_PROTOCOL);
	if (w->fd < 0)
		return err_addsys(err, "interface %s: cannot open a raw socket for VRRP", ifname);
	if (set_options(w->fd, family, ifname, err) == 0) {
		drop_stale(w->fd);
		if (!multicast || join(w, ifname, err) == 0)
			return 0;
	}
	wire_close(w);
	return -1;
}

static size_t
source4(const struct wire *w, struct cmsghdr *c)
{
	struct in_pktinfo info = {
	    .ipi_ifindex = (int)w->ifindex, .ipi_spec_dst = w->self.in.sin_addr};

	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
	return CMSG_SPACE(sizeof info);
}

static size_t
source6(const struct wire *w, struct cmsghdr *c)
{
	struct in6_pktinfo info = {
	    .ipi6_ifindex = w->ifindex, .ipi6_addr = w->self.in6.sin6_addr};

	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
	return CMSG_SPACE(sizeof info);
}

int
wire_send(const struct wire *w, const struct addr *to, const uint8_t *message, size_t len)
{
	union {
		struct cmsghdr head;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	struct addr dst = *to;
	struct iovec iov = {.iov_base = (void *)message, .iov_len = len};
	struct msghdr m = {.msg_name = &dst,
	    .msg_namelen = addr_len(&dst),
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control};

	if (dst.sa.sa_family != w->family)
		return EAFNOSUPPORT;
	addr_set_port(&dst, 0); /* raw IPv6 takes it for the protocol */
	memset(&control, 0, sizeof control);
	m.msg_controllen =
	    w->family == AF_INET6 ? source6(w, &control.head) : source4(w, &control.head);
	return sendmsg(w->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

/* What an IPv6 socket tells beside the message; a hop limit that is not told counts as 0. */
static void
read_control(struct msghdr *m, struct vrrp_datagram *d)
{
	struct in6_pktinfo info;
	int hops;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_HOPLIMIT && c->cmsg_len >= CMSG_LEN(sizeof hops)) {
			memcpy(&hops, CMSG_DATA(c), sizeof hops);
			d->ttl = (uint8_t)hops;
		}
		if (c->cmsg_type == IPV6_PKTINFO && c->cmsg_len >= CMSG_LEN(sizeof info)) {
			memcpy(&info, CMSG_DATA(c), sizeof info);
			d->dst.in6.sin6_family = AF_INET6;
			d->dst.in6.sin6_addr = info.ipi6_addr;
		}
	}
}

int
wire_recv(const struct wire *w, uint8_t *buf, size_t size, struct vrrp_datagram *d,
    enum vrrp_verdict *verdict)
{
	union {
		struct cmsghdr head;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
	} control;
	struct sockaddr_in6 from = {.sin6_family = AF_UNSPEC};
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	struct msghdr m = {.msg_name = &from,
	    .msg_namelen = sizeof from,
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control};
	ssize_t n = recvmsg(w->fd, &m, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (w->family == AF_INET) {
		*verdict = vrrp_packet_ip4(buf, (size_t)n, d);
		return 1;
	}
	memset(d, 0, sizeof *d);
	d->src.in6.sin6_family = AF_INET6;
	d->src.in6.sin6_addr = from.sin6_addr;
	d->payload = buf;
	d->len = (size_t)n;
	read_control(&m, d);
	*verdict = VRRP_GOOD;
	return 1;
}

void
wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}
