/* SPDX-License-Identifier: BSD-2-Clause */
/* Who waits for a place, and who gets the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shm/limit.h"
#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"

#define OTHER (ENTRY_WORKER0 + 1)

/* n servers with one place each, and a second worker that lives. */
static void
open_world(struct worker_world *x, unsigned n)
{
	worker_world_open(x, n);
	for (unsigned i = 0; i < n; i++)
		x->table.server[i].max_connections = 1;
	fixture_worker(&x->f, OTHER, 1, 99999);
	x->wake_fds[OTHER] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	x->f.all->worker[1].r.proc.beat_us = x->w.now.us;
	worker_world_publish(x);
}

static void
close_world(struct worker_world *x)
{
	close(x->wake_fds[OTHER]);
	worker_world_close(x);
}

/* The other worker's oldest client, for any server. */
static void
other_waits(struct worker_world *x, uint64_t ticket)
{
	x->f.all->worker[1].r.waiting.service[0] = ticket;
	x->f.all->worker[1].r.proc.beat_us = x->w.now.us;
}

static uint64_t
published(const struct worker_world *x)
{
	return x->f.all->worker[0].r.waiting.service[0];
}

/* How often the other one was woken since the last look. */
static uint64_t
wakes(struct worker_world *x)
{
	uint64_t n = 0;

	return read(x->wake_fds[OTHER], &n, sizeof n) == sizeof n ? n : 0;
}

static void
leave(struct worker_world *x, struct worker_conn *c)
{
	worker_conn_close(&x->w, c, CLOSE_done);
}

static void
places__go_to_who_came_first(void **state)
{
	struct worker_conn *in, *c[5];
	struct worker_world x;

	(void)state;
	open_world(&x, 1);
	in = worker_world_relay(&x);
	for (int i = 0; i < 5; i++) {
		c[i] = worker_world_client(&x);
		assert_int_equal(c[i]->state, CONN_QUEUED);
		assert_int_equal(c[i]->ticket, i + 1);
		assert_int_equal(published(&x), 1);
	}
	assert_int_equal(x.w.waiting, 5);
	for (int i = 0; i < 5; i++) {
		leave(&x, in);
		worker_world_advance(&x, 1);
		for (int k = 0; k < 5; k++)
			if (k >= i)
				assert_int_equal(
				    c[k]->state, k == i ? CONN_CONNECTING : CONN_QUEUED);
		assert_int_equal(published(&x), i < 4 ? i + 2 : 0);
		worker_world_books(&x);
		in = c[i];
	}
	assert_int_equal(x.w.waiting, 0);
	assert_int_equal(STAT_GET(&x.w.stat->service[0], queued), 0);
	close_world(&x);
}

static void
who_leaves_the_queue__lets_the_others_keep_their_order(void **state)
{
	struct worker_conn *in, *c[4];
	struct worker_world x;

	(void)state;
	open_world(&x, 1);
	in = worker_world_relay(&x);
	for (int i = 0; i < 4; i++)
		c[i] = worker_world_client(&x);
	worker_conn_ended(&x.w, c[2], SIDE_CLIENT, END_RESET, ECONNRESET); /* the middle */
	worker_conn_ended(&x.w, c[0], SIDE_CLIENT, END_RESET, ECONNRESET); /* the first */
	assert_int_equal(published(&x), 2);
	worker_conn_ended(&x.w, c[3], SIDE_CLIENT, END_RESET, ECONNRESET); /* the last */
	assert_int_equal(x.w.waiting, 1);
	leave(&x, in);
	worker_world_advance(&x, 1);
	assert_int_equal(c[1]->state, CONN_CONNECTING);
	assert_int_equal(published(&x), 0);
	close_world(&x);
}

static void
who_comes_now__does_not_overtake_who_waits(void **state)
{
	struct worker_conn *in, *waits, *later;
	struct worker_world x;

	(void)state;
	open_world(&x, 1);
	in = worker_world_relay(&x);
	waits = worker_world_client(&x);
	leave(&x, in);
	later = worker_world_client(&x); /* in the same turn, before the queue is looked at */
	assert_int_equal(later->state, CONN_QUEUED);
	worker_world_advance(&x, 1);
	assert_int_equal(waits->state, CONN_CONNECTING);
	assert_int_equal(later->state, CONN_QUEUED);
	close_world(&x);
}

