/* SPDX-License-Identifier: BSD-2-Clause */
/* The table for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "shm/fmt.h"
#include "t/unit/shm_fixture.h"

static const char golden[] =
    "kha 0.1.0, node lb-1, pid 4242, up 3h02m, generation 2, 1 of 2 workers ready (epoll)\n"
    "configuration /etc/kha/kha.conf\n"
    "service web fails open: no server is UP, 1 that may still work get connections\n"
    "vip web: DEGRADED: adverts of a peer do not fit ours: Adverts with another password?\n"
    "worker 0 of generation 1 (pid 4246) does not answer: heartbeat 7.2s old\n"
    "1 old worker drains with 3 connections\n"
    "server api/cp-1 answers the check with 401: alive, but readiness is unknown (give "
    "check.cert and check.key, or let the path be read without authentication)\n"
    "3 log lines were lost\n"
    "\n"
    "service  serving    servers  active  queued  accepted  refused  failed    in   out\n"
    "api      UP             2/4      12       0       100        0       0  4.8K  3.0M\n"
    "web      FAIL-OPEN      1/1       0       0         0        0       0     0     0\n"
    "\n"
    "server       state     check             active  connected  errors  in   out  downs\n"
    "api/cp-1     UP        L7OKC/401 in 7ms       0         40       0   0     0      0\n"
    "api/cp-2     UP        L7OK/200 in 7ms       12         59       1   0  3.0M      0\n"
    "api/cp-3     DOWN      L4CON in 7ms           0          0       0   0     0      2\n"
    "api/spare    UP        L4OK in 7ms            0          0       0   0     0      0\n"
    "web/a\"b,c\\d  NOTREADY  L7STS/503 in 7ms       0          0       0   0     0      0\n"
    "\n"
    "vip  state   since  priority  owner heard  taken  sent  heard  rejected\n"
    "web  MASTER   5.0s       254  192.0.2.2        0    77      0         4\n"
    "\n"
    "process    pid  generation  state     heartbeat  active  accepted    in   out\n"
    "checker   4243           0  ready         100ms\n"
    "logger    4244           0  ready          50ms\n"
    "worker/0  4245           2  ready          20ms      12       100  4.8K  3.0M\n"
    "worker/0  4246           1  draining       7.2s       3        10     0     0\n"
    "\n"
    "counter                      total  meaning\n"
    "worker.accepted                110  Client connections accepted\n"
    "worker.active                   15  Connections open now\n"
    "worker.bytes_in               5000  Bytes from clients\n"
    "worker.bytes_out           3145728  Bytes to clients\n"
    "worker.log_dropped               2  Log lines lost on the way to the logger\n"
    "worker.close_done               87  Both sides ended their direction in good order\n"
    "worker.close_client_reset        8  The client sent a RST\n"
    "master.child_started             4  Child processes started\n"
    "master.reload_ok                 1  Reloads that succeeded\n"
    "logger.lines                   500  Lines received from all processes\n";

static void
table__of_the_sample__is_as_it_was(void **state)
{
	struct fixture f;
	struct dump *d;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	fixture_vip(&f);
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
	assert_line(text,
	    "service  serving    servers  active  queued  accepted/s  refused  failed  "
	    "in/s  out/s");
	assert_line(text,
	    "api      UP             2/4      12       0          15        0       0  "
	    "   0   1.0M");
	assert_line(text,
	    "api/cp-2     UP        L7OK/200 in 7ms       12          1.5       1     0  "
	    "    0      0");
	assert_line(text,
	    "api/cp-1     UP        L7OKC/401 in 7ms       0            -       0     -  "
	    "    -      0");
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

static char *
text_of(const struct dump *d, const struct dump *before, const struct dump_look *look)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	assert_non_null(mem);
	assert_int_equal(dump_print(d, before, DUMP_TABLE, look, mem, NULL), 0);
	fclose(mem);
	return text;
}

/* Sentences begin with a letter and stand above the first table: only tables are measured. */
static unsigned
widest_line(char *text)
{
	unsigned widest = 0;

	for (char *line = strstr(text, "\n\n"), *end; line != NULL && *line != '\0'; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		if (fmt_width(line) > widest)
			widest = fmt_width(line);
	}
	return widest;
}

static void
table__of_200_servers_with_long_names_and_big_numbers__fits_100_columns(void **state)
{
	static const struct dump_look all = {.all = true}, wide = {.width = 300},
				      screen = {.width = 90, .screen = true};
	struct dump *d, *before = malloc(sizeof *before);
	struct fixture f;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_crowd(&f);
	d = fixture_dump(&f);
	memcpy(before, d, sizeof *d);
	before->now.us -= 2000000;
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		before->sum.server[i].bytes_out = before->sum.server[i].connected = 0;
	text = text_of(d, NULL, NULL);
	/* Both ends of a name, and numbers of six characters. */
	assert_non_null(strstr(text, "\n0-000000000000\xe2\x80\xa6me-00000000198  UP "));
	assert_non_null(strstr(text, "  1.2E  "));
	assert_int_equal(widest_line(text), 100);
	free(text);
	text = text_of(d, before, NULL);
	assert_in_range(widest_line(text), 60, 100);
	free(text);
	text = text_of(d, NULL, &all);
	assert_non_null(strstr(text, "1234567890123456789"));
	assert_in_range(widest_line(text), 60, 100);
	free(text);
	/* Where there is room nothing is cut. */
	text = text_of(d, NULL, &wide);
	assert_null(strstr(text, "\xe2\x80\xa6"));
	free(text);
	text = text_of(d, NULL, &screen);
	assert_in_range(widest_line(text), 60, 90);
	free(text);
	free(d);
	free(before);
	fixture_close(&f);
}

static void
table__on_a_screen__breaks_sentences_at_blanks_and_has_colour(void **state)
{
	static const struct dump_look look = {.width = 60, .screen = true, .color = true},
				      plain = {.width = 60, .screen = true};
	struct fixture f;
	struct dump *d;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	text = text_of(d, NULL, &look);
	assert_non_null(strstr(text, "\033[33mservice web fails open: no server is UP, 1 that may "
				     "still\n  work get connections\n\033[0m"));
	assert_non_null(strstr(text, "\033[1;31mDOWN\033[0m"));
	free(text);
	text = text_of(d, NULL, &plain);
	assert_line(text, "  work get connections");
	assert_null(strchr(text, '\033'));
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
	    cmocka_unit_test(
		table__of_200_servers_with_long_names_and_big_numbers__fits_100_columns),
	    cmocka_unit_test(table__on_a_screen__breaks_sentences_at_blanks_and_has_colour),
	    cmocka_unit_test(table__of_a_dead_or_silent_daemon__says_so_first),
	};

	return cmocka_run_group_tests_name("shm/fmt_table", tests, NULL, NULL);
}
