/* SPDX-License-Identifier: BSD-2-Clause */
/* Three routers on a network: an hour of calm, one of planned moves, and random trouble, after which
 * there is one owner. KHA_SEED repeats a run; world_tell() holds what is true at every event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "t/unit/vrrp_world.h"

static struct world w;

static void
start_all(void)
{
	world_init(&w);
	for (unsigned n = 0; n < NODES; n++)
		world_start(&w, n);
}

static void
hour__of_calm__has_one_election_and_even_adverts(void **state)
{
	(void)state;
	start_all();
	world_run(&w, 10 * VRRP_SECOND);
	assert_int_equal(world_master(&w), 0);
	world_run(&w, 3600 * VRRP_SECOND);
	assert_int_equal(world_master(&w), 0);
	assert_int_equal(w.node[0].transitions, 2); /* INIT, BACKUP, MASTER */
	assert_int_equal(w.node[1].transitions + w.node[2].transitions, 2);
	assert_in_range(w.node[0].adverts, 3605, 3608);
	assert_int_equal(w.node[0].gap_max, VRRP_SECOND);
	assert_int_equal(w.node[1].adverts + w.node[2].adverts, 0);
	assert_int_equal(w.shared, 0);
}

static void
ten_ms_adverts__under_late_packets__never_change_owner(void **state)
{
	(void)state;
	world_init(&w);
	w.delay_max = 8 * MS;
	for (unsigned n = 0; n < NODES; n++) {
		w.node[n].conf.interval_ns = 10 * MS;
		w.node[n].conf.lifetime_ns = 2 * VRRP_SECOND;
		world_start(&w, n);
	}
	world_run(&w, 600 * VRRP_SECOND);
	assert_int_equal(world_master(&w), 0);
	assert_int_equal(w.node[0].transitions, 2);
	/* From VRRP_LISTEN on. */
	assert_in_range(w.node[0].adverts, 59880, 59891);
}

static void
death__of_the_owner__is_noticed_within_down(void **state)
{
	int64_t died;

	(void)state;
	start_all();
	world_run(&w, 10 * VRRP_SECOND + 400 * MS);
	died = w.now;
	world_kill(&w, 0);
	while (world_master(&w) < 0)
		world_run(&w, MS);
	assert_int_equal(world_master(&w), 1);
	assert_true(w.now - died <= vrrp_down_ns(3, 244, VRRP_SECOND) + 3 * MS);
	world_run(&w, 10 * VRRP_SECOND);
	world_kill(&w, 1);
	world_run(&w, 4 * VRRP_SECOND);
	assert_int_equal(world_master(&w), 2);
	world_start(&w, 0);
	world_run(&w, 4 * VRRP_SECOND);
	assert_int_equal(world_master(&w), 0);
}

/* Whoever speaks first after it: the clients hear from the owner that stays. */
static void
cut__that_heals_at_any_moment__is_announced_once(void **state)
{
	unsigned told;

	(void)state;
	for (int64_t at = 0; at < VRRP_SECOND; at += 10 * MS) {
		start_all();
		world_run(&w, 10 * VRRP_SECOND);
		w.cut[0][1] = w.cut[1][0] = w.cut[0][2] = w.cut[2][0] = true;
		world_run(&w, 5 * VRRP_SECOND + at);
		assert_true(w.node[0].holds && w.node[1].holds && !w.node[2].holds);
		memset(w.cut, 0, sizeof w.cut);
		told = w.node[0].announces + w.node[0].reannounces;
		world_run(&w, VRRP_SECOND);
		assert_int_equal(world_master(&w), 0);
		assert_int_equal(w.node[0].announces + w.node[0].reannounces, told + 1);
		world_run(&w, 10 * VRRP_SECOND);
		assert_int_equal(world_master(&w), 0);
		assert_int_equal(w.node[2].transitions, 1);
	}
}

