/* SPDX-License-Identifier: BSD-2-Clause */
/* What a worker sees of slow start, limits and schedules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"

static unsigned
percent_at(int64_t ms)
{
	return health_slow_percent(5000000, 60000, (struct mono){5000000 + ms * 1000});
}

static void
slow_start__is_linear_from_1_to_100_percent(void **state)
{
	(void)state;
	assert_int_equal(percent_at(0), 1);
	assert_int_equal(percent_at(600), 1);
	for (int64_t p = 1; p < 100; p++) {
		assert_int_equal(percent_at(p * 600), p);
		assert_int_equal(percent_at(p * 600 + 599), p);
	}
	assert_int_equal(percent_at(60000), 100);
	assert_int_equal(percent_at(INT64_C(365) * 86400000), 100);
	assert_int_equal(percent_at(-1000), 1); /* the checker's clock is a moment ahead */
}

static void
slow_start__that_never_began_or_is_switched_off_is_full(void **state)
{
	struct mono now = {1000};

	(void)state;
	assert_int_equal(health_slow_percent(0, 60000, now), 100);
	assert_int_equal(health_slow_percent(900, 0, now), 100);
	/* The longest that a number can say. */
	assert_int_equal(
	    health_slow_percent(1, UINT32_MAX, (struct mono){1 + INT64_C(2147483648000)}), 50);
}

/* Server 1 came back now. */
static void
open_ramp(struct worker_world *x)
{
	struct shm_health cell = {.id = 11, .state = STATE_UP, .result = RESULT_L7OK};

	worker_world_open(x, 2);
	x->table.service[0].slow_start_ms = 10000;
	x->table.server[0].max_connections = x->table.server[1].max_connections = 250;
	x->table.server[1].weight = 40;
	cell.slow_us = x->w.now.us;
	health_store(&x->f.seg, 1, &cell, true);
	worker_world_publish(x);
}

static void
weight_and_places__grow_with_time_alone(void **state)
{
	struct worker_world x;
	const struct view *v = &x.w.view;

	(void)state;
	open_ramp(&x);
	assert_true(v->ramping);
	assert_int_equal(v->weight[0], 10000);
	assert_int_equal(v->places[0], 250);
	assert_int_equal(v->weight[1], 40);
	assert_int_equal(v->places[1], 2);
	for (unsigned p = 3; p < 100; p += 3) {
		worker_world_advance(&x, 300); /* the view looks every 250 ms */
		assert_int_equal(v->weight[1], 40 * p);
		assert_int_equal(v->places[1], 250 * p / 100);
		assert_true(v->ramping);
	}
	worker_world_advance(&x, 300);
	assert_int_equal(v->weight[1], 4000);
	assert_int_equal(v->places[1], 250);
	assert_false(v->ramping);
	worker_world_close(&x);
}

static void
one_place__is_the_least_of_who_has_a_limit(void **state)
{
	struct worker_world x;

	(void)state;
	open_ramp(&x);
	x.table.server[0].max_connections = 0;
	x.table.server[1].max_connections = 3;
	worker_world_publish(&x);
	assert_int_equal(x.w.view.places[1], 1);
	assert_int_equal(x.w.view.places[0], 0); /* no limit stays none */
	x.table.server[1].weight = 0;
	worker_world_publish(&x);
	assert_int_equal(x.w.view.weight[1], 0);
	assert_int_equal(x.w.view.service[0].n_candidates, 1);
	worker_world_close(&x);
}

static void
limits__are_known_of_each_service(void **state)
{
	struct worker_world x;
	const struct view_service *vs = &x.w.view.service[0];

	(void)state;
	worker_world_open(&x, 2);
	assert_false(vs->limited || vs->rated);
	x.table.server[1].max_connections = 1;
	worker_world_publish(&x);
	assert_true(vs->limited && !vs->rated);
	x.table.server[1].max_connections = 0;
	x.table.server[0].connect_rate = 5;
	worker_world_publish(&x);
	assert_true(vs->limited && vs->rated);
	x.table.server[0].connect_rate = 0;
	x.table.service[0].max_connections = 5;
	worker_world_publish(&x);
	assert_true(vs->limited && !vs->rated);
	worker_world_close(&x);
}

static void
a_schedule__is_kept_until_a_weight_or_a_server_changes(void **state)
{
	struct worker_world x;
	struct view_service *vs = &x.w.view.service[0];

	(void)state;
	worker_world_open(&x, 3);
	x.table.service[0].balance = BALANCE_ROUNDROBIN;
	x.table.server[0].weight = 200;
	worker_world_publish(&x);
	assert_int_equal(vs->n_schedule, 4);
	vs->schedule[0] = 77; /* to be seen again if it is not made anew */
	worker_world_publish(&x);
	worker_world_advance(&x, 300);
	assert_int_equal(vs->schedule[0], 77);
	worker_world_health(&x, 2, STATE_DOWN, RESULT_L4CON);
	worker_world_advance(&x, 1);
	assert_int_equal(vs->n_schedule, 3);
	assert_int_equal(vs->schedule[0], 0);
	vs->schedule[0] = 77;
	x.table.server[0].weight = 100;
	worker_world_publish(&x);
	assert_int_equal(vs->n_schedule, 2);
	assert_int_not_equal(vs->schedule[0], 77);
	/* Away and back. */
	x.table.service[0].balance = BALANCE_FIRST;
	worker_world_publish(&x);
	assert_int_equal(vs->n_schedule, 0);
	x.table.service[0].balance = BALANCE_ROUNDROBIN;
	worker_world_publish(&x);
	assert_int_equal(vs->n_schedule, 2);
	worker_world_close(&x);
}

static void
a_schedule__follows_the_ramp(void **state)
{
	unsigned count[2] = {0};
	struct worker_world x;
	struct view_service *vs = &x.w.view.service[0];

	(void)state;
	open_ramp(&x);
	x.table.service[0].balance = BALANCE_ROUNDROBIN;
	x.table.server[1].weight = 100;
	worker_world_publish(&x);
	assert_int_equal(vs->n_schedule, 101); /* 100 : 1 */
	worker_world_advance(&x, 5000);
	assert_int_equal(vs->n_schedule, 3); /* 100 : 50 */
	for (unsigned i = 0; i < vs->n_schedule; i++)
		count[vs->schedule[i]]++;
	assert_int_equal(count[0], 2);
	worker_world_advance(&x, 5000);
	assert_int_equal(vs->n_schedule, 2);
	worker_world_close(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(slow_start__is_linear_from_1_to_100_percent),
	    cmocka_unit_test(slow_start__that_never_began_or_is_switched_off_is_full),
	    cmocka_unit_test(weight_and_places__grow_with_time_alone),
	    cmocka_unit_test(one_place__is_the_least_of_who_has_a_limit),
	    cmocka_unit_test(limits__are_known_of_each_service),
	    cmocka_unit_test(a_schedule__is_kept_until_a_weight_or_a_server_changes),
	    cmocka_unit_test(a_schedule__follows_the_ramp),
	};

	return cmocka_run_group_tests_name("worker/view", tests, NULL, NULL);
}
