/* SPDX-License-Identifier: BSD-2-Clause */
/* When a dead child is started again, and when a silent one is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "master/proc.h"

static void
backoff__grows_from_nothing_to_five_seconds(void **state)
{
	static const unsigned want[] = {0, 0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000};

	(void)state;
	for (unsigned i = 0; i < sizeof want / sizeof *want; i++)
		assert_int_equal(proc_backoff_ms(i), want[i]);
	assert_int_equal(proc_backoff_ms(1000000), 5000);
}

static const struct mono never, now = {100000000};

static void
heartbeat__fresh__is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(proc_hung(0, false, never, now), HUNG_NOT);
	assert_int_equal(proc_hung(PROC_STALE_MS - 1, false, never, now), HUNG_NOT);
	/* Also of a process that was stopped a moment ago. */
	assert_int_equal(proc_hung(PROC_STALE_MS - 1, true, never, now), HUNG_NOT);
}

static void
heartbeat__stale__is_aborted_and_a_second_later_killed(void **state)
{
	struct mono aborted = {now.us - PROC_ABORT_MS * 1000 + 1000};

	(void)state;
	assert_int_equal(proc_hung(PROC_STALE_MS, false, never, now), HUNG_ABORT);
	assert_int_equal(proc_hung(PROC_STALE_MS + 900, false, aborted, now), HUNG_NOT);
	aborted.us -= 1000;
	assert_int_equal(proc_hung(PROC_STALE_MS + 1000, false, aborted, now), HUNG_KILL);
}

static void
heartbeat__stale_because_stopped__is_killed_at_once(void **state)
{
	(void)state;
	assert_int_equal(proc_hung(PROC_STALE_MS, true, never, now), HUNG_KILL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(backoff__grows_from_nothing_to_five_seconds),
	    cmocka_unit_test(heartbeat__fresh__is_left_alone),
	    cmocka_unit_test(heartbeat__stale__is_aborted_and_a_second_later_killed),
	    cmocka_unit_test(heartbeat__stale_because_stopped__is_killed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