static void
an_older_client_of_another_worker__has_precedence(void **state)
{
	struct worker_conn *in, *mine;
	struct worker_world x;

	(void)state;
	open_world(&x, 1);
	in = worker_world_relay(&x);
	assert_int_equal(atomic_fetch_add(&x.w.seg->arena->queue[0].next, 1), 0);
	other_waits(&x, 1); /* it drew its ticket before ours */
	mine = worker_world_client(&x);
	assert_int_equal(mine->ticket, 2);
	leave(&x, in);
	assert_int_equal(wakes(&x), 1);
	worker_world_advance(&x, 1);
	assert_int_equal(mine->state, CONN_QUEUED);
	/* It took the place, and gave it back. */
	other_waits(&x, 3);
	worker_world_advance(&x, 1);
	assert_int_equal(mine->state, CONN_CONNECTING);
	close_world(&x);
}

static void
a_younger_client_of_another_worker__is_woken_for_what_is_left(void **state)
{
	struct worker_conn *in[2], *mine;
	struct worker_world x;

	(void)state;
	open_world(&x, 2);
	in[0] = worker_world_relay(&x);
	in[1] = worker_world_relay(&x);
	mine = worker_world_client(&x);
	other_waits(&x, 2);
	leave(&x, in[0]);
	assert_int_equal(wakes(&x), 0); /* the place is ours: we look ourselves */
	leave(&x, in[1]);
	worker_world_advance(&x, 1);
	assert_int_equal(mine->state, CONN_CONNECTING);
	assert_int_equal(wakes(&x), 1);
	close_world(&x);
}

static void
a_worker_that_stands_still__holds_nobody_up(void **state)
{
	struct worker_conn *in, *mine;
	struct worker_world x;

	(void)state;
	open_world(&x, 1);
	in = worker_world_relay(&x);
	atomic_fetch_add(&x.w.seg->arena->queue[0].next, 1);
	other_waits(&x, 1);
	mine = worker_world_client(&x);
	leave(&x, in);
	worker_world_advance(&x, 900);
	assert_int_equal(mine->state, CONN_QUEUED);
	wakes(&x);
	worker_world_advance(&x, 200);
	assert_int_equal(mine->state, CONN_CONNECTING);
	assert_int_equal(wakes(&x), 0);
	close_world(&x);
}

static void
a_client_that_gives_up__passes_its_turn_on(void **state)
{
	struct worker_conn *in, *mine;
	struct worker_world x;

	(void)state;
	open_world(&x, 1);
	in = worker_world_relay(&x);
	mine = worker_world_client(&x);
	other_waits(&x, 2);
	leave(&x, in);
	assert_int_equal(wakes(&x), 0);
	/* Before we looked at the queue again. */
	worker_conn_ended(&x.w, mine, SIDE_CLIENT, END_RESET, ECONNRESET);
	worker_world_advance(&x, 1);
	assert_int_equal(wakes(&x), 1);
	close_world(&x);
}

static void
a_client_that_cannot_use_a_place__does_not_keep_others_from_it(void **state)
{
	struct worker_conn *in, *failed, *later;
	struct worker_world x;

	(void)state;
	open_world(&x, 2);
	in = worker_world_relay(&x); /* the place of one server; the other one refuses a connect */
	failed = worker_world_client(&x);
	worker_conn_connected(&x.w, failed, ECONNREFUSED);
	assert_int_equal(failed->state, CONN_QUEUED);
	/* That server works for others, and has room. */
	later = worker_world_client(&x);
	assert_int_equal(later->state, CONN_CONNECTING);
	assert_int_not_equal(later->server, in->server);
	assert_int_equal(failed->state, CONN_QUEUED);
	worker_conn_connected(&x.w, later, 0);
	leave(&x, in);
	worker_world_advance(&x, 1);
	assert_int_equal(failed->state, CONN_CONNECTING);
	worker_world_books(&x);
	close_world(&x);
}

