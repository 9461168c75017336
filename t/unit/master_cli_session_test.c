/* SPDX-License-Identifier: BSD-2-Clause */
/* kha session, run as the program would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "master/cli.h"
#include "shm/session.h"
#include "t/unit/cli_world.h"
#include "t/unit/shm_fixture.h"

#define RUN(line, code) assert_int_equal(cli_run(line), code)
#define SAYS(text, what)                                                                           \
	do {                                                                                       \
		if (strstr(text, what) == NULL)                                                    \
			fail_msg("'%s' is not in: %s", what, text);                                \
	} while (0)
#define SAYS_NOT(text, what) assert_null(strstr(text, what))

static void
open_row(unsigned worker, unsigned row, uint64_t serial, unsigned server, const char *client,
    const char *own)
{
	fixture_session(&f, worker, row, serial, server, client, own, mono_now().us);
}

static int
open_sessions(void **state)
{
	cli_world_open(state);
	open_row(0, 0, 1, 3, "198.51.100.1:1001", "10.0.0.8:40001");
	open_row(0, 1, 2, 1, "198.51.100.2:1002", "10.0.0.8:40002");
	open_row(1, 0, 7, 0, "198.51.100.3:1003", "10.0.0.8:40003"); /* of the removed cp-1 */
	open_row(1, 1, 8, 5, "[2001:db8::4]:1004", "10.0.0.8:40001");
	return 0;
}

static void
list__names_clients_and_servers(void **state)
{
	(void)state;
	RUN("session -r @", CLI_OK);
	SAYS(out, "198.51.100.1:1001   api/cp-1");
	SAYS(out, "[2001:db8::4]:1004  web/a\"b,c\\d");
	SAYS(out, "1-8 ");
	RUN("session --limit 1 -r @", CLI_OK);
	SAYS(out, "\n1 of 4 connections\n");
	RUN("session -r @ -f json", CLI_OK);
	SAYS(out, "\"id\": \"1-7\"");
	SAYS(out, "\"own\": \"10.0.0.8:40003\"");
}

static void
list__of_a_server_or_service__is_only_that(void **state)
{
	(void)state;
	RUN("session -s api/cp-1 -r @", CLI_OK);
	SAYS(out, ":1001");
	SAYS(out, ":1003"); /* also of the row that left the file */
	SAYS_NOT(out, ":1002");
	RUN("session -s web -r @", CLI_OK);
	SAYS(out, ":1004");
	SAYS_NOT(out, ":1001");
	RUN("session -s cp-3 -r @", CLI_OK);
	assert_string_equal(out, "no connection is open\n");
	RUN("session -s cp-9 -r @", CLI_FAILED);
	SAYS(err, "no server \"cp-9\"");
}

static void
who__leads_from_our_address_to_the_client(void **state)
{
	(void)state;
	RUN("session who 10.0.0.8:40002 -r @", CLI_OK);
	SAYS(out, "10.0.0.8:40002: client 198.51.100.2:1002 of api/cp-2, open for 2.");
	SAYS(out, "id 0-2\n");
	/* One port may lead to several servers. */
	RUN("session who 10.0.0.8:40001 -r @", CLI_OK);
	SAYS(out, "of api/cp-1");
	SAYS(out, "of web/a");
	RUN("session who 10.0.0.8:40001 -s web -r @", CLI_OK);
	SAYS_NOT(out, "of api/cp-1");
	RUN("session who 10.0.0.8:40009 -r @", CLI_FAILED);
	SAYS(err, "no open connection comes from 10.0.0.8:40009");
	RUN("session who 10.0.0.8:40009 -f json -r @", CLI_FAILED);
	RUN("session who 10.0.0.8 -r @", CLI_USAGE);
	SAYS(err, "the port is missing");
	RUN("session who 10.0.0.8:x -r @", CLI_USAGE);
}

static void
daemon__that_is_gone__left_its_list(void **state)
{
	(void)state;
	cli_world_pid(0x3fffffff, 1);
	RUN("session -r @", CLI_NO_DAEMON);
	SAYS(out, "daemon is not running");
	SAYS(out, ":1002");
	RUN("session who 10.0.0.8:40002 -r @", CLI_NO_DAEMON);
	SAYS(out, "client 198.51.100.2:1002");
	RUN("session close 0-1 -r @", CLI_NO_DAEMON);
	RUN("session -r @ -f json", CLI_NO_DAEMON);
	SAYS(out, "\"running\": false");
}

static void
mistakes__are_usage(void **state)
{
	(void)state;
	RUN("session --help", CLI_OK);
	SAYS(out, "usage: kha session");
	RUN("session klose 0-1 -r @", CLI_USAGE);
	SAYS(err, "did you mean \"close\"");
	RUN("session close -r @", CLI_USAGE);
	SAYS(err, "needs an id");
	RUN("session close 17 -r @", CLI_USAGE);
	SAYS(err, "is no id");
	RUN("session close 0-1 0-2 -r @", CLI_USAGE);
	SAYS(err, "one word too many");
	RUN("session close 0-1 -s web -r @", CLI_USAGE);
	RUN("session --sort size -r @", CLI_USAGE);
	SAYS(err, "age, bytes or idle");
	RUN("session --sort", CLI_USAGE);
	SAYS(err, "--sort needs a value");
	RUN("session --limit 0 -r @", CLI_USAGE);
	RUN("session --limit 3x -r @", CLI_USAGE);
	RUN("session -f csv -r @", CLI_USAGE);
	RUN("session -x -r @", CLI_USAGE);
	SAYS(err, "unknown option -x");
	RUN("session -r @/nowhere", CLI_NO_DAEMON);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_sessions, cli_world_close)
	const struct CMUnitTest tests[] = {
	    TEST(list__names_clients_and_servers),
	    TEST(list__of_a_server_or_service__is_only_that),
	    TEST(who__leads_from_our_address_to_the_client),
	    TEST(daemon__that_is_gone__left_its_list),
	    TEST(mistakes__are_usage),
	};

	return cmocka_run_group_tests_name("master/cli_session", tests, NULL, NULL);
}
