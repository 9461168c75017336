/* SPDX-License-Identifier: BSD-2-Clause */
/* PROXY headers: what is read, at which byte what is not one is refused, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/proxy.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define IP4 "\xc0\x00\x02\x01\xc0\x00\x02\x63\xdc\x04\x19\x2b" /* 192.0.2.1:56324 .99:6443 */
#define IP6                                                                                        \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"     \
	"\x00\x00\xff\xff"
#define BYTES(text) text, sizeof text - 1

/* A copy that ends where the bytes end, so that reading behind them is seen. */
static enum proxy_verdict
parse(const char *bytes, size_t n, struct proxy_header *h, const char **why)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	enum proxy_verdict v;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	*why = NULL;
	v = proxy_parse(copy, n, h, why);
	free(copy);
	assert_true((v == PROXY_BAD) == (*why != NULL && **why != '\0'));
	return v;
}

static const struct {
	const char *bytes;
	size_t n;
	const char *src, *dst; /* NULL: local */
} good[] = {
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.99 56324 6443\r\n"), "192.0.2.1:56324", "192.0.2.99:6443"},
    {BYTES("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"), "0.0.0.0", "255.255.255.255:65535"},
    {BYTES("PROXY TCP6 2001:db8::1 2001:DB8:0::2 1 65535\r\n"), "[2001:db8::1]:1",
	"[2001:db8::2]:65535"},
    {BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
	"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
    {BYTES("PROXY TCP6 :: 1:2:3:4:5:6:7:8 9 10\r\n"), "*:9", "[1:2:3:4:5:6:7:8]:10"},
    {BYTES("PROXY TCP6 1:2:3:4:5:6:192.0.2.1 1:: 9 10\r\n"), "[1:2:3:4:5:6:c000:201]:9",
	"[1::]:10"},
    /* As HAProxy writes the IPv4 clients of a dual-stack listener. */
    {BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c000:263 1 2\r\n"), "192.0.2.1:1", "192.0.2.99:2"},
    {BYTES("PROXY UNKNOWN\r\n"), NULL, NULL},
    {BYTES("PROXY UNKNOWN \r\n"), NULL, NULL},
    {BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	NULL, NULL},
    {BYTES(SIG "\x21\x11\x00\x0c" IP4), "192.0.2.1:56324", "192.0.2.99:6443"},
    {BYTES(SIG "\x21\x21\x00\x24" IP6), "2001:db8::1", "[2001:db8::2]:65535"},
    {BYTES(SIG "\x20\x00\x00\x00"), NULL, NULL},
    {BYTES(SIG "\x20\x31\x00\x03\xff\xff\xff"), NULL, NULL}, /* a family that is ignored */
    {BYTES(SIG "\x21\x00\x00\x00"), NULL, NULL},
    {BYTES(SIG "\x21\x00\x00\x02\xff\xff"), NULL, NULL},
    {BYTES(SIG "\x21\x01\x00\x00"), NULL, NULL},
    {BYTES(SIG "\x21\x10\x00\x0c" IP4), NULL, NULL},
    /* The cases of HAProxy's proxy_protocol_tlv_validation: a TLV that fits; here also one
     * without a value, NOOP, one of an unknown type, and the longest of their types. */
    {BYTES(SIG "\x21\x11\x00\x14" IP4 "\x02\x00\x05"
	       "12345"),
	"192.0.2.1:56324", "192.0.2.99:6443"},
    {BYTES(SIG "\x21\x11\x00\x0f" IP4 "\x02\x00\x00"), "192.0.2.1:56324", "192.0.2.99:6443"},
    {BYTES(SIG "\x21\x11\x00\x17" IP4 "\x04\x00\x01\xff\x04\x00\x00\xee\x00\x01\x00"),
	"192.0.2.1:56324", "192.0.2.99:6443"},
    /* The checksum is one of another implementation. */
    {BYTES(SIG "\x21\x11\x00\x13" IP4 "\x03\x00\x04"
	       "\xcc\x42\x3d\x9d"),
	"192.0.2.1:56324", "192.0.2.99:6443"},
    {BYTES(SIG "\x21\x11\x00\x1b" IP4 "\x02\x00\x01"
	       "a"
	       "\x03\x00\x04"
	       "\xe6\x7e\x78\xcf"
	       "\x04\x00\x01"
	       "b"),
	"192.0.2.1:56324", "192.0.2.99:6443"},
};

static void
header__is_good_when_it_is_whole__whatever_follows(void **state)
{
	char more[256], text[ADDR_TEXT];
	struct proxy_header h;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		for (size_t n = 0; n < good[i].n; n++)
			if (parse(good[i].bytes, n, &h, &why) != PROXY_MORE)
				fail_msg(
				    "row %zu, %zu bytes: %s", i, n, why != NULL ? why : "good");
		memcpy(more, good[i].bytes, good[i].n);
		memset(more + good[i].n, '\x16', sizeof more - good[i].n);
		for (size_t n = good[i].n; n <= sizeof more; n += 31) {
			if (parse(more, n, &h, &why) != PROXY_GOOD)
				fail_msg("row %zu: %s", i, why != NULL ? why : "more");
			assert_int_equal(h.len, good[i].n);
			assert_int_equal(h.local, good[i].src == NULL);
			if (h.local) {
				assert_int_equal(h.src.sa.sa_family, AF_UNSPEC);
				assert_int_equal(h.dst.sa.sa_family, AF_UNSPEC);
				continue;
			}
			assert_string_equal(addr_print(&h.src, text, sizeof text), good[i].src);
			assert_string_equal(addr_print(&h.dst, text, sizeof text), good[i].dst);
		}
	}
}

static const struct {
	const char *bytes; /* the last one is the first that cannot be right */
	size_t n;
} bad[] = {
    /* Something else */
    {BYTES("G")},
    {BYTES("\x16")},
    {BYTES("p")},
    {BYTES("PROXY\t")},
    {BYTES("PROXY  ")},
    {BYTES("PROXY U"
	   "D")},
    {BYTES("PROXY TCP5")},
    {BYTES("PROXY TCP4\t")},
    {BYTES("PROXY UNKNOWNX")},
    {BYTES("PROXY UNKNOWN\n")},
    {BYTES("PROXY UNKNOWN a\n")},
    {BYTES("PROXY UNKNOWN a\rb")},
    {BYTES("PROXY UNKNOWN \0")},
    /* Addresses */
    {BYTES("PROXY TCP4  ")},
    {BYTES("PROXY TCP4 :")},
    {BYTES("PROXY TCP4 256")},
    {BYTES("PROXY TCP4 01")},
    {BYTES("PROXY TCP4 1..")},
    {BYTES("PROXY TCP4 1.2.3 ")},
    {BYTES("PROXY TCP4 1.2.3.4.")},
    {BYTES("PROXY TCP4 1.2.3.4\r")},
    {BYTES("PROXY TCP4 1.2.3.4\0")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4\r")},
    {BYTES("PROXY TCP4 1.2.3.4 :")},
    {BYTES("PROXY TCP6 1.")},
    {BYTES("PROXY TCP6 12345")},
    {BYTES("PROXY TCP6 g")},
    {BYTES("PROXY TCP6 :1")},
    {BYTES("PROXY TCP6 :::")},
    {BYTES("PROXY TCP6 1::2::")},
    {BYTES("PROXY TCP6 1:2:3:4:5:6:7:8:")},
    {BYTES("PROXY TCP6 1:2:3:4:5:6:7 ")},
    {BYTES("PROXY TCP6 1:2:3:4:5:6:7:1.")},
    {BYTES("PROXY TCP6 ::1%")},
    /* Ports */
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4  ")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 +")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 -")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 00")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 01")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 65536")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 100000")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 ")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n")},
    {BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r")},
    /* Version 2 */
    {BYTES("\r\r")},
    {BYTES(SIG "\x11")},
    {BYTES(SIG "\x31")},
    {BYTES(SIG "\x22")},
    {BYTES(SIG "\x21\x12")}, /* UDP */
    {BYTES(SIG "\x21\x22")},
    {BYTES(SIG "\x21\x31")}, /* UNIX */
    {BYTES(SIG "\x21\x32")},
    {BYTES(SIG "\x21\x41")},
    {BYTES(SIG "\x21\x13")},
    {BYTES(SIG "\x21\x02")},
    {BYTES(SIG "\x21\x30")},
    {BYTES(SIG "\x21\x11\x10")},
    {BYTES(SIG "\x20\x00\xff")},
    {BYTES(SIG "\x21\x21\x0f\xf1")},
    {BYTES(SIG "\x21\x11\x00\x0b")},
    {BYTES(SIG "\x21\x21\x00\x23")},
    /* TLVs: longer than the header, shorter than it, cut at each byte, of a wrong size */
    {BYTES(SIG "\x21\x11\x00\x14" IP4 "\x02\x00\x0a")},
    {BYTES(SIG "\x21\x11\x00\x14" IP4 "\x02\x01")},
    {BYTES(SIG "\x21\x11\x00\x14" IP4 "\x02\x00\x04")},
    {BYTES(SIG "\x21\x11\x00\x14" IP4 "\x02\x00\x03")},
    {BYTES(SIG "\x21\x11\x00\x0d")},
    {BYTES(SIG "\x21\x21\x00\x26")},
    {BYTES(SIG "\x21\x11\x01\x0f" IP4 "\x02\x01")},
    {BYTES(SIG "\x21\x11\x01\x0f" IP4 "\x05\x00\x81")},
    {BYTES(SIG "\x21\x11\x00\x12" IP4 "\x03\x00\x03")},
    {BYTES(SIG "\x21\x11\x00\x0f" IP4 "\x03\x00\x00")},
    {BYTES(SIG "\x21\x11\x04\x0f" IP4 "\x03\x04")},
    {BYTES(SIG "\x21\x11\x00\x13" IP4 "\x03\x00\x04"
	       "\xcc\x42\x3d\x9c")},
    {BYTES(SIG "\x21\x11\x00\x1a" IP4 "\x03\x00\x04"
	       "\xcc\x42\x3d\x9d"
	       "\x03")},
};

