/* SPDX-License-Identifier: BSD-2-Clause */
/* A VIP follows another of its group: the event GROUP in each state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "t/unit/vrrp_one.h"

#define CAME (VRRP_SEND | VRRP_ADD | VRRP_ANNOUNCE | VRRP_REPORT)

/* Priority 100, and an owner that was heard `ago` before the group calls. */
static void
after_owner(struct one *o, enum vrrp_state state, uint8_t owner, int64_t ago)
{
	one_in(o, state);
	one_advert(o, owner, 9, VRRP_SECOND);
	o->now += ago;
	one_say(o, VRRP_EV_GROUP);
}

static void
group__owner_is_silent__follows(void **state)
{
	struct one o;

	(void)state;
	after_owner(&o, VRRP_STATE_BACKUP, 200, 2 * VRRP_SECOND);
	assert_step(&o, MASTER, CAME);
	assert_int_equal(o.s.reason, VRRP_REASON_GROUP);
	after_owner(&o, VRRP_STATE_RELEASED, 200, 2 * VRRP_SECOND);
	assert_step(&o, MASTER, CAME);
	assert_false(o.e.released);
}

static void
group__owner_left__follows_at_once(void **state)
{
	struct one o;

	(void)state;
	one_in(&o, VRRP_STATE_BACKUP);
	one_advert(&o, 0, 9, VRRP_SECOND);
	one_say(&o, VRRP_EV_GROUP);
	assert_step(&o, MASTER, CAME);
}

static void
group__a_worse_owner_lives__follows(void **state)
{
	struct one o;

	(void)state;
	after_owner(&o, VRRP_STATE_BACKUP, 99, 0);
	assert_step(&o, MASTER, VRRP_EARLY_ADD | VRRP_ANNOUNCE | VRRP_REPORT);
}

static void
group__an_owner_as_good_lives__stays(void **state)
{
	struct one o;

	(void)state;
	after_owner(&o, VRRP_STATE_BACKUP, 100, VRRP_SECOND);
	assert_step(&o, BACKUP, 0);
	after_owner(&o, VRRP_STATE_BACKUP, 254, 1499 * MS);
	assert_step(&o, BACKUP, 0);
	after_owner(&o, VRRP_STATE_BACKUP, 254, 1501 * MS);
	assert_step(&o, MASTER, CAME);
}

static void
group__a_rejected_owner_lives__stays(void **state)
{
	struct one o;

	(void)state;
	/* Never understood, or understood once: at its own pace. */
	for (int left = 0; left < 2; left++) {
		one_new(&o);
		one_say(&o, VRRP_EV_START);
		if (left)
			one_advert(&o, 0, 9, VRRP_SECOND);
		one_reject(&o, VRRP_INTERVAL, 50, 3 * VRRP_SECOND);
		o.now += 4 * VRRP_SECOND;
		one_say(&o, VRRP_EV_GROUP);
		assert_step(&o, BACKUP, 0);
		o.now += VRRP_SECOND;
		one_say(&o, VRRP_EV_GROUP);
		assert_step(&o, MASTER, CAME);
	}
}

static void
group__nobody_heard_yet__listens_on(void **state)
{
	struct one o;

	(void)state;
	one_new(&o);
	one_say(&o, VRRP_EV_START);
	one_say(&o, VRRP_EV_GROUP);
	assert_step(&o, BACKUP, 0);
}

static void
group__other_states__nothing(void **state)
{
	static const enum vrrp_state all[] = {VRRP_STATE_INIT, VRRP_STATE_MASTER, VRRP_STATE_FAULT,
	    VRRP_STATE_LEAVING, VRRP_STATE_TAKING};
	struct one o;

	(void)state;
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		one_in(&o, all[i]);
		one_say(&o, VRRP_EV_GROUP);
		assert_int_equal(o.s.actions, 0);
		assert_int_equal(o.s.to, all[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(group__owner_is_silent__follows),
	    cmocka_unit_test(group__owner_left__follows_at_once),
	    cmocka_unit_test(group__a_worse_owner_lives__follows),
	    cmocka_unit_test(group__an_owner_as_good_lives__stays),
	    cmocka_unit_test(group__a_rejected_owner_lives__stays),
	    cmocka_unit_test(group__nobody_heard_yet__listens_on),
	    cmocka_unit_test(group__other_states__nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
