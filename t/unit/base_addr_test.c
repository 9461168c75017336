/* SPDX-License-Identifier: BSD-2-Clause */
/* Address literals: what is read, what is refused with which word, what is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/addr.h"

static void
good__are_read_and_printed_in_one_form(void **state)
{
	static const struct {
		const char *in, *out;
		int family;
		uint16_t port;
	} rows[] = {
	    {"192.0.2.1:6443", "192.0.2.1:6443", AF_INET, 6443},
	    {"192.0.2.1", "192.0.2.1", AF_INET, 0},
	    {"[2001:DB8:0:0::1]:65535", "[2001:db8::1]:65535", AF_INET6, 65535},
	    {"[::1]", "::1", AF_INET6, 0},
	    {"::1", "::1", AF_INET6, 0},
	    {"*:80", "*:80", AF_INET6, 80},
	    {"0.0.0.0:80", "0.0.0.0:80", AF_INET, 80},
	};
	char text[ADDR_TEXT];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_null(addr_parse(&a, rows[i].in, true));
		assert_int_equal(a.sa.sa_family, rows[i].family);
		assert_int_equal(addr_port(&a), rows[i].port);
		assert_string_equal(addr_print(&a, text, sizeof text), rows[i].out);
	}
}

static void
bad__are_refused_with_a_reason(void **state)
{
	static const char *const rows[] = {"", "x", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536",
	    "192.0.2.1:0x50", "192.0.2.1:+80", "192.0.2.1: 80", "192.0.2", "192.0.2.256:1", "[::1",
	    "::1]:80", "[192.0.2.1]:80", "*80", "localhost:80", "192.0.2.1:80 ", " 192.0.2.1:80"};
	struct addr a;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		why = addr_parse(&a, rows[i], true);
		if (why == NULL || *why == '\0')
			fail_msg("\"%s\" passed", rows[i]);
	}
	assert_non_null(addr_parse(&a, "*:80", false));
}

static void
prefixes__have_no_host_bits(void **state)
{
	char text[ADDR_TEXT];
	struct cidr c;

	(void)state;
	assert_null(cidr_parse(&c, "10.0.0.0/8"));
	assert_int_equal(c.bits, 8);
	assert_string_equal(cidr_print(&c, text, sizeof text), "10.0.0.0/8");
	assert_null(cidr_parse(&c, "2001:db8::/32"));
	assert_null(cidr_parse(&c, "192.0.2.1"));
	assert_int_equal(c.bits, 32);
	assert_null(cidr_parse(&c, "::/0"));
	assert_non_null(cidr_parse(&c, "10.0.0.1/8"));
	assert_non_null(cidr_parse(&c, "10.0.0.0/33"));
	assert_non_null(cidr_parse(&c, "10.0.0.0/"));
	assert_non_null(cidr_parse(&c, "10.0.0.0/-1"));
	assert_non_null(cidr_parse(&c, "10.0.0.0/8x"));
}

static void
equality__is_of_address_and_port(void **state)
{
	struct addr a, b;

	(void)state;
	assert_null(addr_parse(&a, "[::1]:80", false));
	assert_null(addr_parse(&b, "[::1]:81", false));
	assert_false(addr_equal(&a, &b));
	addr_set_port(&b, 80);
	assert_true(addr_equal(&a, &b));
	assert_null(addr_parse(&b, "127.0.0.1:80", false));
	assert_false(addr_equal(&a, &b));
	assert_int_equal(sizeof(struct addr), 28); /* stands in the segment */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good__are_read_and_printed_in_one_form),
	    cmocka_unit_test(bad__are_refused_with_a_reason),
	    cmocka_unit_test(prefixes__have_no_host_bits),
	    cmocka_unit_test(equality__is_of_address_and_port),
	};

	return cmocka_run_group_tests_name("base/addr", tests, NULL, NULL);
}