static void
what_is_no_header__is_refused_at_its_first_wrong_byte(void **state)
{
	struct proxy_header h;
	const char *why, *first;
	char more[256];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		for (size_t n = 0; n < bad[i].n; n++)
			if (parse(bad[i].bytes, n, &h, &why) != PROXY_MORE)
				fail_msg(
				    "row %zu, %zu bytes: %s", i, n, why != NULL ? why : "good");
		if (parse(bad[i].bytes, bad[i].n, &h, &first) != PROXY_BAD)
			fail_msg("row %zu was taken", i);
		memset(more, '\n', sizeof more);
		memcpy(more, bad[i].bytes, bad[i].n);
		assert_int_equal(parse(more, sizeof more, &h, &why), PROXY_BAD);
		assert_string_equal(why, first);
	}
}

static void
header__longer_than_its_version_allows__is_refused(void **state)
{
	char line[PROXY_V1_MAX + 2] = "PROXY UNKNOWN ";
	static char v2[PROXY_V2_MAX + 1] = SIG "\x20\x00\x0f\xf0";
	struct proxy_header h;
	const char *why;

	(void)state;
	memset(line + 14, 'x', sizeof line - 14);
	assert_int_equal(parse(line, PROXY_V1_MAX - 1, &h, &why), PROXY_MORE);
	assert_int_equal(parse(line, PROXY_V1_MAX, &h, &why), PROXY_BAD);
	memcpy(line + PROXY_V1_MAX - 1, "\r\n", 2);
	assert_int_equal(parse(line, sizeof line, &h, &why), PROXY_BAD);
	memcpy(line + PROXY_V1_MAX - 2, "\r\n", 2);
	assert_int_equal(parse(line, sizeof line, &h, &why), PROXY_GOOD);
	assert_int_equal(h.len, PROXY_V1_MAX);
	assert_int_equal(parse(v2, PROXY_V2_MAX - 1, &h, &why), PROXY_MORE);
	assert_int_equal(parse(v2, sizeof v2, &h, &why), PROXY_GOOD);
	assert_int_equal(h.len, PROXY_V2_MAX);
}

