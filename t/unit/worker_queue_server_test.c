/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients that wait for one server alone (worker/queue.c with balance = "hash"). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "shm/limit.h"
#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"

/* n servers with one place each. */
static void
open_world(struct worker_world *x, unsigned n)
{
	worker_world_open(x, n);
	for (unsigned i = 0; i < n; i++)
		x->table.server[i].max_connections = 1;
	worker_world_publish(x);
}

static uint64_t
published(const struct worker_world *x)
{
	return x->f.all->worker[0].r.waiting.service[0];
}

static void
hash__waits_for_its_server_alone_and_moves_with_it(void **state)
{
	struct worker_conn *in, *waits;
	struct worker_world x;
	unsigned home, next;

	(void)state;
	open_world(&x, 3);
	x.table.service[0].balance = BALANCE_HASH;
	worker_world_publish(&x);
	in = worker_world_relay(&x);
	home = in->server;
	waits = worker_world_client(&x); /* the same address: the same server */
	assert_int_equal(waits->state, CONN_QUEUED);
	assert_int_equal(waits->queued_for, home);
	assert_int_equal(x.f.all->worker[0].r.waiting.server[home], waits->ticket);
	assert_int_equal(published(&x), 0);
	assert_int_equal(STAT_GET(&x.w.stat->server[home], queued), 1);
	/* Its server dies, the next one of this address is full as well. */
	next = (home + 1) % 3;
	assert_int_equal(
	    limit_take(&x.w.seg->arena->server_limit[next], 1, ENTRY_WORKER0 + 1, 0), 0);
	next = (home + 2) % 3;
	assert_int_equal(
	    limit_take(&x.w.seg->arena->server_limit[next], 1, ENTRY_WORKER0 + 1, 0), 0);
	worker_world_health(&x, home, STATE_DOWN, RESULT_L4CON);
	worker_world_advance(&x, 1);
	next = waits->queued_for;
	assert_int_equal(waits->state, CONN_QUEUED);
	assert_true(next < 3 && next != home);
	assert_int_equal(x.f.all->worker[0].r.waiting.server[home], 0);
	assert_int_equal(x.f.all->worker[0].r.waiting.server[next], waits->ticket);
	assert_int_equal(STAT_GET(&x.w.stat->server[home], queued), 0);
	assert_int_equal(STAT_GET(&x.w.stat->server[next], queued), 1);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], queued), 1);
	limit_give(&x.w.seg->arena->server_limit[next], 0);
	worker_world_advance(&x, 1);
	assert_int_equal(waits->state, CONN_CONNECTING);
	assert_int_equal(waits->server, next);
	assert_int_equal(STAT_GET(&x.w.stat->server[next], queued), 0);
	worker_world_books(&x);
	worker_world_close(&x);
}

static void
hash__with_a_full_queue_at_its_server_goes_elsewhere(void **state)
{
	struct worker_conn *in, *waits, *other;
	struct worker_world x;

	(void)state;
	open_world(&x, 2);
	x.table.service[0].balance = BALANCE_HASH;
	x.table.server[0].max_queue = x.table.server[1].max_queue = 1;
	worker_world_publish(&x);
	in = worker_world_relay(&x);
	waits = worker_world_client(&x);
	assert_int_equal(waits->queued_for, in->server);
	other = worker_world_client(&x);
	assert_int_equal(other->state, CONN_CONNECTING);
	assert_int_not_equal(other->server, in->server);
	worker_world_advance(&x, 1);
	assert_int_equal(waits->queued_for, in->server); /* its own place in it is kept */
	worker_world_close(&x);
}

static void
a_client_that_moves__keeps_its_age(void **state)
{
	struct worker_conn *c[3];
	struct worker_world x;

	(void)state;
	open_world(&x, 2);
	worker_world_relay(&x);
	worker_world_relay(&x);
	for (int i = 0; i < 3; i++)
		c[i] = worker_world_client(&x);
	queue_leave(&x.w, c[0]);
	c[0]->wants = 1;
	queue_join(&x.w, c[0]);
	assert_int_equal(published(&x), c[1]->ticket);
	assert_int_equal(x.f.all->worker[0].r.waiting.server[1], c[0]->ticket);
	/* The oldest of both queues counts for that server, of its own for the other. */
	assert_true(queue_ahead(&x.w, c[1], 1));
	assert_false(queue_ahead(&x.w, c[1], 0));
	assert_true(queue_ahead(&x.w, c[2], 0));
	queue_leave(&x.w, c[0]);
	c[0]->wants = NO_SERVER;
	queue_join(&x.w, c[0]); /* in front of those that came later */
	assert_int_equal(published(&x), c[0]->ticket);
	assert_int_equal(x.f.all->worker[0].r.waiting.server[1], 0);
	assert_int_equal(x.w.waiting, 3);
	assert_int_equal(STAT_GET(&x.w.stat->server[1], queued), 0);
	worker_world_close(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hash__waits_for_its_server_alone_and_moves_with_it),
	    cmocka_unit_test(hash__with_a_full_queue_at_its_server_goes_elsewhere),
	    cmocka_unit_test(a_client_that_moves__keeps_its_age),
	};

	return cmocka_run_group_tests_name("worker/queue of a server", tests, NULL, NULL);
}
