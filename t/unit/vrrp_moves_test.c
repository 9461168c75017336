/* SPDX-License-Identifier: BSD-2-Clause */
/* Planned moves, adverts that must be rejected, noise, and a node that stood still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "t/unit/vrrp_one.h"

#define DOWN   (3 * VRRP_SECOND + 156 * VRRP_SECOND / 256)
#define DROP   (VRRP_RESET | VRRP_DELETE | VRRP_REPORT)
#define BECOME (VRRP_SEND | VRRP_ADD | VRRP_ANNOUNCE | VRRP_REPORT)

static void
stop__of_an_owner__serves_until_40_ms_after_the_successors_advert(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_MASTER);
	one_say(&o, VRRP_EV_STOP);
	assert_step(&o, LEAVING, VRRP_SEND_ZERO | VRRP_REPORT);
	assert_int_equal(o.s.deadline, T0 + VRRP_SECOND);
	o.now += 100 * MS;
	one_advert(&o, 0, 8, VRRP_SECOND); /* somebody else leaves: no successor */
	assert_int_equal(o.s.deadline, T0 + VRRP_SECOND);
	one_advert(&o, 50, 9, VRRP_SECOND);
	assert_step(&o, LEAVING, 0);
	assert_int_equal(o.s.deadline, o.now + 40 * MS);
	one_say(&o, VRRP_EV_LOST);
	assert_step(&o, LEAVING, 0);
	o.now += 10 * MS;
	one_advert(&o, 50, 9, VRRP_SECOND);
	assert_int_equal(o.s.deadline, o.now + 30 * MS);
	one_timer(&o);
	assert_step(&o, INIT, DROP | VRRP_DONE);
	assert_int_equal(o.s.deadline, VRRP_NEVER);
}

static void
stop__without_successor__ends_after_a_second(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_MASTER);
	one_say(&o, VRRP_EV_STOP);
	one_at(&o, VRRP_SECOND - 1);
	assert_step(&o, LEAVING, 0);
	one_at(&o, VRRP_SECOND);
	assert_step(&o, INIT, DROP | VRRP_DONE);
	/* Where peers would have spoken, not even that. */
	one_in(&o, VRRP_STATE_MASTER);
	o.e.conf.peers_speak = true;
	one_say(&o, VRRP_EV_STOP);
	assert_step(&o, INIT, VRRP_SEND_ZERO | DROP | VRRP_DONE);
	one_in(&o, VRRP_STATE_MASTER);
	o.e.conf.peers_speak = true;
	one_say(&o, VRRP_EV_PEER);
	one_say(&o, VRRP_EV_STOP);
	assert_step(&o, LEAVING, VRRP_SEND_ZERO | VRRP_REPORT);
}

static void
successor__that_is_rejected_or_told__is_one(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_LEAVING);
	one_reject(&o, VRRP_CHECKSUM, 100, 0);
	assert_int_not_equal(o.e.until, o.now + VRRP_SERVE_ON);
	one_reject(&o, VRRP_INTERVAL, 100, 0);
	assert_int_equal(o.e.until, o.now + VRRP_SERVE_ON);
	one_in(&o, VRRP_STATE_LEAVING);
	one_say(&o, VRRP_EV_SUCCESSOR);
	one_timer(&o);
	assert_step(&o, RELEASED, DROP);
}

static void
release__that_nobody_answers__is_taken_back_without_a_gap(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_MASTER);
	one_say(&o, VRRP_EV_RELEASE);
	assert_step(&o, LEAVING, VRRP_SEND_ZERO | VRRP_REPORT);
	assert_int_equal(o.s.deadline, T0 + 2 * VRRP_SECOND);
	one_timer(&o);
	assert_step(&o, MASTER, VRRP_SEND | VRRP_ANNOUNCE | VRRP_REFUSED | VRRP_REPORT);
	assert_int_equal(o.s.reason, VRRP_REASON_NO_SUCCESSOR);
	one_in(&o, VRRP_STATE_MASTER);
	o.e.conf.peers_speak = true;
	one_say(&o, VRRP_EV_RELEASE);
	assert_step(&o, MASTER, VRRP_REFUSED);
	assert_int_equal(o.s.reason, VRRP_REASON_NOBODY);
}

