/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of prefixes: who is let in, and that it stays cheap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cidrs.h"

#define MANY 10000

struct lists {
	struct cidr allow[8], deny[8];
	unsigned n_allow, n_deny;
};

static struct cidr
prefix(const char *text)
{
	struct cidr c;

	if (cidr_parse(&c, text) != NULL)
		fail_msg("%s: no prefix", text);
	return c;
}

static struct addr
address(const char *text)
{
	struct addr a;

	if (addr_parse(&a, text, false) != NULL)
		fail_msg("%s: no address", text);
	return a;
}

/* Prefixes in words; "!" before those that are denied. */
static struct cidrs *
set_of(const char *words)
{
	struct lists l = {.n_allow = 0};
	struct cidrs *set;
	char copy[256], *word, *rest = copy;

	snprintf(copy, sizeof copy, "%s", words);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word == '!')
			l.deny[l.n_deny++] = prefix(word + 1);
		else if (*word != '\0')
			l.allow[l.n_allow++] = prefix(word);
	}
	set = cidrs_new(l.allow, l.n_allow, l.deny, l.n_deny);
	assert_non_null(set);
	return set;
}

static void
expect(const char *words, const char *client, bool allowed)
{
	struct cidrs *set = set_of(words);
	struct addr a = address(client);

	if (cidrs_allows(set, &a) != allowed)
		fail_msg("%s with \"%s\": %s", client, words, allowed ? "refused" : "let in");
	cidrs_free(set);
}

static void
the_longest_prefix__decides(void **state)
{
	(void)state;
	expect("10.0.0.0/8 !10.1.0.0/16 10.1.2.0/24 !10.1.2.3", "10.9.9.9", true);
	expect("10.0.0.0/8 !10.1.0.0/16 10.1.2.0/24 !10.1.2.3", "10.1.9.9", false);
	expect("10.0.0.0/8 !10.1.0.0/16 10.1.2.0/24 !10.1.2.3", "10.1.2.9", true);
	expect("10.0.0.0/8 !10.1.0.0/16 10.1.2.0/24 !10.1.2.3", "10.1.2.3", false);
	expect("10.0.0.0/8 !10.1.0.0/16 10.1.2.0/24 !10.1.2.3", "11.0.0.0", false);
	expect("2001:db8::/32 !2001:db8:1::/48 2001:db8:1::/127", "2001:db8:1::1", true);
	expect("2001:db8::/32 !2001:db8:1::/48 2001:db8:1::/127", "2001:db8:1::2", false);
	expect("!192.0.2.128/25 192.0.2.0/24", "192.0.2.127", true);
	expect("!192.0.2.128/25 192.0.2.0/24", "192.0.2.128", false);
}

static void
of_the_same_prefix__denied_wins(void **state)
{
	(void)state;
	expect("10.0.0.0/8 !10.0.0.0/8", "10.1.1.1", false);
	expect("10.1.1.1 !10.1.1.1 10.1.1.1", "10.1.1.1", false);
	expect("0.0.0.0/0 !0.0.0.0/0", "10.1.1.1", false);
	expect("192.0.2.0/24 !::ffff:192.0.2.0/120", "192.0.2.1", false); /* the same, mapped */
}

static void
who_is_in_no_list__is_let_in_if_none_is_listed_as_allowed(void **state)
{
	(void)state;
	expect("", "192.0.2.1", true);
	expect("", "2001:db8::1", true);
	expect("!192.0.2.0/24", "192.0.3.1", true);
	expect("!192.0.2.0/24", "192.0.2.1", false);
	expect("192.0.2.0/24", "192.0.3.1", false);
	cidrs_free(NULL);
}

