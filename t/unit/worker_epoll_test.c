/* SPDX-License-Identifier: BSD-2-Clause */
/* The epoll engine over loopback, one turn after another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "shm/limit.h"
#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"
#include "worker/evict.h"

#define TURNS 200

struct loopback {
	struct worker_world x;
	int port[2]; /* of the servers: the first refuses, the second listens */
	int client;  /* the client's own end */
};

static struct worker_conn *
open_loopback(struct loopback *l)
{
	struct worker *w = &l->x.w;

	worker_world_open(&l->x, 2);
	worker_world_engine(&l->x, &engine_epoll);
	for (int i = 0; i < 2; i++)
		l->port[i] = worker_world_port(&l->x.table.server[i].addr, i == 1);
	l->x.table.service[0].balance = BALANCE_FIRST;
	/* The second one's only place is another worker's. */
	l->x.table.server[1].max_connections = 1;
	assert_int_equal(limit_take(&w->seg->arena->server_limit[1], 1, ENTRY_WORKER0 + 1, 0), 0);
	worker_world_publish(&l->x);

	l->client = worker_world_dial(&l->x);
	return &w->pool.conn[0];
}

static void
close_loopback(struct loopback *l)
{
	struct worker *w = &l->x.w;

	evict_all(w, CLOSE_shutdown);
	for (int i = 0; i < TURNS && w->pool.used > 0; i++)
		w->engine->turn(w, 0);
	worker_world_engine_end(&l->x);
	for (int i = 0; i < 2; i++)
		close(l->port[i]);
	close(l->client);
	worker_world_close(&l->x);
}

/* Turns until c is in that state. */
static void
turn_until(struct loopback *l, const struct worker_conn *c, enum conn_state state)
{
	for (int i = 0; i < TURNS && c->state != state; i++) {
		l->x.w.engine->turn(&l->x.w, 10);
		queue_run(&l->x.w);
	}
	assert_int_equal(c->state, state);
}

static void
who_waits_after_a_refused_connect__hears_no_more_of_that_server(void **state)
{
	struct loopback l;
	struct worker_conn *c;

	(void)state;
	c = open_loopback(&l);
	turn_until(&l, c, CONN_QUEUED);
	assert_int_equal(c->tried[0], 0);
	for (int i = 0; i < 5; i++)
		l.x.w.engine->turn(&l.x.w, 1);
	assert_int_equal(c->state, CONN_QUEUED);
	assert_int_equal(c->half[SIDE_SERVER].fd, -1);
	/* And gets the other one when that has room. */
	limit_give(&l.x.w.seg->arena->server_limit[1], 0);
	turn_until(&l, c, CONN_RELAY);
	assert_int_equal(c->server, 1);
	assert_int_equal(STAT_GET(&l.x.w.stat->server[1], connected), 1);
	close_loopback(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_waits_after_a_refused_connect__hears_no_more_of_that_server),
	};

	return cmocka_run_group_tests_name("worker/epoll", tests, NULL, NULL);
}
