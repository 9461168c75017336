/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of a dead process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "shm/health.h"
#include "shm/limit.h"
#include "shm/session.h"
#include "shm/source.h"
#include "shm/stat.h"
#include "t/unit/shm_fixture.h"

#define W0 ENTRY_WORKER0
#define W1 (ENTRY_WORKER0 + 1)

static uint64_t
closed(struct stat_worker *w)
{
	uint64_t n = 0;

	for (int r = 0; r < CLOSE_REASONS; r++)
		n += *close_counter(w, (enum close_reason)r);
	return n;
}

static void
worker__reaped__moves_its_counters_and_ends_its_connections(void **state)
{
	struct stat_slab *sum = calloc(1, sizeof *sum);
	struct stat_slab *w;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	fixture_worker(&f, W0, 0, 1);
	w = &f.all->worker[0].r.stat;
	w->worker.accepted = 10;
	w->worker.close_done = 6;
	w->worker.close_idle = 1;
	w->worker.active = 2; /* died before it counted the third one */
	w->server[5].active = 2;
	w->server[5].bytes_in = 900;
	w->server[5].last_byte = 77;
	w->service[3].active = 3;
	w->service[3].accepted = 10;
	f.all->worker[0].r.proc.beat_us = 1;
	f.all->worker[0].r.proc.ready = 1;
	f.all->worker[0].r.table_seen = 4;
	f.all->worker[0].r.kept_on = 3;
	f.seg.head->retired.server[5].last_byte = 99;

	assert_int_equal(seg_reap(&f.seg, W0), 3);
	assert_int_equal(f.seg.head->retire_seq, 2);
	assert_int_equal(f.seg.head->retired.worker.close_worker_died, 3);
	assert_int_equal(f.seg.head->retired.server[5].bytes_in, 900);
	assert_int_equal(f.seg.head->retired.server[5].last_byte, 99); /* the later one */
	assert_int_equal(f.seg.head->retired.server[5].active, 0);
	assert_int_equal(w->worker.accepted, 0);
	assert_int_equal(w->service[3].active, 0);
	assert_int_equal(f.all->worker[0].r.proc.beat_us, 0);
	assert_int_equal(f.all->worker[0].r.proc.ready, 0);
	assert_int_equal(f.all->worker[0].r.table_seen, 0);
	assert_int_equal(f.all->worker[0].r.kept_on, 0);
	assert_true(stat_sum(&f.seg, sum));
	assert_int_equal(sum->worker.accepted, closed(&sum->worker));
	assert_int_equal(sum->service[3].accepted, 10);
	/* A second time there is nothing left to move. */
	assert_int_equal(seg_reap(&f.seg, W0), 0);
	assert_int_equal(f.seg.head->retired.worker.accepted, 10);
	fixture_close(&f);
	free(sum);
}

static void
worker__reaped__gives_back_its_limits_and_nobody_elses(void **state)
{
	struct shm_limit *first, *last;
	struct fixture f;
	struct stat before, after;

	(void)state;
	fixture_open(&f);
	first = &f.seg.arena->service_limit[0];
	last = &f.seg.arena->server_limit[SHM_SERVERS - 1];
	assert_true(limit_take(first, 10, W0, 0) >= 0);
	assert_true(limit_take(first, 10, W1, 0) >= 0);
	assert_true(limit_take(last, SHM_LIMIT_MAX, W0, SHM_LIMIT_MAX - 1) == SHM_LIMIT_MAX - 1);
	assert_true(limit_take(&f.seg.arena->server_limit[0], 1, W0, 0) == 0);
	assert_int_equal(fstat(f.seg.ro_fd, &before), 0);
	seg_reap(&f.seg, W0);
	assert_int_equal(limit_held(first), 1);
	assert_int_equal(limit_held(last), 0);
	assert_int_equal(limit_held(&f.seg.arena->server_limit[0]), 0);
	assert_int_equal(fstat(f.seg.ro_fd, &after), 0);
	/* 576 limits of 64 kB were not made real by looking at them (some pages are:
	 * those of the worker and of head->retired). */
	assert_true(after.st_blocks - before.st_blocks < 2048);
	fixture_close(&f);
}

