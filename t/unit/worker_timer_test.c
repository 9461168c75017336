/* SPDX-License-Identifier: BSD-2-Clause */
/* The wheel of deadlines, and the pool it links by indices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "worker/conn.h"
#include "worker/pool.h"
#include "worker/timer.h"

#define N     300
#define START 987654321

struct ground {
	struct pool pool;
	struct wheel wheel;
	struct worker_conn *c[N];
};

static void
open_ground(struct ground *g)
{
	assert_int_equal(pool_init(&g->pool, N), 0);
	wheel_init(&g->wheel, &g->pool, START);
	for (int i = 0; i < N; i++) {
		g->c[i] = pool_get(&g->pool);
		assert_non_null(g->c[i]);
		g->c[i]->timer_slot = CONN_NONE;
	}
	assert_null(pool_get(&g->pool));
}

static void
deadlines__are_met_in_order_never_early_at_most_a_tick_late(void **state)
{
	struct ground g;
	int64_t deadline[N], now = START;
	struct worker_conn *c;
	unsigned seen = 0, i;

	(void)state;
	open_ground(&g);
	srand(47);
	for (i = 0; i < N; i++) {
		deadline[i] = START + rand() % 100000;
		wheel_arm(&g.wheel, g.c[i], deadline[i]);
	}
	for (; now < START + 101000; now += 7)
		while ((c = wheel_due(&g.wheel, now)) != NULL) {
			i = pool_index(&g.pool, c);
			assert_true(now >= deadline[i]);
			assert_true(now <= deadline[i] + WHEEL_TICK_MS + 7);
			seen++;
		}
	assert_int_equal(seen, N);
	assert_int_equal(g.wheel.count, 0);
	pool_fini(&g.pool);
}

static void
beyond_the_horizon__comes_early_to_be_armed_again(void **state)
{
	struct ground g;
	int64_t deadline = START + 3600000, now = START;
	struct worker_conn *c;
	unsigned early = 0;

	(void)state;
	open_ground(&g);
	wheel_arm(&g.wheel, g.c[0], deadline);
	for (;; now += 1000) {
		assert_true(now < deadline + 2000);
		c = wheel_due(&g.wheel, now);
		if (c == NULL)
			continue;
		if (now >= deadline)
			break;
		early++;
		wheel_arm(&g.wheel, c, deadline);
	}
	assert_in_range(early, 20, 40);
	pool_fini(&g.pool);
}

static void
disarmed__never_comes_and_armed_again_comes_once(void **state)
{
	struct ground g;
	unsigned seen = 0;

	(void)state;
	open_ground(&g);
	for (int i = 0; i < N; i++)
		wheel_arm(&g.wheel, g.c[i], START + 100);
	for (int i = 0; i < N; i += 3)
		wheel_disarm(&g.wheel, g.c[i]);
	wheel_disarm(&g.wheel, g.c[0]); /* twice is once */
	for (int i = 1; i < N; i += 3)
		wheel_arm(&g.wheel, g.c[i], START + 100);
	for (int i = 1; i < N; i += 3)
		wheel_arm(&g.wheel, g.c[i], START + 5000);
	while (wheel_due(&g.wheel, START + 1000) != NULL)
		seen++;
	assert_int_equal(seen, N / 3);
	while (wheel_due(&g.wheel, START + 6000) != NULL)
		seen++;
	assert_int_equal(seen, 2 * N / 3);
	pool_fini(&g.pool);
}

static void
a_long_sleep__loses_nobody(void **state)
{
	struct ground g;
	unsigned seen = 0;

	(void)state;
	open_ground(&g);
	for (int i = 0; i < N; i++)
		wheel_arm(&g.wheel, g.c[i], START + i * 400);
	while (wheel_due(&g.wheel, START + 10 * WHEEL_SLOTS * WHEEL_TICK_MS) != NULL)
		seen++;
	assert_int_equal(seen, N);
	pool_fini(&g.pool);
}

static void
wait__ends_with_the_first_deadline(void **state)
{
	struct ground g;
	int ms;

	(void)state;
	open_ground(&g);
	assert_int_equal(wheel_wait(&g.wheel, START, 250), 250);
	wheel_arm(&g.wheel, g.c[0], START + 100);
	ms = wheel_wait(&g.wheel, START, 250);
	assert_in_range(ms, 100, 100 + WHEEL_TICK_MS);
	assert_int_equal(wheel_wait(&g.wheel, START, 50), 50);
	assert_int_equal(wheel_wait(&g.wheel, START + 1000, 250), 0);
	pool_fini(&g.pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(deadlines__are_met_in_order_never_early_at_most_a_tick_late),
	    cmocka_unit_test(beyond_the_horizon__comes_early_to_be_armed_again),
	    cmocka_unit_test(disarmed__never_comes_and_armed_again_comes_once),
	    cmocka_unit_test(a_long_sleep__loses_nobody),
	    cmocka_unit_test(wait__ends_with_the_first_deadline),
	};

	return cmocka_run_group_tests_name("worker/timer", tests, NULL, NULL);
}
