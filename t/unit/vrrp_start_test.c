/* SPDX-License-Identifier: BSD-2-Clause */
/* The first moments of an election: who it becomes, and how long it listens before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "t/unit/vrrp_one.h"

#define SKEW (156 * VRRP_SECOND / 256) /* of priority 100 and 1 s */
#define DOWN (3 * VRRP_SECOND + SKEW)

static void
init__start__is_backup_or_master_if_owner(void **state)
{
	struct one o;

	(void)state;
	one_new(&o);
	assert_int_equal(vrrp_election_deadline(&o.e), VRRP_NEVER);
	one_advert(&o, 0, 9, VRRP_SECOND);
	assert_step(&o, INIT, 0);
	one_say(&o, VRRP_EV_START);
	assert_step(&o, BACKUP, VRRP_REPORT);
	assert_int_equal(o.s.deadline, T0 + DOWN);
	one_new(&o);
	o.conf.priority = 255;
	one_init(&o);
	one_say(&o, VRRP_EV_START);
	assert_step(&o, MASTER, VRRP_SEND | VRRP_ADD | VRRP_ANNOUNCE | VRRP_REPORT);
	assert_int_equal(o.s.priority, 255);
	assert_int_equal(o.s.deadline, T0 + VRRP_SECOND);
	one_priority(&o, 7);
	assert_int_equal(o.s.priority, 255);
}

static void
start__with_short_adverts__hears_an_owner_with_long_ones_first(void **state)
{
	const int64_t skew = vrrp_skew_ns(3, 100, 100 * MS);
	struct vrrp_event ev = {.kind = VRRP_EV_START, .interval_ns = VRRP_SECOND};
	struct one o;

	(void)state;
	one_new(&o);
	o.conf.interval_ns = 100 * MS;
	one_init(&o);
	one_say(&o, VRRP_EV_START);
	assert_int_equal(o.s.deadline, T0 + VRRP_LISTEN + skew);
	o.now += VRRP_SECOND;
	one_advert(&o, 200, 9, VRRP_SECOND);
	assert_int_equal(o.s.deadline, o.now + DOWN);
	/* One that is worse is heard as well, and may be preempted. */
	one_init(&o);
	one_say(&o, VRRP_EV_START);
	o.now += 50 * MS;
	one_advert(&o, 50, 9, 100 * MS);
	assert_int_equal(o.s.deadline, o.now + 300 * MS + skew);
	o.now += 50 * MS;
	one_advert(&o, 50, 9, 100 * MS);
	assert_int_equal(o.s.deadline, o.now + 250 * MS + skew);
	o.now += 100 * MS;
	one_advert(&o, 50, 9, 100 * MS);
	o.now += 100 * MS;
	one_advert(&o, 50, 9, 100 * MS);
	/* Its clients first, then the advert that makes the other let go. */
	one_timer(&o);
	assert_step(&o, MASTER, VRRP_EARLY_ADD | VRRP_ANNOUNCE | VRRP_REPORT);
	assert_int_equal(o.s.reason, VRRP_REASON_BETTER);
	assert_int_equal(o.s.deadline, o.now + VRRP_LINGER);
	one_timer(&o);
	assert_step(&o, MASTER, VRRP_SEND);
	/* An earlier process has heard it; version 2 has one interval for all. */
	one_init(&o);
	o.s = vrrp_election_step(&o.e, &ev, o.now);
	assert_int_equal(o.s.deadline, o.now + DOWN);
	one_init(&o);
	ev.interval_ns = 100 * MS;
	o.s = vrrp_election_step(&o.e, &ev, o.now);
	assert_int_equal(o.s.deadline, o.now + 300 * MS + skew);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(init__start__is_backup_or_master_if_owner),
	    cmocka_unit_test(start__with_short_adverts__hears_an_owner_with_long_ones_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