static void
worker__reaped__lets_nobody_wait_for_its_clients(void **state)
{
	struct shm_worker *w, *other;
	struct stat before, after;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	w = &f.all->worker[0].r;
	other = &f.all->worker[1].r;
	w->waiting.service[0] = 7;
	w->waiting.service[SHM_SERVICES - 1] = 8;
	w->waiting.server[0] = 9;
	w->waiting.server[SHM_SERVERS - 1] = 10;
	other->waiting.service[0] = 11;
	for (uint64_t key = 1; key <= 1000; key++)
		assert_true(source_add(w->source, key * SHM_SOURCES / 1000) >= 0);
	assert_true(source_add(w->source, SHM_SOURCES - 1) >= 0);
	assert_true(source_add(other->source, 77) >= 0);
	assert_int_equal(fstat(f.seg.ro_fd, &before), 0);
	seg_reap(&f.seg, W0);
	assert_int_equal(fstat(f.seg.ro_fd, &after), 0);
	for (unsigned i = 0; i < SHM_SERVICES; i++)
		assert_int_equal(w->waiting.service[i], 0);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		assert_int_equal(w->waiting.server[i], 0);
	for (unsigned i = 0; i < SHM_SOURCES; i++)
		assert_int_equal(w->source[i].n, 0);
	assert_int_equal(other->waiting.service[0], 11);
	assert_int_equal(source_count(other->source, 77), 1);
	/* What stands before and behind these rows in the file is untouched. */
	w->stat.server[SHM_SERVERS - 1].picked = 3;
	other->proc.beat_us = 4;
	other->table_seen = 5;
	seg_reap(&f.seg, W0);
	assert_int_equal(f.seg.head->retired.server[SHM_SERVERS - 1].picked, 3);
	assert_int_equal(other->proc.beat_us, 4);
	assert_int_equal(other->table_seen, 5);
	assert_true(after.st_blocks < before.st_blocks + 1024); /* 256 kB of rows went */
	fixture_close(&f);
}

static void
worker__reaped__has_no_connections_and_its_serials_go_on(void **state)
{
	const struct shm_who who = {.serial = 77, .state = SESSION_OPEN};
	static const struct session_filter everything;
	struct shm_session *dead, *other;
	struct stat before, after;
	struct session_list list;
	struct fixture f;
	struct err err;

	(void)state;
	err_init(&err);
	fixture_open(&f);
	fixture_worker(&f, W0, 0, 1);
	fixture_worker(&f, W1, 1, 2);
	dead = f.all->session[0].r.row;
	other = f.all->session[1].r.row;
	for (unsigned i = 0; i < 3200; i++)
		seq_store(&dead[i].seq, dead[i].words, &who, sizeof who);
	dead[1].seq.n |= 1; /* killed while it wrote */
	seq_store(&other[0].seq, other[0].words, &who, sizeof who);
	f.all->worker[0].r.session_top = 3200;
	f.all->worker[1].r.session_top = 1;
	f.all->worker[0].r.session_last = 3300;
	f.all->arena.r.hand[0].sent = 9; /* what stands before the rows in the file */
	assert_int_equal(fstat(f.seg.ro_fd, &before), 0);
	seg_reap(&f.seg, W0);
	assert_int_equal(fstat(f.seg.ro_fd, &after), 0);
	assert_int_equal(session_take(&f.seg, &everything, &list, &err), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.torn, 0);
	assert_int_equal(list.v[0].id.worker, 1);
	session_free(&list);
	assert_int_equal(f.all->worker[0].r.session_top, 0);
	assert_int_equal(f.all->worker[0].r.session_last, 3300);
	assert_int_equal(dead[1].seq.n & 1, 0);
	assert_int_equal(dead[3199].who.serial, 0);
	assert_int_equal(f.all->arena.r.hand[0].sent, 9);
	assert_true(after.st_blocks < before.st_blocks); /* 400 kB of rows went */
	fixture_close(&f);
}