static void
a_family__is_not_asked_about_the_other(void **state)
{
	(void)state;
	expect("0.0.0.0/0", "2001:db8::1", false);
	expect("::/0", "192.0.2.1", false);
	expect("!::/0", "192.0.2.1", true);
	expect("!0.0.0.0/0", "::", true);
	/* The bytes of 10.0.0.0/8 stand also at the start of a00::/8. */
	expect("!10.0.0.0/8", "a00::1", true);
	expect("!a00::/8", "10.0.0.1", true);
	expect("0.0.0.0/0 ::/0", "0.0.0.0", true);
	expect("0.0.0.0/0 ::/0", "255.255.255.255", true);
	expect("0.0.0.0/0 ::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true);
}

static void
mapped_ones__are_ipv4(void **state)
{
	(void)state;
	expect("192.0.2.0/24", "::ffff:192.0.2.1", true);
	expect("::ffff:192.0.2.0/120", "192.0.2.1", true);
	expect("::ffff:192.0.2.0/120", "192.0.3.1", false);
	expect("::ffff:192.0.2.0/120", "::ffff:192.0.2.1", true);
	expect("!::ffff:0.0.0.0/96", "192.0.2.1", false);
	expect("!::ffff:0.0.0.0/96", "2001:db8::1", true);
	expect("::ffff:192.0.2.1", "192.0.2.1", true);
	expect("::ffff:192.0.2.1", "192.0.2.2", false);
}

/* ---- beside a plain list ---- */

static uint64_t
random_word(void)
{
	static uint64_t s = 20240117;

	/* xorshift64* */
	s ^= s >> 12;
	s ^= s << 25;
	s ^= s >> 27;
	return s * UINT64_C(2685821657736338717);
}

/* Of few different bytes, so that prefixes contain each other. */
static struct addr
random_address(void)
{
	struct addr a = {.sa.sa_family = random_word() >> 63 ? AF_INET : AF_INET6};
	uint8_t *bytes =
	    a.sa.sa_family == AF_INET ? (uint8_t *)&a.in.sin_addr : (uint8_t *)&a.in6.sin6_addr;

	for (unsigned i = 0; i < (a.sa.sa_family == AF_INET ? 4 : 16); i++)
		bytes[i] = (uint8_t)(random_word() >> 62 == 0 ? 0x80 : 0);
	return a;
}

static struct cidr
random_prefix(void)
{
	struct cidr c = {.addr = random_address()};
	unsigned all = c.addr.sa.sa_family == AF_INET ? 32 : 128;
	uint8_t *bytes =
	    all == 32 ? (uint8_t *)&c.addr.in.sin_addr : (uint8_t *)&c.addr.in6.sin6_addr;

	c.bits = (uint8_t)((random_word() >> 32) % (all + 1));
	for (unsigned bit = c.bits; bit < all; bit++)
		bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return c;
}

static bool
naive(const struct cidr *allow, const struct cidr *deny, unsigned n, const struct addr *a)
{
	int best_allow = -1, best_deny = -1;

	for (unsigned i = 0; i < n; i++) {
		if (cidr_has(&allow[i], a) && allow[i].bits > best_allow)
			best_allow = allow[i].bits;
		if (cidr_has(&deny[i], a) && deny[i].bits > best_deny)
			best_deny = deny[i].bits;
	}
	if (best_allow < 0 && best_deny < 0)
		return n == 0;
	return best_allow > best_deny;
}

static void
random_lists__say_what_a_plain_look_at_all_entries_says(void **state)
{
	struct cidr allow[40], deny[40];
	unsigned allowed = 0, asked = 0, n;
	struct cidrs *set;
	struct addr a;
	char text[ADDR_TEXT];

	(void)state;
	print_message("seed 20240117\n");
	for (unsigned round = 0; round < 300; round++) {
		n = (unsigned)(random_word() >> 32) % 41;
		for (unsigned i = 0; i < n; i++) {
			allow[i] = random_prefix();
			deny[i] = random_prefix();
		}
		set = cidrs_new(allow, n, deny, n);
		assert_non_null(set);
		for (unsigned i = 0; i < 100; i++, asked++) {
			a = random_address();
			allowed += cidrs_allows(set, &a);
			if (cidrs_allows(set, &a) != naive(allow, deny, n, &a))
				fail_msg("round %u, %u entries: %s", round, n,
				    addr_print(&a, text, sizeof text));
		}
		cidrs_free(set);
	}
	/* Both answers were asked for. */
	assert_in_range(allowed, asked / 10, asked * 9 / 10);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
ten_thousand_entries__are_all_found_at_once(void **state)
{
	struct cidr *allow = calloc(MANY, sizeof *allow), *deny = calloc(MANY, sizeof *deny);
	struct addr a = {.in.sin_family = AF_INET};
	struct cidrs *set;
	double begin;

	(void)state;
	/* 10.x.y.0/24 are let in, and of each of them the last half is not. */
	for (uint32_t i = 0; i < MANY; i++) {
		allow[i] = (struct cidr){.addr.in.sin_family = AF_INET, .bits = 24};
		allow[i].addr.in.sin_addr.s_addr = htonl(0x0a000000 | i * 256);
		deny[i] = (struct cidr){.addr.in.sin_family = AF_INET, .bits = 25};
		deny[i].addr.in.sin_addr.s_addr = htonl(0x0a000080 | i * 256);
	}
	set = cidrs_new(allow, MANY, deny, MANY);
	assert_non_null(set);
	free(allow); /* the lists stay the caller's */
	free(deny);
	begin = seconds();
	for (uint32_t i = 0; i < MANY; i++)
		for (uint32_t k = 0; k < 256; k += 51) {
			a.in.sin_addr.s_addr = htonl(0x0a000000 | i * 256 | k);
			assert_int_equal(cidrs_allows(set, &a), k < 128);
		}
	a.in.sin_addr.s_addr = htonl(0x0a000000 | MANY * 256);
	assert_false(cidrs_allows(set, &a));
	/* 60,000 questions: 10 ms; a look at each entry would take seconds. */
	assert_true(seconds() - begin < 1);
	cidrs_free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_longest_prefix__decides),
	    cmocka_unit_test(of_the_same_prefix__denied_wins),
	    cmocka_unit_test(who_is_in_no_list__is_let_in_if_none_is_listed_as_allowed),
	    cmocka_unit_test(a_family__is_not_asked_about_the_other),
	    cmocka_unit_test(mapped_ones__are_ipv4),
	    cmocka_unit_test(random_lists__say_what_a_plain_look_at_all_entries_says),
	    cmocka_unit_test(ten_thousand_entries__are_all_found_at_once),
	};

	return cmocka_run_group_tests_name("base/cidrs", tests, NULL, NULL);
}
