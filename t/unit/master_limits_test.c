/* SPDX-License-Identifier: BSD-2-Clause */
/* How many connections the limit of open files allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "master/limits.h"

static struct err err;

static int
clear(void **state)
{
	(void)state;
	err_init(&err);
	return 0;
}

static void
limits__auto_with_plenty_of_files__is_20000(void **state)
{
	(void)state;
	assert_int_equal(limits_connections(-1, 1000000, 100, 1, &err), 20000);
	assert_int_equal(limits_connections(-1, 40100, 100, 1, &err), 20000);
}

static void
limits__auto_with_few_files__is_what_they_allow(void **state)
{
	(void)state;
	assert_int_equal(limits_connections(-1, 40098, 100, 1, &err), 19999);
	assert_int_equal(limits_connections(-1, 1024, 424, 1, &err), 300);
	assert_int_equal(err.count, 0);
}

static void
limits__configured_and_possible__is_taken(void **state)
{
	(void)state;
	assert_int_equal(limits_connections(300, 1024, 424, 1, &err), 300);
	assert_int_equal(limits_connections(1000000, 2000100, 100, 1, &err), 1000000);
}

static void
limits__configured_beyond_the_files__is_an_error_with_both_numbers(void **state)
{
	(void)state;
	assert_int_equal(limits_connections(301, 1024, 424, 1, &err), 0);
	assert_non_null(strstr(err_end(&err), "1026 open files"));
	assert_non_null(strstr(err_end(&err), "is 1024"));
}

static void
limits__several_workers__share_with_a_quarter_to_spare(void **state)
{
	(void)state;
	/* 5,000 each and 1,250 more, two files each. */
	assert_int_equal(limits_connections(10000, 12600, 100, 2, &err), 10000);
	assert_int_equal(limits_connections(10000, 12599, 100, 2, &err), 0);
	assert_non_null(strstr(err_end(&err), "12600 open files"));
	assert_int_equal(limits_connections(-1, 12600, 100, 2, &err), 10000);
	assert_int_equal(limits_connections(-1, 12600, 100, 1, &err), 6250);
	/* A share is never more than all. */
	assert_int_equal(limits_connections(1, 102, 100, 8, &err), 1);
}

static void
limits__not_even_one_connection__is_an_error(void **state)
{
	(void)state;
	assert_int_equal(limits_connections(-1, 64, 424, 1, &err), 0);
	assert_int_equal(err.count, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(limits__auto_with_plenty_of_files__is_20000, clear),
	    cmocka_unit_test_setup(limits__auto_with_few_files__is_what_they_allow, clear),
	    cmocka_unit_test_setup(limits__configured_and_possible__is_taken, clear),
	    cmocka_unit_test_setup(
		limits__configured_beyond_the_files__is_an_error_with_both_numbers, clear),
	    cmocka_unit_test_setup(limits__several_workers__share_with_a_quarter_to_spare, clear),
	    cmocka_unit_test_setup(limits__not_even_one_connection__is_an_error, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
