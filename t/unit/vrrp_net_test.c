/* SPDX-License-Identifier: BSD-2-Clause */
/* VRRP sockets and announcements between two network namespaces. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <net/ethernet.h>
#include <string.h>
#include <unistd.h>

#include "t/unit/vrrp_netns.h"
#include "vrrp/announce.h"
#include "vrrp/wire.h"

#define VRID 47

static struct wire a, b;
static uint8_t buf[WIRE_BUFFER];
static struct vrrp_datagram got;

static void
open_wire(struct wire *w, enum side side, const char *self, bool multicast)
{
	const struct addr from = netns_addr(self);
	struct err err;

	err_init(&err);
	netns_enter(side);
	if (wire_open(
		w, from.sa.sa_family, NETNS_IF, netns_ifindex(side), &from, multicast, &err) != 0)
		fail_msg("%s", err_end(&err));
}

static struct vrrp_advert
advert(int family, uint8_t vrid)
{
	struct vrrp_advert v = {.version = 3,
	    .vrid = vrid,
	    .priority = 100,
	    .n_addrs = 1,
	    .family = family,
	    .interval_us = 1000000};

	if (family == AF_INET6)
		v.address[0].in6 = netns_addr("fd77::10").in6.sin6_addr;
	else
		v.address[0].in = netns_addr("10.77.0.10").in.sin_addr;
	return v;
}

static int
send_advert(const struct wire *w, const struct addr *to, uint8_t vrid)
{
	const struct vrrp_advert v = advert(w->family, vrid);
	uint8_t out[VRRP_PACKET_MAX];
	size_t len = vrrp_packet_make(out, sizeof out, &v, &w->self, to, VRRP_SUM_RFC5798);

	assert_true(len > 0);
	if (w->family == AF_INET6)
		out[6] = out[7] = 0; /* the kernel's work */
	return wire_send(w, to, out, len);
}

/* The next datagram is this advert, whole and from there. */
static void
expect_advert(const struct wire *w, const struct addr *from, const struct addr *to, uint8_t vrid)
{
	struct vrrp_expect want = {.own = advert(w->family, vrid), .self = w->self, .min_ttl = 255};
	enum vrrp_verdict verdict = VRRP_VERDICTS;
	struct vrrp_advert out;
	struct vrrp_seen seen;

	want.peers = from;
	want.n_peers = 1;
	assert_true(netns_waits(w->fd));
	assert_int_equal(wire_recv(w, buf, sizeof buf, &got, &verdict), 1);
	assert_int_equal(verdict, VRRP_GOOD);
	assert_true(addr_equal_ip(&got.src, from));
	assert_true(addr_equal_ip(&got.dst, to));
	assert_int_equal(got.ttl, 255);
	assert_int_equal(vrrp_packet_parse(&got, &want, &out, &seen), VRRP_GOOD);
	assert_false(seen.other_addresses);
	assert_int_equal(out.priority, 100);
	if (w->family == AF_INET)
		assert_int_equal(buf[1], 0xc0);
}

static void
expect_nothing(const struct wire *w)
{
	enum vrrp_verdict verdict;

	assert_int_equal(wire_recv(w, buf, sizeof buf, &got, &verdict), 0);
}

/* Both ways, the second time for another router, whose packets are not kept apart here. */
static void
exchange(const struct addr *to_b, const struct addr *to_a)
{
	assert_int_equal(send_advert(&a, to_b, VRID), 0);
	expect_advert(&b, &a.self, to_b, VRID);
	assert_int_equal(send_advert(&b, to_a, VRID), 0);
	expect_advert(&a, &b.self, to_a, VRID);
	assert_int_equal(send_advert(&a, to_b, VRID), 0);
	assert_int_equal(send_advert(&a, to_b, VRID + 1), 0);
	expect_advert(&b, &a.self, to_b, VRID);
	expect_advert(&b, &a.self, to_b, VRID + 1);
	expect_nothing(&a);
	expect_nothing(&b);
}

