/* SPDX-License-Identifier: BSD-2-Clause */
/* Token buckets: how much they let through over time, alone and together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shm/rate.h"
#include "t/unit/shm_fixture.h"

#define START_US INT64_C(3600000000)
#define SECOND	 INT64_C(1000000)

/* Tokens had by somebody who asks `per_step` times each step_us, over `us`. */
static unsigned
taken(_Atomic uint64_t *word, uint32_t rate, int64_t us, int64_t step_us, unsigned per_step)
{
	unsigned n = 0;

	for (int64_t t = 0; t < us; t += step_us)
		for (unsigned i = 0; i < per_step; i++)
			n += rate_take(word, rate, START_US + t);
	return n;
}

static unsigned
burst_of(uint32_t rate)
{
	return rate / 10 > 1 ? rate / 10 : 1;
}

static void
n_a_second__are_had_by_who_always_asks(void **state)
{
	static const uint32_t rates[] = {1, 2, 3, 7, 10, 11, 19, 20, 33, 100, 999, 1000, 3333};
	_Atomic uint64_t word;
	unsigned n, most;

	(void)state;
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		word = 0;
		n = taken(&word, rates[i], 10 * SECOND, 100, 2);
		most = 10 * rates[i] + burst_of(rates[i]);
		if (n < 10 * rates[i] || n > most + 1)
			fail_msg("rate %u: %u in 10 s, at most %u", rates[i], n, most);
	}
}

static void
a_high_rate__is_right_to_a_thousandth(void **state)
{
	static const uint32_t rates[] = {30000, 90000, 333333, 700000, 1000000};
	_Atomic uint64_t word;
	unsigned n;

	(void)state;
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		word = 0;
		n = taken(&word, rates[i], SECOND, 10, 11) - burst_of(rates[i]);
		if (n < rates[i] / 1000 * 999 || n > rates[i] / 1000 * 1001 + 11)
			fail_msg("rate %u: %u in a second", rates[i], n);
	}
}

static void
a_burst__is_a_tenth_of_a_second_and_at_least_one(void **state)
{
	static const struct {
		uint32_t rate;
		unsigned burst;
	} rows[] = {{1, 1}, {9, 1}, {10, 1}, {15, 1}, {20, 2}, {29, 2}, {100, 10}, {1000, 100},
	    {1000000, 100000}};
	_Atomic uint64_t word;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		word = 0;
		assert_int_equal(
		    taken(&word, rows[i].rate, 1, 1, rows[i].burst + 5), rows[i].burst);
		/* An hour of silence saves up no more than that. */
		assert_true(rate_take(&word, rows[i].rate, START_US + 3600 * SECOND));
		for (unsigned k = 1; k < rows[i].burst; k++)
			assert_true(rate_take(&word, rows[i].rate, START_US + 3600 * SECOND));
		assert_false(rate_take(&word, rows[i].rate, START_US + 3600 * SECOND));
	}
}

static void
a_slow_rate__lets_one_through_each_period(void **state)
{
	_Atomic uint64_t word = 0;

	(void)state;
	assert_true(rate_take(&word, 3, START_US));
	assert_false(rate_take(&word, 3, START_US + 333333));
	assert_true(rate_take(&word, 3, START_US + 333334));
	assert_false(rate_take(&word, 3, START_US + 333335));
	assert_true(rate_take(&word, 3, START_US + 666668));
}

static void
who_is_refused__pays_nothing(void **state)
{
	_Atomic uint64_t word = 0, before;

	(void)state;
	assert_true(rate_take(&word, 1, START_US));
	before = word;
	for (int i = 0; i < 1000; i++)
		assert_false(rate_take(&word, 1, START_US + i));
	assert_int_equal(word, before);
	assert_true(rate_take(&word, 1, START_US + SECOND));
}

