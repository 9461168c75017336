/* SPDX-License-Identifier: BSD-2-Clause */
/* VRRP packets byte for byte, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "t/unit/vrrp_golden.h"

static void
goldens__made__are_the_bytes_of_the_peers(void **state)
{
	uint8_t out[VRRP_PACKET_MAX];
	struct vrrp_advert a;
	struct packet p;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < n_goldens; i++) {
		packet_load(&p, goldens[i].name);
		golden_advert(&goldens[i], &a);
		len = vrrp_packet_make(out, p.d.len, &a, &p.d.src, &p.d.dst, goldens[i].dialect);
		if (len != p.d.len || memcmp(out, p.bytes, len) != 0)
			fail_msg("%s", goldens[i].name);
		assert_int_equal(
		    vrrp_packet_make(out, len - 1, &a, &p.d.src, &p.d.dst, goldens[i].dialect), 0);
	}
}

static void
goldens__parsed__are_what_the_peers_meant(void **state)
{
	struct vrrp_advert a;
	struct packet p;

	(void)state;
	for (unsigned i = 0; i < n_goldens; i++) {
		packet_load(&p, goldens[i].name);
		golden_advert(&goldens[i], &a);
		packet_expect(&p, goldens[i].name, VRRP_GOOD);
		assert_memory_equal(&p.got, &a, sizeof a);
		assert_int_equal(p.seen.dialect, goldens[i].dialect);
		assert_false(p.seen.other_addresses);
	}
}

static void
goldens__cut_anywhere__are_refused(void **state)
{
	struct packet p;
	size_t whole;
	uint8_t *cut;

	(void)state;
	for (unsigned i = 0; i < n_goldens; i++) {
		packet_load(&p, goldens[i].name);
		whole = p.d.len;
		for (size_t n = 0; n < whole; n++) {
			cut = malloc(n + 1); /* a sanitizer sees what lies behind */
			memcpy(cut, p.bytes, n);
			p.d.payload = realloc(cut, n > 0 ? n : 1);
			p.d.len = n;
			packet_expect(&p, goldens[i].name, n < 2 ? VRRP_SHORT : VRRP_LENGTH);
			free((void *)p.d.payload);
		}
		p.d.payload = p.bytes;
		p.d.len = whole + 4;
		packet_expect(&p, goldens[i].name, VRRP_LENGTH);
	}
}

static size_t
make(const struct vrrp_advert *a, const char *src, const char *dst)
{
	const struct addr from = addr_of(src), to = addr_of(dst);
	uint8_t out[VRRP_PACKET_MAX];

	return vrrp_packet_make(out, sizeof out, a, &from, &to, VRRP_SUM_RFC5798);
}

static void
make__of_what_cannot_be_said__gives_nothing(void **state)
{
	static const unsigned v2_bad[] = {0, 500000, 1000001, 256000000},
			      v3_bad[] = {0, 5000, 10001, 40960000};
	struct vrrp_advert a, good;

	(void)state;
	golden_advert(golden("v3"), &good);
	assert_int_equal(make(&good, "10.0.0.1", "10.0.0.2"), 12);
	assert_int_equal(make(&good, "10.0.0.1", "ff02::12"), 0);
	assert_int_equal(make(&good, "fe80::1", "ff02::12"), 0);
	for (unsigned i = 0; i < 4; i++) {
		a = good;
		a.interval_us = v3_bad[i];
		assert_int_equal(make(&a, "10.0.0.1", "10.0.0.2"), 0);
		a.version = 2;
		a.interval_us = v2_bad[i];
		assert_int_equal(make(&a, "10.0.0.1", "10.0.0.2"), 0);
	}
	a = good;
	a.interval_us = 40950000;
	assert_int_equal(make(&a, "10.0.0.1", "10.0.0.2"), 12);
	a = good;
	a.version = 4;
	assert_int_equal(make(&a, "10.0.0.1", "10.0.0.2"), 0);
	a = good;
	a.vrid = 0;
	assert_int_equal(make(&a, "10.0.0.1", "10.0.0.2"), 0);
	a = good;
	a.n_addrs = 0;
	assert_int_equal(make(&a, "10.0.0.1", "10.0.0.2"), 0);
	a.n_addrs = VRRP_ADDRS_MAX;
	assert_int_equal(make(&a, "10.0.0.1", "10.0.0.2"), 8 + 4 * VRRP_ADDRS_MAX);
	a.n_addrs = VRRP_ADDRS_MAX + 1;
	assert_int_equal(make(&a, "10.0.0.1", "10.0.0.2"), 0);
	golden_advert(golden("v6"), &a);
	a.n_addrs = VRRP_ADDRS_MAX;
	assert_int_equal(make(&a, "fe80::1", "ff02::12"), VRRP_PACKET_MAX);
	a.version = 2;
	assert_int_equal(make(&a, "fe80::1", "ff02::12"), 0);
}