static void
unicast__both_families__arrives_as_sent(void **state)
{
	static const char *const pair[][2] = {
	    {"10.77.0.1", "10.77.0.2"}, {"fd77::1", "fd77::2"}, {"fe80::a", "fe80::b"}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		open_wire(&a, SIDE_A, pair[i][0], false);
		open_wire(&b, SIDE_B, pair[i][1], false);
		exchange(&b.self, &a.self);
		wire_close(&a);
		wire_close(&b);
	}
}

static void
multicast__both_families__arrives_and_does_not_come_back(void **state)
{
	static const char *const pair[][2] = {{"10.77.0.1", "10.77.0.2"}, {"fe80::a", "fe80::b"}};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_wire(&a, SIDE_A, pair[i][0], true);
		open_wire(&b, SIDE_B, pair[i][1], true);
		exchange(wire_group(a.family), wire_group(a.family));
		exchange(&b.self, &a.self);
		wire_close(&a);
		wire_close(&b);
	}
}

static void
multicast__beside_a_unicast_socket__is_heard_by_who_joined(void **state)
{
	struct wire group;

	(void)state;
	open_wire(&a, SIDE_A, "10.77.0.1", false);
	open_wire(&b, SIDE_B, "10.77.0.2", false);
	open_wire(&group, SIDE_B, "10.77.0.2", true);
	assert_int_equal(send_advert(&a, wire_group(AF_INET), VRID), 0);
	assert_int_equal(send_advert(&a, &b.self, VRID), 0);
	expect_advert(&group, &a.self, wire_group(AF_INET), VRID);
	expect_advert(&group, &a.self, &b.self, VRID);
	expect_advert(&b, &a.self, &b.self, VRID);
	expect_nothing(&b);
	wire_close(&a);
	wire_close(&b);
	wire_close(&group);
}

/* Over IPv4 expect_advert() looks. */
static void
traffic_class__over_ipv6__is_network_control(void **state)
{
	int fd = netns_sniff(SIDE_B, ETHERTYPE_IPV6);

	(void)state;
	open_wire(&a, SIDE_A, "fe80::a", true);
	assert_int_equal(send_advert(&a, wire_group(AF_INET6), VRID), 0);
	do {
		assert_true(netns_frame(fd, buf, sizeof buf) >= 14 + 40);
	} while (buf[14 + 6] != VRRP_PROTOCOL);
	assert_int_equal(buf[14], 0x6c);
	assert_int_equal(buf[15] & 0xf0, 0);
	wire_close(&a);
	close(fd);
}

static void
recv__of_anything_else__tells_what_came(void **state)
{
	static const char *const pair[][2] = {{"10.77.0.1", "10.77.0.2"}, {"fd77::1", "fd77::2"}};
	enum vrrp_verdict verdict;
	const int ttl = 64;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_wire(&a, SIDE_A, pair[i][0], false);
		open_wire(&b, SIDE_B, pair[i][1], false);
		assert_int_equal(send_advert(&a, &b.self, VRID), 0);
		assert_int_equal(
		    i == 0 ? setsockopt(a.fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl)
			   : setsockopt(a.fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof ttl),
		    0);
		assert_int_equal(send_advert(&a, &b.self, VRID), 0);
		assert_true(netns_waits(b.fd));
		assert_int_equal(wire_recv(&b, buf, 20, &got, &verdict), 1);
		assert_int_equal(verdict, i == 0 ? VRRP_IP_HEADER : VRRP_GOOD);
		assert_true(netns_waits(b.fd));
		assert_int_equal(wire_recv(&b, buf, sizeof buf, &got, &verdict), 1);
		assert_int_equal(verdict, VRRP_GOOD);
		assert_int_equal(got.ttl, 64);
		wire_close(&a);
		wire_close(&b);
	}
}

