/* SPDX-License-Identifier: BSD-2-Clause */
/* What operators said, over a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "master/setting.h"
#include "master/state_table.h"
#include "t/unit/control_world.h"

static struct state_file kept;
static struct err said;

static void
order(const char *words)
{
	struct order o;
	struct err text;
	bool changed;

	err_init(&text);
	assert_null(order_parse(words, strlen(words), &o));
	assert_int_equal(control_order(&table, &o, &facts, &text, &changed), 0);
}

/* kha stops and starts `ms` later, on a machine that may have been booted meanwhile. */
static void
restart(int64_t ms, bool boot)
{
	struct mono now;

	state_collect(&table, facts.now, facts.wall_ms, &kept);
	control_world_advance(ms);
	now = boot ? (struct mono){2000000} : facts.now;
	for (unsigned i = 0; i < table.n_servers; i++) {
		setting_init(&table.server[i].set_admin, table.server[i].set_admin.file);
		setting_init(&table.server[i].set_weight, table.server[i].set_weight.file);
		table.server[i].admin = ADMIN_READY;
		table.server[i].weight = 100;
	}
	facts.now = now;
	err_init(&said);
	state_apply(&table, &kept, now, facts.wall_ms, &said);
}

static void
restart__what_was_said__holds_again(void **state)
{
	struct shm_server *a = &table.server[API_1], *b = &table.server[API_2];

	(void)state;
	order("api/cp-1 drain");
	order("cp-2 weight 50");
	order("cp-2 weight 20 for 600000");
	order("web/cp-1 maint");
	restart(60000, false);
	assert_int_equal(kept.n, 3);
	assert_int_equal(a->admin, ADMIN_DRAIN);
	assert_int_equal(a->set_admin.since_us, WORLD_MONO_US);
	assert_int_equal(b->weight, 20);
	assert_int_equal(b->set_weight.until_us, facts.now.us + 540000 * 1000);
	assert_int_equal(setting_after(&b->set_weight), 50);
	assert_int_equal(table.server[WEB_1].admin, ADMIN_MAINT);
	assert_string_equal(err_end(&said), "state of api/cp-1 is drain, as before the restart\n"
					    "weight of api/cp-2 is 20, as before the restart\n"
					    "state of web/cp-1 is maint, as before the restart");
	/* And once more, after a boot. */
	restart(60000, true);
	assert_int_equal(a->admin, ADMIN_DRAIN);
	assert_int_equal(a->set_admin.since_us, 2000000 - INT64_C(120000) * 1000);
	assert_int_equal(b->set_weight.until_us, 2000000 + INT64_C(480000) * 1000);
	control_world_advance(480000);
	assert_true(control_due(&table, facts.now));
}

static void
restart__time_that_is_over__has_ended(void **state)
{
	(void)state;
	order("api/cp-1 drain for 60000");
	order("cp-2 maint");
	order("cp-2 ready for 60000");
	restart(60000, false);
	assert_int_equal(table.server[API_1].admin, ADMIN_READY);
	assert_int_equal(table.server[API_2].admin, ADMIN_MAINT);
	assert_string_equal(err_end(&said), "state of api/cp-1: drain -> ready: its time is over\n"
					    "state of api/cp-2: ready -> maint: its time is over\n"
					    "state of api/cp-2 is maint, as before the restart");
	assert_int_equal(control_count(&table), 1);
}

static void
restart__file_that_changed__wins(void **state)
{
	(void)state;
	order("api/cp-1 weight 50");
	order("cp-2 weight 80");
	order("cp-3 drain");
	order("10.0.0.9 weight 7");
	state_collect(&table, facts.now, facts.wall_ms, &kept);
	control_world(NULL);
	for (unsigned i = API_1; i <= API_2; i++) {
		setting_init(&table.server[i].set_weight, 80);
		setting_settle(&table.server[i], facts.now);
	}
	table.server[API_3].state = ROW_REMOVED;
	snprintf(table.service[1].name, SHM_NAME, "other");
	err_init(&said);
	state_apply(&table, &kept, facts.now, facts.wall_ms, &said);
	assert_string_equal(err_end(&said),
	    "weight of api/cp-1 is the file's again: 50 -> 80\n"
	    "state of api/cp-3 is forgotten: it is no longer in the file\n"
	    "weight of web/10.0.0.9:443 is forgotten: it is no longer in the file");
	assert_int_equal(control_count(&table), 0);
	assert_int_equal(table.server[API_1].weight, 80);
}

static void
collect__nothing_said__is_nothing(void **state)
{
	(void)state;
	order("api/cp-1 drain");
	order("api/cp-1 ready");
	order("cp-2 close");
	table.server[API_3].state = ROW_REMOVED;
	table.server[API_3].set_admin.base = ADMIN_DRAIN;
	state_collect(&table, facts.now, facts.wall_ms, &kept);
	assert_int_equal(kept.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(restart__what_was_said__holds_again, control_world),
	    cmocka_unit_test_setup(restart__time_that_is_over__has_ended, control_world),
	    cmocka_unit_test_setup(restart__file_that_changed__wins, control_world),
	    cmocka_unit_test_setup(collect__nothing_said__is_nothing, control_world),
	};

	return cmocka_run_group_tests_name("master/state_table", tests, NULL, NULL);
}
