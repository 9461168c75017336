/* SPDX-License-Identifier: BSD-2-Clause */
/* Which server a connection gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"
#include "worker/queue.h"

static uint64_t
active(struct worker_world *x, unsigned server)
{
	return STAT_GET(&x->w.stat->server[server], active);
}

static uint64_t
picked(struct worker_world *x, unsigned server)
{
	return STAT_GET(&x->w.stat->server[server], picked);
}

static void
leastconn__levels_by_weight(void **state)
{
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 3);
	x.table.server[2].weight = 200;
	worker_world_publish(&x);
	for (int i = 0; i < 40; i++)
		worker_world_relay(&x);
	assert_int_equal(active(&x, 0), 10);
	assert_int_equal(active(&x, 1), 10);
	assert_int_equal(active(&x, 2), 20);
	worker_world_close(&x);
}

static void
leastconn__sees_what_other_workers_have(void **state)
{
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 2);
	fixture_worker(&x.f, ENTRY_WORKER0 + 1, 1, 99999);
	STAT_SET(&x.f.all->worker[1].r.stat.server[0], active, 10);
	worker_world_advance(&x, 300); /* the other worker is seen by then */
	for (int i = 0; i < 10; i++)
		worker_world_relay(&x);
	assert_int_equal(active(&x, 0), 0);
	assert_int_equal(active(&x, 1), 10);
	worker_world_relay(&x);
	worker_world_relay(&x);
	assert_int_equal(active(&x, 0), 1);
	assert_int_equal(active(&x, 1), 11);
	worker_world_close(&x);
}

static void
roundrobin__is_exact_and_smooth(void **state)
{
	struct worker_world x;
	unsigned last = 99, in_a_row = 0, server;
	struct worker_conn *c;

	(void)state;
	worker_world_open(&x, 3);
	x.table.service[0].balance = BALANCE_ROUNDROBIN;
	x.table.server[0].weight = 200;
	worker_world_publish(&x);
	for (int i = 0; i < 40; i++) {
		c = worker_world_relay(&x);
		server = c->server;
		in_a_row = server == last ? in_a_row + 1 : 1;
		last = server;
		assert_in_range(in_a_row, 1, 2);
		worker_conn_close(&x.w, c, CLOSE_done);
		worker_world_advance(&x, 1);
	}
	assert_int_equal(picked(&x, 0), 20);
	assert_int_equal(picked(&x, 1), 10);
	assert_int_equal(picked(&x, 2), 10);
	worker_world_close(&x);
}

static void
a_full_server__is_passed_over_until_one_leaves(void **state)
{
	struct worker_world x;
	struct worker_conn *c, *waits;

	(void)state;
	worker_world_open(&x, 2);
	x.table.server[0].max_connections = 1;
	x.table.server[1].max_connections = 2;
	worker_world_publish(&x);
	for (int i = 0; i < 3; i++)
		worker_world_relay(&x);
	assert_int_equal(active(&x, 0), 1);
	assert_int_equal(active(&x, 1), 2);
	waits = worker_world_client(&x);
	assert_int_equal(waits->state, CONN_QUEUED);
	c = &x.w.pool.conn[x.w.server_list[0]];
	worker_conn_close(&x.w, c, CLOSE_done);
	worker_world_advance(&x, 1);
	assert_int_equal(waits->state, CONN_CONNECTING);
	assert_int_equal(waits->server, 0);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
a_place__is_the_next_ones_when_the_sockets_are_closed(void **state)
{
	struct worker_world x;
	struct worker_conn *c, *waits;

	(void)state;
	worker_world_open(&x, 1);
	x.table.server[0].max_connections = 1;
	worker_world_publish(&x);
	c = worker_world_relay(&x);
	waits = worker_world_client(&x);
	x.fake.shuts_late = true;
	worker_conn_close(&x.w, c, CLOSE_done);
	queue_run(&x.w);
	assert_int_equal(waits->state, CONN_QUEUED);
	assert_int_equal(active(&x, 0), 1);
	worker_world_advance(&x, 1);
	assert_int_equal(waits->state, CONN_CONNECTING);
	assert_int_equal(active(&x, 0), 1);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
ill_ones__get_nothing_and_backups_only_then(void **state)
{
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 4);
	x.table.server[3].backup = 1;
	x.table.server[2].weight = 0;
	worker_world_publish(&x);
	worker_world_health(&x, 1, STATE_NOTREADY, RESULT_L7STS);
	worker_world_advance(&x, 1);
	for (int i = 0; i < 6; i++)
		worker_world_relay(&x);
	assert_int_equal(active(&x, 0), 6);
	worker_world_health(&x, 0, STATE_DOWN, RESULT_L4CON);
	worker_world_advance(&x, 1);
	assert_int_equal(worker_world_relay(&x)->server, 3);
	worker_world_health(&x, 3, STATE_DOWN, RESULT_L4CON);
	worker_world_advance(&x, 1);
	/* Fail-open: the one whose port accepts. */
	assert_int_equal(worker_world_relay(&x)->server, 1);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], fail_open), 1);
	worker_world_books(&x);
	worker_world_close(&x);
}