static void
released__stays_out__until_ready_or_silence(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_RELEASED);
	for (int i = 0; i < 100; i++) {
		o.now += VRRP_SECOND;
		one_advert(&o, 1, 9, VRRP_SECOND);
		assert_step(&o, RELEASED, 0);
		assert_int_equal(o.s.deadline, o.now + DOWN);
	}
	one_advert(&o, 0, 9, VRRP_SECOND); /* the others first */
	assert_int_equal(o.s.deadline, o.now + DOWN);
	one_timer(&o);
	assert_step(&o, MASTER, BECOME);
	assert_int_equal(o.s.reason, VRRP_REASON_NOBODY);
	one_in(&o, VRRP_STATE_RELEASED);
	one_say(&o, VRRP_EV_READY);
	assert_step(&o, BACKUP, VRRP_REPORT);
	assert_int_equal(o.s.deadline, o.now + DOWN);
	/* Ready, or stop, while it leaves. */
	one_in(&o, VRRP_STATE_LEAVING);
	one_say(&o, VRRP_EV_READY);
	one_advert(&o, 50, 9, VRRP_SECOND);
	one_timer(&o);
	assert_step(&o, BACKUP, DROP);
	one_in(&o, VRRP_STATE_LEAVING);
	one_say(&o, VRRP_EV_STOP);
	assert_int_equal(o.s.deadline, o.now + VRRP_SECOND);
	one_timer(&o);
	assert_step(&o, INIT, DROP | VRRP_DONE);
}

static void
take__from_an_owner__serves_first_then_outbids(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_BACKUP);
	one_say(&o, VRRP_EV_TAKE);
	assert_step(&o, TAKING, VRRP_EARLY_ADD | VRRP_REPORT);
	assert_int_equal(o.s.deadline, T0 + 20 * MS);
	one_timer(&o);
	assert_step(&o, TAKING, VRRP_SEND);
	assert_int_equal(o.s.priority, 201);
	one_timer(&o);
	one_timer(&o);
	assert_step(&o, TAKING, VRRP_SEND);
	one_timer(&o);
	assert_int_equal(o.now, T0 + 20 * MS + 3 * VRRP_SECOND);
	assert_step(&o, MASTER, VRRP_SEND | VRRP_ANNOUNCE | VRRP_REPORT);
	/* The old owner's: with less it would come back, with more nobody could take from 254. */
	assert_int_equal(o.s.priority, 200);
	one_advert(&o, 199, 9, VRRP_SECOND);
	assert_step(&o, MASTER, VRRP_SEND | VRRP_REANNOUNCE);
	one_advert(&o, 201, 9, VRRP_SECOND);
	assert_step(&o, BACKUP, VRRP_SEND | DROP);
	assert_int_equal(o.s.priority, 100);
}

static void
take__not_answered__ends(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_TAKING);
	for (int i = 0; i < 3; i++) {
		one_timer(&o);
		assert_step(&o, TAKING, VRRP_SEND);
		o.now += 500 * MS;
		one_advert(&o, 200, 9, VRRP_SECOND);
		assert_step(&o, TAKING, 0);
	}
	one_timer(&o);
	assert_step(&o, BACKUP, VRRP_SEND_ZERO | DROP);
	assert_int_equal(o.s.reason, VRRP_REASON_TAKE_FAILED);
	/* It leaves by itself, or somebody bids more. */
	one_in(&o, VRRP_STATE_TAKING);
	one_advert(&o, 0, 9, VRRP_SECOND);
	assert_step(&o, MASTER, VRRP_SEND | VRRP_ANNOUNCE | VRRP_REPORT);
	one_in(&o, VRRP_STATE_TAKING);
	one_advert(&o, 202, 9, VRRP_SECOND);
	assert_step(&o, BACKUP, VRRP_SEND | DROP);
}