static void
stop_release_take__in_turn__never_leave_the_addresses_alone(void **state)
{
	static const struct {
		unsigned node;
		enum vrrp_kind order;
		int owner;
	} move[] = {{0, VRRP_EV_RELEASE, 1}, {1, VRRP_EV_RELEASE, 2}, {0, VRRP_EV_READY, 0},
	    {1, VRRP_EV_TAKE, 1}, {2, VRRP_EV_READY, 1}, {2, VRRP_EV_TAKE, 2}, {0, VRRP_EV_TAKE, 0},
	    {0, VRRP_EV_STOP, 1}};
	unsigned holders;

	(void)state;
	start_all();
	for (unsigned n = 0; n < NODES; n++)
		w.node[n].e.conf.preempt = true;
	world_run(&w, 10 * VRRP_SECOND);
	for (unsigned i = 0; i < sizeof move / sizeof *move; i++) {
		world_say(&w, move[i].node, move[i].order);
		for (int ms = 0; ms < 12000; ms++) {
			world_run(&w, MS);
			holders = 0;
			for (unsigned n = 0; n < NODES; n++)
				holders += w.node[n].holds;
			assert_in_range(holders, 1, 2);
		}
		if (world_master(&w) != move[i].owner)
			fail_msg("move %u: owner %d", i, world_master(&w));
	}
}

static void
pause__of_the_owner__ends_without_a_second_owner(void **state)
{
	(void)state;
	for (int64_t ms = 100; ms < 20000; ms += 331) {
		start_all();
		world_run(&w, 10 * VRRP_SECOND + ms * MS / 7);
		world_pause(&w, 0);
		world_run(&w, ms * MS);
		w.shared = 0;
		world_resume(&w, 0, ms % 2);
		assert_int_equal(w.node[0].holds + w.node[1].holds + w.node[2].holds <= 1, 1);
		world_run(&w, 20 * VRRP_SECOND);
		assert_int_equal(world_master(&w), 0);
		/* It preempts as usual: serves, speaks, and the other lets go one packet later. */
		assert_true(w.shared <= VRRP_LINGER + 2 * MS);
	}
}

static void
adverts__that_a_node_rejects__do_not_make_it_an_owner(void **state)
{
	(void)state;
	start_all();
	world_kill(&w, 2);
	w.strange[0][1] = w.strange[1][0] = true;
	world_run(&w, 600 * VRRP_SECOND);
	assert_int_equal(world_master(&w), 0);
	assert_int_equal(w.node[1].e.degraded, VRRP_VERSION);
	assert_int_equal(w.node[1].adverts, 0);
	world_kill(&w, 0);
	world_run(&w, 8 * VRRP_SECOND);
	assert_int_equal(world_master(&w), 1);
	assert_int_equal(w.node[1].e.degraded, VRRP_GOOD);
}

static void
trouble(void)
{
	static const enum vrrp_kind orders[] = {VRRP_EV_FAULT_ON, VRRP_EV_FAULT_OFF,
	    VRRP_EV_RELEASE, VRRP_EV_READY, VRRP_EV_TAKE, VRRP_EV_STOP, VRRP_EV_PRESENT,
	    VRRP_EV_LOST, VRRP_EV_PEER, VRRP_EV_SUCCESSOR, VRRP_EV_TIMER, VRRP_EV_START};
	unsigned n = world_random(&w, NODES), other = world_random(&w, NODES);
	struct node *me = &w.node[n];
	struct vrrp_event ev = {.kind = VRRP_EV_PRIORITY};
	bool awake = me->running && me->paused_at < 0;

	switch (world_random(&w, 10)) {
	case 0:
		w.cut[n][other] = !w.cut[n][other];
		break;
	case 1:
		w.loss = world_random(&w, 300);
		break;
	case 2:
		world_pause(&w, n);
		break;
	case 3:
		world_resume(&w, n, world_random(&w, 2));
		break;
	case 4:
		world_kill(&w, n);
		break;
	case 5:
		if (!me->running)
			world_start(&w, n);
		break;
	case 6:
		ev.priority = (uint8_t)world_random(&w, 256);
		if (awake)
			world_tell(&w, n, &ev);
		break;
	case 7:
		w.strange[n][other] = !w.strange[n][other];
		break;
	default:
		if (awake)
			world_say(&w, n, orders[world_random(&w, sizeof orders / sizeof *orders)]);
	}
}

