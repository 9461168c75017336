/* SPDX-License-Identifier: BSD-2-Clause */
/* One verdict for each reason to refuse a VRRP packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "t/unit/vrrp_golden.h"

static void
origin__of_others__is_told_before_all_else(void **state)
{
	const struct addr peers[2] = {addr_of("10.77.0.3"), addr_of("10.77.0.2")};
	struct packet p;

	(void)state;
	packet_load(&p, "v3-unicast");
	p.want.peers = peers;
	p.want.n_peers = 2;
	packet_expect(&p, "no peer", VRRP_PEER);
	p.d.src = peers[1];
	p.d.ttl = 64;
	packet_expect(&p, "ttl", VRRP_TTL);
	p.want.min_ttl = 64;
	packet_mend(&p);
	packet_expect(&p, "ttl that is allowed", VRRP_GOOD);
	p.want.self = peers[1];
	packet_expect(&p, "we ourselves", VRRP_SELF);
	/* Nothing of the packet is looked at but its VRID. */
	p.bytes[1] = 48;
	p.bytes[0] = 0xff;
	packet_expect(&p, "another router", VRRP_VRID);
	p.bytes[1] = 0;
	packet_expect(&p, "router 0", VRRP_VRID);
	p.d.len = 2;
	packet_expect(&p, "two bytes", VRRP_VRID);
	packet_load(&p, "v3");
	p.want.own.family = AF_INET6;
	packet_expect(&p, "the other family's router", VRRP_VRID);
	packet_load(&p, "v3");
	p.want.peers = peers;
	packet_expect(&p, "a list of no peers", VRRP_PEER);
}

static void
message__broken__has_its_verdict(void **state)
{
	struct packet p;

	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		packet_load(&p, "v3");
		p.bytes[0] = (uint8_t)(version << 4 | 1);
		packet_mend(&p);
		packet_expect(&p, "version",
		    version == 3   ? VRRP_GOOD
		    : version == 2 ? VRRP_LENGTH
				   : VRRP_UNKNOWN_VERSION);
	}
	packet_load(&p, "v6");
	p.bytes[0] = 0x21;
	packet_expect(&p, "version 2 over IPv6", VRRP_UNKNOWN_VERSION);
	packet_load(&p, "v3");
	p.bytes[3] = 255;
	packet_expect(&p, "255 addresses", VRRP_LENGTH);
	packet_load(&p, "v3");
	p.bytes[0] = 0x32;
	packet_mend(&p);
	packet_expect(&p, "type 2", VRRP_TYPE);
	for (unsigned i = 0; i < n_goldens; i++) {
		packet_load(&p, goldens[i].name);
		for (size_t at = 8; at < p.d.len; at++) {
			p.bytes[at] ^= 0x10;
			packet_expect(&p, goldens[i].name, VRRP_CHECKSUM);
			p.bytes[at] ^= 0x10;
		}
	}
	packet_load(&p, "v6");
	p.d.src = addr_of("fe80::1");
	packet_expect(&p, "IPv6 from another source", VRRP_CHECKSUM);
	packet_load(&p, "v3");
	p.bytes[3] = 0;
	p.d.len = 8;
	packet_mend(&p);
	packet_expect(&p, "no address", VRRP_EMPTY);
}

static void
settings__of_a_peer_that_differ__have_their_verdict(void **state)
{
	struct packet p;

	(void)state;
	packet_load(&p, "v3");
	p.bytes[4] = 0xf0;
	p.bytes[5] = 0;
	packet_mend(&p);
	packet_expect(&p, "interval 0", VRRP_INTERVAL_ZERO);
	packet_load(&p, "v3");
	p.want.own.version = 2;
	packet_expect(&p, "version 3 for 2", VRRP_VERSION);
	assert_int_equal(p.got.priority, 100);
	packet_load(&p, "v2");
	p.want.own.version = 3;
	packet_expect(&p, "version 2 for 3", VRRP_VERSION);
	packet_load(&p, "v2");
	p.want.own.interval_us = 2000000;
	packet_expect(&p, "interval of version 2", VRRP_INTERVAL);
	packet_load(&p, "v3");
	p.want.own.interval_us = 100000;
	packet_expect(&p, "interval of version 3", VRRP_GOOD);
	assert_int_equal(p.got.interval_us, 1000000);
	packet_load(&p, "v2");
	p.want.own.has_password = true;
	packet_expect(&p, "no password", VRRP_AUTH_TYPE);
	packet_load(&p, "v2-password");
	p.want.own.has_password = false;
	packet_expect(&p, "a password", VRRP_AUTH_TYPE);
	packet_load(&p, "v2-password");
	for (int i = 0; i < VRRP_PASSWORD_LEN; i++) {
		p.want.own.password[i] ^= 1;
		packet_expect(&p, "wrong password", VRRP_PASSWORD);
		p.want.own.password[i] ^= 1;
	}
	packet_load(&p, "v2");
	p.bytes[4] = 2;
	packet_mend(&p);
	packet_expect(&p, "authentication header", VRRP_AUTH_TYPE);
}

