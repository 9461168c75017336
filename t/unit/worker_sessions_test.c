/* SPDX-License-Identifier: BSD-2-Clause */
/* What a worker tells of its connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shm/session.h"
#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"
#include "worker/sessions.h"

/* All that is open, as kha session sees it. */
static struct session_list
listed(struct worker_world *x)
{
	static const struct session_filter everything;
	struct session_list list;
	struct err err;

	err_init(&err);
	assert_int_equal(session_take(&x->f.seg, &everything, &list, &err), 0);
	session_sort(&list, SESSION_BY_AGE);
	return list;
}

static struct session
only(struct worker_world *x)
{
	struct session_list list = listed(x);
	struct session s;

	assert_int_equal(list.n, 1);
	s = list.v[0];
	session_free(&list);
	return s;
}

static void
assert_end(const struct shm_end *e, const char *text)
{
	char got[ADDR_TEXT];
	struct addr a;

	session_unpack(&a, e);
	assert_string_equal(addr_print(&a, got, sizeof got), text);
}

static void
connection__from_begin_to_end__is_told(void **state)
{
	struct session_list list;
	struct worker_world x;
	struct worker_conn *c;
	struct session s;

	(void)state;
	worker_world_open(&x, 2);
	c = worker_world_client(&x);
	s = only(&x);
	assert_int_equal(s.who.state, SESSION_CONNECTING);
	assert_int_equal(s.who.server, c->server);
	assert_int_equal(s.who.server_id, 10 + c->server);
	assert_int_equal(s.who.service, 0);
	assert_int_equal(s.who.started_us, WORLD_NOW_MS * 1000);
	assert_int_equal(s.last_ms, WORLD_NOW_MS);
	assert_end(&s.who.client, "198.51.100.7:40000");
	worker_conn_connected(&x.w, c, 0);
	assert_int_equal(only(&x).who.state, SESSION_OPEN);
	worker_world_advance(&x, 2000);
	worker_conn_moved(&x.w, c, SIDE_CLIENT, 517, false);
	worker_conn_moved(&x.w, c, SIDE_SERVER, 4000, true);
	worker_conn_moved(&x.w, c, SIDE_SERVER, 1, false);
	worker_world_advance(&x, 700);
	s = only(&x);
	assert_int_equal(s.bytes[0], 517);
	assert_int_equal(s.bytes[1], 4001);
	assert_int_equal(s.last_ms, x.w.now_ms - 700);
	worker_conn_ended(&x.w, c, SIDE_CLIENT, END_FIN, 0);
	assert_int_equal(only(&x).who.state, SESSION_HALF_CLOSED);
	x.fake.unsent = 10;
	worker_conn_ended(&x.w, c, SIDE_SERVER, END_RESET, ECONNRESET);
	assert_int_equal(only(&x).who.state, SESSION_FLUSHING);
	worker_world_advance(&x, 5000);
	list = listed(&x);
	assert_int_equal(list.n, 0);
	worker_world_close(&x);
}

static void
connection__that_goes_on_to_another_server__names_that_one(void **state)
{
	struct worker_world x;
	struct worker_conn *c;
	unsigned first;
	struct session s;

	(void)state;
	worker_world_open(&x, 2);
	c = worker_world_client(&x);
	first = only(&x).who.server;
	worker_conn_connected(&x.w, c, ECONNREFUSED);
	s = only(&x);
	assert_int_equal(s.who.state, SESSION_CONNECTING);
	assert_int_equal(s.who.server, 1 - first);
	assert_int_equal(s.who.serial, 1);
	worker_world_close(&x);
}

static void
connection__that_waits__has_no_server(void **state)
{
	struct session_list list;
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 1);
	x.table.server[0].max_connections = 1;
	worker_world_publish(&x);
	worker_world_relay(&x);
	worker_world_client_from(&x, "198.51.100.8:1");
	list = listed(&x);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.v[1].who.state, SESSION_QUEUED);
	assert_int_equal(list.v[1].who.server, SHM_NO_SERVER);
	assert_end(&list.v[1].who.client, "198.51.100.8:1");
	session_free(&list);
	worker_world_close(&x);
}

static void
rows__are_used_again_and_serials_are_not(void **state)
{
	struct worker_world x;
	struct worker_conn *c;
	struct session s;

	(void)state;
	worker_world_open(&x, 2);
	for (unsigned i = 1; i <= 100; i++) {
		c = worker_world_relay(&x);
		worker_conn_moved(&x.w, c, SIDE_CLIENT, i, false);
		s = only(&x);
		assert_int_equal(s.who.serial, i);
		assert_int_equal(s.bytes[0], i); /* nothing is left of the one before */
		assert_int_equal(s.bytes[1], 0);
		worker_conn_close(&x.w, c, CLOSE_idle);
		worker_world_advance(&x, 0);
	}
	assert_int_equal(STAT_GET(x.f.seg.worker, session_top), 1);
	assert_int_equal(STAT_GET(x.w.stat, worker.unlisted), 0);
	worker_world_close(&x);
}

