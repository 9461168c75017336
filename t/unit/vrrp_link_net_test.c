/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses with a lifetime, and what is heard of links, in a network namespace. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "t/unit/vrrp_netns.h"
#include "vrrp/link.h"

/* Seconds. One is refreshed so often that only a pause of 7 tenths of it would lose it. */
#define SHORT 2
#define LEASE 4

static struct link_nl *nl;
static struct link_view view;
static const char *const vips[] = {"10.77.0.10", "fd77::10"};

static int
start(void **state)
{
	struct err err;

	(void)state;
	err_init(&err);
	netns_enter(SIDE_A);
	nl = link_open(&err);
	return nl != NULL ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	link_view_free(&view);
	link_close(nl);
	return 0;
}

static const struct link_address *
look(const char *ip)
{
	const struct addr a = netns_addr(ip);

	link_view_free(&view);
	assert_int_equal(link_dump(nl, &view), 0);
	return link_find_address(&view, netns_ifindex(SIDE_A), &a);
}

static const struct link_interface *
look_at_link(void)
{
	link_view_free(&view);
	assert_int_equal(link_dump(nl, &view), 0);
	assert_non_null(link_find(&view, netns_ifindex(SIDE_A)));
	return link_find(&view, netns_ifindex(SIDE_A));
}

static void
set(const char *ip, uint32_t lifetime_s)
{
	const struct addr a = netns_addr(ip);

	assert_int_equal(link_set(nl, netns_ifindex(SIDE_A), &a, lifetime_s), 0);
}

static void
forget(const char *ip)
{
	const struct addr a = netns_addr(ip);

	assert_int_equal(link_delete(nl, netns_ifindex(SIDE_A), &a, 0), 0);
}

/* Events that came so far. */
static void
drain(void)
{
	assert_true(link_read(nl) >= 0);
	assert_int_equal(link_read(nl), 0);
}

static void
expect_event(void)
{
	assert_true(netns_waits(link_fd(nl)));
	assert_int_equal(link_read(nl), 1);
}

static void
until_gone(const char *ip)
{
	while (look(ip) != NULL)
		expect_event();
}

static void
sleep_ms(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static void
set__address__is_there_with_flags_and_lifetime(void **state)
{
	const struct link_address *a;
	uint32_t want;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		want = IFA_F_NOPREFIXROUTE | (i == 1 ? IFA_F_NODAD : 0);
		drain();
		set(vips[i], 1000);
		expect_event();
		a = look(vips[i]);
		assert_non_null(a);
		assert_int_equal(a->prefix, i == 0 ? 32 : 128);
		assert_int_equal(a->flags & want, want);
		assert_int_equal(a->flags & (IFA_F_PERMANENT | IFA_F_TENTATIVE), 0);
		assert_int_equal((a->flags & IFA_F_DEPRECATED) != 0, i == 1);
		assert_in_range(a->valid_s, 900, 1000);
		set(vips[i], 2000);
		assert_in_range(look(vips[i])->valid_s, 1900, 2000);
		set(vips[i], 0);
		a = look(vips[i]);
		assert_int_equal(a->valid_s, UINT32_MAX);
		assert_int_equal(a->flags & (want | IFA_F_PERMANENT), want | IFA_F_PERMANENT);
		set(vips[i], 1000);
		a = look(vips[i]);
		assert_in_range(a->valid_s, 900, 1000);
		assert_int_equal(a->flags & (want | IFA_F_PERMANENT), want);
		forget(vips[i]);
		assert_null(look(vips[i]));
		forget(vips[i]);
	}
	drain();
}

static void
address__not_refreshed__expires_and_is_an_event(void **state)
{
	struct mono begin = mono_now();

	(void)state;
	set(vips[0], SHORT);
	set(vips[1], SHORT);
	drain();
	assert_non_null(look(vips[0]));
	assert_non_null(look(vips[1]));
	until_gone(vips[0]);
	until_gone(vips[1]);
	/* The kernel rounds, but never to less than half. */
	assert_true(mono_diff_ms(begin, mono_now()) >= SHORT * 1000 / 2);
	drain();
}

