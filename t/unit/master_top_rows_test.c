/* SPDX-License-Identifier: BSD-2-Clause */
/* kha top without a terminal: rows, their order, rates and the filter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/fmt.h"
#include "t/unit/shm_fixture.h" /* the build links what a test includes */
#include "t/unit/top_world.h"

static struct top_rows rows;

/* Names of the rows, with a blank behind each. */
static const char *
order(void)
{
	static char names[4096];
	size_t n = 0;

	top_rows(&rows, now, before, &view);
	names[0] = '\0';
	for (unsigned i = 0; i < rows.n && n < sizeof names; i++)
		n += (size_t)snprintf(names + n, sizeof names - n, "%s ", rows.row[i].name);
	return names;
}

static void
rows__each_key__sorts_and_the_same_again_turns_round(void **state)
{
	(void)state;
	assert_string_equal(order(), "api/cp-1 api/cp-2 api/cp-3 api/spare web/a\"b,c\\d ");
	type("f"); /* it is so already: round */
	assert_string_equal(order(), "web/a\"b,c\\d api/spare api/cp-3 api/cp-2 api/cp-1 ");
	type("s");
	assert_string_equal(order(), "api/cp-3 web/a\"b,c\\d api/cp-1 api/cp-2 api/spare ");
	type("s");
	assert_string_equal(order(), "api/cp-1 api/cp-2 api/spare web/a\"b,c\\d api/cp-3 ");
	type("c");
	assert_memory_equal(order(), "api/cp-2 api/cp-1 ", 18);
	type("e");
	assert_memory_equal(order(), "api/cp-2 api/cp-1 ", 18);
	type("n");
	assert_memory_equal(order(), "api/cp-1 api/cp-2 ", 18);
	type("n");
	assert_memory_equal(order(), "web/a\"b,c\\d api/spare ", 22);
	before->sum.server[4].bytes_out = 0;
	now->sum.server[4].bytes_out = 5000;
	type("b");
	assert_memory_equal(order(), "api/spare ", 10);
	now->sum.server[2].connected = 8;
	type("r");
	assert_memory_equal(order(), "api/cp-3 ", 9);
	now->health[5].check_ms = 900;
	type("t");
	assert_memory_equal(order(), "web/", 4);
}

static void
rows__names_with_numbers__are_in_the_order_of_the_numbers(void **state)
{
	(void)state;
	snprintf(now->table.server[1].name, SHM_NAME, "cp-10");
	snprintf(now->table.server[2].name, SHM_NAME, "cp-9");
	type("n");
	assert_memory_equal(order(), "api/cp-1 api/cp-9 api/cp-10 api/spare ", 38);
}

static void
rates__are_growth_by_time_and_unknown_is_no_number(void **state)
{
	(void)state;
	before->sum.server[1].connected -= 3;
	before->sum.server[1].bytes_out -= 2 * 1024 * 1024;
	before->sum.server[3].connected += 1; /* stepped back: something else */
	before->table.server[4].id++;	      /* another server's index then */
	order();
	assert_true(rows.row[1].rate == 1.5 && rows.row[1].in == 0);
	assert_true(rows.row[1].out == 1024 * 1024);
	assert_true(rows.row[0].rate < 0);
	assert_true(rows.row[3].rate < 0 && rows.row[3].in < 0 && rows.row[3].out < 0);
	assert_true(fmt_per_second(now, NULL, 5, 0) < 0);
	before->now.us = now->now.us; /* no time went by */
	order();
	assert_true(rows.row[1].rate < 0);
}

static void
filter__finds_part_of_a_name_or_state_in_any_case(void **state)
{
	(void)state;
	type("/CP");
	assert_true(view.typing);
	assert_string_equal(order(), "api/cp-1 api/cp-2 api/cp-3 ");
	assert_int_equal(rows.all, 5);
	top_key(&view, TOP_KEY_BACKSPACE);
	top_key(&view, TOP_KEY_BACKSPACE);
	top_key(&view, TOP_KEY_BACKSPACE);
	assert_string_equal(view.filter, "");
	type("qsn"); /* letters, not keys */
	assert_string_equal(view.filter, "qsn");
	assert_string_equal(order(), "");
	top_key(&view, 27);
	assert_false(view.typing);
	assert_int_equal(view.sort, TOP_FILE);
	type("/down\n");
	assert_false(view.typing);
	assert_string_equal(order(), "api/cp-3 ");
	top_key(&view, 27);
	assert_string_equal(order(), "api/cp-1 api/cp-2 api/cp-3 api/spare web/a\"b,c\\d ");
	type("/");
	for (int i = 0; i < 100; i++)
		type("x");
	assert_int_equal(strlen(view.filter), TOP_FILTER - 1);
}

static void
panes__vips_and_workers__have_rows_of_their_own(void **state)
{
	(void)state;
	before->vip_stat[0].adverts_sent -= 4;
	type("\t");
	assert_string_equal(order(), "web ");
	assert_string_equal(rows.row[0].state, "MASTER");
	assert_int_equal(rows.row[0].tone, TONE_WARN); /* DEGRADED */
	assert_true(rows.row[0].rate == 2);
	assert_int_equal(rows.row[0].errors, 4);
	before->proc[2].accepted -= 10;
	type("3s");
	assert_string_equal(order(), "worker/0 checker logger worker/0 ");
	assert_string_equal(rows.row[0].state, "draining");
	assert_true(rows.row[3].rate == 5);
	before->proc[2].pid++; /* a worker that was replaced */
	order();
	assert_true(rows.row[3].rate < 0);
	type("\t");
	assert_int_equal(view.pane, TOP_SERVERS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(rows__each_key__sorts_and_the_same_again_turns_round),
	    TEST(rows__names_with_numbers__are_in_the_order_of_the_numbers),
	    TEST(rates__are_growth_by_time_and_unknown_is_no_number),
	    TEST(filter__finds_part_of_a_name_or_state_in_any_case),
	    TEST(panes__vips_and_workers__have_rows_of_their_own),
	};

	return cmocka_run_group_tests_name("master/top_rows", tests, NULL, NULL);
}