/* A peer that writes the checksum itself, and wrongly. */
static void
checksum__wrong__is_dropped_by_the_kernel_over_ipv6_alone(void **state)
{
	static const char *const pair[][2] = {{"10.77.0.1", "10.77.0.2"}, {"fd77::1", "fd77::2"}};
	const uint8_t bad[12] = {0x31, VRID, 100, 1, 0, 100, 0xde, 0xad};
	const int off = -1;
	enum vrrp_verdict verdict;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_wire(&a, SIDE_A, pair[i][0], false);
		open_wire(&b, SIDE_B, pair[i][1], false);
		if (i == 1)
			assert_int_equal(
			    setsockopt(a.fd, IPPROTO_IPV6, IPV6_CHECKSUM, &off, sizeof off), 0);
		assert_int_equal(wire_send(&a, &b.self, bad, sizeof bad), 0);
		wire_close(&a);
		open_wire(&a, SIDE_A, pair[i][0], false);
		assert_int_equal(send_advert(&a, &b.self, VRID), 0);
		if (i == 0) {
			assert_true(netns_waits(b.fd));
			assert_int_equal(wire_recv(&b, buf, sizeof buf, &got, &verdict), 1);
			assert_int_equal(got.payload[6], 0xde);
		}
		expect_advert(&b, &a.self, &b.self, VRID);
		wire_close(&a);
		wire_close(&b);
	}
}

static void
source__of_two_addresses__is_the_one_given(void **state)
{
	(void)state;
	netns_enter(SIDE_A);
	netns_run("ip addr add 10.77.0.5/24 dev " NETNS_IF);
	open_wire(&a, SIDE_A, "10.77.0.5", true);
	open_wire(&b, SIDE_B, "10.77.0.2", true);
	exchange(wire_group(AF_INET), wire_group(AF_INET));
	exchange(&b.self, &a.self);
	wire_close(&a);
	netns_enter(SIDE_A);
	netns_run("ip addr del 10.77.0.5/24 dev " NETNS_IF);
	wire_close(&b);
}

static void
send__that_cannot_go__says_why(void **state)
{
	const struct addr far6 = netns_addr("2001:db8::1");
	struct addr near6 = netns_addr("fd77::2");

	(void)state;
	open_wire(&a, SIDE_A, "10.77.0.1", false);
	assert_int_equal(wire_send(&a, &far6, buf, 20), EAFNOSUPPORT);
	wire_close(&a);
	open_wire(&a, SIDE_A, "fd77::1", false);
	assert_int_equal(send_advert(&a, &far6, VRID), ENETUNREACH);
	addr_set_port(&near6, 6440); /* not looked at */
	assert_int_equal(send_advert(&a, &near6, VRID), 0);
	wire_close(&a);
	/* Sources that are not local. */
	open_wire(&a, SIDE_A, "10.77.0.99", true);
	assert_int_not_equal(send_advert(&a, wire_group(AF_INET), VRID), 0);
	wire_close(&a);
	open_wire(&a, SIDE_A, "fe80::99", true);
	assert_int_not_equal(send_advert(&a, wire_group(AF_INET6), VRID), 0);
	wire_close(&a);
}

static void
open__of_no_interface__names_it(void **state)
{
	const struct addr self = netns_addr("10.77.0.1");
	struct err err;

	(void)state;
	err_init(&err);
	assert_int_equal(wire_open(&a, AF_INET, "kha9", 99, &self, true, &err), -1);
	assert_int_equal(a.fd, -1);
	assert_non_null(strstr(err_end(&err), "kha9"));
	wire_close(&a);
}

static void
arp__announced__is_seen_byte_for_byte(void **state)
{
	const struct addr vip = netns_addr("10.77.0.10");
	int fd = netns_sniff(SIDE_B, ETHERTYPE_ARP);
	uint8_t want[ANNOUNCE_ARP_LEN];
	struct announcer an;

	(void)state;
	netns_enter(SIDE_A);
	assert_int_equal(announcer_open(&an), 0);
	assert_int_equal(announcer_send(&an, netns_ifindex(SIDE_A), netns_mac(SIDE_A), &vip, 3), 0);
	for (int i = 0; i < 3; i++) {
		announce_arp(
		    want, i == 1 ? ANNOUNCE_REPLY : ANNOUNCE_REQUEST, netns_mac(SIDE_A), &vip);
		/* Neighbours of other tests may be asked for meanwhile. */
		do {
			assert_int_equal(netns_frame(fd, buf, sizeof buf), sizeof want);
		} while (memcmp(buf + 28, &vip.in.sin_addr, 4) != 0);
		assert_memory_equal(buf, want, sizeof want);
	}
	assert_int_equal(announcer_send(&an, 4711, netns_mac(SIDE_A), &vip, 1), ENXIO);
	announcer_close(&an);
	close(fd);
}

