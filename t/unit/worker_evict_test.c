/* SPDX-License-Identifier: BSD-2-Clause */
/* Paced ends of connections whose server is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"
#include "worker/evict.h"

static void
allowance__is_the_rate_over_all_workers(void **state)
{
	int64_t credit = 0;
	unsigned n = 0;

	(void)state;
	for (int i = 0; i < 100; i++) /* a second in ticks of 10 ms */
		n += evict_allowance(&credit, 10000, 2000, 2);
	assert_int_equal(n, 1000);
	/* A slow rate saves up for one at a time. */
	credit = 0;
	n = 0;
	for (int i = 0; i < 400; i++)
		n += evict_allowance(&credit, 10000, 1, 2);
	assert_int_equal(n, 2);
	/* After a pause no burst beyond 20 ms' worth. */
	credit = 0;
	assert_in_range(evict_allowance(&credit, 60000000, 1000, 1), 1, 20);
	assert_in_range(evict_allowance(&credit, 1, 0, 0), 0, 1); /* not asked for, not a trap */
}

/* Ticks until nothing is left to do; returns how many closed in each at most. */
static unsigned
run_out(struct worker_world *x, unsigned *ticks)
{
	unsigned most = 0, before;

	for (*ticks = 0; x->w.evicting && *ticks < 1000; ++*ticks) {
		before = x->fake.n_drops;
		worker_world_advance(x, WORKER_TICK_MS);
		evict_tick(&x->w);
		if (x->fake.n_drops - before > most)
			most = x->fake.n_drops - before;
	}
	return most;
}

static void
reset_at_the_pace(enum server_state found, enum check_result result, enum close_reason reason)
{
	struct worker_world x;
	unsigned ticks;

	worker_world_open(&x, 2);
	for (int i = 0; i < 80; i++)
		worker_world_relay(&x);
	worker_world_health(&x, 0, found, result);
	worker_world_advance(&x, 1);
	evict_scan(&x.w);
	assert_true(x.w.evicting);
	assert_in_range(run_out(&x, &ticks), 1, 30); /* 1,000 a second: 10 a tick, a burst of 20 */
	assert_in_range(ticks, 1, 4);
	assert_int_equal(worker_world_closed(&x, reason), 40);
	assert_int_equal(STAT_GET(&x.w.stat->server[0], closed_down), 40);
	assert_int_equal(STAT_GET(&x.w.stat->server[1], active), 40);
	assert_int_equal(x.fake.n_resets, 40);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
connections_of_a_dead_server__are_reset_at_the_pace(void **state)
{
	(void)state;
	reset_at_the_pace(STATE_DOWN, RESULT_L4CON, CLOSE_server_down);
}

static void
connections_of_a_hung_server__are_reset_at_the_pace(void **state)
{
	(void)state;
	reset_at_the_pace(STATE_HUNG, RESULT_L7TOUT, CLOSE_server_hung);
}

static void
notready_keep_and_fail_open__keep_theirs(void **state)
{
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 2);
	for (int i = 0; i < 8; i++)
		worker_world_relay(&x);
	worker_world_health(&x, 0, STATE_NOTREADY, RESULT_L7TOUT);
	worker_world_advance(&x, 1);
	evict_scan(&x.w);
	assert_false(x.w.evicting);
	/* All ill, and server 0 delivers bytes all the same: fail-open serves it. */
	worker_conn_moved(&x.w, &x.w.pool.conn[x.w.server_list[0]], SIDE_SERVER, 10, false);
	worker_world_health(&x, 0, STATE_DOWN, RESULT_L4TOUT);
	worker_world_health(&x, 1, STATE_HUNG, RESULT_L7TOUT);
	worker_world_advance(&x, 1);
	evict_scan(&x.w);
	assert_false(x.w.evicting);
	/* on_down = "keep" */
	worker_world_health(&x, 1, STATE_UP, RESULT_L7OK);
	x.table.service[0].on_down = ON_DOWN_KEEP;
	worker_world_publish(&x);
	evict_scan(&x.w);
	assert_false(x.w.evicting);
	x.table.service[0].on_down = ON_DOWN_RESET;
	worker_world_publish(&x);
	evict_scan(&x.w);
	assert_true(x.w.evicting);
	worker_world_close(&x);
}

