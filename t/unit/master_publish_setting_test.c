/* SPDX-License-Identifier: BSD-2-Clause */
/* From the configuration to the tables: what becomes of what an operator said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "master/setting.h"
#include "t/unit/publish_world.h"

/* What the operator says about a server of the table. */
static void
say_admin(const char *name, uint32_t admin)
{
	struct shm_server *s = &table.server[world_row(name)];

	setting_order(&s->set_admin, admin, 0, (struct mono){6000000}, 1);
	setting_settle(s, (struct mono){6000000});
}

static void
say_weight(const char *name, uint32_t weight)
{
	struct shm_server *s = &table.server[world_row(name)];

	setting_order(&s->set_weight, weight, 0, (struct mono){6000000}, 1);
	setting_settle(s, (struct mono){6000000});
}

static void
publish__what_the_operator_said__stays_while_the_file_says_the_same(void **state)
{
	(void)state;
	say_admin("A", ADMIN_DRAIN);
	say_weight("B", 7);
	world_conf("CABD");
	world_build(PUBLISH_ADD, 2, 1);
	world_build(PUBLISH_FINAL, 2, 1);
	assert_int_equal(table.server[world_row("A")].admin, ADMIN_DRAIN);
	assert_int_equal(table.server[world_row("A")].set_admin.since_us, 6000000);
	assert_int_equal(table.server[world_row("B")].weight, 7);
	assert_string_equal(err_end(&forgotten), "");
}

static void
publish__the_file_changed__wins_when_it_is_certain_and_says_so(void **state)
{
	(void)state;
	say_admin("A", ADMIN_DRAIN);
	say_weight("A", 7);
	say_weight("B", 80);
	say_admin("C", ADMIN_MAINT);
	servers[0].opt.weight = servers[1].opt.weight = 80;
	servers[2].opt.enabled = false;
	world_build(PUBLISH_ADD, 2, 1);
	assert_int_equal(table.server[0].weight, 7);
	assert_string_equal(err_end(&forgotten), "");
	world_build(PUBLISH_FINAL, 2, 1);
	assert_int_equal(table.server[0].weight, 80);
	assert_int_equal(table.server[0].admin, ADMIN_DRAIN); /* about that it says the same */
	/* What stays the same all the same is not worth a word. */
	assert_string_equal(err_end(&forgotten), "weight of api/A is the file's again: 7 -> 80");
	assert_false(setting_is_set(&table.server[1].set_weight));
	assert_false(setting_is_set(&table.server[2].set_admin));
	servers[2].opt.enabled = true;
	say_admin("C", ADMIN_DRAIN);
	world_build(PUBLISH_FINAL, 2, 1);
	assert_string_equal(
	    err_end(&forgotten), "state of api/C is the file's again: drain -> ready");
	assert_int_equal(table.server[2].admin, ADMIN_READY);
}

static void
publish__undone__keeps_what_the_operator_said(void **state)
{
	(void)state;
	say_weight("A", 7);
	servers[0].opt.weight = servers[1].opt.weight = 80;
	world_build(PUBLISH_ADD, 2, 1);
	assert_int_equal(table.server[1].weight, 80);
	say_weight("B", 9); /* while the reload is under way */
	servers[0].opt.weight = servers[1].opt.weight = 100;
	world_build(PUBLISH_UNDO, 2, 1);
	assert_int_equal(table.server[0].weight, 7);
	assert_int_equal(table.server[1].weight, 9);
	assert_string_equal(err_end(&forgotten), "");
	world_build(PUBLISH_FINAL, 2, 1);
	assert_int_equal(table.server[1].weight, 9);
}

static void
publish__server_in_maint_leaves__keeps_its_deadline_and_forgets_the_rest(void **state)
{
	struct shm_server *c = &table.server[2];

	(void)state;
	say_admin("C", ADMIN_MAINT);
	c->drain_until_us = 5500000;
	c->close_us = 1;
	world_conf("AB");
	world_build(PUBLISH_FINAL, 2, 1);
	assert_int_equal(c->state, ROW_REMOVED);
	assert_int_equal(c->drain_until_us, 5500000);
	world_conf("ABC");
	world_build(PUBLISH_FINAL, 2, 1);
	assert_int_equal(c->state, ROW_ACTIVE);
	assert_int_equal(c->admin, ADMIN_READY);
	assert_int_equal(c->drain_until_us, 0);
	assert_int_equal(c->close_us, 0);
}

static void
publish__disabled_by_the_file__has_the_deadline_of_maint(void **state)
{
	(void)state;
	servers[1].opt.enabled = false;
	world_build(PUBLISH_FINAL, 1, 1);
	assert_int_equal(table.server[1].drain_until_us, 5000000 + MAINT_DRAIN_MS * 1000);
	say_admin("B", ADMIN_READY);
	world_build(PUBLISH_FINAL, 2, 1);
	assert_int_equal(table.server[1].admin, ADMIN_READY);
	assert_int_equal(table.server[1].drain_until_us, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(
		publish__what_the_operator_said__stays_while_the_file_says_the_same, world_start),
	    cmocka_unit_test_setup(
		publish__the_file_changed__wins_when_it_is_certain_and_says_so, world_start),
	    cmocka_unit_test_setup(publish__undone__keeps_what_the_operator_said, world_start),
	    cmocka_unit_test_setup(
		publish__server_in_maint_leaves__keeps_its_deadline_and_forgets_the_rest,
		world_start),
	    cmocka_unit_test_setup(
		publish__disabled_by_the_file__has_the_deadline_of_maint, world_start),
	};

	return cmocka_run_group_tests_name("master/publish, settings", tests, NULL, NULL);
}
