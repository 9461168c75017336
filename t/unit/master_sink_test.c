/* SPDX-License-Identifier: BSD-2-Clause */
/* Log targets: their words, their lines, and readers that read slowly, late or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "master/sink.h"

static struct err err;
static struct sink_spec spec;

static int
prepare(void **state)
{
	(void)state;
	err_init(&err);
	signal(SIGPIPE, SIG_IGN);
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static void
spec__words__are_understood(void **state)
{
	char text[ADDR_TEXT];

	(void)state;
	assert_int_equal(sink_parse(&spec, "stderr", &err), 0);
	assert_int_equal(spec.kind, SINK_STDERR);
	assert_int_equal(sink_parse(&spec, "/var/log/kha.log", &err), 0);
	assert_int_equal(spec.kind, SINK_FILE);
	assert_string_equal(spec.path, "/var/log/kha.log");
	assert_int_equal(spec.level, LOG_LEVEL_DEBUG);
	assert_int_equal(sink_parse(&spec, "/var/log/kha.log:warning", &err), 0);
	assert_string_equal(spec.path, "/var/log/kha.log");
	assert_int_equal(spec.level, LOG_LEVEL_WARNING);
	assert_int_equal(sink_parse(&spec, "/var/log/12:30/k:ha.log", &err), 0);
	assert_string_equal(spec.path, "/var/log/12:30/k:ha.log");
	assert_int_equal(sink_parse(&spec, "stderr:err", &err), 0);
	assert_int_equal(spec.kind, SINK_STDERR);
	assert_int_equal(spec.level, LOG_LEVEL_ERR);
	assert_int_equal(sink_parse(&spec, "syslog", &err), 0);
	assert_int_equal(spec.kind, SINK_SYSLOG);
	assert_int_equal(spec.facility, LOG_DAEMON);
	assert_int_equal(spec.level, LOG_LEVEL_DEBUG);
	assert_int_equal(sink_parse(&spec, "syslog:local0:notice", &err), 0);
	assert_int_equal(spec.facility, LOG_LOCAL0);
	assert_int_equal(spec.level, LOG_LEVEL_NOTICE);
	assert_int_equal(sink_parse(&spec, "udp:127.0.0.1:514", &err), 0);
	assert_string_equal(addr_print(&spec.addr, text, sizeof text), "127.0.0.1:514");
	assert_int_equal(sink_parse(&spec, "udp:[::1]:514:local1:err", &err), 0);
	assert_int_equal(spec.kind, SINK_UDP);
	assert_string_equal(addr_print(&spec.addr, text, sizeof text), "[::1]:514");
	assert_int_equal(spec.facility, LOG_LOCAL1);
	assert_int_equal(spec.level, LOG_LEVEL_ERR);
	assert_int_equal(err.count, 0);
}

static void
spec__nonsense__is_named(void **state)
{
	static const char *const bad[] = {"", "stdout", "syslog:", "syslog:local8", "syslogs",
	    "syslog:daemon:loud", "udp:", "udp:127.0.0.1", "udp:host:514", "udp:[::1]514",
	    "udp:127.0.0.1:99999", "kha.log", "stderr:", "stderr:loud", "/var/log/kha.log:warn"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		err_init(&err);
		assert_int_equal(sink_parse(&spec, bad[i], &err), -1);
		assert_non_null(strstr(err_end(&err), bad[i]));
	}
}

static const struct log_head head = {
    .wall_ms = INT64_C(1795526881123), /* 2026-11-24 13:28:01.123 UTC */
    .pid = 77,
    .level = LOG_LEVEL_NOTICE,
    .who = "worker/0",
};

static const char *
format(const struct sink *t, const char *text)
{
	static char line[SINK_LINE + 1];

	line[sink_format(t, &head, text, strlen(text), line)] = '\0';
	return line;
}

static void
line__each_kind__has_its_form(void **state)
{
	struct sink t = {.spec.kind = SINK_FILE};

	(void)state;
	assert_string_equal(
	    format(&t, "hello"), "2026-11-24T13:28:01.123+00:00 kha[77] worker/0: notice: hello\n");
	t.journal = true;
	assert_string_equal(format(&t, "hello"), "<5>worker/0: hello\n");
	t = (struct sink){.datagrams = true, .spec.facility = LOG_LOCAL0};
	assert_string_equal(format(&t, "hello"), "<133>Nov 24 13:28:01 kha[77]: worker/0: hello");
}

static void
line__control_characters__do_not_make_lines(void **state)
{
	struct sink t = {.journal = true};

	(void)state;
	assert_string_equal(format(&t, "a\nb\x1b[m"), "<5>worker/0: a b [m\n");
}

static void
line__longest__fits(void **state)
{
	char text[LOG_LINE + 100];
	struct sink t = {.spec.kind = SINK_FILE};

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_true(strlen(format(&t, text)) < SINK_LINE);
}

/* A sink that writes into a pipe, as when stderr is one. */
static void
open_pipe(struct sink *t, int fds[2], bool polite)
{
	memset(t, 0, sizeof *t);
	assert_int_equal(pipe2(fds, polite ? 0 : O_NONBLOCK), 0);
	assert_true(ring_init(&t->ring));
	t->fd = fds[1];
	t->spec.level = LOG_LEVEL_DEBUG;
	t->polite = polite;
}

static bool
put(struct sink *t, const char *text)
{
	return sink_put(t, &head, text, strlen(text));
}