static void
a_removed_server__keeps_its_connections_until_its_time(void **state)
{
	struct worker_world x;
	unsigned ticks;

	(void)state;
	worker_world_open(&x, 2);
	for (int i = 0; i < 8; i++)
		worker_world_relay(&x);
	x.table.server[0].state = ROW_REMOVED;
	x.table.server[0].drain_until_us = x.w.now.us + 60 * 1000000;
	worker_world_publish(&x);
	evict_scan(&x.w);
	assert_false(x.w.evicting);
	for (int i = 0; i < 4; i++)
		assert_int_equal(worker_world_relay(&x)->server, 1);
	worker_world_advance(&x, 60000);
	evict_scan(&x.w);
	assert_true(x.w.evicting);
	run_out(&x, &ticks);
	assert_int_equal(worker_world_closed(&x, CLOSE_server_removed), 4);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
a_server_in_maint__loses_its_connections_when_its_time_is_over(void **state)
{
	struct worker_world x;
	unsigned ticks;

	(void)state;
	worker_world_open(&x, 2);
	for (int i = 0; i < 8; i++)
		worker_world_relay(&x);
	x.table.server[0].admin = ADMIN_MAINT;
	x.table.server[0].drain_until_us = x.w.now.us + MAINT_DRAIN_MS * 1000;
	worker_world_publish(&x);
	evict_scan(&x.w);
	assert_false(x.w.evicting);
	assert_int_equal(worker_world_relay(&x)->server, 1);
	worker_world_advance(&x, MAINT_DRAIN_MS);
	evict_scan(&x.w);
	assert_true(x.w.evicting);
	run_out(&x, &ticks);
	assert_int_equal(worker_world_closed(&x, CLOSE_maint), 4);
	assert_int_equal(STAT_GET(&x.w.stat->server[1], active), 5);
	/* DRAIN has no end. */
	x.table.server[1].admin = ADMIN_DRAIN;
	worker_world_publish(&x);
	worker_world_advance(&x, 600000);
	evict_scan(&x.w);
	assert_false(x.w.evicting);
	worker_world_books(&x);
	worker_world_close(&x);
}

static int64_t
obeyed(struct worker_world *x, unsigned server)
{
	return x->f.all->worker[0].r.close_obeyed_us[server];
}

static void
an_order_to_close__ends_what_began_before_it_and_nothing_else(void **state)
{
	struct worker_world x;
	unsigned ticks;
	int64_t at;

	(void)state;
	worker_world_open(&x, 2);
	for (int i = 0; i < 80; i++)
		worker_world_relay(&x);
	at = x.table.server[0].close_us = x.w.now.us;
	worker_world_publish(&x);
	/* Server 0 is UP all the while: these came later. */
	for (int i = 0; i < 6; i++)
		worker_world_relay(&x);
	evict_scan(&x.w);
	assert_true(x.w.evicting);
	assert_int_equal(obeyed(&x, 0), 0);
	assert_in_range(run_out(&x, &ticks), 1, 30);
	assert_in_range(ticks, 1, 4);
	assert_int_equal(worker_world_closed(&x, CLOSE_operator), 40);
	assert_int_equal(STAT_GET(&x.w.stat->server[0], active), 3);
	assert_int_equal(STAT_GET(&x.w.stat->server[1], active), 43);
	assert_int_equal(obeyed(&x, 0), at);
	/* Said once, obeyed once. */
	worker_world_advance(&x, 60000);
	evict_scan(&x.w);
	assert_false(x.w.evicting);
	assert_int_equal(STAT_GET(&x.w.stat->server[0], active), 3);
	/* Again, and also of a server that left the file. */
	x.table.server[0].state = ROW_REMOVED;
	at = x.table.server[0].close_us = x.w.now.us;
	worker_world_publish(&x);
	evict_scan(&x.w);
	run_out(&x, &ticks);
	assert_int_equal(worker_world_closed(&x, CLOSE_operator), 43);
	assert_int_equal(obeyed(&x, 0), at);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
an_order_to_close_that_concerns_nobody__is_obeyed_at_once(void **state)
{
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 2);
	x.table.server[1].close_us = x.w.now.us;
	worker_world_publish(&x);
	evict_scan(&x.w);
	assert_false(x.w.evicting);
	assert_int_equal(obeyed(&x, 1), x.w.now.us);
	assert_int_equal(obeyed(&x, 0), 0);
	worker_world_close(&x);
}

static void
one_whose_sockets_are_not_closed_yet__is_not_closed_again(void **state)
{
	struct worker_world x;
	unsigned ticks;

	(void)state;
	worker_world_open(&x, 2);
	for (int i = 0; i < 10; i++)
		worker_world_relay(&x);
	worker_world_health(&x, 0, STATE_DOWN, RESULT_L4CON);
	worker_world_advance(&x, 1);
	evict_scan(&x.w);
	x.fake.shuts_late = true;
	for (uint32_t i = x.w.server_list[0]; i != CONN_NONE; i = x.w.pool.conn[i].list_next)
		worker_conn_close(&x.w, &x.w.pool.conn[i], CLOSE_idle);
	x.w.now_ms += WORKER_TICK_MS;
	evict_tick(&x.w);
	assert_int_equal(x.fake.n_drops, 5);
	assert_true(x.w.evicting);
	run_out(&x, &ticks);
	assert_in_range(ticks, 1, 2);
	assert_int_equal(worker_world_closed(&x, CLOSE_idle), 5);
	assert_int_equal(worker_world_closed(&x, CLOSE_server_down), 0);
	worker_world_books(&x);
	worker_world_close(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(allowance__is_the_rate_over_all_workers),
	    cmocka_unit_test(connections_of_a_dead_server__are_reset_at_the_pace),
	    cmocka_unit_test(connections_of_a_hung_server__are_reset_at_the_pace),
	    cmocka_unit_test(notready_keep_and_fail_open__keep_theirs),
	    cmocka_unit_test(a_removed_server__keeps_its_connections_until_its_time),
	    cmocka_unit_test(a_server_in_maint__loses_its_connections_when_its_time_is_over),
	    cmocka_unit_test(an_order_to_close__ends_what_began_before_it_and_nothing_else),
	    cmocka_unit_test(an_order_to_close_that_concerns_nobody__is_obeyed_at_once),
	    cmocka_unit_test(one_whose_sockets_are_not_closed_yet__is_not_closed_again),
	};

	return cmocka_run_group_tests_name("worker/evict", tests, NULL, NULL);
}
