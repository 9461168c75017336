/* SPDX-License-Identifier: BSD-2-Clause */
#include "vrrp/announce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HOPS 255 /* RFC 4861 7.1.2: receivers drop any other */

static const uint8_t broadcast[ANNOUNCE_MAC] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Big endian; returns the place behind it. */
static uint8_t *
put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
	return p + 2;
}

static uint8_t *
put(uint8_t *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

void
announce_arp(uint8_t out[ANNOUNCE_ARP_LEN], enum announce_form form,
    const uint8_t mac[ANNOUNCE_MAC], const struct addr *vip)
{
	bool request = form == ANNOUNCE_REQUEST;
	uint8_t *p = out;

	p = put(p, broadcast, ANNOUNCE_MAC);
	p = put(p, mac, ANNOUNCE_MAC);
	p = put16(p, ETHERTYPE_ARP);
	p = put16(p, ARPHRD_ETHER);
	p = put16(p, ETHERTYPE_IP);
	*p++ = ANNOUNCE_MAC;
	*p++ = sizeof vip->in.sin_addr;
	p = put16(p, request ? ARPOP_REQUEST : ARPOP_REPLY);
	p = put(p, mac, ANNOUNCE_MAC);
	p = put(p, &vip->in.sin_addr, sizeof vip->in.sin_addr);
	p = put(p, request ? broadcast : mac, ANNOUNCE_MAC);
	put(p, &vip->in.sin_addr, sizeof vip->in.sin_addr);
}

void
announce_na(uint8_t out[ANNOUNCE_NA_LEN], const uint8_t mac[ANNOUNCE_MAC], const struct addr *vip,
    bool router)
{
	uint8_t *p = out;

	memset(out, 0, ANNOUNCE_NA_LEN);
	p[0] = ND_NEIGHBOR_ADVERT;
	p[4] = router ? 0xa0 : 0x20; /* R, S, O are the highest bits */
	p = put(p + 8, &vip->in6.sin6_addr, sizeof vip->in6.sin6_addr);
	*p++ = ND_OPT_TARGET_LINKADDR;
	*p++ = 1; /* times 8 bytes */
	put(p, mac, ANNOUNCE_MAC);
}

/* ICMPv6 with nothing let in: what comes would only fill the socket. */
static int
open_icmp6(void)
{
	const int hops = HOPS, off = 0;
	struct icmp6_filter none;
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	int saved;

	if (fd < 0)
		return -1;
	ICMP6_FILTER_SETBLOCKALL(&none);
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &none, sizeof none) == 0 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) == 0 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof off) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
announcer_open(struct announcer *a)
{
	int error;

	a->router = false;
	a->icmp6_fd = -1;
	/* Protocol 0: receives nothing. */
	a->packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->packet_fd < 0)
		return errno;
	a->icmp6_fd = open_icmp6();
	if (a->icmp6_fd >= 0 || errno == EAFNOSUPPORT)
		return 0;
	error = errno;
	announcer_close(a);
	return error;
}

static int
send_arp(const struct announcer *a, unsigned ifindex, enum announce_form form, const uint8_t *mac,
    const struct addr *vip)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
	    .sll_protocol = htons(ETHERTYPE_ARP),
	    .sll_ifindex = (int)ifindex,
	    .sll_halen = ANNOUNCE_MAC};
	uint8_t frame[ANNOUNCE_ARP_LEN];

	memcpy(to.sll_addr, broadcast, ANNOUNCE_MAC);
	announce_arp(frame, form, mac, vip);
	if (sendto(a->packet_fd, frame, sizeof frame, MSG_DONTWAIT, (const struct sockaddr *)&to,
		sizeof to) < 0)
		return errno;
	return 0;
}

/* source :: lets the kernel choose, which for this destination is the link-local address. */
static int
send_na_from(const struct announcer *a, unsigned ifindex, const struct in6_addr *source,
    uint8_t *message)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6,
	    .sin6_addr.s6_addr = {[0] = 0xff, [1] = 0x02, [15] = 0x01},
	    .sin6_scope_id = ifindex};
	struct in6_pktinfo info = {.ipi6_ifindex = ifindex, .ipi6_addr = *source};
	union {
		struct cmsghdr head;
		uint8_t bytes[CMSG_SPACE(sizeof info)];
	} control;
	struct iovec iov = {.iov_base = message, .iov_len = ANNOUNCE_NA_LEN};
	struct msghdr m = {.msg_name = &to,
	    .msg_namelen = sizeof to,
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control};

	memset(&control, 0, sizeof control);
	control.head.cmsg_level = IPPROTO_IPV6;
	control.head.cmsg_type = IPV6_PKTINFO;
	control.head.cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(&control.head), &info, sizeof info);
	return sendmsg(a->icmp6_fd, &m, MSG_DONTWAIT) < 0 ? errno : 0;
}

static int
send_na(const struct announcer *a, unsigned ifindex, const uint8_t *mac, const struct addr *vip)
{
	uint8_t message[ANNOUNCE_NA_LEN];
	int error;

	if (a->icmp6_fd < 0)
		return EAFNOSUPPORT;
	announce_na(message, mac, vip, a->router);
	error = send_na_from(a, ifindex, &vip->in6.sin6_addr, message);
	if (error == EINVAL) /* not local */
		error = send_na_from(a, ifindex, &in6addr_any, message);
	return error;
}

int
announcer_send(const struct announcer *a, unsigned ifindex, const uint8_t mac[ANNOUNCE_MAC],
    const struct addr *vip, unsigned n)
{
	int error = 0, e;

	for (unsigned i = 0; i < n; i++) {
		if (vip->sa.sa_family == AF_INET6)
			e = send_na(a, ifindex, mac, vip);
		else
			e = send_arp(
			    a, ifindex, i % 2 == 0 ? ANNOUNCE_REQUEST : ANNOUNCE_REPLY, mac, vip);
		if (e != 0)
			error = e;
	}
	return error;
}

void
announcer_close(struct announcer *a)
{
	if (a->packet_fd >= 0)
		close(a->packet_fd);
	if (a->icmp6_fd >= 0)
		close(a->icmp6_fd);
	a->packet_fd = a->icmp6_fd = -1;
}
