/* SPDX-License-Identifier: BSD-2-Clause */
/* Lives of connections, told by a fake engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"

static void
good_order__is_done_without_a_reset(void **state)
{
	struct worker_world x;
	struct worker_conn *c;

	(void)state;
	worker_world_open(&x, 2);
	c = worker_world_relay(&x);
	assert_int_equal(x.fake.n_relays, 1);
	worker_conn_moved(&x.w, c, SIDE_CLIENT, 517, false);
	worker_conn_moved(&x.w, c, SIDE_SERVER, 4000, true);
	worker_conn_ended(&x.w, c, SIDE_CLIENT, END_FIN, 0);
	assert_int_equal(c->state, CONN_RELAY);
	worker_conn_moved(&x.w, c, SIDE_SERVER, 1, false);
	worker_conn_ended(&x.w, c, SIDE_SERVER, END_FIN, 0);
	assert_int_equal(worker_world_closed(&x, CLOSE_done), 1);
	assert_int_equal(x.fake.n_resets, 0);
	assert_int_equal(STAT_GET(&x.w.stat->worker, bytes_in), 517);
	assert_int_equal(STAT_GET(&x.w.stat->worker, bytes_out), 4001);
	assert_int_equal(STAT_GET(&x.w.stat->worker, spliced), 4000);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
a_failed_connect__goes_to_the_next_server(void **state)
{
	struct worker_world x;
	struct worker_conn *c;
	uint64_t poked = 0;

	(void)state;
	worker_world_open(&x, 3);
	x.fake.connect_error[0] = ECONNREFUSED; /* at once */
	c = worker_world_client(&x);
	assert_int_equal(x.fake.n_connects, 2);
	assert_false(addr_equal(&x.fake.to[0], &x.fake.to[1]));
	worker_conn_connected(&x.w, c, ECONNREFUSED); /* later */
	assert_int_equal(x.fake.n_connects, 3);
	assert_false(addr_equal(&x.fake.to[0], &x.fake.to[2]));
	assert_false(addr_equal(&x.fake.to[1], &x.fake.to[2]));
	worker_conn_connected(&x.w, c, 0);
	assert_int_equal(c->state, CONN_RELAY);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], connect_failed), 2);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], retries), 2);
	/* The checker heard of it. */
	assert_int_equal(read(x.wake_fds[ENTRY_CHECKER], &poked, sizeof poked), sizeof poked);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
no_server_left__tells_how_the_last_one_failed(void **state)
{
	struct worker_world x;
	struct worker_conn *c;

	(void)state;
	worker_world_open(&x, 2);
	c = worker_world_client(&x);
	worker_conn_connected(&x.w, c, ECONNREFUSED);
	worker_conn_connected(&x.w, c, ETIMEDOUT);
	assert_int_equal(worker_world_closed(&x, CLOSE_connect_timeout), 1);
	worker_world_advance(&x, 1);
	c = worker_world_client(&x);
	worker_conn_connected(&x.w, c, ETIMEDOUT);
	worker_conn_connected(&x.w, c, ECONNREFUSED);
	assert_int_equal(worker_world_closed(&x, CLOSE_connect_failed), 1);
	assert_int_equal(x.fake.n_resets, 2);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
a_silent_server__is_given_up_after_connect_timeout(void **state)
{
	struct worker_world x;
	struct worker_conn *c;

	(void)state;
	worker_world_open(&x, 2);
	c = worker_world_client(&x);
	worker_world_advance(&x, 4990);
	assert_int_equal(x.fake.n_unconnects, 0);
	worker_world_advance(&x, 50);
	assert_int_equal(x.fake.n_unconnects, 1);
	assert_int_equal(x.fake.n_connects, 2);
	assert_int_equal(c->state, CONN_CONNECTING);
	worker_world_advance(&x, 5050);
	assert_int_equal(worker_world_closed(&x, CLOSE_connect_timeout), 1);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
nobody_usable__is_refused(void **state)
{
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 2);
	worker_world_health(&x, 0, STATE_DOWN, RESULT_L4CON);
	worker_world_health(&x, 1, STATE_DOWN, RESULT_L4TOUT);
	worker_world_advance(&x, 1);
	worker_world_client(&x);
	assert_int_equal(worker_world_closed(&x, CLOSE_no_server), 1);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], no_server), 1);
	assert_int_equal(x.fake.n_connects, 0);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
