/* SPDX-License-Identifier: BSD-2-Clause */
/* Open connections by client address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "shm/source.h"

static int
setup(void **state)
{
	*state = calloc(SHM_SOURCES, sizeof(struct shm_source));
	return *state == NULL;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static uint64_t
sum(const struct shm_source *rows)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < SHM_SOURCES; i++)
		n += rows[i].n;
	return n;
}

static void
connections__are_counted_by_address_and_taken_off_again(void **state)
{
	struct shm_source *rows = *state;
	int a, b;

	assert_int_equal(source_count(rows, 77), 0);
	a = source_add(rows, 77);
	assert_int_equal(source_add(rows, 77), a);
	b = source_add(rows, 78);
	assert_true(a >= 0 && b >= 0 && a != b);
	assert_int_equal(source_count(rows, 77), 2);
	assert_int_equal(source_count(rows, 78), 1);
	source_drop(rows, a);
	assert_int_equal(source_count(rows, 77), 1);
	source_drop(rows, a);
	source_drop(rows, b);
	assert_int_equal(source_count(rows, 77), 0);
	assert_int_equal(source_count(rows, 78), 0);
	assert_int_equal(sum(rows), 0);
}

static void
full_ways__count_no_more_and_harm_nobody(void **state)
{
	struct shm_source *rows = *state;
	const uint64_t first = SHM_SOURCES - 5; /* the ways go round the end */
	int row[SHM_SOURCE_WAYS];

	for (uint64_t i = 0; i < SHM_SOURCE_WAYS; i++) {
		row[i] = source_add(rows, first + (i + 1) * SHM_SOURCES);
		assert_in_range(row[i], 0, SHM_SOURCES - 1);
	}
	assert_int_equal(source_add(rows, first + 99 * SHM_SOURCES), -1);
	assert_int_equal(source_count(rows, first + 99 * SHM_SOURCES), 0);
	for (uint64_t i = 0; i < SHM_SOURCE_WAYS; i++)
		assert_int_equal(source_count(rows, first + (i + 1) * SHM_SOURCES), 1);
	/* One that is counted already still is. */
	assert_int_equal(source_add(rows, first + 3 * SHM_SOURCES), row[2]);
	source_drop(rows, row[2]);
	source_drop(rows, row[9]);
	assert_int_equal(source_add(rows, first + 99 * SHM_SOURCES), row[9]);
	assert_int_equal(source_count(rows, first + 99 * SHM_SOURCES), 1);
	assert_int_equal(source_count(rows, first + 10 * SHM_SOURCES), 0);
}

static void
a_freed_row__is_the_next_addresss_alone(void **state)
{
	struct shm_source *rows = *state;
	int row = source_add(rows, 5);

	source_add(rows, 5);
	source_drop(rows, row);
	source_drop(rows, row);
	assert_int_equal(source_add(rows, 5 + SHM_SOURCES), row);
	assert_int_equal(source_count(rows, 5), 0);
	assert_int_equal(source_count(rows, 5 + SHM_SOURCES), 1);
	assert_true(source_add(rows, 5) != row);
}

static void
a_row_after_a_freed_one__goes_on_counting(void **state)
{
	struct shm_source *rows = *state;
	int before = source_add(rows, 5), own = source_add(rows, 5 + SHM_SOURCES);

	source_drop(rows, before);
	/* It must not begin a second row where it now could. */
	assert_int_equal(source_add(rows, 5 + SHM_SOURCES), own);
	assert_int_equal(source_count(rows, 5 + SHM_SOURCES), 2);
	source_drop(rows, own);
	assert_int_equal(source_count(rows, 5 + SHM_SOURCES), 1);
}

static void
thousands_of_addresses__are_counted_each(void **state)
{
	struct shm_source *rows = *state;
	static int row[8000];
	uint64_t key;

	for (uint64_t i = 0; i < 8000; i++) {
		key = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		row[i] = source_add(rows, key);
		assert_true(row[i] >= 0);
		assert_int_equal(source_count(rows, key), 1);
	}
	assert_int_equal(sum(rows), 8000);
	for (unsigned i = 0; i < 8000; i++)
		source_drop(rows, row[i]);
	assert_int_equal(sum(rows), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		connections__are_counted_by_address_and_taken_off_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		full_ways__count_no_more_and_harm_nobody, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_freed_row__is_the_next_addresss_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_row_after_a_freed_one__goes_on_counting, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		thousands_of_addresses__are_counted_each, setup, teardown),
	};

	return cmocka_run_group_tests_name("shm/source", tests, NULL, NULL);
}