static void
take__without_owner_or_from_255__is_at_once_or_refused(void **state)
{
	struct one o;

	(void)state;
	one_new(&o);
	one_say(&o, VRRP_EV_START);
	one_say(&o, VRRP_EV_TAKE);
	assert_step(&o, BACKUP, VRRP_REFUSED);
	assert_int_equal(o.s.reason, VRRP_REASON_OWNER_UNKNOWN);
	one_advert(&o, 255, 9, VRRP_SECOND);
	one_say(&o, VRRP_EV_TAKE);
	assert_int_equal(o.s.reason, VRRP_REASON_OUTBID);
	one_advert(&o, 0, 9, VRRP_SECOND);
	one_say(&o, VRRP_EV_TAKE);
	assert_step(&o, MASTER, BECOME);
	one_say(&o, VRRP_EV_TAKE);
	assert_step(&o, MASTER, 0);
	one_in(&o, VRRP_STATE_RELEASED);
	one_say(&o, VRRP_EV_TAKE);
	assert_step(&o, TAKING, VRRP_EARLY_ADD | VRRP_REPORT);
	assert_false(o.e.released);
}

static void
rejected__advert_of_a_peer__holds_a_backup_and_is_told_once(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_BACKUP);
	one_reject(&o, VRRP_INTERVAL, 50, 10 * VRRP_SECOND);
	assert_step(&o, BACKUP, VRRP_REPORT);
	assert_int_equal(o.s.reason, VRRP_REASON_DEGRADED);
	assert_int_equal(o.e.degraded, VRRP_INTERVAL);
	assert_int_equal(o.e.down_at, T0 + vrrp_down_ns(3, 100, 10 * VRRP_SECOND));
	for (int i = 0; i < 100; i++) {
		o.now += VRRP_SECOND;
		one_reject(&o, i % 2 ? VRRP_VERSION : VRRP_PASSWORD, 50, VRRP_SECOND);
		assert_step(&o, BACKUP, 0);
		assert_true(o.s.deadline > o.now);
	}
	/* What did not come whole, or says farewell, holds nobody. */
	one_reject(&o, VRRP_CHECKSUM, 50, 9 * VRRP_SECOND);
	one_reject(&o, VRRP_VERSION, 0, 9 * VRRP_SECOND);
	assert_int_equal(o.e.down_at, o.now + DOWN);
	one_timer(&o);
	assert_step(&o, MASTER, BECOME);
	while (o.e.degraded != VRRP_GOOD)
		one_timer(&o);
	assert_int_equal(o.s.reason, VRRP_REASON_FITS);
	assert_true(o.s.actions & VRRP_REPORT);
}

/* Packets, 1,000 a second, at a master: counts what it sends in 10 s. */
static void
make_noise(struct one *o, bool rejected)
{
	unsigned sent = 0, announced = 0, reported = 0;
	int64_t last = o->now, gap = 0;

	for (int i = 0; i < 10000; i++) {
		o->now += MS;
		if (rejected)
			one_reject(o, i % 2 ? VRRP_CHECKSUM : VRRP_VERSION, 250, VRRP_SECOND);
		else
			one_advert(o, 99, 200, VRRP_SECOND);
		reported += (o->s.actions & VRRP_REPORT) != 0;
		announced += (o->s.actions & VRRP_REANNOUNCE) != 0;
		if (!(o->s.actions & VRRP_SEND))
			one_say(o, VRRP_EV_TIMER);
		if (o->s.actions & VRRP_SEND) {
			gap = o->now - last > gap ? o->now - last : gap;
			last = o->now;
			sent++;
		}
		assert_int_equal(o->s.to, VRRP_STATE_MASTER);
	}
	assert_in_range(gap, VRRP_SECOND * 9 / 10, VRRP_SECOND);
	assert_in_range(sent, 10, rejected ? 10 : 20);
	assert_in_range(announced, 0, rejected ? 0 : 10);
	assert_in_range(reported, 0, 1);
}

