/* SPDX-License-Identifier: BSD-2-Clause */
/* What the file and the operator say about a value: who is right, and how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "master/setting.h"

#define WALL INT64_C(1700000000000)

static const struct mono now = {1000000000};
static struct shm_setting s;

static int
start(void **state)
{
	(void)state;
	setting_init(&s, 100);
	return 0;
}

static void
order__counts_until_the_next_one(void **state)
{
	(void)state;
	assert_int_equal(setting_value(&s), 100);
	assert_false(setting_is_set(&s));
	setting_order(&s, 50, 0, now, WALL);
	assert_int_equal(setting_value(&s), 50);
	assert_true(setting_is_set(&s));
	assert_false(setting_expire(&s, mono_add_ms(now, INT64_C(1) << 40)));
	setting_order(&s, SETTING_NONE, 0, now, WALL);
	assert_int_equal(setting_value(&s), 100);
	assert_false(setting_is_set(&s));
}

static void
order__that_says_what_the_file_says__is_none(void **state)
{
	(void)state;
	setting_order(&s, 50, 0, now, WALL);
	setting_order(&s, 100, 0, now, WALL);
	assert_false(setting_is_set(&s));
}

static void
timed_order__ends_by_itself_and_what_was_before_counts_again(void **state)
{
	(void)state;
	setting_order(&s, 50, 0, now, WALL);
	setting_order(&s, 7, 60000, now, WALL);
	assert_int_equal(setting_value(&s), 7);
	assert_int_equal(setting_after(&s), 50);
	assert_int_equal(s.until_wall_ms, WALL + 60000);
	assert_false(setting_expire(&s, mono_add_ms(now, 59999)));
	assert_true(setting_expire(&s, mono_add_ms(now, 60000)));
	assert_int_equal(setting_value(&s), 50);
	assert_int_equal(s.until_us, 0);
	assert_int_equal(s.until_wall_ms, 0);
	assert_false(setting_expire(&s, mono_add_ms(now, 60000)));
}

static void
order_for_good__ends_a_timed_one(void **state)
{
	(void)state;
	setting_order(&s, 7, 60000, now, WALL);
	setting_order(&s, 8, 0, now, WALL);
	assert_int_equal(setting_value(&s), 8);
	assert_false(setting_expire(&s, mono_add_ms(now, 60000)));
	assert_int_equal(setting_value(&s), 8);
}

static void
file__that_changed__wins_over_both_parts(void **state)
{
	(void)state;
	setting_order(&s, 50, 0, now, WALL);
	setting_order(&s, 7, 60000, now, WALL);
	assert_int_equal(setting_under(&s, 100), 7);
	assert_int_equal(setting_under(&s, 80), 80);
	assert_int_equal(setting_under(NULL, 80), 80);
	assert_false(setting_file(&s, 100, false));
	assert_int_equal(setting_value(&s), 7);
	assert_false(setting_file(&s, 80, true)); /* keeps */
	assert_int_equal(setting_value(&s), 7);
	assert_true(setting_file(&s, 100, false));
	assert_int_equal(setting_value(&s), 100);
	assert_false(setting_is_set(&s));
	assert_false(setting_file(&s, 80, false)); /* nothing to forget */
	assert_int_equal(setting_value(&s), 80);
}

static void
settle__a_change__has_its_moment_and_maint_its_deadline(void **state)
{
	struct shm_server row = {.weight = 100};

	(void)state;
	setting_init(&row.set_admin, ADMIN_READY);
	setting_init(&row.set_weight, 100);
	setting_settle(&row, now);
	assert_int_equal(row.set_admin.since_us, 0);
	assert_int_equal(row.set_weight.since_us, 0);
	setting_order(&row.set_admin, ADMIN_MAINT, 0, now, WALL);
	setting_settle(&row, now);
	assert_int_equal(row.admin, ADMIN_MAINT);
	assert_int_equal(row.set_admin.since_us, now.us);
	assert_int_equal(row.drain_until_us, now.us + MAINT_DRAIN_MS * 1000);
	/* Said again it is not later. */
	setting_order(&row.set_admin, ADMIN_MAINT, 5000, now, WALL);
	setting_settle(&row, mono_add_ms(now, 1000));
	assert_int_equal(row.drain_until_us, now.us + MAINT_DRAIN_MS * 1000);
	setting_order(&row.set_admin, ADMIN_DRAIN, 0, now, WALL);
	setting_order(&row.set_weight, 0, 0, now, WALL);
	setting_settle(&row, mono_add_ms(now, 2000));
	assert_int_equal(row.admin, ADMIN_DRAIN);
	assert_int_equal(row.drain_until_us, 0);
	assert_int_equal(row.weight, 0);
	assert_int_equal(row.set_weight.since_us, now.us + 2000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(order__counts_until_the_next_one, start),
	    cmocka_unit_test_setup(order__that_says_what_the_file_says__is_none, start),
	    cmocka_unit_test_setup(
		timed_order__ends_by_itself_and_what_was_before_counts_again, start),
	    cmocka_unit_test_setup(order_for_good__ends_a_timed_one, start),
	    cmocka_unit_test_setup(file__that_changed__wins_over_both_parts, start),
	    cmocka_unit_test(settle__a_change__has_its_moment_and_maint_its_deadline),
	};

	return cmocka_run_group_tests_name("master/setting", tests, NULL, NULL);
}
