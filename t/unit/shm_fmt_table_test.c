/* SPDX-License-Identifier: BSD-2-Clause */
/* The table for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "t/unit/shm_fixture.h"

static const char golden[] =
    "kha 0.1.0, node lb-1, pid 4242, up 3h02m, generation 2, 1 of 2 workers ready "
    "(epoll), configuration /etc/kha/kha.conf\n"
    "service web fails open: no server is UP, 1 that may still work get connections\n"
    "worker 0 of generation 1 (pid 4246) does not answer: heartbeat 7.2s old\n"
    "1 old worker drains with 3 connections\n"
    "server api/cp-1 answers the check with 401: alive, but readiness is unknown (give "
    "check.cert and check.key, or let the path be read without authentication)\n"
    "3 log lines were lost\n"
    "\n"
    "service  serving    servers  accepted  active  bytes_in  bytes_out\n"
    "api      UP             2/4       100      12      4.8K       3.0M\n"
    "web      FAIL-OPEN      1/1         0       0         0          0\n"
    "\n"
    "server       state     weight  check             picked  connected  active  "
    "bytes_out  connect_failed  connect  last_byte  checks  failures  up_down  downtime\n"
    "api/cp-1     UP           100  L7OKC/401 in 7ms       0         40       0          "
    "0               0      0ms  never           0         0        0       0ms\n"
    "api/cp-2     UP           100  L7OK/200 in 7ms       60         59      12       "
    "3.0M               1     1.2s  2.5s            0         0        0       0ms\n"
    "api/cp-3     DOWN         100  L4CON in 7ms           0          0       0          "
    "0               0      0ms  never          50         5        2     1m00s\n"
    "api/spare    UP           50b  L4OK in 7ms            0          0       0          "
    "0               0      0ms  never           0         0        0       0ms\n"
    "web/a\"b,c\\d  NOTREADY     100  L7STS/503 in 7ms       0          0       0        "
    "  0               0      0ms  never           0         0        0       0ms\n"
    "\n"
    "process    pid  generation  state     heartbeat  active\n"
    "checker   4243           0  ready         100ms\n"
    "logger    4244           0  ready          50ms\n"
    "worker/0  4245           2  ready          20ms      12\n"
    "worker/0  4246           1  draining       7.2s       3\n"
    "\n"
    "counter                    total  meaning\n"
    "worker.accepted              110  Client connections accepted\n"
    "worker.active                 15  Connections open now\n"
    "worker.bytes_in             4.8K  Bytes from clients\n"
    "worker.bytes_out            3.0M  Bytes to clients\n"
    "worker.log_dropped             2  Log lines lost on the way to the logger\n"
    "worker.close_done             87  Both sides ended their direction in good order\n"
    "worker.close_client_reset      8  The client sent a RST\n"
    "master.child_started           4  Child processes started\n"
    "master.reload_ok               1  Reloads that succeeded\n"
    "logger.lines                 500  Lines received from all processes\n";

static void
table__of_the_sample__is_as_it_was(void **state)
{
	struct fixture f;
	struct dump *d;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	text = fixture_text(d, NULL, DUMP_TABLE);
	assert_string_equal(text, golden);
	free(text);
	free(d);
	fixture_close(&f);
}

static void
assert_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (at == NULL || (at > text && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("no line \"%s\" in\n%s", line, text);
}

static void
table__with_an_older_copy__shows_rates(void **state)
{
	struct dump *d, *before = malloc(sizeof *before);
	struct fixture f;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	memcpy(before, d, sizeof *d);
	before->now.us -= 2000000;
	before->sum.service[0].accepted -= 30;
	before->sum.service[0].bytes_out -= 2 * 1024 * 1024;
	before->sum.server[1].connected -= 3;
	before->table.server[3].id++; /* then it was another server's index */
	text = fixture_text(d, before, DUMP_TABLE);
	assert_line(text, "service  serving    servers  accepted  active  bytes_in  bytes_out  "
			  "accepted/s  bytes_in/s  bytes_out/s");
	assert_line(text, "api      UP             2/4       100      12      4.8K       3.0M  "
			  "        15           0         1.0M");
	assert_non_null(strstr(text, "connected/s  bytes_in/s  bytes_out/s"));
	assert_non_null(strstr(text, "2.5s               1.5           0"));
	assert_non_null(strstr(text, "never                -           -            -"));
	free(text);
	free(d);
	free(before);
	fixture_close(&f);
}

static void
table__of_a_dead_or_silent_daemon__says_so_first(void **state)
{
	struct fixture f;
	struct dump *d;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	d->daemon = DAEMON_GONE;
	text = fixture_text(d, NULL, DUMP_TABLE);
	assert_memory_equal(text, "daemon is not running (pid 4242 is gone)", 40);
	assert_null(strstr(text, "heartbeat 7.2s old")); /* no wonder */
	free(text);
	d->daemon = DAEMON_SILENT;
	d->beat_us = d->now.us - 5250000;
	text = fixture_text(d, NULL, DUMP_TABLE);
	assert_line(text, "master does not answer: heartbeat 5.2s old (pid 4242)");
	free(text);
	free(d);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table__of_the_sample__is_as_it_was),
	    cmocka_unit_test(table__with_an_older_copy__shows_rates),
	    cmocka_unit_test(table__of_a_dead_or_silent_daemon__says_so_first),
	};

	return cmocka_run_group_tests_name("shm/fmt_table", tests, NULL, NULL);
}
