/* SPDX-License-Identifier: BSD-2-Clause */
/* One server in the running checker: workers that meet it, the operator, changes of the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "t/unit/checker_peer.h"
#include "t/unit/checker_pki.h"
#include "t/unit/checker_world.h"
#include "t/unit/shm_fixture.h"

#define HOUR_MS 3600000

/* So that only what the test does causes checks after the first one. */
static void
never_by_itself(struct world *w)
{
	struct conf_check *check = &w->conf->services[0].check;

	check->interval = check->fast_interval = check->down_interval = HOUR_MS;
}

/* A worker's connect to server i failed n times. */
static void
fail_connects(struct world *w, unsigned i, unsigned n)
{
	STAT_ADD(&w->f.all->worker[0].r.stat.server[i], connect_failed, n);
	world_wake(w);
}

/* A moment in which nothing is to happen: beats of the checker, in each of which it looks. */
static void
let_it_look(struct world *w)
{
	const struct shm_proc_region *proc = seg_proc(&w->f.seg, ENTRY_CHECKER);

	for (int i = 0; i < 3; i++) {
		int64_t beat = proc->beat_us;

		while (proc->beat_us == beat)
			poll(NULL, 0, 1);
	}
}

/* One that a worker met is DOWN soon, however many failures it takes otherwise. */
static void
dead_server__that_a_worker_met__is_down_at_once(void **state)
{
	static const struct {
		int fall;
		bool lost; /* an open connection, not a connect */
	} rows[] = {{3, false}, {3, true}, {30, false}, {30, true}};
	struct peer p = {.kind = PEER_HTTPS};
	struct stat_server *stat;
	struct mono start;
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		peer_start(&p);
		world_open(&w, &p.addr, 1);
		never_by_itself(&w);
		w.conf->services[0].check.fall = rows[i].fall;
		world_start(&w, true);
		await_ready(&w);
		let_it_look(&w);
		assert_int_equal(checks_of(&w, 0), 1);
		peer_stop(&p);
		stat = &w.f.all->worker[0].r.stat.server[0];
		start = mono_now();
		if (rows[i].lost)
			STAT_ADD(stat, lost, 1);
		else
			STAT_ADD(stat, connect_failed, 1);
		world_wake(&w);
		await_state(&w, 0, STATE_DOWN);
		/* Refused at once, and once more 200 ms later. */
		assert_in_range(mono_diff_ms(start, mono_now()), 195, 1250);
		assert_int_equal(checks_of(&w, 0), 3);
		await_log(&w, "warning server api/cp-1 is DOWN: L4CON connection refused, twice, "
			      "and workers met it, check took ");
		world_stop(&w);
		world_close(&w);
	}
}

/* A check that fails by itself has the time that the file gives it. */
static void
dead_server__that_nobody_met__has_fall_failures(void **state)
{
	struct peer p = {.kind = PEER_HTTPS};
	struct world w;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	w.conf->services[0].check.fast_interval = 300;
	world_start(&w, true);
	await_ready(&w);
	peer_stop(&p);
	await_log(&w, "warning server api/cp-1 is DOWN: L4CON connection refused, 3 of 3 failed");
	assert_true(w.f.all->checker.r.stat[0].failures >= 3);
	assert_int_equal(logged(&w, "workers met it"), 0);
	world_stop(&w);
	world_close(&w);
}