static void
address__refreshed__outlives_its_lifetime(void **state)
{
	struct mono begin = mono_now();

	(void)state;
	set(vips[0], LEASE);
	set(vips[1], LEASE);
	while (mono_diff_ms(begin, mono_now()) < LEASE * 1500) {
		sleep_ms(500);
		assert_non_null(look(vips[0]));
		assert_non_null(look(vips[1]));
		set(vips[0], LEASE);
		set(vips[1], LEASE);
	}
	forget(vips[0]);
	forget(vips[1]);
	drain();
}

static void
address__deleted_by_somebody__is_an_event(void **state)
{
	(void)state;
	set(vips[0], 0);
	set(vips[1], 0);
	drain();
	netns_run("ip addr del 10.77.0.10/32 dev " NETNS_IF);
	expect_event();
	assert_null(look(vips[0]));
	drain();
	netns_run("ip addr del fd77::10/128 dev " NETNS_IF);
	expect_event();
	assert_null(look(vips[1]));
	drain();
}

static void
link__down_and_up__is_seen_on_both_sides(void **state)
{
	(void)state;
	drain();
	assert_true(look_at_link()->up);
	while (!look_at_link()->running)
		expect_event();
	drain();
	/* Carrier: the other end goes down. */
	netns_enter(SIDE_B);
	netns_run("ip link set " NETNS_IF " down");
	netns_enter(SIDE_A);
	expect_event();
	while (look_at_link()->running)
		expect_event();
	assert_true(look_at_link()->up);
	netns_enter(SIDE_B);
	netns_run("ip link set " NETNS_IF " up");
	netns_enter(SIDE_A);
	while (!look_at_link()->running)
		expect_event();
	/* The administrator takes ours down. */
	netns_run("ip link set " NETNS_IF " down");
	expect_event();
	assert_false(look_at_link()->up);
	assert_false(look_at_link()->running);
	netns_run("ip link set " NETNS_IF " up");
	while (!look_at_link()->running)
		expect_event();
	assert_true(look_at_link()->up);
}

static void
dump__of_a_machine__tells_what_ip_tells(void **state)
{
	const struct addr vip = netns_addr("10.77.0.10"), lo = netns_addr("127.0.0.1");
	const struct link_interface *i = look_at_link();
	const struct link_address *a;
	unsigned found;

	(void)state;
	assert_string_equal(i->name, NETNS_IF);
	assert_memory_equal(i->mac, netns_mac(SIDE_A), LINK_MAC);
	assert_false(i->loopback);
	assert_int_equal(i->mtu, 1500);
	assert_true(link_find(&view, 1)->loopback);
	assert_string_equal(link_find(&view, 1)->name, "lo");
	assert_int_equal(link_find_address(&view, 0, &lo)->ifindex, 1);
	a = look("10.77.0.1");
	assert_int_equal(a->prefix, 24);
	assert_int_equal(a->valid_s, UINT32_MAX);
	assert_int_equal(link_find_interface(&view, "auto", &vip, NULL, &found, NULL), 0);
	assert_int_equal(found, netns_ifindex(SIDE_A));
	netns_run("ip addr add 10.99.0.1 peer 10.77.0.0/16 dev lo");
	assert_int_equal(look("10.77.0.1")->prefix, 24);
	a = link_find_address(&view, 1, &(struct addr){.in = netns_addr("10.99.0.1").in});
	assert_int_equal(a->prefix, 32);
	netns_run("ip addr del 10.99.0.1 peer 10.77.0.0/16 dev lo");
}

static void
request__that_cannot_be__says_why(void **state)
{
	const struct addr v4 = netns_addr(vips[0]), v6 = netns_addr(vips[1]);

	(void)state;
	assert_int_equal(link_set(nl, 4711, &v4, 5), -ENODEV);
	assert_int_equal(link_set(nl, 4711, &v6, 5), -ENODEV);
	assert_int_equal(link_delete(nl, 4711, &v4, 0), 0);
	assert_int_equal(link_delete(nl, 4711, &v6, 0), 0);
	/* After a refusal the next one is answered. */
	set(vips[0], 0);
	forget(vips[0]);
}

