/* SPDX-License-Identifier: BSD-2-Clause */
/* The epoll engine over loopback, one turn after another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shm/limit.h"
#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"
#include "worker/evict.h"

#define TURNS 200

/* A port of loopback that nobody listens on, or somebody does. */
static int
local_port(struct addr *a, bool listens)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof *a;

	assert_null(addr_parse(a, "127.0.0.1", false));
	assert_int_equal(bind(fd, &a->sa, addr_len(a)), 0);
	if (listens)
		assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, &a->sa, &len), 0);
	return fd;
}

struct loopback {
	struct worker_world x;
	int port[2]; /* of the servers: the first refuses, the second listens */
	int client;  /* the client's own end */
};

static struct worker_conn *
open_loopback(struct loopback *l)
{
	struct worker *w = &l->x.w;
	struct addr at, from;
	socklen_t len = sizeof from;
	struct err err;
	int door, fd;

	worker_world_open(&l->x, 2);
	l->x.h.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->x.h.n_listeners = 0;
	w->engine = &engine_epoll;
	err_init(&err);
	assert_int_equal(w->engine->init(w, &err), 0);
	for (int i = 0; i < 2; i++)
		l->port[i] = local_port(&l->x.table.server[i].addr, i == 1);
	l->x.table.service[0].balance = BALANCE_FIRST;
	/* The second one's only place is another worker's. */
	l->x.table.server[1].max_connections = 1;
	assert_int_equal(limit_take(&w->seg->arena->server_limit[1], 1, ENTRY_WORKER0 + 1, 0), 0);
	worker_world_publish(&l->x);

	door = local_port(&at, true);
	l->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(l->client, &at.sa, addr_len(&at)), 0);
	fd = accept4(door, &from.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fd >= 0);
	close(door);
	worker_conn_start(w, 0, fd, &from, NULL);
	return &w->pool.conn[0];
}

static void
close_loopback(struct loopback *l)
{
	struct worker *w = &l->x.w;

	evict_all(w, CLOSE_shutdown);
	for (int i = 0; i < TURNS && w->pool.used > 0; i++)
		w->engine->turn(w, 0);
	w->engine->fini(w);
	for (int i = 0; i < 2; i++)
		close(l->port[i]);
	close(l->client);
	close(l->x.h.wake_fd);
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
