/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to systemd, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/sd_notify.h"

static char path[64];

/* A socket as systemd has it. name: "/path" or "@abstract". */
static int
listen_at(const char *name)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	memcpy(un.sun_path, name, strlen(name));
	if (name[0] == '@')
		un.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&un, len), 0);
	return fd;
}

static void
hears(int fd, const char *want)
{
	char text[256];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, want);
}

static int
open_with(struct sd_notify *sd, const char *socket, const char *usec, const char *pid)
{
	struct err err;
	int result;

	err_init(&err);
	setenv("NOTIFY_SOCKET", socket, 1);
	if (usec != NULL)
		setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		setenv("WATCHDOG_PID", pid, 1);
	result = sd_notify_open(sd, &err);
	assert_int_equal(err.count > 0, result < 0);
	if (result < 0)
		assert_non_null(strstr(err_end(&err), "NOTIFY_SOCKET="));
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	return result;
}

static void
messages__arrive_one_by_one_at_a_path(void **state)
{
	struct sd_notify sd;
	int fd = listen_at(path);

	(void)state;
	assert_int_equal(open_with(&sd, path, NULL, NULL), 0);
	assert_int_equal(sd.watchdog_ms, 0);
	assert_int_equal(sd_notify_send(&sd, "READY=1\nSTATUS=a"), 0);
	assert_int_equal(sd_notify_send(&sd, "STATUS=b"), 0);
	hears(fd, "READY=1\nSTATUS=a");
	hears(fd, "STATUS=b");
	sd_notify_close(&sd);
	sd_notify_close(&sd);
	close(fd);
	unlink(path);
}

static void
messages__arrive_at_an_abstract_name(void **state)
{
	struct sd_notify sd;
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof name, "@kha-test-%d", (int)getpid());
	fd = listen_at(name);
	assert_int_equal(open_with(&sd, name, NULL, NULL), 0);
	assert_int_equal(sd_notify_send(&sd, "READY=1"), 0);
	hears(fd, "READY=1");
	sd_notify_close(&sd);
	close(fd);
}

static void
no_socket__is_silent(void **state)
{
	struct sd_notify sd;

	(void)state;
	assert_int_equal(open_with(&sd, "", "1000000", NULL), 0);
	assert_int_equal(sd.fd, -1);
	assert_int_equal(sd.watchdog_ms, 0);
	assert_int_equal(sd_notify_send(&sd, "READY=1"), 0);
	sd_notify_close(&sd);
}

static void
names_that_cannot_be__are_refused(void **state)
{
	struct sd_notify sd;
	char longer[256];

	(void)state;
	memset(longer, 'x', sizeof longer);
	longer[0] = '/';
	longer[sizeof(struct sockaddr_un) - offsetof(struct sockaddr_un, sun_path)] = '\0';
	assert_int_equal(open_with(&sd, longer, NULL, NULL), -1);
	assert_int_equal(sd.fd, -1);
	assert_int_equal(open_with(&sd, "run/notify", NULL, NULL), -1);
	assert_int_equal(open_with(&sd, "vsock:2:1", NULL, NULL), -1);
	assert_int_equal(open_with(&sd, "@", NULL, NULL), -1);
	assert_int_equal(sd_notify_send(&sd, "READY=1"), 0);
}

static void
who_is_not_there__is_an_error_and_may_come_back(void **state)
{
	struct sd_notify sd;
	int fd;

	(void)state;
	assert_int_equal(open_with(&sd, path, NULL, NULL), 0);
	assert_int_equal(sd_notify_send(&sd, "READY=1"), -1);
	assert_int_equal(errno, ENOENT);
	fd = listen_at(path);
	assert_int_equal(sd_notify_send(&sd, "READY=1"), 0);
	hears(fd, "READY=1");
	sd_notify_close(&sd);
	close(fd);
	unlink(path);
}

static void
who_does_not_listen__is_not_waited_for(void **state)
{
	struct sd_notify sd;
	int fd = listen_at(path), n = 0;

	(void)state;
	assert_int_equal(open_with(&sd, path, NULL, NULL), 0);
	alarm(20); /* a call that waits fails the test */
	while (n < 100000 && sd_notify_send(&sd, "STATUS=x") == 0)
		n++;
	alarm(0);
	assert_true(n > 0 && n < 100000);
	assert_int_equal(errno, EAGAIN);
	sd_notify_close(&sd);
	close(fd);
	unlink(path);
}

static void
watchdog__is_meant_for_one_process(void **state)
{
	static const struct {
		const char *usec;
		bool other;
		int ms;
	} cases[] = {
	    {"3000000", false, 3000},
	    {"3000000", true, 0},
	    {"0", false, 0},
	    {"-5", false, 0},
	    {"3s", false, 0},
	    {"18446744073709551615", false, INT32_MAX},
	    {"99999999999999999999999", false, 0},
	};
	struct sd_notify sd;
	char pid[32];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(pid, sizeof pid, "%d", (int)getpid() + cases[i].other);
		assert_int_equal(open_with(&sd, path, cases[i].usec, pid), 0);
		assert_int_equal(sd.watchdog_ms, cases[i].ms);
		sd_notify_close(&sd);
	}
	assert_int_equal(open_with(&sd, path, "3000000", NULL), 0);
	assert_int_equal(sd.watchdog_ms, 3000);
	sd_notify_close(&sd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages__arrive_one_by_one_at_a_path),
	    cmocka_unit_test(messages__arrive_at_an_abstract_name),
	    cmocka_unit_test(no_socket__is_silent),
	    cmocka_unit_test(names_that_cannot_be__are_refused),
	    cmocka_unit_test(who_is_not_there__is_an_error_and_may_come_back),
	    cmocka_unit_test(who_does_not_listen__is_not_waited_for),
	    cmocka_unit_test(watchdog__is_meant_for_one_process),
	};

	snprintf(path, sizeof path, "/tmp/kha-notify.%d", (int)getpid());
	return cmocka_run_group_tests_name("master/sd_notify", tests, NULL, NULL);
}