static void
failed_connects__of_a_live_server__only_look(void **state)
{
	struct peer p = {.kind = PEER_HTTPS};
	struct mono start = mono_now();
	struct world w;
	uint64_t checks;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	never_by_itself(&w);
	world_start(&w, true);
	await_ready(&w);
	start = mono_now();
	for (int i = 0; i < 200; i++) {
		fail_connects(&w, 0, 3);
		poll(NULL, 0, 5);
	}
	let_it_look(&w);
	checks = checks_of(&w, 0) - 1;
	/* At most one in 100 ms, however many connects fail. */
	assert_in_range(checks, 2, (uint64_t)mono_diff_ms(start, mono_now()) / 100 + 1);
	assert_int_equal(cell_of(&w, 0).state, STATE_UP);
	assert_int_equal(cell_of(&w, 0).health, 4); /* each check passed */
	assert_int_equal(w.f.all->checker.r.stat[0].failures, 0);
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

static void
beat__without_a_wake__sees_failed_connects_too(void **state)
{
	struct addr a;
	struct world w;

	(void)state;
	peer_refusing(&a);
	world_open(&w, &a, 1);
	never_by_itself(&w);
	world_start(&w, true);
	await_ready(&w);
	STAT_ADD(&w.f.all->worker[0].r.stat.server[0], connect_failed, 1);
	await_checks(&w, 0, 2);
	world_stop(&w);
	world_close(&w);
}

static void
maintenance__ends_checks_and_afterwards_the_first_result_decides(void **state)
{
	struct peer p = {.kind = PEER_HTTPS};
	struct world w;
	uint64_t checks;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	world_start(&w, true);
	await_ready(&w);
	w.table.server[0].admin = ADMIN_MAINT;
	world_publish(&w);
	await_result(&w, 0, RESULT_INI);
	assert_int_equal(cell_of(&w, 0).state, STATE_NOTREADY);
	assert_string_equal(cell_of(&w, 0).text, "not checked in MAINT");
	checks = checks_of(&w, 0);
	fail_connects(&w, 0, 1);
	let_it_look(&w);
	assert_int_equal(checks_of(&w, 0), checks);
	/* Draining is no maintenance: its connections have a right to the truth. */
	w.table.server[0].admin = ADMIN_DRAIN;
	world_publish(&w);
	await_state(&w, 0, STATE_UP);
	await_checks(&w, 0, checks + 3);
	assert_int_equal(w.f.all->checker.r.stat[0].up_down, 0);
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

static void
tables__changed__are_followed(void **state)
{
	struct peer one = {.kind = PEER_HTTPS}, two = {.kind = PEER_HTTPS};
	struct addr a[3];
	struct world w;
	uint64_t checks;

	(void)state;
	peer_start(&one);
	peer_start(&two);
	a[0] = one.addr;
	a[1] = one.addr;
	peer_refusing(&a[2]);
	world_open(&w, a, 3);
	/* At first the tables do not have the second one, and one that the file does not know. */
	w.table.server[1].state = ROW_FREE;
	snprintf(w.table.server[2].name, SHM_NAME, "stranger");
	table_publish(&w.f.seg, &w.table);
	world_start(&w, true);
	await_ready(&w);
	await_checks(&w, 0, 3);
	assert_int_equal(checks_of(&w, 1) + checks_of(&w, 2), 0);
	assert_int_equal(cell_of(&w, 2).id, 0);

	w.table.server[1].state = ROW_ACTIVE;
	world_publish(&w);
	await_state(&w, 1, STATE_UP);
	assert_int_equal(cell_of(&w, 1).id, 101);

	w.table.server[0].state = ROW_REMOVED;
	world_publish(&w);
	let_it_look(&w);
	checks = checks_of(&w, 0);
	await_checks(&w, 1, checks_of(&w, 1) + 5);
	assert_int_equal(checks_of(&w, 0), checks);

	/* The index goes to another server, which is asked where it stands. */
	w.table.server[0].state = ROW_ACTIVE;
	w.table.server[0].id = 500;
	w.table.server[0].addr = a[2];
	world_publish(&w);
	await_state(&w, 0, STATE_DOWN);
	assert_int_equal(cell_of(&w, 0).id, 500);
	w.table.server[0].addr = two.addr;
	world_publish(&w);
	await_state(&w, 0, STATE_UP); /* one pass decides */
	assert_true(two.seen->requests > 0);
	world_stop(&w);
	peer_stop(&one);
	peer_stop(&two);
	world_close(&w);
}

static void
no_check__is_up_without_one(void **state)
{
	struct addr a;
	struct world w;

	(void)state;
	peer_refusing(&a);
	world_open(&w, &a, 1);
	world_start(&w, true);
	await_state(&w, 0, STATE_DOWN);
	world_stop(&w);
	/* A reload took the check away; later it comes back. */
	w.conf->services[0].check.type = CHECK_NONE;
	world_start(&w, false);
	await_state(&w, 0, STATE_UP);
	assert_int_equal(cell_of(&w, 0).result, RESULT_NONE);
	world_kill(&w);
	world_start(&w, false);
	await_ready(&w);
	assert_int_equal(logged(&w, "server api/cp-1 is UP"), 1);
	world_stop(&w);
	w.conf->services[0].check.type = CHECK_TCP;
	world_start(&w, false);
	await_state(&w, 0, STATE_DOWN);
	world_stop(&w);
	world_close(&w);
}

static void
checks__of_one_server__never_overlap(void **state)
{
	struct peer p = {.kind = PEER_MUTE};
	struct world w;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	w.conf->services[0].check.interval = 10;
	w.conf->services[0].check.fast_interval = 10;
	w.conf->services[0].check.down_interval = 10;
	w.conf->services[0].check.timeout = 300;
	world_start(&w, true);
	await_checks(&w, 0, 2);
	assert_int_equal(cell_of(&w, 0).result, RESULT_L6TOUT);
	/* Pokes do not start a second one either. */
	fail_connects(&w, 0, 1);
	await_checks(&w, 0, 4);
	/* The peer serves one connection after the other: it has seen no more than checks that
	 * ended, and the one that runs. */
	assert_in_range(p.seen->accepted, 4, checks_of(&w, 0) + 1);
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dead_server__that_a_worker_met__is_down_at_once),
	    cmocka_unit_test(dead_server__that_nobody_met__has_fall_failures),
	    cmocka_unit_test(failed_connects__of_a_live_server__only_look),
	    cmocka_unit_test(beat__without_a_wake__sees_failed_connects_too),
	    cmocka_unit_test(maintenance__ends_checks_and_afterwards_the_first_result_decides),
	    cmocka_unit_test(tables__changed__are_followed),
	    cmocka_unit_test(no_check__is_up_without_one),
	    cmocka_unit_test(checks__of_one_server__never_overlap),
	};

	return cmocka_run_group_tests_name("checker/target", tests, NULL, NULL);
}
