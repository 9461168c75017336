/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders about servers: what they change, what is refused, what is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "t/unit/control_world.h"

static struct err text;
static bool changed;

/* The order as words of the control socket. */
static int
order(const char *words)
{
	struct order o;

	assert_null(order_parse(words, strlen(words), &o));
	err_init(&text);
	return control_order(&table, &o, &facts, &text, &changed);
}

static void
answers(const char *words, const char *answer)
{
	assert_int_equal(order(words), 0);
	assert_string_equal(err_end(&text), answer);
}

static void
refuses(const char *words, const char *answer)
{
	struct shm_table before = table;

	assert_int_equal(order(words), -1);
	assert_string_equal(err_end(&text), answer);
	assert_false(changed);
	assert_memory_equal(&before, &table, sizeof table);
}

static void
drain__stops_new_connections_and_says_how_many_stay(void **state)
{
	(void)state;
	answers("cp-2 drain", "api/cp-2: UP -> DRAIN, 5 connections stay");
	assert_true(changed);
	assert_int_equal(table.server[API_2].admin, ADMIN_DRAIN);
	assert_int_equal(table.server[API_2].drain_until_us, 0);
	facts.active[API_2] = 1;
	answers("cp-2 drain", "api/cp-2: is DRAIN already, 1 connection");
	assert_false(changed);
	answers("cp-2 ready", "api/cp-2: DRAIN -> UP");
	assert_int_equal(table.server[API_2].admin, ADMIN_READY);
	answers("cp-2 ready", "api/cp-2: is UP already, 1 connection");
	facts.active[API_2] = 0;
	answers("cp-2 drain", "api/cp-2: UP -> DRAIN, no connections");
}

static void
maint__gives_its_connections_ten_seconds(void **state)
{
	(void)state;
	answers("cp-2 maint", "api/cp-2: UP -> MAINT, checks stop, 5 connections have 10 s");
	assert_int_equal(table.server[API_2].drain_until_us, WORLD_MONO_US + 10000000);
	facts.state[API_2] = STATE_NOTREADY; /* not checked in MAINT */
	answers("cp-2 ready", "api/cp-2: MAINT -> ready, used as soon as its check passes");
	answers("cp-2 maint", "api/cp-2: NOTREADY -> MAINT, checks stop, 5 connections have 10 s");
	answers("cp-2 drain", "api/cp-2: MAINT -> DRAIN, 5 connections stay");
	facts.active[API_3] = 0;
	answers("cp-3 maint", "api/cp-3: UP -> MAINT, checks stop, no connections");
}

static void
weight__counts_and_default_is_the_files(void **state)
{
	(void)state;
	answers("cp-2 weight 50", "api/cp-2: weight 100 -> 50 (file: 100)");
	assert_int_equal(table.server[API_2].weight, 50);
	answers("cp-2 weight 50", "api/cp-2: weight 50 (file: 100)");
	assert_false(changed);
	answers("cp-2 weight 0",
	    "api/cp-2: weight 50 -> 0 (file: 100), UP -> DRAIN, 5 connections stay");
	answers("cp-2 maint", "api/cp-2: DRAIN -> MAINT, checks stop, 5 connections have 10 s");
	answers("cp-2 ready", "api/cp-2: MAINT -> DRAIN, 5 connections stay: its weight is 0");
	answers("cp-2 weight default", "api/cp-2: weight 0 -> 100, the file's, DRAIN -> UP");
	assert_int_equal(control_count(&table), 0);
	answers("cp-2 weight default", "api/cp-2: weight 100, the file's");
	assert_false(changed);
}

static void
for_a_time__is_said_and_ends(void **state)
{
	(void)state;
	answers("cp-2 drain for 3600000", "api/cp-2: UP -> DRAIN, 5 connections stay, "
					  "until 2023-11-14 23:13:20, then ready");
	answers("cp-2 weight 7 for 60000",
	    "api/cp-2: weight 100 -> 7 (file: 100), until 2023-11-14 22:14:20, then 100");
	assert_int_equal(control_count(&table), 1);
	assert_false(control_due(&table, facts.now));
	control_world_advance(60000);
	assert_true(control_due(&table, facts.now));
	err_init(&text);
	assert_int_equal(control_expire(&table, &facts, &text), 1);
	assert_string_equal(
	    err_end(&text), "api/cp-2: weight 7 -> 100, the file's: its time is over");
	assert_false(control_due(&table, facts.now));
	control_world_advance(3540000);
	err_init(&text);
	assert_int_equal(control_expire(&table, &facts, &text), 1);
	assert_string_equal(err_end(&text), "api/cp-2: DRAIN -> UP: its time is over");
	assert_int_equal(control_count(&table), 0);
}

static void
for_a_time__goes_back_to_what_was_before(void **state)
{
	(void)state;
	order("cp-2 maint");
	facts.state[API_2] = STATE_NOTREADY;
	answers("cp-2 ready for 60000",
	    "api/cp-2: MAINT -> ready, used as soon as its check passes, "
	    "until 2023-11-14 22:14:20, then maint");
	facts.state[API_2] = STATE_UP;
	control_world_advance(60000);
	err_init(&text);
	control_expire(&table, &facts, &text);
	assert_string_equal(err_end(&text), "api/cp-2: UP -> MAINT, checks stop, 5 connections "
					    "have 10 s: its time is over");
	/* An order for good ends a timed one of the same kind. */
	order("cp-3 drain for 60000");
	answers("cp-3 drain", "api/cp-3: stays DRAIN, now without an end");
	assert_true(changed);
	control_world_advance(60000);
	assert_false(control_due(&table, facts.now));
}