static void
noise__of_either_kind__neither_silences_nor_excites_a_master(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_MASTER);
	make_noise(&o, false);
	one_in(&o, VRRP_STATE_MASTER);
	make_noise(&o, true);
}

static void
pause__of_a_master__steps_back_before_anything_else(void **state)
{
	static const enum vrrp_kind first[] = {VRRP_EV_TIMER, VRRP_EV_PEER, VRRP_EV_LOST};
	struct one o;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		/* 3 s of lifetime: two thirds of the way to half its age. */
		one_in(&o, VRRP_STATE_MASTER);
		o.now += 2 * VRRP_SECOND + 1;
		one_say(&o, first[i]);
		assert_step(&o, BACKUP, DROP);
		assert_int_equal(o.s.reason, VRRP_REASON_PAUSED);
		assert_int_equal(o.s.deadline, o.now + DOWN);
	}
	one_in(&o, VRRP_STATE_MASTER);
	o.now += 2 * VRRP_SECOND;
	one_say(&o, VRRP_EV_TIMER);
	assert_step(&o, MASTER, VRRP_SEND);
	/* A worse peer would otherwise be shouted down. */
	one_in(&o, VRRP_STATE_MASTER);
	o.now += 4 * VRRP_SECOND;
	one_advert(&o, 50, 9, VRRP_SECOND);
	assert_step(&o, BACKUP, DROP);
	/* Permanent addresses: three adverts. */
	one_in(&o, VRRP_STATE_MASTER);
	o.e.conf.lifetime_ns = 0;
	o.now += 3 * VRRP_SECOND - 1;
	one_say(&o, VRRP_EV_TIMER);
	assert_step(&o, MASTER, VRRP_SEND);
	one_resume(&o, 3 * VRRP_SECOND);
	assert_step(&o, BACKUP, DROP);
	one_in(&o, VRRP_STATE_MASTER);
	one_resume(&o, VRRP_SECOND);
	assert_step(&o, MASTER, 0);
}

static void
pause__of_others__listens_again(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_BACKUP);
	o.now += 60 * VRRP_SECOND;
	one_say(&o, VRRP_EV_TIMER);
	assert_step(&o, BACKUP, 0);
	assert_int_equal(o.s.deadline, o.now + DOWN);
	o.now += 3 * VRRP_SECOND;
	one_resume(&o, 3 * VRRP_SECOND);
	assert_int_equal(o.s.deadline, o.now + DOWN);
	one_in(&o, VRRP_STATE_LEAVING);
	o.now += 9 * VRRP_SECOND;
	one_resume(&o, 9 * VRRP_SECOND);
	assert_step(&o, RELEASED, DROP);
	one_in(&o, VRRP_STATE_LEAVING);
	o.now += 9 * VRRP_SECOND;
	one_say(&o, VRRP_EV_TIMER);
	assert_step(&o, RELEASED, DROP);
	one_in(&o, VRRP_STATE_TAKING);
	o.now += 9 * VRRP_SECOND;
	one_say(&o, VRRP_EV_TIMER);
	assert_step(&o, BACKUP, DROP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stop__of_an_owner__serves_until_40_ms_after_the_successors_advert),
	    cmocka_unit_test(stop__without_successor__ends_after_a_second),
	    cmocka_unit_test(successor__that_is_rejected_or_told__is_one),
	    cmocka_unit_test(release__that_nobody_answers__is_taken_back_without_a_gap),
	    cmocka_unit_test(released__stays_out__until_ready_or_silence),
	    cmocka_unit_test(take__from_an_owner__serves_first_then_outbids),
	    cmocka_unit_test(take__not_answered__ends),
	    cmocka_unit_test(take__without_owner_or_from_255__is_at_once_or_refused),
	    cmocka_unit_test(rejected__advert_of_a_peer__holds_a_backup_and_is_told_once),
	    cmocka_unit_test(noise__of_either_kind__neither_silences_nor_excites_a_master),
	    cmocka_unit_test(pause__of_a_master__steps_back_before_anything_else),
	    cmocka_unit_test(pause__of_others__listens_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