static void
connections__beyond_the_rows__work_and_are_counted(void **state)
{
	struct session_list list;
	struct worker_conn *c[3];
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 2);
	sessions_fini(&x.w);
	pool_fini(&x.w.pool);
	assert_int_equal(pool_init(&x.w.pool, SHM_SESSIONS + 10), 0);
	assert_int_equal(sessions_init(&x.w), 0);
	x.w.pool.fresh = SHM_SESSIONS - 1;
	for (int i = 0; i < 3; i++)
		c[i] = worker_world_relay(&x);
	list = listed(&x);
	assert_int_equal(list.n, 1);
	session_free(&list);
	assert_int_equal(STAT_GET(x.w.stat, worker.unlisted), 2);
	worker_conn_moved(&x.w, c[2], SIDE_SERVER, 99, false);
	assert_int_equal(conn_bytes(c[2], SIDE_SERVER), 99);
	worker_conn_close(&x.w, c[2], CLOSE_idle);
	assert_int_equal(STAT_GET(x.w.stat, worker.unlisted), 1);
	worker_conn_close(&x.w, c[0], CLOSE_idle);
	assert_int_equal(STAT_GET(x.w.stat, worker.unlisted), 1);
	worker_conn_close(&x.w, c[1], CLOSE_idle);
	assert_int_equal(STAT_GET(x.w.stat, worker.unlisted), 0);
	worker_world_close(&x);
}

/* As on a tmpfs that is full, where a write is a SIGBUS: here because the file is too short. */
static void
connection__for_whose_row_there_is_no_memory__works(void **state)
{
	int fd = memfd_create("short", MFD_CLOEXEC);
	struct session_list list;
	struct worker_world x;
	struct worker_conn *c;
	void *hole;

	(void)state;
	worker_world_open(&x, 2);
	hole = mmap(NULL, sizeof(struct shm_sessions), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(hole != MAP_FAILED);
	if (madvise(hole, SHM_PAGE, 23) != 0 && errno == EINVAL) {
		worker_world_close(&x);
		print_message("this kernel has no MADV_POPULATE_WRITE\n");
		skip();
	}
	x.f.seg.session = hole;
	c = worker_world_relay(&x);
	worker_conn_moved(&x.w, c, SIDE_SERVER, 99, false);
	list = listed(&x);
	assert_int_equal(list.n, 0);
	assert_int_equal(STAT_GET(x.w.stat, worker.unlisted), 1);
	worker_conn_close(&x.w, c, CLOSE_idle);
	worker_world_advance(&x, 0);
	/* There is room again. */
	x.f.seg.session = x.f.all->session[0].r.row;
	worker_world_relay(&x);
	assert_int_equal(only(&x).who.serial, 2);
	munmap(hole, sizeof(struct shm_sessions));
	close(fd);
	worker_world_close(&x);
}

static void
order(struct worker_world *x, uint64_t serial)
{
	_Atomic uint64_t *word = &x->f.seg.head->session_close[0];

	*word = SHM_CLOSE_NEXT(*word, serial);
	sessions_obey(&x->w);
	assert_int_equal(x->f.seg.worker->session_obeyed, *word);
}

static void
order__to_close_one__closes_that_one(void **state)
{
	struct session_list list;
	struct worker_world x;

	(void)state;
	worker_world_open(&x, 2);
	for (int i = 0; i < 3; i++)
		worker_world_relay(&x);
	sessions_obey(&x.w); /* there is none */
	assert_int_equal(worker_world_closed(&x, CLOSE_operator), 0);
	order(&x, 2);
	assert_int_equal(x.f.seg.worker->session_closed, 1);
	assert_int_equal(worker_world_closed(&x, CLOSE_operator), 1);
	assert_int_equal(x.fake.n_resets, 1);
	list = listed(&x);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.v[0].who.serial, 1);
	assert_int_equal(list.v[1].who.serial, 3);
	session_free(&list);
	sessions_obey(&x.w); /* once */
	order(&x, 2);
	assert_int_equal(x.f.seg.worker->session_closed, 0);
	worker_world_advance(&x, 0);
	order(&x, 2);
	assert_int_equal(x.f.seg.worker->session_closed, 0);
	order(&x, SHM_SERIAL_MAX);
	assert_int_equal(x.f.seg.worker->session_closed, 0);
	assert_int_equal(worker_world_closed(&x, CLOSE_operator), 1);
	worker_world_close(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connection__from_begin_to_end__is_told),
	    cmocka_unit_test(connection__that_goes_on_to_another_server__names_that_one),
	    cmocka_unit_test(connection__that_waits__has_no_server),
	    cmocka_unit_test(rows__are_used_again_and_serials_are_not),
	    cmocka_unit_test(connections__beyond_the_rows__work_and_are_counted),
	    cmocka_unit_test(connection__for_whose_row_there_is_no_memory__works),
	    cmocka_unit_test(order__to_close_one__closes_that_one),
	};

	return cmocka_run_group_tests_name("worker/sessions", tests, NULL, NULL);
}