static struct addr
addr(const char *text)
{
	struct addr a;

	if (addr_parse(&a, text, false) != NULL)
		memset(&a, 0, sizeof a);
	return a;
}

static void
made__are_the_bytes_of_the_specification(void **state)
{
	static const struct {
		int version;
		bool local;
		const char *src, *dst; /* "": no address */
		const char *bytes;
		size_t n;
	} rows[] = {
	    {1, false, "192.0.2.1:56324", "192.0.2.99:6443",
		BYTES("PROXY TCP4 192.0.2.1 192.0.2.99 56324 6443\r\n")},
	    {1, false, "[2001:db8::1]:1", "[2001:db8::2]:65535",
		BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n")},
	    {1, false, "192.0.2.1:1", "[2001:db8::2]:2",
		BYTES("PROXY TCP6 ::ffff:c000:201 2001:db8::2 1 2\r\n")},
	    {1, false, "[::ffff:192.0.2.1]:1", "192.0.2.99:2",
		BYTES("PROXY TCP4 192.0.2.1 192.0.2.99 1 2\r\n")},
	    {1, false, "[::1.2.3.4]:1", "[::1]:2", BYTES("PROXY TCP6 ::102:304 ::1 1 2\r\n")},
	    {1, true, "192.0.2.1:1", "192.0.2.99:2", BYTES("PROXY UNKNOWN\r\n")},
	    {1, false, "", "192.0.2.99:2", BYTES("PROXY UNKNOWN\r\n")},
	    {2, false, "192.0.2.1:56324", "192.0.2.99:6443", BYTES(SIG "\x21\x11\x00\x0c" IP4)},
	    {2, false, "[2001:db8::1]", "[2001:db8::2]:65535", BYTES(SIG "\x21\x21\x00\x24" IP6)},
	    {2, false, "[2001:db8::1]:258", "192.0.2.99:6443",
		BYTES(SIG "\x21\x21\x00\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
			  "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x63\x01\x02\x19\x2b")},
	    {2, true, "192.0.2.1:1", "192.0.2.99:2", BYTES(SIG "\x20\x00\x00\x00")},
	    {2, false, "192.0.2.1:1", "", BYTES(SIG "\x21\x00\x00\x00")},
	    {3, false, "192.0.2.1:1", "192.0.2.99:2", BYTES("")},
	};
	uint8_t out[PROXY_MAKE_MAX];
	struct addr src, dst;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		src = addr(rows[i].src);
		dst = addr(rows[i].dst);
		assert_int_equal(
		    proxy_make(rows[i].version, &src, &dst, rows[i].local, out, sizeof out),
		    rows[i].n);
		assert_memory_equal(out, rows[i].bytes, rows[i].n);
		for (size_t room = 0; room < rows[i].n; room++)
			assert_int_equal(
			    proxy_make(rows[i].version, &src, &dst, rows[i].local, out, room), 0);
	}
	assert_int_equal(proxy_make(2, NULL, NULL, true, out, sizeof out), 16);
}

