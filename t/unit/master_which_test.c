/* SPDX-License-Identifier: BSD-2-Clause */
/* Which server a word means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "master/which.h"
#include "t/unit/control_world.h"

static struct err err;

static int
which(const char *word)
{
	err_init(&err);
	return which_server(&table, word, &err);
}

static void
which__name_or_address__is_found_when_one_is_meant(void **state)
{
	static const struct {
		const char *word;
		int row;
	} rows[] = {
	    {"api/cp-1", API_1},
	    {"web/cp-1", WEB_1},
	    {"cp-2", API_2},
	    {"10.0.0.2", API_2},
	    {"10.0.0.2:6443", API_2},
	    {"10.0.0.1:443", WEB_1},
	    {"api/10.0.0.1", API_1},
	    {"api/10.0.0.3:6443", API_3},
	    {"10.0.0.9:443", WEB_9},
	    {"10.0.0.9", WEB_9},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(which(rows[i].word), rows[i].row);
}

static void
which__several__are_all_named(void **state)
{
	(void)state;
	assert_int_equal(which("cp-1"), -1);
	assert_string_equal(
	    err_end(&err), "\"cp-1\" may be one of 2 servers: say api/cp-1 or web/cp-1");
	assert_int_equal(which("10.0.0.1"), -1);
	assert_string_equal(
	    err_end(&err), "\"10.0.0.1\" may be one of 2 servers: say api/cp-1 or web/cp-1");
	/* Which of them, when they are many? */
	for (unsigned i = WORLD_SERVERS; i < 40; i++) {
		table.server[i] = table.server[API_2];
		snprintf(table.server[i].name, SHM_NAME, "%063u", i);
	}
	table.n_servers = 40;
	assert_int_equal(which("10.0.0.2"), -1);
	assert_non_null(strstr(err_end(&err), "one of 36 servers: say api/cp-2 or api/000"));
	assert_non_null(strstr(err_end(&err), "011 ..."));
}

static void
which__none__names_the_nearest(void **state)
{
	static const struct {
		const char *word, *says;
	} rows[] = {
	    {"cp-9", "no server \"cp-9\"; did you mean \"cp-1\"?"},
	    {"api/cp2", "no server \"api/cp2\"; did you mean \"api/cp-2\"?"},
	    {"apj/cp-2", "no server \"apj/cp-2\"; did you mean \"api/cp-2\"?"},
	    {"something", "no server \"something\" (kha server lists all)"},
	    {"web/cp-2", "no server \"web/cp-2\"; did you mean \"web/cp-1\"?"},
	    {"", "no server \"\" (kha server lists all)"},
	    {"/", "no server \"/\" (kha server lists all)"},
	    {"10.0.0.2:443", "no server \"10.0.0.2:443\"; did you mean \"10.0.0.9:443\"?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(which(rows[i].word), -1);
		assert_string_equal(err_end(&err), rows[i].says);
	}
}

static void
which__a_name_that_is_anothers_address__is_the_name(void **state)
{
	(void)state;
	/* The file moved it: the name stayed. */
	assert_null(addr_parse(&table.server[WEB_9].addr, "10.0.0.8:443", false));
	assert_null(addr_parse(&table.server[WEB_1].addr, "10.0.0.9:443", false));
	assert_int_equal(which("10.0.0.9:443"), WEB_9);
	assert_int_equal(which("10.0.0.9"), WEB_1);
}

static void
which__removed_servers__are_found_when_none_is_left(void **state)
{
	(void)state;
	table.server[API_2].state = ROW_REMOVED;
	table.server[WORLD_SERVERS] = table.server[API_2];
	table.server[WORLD_SERVERS].id = 77;
	table.n_servers++;
	assert_int_equal(which("cp-2"), WORLD_SERVERS); /* the newer of two that went */
	table.server[API_2].state = ROW_ACTIVE;
	assert_int_equal(which("cp-2"), API_2);
	table.server[API_2].state = table.server[WORLD_SERVERS].state = ROW_FREE;
	assert_int_equal(which("cp-2"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(
		which__name_or_address__is_found_when_one_is_meant, control_world),
	    cmocka_unit_test_setup(which__several__are_all_named, control_world),
	    cmocka_unit_test_setup(which__none__names_the_nearest, control_world),
	    cmocka_unit_test_setup(
		which__a_name_that_is_anothers_address__is_the_name, control_world),
	    cmocka_unit_test_setup(
		which__removed_servers__are_found_when_none_is_left, control_world),
	};

	return cmocka_run_group_tests_name("master/which", tests, NULL, NULL);
}
