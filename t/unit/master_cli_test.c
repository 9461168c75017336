/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs that only look, run as the program would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "master/cli.h"
#include "shm/fmt.h"
#include "shm/table.h"
#include "t/unit/cli_world.h"
#include "t/unit/shm_fixture.h"

static void
run_dir__is_the_option_or_the_environment_or_the_usual(void **state)
{
	(void)state;
	assert_string_equal(cli_run_dir(NULL), "/run/kha");
	setenv("KHA_RUN_DIR", "/x", 1);
	assert_string_equal(cli_run_dir(NULL), "/x");
	assert_string_equal(cli_run_dir("/y"), "/y");
	setenv("KHA_RUN_DIR", "", 1);
	assert_string_equal(cli_run_dir(NULL), "/run/kha");
	unsetenv("KHA_RUN_DIR");
}

static void
nearest__finds_slips_and_beginnings_but_no_strangers(void **state)
{
	static const char *const names[] = {"status", "stat", "server", "session", "doctor"};
	static const struct {
		const char *word, *near;
	} rows[] = {
	    {"statsu", "status"},
	    {"stta", "stat"},
	    {"sever", "server"},
	    {"sess", "session"},
	    {"doktor", "doctor"},
	    {"stat", "status"}, /* a beginning; an exact word is not asked about */
	    {"reload", NULL},
	    {"x", NULL},
	    {"", NULL},
	    {"a-word-that-is-longer-than-any-name-of-a-verb", NULL},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *near = cli_nearest(rows[i].word, names, 5);

		if (rows[i].near == NULL)
			assert_null(near);
		else
			assert_string_equal(near, rows[i].near);
	}
}

static void
stat__prints_each_format(void **state)
{
	(void)state;
	assert_int_equal(cli_run("stat -r @"), CLI_OK);
	assert_memory_equal(out, "kha 0.1.0, node lb-1, pid ", 26);
	assert_string_equal(err, "");
	assert_int_equal(cli_run("stat -r @ -f csv"), CLI_OK);
	assert_memory_equal(out, "# pxname,svname,", 16);
	assert_int_equal(cli_run("stat -f json -r @"), CLI_OK);
	assert_memory_equal(out, "{\n", 2);
	assert_int_equal(cli_run("stat -fprometheus -r @"), CLI_OK);
	assert_memory_equal(out, "# HELP kha_build_info ", 22);
	setenv("KHA_RUN_DIR", f.dir, 1);
	assert_int_equal(cli_run("stat -f csv"), CLI_OK);
	unsetenv("KHA_RUN_DIR");
}

static void
stat__misused__exits_2_and_says_how(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
	    {"stat -f xml", "kha stat: no format \"xml\": table, csv, json or prometheus"},
	    {"stat -f prom", "no format \"prom\": did you mean \"prometheus\"?"},
	    {"stat -f jsno", "no format \"jsno\": did you mean \"json\"?"},
	    {"stat -w 0", "-w 0 is not a number of seconds from 0.1 to 86400"},
	    {"stat -w 1s", "-w 1s is not a number"},
	    {"stat -w nan", "-w nan is not a number"},
	    {"stat -w", "option -w needs a value"},
	    {"stat --all -f csv", "--all goes with the table; csv always has all"},
	    {"stat -x", "unknown option -x"},
	    {"top -d 0", "kha top: -d 0 is not a number of seconds from 0.1 to 86400"},
	    {"top -n 0", "-n 0 is not a number from 1 on"},
	    {"top -n 3x", "-n 3x is not a number"},
	    {"top -p server", "no pane \"server\": did you mean \"servers\"?"},
	    {"top -o bites", "no order \"bites\": did you mean \"bytes\"?"},
	    {"top -o xyz", "no order \"xyz\""},
	    {"top now", "now is one word too many"},
	    {"stat --formt", "unknown option --formt"},
	    {"stat all", "all is one word too many"},
	    {"status all", "all is one word too many"},
	    {"status -r", "kha status: option -r needs a value"},
	    {"status -f csv", "unknown option -f"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(cli_run(rows[i].line), CLI_USAGE);
		assert_string_equal(out, "");
		if (strstr(err, rows[i].says) == NULL || strstr(err, " --help shows") == NULL)
			fail_msg("%s: %s", rows[i].line, err);
	}
}

static void
help__goes_to_standard_output(void **state)
{
	(void)state;
	assert_int_equal(cli_run("stat --help"), CLI_OK);
	assert_memory_equal(out, "usage: kha stat ", 16);
	assert_int_equal(cli_run("status --help"), CLI_OK);
	assert_memory_equal(out, "usage: kha status ", 18);
	assert_int_equal(cli_run("top --help"), CLI_OK);
	assert_memory_equal(out, "usage: kha top ", 15);
	assert_string_equal(err, "");
}

