/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes that choose servers: the same for ever, in proportion, and calm when servers come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#define SERVERS 10
#define SOURCES 10000

static struct addr
source(unsigned i)
{
	struct addr a;
	char text[ADDR_TEXT];

	snprintf(text, sizeof text, "10.%u.%u.%u:%u", i / 65536, i / 256 % 256, i % 256,
	    1024 + i % 60000);
	assert_null(addr_parse(&a, text, false));
	return a;
}

static uint64_t
server(unsigned i)
{
	char name[32];

	snprintf(name, sizeof name, "cp-%u", i + 1);
	return hash_bytes(name, strlen(name), 0);
}

/* The server that has a source; `without`: one that left. */
static unsigned
owner(unsigned source_number, const unsigned weight[], unsigned n, unsigned without)
{
	struct addr a = source(source_number);
	double best = -1, score;
	unsigned of = n;

	for (unsigned i = 0; i < n; i++) {
		if (i == without)
			continue;
		score = hash_rendezvous(hash_addr_ip(&a, 0), server(i), weight[i]);
		assert_true(score >= 0 && !isnan(score));
		if (score > best) {
			best = score;
			of = i;
		}
	}
	assert_in_range(of, 0, n - 1);
	return of;
}

static void
values__are_those_of_the_first_release(void **state)
{
	/* A change of one of these moves the clients of everybody who upgrades. */
	static const struct {
		const char *bytes;
		uint64_t seed, hash;
	} rows[] = {
	    {"", 0, UINT64_C(0x48218226ff3cd4bf)},
	    {"", 1234567, UINT64_C(0xe5d02b097ef786ba)},
	    {"cp-1", 0, UINT64_C(0xf3f10d82d8eac3cc)},
	    {"cp-1", 1, UINT64_C(0x13c7ff1c1a5d17d9)},
	    {"12345678", 0, UINT64_C(0x44cdbe8d4615abff)},
	    {"192.168.122.11", 0, UINT64_C(0xb502450077a312d2)},
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (hash_bytes(rows[i].bytes, strlen(rows[i].bytes), rows[i].seed) != rows[i].hash)
			fail_msg("\"%s\", seed %llu: 0x%llx", rows[i].bytes,
			    (unsigned long long)rows[i].seed,
			    (unsigned long long)hash_bytes(
				rows[i].bytes, strlen(rows[i].bytes), rows[i].seed));
	assert_null(addr_parse(&a, "192.0.2.1:6443", false));
	assert_int_equal(hash_addr_ip(&a, 0), UINT64_C(0x6042c930ef463609));
	assert_null(addr_parse(&a, "[2001:db8::1]:6443", false));
	assert_int_equal(hash_addr_ip(&a, 0), UINT64_C(0x73c8f2bbcc0736df));
}

static void
bytes__count_with_their_number_and_their_seed(void **state)
{
	static const uint8_t zeros[32];
	uint64_t seen[33];

	(void)state;
	for (size_t n = 0; n <= sizeof zeros; n++) {
		seen[n] = hash_bytes(zeros, n, 0);
		for (size_t k = 0; k < n; k++)
			assert_int_not_equal(seen[n], seen[k]);
	}
	assert_int_not_equal(hash_bytes("a", 1, 0), hash_bytes("a", 1, 1));
}

static void
an_address__is_hashed_without_its_port_and_unmapped(void **state)
{
	struct addr a, b;

	(void)state;
	assert_null(addr_parse(&a, "192.0.2.1:1", false));
	assert_null(addr_parse(&b, "192.0.2.1:2", false));
	assert_int_equal(hash_addr_ip(&a, 7), hash_addr_ip(&b, 7));
	assert_null(addr_parse(&b, "[::ffff:192.0.2.1]:2", false));
	assert_int_equal(b.sa.sa_family, AF_INET6);
	assert_int_equal(hash_addr_ip(&a, 7), hash_addr_ip(&b, 7));
	assert_null(addr_parse(&b, "192.0.2.2:1", false));
	assert_int_not_equal(hash_addr_ip(&a, 7), hash_addr_ip(&b, 7));
	assert_null(addr_parse(&a, "[2001:db8::1]:1", false));
	assert_null(addr_parse(&b, "[2001:db8::2]:1", false));
	assert_int_not_equal(hash_addr_ip(&a, 7), hash_addr_ip(&b, 7));
}

static void
equal_servers__have_equal_shares(void **state)
{
	unsigned weight[SERVERS], count[SERVERS] = {0};

	(void)state;
	for (unsigned i = 0; i < SERVERS; i++)
		weight[i] = 100;
	for (unsigned i = 0; i < SOURCES; i++)
		count[owner(i, weight, SERVERS, SERVERS)]++;
	/* Standard deviation of a fair draw: 30. */
	for (unsigned i = 0; i < SERVERS; i++)
		assert_in_range(count[i], SOURCES / SERVERS - 100, SOURCES / SERVERS + 100);
}

static void
a_server_that_leaves__moves_its_own_clients_and_nobody_elses(void **state)
{
	unsigned weight[SERVERS], before, after, moved, to[SERVERS];

	(void)state;
	for (unsigned i = 0; i < SERVERS; i++)
		weight[i] = 100;
	for (unsigned gone = 0; gone < SERVERS; gone += 3) {
		moved = 0;
		memset(to, 0, sizeof to);
		for (unsigned i = 0; i < SOURCES; i++) {
			before = owner(i, weight, SERVERS, SERVERS);
			after = owner(i, weight, SERVERS, gone);
			if (before != gone) {
				assert_int_equal(before, after);
				continue;
			}
			moved++;
			to[after]++;
		}
		assert_in_range(moved, SOURCES * 8 / 100, SOURCES * 12 / 100);
		/* And they do not all fall upon one neighbour. */
		for (unsigned i = 0; i < SERVERS; i++)
			assert_in_range(to[i], i == gone ? 0 : moved / 9 / 2, moved / 9 * 2);
	}
}

static void
weights__are_shares_and_a_change_moves_only_the_difference(void **state)
{
	static const unsigned weight[] = {300, 200, 100}, lower[] = {300, 200, 50};
	unsigned count[3] = {0}, before, after;

	(void)state;
	for (unsigned i = 0; i < SOURCES; i++) {
		before = owner(i, weight, 3, 3);
		after = owner(i, lower, 3, 3);
		count[before]++;
		if (before != 2)
			assert_int_equal(before, after); /* who lost weight gets nobody */
	}
	assert_in_range(count[0], SOURCES * 48 / 100, SOURCES * 52 / 100);
	assert_in_range(count[1], SOURCES * 31 / 100, SOURCES * 36 / 100);
	assert_in_range(count[2], SOURCES * 15 / 100, SOURCES * 18 / 100);
}

static uint64_t
unshift(uint64_t x, unsigned n)
{
	uint64_t y = x;

	for (unsigned i = n; i < 64; i += n)
		y = x ^ y >> n;
	return y;
}

/* The inverse of the mixer: what gives this value. */
static uint64_t
unmix(uint64_t x)
{
	x = unshift(x, 31) * UINT64_C(0x319642b2d24d8ec3);
	x = unshift(x, 27) * UINT64_C(0x96de1b173f119089);
	return unshift(x, 30);
}

static void
the_ends_of_the_range__are_the_best_and_the_worst_score(void **state)
{
	double best, worst, usual = hash_rendezvous(1, 2, 100);

	(void)state;
	/* mix(0) is 0, so that with server 0 the key alone is mixed. */
	best = hash_rendezvous(unmix(UINT64_MAX), 0, 100);
	worst = hash_rendezvous(0, 0, 100);
	assert_true(isfinite(best));
	assert_true(isfinite(worst));
	assert_true(best > 1e15 && best > usual);
	assert_true(worst > 0 && worst < 10 && worst < usual);
	assert_true(hash_rendezvous(1, 2, 0) <= 0); /* weight 0 never wins */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values__are_those_of_the_first_release),
	    cmocka_unit_test(bytes__count_with_their_number_and_their_seed),
	    cmocka_unit_test(an_address__is_hashed_without_its_port_and_unmapped),
	    cmocka_unit_test(equal_servers__have_equal_shares),
	    cmocka_unit_test(a_server_that_leaves__moves_its_own_clients_and_nobody_elses),
	    cmocka_unit_test(weights__are_shares_and_a_change_moves_only_the_difference),
	    cmocka_unit_test(the_ends_of_the_range__are_the_best_and_the_worst_score),
	};

	return cmocka_run_group_tests_name("base/hash", tests, NULL, NULL);
}