static void
never_read(bool polite)
{
	static char text[65536 * 4];
	const struct mono now = {1000000};
	unsigned taken = 0, lost = 0;
	int fds[2], before;
	struct sink t;
	ssize_t n;

	open_pipe(&t, fds, polite);
	before = fcntl(fds[1], F_GETFL);
	/* Nobody reads: none of these calls may block. */
	while (lost < 100) {
		if (put(&t, "nobody reads this line"))
			taken++;
		else
			lost++;
		sink_flush(&t, now);
	}
	assert_int_equal(t.lost, 100);
	assert_int_equal(fcntl(fds[1], F_GETFL), before);
	/* The reader comes back: room, and one line that counts the loss. */
	for (bool said = false; !said;) {
		n = read(fds[0], text, sizeof text - 1);
		assert_true(n > 0);
		text[n] = '\0';
		said = strstr(text, "logger: warning: 100 lines lost\n") != NULL;
		sink_flush(&t, now);
	}
	assert_true(put(&t, "and on"));
	assert_true(taken > 3000);
	close(fds[0]);
	sink_close(&t);
}

static void
flush__reader_never_reads__drops_counts_and_recovers(void **state)
{
	(void)state;
	never_read(false);
}

static void
flush__blocking_pipe__is_never_waited_for_nor_changed(void **state)
{
	(void)state;
	alarm(20); /* a blocking write would hang here for ever */
	never_read(true);
	alarm(0);
}

static void
flush__reader_gone__waits_before_it_tries_again(void **state)
{
	const struct mono now = {1000000}, later = {10000000};
	struct sink t;
	int fds[2];

	(void)state;
	open_pipe(&t, fds, false);
	close(fds[0]);
	assert_true(put(&t, "x"));
	assert_true(sink_wants(&t, now));
	sink_flush(&t, now);
	assert_false(sink_wants(&t, now)); /* so nobody polls it: no spinning */
	assert_false(sink_empty(&t));
	assert_true(sink_wants(&t, later));
	sink_close(&t);
}

static void
flush__lines_of_a_pipe__arrive_whole_and_in_order(void **state)
{
	const struct mono now = {1000000};
	char text[64], *all = calloc(1, 1 << 20), *line, *save = NULL;
	size_t got = 0;
	struct sink t;
	int fds[2];
	ssize_t n;

	(void)state;
	open_pipe(&t, fds, false);
	t.journal = true;
	for (unsigned i = 0; i < 9000; i++) {
		snprintf(text, sizeof text, "%u", i);
		assert_true(put(&t, text));
		sink_flush(&t, now);
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
		/* Pieces of odd size, so that writes end in the middle of lines. */
		n = read(fds[0], all + got, i % 97);
		got += n > 0 ? (size_t)n : 0;
	}
	while (!sink_empty(&t) || n > 0) {
		sink_flush(&t, now);
		n = read(fds[0], all + got, 4096);
		got += n > 0 ? (size_t)n : 0;
	}
	line = strtok_r(all, "\n", &save);
	for (unsigned i = 0; i < 9000; i++, line = strtok_r(NULL, "\n", &save)) {
		snprintf(text, sizeof text, "<5>worker/0: %u", i);
		assert_non_null(line);
		assert_string_equal(line, text);
	}
	assert_null(line);
	free(all);
	close(fds[0]);
	sink_close(&t);
}

static void
put__less_important_than_wanted__is_left_out(void **state)
{
	struct sink t;
	int fds[2];

	(void)state;
	open_pipe(&t, fds, false);
	t.spec.level = LOG_LEVEL_WARNING;
	assert_true(put(&t, "a notice"));
	assert_true(sink_empty(&t));
	close(fds[0]);
	sink_close(&t);
}

static void
udp__each_line__is_one_datagram(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof at;
	char text[64];
	struct sink t;
	ssize_t n;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(text, sizeof text, "udp:127.0.0.1:%u:local7", ntohs(at.sin_port));
	assert_int_equal(sink_parse(&spec, text, &err), 0);
	assert_int_equal(sink_open(&t, &spec, &err), 0);
	assert_true(put(&t, "one"));
	assert_true(put(&t, "two"));
	sink_flush(&t, (struct mono){1});
	n = recv(fd, text, sizeof text, 0);
	assert_memory_equal(text + n - 3, "one", 3);
	assert_memory_equal(text, "<189>", 5);
	n = recv(fd, text, sizeof text, 0);
	assert_memory_equal(text + n - 3, "two", 3);
	close(fd);
	sink_close(&t);
}

static void
file__cannot_be_opened__is_named(void **state)
{
	struct sink t;

	(void)state;
	assert_int_equal(sink_parse(&spec, "/nonexistent/kha.log", &err), 0);
	assert_int_equal(sink_open(&t, &spec, &err), -1);
	assert_non_null(strstr(err_end(&err), "/nonexistent/kha.log: No such file"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spec__words__are_understood),
	    cmocka_unit_test(spec__nonsense__is_named),
	    cmocka_unit_test(line__each_kind__has_its_form),
	    cmocka_unit_test(line__control_characters__do_not_make_lines),
	    cmocka_unit_test(line__longest__fits),
	    cmocka_unit_test(flush__reader_never_reads__drops_counts_and_recovers),
	    cmocka_unit_test(flush__blocking_pipe__is_never_waited_for_nor_changed),
	    cmocka_unit_test(flush__reader_gone__waits_before_it_tries_again),
	    cmocka_unit_test(flush__lines_of_a_pipe__arrive_whole_and_in_order),
	    cmocka_unit_test(put__less_important_than_wanted__is_left_out),
	    cmocka_unit_test(udp__each_line__is_one_datagram),
	    cmocka_unit_test_setup(file__cannot_be_opened__is_named, prepare),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