/* Everything works again; released nodes may stay so. */
static void
calm(void)
{
	w.loss = 0;
	for (unsigned n = 0; n < NODES; n++) {
		for (unsigned to = 0; to < NODES; to++)
			w.cut[n][to] = w.strange[n][to] = false;
		world_resume(&w, n, true);
		if (!w.node[n].running || w.node[n].e.state == VRRP_STATE_INIT ||
		    (w.node[n].e.state == VRRP_STATE_LEAVING &&
			w.node[n].e.after == VRRP_STATE_INIT))
			world_start(&w, n);
		world_say(&w, n, VRRP_EV_FAULT_OFF);
	}
}

static void
run_seed(uint64_t seed)
{
	int64_t slowest = 0;
	int master;

	world_init(&w);
	w.random = seed * 0x9e3779b97f4a7c15u + 1;
	w.delay_max = MS + world_random(&w, 20) * MS;
	for (unsigned n = 0; n < NODES; n++) {
		w.node[n].conf = (struct vrrp_router){
		    .version = seed % 2 ? 2 : 3,
		    .priority = (uint8_t)(1 + world_random(&w, 254)),
		    .preempt = world_random(&w, 2),
		    .peers_speak = world_random(&w, 4) == 0,
		    .interval_ns = VRRP_SECOND,
		    .preempt_delay_ns = world_random(&w, 3) * VRRP_SECOND,
		    .lifetime_ns = world_random(&w, 2) * 3 * VRRP_SECOND,
		};
		if (seed % 2 == 0)
			w.node[n].conf.interval_ns = (100 + world_random(&w, 20) * 100) * MS;
		if (w.node[n].conf.interval_ns > slowest)
			slowest = w.node[n].conf.interval_ns;
		world_start(&w, n);
	}
	for (unsigned i = 0; i < 60; i++) {
		trouble();
		world_run(&w, world_random(&w, 4000) * MS);
	}
	calm();
	world_run(&w, 4 * vrrp_down_ns(3, 1, slowest) + 3 * VRRP_SECOND);
	master = world_master(&w);
	if (master < 0)
		fail_msg("seed %llu: %s %s %s", (unsigned long long)seed,
		    vrrp_state_name(w.node[0].e.state), vrrp_state_name(w.node[1].e.state),
		    vrrp_state_name(w.node[2].e.state));
	w.shared = 0;
	w.node[master].gap_max = 0;
	world_run(&w, 60 * VRRP_SECOND);
	/* And it lasts, but for those who may preempt after their delay: they serve before they speak. */
	assert_true(world_master(&w) >= 0);
	if (w.shared > VRRP_LINGER + 2 * w.delay_max)
		fail_msg("seed %llu: two owners for %lld us", (unsigned long long)seed,
		    (long long)w.shared / 1000);
}

static void
trouble__of_all_kinds__ends_with_one_owner(void **state)
{
	const char *given = getenv("KHA_SEED"), *is_long = getenv("KHA_LONG");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 1000;
	unsigned rounds = given != NULL ? 1 : is_long != NULL ? 50000 : 2000;

	(void)state;
	printf("# seeds %llu and on: KHA_SEED=N repeats one\n", (unsigned long long)seed);
	for (unsigned i = 0; i < rounds; i++)
		run_seed(seed + i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hour__of_calm__has_one_election_and_even_adverts),
	    cmocka_unit_test(ten_ms_adverts__under_late_packets__never_change_owner),
	    cmocka_unit_test(death__of_the_owner__is_noticed_within_down),
	    cmocka_unit_test(cut__that_heals_at_any_moment__is_announced_once),
	    cmocka_unit_test(stop_release_take__in_turn__never_leave_the_addresses_alone),
	    cmocka_unit_test(pause__of_the_owner__ends_without_a_second_owner),
	    cmocka_unit_test(adverts__that_a_node_rejects__do_not_make_it_an_owner),
	    cmocka_unit_test(trouble__of_all_kinds__ends_with_one_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
