/* SPDX-License-Identifier: BSD-2-Clause */
/* The election of one node: each row of RFC 5798 6.4, timers to the nanosecond, and noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "t/unit/vrrp_one.h"

#define SKEW (156 * VRRP_SECOND / 256) /* of priority 100 and 1 s */
#define DOWN (3 * VRRP_SECOND + SKEW)

static void
skew_and_down__of_each_version__are_exact(void **state)
{
	static const struct {
		unsigned priority;
		int64_t v2, s1, ms100, ms10;
	} row[] = {
	    {100, 609375000, 609375000, 60937500, 6093750},
	    {200, 218750000, 218750000, 21875000, 2187500},
	    {253, 11718750, 11718750, 1171875, 117187},
	    {254, 7812500, 7812500, 781250, 78125},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
		assert_int_equal(vrrp_skew_ns(2, row[i].priority, VRRP_SECOND), row[i].v2);
		assert_int_equal(vrrp_skew_ns(2, row[i].priority, 40 * VRRP_SECOND), row[i].v2);
		assert_int_equal(vrrp_skew_ns(3, row[i].priority, VRRP_SECOND), row[i].s1);
		assert_int_equal(vrrp_skew_ns(3, row[i].priority, 100 * MS), row[i].ms100);
		assert_int_equal(vrrp_skew_ns(3, row[i].priority, 10 * MS), row[i].ms10);
		assert_int_equal(vrrp_down_ns(3, row[i].priority, 10 * MS), 30 * MS + row[i].ms10);
		assert_int_equal(
		    vrrp_down_ns(2, row[i].priority, 3 * VRRP_SECOND), 9 * VRRP_SECOND + row[i].v2);
	}
	assert_int_equal(vrrp_skew_ns(3, 1, 40950 * MS), 255 * (40950 * MS) / 256);
}

static void
backup__hears_nobody__is_master_at_the_nanosecond(void **state)
{
	struct one o;

	(void)state;
	one_new(&o);
	one_say(&o, VRRP_EV_START);
	one_at(&o, DOWN - 1);
	assert_step(&o, BACKUP, 0);
	one_at(&o, DOWN);
	assert_step(&o, MASTER, VRRP_SEND | VRRP_ADD | VRRP_ANNOUNCE | VRRP_REPORT);
	assert_int_equal(o.s.reason, VRRP_REASON_SILENCE);
	assert_int_equal(o.s.deadline, T0 + DOWN + VRRP_SECOND);
}

static void
backup__better_or_equal_advert__waits_anew_at_the_owners_interval(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_BACKUP);
	o.now += MS;
	one_advert(&o, 100, 1, 100 * MS);
	assert_step(&o, BACKUP, 0);
	assert_int_equal(o.s.deadline, o.now + vrrp_down_ns(3, 100, 100 * MS));
	/* Version 2 has its own, whatever the packet says. */
	o.conf.version = 2;
	one_init(&o);
	one_say(&o, VRRP_EV_START);
	one_advert(&o, 101, 1, 5 * VRRP_SECOND);
	assert_int_equal(o.s.deadline, T0 + DOWN);
}

static void
backup__farewells__wait_for_one_skew_only(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_BACKUP);
	one_advert(&o, 0, 9, 10 * MS);
	assert_int_equal(o.s.deadline, T0 + SKEW);
	o.now += 100 * MS;
	one_advert(&o, 0, 9, 10 * MS);
	assert_int_equal(o.s.deadline, T0 + SKEW);
	one_timer(&o);
	assert_step(&o, MASTER, VRRP_SEND | VRRP_ADD | VRRP_ANNOUNCE | VRRP_REPORT);
	assert_int_equal(o.s.reason, VRRP_REASON_OWNER_LEFT);
}

static void
backup__worse_advert__preempts_by_not_hearing(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_BACKUP);
	o.now += VRRP_SECOND;
	one_advert(&o, 99, 9, VRRP_SECOND);
	assert_int_equal(o.s.deadline, T0 + DOWN);
	o.conf.preempt = false;
	one_init(&o);
	one_say(&o, VRRP_EV_START);
	o.now += VRRP_SECOND;
	one_advert(&o, 99, 9, VRRP_SECOND);
	assert_int_equal(o.s.deadline, o.now + DOWN);
}

static void
backup__preempt_delay__begins_with_the_first_worse_advert(void **state)
{
	struct one o;

	(void)state;
	one_new(&o);
	o.conf.preempt_delay_ns = 10 * VRRP_SECOND;
	one_init(&o);
	one_say(&o, VRRP_EV_START);
	for (int i = 0; i < 10; i++) {
		one_advert(&o, 50, 9, VRRP_SECOND);
		assert_int_equal(o.s.deadline, o.now + DOWN);
		o.now += VRRP_SECOND;
	}
	one_advert(&o, 50, 9, VRRP_SECOND);
	assert_int_equal(o.s.deadline, o.now - VRRP_SECOND + DOWN);
	/* A better one between them, and it begins again. */
	one_advert(&o, 150, 9, VRRP_SECOND);
	one_advert(&o, 50, 9, VRRP_SECOND);
	assert_int_equal(o.s.deadline, o.now + DOWN);
	assert_int_equal(o.e.preempt_at, o.now + 10 * VRRP_SECOND);
}

