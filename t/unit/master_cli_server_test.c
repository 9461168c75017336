/* SPDX-License-Identifier: BSD-2-Clause */
/* kha server: what it shows, what it sends, how it waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master/cli.h"
#include "master/ctl.h"
#include "shm/table.h"
#include "t/unit/cli_world.h"
#include "t/unit/shm_fixture.h"

enum { CP_2 = 1, CP_3 = 2, CP_1 = 3 }; /* rows of the sample */

static struct shm_table t;

static void
publish(void)
{
	table_publish(&f.seg, &t);
	for (unsigned i = 0; i < 2; i++)
		f.all->worker[i].r.table_seen = t.generation;
}

static int
open_world(void **state)
{
	cli_world_open(state);
	setenv("TZ", "UTC", 1);
	assert_true(table_snapshot(&f.seg, &t));
	return 0;
}

static void
shows(const char *part)
{
	if (strstr(out, part) == NULL)
		fail_msg("no \"%s\" in\n%s", part, out);
}

static void
all__are_listed_with_state_and_weight(void **state)
{
	struct shm_server *s = &t.server[CP_2];

	(void)state;
	s->admin = s->set_admin.timed = ADMIN_DRAIN;
	s->set_admin.since_us = mono_now().us - 200000000;
	s->set_admin.until_us = mono_now().us + INT64_C(3599500000);
	t.server[CP_3].weight = t.server[CP_3].set_weight.base = 50;
	publish();
	assert_int_equal(cli_run("server -r @"), CLI_OK);
	assert_string_equal(err, "");
	assert_memory_equal(out, "server       address          state  ", 37);
	shows("\napi/cp-1     10.0.0.21:6443   UP  ");
	shows("\napi/cp-2     10.0.0.12:6443   DRAIN, 59m59s left  3m20s  100   ");
	shows("  50 (file: 100)       0     0/2  L4CON in 7\xe2\x80\xa6\n"); /* 100 columns */
	setenv("COLUMNS", "140", 1);
	assert_int_equal(cli_run("server -r @"), CLI_OK);
	unsetenv("COLUMNS");
	shows("  50 (file: 100)       0     0/2  L4CON in 7ms: connection refused, \"twice\"\n");
	shows("\nweb/a\"b,c\\d  ");
}

static void
one__is_told_in_full(void **state)
{
	struct shm_server *s = &t.server[CP_2];

	(void)state;
	s->admin = s->set_admin.timed = ADMIN_DRAIN;
	s->set_admin.base = ADMIN_MAINT;
	s->set_admin.until_us = mono_now().us + INT64_C(59500000);
	s->set_admin.until_wall_ms = FIXTURE_WALL_MS;
	s->weight = s->set_weight.base = 7;
	s->max_connections = 250;
	publish();
	assert_int_equal(cli_run("server 10.0.0.12 -r @"), CLI_OK);
	shows("server: api/cp-2, 10.0.0.12:6443\nstate: DRAIN");
	shows("\nadmin: drain until 2023-11-14 22:13:20 (59.");
	shows("s left), then maint (operator; the file says ready)\n");
	shows("\nweight: 7 (operator; the file says 100)\n");
	shows("\nconnections: 12 of 250\nhealth: UP 3/3\nlast check: L7OK/200 in 7ms: GET /readyz: "
	      "200 OK, ");
	assert_int_equal(cli_run("server cp-3 -r @"), CLI_OK);
	shows("\nadmin: ready (file)\nweight: 100 (file)\nconnections: 0\nhealth: DOWN 0/2\n");
	assert_int_equal(cli_run("server cp-9 -r @"), CLI_FAILED);
	assert_string_equal(err, "kha server: no server \"cp-9\"; did you mean \"cp-2\"?\n");
}

static void
a_daemon_that_hangs_or_died__does_not_hinder_looking(void **state)
{
	pid_t pid = fixture_fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	f.seg.head->self.beat_us = mono_now().us - 60000000;
	assert_int_equal(cli_run("server -r @"), CLI_OK);
	shows("master does not answer; this is what stands in shared memory\nserver ");
	assert_int_equal(fixture_wait(pid), 0);
	cli_world_pid(pid, mono_now().us);
	assert_int_equal(cli_run("server cp-2 -r @"), CLI_NO_DAEMON);
	shows("is gone); this is what it left\nserver: api/cp-2");
	assert_int_equal(cli_run("server -r /nonexistent"), CLI_NO_DAEMON);
	assert_int_equal(cli_run("server cp-2 drain -r @"), CLI_NO_DAEMON);
	assert_non_null(strstr(err, "kha server: no daemon runs with run directory"));
}