static void
checker__reaped__leaves_readable_cells_and_its_counters(void **state)
{
	struct shm_health h = {.id = 9, .state = STATE_UP}, got;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	f.seg.checker = &f.all->checker.r;
	health_store(&f.seg, 2, &h, true);
	f.seg.checker = NULL;
	f.all->checker.r.health[2].seq.n |= 1; /* killed in the middle */
	f.all->checker.r.stat[2].checks = 5;
	f.all->checker.r.proc.ready = 1;
	assert_false(health_load(&f.seg, 2, 9, &got));
	assert_int_equal(seg_reap(&f.seg, ENTRY_CHECKER), 0);
	assert_true(health_load(&f.seg, 2, 9, &got));
	assert_int_equal(got.state, STATE_UP);
	assert_int_equal(f.all->checker.r.stat[2].checks, 5);
	assert_int_equal(f.all->checker.r.proc.ready, 0);
	fixture_close(&f);
}

static void
vip__buried__is_nobodys_and_its_clients_are_reset(void **state)
{
	const struct mono now = {777};
	struct shm_vip held = {.name = "api", .state = 2, .present = 1, .priority = 150}, got;
	struct shm_vrrp *v;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	v = &f.all->vrrp.r;
	SEQ_STORE(&v->vip[3], &held);
	v->sent_us[3] = 700;
	v->changes = 70;
	v->stat[3].adverts_sent = 9;
	seg_bury_vip(&f.seg, 3, 5, "gone", now);
	assert_true(SEQ_LOAD(&v->vip[3], &got));
	assert_string_equal(got.name, "api");
	assert_int_equal(got.state, 5);
	assert_int_equal(got.present, 0);
	assert_string_equal(got.fault, "gone");
	assert_int_equal(got.reset_us, 777);
	assert_int_equal(v->resets, 1);
	assert_int_equal(v->sent_us[3], 0);
	assert_int_equal(v->changes, 71);
	assert_int_equal(v->change[70 % SHM_VIP_CHANGES], SHM_CHANGE(3, 5, 150));
	assert_int_equal(v->stat[3].adverts_sent, 9);
	seg_forget_vips(&f.seg);
	assert_true(SEQ_LOAD(&v->vip[3], &got));
	assert_string_equal(got.name, "");
	assert_int_equal(v->stat[3].adverts_sent, 0);
	fixture_close(&f);
}

static void
logger_and_regionless__reaped__keep_their_counters(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	f.all->logger.r.stat.lines = 8;
	f.all->logger.r.proc.beat_us = 8;
	assert_int_equal(seg_reap(&f.seg, ENTRY_LOGGER), 0);
	assert_int_equal(f.all->logger.r.stat.lines, 8);
	assert_int_equal(f.all->logger.r.proc.beat_us, 0);
	assert_int_equal(seg_reap(&f.seg, ENTRY_VRRP), 0);
	assert_int_equal(seg_reap(&f.seg, SHM_ENTRIES), 0);
	fixture_close(&f);
}

static void
index__given_to_a_new_server__forgets_the_old_one(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	f.seg.head->retired.server[4].bytes_in = 4;
	f.seg.head->retired.server[5].bytes_in = 5;
	f.seg.head->retired.service[4].accepted = 4;
	f.seg.head->retired.service[5].accepted = 5;
	seg_forget_server(&f.seg, 4);
	seg_forget_service(&f.seg, 5);
	assert_int_equal(f.seg.head->retired.server[4].bytes_in, 0);
	assert_int_equal(f.seg.head->retired.server[5].bytes_in, 5);
	assert_int_equal(f.seg.head->retired.service[4].accepted, 4);
	assert_int_equal(f.seg.head->retired.service[5].accepted, 0);
	assert_int_equal(f.seg.head->retire_seq % 2, 0);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(worker__reaped__moves_its_counters_and_ends_its_connections),
	    cmocka_unit_test(worker__reaped__gives_back_its_limits_and_nobody_elses),
	    cmocka_unit_test(worker__reaped__lets_nobody_wait_for_its_clients),
	    cmocka_unit_test(worker__reaped__has_no_connections_and_its_serials_go_on),
	    cmocka_unit_test(checker__reaped__leaves_readable_cells_and_its_counters),
	    cmocka_unit_test(vip__buried__is_nobodys_and_its_clients_are_reset),
	    cmocka_unit_test(logger_and_regionless__reaped__keep_their_counters),
	    cmocka_unit_test(index__given_to_a_new_server__forgets_the_old_one),
	};

	return cmocka_run_group_tests_name("shm/reap", tests, NULL, NULL);
}
