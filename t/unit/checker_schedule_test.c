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

/* 200 servers over many rounds, as the checker schedules them; checks take 2 to 40 ms, and every 20
 * rounds a reload puts a new checker in its place, for which all is still for 300 ms. */
#define MANY	 200
#define ROUNDS	 100
#define INTERVAL 3000
#define BINS	 (ROUNDS * INTERVAL / 100) /* of 100 ms */

struct many {
	uint64_t noise;
	struct mono due[MANY];
	unsigned starts[BINS];
};

static unsigned
earliest(const struct many *m)
{
	unsigned first = 0;

	for (unsigned i = 1; i < MANY; i++)
		if (m->due[i].us < m->due[first].us)
			first = i;
	return first;
}

static void
run_many(struct many *m)
{
	struct mono started[MANY], now = {0};
	int64_t reload_us = 20 * INTERVAL * INT64_C(1000);
	unsigned i, took_ms;

	for (i = 0; i < MANY; i++)
		m->due[i] = schedule_spread(now, INTERVAL, i, MANY);
	for (;;) {
		i = earliest(m);
		now = m->due[i];
		if (now.us / 100000 >= BINS)
			return;
		if (now.us >= reload_us) {
			now.us = reload_us + 300000;
			reload_us += 20 * INTERVAL * INT64_C(1000);
			for (i = 0; i < MANY; i++)
				m->due[i] = schedule_inherit(started[i], now, INTERVAL, 1000, i,
				    MANY, schedule_noise(&m->noise));
			continue;
		}
		m->starts[now.us / 100000]++;
		started[i] = now;
		took_ms = 2 + schedule_noise(&m->noise) % 39;
		m->due[i] = schedule_next(
		    now, mono_add_ms(now, took_ms), INTERVAL, schedule_noise(&m->noise));
	}
}

static void
starts_of_200_servers__stay_even(void **state)
{
	static struct many m;
	unsigned all = 0, most = 0, none = 0;

	(void)state;
	m.noise = 4711;
	run_many(&m);
	/* The first round is as even as can be: 15 ms apart. */
	for (unsigned b = 1; b < INTERVAL / 100 - 3; b++)
		assert_in_range(m.starts[b], 6, 7);
	for (unsigned b = 0; b < BINS; b++) {
		all += m.starts[b];
		most = m.starts[b] > most ? m.starts[b] : most;
		none += m.starts[b] == 0;
	}
	/* One check a server and interval, the pauses of the reloads aside. */
	assert_in_range(all, MANY * ROUNDS * 97 / 100, MANY * ROUNDS);
	/* 6.7 in 100 ms on average; with random phases (Poisson) more than 25 come once in 10^7 bins. */
	assert_in_range(most, 7, 25);
	/* 100 ms without a start: 0.13 % of them, and 3 in each of the 4 reloads. */
	assert_in_range(none, 0, 12 + BINS / 100);
}

static void
successor__goes_on_in_the_rhythm(void **state)
{
	const struct mono started = {T0}, now = {T0 + 1000000};
	uint64_t noise = 99;
	struct mono t;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		t = schedule_inherit(started, now, 3000, 1000, 3, 10, schedule_noise(&noise));
		assert_in_range(t.us, T0 + 2700000, T0 + 3300000);
		/* Overdue: soon, and not all at once. */
		t = schedule_inherit(started, now, 500, 1000, 3, 10, schedule_noise(&noise));
		assert_int_equal(t.us, now.us + 400000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(interval__follows_the_state),
	    cmocka_unit_test(next_start__is_one_interval_after_the_last_start),
	    cmocka_unit_test(next_start__of_a_slow_check__waits_for_its_end),
	    cmocka_unit_test(starts_of_200_servers__stay_even),
	    cmocka_unit_test(successor__goes_on_in_the_rhythm),
	    cmocka_unit_test(second_starts__are_spread_over_the_interval),
	};

	return cmocka_run_group_tests_name("checker/schedule", tests, NULL, NULL);
}