static void
backup__priority_changes__the_wait_moves_by_the_difference(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_BACKUP);
	o.now += VRRP_SECOND;
	one_priority(&o, 200);
	assert_step(&o, BACKUP, VRRP_REPORT);
	assert_int_equal(o.s.deadline, T0 + 3 * VRRP_SECOND + 56 * VRRP_SECOND / 256);
	one_priority(&o, 200);
	assert_step(&o, BACKUP, 0);
	one_advert(&o, 0, 9, VRRP_SECOND);
	o.now += 200 * MS;
	one_priority(&o, 255);
	assert_int_equal(o.e.priority, 254);
	assert_int_equal(o.s.deadline, o.now);
	one_priority(&o, 0);
	assert_int_equal(o.e.priority, 1);
}

static void
master__timer__advertises_at_its_own_interval(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_MASTER);
	for (int i = 1; i < 10; i++) {
		one_at(&o, i * VRRP_SECOND - 1);
		assert_step(&o, MASTER, 0);
		one_at(&o, i * VRRP_SECOND);
		assert_step(&o, MASTER, VRRP_SEND);
		assert_int_equal(o.s.deadline, o.now + VRRP_SECOND);
	}
}

static void
master__farewell__answers_at_once(void **state)
{
	unsigned answers = 0;
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_MASTER);
	o.now += 300 * MS;
	one_advert(&o, 0, 9, VRRP_SECOND);
	assert_step(&o, MASTER, VRRP_SEND);
	assert_int_equal(o.s.deadline, o.now + VRRP_SECOND);
	/* Not an amplifier. */
	for (int i = 0; i < 900; i++) {
		o.now += MS;
		one_advert(&o, 0, 9, VRRP_SECOND);
		answers += (o.s.actions & VRRP_SEND) != 0;
	}
	assert_int_equal(answers, VRRP_ZEROS_MAX - 1);
}

static void
master__better_advert__yields_with_a_last_word(void **state)
{
	static const struct {
		uint8_t priority, host;
		enum vrrp_reason reason;
	} row[] = {
	    {101, 1, VRRP_REASON_HIGHER}, {100, 6, VRRP_REASON_TIE}, {100, 200, VRRP_REASON_TIE}};
	struct one o;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		one_in(&o, VRRP_STATE_MASTER);
		o.now += MS;
		one_advert(&o, row[i].priority, row[i].host, 100 * MS);
		assert_step(&o, BACKUP, VRRP_SEND | VRRP_RESET | VRRP_DELETE | VRRP_REPORT);
		assert_int_equal(o.s.priority, 100);
		assert_int_equal(o.s.interval_ns, 100 * MS); /* the new owner's */
		assert_int_equal(o.s.reason, row[i].reason);
		assert_int_equal(o.s.deadline, o.now + vrrp_down_ns(3, 100, 100 * MS));
	}
}

static void
master__worse_advert__says_that_it_is_there_once_a_second(void **state)
{
	static const struct {
		uint8_t priority, host;
	} row[] = {{99, 200}, {100, 4}, {1, 9}};
	struct one o;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		one_in(&o, VRRP_STATE_MASTER);
		o.now += 10 * MS;
		one_advert(&o, row[i].priority, row[i].host, VRRP_SECOND);
		assert_step(&o, MASTER, VRRP_SEND | VRRP_REANNOUNCE);
		assert_int_equal(o.s.deadline, o.now + VRRP_SECOND);
		o.now += 999 * MS;
		one_advert(&o, row[i].priority, row[i].host, VRRP_SECOND);
		assert_step(&o, MASTER, 0);
		o.now += MS;
		one_advert(&o, row[i].priority, row[i].host, VRRP_SECOND);
		assert_int_equal(o.s.actions, VRRP_SEND | VRRP_REANNOUNCE);
	}
}

static void
any__stop__ends_in_init(void **state)
{
	static const enum vrrp_state from[] = {
	    VRRP_STATE_INIT, VRRP_STATE_BACKUP, VRRP_STATE_FAULT, VRRP_STATE_RELEASED};
	struct one o;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		one_in(&o, from[i]);
		one_say(&o, VRRP_EV_STOP);
		assert_step(&o, INIT, VRRP_DONE | (from[i] == VRRP_STATE_INIT ? 0 : VRRP_REPORT));
		assert_int_equal(o.s.deadline, VRRP_NEVER);
	}
}

