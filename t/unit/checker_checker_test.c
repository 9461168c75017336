/* SPDX-License-Identifier: BSD-2-Clause */
/* The checker process from start to end, over real servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "t/unit/checker_peer.h"
#include "t/unit/checker_pki.h"
#include "t/unit/checker_world.h"
#include "t/unit/shm_fixture.h"

static bool
worker_was_woken(struct world *w)
{
	uint64_t n;

	return read(w->wake_fds[ENTRY_WORKER0], &n, sizeof n) == sizeof n;
}

static void
server__that_stops_and_starts__is_up_down_and_up_again(void **state)
{
	struct peer p = {.kind = PEER_HTTPS};
	struct shm_health cell;
	struct stat_check *stat;
	struct world w;
	int64_t since;
	uint64_t failures, down_ms;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	stat = &w.f.all->checker.r.stat[0];
	world_start(&w, true);
	await_ready(&w);
	cell = cell_of(&w, 0);
	assert_int_equal(cell.state, STATE_UP); /* by its first result */
	assert_int_equal(cell.id, 100);
	assert_int_equal(cell.result, RESULT_L7OK);
	assert_int_equal(cell.code, 200);
	assert_int_equal(cell.health, 4);
	assert_int_equal(cell.rise, 2);
	assert_int_equal(cell.fall, 3);
	assert_int_equal(cell.cert_not_after, peer_not_after("server"));
	assert_non_null(strstr(cell.cert_names, ",kubernetes.default.svc,"));
	assert_string_equal(cell.text, "GET /readyz: 200");
	assert_true(cell.check_ms >= 0 && cell.checked_us >= cell.since_us && cell.since_us > 0);
	assert_int_equal(stat->up_down, 0);
	assert_true(worker_was_woken(&w));
	since = cell.since_us;

	/* Checks that change nothing wake nobody. */
	await_checks(&w, 0, checks_of(&w, 0) + 5);
	assert_false(worker_was_woken(&w));
	assert_int_equal(cell_of(&w, 0).since_us, since);
	failures = stat->failures;
	assert_int_equal(failures, 0);

	peer_stop(&p);
	await_state(&w, 0, STATE_DOWN);
	cell = cell_of(&w, 0);
	assert_int_equal(cell.result, RESULT_L4CON);
	assert_int_equal(cell.code, 111);
	assert_int_equal(cell.health, 0);
	assert_true(cell.since_us > since);
	assert_true(stat->failures >= 3);
	assert_int_equal(stat->up_down, 1);
	assert_true(worker_was_woken(&w));
	/* What was known about its certificate stays known. */
	assert_int_equal(cell.cert_not_after, peer_not_after("server"));
	assert_non_null(strstr(cell.cert_names, ",kubernetes.default.svc,"));
	since = cell.since_us;

	down_ms = stat->downtime_ms;
	peer_start(&p); /* where it was */
	await_state(&w, 0, STATE_UP);
	cell = cell_of(&w, 0);
	assert_int_equal(cell.health, 4);
	/* "Time not UP" is what lies between the two changes. */
	assert_in_range(stat->downtime_ms - down_ms, (uint64_t)(cell.since_us - since) / 1000 - 1,
	    (uint64_t)(cell.since_us - since) / 1000 + 1);
	assert_true(worker_was_woken(&w));
	await_log(&w, "server api/cp-1 is UP: L7OK GET /readyz: 200, 2 of 2 passed");
	world_stop(&w);
	assert_int_equal(p.seen->handshake_errors, 0);
	assert_int_equal(p.seen->unclean, 0);
	peer_stop(&p);
	world_close(&w);
}

