/* SPDX-License-Identifier: BSD-2-Clause */
/* From the configuration to the tables: who keeps row and id, and who gets them again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "shm/table.h"
#include "t/unit/publish_world.h"

static void
publish__first_time__fills_rows_in_file_order(void **state)
{
	(void)state;
	assert_int_equal(table.n_services, 1);
	assert_int_equal(table.n_servers, 3);
	assert_string_equal(table.service[0].name, "api");
	assert_int_equal(table.service[0].balance, BALANCE_ROUNDROBIN);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(table.server[i].state, ROW_ACTIVE);
		assert_int_equal(table.server[i].position, i);
		assert_int_equal(table.server[i].id, i + 1);
		assert_int_equal(table.server[i].admin, ADMIN_READY);
		assert_false(p.forget_server[i]);
	}
}

static void
publish__every_algorithm__is_what_the_file_says(void **state)
{
	(void)state;
	for (int balance = BALANCE_LEASTCONN; balance <= BALANCE_FIRST; balance++) {
		services[0].balance = balance;
		world_build(PUBLISH_FINAL, 1, 1);
		assert_int_equal(table.service[0].balance, balance);
	}
}

static void
publish__disabled_server__is_maint(void **state)
{
	(void)state;
	servers[1].opt.enabled = false;
	world_build(PUBLISH_FINAL, 1, 1);
	assert_int_equal(table.server[1].admin, ADMIN_MAINT);
	assert_int_equal(table.server[1].id, 2);
}

static void
publish__kept_server_moved_in_the_file__keeps_row_and_id(void **state)
{
	(void)state;
	world_conf("CAB");
	world_build(PUBLISH_FINAL, 1, 1);
	assert_int_equal(world_row("C"), 2);
	assert_int_equal(table.server[2].id, 3);
	assert_int_equal(table.server[2].position, 0);
	assert_int_equal(table.server[0].position, 1);
}

static void
publish__first_step__adds_and_removes_nothing(void **state)
{
	(void)state;
	world_conf("D");
	world_build(PUBLISH_ADD, 1, 1);
	assert_int_equal(table.server[world_row("D")].state, ROW_ACTIVE);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(table.server[i].state, ROW_ACTIVE);
	world_build(PUBLISH_FINAL, 1, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(table.server[i].state, ROW_REMOVED);
		assert_int_equal(table.server[i].removed_generation, 1);
		assert_int_equal(table.server[i].removed_us, 5000000);
		assert_int_equal(table.server[i].drain_until_us, 6000000);
	}
}

static void
publish__removed_row__is_free_only_after_the_last_that_saw_it(void **state)
{
	(void)state;
	world_conf("AB");
	world_build(PUBLISH_FINAL, 2, 1);
	assert_int_equal(table.server[2].state, ROW_REMOVED);
	world_build(PUBLISH_FINAL, 3, 2);
	assert_int_equal(table.server[2].state, ROW_REMOVED);
	world_build(PUBLISH_FINAL, 3, 3);
	assert_int_equal(table.server[2].state, ROW_FREE);
}

static void
publish__row_used_again__has_a_new_id_and_forgets_counters(void **state)
{
	(void)state;
	world_conf("AB");
	world_build(PUBLISH_FINAL, 1, 1);
	world_conf("ABD");
	world_build(PUBLISH_FINAL, 2, 1);
	assert_int_equal(world_row("D"), 3); /* C's row is still C's */
	assert_int_equal(table.server[3].id, 4);
	world_conf("ABDE");
	world_build(PUBLISH_FINAL, 2, 2);
	assert_int_equal(world_row("E"), 2);
	assert_int_equal(table.server[2].id, 5);
	assert_true(p.forget_server[2]);
	assert_false(p.forget_server[3]);
}

static void
publish__largest_id_on_a_free_row__is_not_used_twice(void **state)
{
	(void)state;
	world_conf("AB");
	world_build(PUBLISH_FINAL, 1, 2); /* C, id 3, is removed */
	world_build(PUBLISH_FINAL, 1, 2); /* and free */
	assert_int_equal(table.server[2].state, ROW_FREE);
	world_conf("ABZ");
	world_build(PUBLISH_FINAL, 2, 2);
	assert_int_equal(world_row("Z"), 2);
	assert_int_equal(table.server[2].id, 4);
}