static void
room__is_counted_over_all_workers(void **state)
{
	struct worker_world x;

	(void)state;
	open_world(&x, 1);
	worker_world_relay(&x);
	worker_world_client(&x);
	x.f.all->worker[1].r.stat.service[0].queued = 2;
	x.f.all->worker[1].r.stat.server[0].queued = 4;
	assert_true(queue_has_room(&x.w, 0, NO_SERVER, 0)); /* no limit */
	assert_true(queue_has_room(&x.w, 0, NO_SERVER, 4));
	assert_false(queue_has_room(&x.w, 0, NO_SERVER, 3));
	assert_true(queue_has_room(&x.w, 0, 0, 5));
	assert_false(queue_has_room(&x.w, 0, 0, 4));
	/* A client too many is closed, and has its own reason. */
	x.table.service[0].max_queue = 3;
	worker_world_publish(&x);
	worker_world_client(&x);
	assert_int_equal(worker_world_closed(&x, CLOSE_limit), 1);
	close_world(&x);
}

static void
places_of_the_service__are_waited_for_the_same_way(void **state)
{
	struct worker_conn *in, *mine;
	struct worker_world x;

	(void)state;
	open_world(&x, 2);
	x.table.server[0].max_connections = x.table.server[1].max_connections = 0;
	x.table.service[0].max_connections = 1;
	worker_world_publish(&x);
	in = worker_world_relay(&x);
	mine = worker_world_client(&x);
	assert_int_equal(mine->state, CONN_QUEUED);
	other_waits(&x, 2);
	leave(&x, in);
	worker_world_advance(&x, 1);
	assert_int_equal(mine->state, CONN_CONNECTING);
	leave(&x, mine);
	assert_true(wakes(&x) > 0);
	assert_int_equal(limit_held(&x.w.seg->arena->service_limit[0]), 0);
	close_world(&x);
}

static void
all_servers_gone__ends_the_waiting(void **state)
{
	struct worker_conn *c[2];
	struct worker_world x;

	(void)state;
	open_world(&x, 1);
	x.table.service[0].on_down = ON_DOWN_KEEP;
	worker_world_publish(&x);
	worker_world_relay(&x);
	for (int i = 0; i < 2; i++)
		c[i] = worker_world_client(&x);
	assert_int_equal(c[1]->state, CONN_QUEUED);
	worker_world_health(&x, 0, STATE_DOWN, RESULT_L4CON);
	worker_world_advance(&x, 1);
	assert_int_equal(worker_world_closed(&x, CLOSE_no_server), 2);
	assert_int_equal(x.w.waiting, 0);
	worker_world_books(&x);
	close_world(&x);
}

static void
tokens__are_waited_for_in_order(void **state)
{
	struct worker_conn *c[3];
	struct worker_world x;

	(void)state;
	open_world(&x, 1);
	x.table.server[0].max_connections = 0;
	x.table.server[0].connect_rate = 10;
	worker_world_publish(&x);
	for (int i = 0; i < 3; i++)
		c[i] = worker_world_client(&x);
	assert_int_equal(c[0]->state, CONN_CONNECTING);
	assert_int_equal(c[1]->state, CONN_QUEUED);
	worker_world_advance(&x, 100);
	assert_int_equal(c[1]->state, CONN_CONNECTING);
	assert_int_equal(c[2]->state, CONN_QUEUED);
	worker_world_advance(&x, 100);
	assert_int_equal(c[2]->state, CONN_CONNECTING);
	close_world(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(places__go_to_who_came_first),
	    cmocka_unit_test(who_leaves_the_queue__lets_the_others_keep_their_order),
	    cmocka_unit_test(who_comes_now__does_not_overtake_who_waits),
	    cmocka_unit_test(an_older_client_of_another_worker__has_precedence),
	    cmocka_unit_test(a_younger_client_of_another_worker__is_woken_for_what_is_left),
	    cmocka_unit_test(a_worker_that_stands_still__holds_nobody_up),
	    cmocka_unit_test(a_client_that_gives_up__passes_its_turn_on),
	    cmocka_unit_test(a_client_that_cannot_use_a_place__does_not_keep_others_from_it),
	    cmocka_unit_test(room__is_counted_over_all_workers),
	    cmocka_unit_test(places_of_the_service__are_waited_for_the_same_way),
	    cmocka_unit_test(all_servers_gone__ends_the_waiting),
	    cmocka_unit_test(tokens__are_waited_for_in_order),
	};

	return cmocka_run_group_tests_name("worker/queue", tests, NULL, NULL);
}