/* Over IPv4 an address with another prefix is another one; over IPv6 there is one of them. */
static void
address__there_with_another_prefix__is_told_apart_over_ipv4_alone(void **state)
{
	const struct addr v4 = netns_addr(vips[0]), v6 = netns_addr(vips[1]);
	const struct link_address *a;

	(void)state;
	netns_run("ip addr add 10.77.0.10/24 dev " NETNS_IF);
	netns_run("ip addr add fd77::10/64 nodad dev " NETNS_IF);
	set(vips[0], LEASE);
	set(vips[1], 1000);
	a = look(vips[1]);
	assert_int_equal(a->prefix, 64);
	assert_in_range(a->valid_s, 900, 1000);
	forget(vips[0]);
	forget(vips[1]);
	a = look(vips[0]);
	assert_non_null(a);
	assert_int_equal(a->prefix, 24);
	assert_non_null(look(vips[1]));
	assert_int_equal(link_delete(nl, netns_ifindex(SIDE_A), &v4, 24), 0);
	assert_int_equal(link_delete(nl, netns_ifindex(SIDE_A), &v4, 24), 0); /* it is not there */
	assert_null(look(vips[0]));
	assert_int_equal(link_delete(nl, netns_ifindex(SIDE_A), &v6, 64), 0);
	assert_null(look(vips[1]));
}

static void
until_received(const struct addr *a)
{
	const int64_t end = mono_ms(mono_now()) + NETNS_WAIT;
	int rc;

	while ((rc = link_receives(nl, netns_ifindex(SIDE_A), a)) == 0)
		assert_true(mono_ms(mono_now()) < end);
	assert_int_equal(rc, 1);
}

/* The first packet after it says so arrives; none is sent again. */
static void
receives__once_packets_are_taken(void **state)
{
	const struct addr v4 = netns_addr(vips[0]), v6 = netns_addr(vips[1]);
	struct addr any = netns_addr("::"), to = v6;
	const uint8_t *mac = netns_mac(SIDE_A);
	char know[128], c;
	int in, out;

	(void)state;
	assert_int_equal(link_receives(nl, netns_ifindex(SIDE_A), &v4), 1);
	assert_int_equal(link_receives(nl, netns_ifindex(SIDE_A), &v6), 0);
	netns_enter(SIDE_B);
	out = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Known without being asked for, so that nothing but the first packet goes. */
	snprintf(know, sizeof know,
	    "ip neigh replace fd77::10 lladdr %02x:%02x:%02x:%02x:%02x:%02x dev " NETNS_IF, mac[0],
	    mac[1], mac[2], mac[3], mac[4], mac[5]);
	netns_run(know);
	netns_enter(SIDE_A);
	in = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	addr_set_port(&any, 4000);
	addr_set_port(&to, 4000);
	assert_int_equal(bind(in, &any.sa, addr_len(&any)), 0);
	for (unsigned i = 0; i < 200; i++) {
		set(vips[1], LEASE);
		until_received(&v6);
		assert_int_equal(sendto(out, "x", 1, 0, &to.sa, addr_len(&to)), 1);
		assert_true(netns_waits(in));
		assert_int_equal(recv(in, &c, 1, 0), 1);
		forget(vips[1]);
		assert_int_equal(link_receives(nl, netns_ifindex(SIDE_A), &v6), 0);
	}
	netns_enter(SIDE_B);
	netns_run("ip neigh del fd77::10 dev " NETNS_IF);
	netns_enter(SIDE_A);
	close(in);
	close(out);
}

static void
events__more_than_fit__end_in_a_dump(void **state)
{
	(void)state;
	drain();
	for (unsigned i = 0; i < 600; i++) {
		set(vips[0], 100 + i);
		set(vips[1], 100 + i);
	}
	assert_int_equal(link_read(nl), 1);
	drain();
	assert_non_null(look(vips[0]));
	forget(vips[0]);
	forget(vips[1]);
	expect_event();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dump__of_a_machine__tells_what_ip_tells),
	    cmocka_unit_test(set__address__is_there_with_flags_and_lifetime),
	    cmocka_unit_test(address__not_refreshed__expires_and_is_an_event),
	    cmocka_unit_test(address__refreshed__outlives_its_lifetime),
	    cmocka_unit_test(address__deleted_by_somebody__is_an_event),
	    cmocka_unit_test(request__that_cannot_be__says_why),
	    cmocka_unit_test(address__there_with_another_prefix__is_told_apart_over_ipv4_alone),
	    cmocka_unit_test(receives__once_packets_are_taken),
	    cmocka_unit_test(events__more_than_fit__end_in_a_dump),
	    cmocka_unit_test(link__down_and_up__is_seen_on_both_sides),
	};

	netns_make();
	return cmocka_run_group_tests(tests, start, stop);
}