static void
last_usable_server__is_refused_unless_forced(void **state)
{
	(void)state;
	facts.state[API_1] = STATE_DOWN;
	order("api/cp-3 maint");
	refuses("cp-2 drain", "refused: api/cp-2 is the last usable server of service api: "
			      "clients would be refused\n"
			      "left would be: cp-1 is DOWN, cp-3 is MAINT\n"
			      "--force does it all the same");
	assert_int_equal(order("cp-2 maint"), -1);
	assert_int_equal(order("cp-2 weight 0"), -1);
	answers("cp-2 weight 1", "api/cp-2: weight 100 -> 1 (file: 100)");
	answers("cp-2 drain force", "api/cp-2: UP -> DRAIN, 5 connections stay");
	/* Nothing is made worse now. */
	answers("cp-2 maint", "api/cp-2: DRAIN -> MAINT, checks stop, 5 connections have 10 s");
	/* The only one that is UP among others that fail their checks. */
	facts.state[WEB_9] = STATE_NOTREADY;
	refuses("web/cp-1 drain", "refused: web/cp-1 is the last usable server of service web: "
				  "clients would get servers that fail their checks\n"
				  "left would be: 10.0.0.9:443 is NOTREADY\n"
				  "--force does it all the same");
	/* Of those that fail open, one may go, but not the last. */
	facts.state[WEB_1] = STATE_NOTREADY;
	answers("web/cp-1 drain", "web/cp-1: NOTREADY -> DRAIN, 5 connections stay");
	assert_int_equal(order("10.0.0.9 drain"), -1);
}

static void
backups__are_usable_servers(void **state)
{
	(void)state;
	table.server[WEB_9].backup = 1;
	answers("web/cp-1 drain", "web/cp-1: UP -> DRAIN, 5 connections stay");
	refuses("10.0.0.9 drain",
	    "refused: web/10.0.0.9:443 is the last usable server of service web: "
	    "clients would be refused\n"
	    "left would be: cp-1 is DRAIN\n"
	    "--force does it all the same");
}

static void
only_server__is_refused_with_nothing_left(void **state)
{
	(void)state;
	table.server[WEB_9].state = ROW_FREE;
	refuses("web/cp-1 drain", "refused: web/cp-1 is the last usable server of service web: "
				  "clients would be refused\n"
				  "left would be: nothing\n"
				  "--force does it all the same");
}

/* Nobody is usable; who returns has not passed a check yet, but accepts: better than nobody. */
static void
ready__of_the_only_server__is_not_refused(void **state)
{
	(void)state;
	table.server[WEB_9].state = ROW_FREE;
	order("web/cp-1 maint force");
	assert_int_equal(table.server[WEB_1].admin, ADMIN_MAINT);
	facts.state[WEB_1] = STATE_NOTREADY;
	order("web/cp-1 ready");
	assert_true(changed);
	assert_int_equal(table.server[WEB_1].admin, ADMIN_READY);
}

static void
close__is_an_order_of_the_moment(void **state)
{
	(void)state;
	answers("cp-2 close", "api/cp-2: UP, 5 connections are closed, at most 2000 a second; "
			      "it still gets new ones");
	assert_true(changed);
	assert_int_equal(table.server[API_2].close_us, WORLD_MONO_US);
	assert_int_equal(control_count(&table), 0);
	order("cp-2 drain");
	facts.active[API_2] = 1;
	answers("cp-2 close", "api/cp-2: DRAIN, 1 connection is closed, at most 2000 a second");
	facts.active[API_2] = 0;
	answers("cp-2 close", "api/cp-2: has no connections");
	assert_false(changed);
}

static void
removed_server__can_only_be_closed(void **state)
{
	(void)state;
	table.server[API_2].state = ROW_REMOVED;
	refuses("cp-2 drain", "server api/cp-2 left the file: only close is possible");
	answers("cp-2 close", "api/cp-2: REMOVED, 5 connections are closed, at most 2000 a second");
}

static void
unknown_server__is_refused(void **state)
{
	(void)state;
	refuses("cp-7 drain", "no server \"cp-7\"; did you mean \"cp-1\"?");
	refuses("cp-1 drain", "\"cp-1\" may be one of 2 servers: say api/cp-1 or web/cp-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(
		drain__stops_new_connections_and_says_how_many_stay, control_world),
	    cmocka_unit_test_setup(maint__gives_its_connections_ten_seconds, control_world),
	    cmocka_unit_test_setup(weight__counts_and_default_is_the_files, control_world),
	    cmocka_unit_test_setup(for_a_time__is_said_and_ends, control_world),
	    cmocka_unit_test_setup(for_a_time__goes_back_to_what_was_before, control_world),
	    cmocka_unit_test_setup(last_usable_server__is_refused_unless_forced, control_world),
	    cmocka_unit_test_setup(backups__are_usable_servers, control_world),
	    cmocka_unit_test_setup(only_server__is_refused_with_nothing_left, control_world),
	    cmocka_unit_test_setup(ready__of_the_only_server__is_not_refused, control_world),
	    cmocka_unit_test_setup(close__is_an_order_of_the_moment, control_world),
	    cmocka_unit_test_setup(removed_server__can_only_be_closed, control_world),
	    cmocka_unit_test_setup(unknown_server__is_refused, control_world),
	};

	return cmocka_run_group_tests_name("master/control", tests, NULL, NULL);
}