/* One advertisement of fd77::10 with a right checksum, from `source`. */
static void
expect_na(int fd, const char *source, bool router)
{
	static const uint8_t to_mac[] = {0x33, 0x33, 0, 0, 0, 1};
	const struct addr vip = netns_addr("fd77::10"), from = netns_addr(source),
			  to = netns_addr("ff02::1");
	uint8_t want[ANNOUNCE_NA_LEN], *message = buf + 14 + 40;
	uint32_t sum = ANNOUNCE_NA_LEN + 58;

	announce_na(want, netns_mac(SIDE_A), &vip, router);
	do {
		assert_true(netns_frame(fd, buf, sizeof buf) >= 14 + 40 + 1);
	} while (message[0] != 136);
	assert_memory_equal(buf, to_mac, 6);
	assert_memory_equal(buf + 6, netns_mac(SIDE_A), 6);
	assert_int_equal(buf[14 + 5], ANNOUNCE_NA_LEN);
	assert_int_equal(buf[14 + 6], 58);
	assert_int_equal(buf[14 + 7], 255);
	assert_memory_equal(buf + 14 + 8, &from.in6.sin6_addr, 16);
	assert_memory_equal(buf + 14 + 24, &to.in6.sin6_addr, 16);
	for (unsigned i = 0; i < 32 + ANNOUNCE_NA_LEN; i += 2)
		sum += (uint32_t)buf[14 + 8 + i] << 8 | buf[14 + 9 + i];
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	message[2] = message[3] = 0;
	assert_memory_equal(message, want, sizeof want);
}

static void
na__announced__comes_from_the_vip_if_it_is_local(void **state)
{
	const struct addr vip = netns_addr("fd77::10");
	int fd = netns_sniff(SIDE_B, ETHERTYPE_IPV6);
	struct announcer an;

	(void)state;
	netns_enter(SIDE_A);
	assert_int_equal(announcer_open(&an), 0);
	assert_int_equal(announcer_send(&an, netns_ifindex(SIDE_A), netns_mac(SIDE_A), &vip, 2), 0);
	expect_na(fd, "fe80::a", false);
	expect_na(fd, "fe80::a", false);
	netns_run("ip addr add fd77::10/128 dev " NETNS_IF " nodad preferred_lft 0");
	an.router = true;
	assert_int_equal(announcer_send(&an, netns_ifindex(SIDE_A), netns_mac(SIDE_A), &vip, 1), 0);
	expect_na(fd, "fd77::10", true);
	netns_run("ip addr del fd77::10/128 dev " NETNS_IF);
	announcer_close(&an);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unicast__both_families__arrives_as_sent),
	    cmocka_unit_test(multicast__both_families__arrives_and_does_not_come_back),
	    cmocka_unit_test(multicast__beside_a_unicast_socket__is_heard_by_who_joined),
	    cmocka_unit_test(traffic_class__over_ipv6__is_network_control),
	    cmocka_unit_test(recv__of_anything_else__tells_what_came),
	    cmocka_unit_test(checksum__wrong__is_dropped_by_the_kernel_over_ipv6_alone),
	    cmocka_unit_test(source__of_two_addresses__is_the_one_given),
	    cmocka_unit_test(send__that_cannot_go__says_why),
	    cmocka_unit_test(open__of_no_interface__names_it),
	    cmocka_unit_test(arp__announced__is_seen_byte_for_byte),
	    cmocka_unit_test(na__announced__comes_from_the_vip_if_it_is_local),
	};

	netns_make();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