static void
a_clock_behind_that_of_another_worker__gets_nothing_extra(void **state)
{
	_Atomic uint64_t word = 0;
	unsigned n = 0;

	(void)state;
	/* Two workers whose turns began 50 ms apart. */
	for (int64_t t = 0; t < 10 * SECOND; t += 1000) {
		n += rate_take(&word, 100, START_US + t);
		n += rate_take(&word, 100, START_US + t - 50000);
	}
	assert_in_range(n, 1000, 1010);
}

static void
a_lowered_or_raised_rate__holds_at_once(void **state)
{
	_Atomic uint64_t word = 0;

	(void)state;
	assert_int_equal(taken(&word, 1000, 1, 1, 200), 100);
	/* 100 ms are owed; at 1 a second that is less than one token. */
	assert_false(rate_take(&word, 10, START_US));
	assert_true(rate_take(&word, 10, START_US + 100000));
	word = 0;
	assert_true(rate_take(&word, 1, START_US));
	assert_false(rate_take(&word, 1000, START_US));
	assert_true(rate_take(&word, 1000, START_US + SECOND));
}

/* ---- one of many ---- */

static uint64_t
key_of(unsigned tag, unsigned row)
{
	return (uint64_t)tag << 48 | row;
}

static _Atomic uint64_t *
words_new(void)
{
	_Atomic uint64_t *words = calloc(SHM_SOURCES, sizeof *words);

	assert_non_null(words);
	return words;
}

static void
two_keys_of_one_row__have_a_bucket_each(void **state)
{
	_Atomic uint64_t *words = words_new();

	(void)state;
	assert_true(rate_take_of(words, key_of(1, 5), 1, START_US));
	assert_true(rate_take_of(words, key_of(2, 5), 1, START_US));
	assert_false(rate_take_of(words, key_of(1, 5), 1, START_US));
	assert_false(rate_take_of(words, key_of(2, 5), 1, START_US));
	assert_true(rate_take_of(words, key_of(1, 5), 1, START_US + SECOND));
	assert_false(rate_take_of(words, key_of(1, 5), 1, START_US + SECOND));
	assert_true(rate_take_of(words, key_of(2, 5), 1, START_US + SECOND));
	assert_false(rate_take_of(words, key_of(2, 5), 1, START_US + SECOND));
	free(words);
}

static void
a_bucket_that_is_not_the_first__is_found_again_when_one_before_it_is_free(void **state)
{
	_Atomic uint64_t *words = words_new();

	(void)state;
	assert_true(rate_take_of(words, key_of(1, 5), 10, START_US)); /* full again in 100 ms */
	assert_true(rate_take_of(words, key_of(2, 5), 1, START_US));  /* in a second */
	assert_false(rate_take_of(words, key_of(2, 5), 1, START_US + SECOND / 2));
	free(words);
}

static void
all_rows_of_others__let_it_through_until_one_is_full_again(void **state)
{
	_Atomic uint64_t *words = words_new();
	unsigned n = 0;

	(void)state;
	/* At the end of the table, so that the rows go round. */
	for (unsigned i = 0; i < SHM_SOURCE_WAYS; i++)
		assert_true(
		    rate_take_of(words, key_of(1 + i, SHM_SOURCES - 3), 1, START_US + 1000 * i));
	for (unsigned i = 0; i < SHM_SOURCES; i++)
		n += words[i] != 0;
	assert_int_equal(n, SHM_SOURCE_WAYS);
	assert_true(words[SHM_SOURCE_WAYS - 4] != 0 && words[SHM_SOURCE_WAYS - 3] == 0);
	for (int i = 0; i < 100; i++)
		assert_true(rate_take_of(words, key_of(99, SHM_SOURCES - 3), 1, START_US + 20000));
	/* Nobody lost his for it. */
	for (unsigned i = 0; i < SHM_SOURCE_WAYS; i++)
		assert_false(
		    rate_take_of(words, key_of(1 + i, SHM_SOURCES - 3), 1, START_US + SECOND - 1));
	assert_true(rate_take_of(words, key_of(99, SHM_SOURCES - 3), 1, START_US + SECOND));
	assert_false(rate_take_of(words, key_of(99, SHM_SOURCES - 3), 1, START_US + SECOND));
	free(words);
}