static void
fault__of_each_state__gives_up_at_once_and_waits_a_whole_down_after(void **state)
{
	const unsigned drop = VRRP_RESET | VRRP_DELETE | VRRP_REPORT;
	static const enum vrrp_state from[] = {VRRP_STATE_BACKUP, VRRP_STATE_MASTER,
	    VRRP_STATE_LEAVING, VRRP_STATE_RELEASED, VRRP_STATE_TAKING};
	const unsigned what[] = {
	    VRRP_REPORT, drop | VRRP_SEND_ZERO, drop, VRRP_REPORT, drop | VRRP_SEND_ZERO};
	struct one o;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		one_in(&o, from[i]);
		one_say(&o, VRRP_EV_FAULT_ON);
		assert_step(&o, FAULT, what[i]);
		assert_int_equal(o.s.deadline, VRRP_NEVER);
		one_advert(&o, 0, 9, VRRP_SECOND);
		assert_step(&o, FAULT, 0);
		one_say(&o, VRRP_EV_TAKE);
		assert_step(&o, FAULT, VRRP_REFUSED);
		o.now += VRRP_SECOND;
		one_say(&o, VRRP_EV_FAULT_OFF);
		if (o.e.released)
			assert_step(&o, RELEASED, VRRP_REPORT);
		else
			assert_step(&o, BACKUP, VRRP_REPORT);
		assert_int_equal(
		    o.e.released, from[i] == VRRP_STATE_LEAVING || from[i] == VRRP_STATE_RELEASED);
		assert_int_equal(o.s.deadline, o.now + DOWN);
	}
	/* Before the start. */
	one_new(&o);
	one_say(&o, VRRP_EV_FAULT_ON);
	one_say(&o, VRRP_EV_START);
	assert_step(&o, FAULT, VRRP_REPORT);
}

static void
address__lost_or_found__is_put_right(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_MASTER);
	one_say(&o, VRRP_EV_LOST);
	assert_step(&o, MASTER, VRRP_ADD | VRRP_REANNOUNCE | VRRP_REPORT);
	one_say(&o, VRRP_EV_LOST);
	assert_step(&o, MASTER, VRRP_ADD);
	one_say(&o, VRRP_EV_PRESENT);
	assert_step(&o, MASTER, 0);
	for (int s = 0; s < VRRP_STATES; s++) {
		if (vrrp_state_serves((enum vrrp_state)s))
			continue;
		one_in(&o, (enum vrrp_state)s);
		one_say(&o, VRRP_EV_PRESENT);
		assert_int_equal(o.s.actions, VRRP_DELETE);
		one_say(&o, VRRP_EV_LOST);
		assert_int_equal(o.s.actions, 0);
	}
}

/* A master's life for so long. */
static void
serve(struct one *o, int64_t ns)
{
	int64_t end = o->now + ns;

	while (vrrp_election_deadline(&o->e) <= end)
		one_timer(o);
	o->now = end;
}

static void
worse_owner__that_goes_on_beside_us__is_told_once_and_forgotten(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_MASTER);
	/* After a cut: two that it sent before it heard us, and again. */
	for (int i = 0; i < 4; i++) {
		one_advert(&o, 50, 4, VRRP_SECOND);
		assert_int_equal(o.e.degraded, VRRP_GOOD);
		serve(&o, i % 2 ? 5 * VRRP_SECOND : VRRP_SECOND);
	}
	for (int i = 0; i < 100; i++) {
		one_advert(&o, 50, 4, VRRP_SECOND);
		assert_int_equal(o.e.degraded, i < 3 ? VRRP_GOOD : VRRP_RIVAL);
		assert_int_equal((o.s.actions & VRRP_REPORT) != 0, i == 3);
		assert_int_equal(o.s.to, VRRP_STATE_MASTER);
		serve(&o, VRRP_SECOND);
	}
	serve(&o, 2 * VRRP_SECOND);
	assert_int_equal(o.e.degraded, VRRP_RIVAL);
	serve(&o, VRRP_SECOND);
	assert_int_equal(o.e.degraded, VRRP_GOOD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(skew_and_down__of_each_version__are_exact),
	    cmocka_unit_test(backup__hears_nobody__is_master_at_the_nanosecond),
	    cmocka_unit_test(backup__better_or_equal_advert__waits_anew_at_the_owners_interval),
	    cmocka_unit_test(backup__farewells__wait_for_one_skew_only),
	    cmocka_unit_test(backup__worse_advert__preempts_by_not_hearing),
	    cmocka_unit_test(backup__preempt_delay__begins_with_the_first_worse_advert),
	    cmocka_unit_test(backup__priority_changes__the_wait_moves_by_the_difference),
	    cmocka_unit_test(master__timer__advertises_at_its_own_interval),
	    cmocka_unit_test(master__farewell__answers_at_once),
	    cmocka_unit_test(master__better_advert__yields_with_a_last_word),
	    cmocka_unit_test(master__worse_advert__says_that_it_is_there_once_a_second),
	    cmocka_unit_test(any__stop__ends_in_init),
	    cmocka_unit_test(fault__of_each_state__gives_up_at_once_and_waits_a_whole_down_after),
	    cmocka_unit_test(address__lost_or_found__is_put_right),
	    cmocka_unit_test(worse_owner__that_goes_on_beside_us__is_told_once_and_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
