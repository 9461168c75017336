/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/worker_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shm/stat.h"
#include "worker/evict.h"
#include "worker/sessions.h"

static struct fake_engine *
fake_of(struct worker *w)
{
	return w->engine_state;
}

static int
fake_listen(struct worker *w, unsigned listener)
{
	(void)listener;
	fake_of(w)->listening = true;
	return 0;
}

static void
fake_unlisten(struct worker *w, unsigned listener)
{
	(void)listener;
	fake_of(w)->listening = false;
}

static int
fake_connect(struct worker *w, struct worker_conn *c, int fd, const struct addr *to)
{
	struct fake_engine *fake = fake_of(w);

	assert_int_equal(c->state, CONN_CONNECTING);
	assert_in_range(fake->n_connects, 0, 127);
	close(fd);
	fake->to[fake->n_connects] = *to;
	return fake->connect_error[fake->n_connects++];
}

static void
fake_unconnect(struct worker *w, struct worker_conn *c)
{
	(void)c;
	fake_of(w)->n_unconnects++;
}

static void
fake_relay(struct worker *w, struct worker_conn *c, const uint8_t *first, size_t n)
{
	struct fake_engine *fake = fake_of(w);

	assert_int_equal(c->state, CONN_RELAY);
	assert_in_range(n, 0, sizeof fake->first);
	fake->n_relays++;
	fake->n_first = n;
	memcpy(fake->first, first, n);
}

static void
fake_await(struct worker *w, struct worker_conn *c, bool bytes)
{
	(void)c;
	fake_of(w)->awaits_bytes = bytes;
}

static size_t
fake_unsent(struct worker *w, struct worker_conn *c, enum side side)
{
	(void)c;
	(void)side;
	return fake_of(w)->unsent;
}

static void
fake_drop(struct worker *w, struct worker_conn *c, bool reset)
{
	struct fake_engine *fake = fake_of(w);

	assert_int_equal(c->state, CONN_CLOSED);
	assert_in_range(fake->n_gone, 0, 127);
	fake->n_drops++;
	fake->n_resets += reset;
	if (!fake->shuts_late)
		worker_conn_shut(w, c);
	fake->gone[fake->n_gone++] = c;
}

static const struct engine fake_engine = {
    .name = "fake",
    .listen = fake_listen,
    .unlisten = fake_unlisten,
    .await = fake_await,
    .connect = fake_connect,
    .unconnect = fake_unconnect,
    .relay = fake_relay,
    .unsent = fake_unsent,
    .drop = fake_drop,
};

static void
set_now(struct worker_world *x, int64_t ms)
{
	x->w.now_ms = ms;
	x->w.now = (struct mono){ms * 1000};
}

void
worker_world_publish(struct worker_world *x)
{
	table_publish(&x->f.seg, &x->table);
	assert_true(view_refresh(&x->w.view, x->w.seg, x->w.now));
}

void
worker_world_health(
    struct worker_world *x, unsigned server, enum server_state state, enum check_result result)
{
	struct shm_health cell = {
	    .id = x->table.server[server].id, .state = state, .result = result};
	struct seg *seg = &x->f.seg;

	seg->checker = &x->f.all->checker.r;
	health_store(seg, server, &cell, true);
}

static void
fill_table(struct worker_world *x, unsigned n)
{
	struct shm_service *s = &x->table.service[0];
	struct shm_server *row;
	char text[32];

	x->table.n_services = 1;
	x->table.n_servers = n;
	snprintf(s->name, sizeof s->name, "api");
	s->state = ROW_ACTIVE;
	s->id = 1;
	s->balance = BALANCE_LEASTCONN;
	s->on_down = ON_DOWN_RESET;
	s->reset_rate = 1000;
	s->connect_ms = 5000;
	s->idle_ms = 3600000;
	s->half_closed_ms = 30000;
	s->queue_ms = s->hello_ms = 5000;
	for (unsigned i = 0; i < n; i++) {
		row = &x->table.server[i];
		snprintf(row->name, sizeof row->name, "s%u", i);
		snprintf(text, sizeof text, "192.0.2.%u:6443", i + 1);
		assert_null(addr_parse(&row->addr, text, false));
		row->state = ROW_ACTIVE;
		row->id = 10 + i;
		row->weight = 100;
		row->position = i;
		worker_world_health(x, i, STATE_UP, RESULT_L7OK);
	}
}

void
worker_world_open(struct worker_world *x, unsigned n)
{
	struct worker *w = &x->w;

	memset(x, 0, sizeof *x);
	fixture_open(&x->f);
	fixture_worker(&x->f, ENTRY_WORKER0, 0, getpid());
	for (unsigned i = 0; i < SHM_ENTRIES; i++)
		x->wake_fds[i] = -1;
	x->wake_fds[ENTRY_CHECKER] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	x->listener = (struct listener){.fd = -1};
	x->h = (struct heritage){.seg = &x->f.seg,
	    .entry = ENTRY_WORKER0,
	    .workers = 1,
	    .wake_fd = -1,
	    .wake_fds = x->wake_fds,
	    .listeners = &x->listener,
	    .n_listeners = 1,
	    .max_connections = 100,
	    .worker_connections = 100};
	x->f.seg.worker = &x->f.all->worker[0].r;
	x->f.seg.session = x->f.all->session[0].r.row;
	w->h = &x->h;
	w->seg = &x->f.seg;
	w->stat = &x->f.seg.worker->stat;
	w->engine = &fake_engine;
	w->engine_state = &x->fake;
	w->accepting = true;
	set_now(x, WORLD_NOW_MS);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		w->server_list[i] = CONN_NONE;
	assert_int_equal(pool_init(&w->pool, 200), 0);
	assert_int_equal(sessions_init(w), 0);
	queue_init(w);
	wheel_init(&w->wheel, &w->pool, w->now_ms);
	fill_table(x, n);
	worker_world_publish(x);
}