our_own_shortage__is_not_the_servers_fault(void **state)
{
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 2);
	x.fake.connect_error[0] = ENOMEM;
	worker_world_client(&x);
	assert_int_equal(worker_world_closed(&x, CLOSE_resource), 1);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], connect_failed), 0);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
a_reset__waits_for_what_was_queued_before_it(void **state)
{
	struct worker_world x;
	struct worker_conn *c;

	(void)state;
	worker_world_open(&x, 1);
	c = worker_world_relay(&x);
	x.fake.unsent = 1000;
	worker_conn_ended(&x.w, c, SIDE_SERVER, END_RESET, ECONNRESET);
	assert_int_equal(c->state, CONN_FLUSHING);
	worker_world_advance(&x, 100);
	assert_int_equal(c->state, CONN_FLUSHING);
	assert_int_equal(x.fake.n_drops, 0);
	x.fake.unsent = 0;
	worker_world_advance(&x, 100);
	assert_int_equal(worker_world_closed(&x, CLOSE_server_reset), 1);
	assert_int_equal(x.fake.n_resets, 1);
	assert_int_equal(STAT_GET(&x.w.stat->server[0], resets), 1);

	/* A client that takes nothing is not waited for without end. */
	c = worker_world_relay(&x);
	x.fake.unsent = 1000;
	worker_conn_ended(&x.w, c, SIDE_SERVER, END_RESET, ECONNRESET);
	worker_world_advance(&x, 1900);
	assert_int_equal(c->state, CONN_FLUSHING);
	worker_world_advance(&x, 200);
	assert_int_equal(worker_world_closed(&x, CLOSE_server_reset), 2);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
ends__have_their_reason(void **state)
{
	static const struct {
		enum side side;
		int error;
		enum close_reason reason;
	} rows[] = {
	    {SIDE_CLIENT, ECONNRESET, CLOSE_client_reset},
	    {SIDE_CLIENT, EPIPE, CLOSE_client_reset},
	    {SIDE_CLIENT, ETIMEDOUT, CLOSE_client_lost},
	    {SIDE_SERVER, ECONNRESET, CLOSE_server_reset},
	    {SIDE_SERVER, ETIMEDOUT, CLOSE_server_lost},
	    {SIDE_SERVER, EHOSTUNREACH, CLOSE_server_lost},
	};
	struct worker_world x;
	uint64_t before;

	(void)state;
	worker_world_open(&x, 1);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		before = worker_world_closed(&x, rows[i].reason);
		worker_conn_ended(
		    &x.w, worker_world_relay(&x), rows[i].side, END_RESET, rows[i].error);
		assert_int_equal(worker_world_closed(&x, rows[i].reason), before + 1);
		worker_world_advance(&x, 1);
	}
	/* The checker looks at those that the server no longer answered, not at every RST. */
	assert_int_equal(STAT_GET(&x.w.stat->server[0], resets), 3);
	assert_int_equal(STAT_GET(&x.w.stat->server[0], lost), 2);
	worker_conn_ended(&x.w, worker_world_client(&x), SIDE_CLIENT, END_RESET, ECONNRESET);
	assert_int_equal(worker_world_closed(&x, CLOSE_client_abort), 1);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
silence__ends_at_idle_and_sooner_when_half_closed(void **state)
{
	struct worker_world x;
	struct worker_conn *c;

	(void)state;
	worker_world_open(&x, 1);
	c = worker_world_relay(&x);
	for (int i = 0; i < 100; i++) /* beyond the wheel's horizon */
		worker_world_advance(&x, 35000);
	assert_int_equal(c->state, CONN_RELAY);
	worker_conn_moved(&x.w, c, SIDE_SERVER, 1, false);
	for (int i = 0; i < 100; i++)
		worker_world_advance(&x, 35000);
	assert_int_equal(c->state, CONN_RELAY);
	for (int i = 0; i < 3; i++)
		worker_world_advance(&x, 35000);
	assert_int_equal(worker_world_closed(&x, CLOSE_idle), 1);

	c = worker_world_relay(&x);
	worker_conn_ended(&x.w, c, SIDE_CLIENT, END_FIN, 0);
	worker_world_advance(&x, 29900);
	worker_conn_moved(&x.w, c, SIDE_SERVER, 1, false);
	worker_world_advance(&x, 29900);
	assert_int_equal(c->state, CONN_RELAY);
	worker_world_advance(&x, 200);
	assert_int_equal(worker_world_closed(&x, CLOSE_half_closed), 1);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
max_connections_of_a_service__lets_others_wait(void **state)
{
	struct worker_world x;
	struct worker_conn *c, *waits;

	(void)state;
	worker_world_open(&x, 1);
	x.table.service[0].max_connections = 2;
	x.table.service[0].max_queue = 1;
	worker_world_publish(&x);
	c = worker_world_relay(&x);
	worker_world_relay(&x);
	waits = worker_world_client(&x);
	assert_int_equal(waits->state, CONN_QUEUED);
	assert_false(x.fake.awaits_bytes);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], queued), 1);
	worker_world_client(&x); /* one too many */
	assert_int_equal(worker_world_closed(&x, CLOSE_limit), 1);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], limited), 1);
	worker_conn_close(&x.w, c, CLOSE_idle);
	worker_world_advance(&x, 1);
	assert_int_equal(waits->state, CONN_CONNECTING);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], queued), 0);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
