/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits shared by workers, one caller at a time; shm_stress_test.c has them at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "shm/limit.h"

static int
setup(void **state)
{
	*state = aligned_alloc(64, sizeof(struct shm_limit));
	if (*state == NULL)
		return -1;
	*(struct shm_limit *)*state = (struct shm_limit){0};
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static void
limit__full__says_no(void **state)
{
	struct shm_limit *l = *state;

	for (unsigned i = 0; i < 3; i++)
		assert_true(limit_take(l, 3, 4 + i, 0) >= 0);
	assert_int_equal(limit_take(l, 3, 4, 0), -1);
	assert_int_equal(limit_take(l, 3, 4, 2), -1);
	assert_int_equal(limit_held(l), 3);
}

static void
limit__given_back__can_be_taken_again(void **state)
{
	struct shm_limit *l = *state;
	int first = limit_take(l, 1, 9, 5);

	assert_int_equal(first, 0);
	limit_give(l, first);
	assert_int_equal(limit_held(l), 0);
	assert_int_equal(limit_take(l, 1, 10, 5), 0);
}

static void
limit__with_a_hint__starts_there_and_wraps_around(void **state)
{
	struct shm_limit *l = *state;

	assert_int_equal(limit_take(l, 8, 4, 6), 6);
	assert_int_equal(limit_take(l, 8, 4, 14), 7);
	assert_int_equal(limit_take(l, 8, 4, 6), 0);
	assert_int_equal(l->word[6], 5); /* owner + 1 */
}

static void
limit__out_of_range__is_none_or_the_largest(void **state)
{
	struct shm_limit *l = *state;

	assert_int_equal(limit_take(l, 0, 4, 0), -1);
	assert_int_equal(limit_take(l, SHM_LIMIT_MAX + 5, 4, SHM_LIMIT_MAX - 1), SHM_LIMIT_MAX - 1);
	assert_int_equal(l->top, SHM_LIMIT_MAX);
	l->top = UINT32_MAX; /* a broken segment must not lead out of the array */
	assert_int_equal(limit_held(l), 1);
}

static void
limit__lowered__counts_words_beyond_as_taken(void **state)
{
	struct shm_limit *l = *state;
	int low;

	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(limit_take(l, 10, 4, 4 + i), 4 + i); /* words 4..9 */
	/* 6 are held, of which word 4 is below 5. Room comes only when 2 of them are
	 * gone. */
	assert_int_equal(limit_take(l, 5, 4, 0), -1);
	limit_give(l, 9);
	assert_int_equal(limit_take(l, 5, 4, 0), -1);
	assert_int_equal(limit_held(l), 5);
	limit_give(l, 8);
	low = limit_take(l, 5, 4, 0);
	assert_in_range(low, 0, 4);
	assert_int_equal(limit_held(l), 5);
	assert_int_equal(limit_take(l, 5, 4, 0), -1);
}

static void
limit__cleared__frees_all_words_of_one_owner(void **state)
{
	struct shm_limit *l = *state;

	for (unsigned i = 0; i < 100; i++)
		assert_true(limit_take(l, 100, 4 + i % 3, i) >= 0);
	assert_int_equal(limit_clear(l, 5), 33);
	assert_int_equal(limit_held(l), 67);
	assert_int_equal(limit_clear(l, 5), 0);
	assert_int_equal(limit_clear(l, 4) + limit_clear(l, 6), 67);
	assert_int_equal(limit_held(l), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(limit__full__says_no, setup, teardown),
	    cmocka_unit_test_setup_teardown(limit__given_back__can_be_taken_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		limit__with_a_hint__starts_there_and_wraps_around, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		limit__out_of_range__is_none_or_the_largest, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		limit__lowered__counts_words_beyond_as_taken, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		limit__cleared__frees_all_words_of_one_owner, setup, teardown),
	};

	return cmocka_run_group_tests_name("shm/limit", tests, NULL, NULL);
}