static void
ip4__whole_packet__gives_message_and_origin(void **state)
{
	uint8_t buf[128] = {
	    0x45, 0xc0, 0, 32, 0, 0, 0, 0, 255, 112, 0, 0, 10, 77, 0, 1, 224, 0, 0, 18};
	struct vrrp_datagram d;
	char text[ADDR_TEXT];

	(void)state;
	assert_int_equal(vrrp_packet_ip4(buf, 32, &d), VRRP_GOOD);
	assert_ptr_equal(d.payload, buf + 20);
	assert_int_equal(d.len, 12);
	assert_int_equal(d.ttl, 255);
	assert_string_equal(addr_print(&d.src, text, sizeof text), "10.77.0.1");
	assert_string_equal(addr_print(&d.dst, text, sizeof text), "224.0.0.18");
	/* Ethernet pads to 60 bytes. */
	assert_int_equal(vrrp_packet_ip4(buf, 46, &d), VRRP_GOOD);
	assert_int_equal(d.len, 12);
	for (size_t n = 0; n < 32; n++)
		assert_int_equal(vrrp_packet_ip4(buf, n, &d), VRRP_IP_HEADER);
	buf[0] = 0x47; /* 8 bytes of options */
	assert_int_equal(vrrp_packet_ip4(buf, 32, &d), VRRP_GOOD);
	assert_ptr_equal(d.payload, buf + 28);
	assert_int_equal(d.len, 4);
	buf[0] = 0x4f; /* options beyond the end */
	assert_int_equal(vrrp_packet_ip4(buf, 32, &d), VRRP_IP_HEADER);
	buf[0] = 0x44;
	assert_int_equal(vrrp_packet_ip4(buf, 32, &d), VRRP_IP_HEADER);
	buf[0] = 0x65;
	assert_int_equal(vrrp_packet_ip4(buf, 32, &d), VRRP_IP_HEADER);
	buf[0] = 0x45;
	buf[9] = 6;
	assert_int_equal(vrrp_packet_ip4(buf, 32, &d), VRRP_IP_HEADER);
	buf[9] = 112;
	buf[2] = 0xff; /* what the packet says of its length is not believed */
	assert_int_equal(vrrp_packet_ip4(buf, sizeof buf, &d), VRRP_IP_HEADER);
	buf[2] = 0;
	buf[3] = 20;
	assert_int_equal(vrrp_packet_ip4(buf, sizeof buf, &d), VRRP_GOOD);
	assert_int_equal(d.len, 0);
}

static void
random_bytes__parsed__are_refused_and_hurt_nobody(void **state)
{
	uint64_t x = 88172645463325252u;
	unsigned good = 0;
	struct packet p;

	(void)state;
	packet_load(&p, "v3");
	for (unsigned i = 0; i < 1000000; i++) {
		for (size_t k = 0; k < 40; k += 8) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			memcpy(p.bytes + k, &x, 8);
		}
		p.bytes[0] = 0x31;
		p.bytes[1] = 47;
		p.d.len = x % 41;
		if (p.d.len >= 8 && p.d.len % 4 == 0)
			p.bytes[3] = (uint8_t)((p.d.len - 8) / 4);
		good += packet_parse(&p) == VRRP_GOOD;
	}
	/* Three checksums of 65536 are right by chance. */
	assert_in_range(good, 0, 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(goldens__made__are_the_bytes_of_the_peers),
	    cmocka_unit_test(goldens__parsed__are_what_the_peers_meant),
	    cmocka_unit_test(goldens__cut_anywhere__are_refused),
	    cmocka_unit_test(make__of_what_cannot_be_said__gives_nothing),
	    cmocka_unit_test(ip4__whole_packet__gives_message_and_origin),
	    cmocka_unit_test(random_bytes__parsed__are_refused_and_hurt_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