static void
each_of_a_thousand_addresses__has_its_rate(void **state)
{
	_Atomic uint64_t *words = words_new();
	uint64_t key;

	(void)state;
	for (int second = 0; second < 3; second++)
		for (unsigned i = 0; i < 1000; i++) {
			key = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
			for (int k = 0; k < 2; k++)
				assert_true(
				    rate_take_of(words, key, 20, START_US + second * SECOND));
			assert_false(rate_take_of(words, key, 20, START_US + second * SECOND));
		}
	free(words);
}

/* ---- at once ---- */

struct race {
	_Atomic uint64_t now_us, tokens[2], ready;
	_Atomic uint64_t word;
	_Atomic uint64_t words[SHM_SOURCES];
};

/* Drives the common clock on and takes what there is, by the time that it just read. */
static int
take_all(struct race *r, bool of_many, unsigned me, uint32_t rate)
{
	const uint64_t end = (uint64_t)(START_US + 5 * SECOND);
	uint64_t now, n = 0;

	atomic_fetch_add(&r->ready, 1);
	while (atomic_load(&r->ready) < 2)
		sched_yield();
	while ((now = atomic_fetch_add(&r->now_us, 3)) < end)
		n += of_many ? rate_take_of(r->words, key_of(7, 9), rate, (int64_t)now)
			     : rate_take(&r->word, rate, (int64_t)now);
	atomic_store(&r->tokens[me], n);
	return 0;
}

static void
two_at_once__never_have_more_than_one_alone(void **state)
{
	static const uint32_t rates[] = {1, 50, 1000, 20000};
	struct race *r =
	    mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t n;
	pid_t pid;

	(void)state;
	assert_true(r != MAP_FAILED);
	for (size_t i = 0; i < 2 * sizeof rates / sizeof rates[0]; i++) {
		r->now_us = START_US;
		r->word = r->words[9] = r->ready = 0;
		pid = fixture_fork();
		if (pid == 0)
			_exit(take_all(r, i % 2 != 0, 0, rates[i / 2]));
		take_all(r, i % 2 != 0, 1, rates[i / 2]);
		assert_int_equal(fixture_wait(pid), 0);
		n = r->tokens[0] + r->tokens[1];
		if (n < 5 * rates[i / 2] * 99 / 100 ||
		    n > 5 * rates[i / 2] + burst_of(rates[i / 2]))
			fail_msg("rate %u: %llu in 5 s", rates[i / 2], (unsigned long long)n);
	}
	munmap(r, sizeof *r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n_a_second__are_had_by_who_always_asks),
	    cmocka_unit_test(a_high_rate__is_right_to_a_thousandth),
	    cmocka_unit_test(a_burst__is_a_tenth_of_a_second_and_at_least_one),
	    cmocka_unit_test(a_slow_rate__lets_one_through_each_period),
	    cmocka_unit_test(who_is_refused__pays_nothing),
	    cmocka_unit_test(a_clock_behind_that_of_another_worker__gets_nothing_extra),
	    cmocka_unit_test(a_lowered_or_raised_rate__holds_at_once),
	    cmocka_unit_test(two_keys_of_one_row__have_a_bucket_each),
	    cmocka_unit_test(
		a_bucket_that_is_not_the_first__is_found_again_when_one_before_it_is_free),
	    cmocka_unit_test(all_rows_of_others__let_it_through_until_one_is_full_again),
	    cmocka_unit_test(each_of_a_thousand_addresses__has_its_rate),
	    cmocka_unit_test(two_at_once__never_have_more_than_one_alone),
	};

	return cmocka_run_group_tests_name("shm/rate", tests, NULL, NULL);
}
