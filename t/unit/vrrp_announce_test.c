/* SPDX-License-Identifier: BSD-2-Clause */
/* Gratuitous ARP and unsolicited neighbour advertisements, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "t/unit/vrrp_golden.h"
#include "vrrp/announce.h"

static const uint8_t mac[ANNOUNCE_MAC] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

static void
arp__both_forms__have_the_vip_as_sender_and_target(void **state)
{
	const struct addr vip = addr_of("10.77.0.10");
	uint8_t out[ANNOUNCE_ARP_LEN], want[ANNOUNCE_ARP_LEN];

	(void)state;
	announce_arp(out, ANNOUNCE_REQUEST, mac, &vip);
	assert_int_equal(bytes_of("ffffffffffff"
				  "525400123456"
				  "0806"
				  "0001"
				  "0800"
				  "06"
				  "04"
				  "0001"
				  "525400123456"
				  "0a4d000a"
				  "ffffffffffff"
				  "0a4d000a",
			     want, sizeof want),
	    ANNOUNCE_ARP_LEN);
	assert_memory_equal(out, want, sizeof want);
	announce_arp(out, ANNOUNCE_REPLY, mac, &vip);
	assert_int_equal(bytes_of("ffffffffffff"
				  "525400123456"
				  "0806"
				  "0001"
				  "0800"
				  "06"
				  "04"
				  "0002"
				  "525400123456"
				  "0a4d000a"
				  "525400123456"
				  "0a4d000a",
			     want, sizeof want),
	    ANNOUNCE_ARP_LEN);
	assert_memory_equal(out, want, sizeof want);
}

static void
na__host_or_router__overrides_and_names_the_mac(void **state)
{
	const struct addr vip = addr_of("fd77::10");
	uint8_t out[ANNOUNCE_NA_LEN], want[ANNOUNCE_NA_LEN];

	(void)state;
	announce_na(out, mac, &vip, false);
	assert_int_equal(bytes_of("88"
				  "00"
				  "0000"
				  "20000000"
				  "fd770000000000000000000000000010"
				  "0201"
				  "525400123456",
			     want, sizeof want),
	    ANNOUNCE_NA_LEN);
	assert_memory_equal(out, want, sizeof want);
	announce_na(out, mac, &vip, true);
	want[4] = 0xa0;
	assert_memory_equal(out, want, sizeof want);
}

static void
send__through_a_closed_announcer__is_an_error(void **state)
{
	const struct addr v4 = addr_of("10.77.0.10"), v6 = addr_of("fd77::10");
	struct announcer a = {.packet_fd = -1, .icmp6_fd = -1};

	(void)state;
	assert_int_not_equal(announcer_send(&a, 1, mac, &v4, 1), 0);
	assert_int_not_equal(announcer_send(&a, 1, mac, &v6, 1), 0);
	assert_int_equal(announcer_send(&a, 1, mac, &v6, 0), 0);
	announcer_close(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arp__both_forms__have_the_vip_as_sender_and_target),
	    cmocka_unit_test(na__host_or_router__overrides_and_names_the_mac),
	    cmocka_unit_test(send__through_a_closed_announcer__is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