a_client_that_waits__leaves_by_its_rst_or_after_timeout_queue(void **state)
{
	struct worker_world x;
	struct worker_conn *a, *b;

	(void)state;
	worker_world_open(&x, 1);
	x.table.server[0].max_connections = 1;
	worker_world_publish(&x);
	worker_world_relay(&x);
	a = worker_world_client(&x);
	b = worker_world_client(&x);
	worker_conn_ended(&x.w, a, SIDE_CLIENT, END_RESET, ECONNRESET);
	assert_int_equal(worker_world_closed(&x, CLOSE_queue_abort), 1);
	worker_world_advance(&x, 4900);
	assert_int_equal(b->state, CONN_QUEUED);
	worker_world_advance(&x, 200);
	assert_int_equal(worker_world_closed(&x, CLOSE_queue_timeout), 1);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], queued), 0);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
a_full_pool__is_a_shortage_not_a_crash(void **state)
{
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 1);
	pool_fini(&x.w.pool);
	assert_int_equal(pool_init(&x.w.pool, 1), 0);
	wheel_init(&x.w.wheel, &x.w.pool, x.w.now_ms);
	assert_non_null(worker_world_client(&x));
	assert_null(worker_world_client(&x));
	assert_int_equal(worker_world_closed(&x, CLOSE_resource), 1);
	worker_world_close(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_order__is_done_without_a_reset),
	    cmocka_unit_test(a_failed_connect__goes_to_the_next_server),
	    cmocka_unit_test(no_server_left__tells_how_the_last_one_failed),
	    cmocka_unit_test(a_silent_server__is_given_up_after_connect_timeout),
	    cmocka_unit_test(nobody_usable__is_refused),
	    cmocka_unit_test(our_own_shortage__is_not_the_servers_fault),
	    cmocka_unit_test(a_reset__waits_for_what_was_queued_before_it),
	    cmocka_unit_test(ends__have_their_reason),
	    cmocka_unit_test(silence__ends_at_idle_and_sooner_when_half_closed),
	    cmocka_unit_test(max_connections_of_a_service__lets_others_wait),
	    cmocka_unit_test(a_client_that_waits__leaves_by_its_rst_or_after_timeout_queue),
	    cmocka_unit_test(a_full_pool__is_a_shortage_not_a_crash),
	};

	return cmocka_run_group_tests_name("worker/conn", tests, NULL, NULL);
}