static void
longest__fits_the_room_that_is_promised(void **state)
{
	struct addr a = addr("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
	uint8_t out[PROXY_MAKE_MAX];

	(void)state;
	assert_int_equal(proxy_make(1, &a, &a, false, out, sizeof out), 104);
	assert_int_equal(proxy_make(2, &a, &a, false, out, sizeof out), 52);
}

static void
made__are_read_as_they_were(void **state)
{
	static const char *const hosts[] = {"192.0.2.1:1", "0.0.0.0:65535", "[2001:db8::1]:3",
	    "[::1.2.3.4]:4", "[::]:5", "[1:0:0:2::3]:6"};
	size_t n = sizeof hosts / sizeof *hosts;
	uint8_t out[PROXY_MAKE_MAX];
	struct proxy_header h;
	const char *why = NULL;
	struct addr src, dst;

	(void)state;
	for (size_t i = 0; i < 2 * n * n; i++) {
		src = addr(hosts[i / 2 / n]);
		dst = addr(hosts[i / 2 % n]);
		h.len = proxy_make((int)(i % 2) + 1, &src, &dst, false, out, sizeof out);
		if (proxy_parse(out, h.len, &h, &why) != PROXY_GOOD)
			fail_msg("%s %s: %s", hosts[i / 2 / n], hosts[i / 2 % n], why);
		assert_true(addr_equal(&h.src, &src) && addr_equal(&h.dst, &dst));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(header__is_good_when_it_is_whole__whatever_follows),
	    cmocka_unit_test(what_is_no_header__is_refused_at_its_first_wrong_byte),
	    cmocka_unit_test(header__longer_than_its_version_allows__is_refused),
	    cmocka_unit_test(made__are_the_bytes_of_the_specification),
	    cmocka_unit_test(longest__fits_the_room_that_is_promised),
	    cmocka_unit_test(made__are_read_as_they_were),
	};

	return cmocka_run_group_tests_name("base/proxy", tests, NULL, NULL);
}