/* ---- the cycle of roundrobin ---- */

static void
schedule__is_that_of_smooth_weighted_round_robin(void **state)
{
	static const unsigned w511[] = {5, 1, 1}, w321[] = {30, 20, 10}, equal[] = {7, 7, 7};
	static const uint16_t as_nginx[] = {0, 0, 1, 0, 2, 0, 0};
	uint16_t out[SCHEDULE_MAX];
	unsigned count[3] = {0};

	(void)state;
	assert_int_equal(view_schedule(w511, 3, out, SCHEDULE_MAX), 7);
	assert_memory_equal(out, as_nginx, sizeof as_nginx);
	assert_int_equal(view_schedule(w321, 3, out, SCHEDULE_MAX), 6);
	for (int i = 0; i < 6; i++)
		count[out[i]]++;
	assert_int_equal(count[0], 3);
	assert_int_equal(count[1], 2);
	assert_int_equal(count[2], 1);
	assert_int_equal(view_schedule(equal, 3, out, SCHEDULE_MAX), 3);
	assert_int_equal(view_schedule(equal, 0, out, SCHEDULE_MAX), 0);
}

static void
schedule__that_would_be_too_long_is_scaled(void **state)
{
	unsigned weight[SHM_SERVERS], n = SHM_SERVERS, len, count[SHM_SERVERS];
	uint16_t out[SCHEDULE_MAX];

	(void)state;
	for (unsigned i = 0; i < n; i++)
		weight[i] = i % 2 == 0 ? 255 : 1; /* a cycle of 65536 */
	len = view_schedule(weight, n, out, SCHEDULE_MAX);
	assert_in_range(len, n, SCHEDULE_MAX);
	memset(count, 0, sizeof count);
	for (unsigned i = 0; i < len; i++)
		count[out[i]]++;
	for (unsigned i = 0; i < n; i++)
		assert_in_range(count[i], i % 2 == 0 ? 10 : 1, i % 2 == 0 ? 20 : 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leastconn__levels_by_weight),
	    cmocka_unit_test(leastconn__sees_what_other_workers_have),
	    cmocka_unit_test(roundrobin__is_exact_and_smooth),
	    cmocka_unit_test(a_full_server__is_passed_over_until_one_leaves),
	    cmocka_unit_test(a_place__is_the_next_ones_when_the_sockets_are_closed),
	    cmocka_unit_test(ill_ones__get_nothing_and_backups_only_then),
	    cmocka_unit_test(schedule__is_that_of_smooth_weighted_round_robin),
	    cmocka_unit_test(schedule__that_would_be_too_long_is_scaled),
	};

	return cmocka_run_group_tests_name("worker/pick", tests, NULL, NULL);
}