static void
no_daemon__exits_3(void **state)
{
	(void)state;
	assert_int_equal(cli_run("stat -r /nonexistent"), CLI_NO_DAEMON);
	assert_string_equal(err, "kha stat: no segment /nonexistent/kha.shm: kha does "
				 "not run there, or never did "
				 "(-r DIR names another run directory)\n");
	assert_int_equal(cli_run("status -r /nonexistent"), CLI_NO_DAEMON);
	f.seg.head->layout++;
	assert_int_equal(cli_run("status -r @"), CLI_FAILED);
	assert_non_null(strstr(err, "was made by another version of kha"));
}

static void
dead_daemon__is_named_and_what_it_left_is_printed(void **state)
{
	pid_t pid = fixture_fork();
	char expect[64];

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(fixture_wait(pid), 0);
	cli_world_pid(pid, mono_now().us);
	snprintf(expect, sizeof expect, "daemon is not running (pid %d is gone)", (int)pid);
	assert_int_equal(cli_run("stat -r @"), CLI_NO_DAEMON);
	assert_memory_equal(out, expect, strlen(expect));
	assert_non_null(strstr(out, "\napi/cp-1 "));
	assert_int_equal(cli_run("status -r @"), CLI_NO_DAEMON);
	assert_memory_equal(out, expect, strlen(expect));
	assert_non_null(strstr(out, "service api (leastconn): serving UP"));
	assert_int_equal(cli_run("stat -f csv -r @"), CLI_NO_DAEMON);
	assert_non_null(strstr(out, "\napi,FRONTEND,"));
}

static void
status__shows_services_workers_and_warnings(void **state)
{
	static const char *const parts[] = {
	    "kha 0.1.0, node lb-1, pid ",
	    "\nconfiguration: /etc/kha/kha.conf\n",
	    "\nlast reload: ",
	    "\nconnections: 15 of 20000, accepted 110\n",
	    "\nworker   pid  generation  state     heartbeat  connections  cpu\n",
	    "\nservice api (leastconn): serving UP, 2 of 4 servers, connections 12\n",
	    "\n  cp-1    10.0.0.21:6443   UP           ",
	    "\n  server  address          state        since  weight  active  health  last check\n",
	    "   100      12     3/3  L7OK/200 in 7ms: GET /readyz",
	    "\n  spare   10.0.0.14:6443   UP (backup)  ",
	    "\nservice web (roundrobin): serving FAIL-OPEN, 1 of 1 servers, connections "
	    "0\n",
	    "\nwarnings:\n  service web fails open: ",
	    "\n  1 old worker drains with 3 connections\n",
	    "\n  3 log lines were lost\n",
	};

	(void)state;
	assert_int_equal(cli_run("status -r @"), CLI_OK);
	for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strstr(out, parts[i]) == NULL)
			fail_msg("no \"%s\" in\n%s", parts[i], out);
	f.seg.head->self.beat_us = mono_now().us - 60000000;
	assert_int_equal(cli_run("status -r @"), CLI_OK);
	assert_memory_equal(out, "master does not answer: heartbeat 1m00s old\n", 44);
}