static void
misused__exits_2_and_says_how(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
	    {"server cp-2 drian", "no verb \"drian\": did you mean \"drain\"?"},
	    {"server cp-2 enable", "no verb \"enable\": ready, drain, maint, weight N or close"},
	    {"server drain cp-2", "the server comes first: kha server cp-2 drain"},
	    {"server cp-2 weight", "weight needs a number from 0 to 256, or \"default\""},
	    {"server cp-2 weight 257", "weight needs a number from 0 to 256"},
	    {"server cp-2 weight 50 60", "60 is one word too many"},
	    {"server cp-2 drain now", "now is one word too many"},
	    {"server cp-2 drain --for", "--for needs a time like \"10m\""},
	    {"server cp-2 drain --for 10", "--for 10: a time needs a unit: \"10s\", \"10m\""},
	    {"server cp-2 drain --for 1.5h", "--for 1.5h: a time is a whole number and s, m or h"},
	    {"server cp-2 drain --for 999ms", "--for 999ms: a time is from 1s to 8784h"},
	    {"server cp-2 drain --for 8785h", "a time is from 1s to 8784h"},
	    {"server cp-2 close --for 1h", "--for does not go with close: it has no end"},
	    {"server cp-2 weight default --for 1h", "--for does not go with weight default"},
	    {"server cp-2 ready --wait", "--wait goes with drain, maint and close, not with ready"},
	    {"server cp-2 weight 5 --wait", "--wait goes with drain, maint and close"},
	    {"server cp-2 drain --within 5m", "--within comes with a later version"},
	    {"server cp-2 drain --within", "--within comes with a later version"},
	    {"server cp-2 --wait", "a verb is missing"},
	    {"server --force", "a verb is missing"},
	    {"server -x", "unknown option -x"},
	    {"server cp-2 drain --fro 1h", "unknown option --fro"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(cli_run(rows[i].line), CLI_USAGE);
		assert_string_equal(out, "");
		if (strstr(err, rows[i].says) == NULL || strstr(err, " --help shows") == NULL)
			fail_msg("%s: %s", rows[i].line, err);
	}
	assert_int_equal(cli_run("server --help"), CLI_OK);
	assert_memory_equal(out, "usage: kha server ", 18);
}

/* A master that answers one request; `answer` NULL: goes away without. Its exit code is 0 when the
 * request was `expect`. */
static pid_t
master(const char *expect, const char *answer)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char text[CTL_REQUEST + 1];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), client;
	ssize_t n;
	pid_t pid;

	assert_true(snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", f.dir, CTL_FILE) <
		    (int)sizeof at.sun_path);
	unlink(at.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fixture_fork();
	if (pid != 0) {
		close(fd);
		return pid;
	}
	client = accept(fd, NULL, NULL);
	n = recv(client, text, sizeof text - 1, 0);
	unlink(at.sun_path);
	if (answer != NULL)
		(void)!send(client, answer, strlen(answer), 0);
	_exit(n == (ssize_t)strlen(expect) && memcmp(text, expect, (size_t)n) == 0 ? 0 : 1);
}

static void
order__is_sent_in_words_and_its_answer_printed(void **state)
{
	pid_t pid = master("server api/cp-2 drain for 3600000 force", "0\napi/cp-2: UP -> DRAIN");

	(void)state;
	assert_int_equal(cli_run("server api/cp-2 drain --for 1h --force -r @"), CLI_OK);
	assert_string_equal(out, "api/cp-2: UP -> DRAIN\n");
	assert_string_equal(err, "");
	assert_int_equal(fixture_wait(pid), 0);
	pid = master("server cp-2 weight 0", "1\nrefused: why\n  more");
	assert_int_equal(cli_run("server cp-2 weight 0 -r @"), CLI_FAILED);
	assert_string_equal(out, "");
	assert_string_equal(err, "kha server: refused: why\n  more\n");
	assert_int_equal(fixture_wait(pid), 0);
	pid = master("server cp-2 weight default", NULL);
	assert_int_equal(cli_run("server cp-2 weight default -r @"), CLI_FAILED);
	assert_string_equal(err, "kha server: the daemon went away without an answer\n");
	assert_int_equal(fixture_wait(pid), 0);
	pid = master("server cp-2 close", "OK");
	assert_int_equal(cli_run("server cp-2 close -r @"), CLI_FAILED);
	assert_string_equal(
	    err, "kha server: the daemon answered what this version does not understand\n");
	assert_int_equal(fixture_wait(pid), 0);
}