void
worker_world_close(struct worker_world *x)
{
	evict_all(&x->w, CLOSE_shutdown);
	worker_world_advance(x, 0);
	worker_world_books(x);
	assert_int_equal(x->w.pool.used, 0);
	assert_int_equal(x->w.wheel.count, 0);
	rule_fini(&x->w);
	view_fini(&x->w.view);
	sessions_fini(&x->w);
	pool_fini(&x->w.pool);
	close(x->wake_fds[ENTRY_CHECKER]);
	x->f.seg.worker = NULL;
	x->f.seg.session = NULL;
	x->f.seg.checker = NULL;
	fixture_close(&x->f);
}

int
worker_world_port(struct addr *a, bool listens)
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

void
worker_world_engine(struct worker_world *x, const struct engine *engine)
{
	struct err err;

	x->h.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	x->h.n_listeners = 0;
	x->w.engine = engine;
	err_init(&err);
	assert_int_equal(engine->init(&x->w, &err), 0);
}

void
worker_world_engine_end(struct worker_world *x)
{
	x->w.engine->fini(&x->w);
	close(x->h.wake_fd);
}

int
worker_world_dial(struct worker_world *x)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), door, fd;
	struct addr at, from;
	socklen_t len = sizeof from;

	door = worker_world_port(&at, true);
	assert_int_equal(connect(client, &at.sa, addr_len(&at)), 0);
	fd = accept4(door, &from.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fd >= 0);
	close(door);
	worker_conn_start(&x->w, 0, fd, &from, &at);
	return client;
}

struct worker_conn *
worker_world_client(struct worker_world *x)
{
	return worker_world_client_from(x, "198.51.100.7:40000");
}

struct worker_conn *
worker_world_client_from(struct worker_world *x, const char *text)
{
	struct addr from;
	uint32_t expected = x->w.pool.used;
	struct worker_conn *c = NULL;

	assert_null(addr_parse(&from, text, false));
	worker_conn_start(&x->w, 0, -1, &from, NULL);
	for (uint32_t i = 0; i < x->w.pool.fresh; i++)
		if (conn_is_early(&x->w.pool.conn[i]) &&
		    conn_began_us(&x->w.pool.conn[i]) == x->w.now.us)
			c = &x->w.pool.conn[i];
	if (x->w.pool.used == expected)
		return NULL;
	set_now(x, x->w.now_ms + 1); /* so that the next one is told from this */
	return c;
}

struct worker_conn *
worker_world_relay(struct worker_world *x)
{
	struct worker_conn *c = worker_world_client(x);

	assert_non_null(c);
	worker_conn_connected(&x->w, c, 0);
	assert_int_equal(c->state, CONN_RELAY);
	return c;
}

void
worker_world_advance(struct worker_world *x, int64_t ms)
{
	struct worker_conn *c;

	set_now(x, x->w.now_ms + ms);
	for (unsigned i = 0; x->fake.shuts_late && i < x->fake.n_gone; i++)
		worker_conn_shut(&x->w, x->fake.gone[i]);
	view_refresh(&x->w.view, x->w.seg, x->w.now);
	while ((c = wheel_due(&x->w.wheel, x->w.now_ms)) != NULL)
		worker_conn_timeout(&x->w, c);
	queue_run(&x->w);
	for (unsigned i = 0; i < x->fake.n_gone; i++)
		worker_conn_gone(&x->w, x->fake.gone[i]);
	x->fake.n_gone = 0;
}

uint64_t
worker_world_closed(struct worker_world *x, enum close_reason reason)
{
	return *close_counter(&x->w.stat->worker, reason);
}

void
worker_world_books(struct worker_world *x)
{
	uint64_t closed = 0, on_servers = 0, active = STAT_GET(&x->w.stat->worker, active);
	uint64_t connected = 0, early = 0;

	for (unsigned r = 0; r < CLOSE_REASONS; r++)
		closed += worker_world_closed(x, (enum close_reason)r);
	assert_int_equal(STAT_GET(&x->w.stat->worker, accepted), closed + active);
	assert_int_equal(STAT_GET(&x->w.stat->service[0], active), active);
	for (unsigned i = 0; i < x->table.n_servers; i++)
		on_servers += STAT_GET(&x->w.stat->server[i], active);
	for (uint32_t i = 0; i < x->w.pool.fresh; i++)
		early += conn_is_early(&x->w.pool.conn[i]) && x->w.pool.conn[i].server == NO_SERVER;
	for (uint32_t i = 0; i < x->w.pool.fresh; i++)
		connected +=
		    x->w.pool.conn[i].state != CONN_FREE && x->w.pool.conn[i].state != CONN_CLOSED;
	assert_int_equal(connected, active);
	assert_int_equal(on_servers + early, active);
	assert_int_equal(x->w.pool.used, active + x->fake.n_gone);
}