static void
settings__that_may_differ__are_accepted(void **state)
{
	struct packet p;

	(void)state;
	packet_load(&p, "v3");
	p.bytes[4] |= 0xf0;
	packet_mend(&p);
	packet_expect(&p, "reserved bits", VRRP_GOOD);
	assert_int_equal(p.got.interval_us, 1000000);
	assert_int_equal(p.seen.dialect, VRRP_SUM_RFC9568);
	packet_load(&p, "v2");
	p.bytes[19] = 0x55;
	packet_mend(&p);
	packet_expect(&p, "authentication data without authentication", VRRP_GOOD);
	packet_load(&p, "v3");
	p.want.own.address[0].in.s_addr ^= 1;
	packet_expect(&p, "another address", VRRP_GOOD);
	assert_true(p.seen.other_addresses);
	packet_load(&p, "v3-two");
	p.want.own.n_addrs = 1;
	packet_expect(&p, "one address more", VRRP_GOOD);
	assert_true(p.seen.other_addresses);
	packet_load(&p, "v3-two");
	assert_int_equal(packet_parse(&p), VRRP_GOOD);
	p.want.own.address[0] = p.got.address[1];
	p.want.own.address[1] = p.got.address[0];
	packet_expect(&p, "another order", VRRP_GOOD);
	assert_false(p.seen.other_addresses);
	p.want.own.address[0] = p.want.own.address[1];
	packet_expect(&p, "one of ours twice", VRRP_GOOD);
	assert_true(p.seen.other_addresses);
}

static void
list__longer_than_ours_can_be__is_accepted_and_kept_in_part(void **state)
{
	static uint8_t bytes[8 + 255 * 4] = {0x31, 47, 100, 255, 0, 100};
	struct packet p;
	uint32_t sum = 0;

	(void)state;
	packet_load(&p, "v3");
	bytes[8 + 19 * 4] = 10;
	bytes[8 + 20 * 4] = 11;
	for (size_t i = 0; i < sizeof bytes; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	bytes[6] = (uint8_t)(sum >> 8);
	bytes[7] = (uint8_t)sum;
	p.d.payload = bytes;
	p.d.len = sizeof bytes;
	packet_expect(&p, "255 addresses", VRRP_GOOD);
	assert_int_equal(p.got.n_addrs, 255);
	assert_int_equal(p.got.address[VRRP_ADDRS_MAX - 1].in.s_addr, htonl(10u << 24));
	assert_true(p.seen.other_addresses);
}

static void
verdicts__that_count_as_heard__are_those_of_whole_adverts(void **state)
{
	(void)state;
	for (int v = 0; v < VRRP_VERDICTS; v++) {
		assert_true(vrrp_verdict_help((enum vrrp_verdict)v)[0] != '\0');
		assert_int_equal(
		    vrrp_verdict_is_heard((enum vrrp_verdict)v), v == VRRP_GOOD || v > VRRP_EMPTY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(origin__of_others__is_told_before_all_else),
	    cmocka_unit_test(message__broken__has_its_verdict),
	    cmocka_unit_test(settings__of_a_peer_that_differ__have_their_verdict),
	    cmocka_unit_test(settings__that_may_differ__are_accepted),
	    cmocka_unit_test(list__longer_than_ours_can_be__is_accepted_and_kept_in_part),
	    cmocka_unit_test(verdicts__that_count_as_heard__are_those_of_whole_adverts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