static void
assert_fits(const char *line, unsigned width)
{
	unsigned n = 0;
	char *save = NULL;

	assert_int_equal(cli_run(line), CLI_OK);
	for (char *l = strtok_r(out, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		/* Of sentences the terminal makes lines; here they are one each. */
		if (strncmp(l, "service ", 8) == 0 || strncmp(l, "server 0-", 9) == 0 ||
		    strncmp(l, "server 1-", 9) == 0 || strncmp(l, "server 2-", 9) == 0)
			continue;
		n++;
		if (fmt_width(l) > width)
			fail_msg("%s: %u columns: %s", line, fmt_width(l), l);
	}
	assert_true(n > 10);
}

static void
top__in_batch_mode__prints_screens_and_follows_the_exit_codes(void **state)
{
	char *first, *second;
	pid_t pid = fixture_fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(fixture_wait(pid), 0);
	assert_int_equal(cli_run("top -b -n 2 -d 0.1 -o name -r @"), CLI_OK);
	assert_string_equal(err, "");
	first = strstr(out, "kha 0.1.0, 15 of 20000 connections");
	assert_ptr_equal(first, out);
	second = strstr(first + 1, "kha 0.1.0, 15 of 20000 connections");
	assert_non_null(second);
	assert_null(strstr(second + 1, "kha 0.1.0, 15 of 20000 connections"));
	assert_non_null(strstr(second, " connections, 0.0/s, in 0/s, out 0/s, up "));
	assert_non_null(strstr(second, "\nserver       state     active  conn/s  in/s  out/s  "
				       "errors  check\napi/cp-1     UP "));
	assert_null(strchr(out, '\033'));
	assert_int_equal(cli_run("top -b -n 1 -d 0.1 -p workers -r @"), CLI_OK);
	assert_non_null(strstr(out, "\nworker/0  draining "));
	assert_int_equal(cli_run("top -b -n 1 -d 0.1 -r /nonexistent"), CLI_NO_DAEMON);
	assert_int_equal(cli_run("top -n 1 -d 0.1 -r @"), CLI_FAILED);
	assert_string_equal(err, "kha top: no terminal: kha top -b needs none\n");
	cli_world_pid(pid, mono_now().us);
	assert_int_equal(cli_run("top -b -n 1 -d 0.1 -r @"), CLI_NO_DAEMON);
	assert_non_null(strstr(out, "is gone, this is what it left; waiting for another\n"));
}

static void
width__of_all_tables__is_100_or_what_COLUMNS_says(void **state)
{
	(void)state;
	fixture_crowd(&f);
	cli_world_pid(getpid(), mono_now().us);
	assert_fits("stat -r @", 100);
	assert_fits("stat --all -r @", 100);
	assert_fits("server -r @", 100);
	setenv("COLUMNS", "120", 1);
	assert_fits("server -r @", 120);
	unsetenv("COLUMNS");
	assert_int_equal(cli_run("status -r @"), CLI_OK);
	/* A row of a server: both ends of its name and address, and how its check went. */
	assert_non_null(strstr(out, "\n  kube-"));
	for (char *l = strstr(out, "\n  kube-"); l != NULL; l = strstr(l + 1, "\n  kube-")) {
		*strchr(l + 1, '\n') = '\0';
		assert_int_equal(fmt_width(l + 1), 100);
		assert_non_null(strstr(l + 1, "]:65535  "));
		assert_non_null(strstr(l + 1, "  L7OKC/401 in "));
		l += strlen(l + 1);
	}
}

static void
output__that_cannot_be_written__exits_1(void **state)
{
	char o[256], e[256], link[512];

	(void)state;
	cli_world_paths(o, e);
	unlink(o);
	snprintf(link, sizeof link, "%s", o);
	assert_int_equal(symlink("/dev/full", link), 0);
	assert_int_equal(fixture_wait(cli_start("stat -r @")), CLI_FAILED);
	cli_world_slurp(e, err, sizeof err);
	assert_string_equal(err, "kha stat: standard output: No space left on device\n");
	assert_int_equal(fixture_wait(cli_start("status -r @")), CLI_FAILED);
	assert_int_equal(fixture_wait(cli_start("stat --help")), CLI_FAILED);
}

static void
watch__repeats_with_rates_and_follows_a_restarted_daemon(void **state)
{
	struct mono began = mono_now();
	char o[256], e[256], *at;
	struct fixture second;
	pid_t pid;
	int n;

	(void)state;
	cli_world_paths(o, e);
	close(open(o, O_WRONLY | O_CREAT | O_TRUNC, 0600));
	pid = cli_start("stat -w 0.1 -r @");
	do { /* until the third table, with rates */
		f.all->worker[0].r.stat.service[0].accepted += 1000;
		cli_world_slurp(o, out, sizeof out);
		for (n = 0, at = out; (at = strstr(at, "accepted/s")) != NULL; at++)
			n++;
		assert_true(mono_diff_ms(began, mono_now()) < 20000);
	} while (n < 2);
	assert_null(strstr(out, "generation 77"));
	/* Another daemon takes over the directory. */
	second = f;
	assert_int_equal(seg_create(&f.seg, second.dir, NULL), 0);
	munmap(f.all, SHM_SIZE);
	f.all = mmap(NULL, SHM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f.seg.rw_fd, 0);
	seg_close(&second.seg);
	info_store(
	    &f.seg, &(struct shm_info){
			.pid = (int32_t)getpid(), .start_us = mono_now().us, .generation = 77});
	seg_publish(&f.seg);
	do {
		cli_world_slurp(o, out, sizeof out);
		assert_true(mono_diff_ms(began, mono_now()) < 20000);
	} while (strstr(out, "generation 77") == NULL);
	kill(pid, SIGINT);
	assert_int_equal(fixture_wait(pid), 256 + SIGINT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(run_dir__is_the_option_or_the_environment_or_the_usual),
	    cmocka_unit_test(nearest__finds_slips_and_beginnings_but_no_strangers),
	    cmocka_unit_test_setup_teardown(
		stat__prints_each_format, cli_world_open, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		stat__misused__exits_2_and_says_how, cli_world_open, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		help__goes_to_standard_output, cli_world_open, cli_world_close),
	    cmocka_unit_test_setup_teardown(no_daemon__exits_3, cli_world_open, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		dead_daemon__is_named_and_what_it_left_is_printed, cli_world_open, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		status__shows_services_workers_and_warnings, cli_world_open, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		top__in_batch_mode__prints_screens_and_follows_the_exit_codes, cli_world_open,
		cli_world_close),
	    cmocka_unit_test_setup_teardown(
		width__of_all_tables__is_100_or_what_COLUMNS_says, cli_world_open, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		output__that_cannot_be_written__exits_1, cli_world_open, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		watch__repeats_with_rates_and_follows_a_restarted_daemon, cli_world_open,
		cli_world_close),
	};

	return cmocka_run_group_tests_name("master/cli", tests, NULL, NULL);
}