/* ---- --wait ---- */

static bool
runs_on(pid_t pid)
{
	const struct timespec looks = {.tv_nsec = 800000000}; /* some of its looks */
	siginfo_t info = {0};

	nanosleep(&looks, NULL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == 0;
}

/* Waits for its end: exit code. */
static int
ends(pid_t pid)
{
	char o[256], e[256];
	int result = fixture_wait(pid);

	cli_world_paths(o, e);
	cli_world_slurp(o, out, sizeof out);
	cli_world_slurp(e, err, sizeof err);
	return result;
}

static pid_t
start_wait(const char *line, const char *expect)
{
	pid_t pid = master(expect, "0\nok"), verb;

	verb = cli_start(line);
	assert_int_equal(fixture_wait(pid), 0);
	return verb;
}

static void
wait__until_there_are_no_connections(void **state)
{
	pid_t pid;

	(void)state;
	t.server[CP_2].admin = ADMIN_DRAIN;
	publish();
	pid = start_wait("server cp-2 drain --wait -r @", "server cp-2 drain");
	assert_true(runs_on(pid));
	/* None now, but one worker does not know yet that it gets no more. */
	f.all->worker[0].r.table_seen = 0;
	f.all->worker[0].r.stat.server[CP_2].active = 0;
	assert_true(runs_on(pid));
	f.all->worker[0].r.table_seen = t.generation;
	assert_int_equal(ends(pid), CLI_OK);
	shows("ok\napi/cp-2: no connections left after ");
}

static void
wait__ends_when_the_server_is_used_again(void **state)
{
	pid_t pid;

	(void)state;
	t.server[CP_2].admin = ADMIN_MAINT;
	publish();
	pid = start_wait("server cp-2 maint --wait -r @", "server cp-2 maint");
	assert_true(runs_on(pid));
	t.server[CP_2].admin = ADMIN_READY;
	publish();
	assert_int_equal(ends(pid), CLI_FAILED);
	assert_non_null(
	    strstr(err, "kha server: api/cp-2 is UP again, with 12 connections, after "));
}

static void
wait__for_close__until_all_workers_did_it(void **state)
{
	pid_t pid;

	(void)state;
	t.server[CP_2].close_us = 1000;
	publish();
	f.all->worker[0].r.close_obeyed_us[CP_2] = 1000;
	pid = start_wait("server cp-2 close --wait -r @", "server cp-2 close");
	assert_true(runs_on(pid)); /* a draining one has not */
	f.all->worker[1].r.close_obeyed_us[CP_2] = 1000;
	assert_int_equal(ends(pid), CLI_OK);
	shows("ok\napi/cp-2: no old connections left after ");
}

static void
wait__ends_with_the_daemon(void **state)
{
	pid_t gone = fixture_fork(), pid;

	(void)state;
	if (gone == 0)
		_exit(0);
	assert_int_equal(fixture_wait(gone), 0);
	t.server[CP_2].admin = ADMIN_DRAIN;
	publish();
	pid = start_wait("server cp-2 drain --wait -r @", "server cp-2 drain");
	cli_world_pid(gone, mono_now().us);
	assert_true(runs_on(pid)); /* perhaps it comes back */
	assert_int_equal(ends(pid), CLI_NO_DAEMON);
	assert_string_equal(err, "kha server: the daemon is gone\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		all__are_listed_with_state_and_weight, open_world, cli_world_close),
	    cmocka_unit_test_setup_teardown(one__is_told_in_full, open_world, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		a_daemon_that_hangs_or_died__does_not_hinder_looking, open_world, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		misused__exits_2_and_says_how, open_world, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		order__is_sent_in_words_and_its_answer_printed, open_world, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		wait__until_there_are_no_connections, open_world, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		wait__ends_when_the_server_is_used_again, open_world, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		wait__for_close__until_all_workers_did_it, open_world, cli_world_close),
	    cmocka_unit_test_setup_teardown(
		wait__ends_with_the_daemon, open_world, cli_world_close),
	};

	return cmocka_run_group_tests_name("master/cli_server", tests, NULL, NULL);
}
