/* SPDX-License-Identifier: BSD-2-Clause */
/* When checks start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "checker/schedule.h"

#define T0 5000000

static const struct conf_check check = {
    .interval = 3000,
    .fast_interval = 1000,
    .down_interval = 2000,
};

static void
interval__follows_the_state(void **state)
{
	struct verdict v;

	(void)state;
	verdict_init(&v, 2, 3, (struct mono){T0});
	assert_int_equal(schedule_interval(&check, &v), 1000); /* no result yet */
	verdict_result(&v, RESULT_L7OK, (struct mono){T0});
	assert_int_equal(schedule_interval(&check, &v), 3000);
	verdict_result(&v, RESULT_L4CON, (struct mono){T0});
	assert_int_equal(schedule_interval(&check, &v), 1000); /* falling */
	verdict_result(&v, RESULT_L4CON, (struct mono){T0});
	verdict_result(&v, RESULT_L4CON, (struct mono){T0});
	assert_int_equal(v.state, STATE_DOWN);
	assert_int_equal(schedule_interval(&check, &v), 2000);
	verdict_result(&v, RESULT_L7STS, (struct mono){T0});
	assert_int_equal(schedule_interval(&check, &v), 1000); /* becoming NOTREADY */
	verdict_result(&v, RESULT_L7STS, (struct mono){T0});
	verdict_result(&v, RESULT_L7STS, (struct mono){T0});
	assert_int_equal(v.state, STATE_NOTREADY);
	assert_int_equal(schedule_interval(&check, &v), 2000);
	verdict_result(&v, RESULT_L7OK, (struct mono){T0});
	assert_int_equal(schedule_interval(&check, &v), 1000); /* rising */
}

static void
next_start__is_one_interval_after_the_last_start(void **state)
{
	uint64_t noise = 42, low = UINT64_MAX, high = 0, t, sum = 0;
	struct mono started = {T0}, ended = {T0 + 4000};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		t = (uint64_t)schedule_next(started, ended, 1000, schedule_noise(&noise)).us - T0;
		assert_in_range(t, 900000, 1100000);
		low = t < low ? t : low;
		high = t > high ? t : high;
		sum += t;
	}
	/* Spread over the whole range, around the interval. */
	assert_true(low < 905000 && high > 1095000);
	assert_in_range(sum / 10000, 995000, 1005000);
}

static void
next_start__of_a_slow_check__waits_for_its_end(void **state)
{
	(void)state;
	for (uint32_t noise = 0; noise < 5; noise++)
		assert_int_equal(schedule_next((struct mono){T0}, (struct mono){T0 + 5000000}, 3000,
				     noise * 1000003)
				     .us,
		    T0 + 5000000);
	/* The shortest interval that the file allows. */
	assert_in_range(schedule_next((struct mono){T0}, (struct mono){T0}, 10, UINT32_MAX).us,
	    T0 + 9000, T0 + 11000);
}

static void
second_starts__are_spread_over_the_interval(void **state)
{
	struct mono last = {T0}, t;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		t = schedule_spread((struct mono){T0}, 3000, i, 3);
		assert_int_equal(t.us - last.us, 1000000);
		last = t;
	}
	assert_int_equal(
	    schedule_spread((struct mono){T0}, 3600000, 511, 512).us, T0 + INT64_C(3600000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(interval__follows_the_state),
	    cmocka_unit_test(next_start__is_one_interval_after_the_last_start),
	    cmocka_unit_test(next_start__of_a_slow_check__waits_for_its_end),
	    cmocka_unit_test(second_starts__are_spread_over_the_interval),
	};

	return cmocka_run_group_tests_name("checker/schedule", tests, NULL, NULL);
}