static void
publish__server_returns__gets_its_row_back_with_a_new_id(void **state)
{
	(void)state;
	world_conf("AB");
	world_build(PUBLISH_FINAL, 1, 1);
	world_conf("ABC");
	world_build(PUBLISH_FINAL, 1, 1);
	assert_int_equal(world_row("C"), 2);
	assert_int_equal(table.n_servers, 3);
	assert_int_equal(table.server[2].state, ROW_ACTIVE);
	assert_int_equal(table.server[2].id, 4);
	assert_int_equal(table.server[2].drain_until_us, 0);
	assert_false(p.forget_server[2]);
}

static void
publish__address_changed__is_never_checked_unless_it_was_tried(void **state)
{
	bool keeps[SHM_SERVERS] = {false};

	(void)state;
	addr_set_port(&servers[0].addr, 7000);
	addr_set_port(&servers[1].addr, 7000);
	keeps[1] = true;
	p = (struct publish){.generation = 1, .oldest = 1, .keeps_health = keeps};
	err_init(&err);
	assert_int_equal(publish_build(&next, &table, &conf, &p, &err), 0);
	assert_int_equal(next.server[0].id, 4);
	assert_int_equal(addr_port(&next.server[0].addr), 7000);
	assert_int_equal(next.server[1].id, 2);
	assert_int_equal(addr_port(&next.server[1].addr), 7000);
}

static void
publish__service_renamed__is_removed_and_free_after_its_servers(void **state)
{
	static char renamed[] = "kube";

	(void)state;
	services[0].name = renamed;
	world_build(PUBLISH_FINAL, 2, 1);
	assert_int_equal(table.service[0].state, ROW_REMOVED);
	assert_int_equal(table_find_service(&table, "kube"), 1);
	assert_int_equal(publish_removed(&table), 3);
	assert_int_equal(table.server[publish_find(&table, 1, "A")].state, ROW_ACTIVE);
	world_build(PUBLISH_FINAL, 3, 3);
	assert_int_equal(table.service[0].state, ROW_FREE);
	assert_int_equal(publish_removed(&table), 0);
}

static void
publish__undone__is_as_before(void **state)
{
	(void)state;
	world_conf("AD");
	world_build(PUBLISH_ADD, 2, 1);
	world_conf("ABC");
	world_build(PUBLISH_FINAL, 2, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(table.server[i].state, ROW_ACTIVE);
		assert_int_equal(table.server[i].id, i + 1);
	}
	assert_int_equal(table.server[world_row("D")].state, ROW_REMOVED);
}

static void
publish__more_servers_than_rows__says_so_and_touches_nothing(void **state)
{
	char name[16];

	(void)state;
	for (unsigned i = 0; i < SHM_SERVERS + 1; i++) {
		snprintf(name, sizeof name, "s%u", i);
		world_server(i, name, i);
	}
	services[0].n_servers = SHM_SERVERS + 1;
	err_init(&err);
	p = (struct publish){.generation = 1, .oldest = 1};
	assert_int_equal(publish_build(&next, &table, &conf, &p, &err), -1);
	assert_non_null(strstr(err_end(&err), "more than 512 servers"));
	assert_int_equal(table.n_servers, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(publish__first_time__fills_rows_in_file_order, world_start),
	    cmocka_unit_test_setup(publish__every_algorithm__is_what_the_file_says, world_start),
	    cmocka_unit_test_setup(publish__disabled_server__is_maint, world_start),
	    cmocka_unit_test_setup(
		publish__kept_server_moved_in_the_file__keeps_row_and_id, world_start),
	    cmocka_unit_test_setup(publish__first_step__adds_and_removes_nothing, world_start),
	    cmocka_unit_test_setup(
		publish__removed_row__is_free_only_after_the_last_that_saw_it, world_start),
	    cmocka_unit_test_setup(
		publish__row_used_again__has_a_new_id_and_forgets_counters, world_start),
	    cmocka_unit_test_setup(
		publish__largest_id_on_a_free_row__is_not_used_twice, world_start),
	    cmocka_unit_test_setup(
		publish__server_returns__gets_its_row_back_with_a_new_id, world_start),
	    cmocka_unit_test_setup(
		publish__address_changed__is_never_checked_unless_it_was_tried, world_start),
	    cmocka_unit_test_setup(
		publish__service_renamed__is_removed_and_free_after_its_servers, world_start),
	    cmocka_unit_test_setup(publish__undone__is_as_before, world_start),
	    cmocka_unit_test_setup(
		publish__more_servers_than_rows__says_so_and_touches_nothing, world_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