static void
heart__beats_while_checks_wait(void **state)
{
	const struct shm_proc_region *proc;
	struct peer p = {.kind = PEER_MUTE};
	struct mono end;
	struct world w;
	int64_t beat, gap, longest = 0;
	int beats = 0;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	world_start(&w, true);
	proc = seg_proc(&w.f.seg, ENTRY_CHECKER);
	while (proc->beat_us == 0)
		usleep(1000);
	beat = proc->beat_us;
	end = mono_add_ms(mono_now(), 1500);
	while (mono_now().us < end.us) {
		gap = proc->beat_us - beat;
		beats += gap > 0;
		longest = gap > longest ? gap : longest;
		beat += gap;
		usleep(1000);
	}
	assert_true(beats >= 4);
	assert_true(longest < 1250000); /* five times 250 ms */
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

static void
server__that_does_not_answer__makes_ready_wait_two_seconds(void **state)
{
	struct peer good = {.kind = PEER_HTTPS};
	struct mono start;
	struct addr a[2];
	struct world w;

	(void)state;
	peer_start(&good);
	a[0] = good.addr;
	peer_unreachable(&a[1]);
	world_open(&w, a, 2);
	w.conf->services[0].check.connect_timeout = 60000;
	w.conf->services[0].check.timeout = 60000;
	start = mono_now();
	world_start(&w, true);
	await_state(&w, 0, STATE_UP);
	assert_int_equal(seg_proc(&w.f.seg, ENTRY_CHECKER)->ready, 0);
	await_ready(&w);
	assert_in_range(mono_diff_ms(start, mono_now()), 1900, 7000);
	assert_int_equal(cell_of(&w, 1).state, STATE_NOTREADY);
	assert_int_equal(cell_of(&w, 1).result, RESULT_INI);
	world_stop(&w); /* with a check in flight */
	peer_stop(&good);
	world_close(&w);
}

static void
checker__started_again_after_a_kill__goes_on(void **state)
{
	struct peer p = {.kind = PEER_HTTPS};
	struct shm_health before, after;
	uint64_t checks;
	struct addr a[2];
	struct world w;

	(void)state;
	peer_start(&p);
	a[0] = p.addr;
	peer_refusing(&a[1]);
	world_open(&w, a, 2);
	world_start(&w, true);
	await_ready(&w);
	await_checks(&w, 0, 3);
	world_kill(&w);
	before = cell_of(&w, 0);
	checks = checks_of(&w, 0);
	/* A killed writer's cell: repaired by the master, whole again with the next check. */
	assert_int_equal(before.state, STATE_UP);
	w.conf->services[0].check.rise = 5;
	world_start(&w, false);
	await_ready(&w);
	await_checks(&w, 0, checks + 3);
	await_checks(&w, 1, checks + 3);
	after = cell_of(&w, 0);
	assert_int_equal(after.state, STATE_UP);
	assert_int_equal(after.since_us, before.since_us);
	assert_int_equal(after.health, 7);
	assert_int_equal(cell_of(&w, 1).state, STATE_DOWN);
	/* Nothing happened to any server, and so nothing is said a second time. */
	assert_int_equal(logged(&w, "server api/cp-1 is"), 1);
	assert_int_equal(logged(&w, "server api/cp-2 is"), 1);
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

static void
slow_start__is_for_those_who_return_or_come_later(void **state)
{
	struct peer p = {.kind = PEER_HTTPS};
	struct addr a[2];
	int64_t slow;
	struct world w;

	(void)state;
	peer_start(&p);
	a[0] = a[1] = p.addr;
	world_open(&w, a, 2);
	w.table.server[1].state = ROW_FREE;
	table_publish(&w.f.seg, &w.table);
	world_start(&w, true);
	await_ready(&w);
	assert_int_equal(cell_of(&w, 0).slow_us, 0);
	peer_stop(&p);
	await_state(&w, 0, STATE_DOWN);
	assert_int_equal(cell_of(&w, 0).slow_us, 0);
	peer_start(&p);
	await_state(&w, 0, STATE_UP);
	slow = cell_of(&w, 0).slow_us;
	assert_true(slow > 0);
	assert_int_equal(slow, cell_of(&w, 0).since_us);
	/* A reload adds the other one: a new checker, or the old one, whichever sees it first. */
	for (int cold = 1; cold >= 0; cold--) {
		if (cold == 0) {
			world_kill(&w);
			world_start(&w, false);
		}
		w.table.server[1].state = ROW_ACTIVE;
		w.table.server[1].id++;
		world_publish(&w);
		await_state(&w, 1, STATE_UP);
		assert_true(cell_of(&w, 1).slow_us > slow);
		assert_int_equal(cell_of(&w, 1).slow_us, cell_of(&w, 1).since_us);
		assert_int_equal(cell_of(&w, 0).slow_us, slow);
	}
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

/* The same without a check; maintenance is an absence, too. */
static void
slow_start__needs_no_check(void **state)
{
	struct addr a[2];
	struct world w;

	(void)state;
	peer_refusing(&a[0]);
	peer_refusing(&a[1]);
	world_open(&w, a, 2);
	w.conf->services[0].check.type = CHECK_NONE;
	world_start(&w, true);
	await_ready(&w);
	world_stop(&w);
	w.table.server[1].id++;
	table_publish(&w.f.seg, &w.table);
	world_start(&w, false);
	await_ready(&w);
	assert_int_equal(cell_of(&w, 0).slow_us, 0);
	assert_int_equal(cell_of(&w, 1).state, STATE_UP);
	assert_true(cell_of(&w, 1).slow_us > 0);
	w.table.server[0].admin = ADMIN_MAINT;
	world_publish(&w);
	await_state(&w, 0, STATE_NOTREADY);
	assert_int_equal(cell_of(&w, 0).slow_us, 0);
	w.table.server[0].admin = ADMIN_READY;
	world_publish(&w);
	await_state(&w, 0, STATE_UP);
	assert_true(cell_of(&w, 0).slow_us > 0);
	world_stop(&w);
	/* Nothing of it at a cold start. */
	world_start(&w, true);
	await_ready(&w);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(cell_of(&w, i).state, STATE_UP);
		assert_int_equal(cell_of(&w, i).slow_us, 0);
	}
	world_stop(&w);
	world_close(&w);
}

/* 1 of 2 passed, or 2 of 3 failed, when a reload or a crash takes the checker away. */
static void
count__in_the_middle__goes_on_in_the_next_checker(void **state)
{
	struct peer p = {.kind = PEER_HTTPS};
	struct shm_health cell;
	struct world w;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	w.conf->services[0].check.interval = 3600000;
	w.conf->services[0].check.down_interval = 3600000;
	world_start(&w, true);
	await_ready(&w);
	world_stop(&w);
	peer_stop(&p);
	cell = cell_of(&w, 0);
	cell.health = 2; /* two refused connects */
	cell.streak = 2;
	cell.streak_state = STATE_DOWN;
	w.f.seg.checker = &w.f.all->checker.r;
	health_store(&w.f.seg, 0, &cell, true);
	w.f.seg.checker = NULL;
	world_start(&w, false);
	await_log(&w, "warning server api/cp-1 is DOWN: L4CON connection refused, 3 of 3 failed");
	assert_int_equal(checks_of(&w, 0), 2); /* the first one of all, and this */
	world_stop(&w);
	peer_start(&p);
	cell = cell_of(&w, 0);
	cell.health = 1;
	w.f.seg.checker = &w.f.all->checker.r;
	health_store(&w.f.seg, 0, &cell, true);
	w.f.seg.checker = NULL;
	world_start(&w, false);
	await_log(&w, "notice server api/cp-1 is UP: L7OK GET /readyz: 200, 2 of 2 passed");
	assert_int_equal(checks_of(&w, 0), 3);
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

static void
cold_start__does_not_believe_old_cells(void **state)
{
	struct shm_health lie = {
	    .id = 100, .state = STATE_UP, .result = RESULT_L7OK, .rise = 2, .fall = 3, .health = 4};
	struct addr a;
	struct world w;

	(void)state;
	peer_refusing(&a);
	world_open(&w, &a, 1);
	w.f.seg.checker = &w.f.all->checker.r;
	health_store(&w.f.seg, 0, &lie, true);
	w.f.seg.checker = NULL;
	world_start(&w, true);
	await_ready(&w);
	assert_int_equal(cell_of(&w, 0).state, STATE_DOWN);
	world_stop(&w);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(server__that_stops_and_starts__is_up_down_and_up_again),
	    cmocka_unit_test(heart__beats_while_checks_wait),
	    cmocka_unit_test(server__that_does_not_answer__makes_ready_wait_two_seconds),
	    cmocka_unit_test(checker__started_again_after_a_kill__goes_on),
	    cmocka_unit_test(slow_start__is_for_those_who_return_or_come_later),
	    cmocka_unit_test(slow_start__needs_no_check),
	    cmocka_unit_test(count__in_the_middle__goes_on_in_the_next_checker),
	    cmocka_unit_test(cold_start__does_not_believe_old_cells),
	};

	return cmocka_run_group_tests_name("checker/checker", tests, NULL, NULL);
}
