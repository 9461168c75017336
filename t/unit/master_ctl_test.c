/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said over the control socket, and who may say it how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/ctl.h"

static const char *
parse(const char *text, struct ctl_request *r)
{
	return ctl_parse(text, strlen(text), r);
}

static void
request__known_verbs__are_understood(void **state)
{
	struct ctl_request r;

	(void)state;
	assert_null(parse("reload", &r));
	assert_int_equal(r.verb, CTL_RELOAD);
	assert_false(r.force);
	assert_null(parse("reload force", &r));
	assert_true(r.force);
	assert_null(parse("stop", &r));
	assert_int_equal(r.verb, CTL_STOP);
	assert_null(parse("quit", &r));
	assert_int_equal(r.verb, CTL_QUIT);
	assert_null(parse("reopen", &r));
	assert_int_equal(r.verb, CTL_REOPEN);
	assert_null(parse("server api/cp-1 drain for 60000", &r));
	assert_int_equal(r.verb, CTL_SERVER);
	assert_int_equal(r.order.verb, ORDER_DRAIN);
	assert_string_equal(r.order.server, "api/cp-1");
	assert_null(parse("session close 3-18213", &r));
	assert_int_equal(r.verb, CTL_SESSION);
	assert_int_equal(r.session.worker, 3);
	assert_int_equal(r.session.serial, 18213);
}

static void
request__anything_else__is_refused_with_a_sentence(void **state)
{
	static const char *const bad[] = {"", "r", "reloa", "reloadforce", "reload  force",
	    "reload force ", "reload now", "stop force", "RELOAD", "quit\n", "server", "server ",
	    "server force", "servers x drain", "server x drain now", "session", "session ",
	    "session close", "session close ", "session close 1", "session close 1-2 ",
	    "session open 1-2", "session close 1-2 force"};
	struct ctl_request r;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(parse(bad[i], &r));
	assert_non_null(ctl_parse("stop\0", 5, &r));
}

static void
reply__code_and_text__are_taken_apart(void **state)
{
	const char *rest;

	(void)state;
	assert_int_equal(ctl_parse_reply("0\nall\ngood", &rest), 0);
	assert_string_equal(rest, "all\ngood");
	assert_int_equal(ctl_parse_reply("1\n", &rest), 1);
	assert_string_equal(rest, "");
	assert_int_equal(ctl_parse_reply("", &rest), -1);
	assert_int_equal(ctl_parse_reply("1", &rest), -1);
	assert_int_equal(ctl_parse_reply("x\n", &rest), -1);
	assert_int_equal(ctl_parse_reply("-1\n", &rest), -1);
	assert_int_equal(ctl_parse_reply("256\n", &rest), -1);
}

/* ---- over a real socket ---- */

static struct {
	struct ev_loop *loop;
	struct ctl *ctl;
	char dir[32];
	uint64_t client;
	struct ctl_request request;
} world;

static void
on_request(void *arg, uint64_t client, const struct ctl_request *r)
{
	assert_ptr_equal(arg, &world);
	world.client = client;
	world.request = *r;
}

static int
open_world(void **state)
{
	struct err err;

	(void)state;
	err_init(&err);
	memset(&world, 0, sizeof world);
	strcpy(world.dir, "/tmp/kha-ctl.XXXXXX");
	assert_non_null(mkdtemp(world.dir));
	world.loop = ev_loop_new(EVFLAG_NOENV);
	world.ctl = ctl_open(world.loop, world.dir, on_request, &world, &err);
	assert_non_null(world.ctl);
	return 0;
}

static int
close_world(void **state)
{
	(void)state;
	ctl_close(world.ctl, 0, "");
	ev_loop_destroy(world.loop);
	assert_int_equal(rmdir(world.dir), 0); /* the socket is gone */
	return 0;
}

static int
connect_client(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", world.dir, CTL_FILE);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static void
turn(void)
{
	for (int i = 0; i < 5; i++)
		ev_run(world.loop, EVRUN_NOWAIT);
}

static void
socket__is_for_us_alone(void **state)
{
	char path[64];
	struct stat st;

	(void)state;
	snprintf(path, sizeof path, "%s/%s", world.dir, CTL_FILE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
socket__request__is_replied_once_and_closed(void **state)
{
	int fd = connect_client();
	char text[64];

	(void)state;
	assert_int_equal(send(fd, "reload force", 12, 0), 12);
	turn();
	assert_int_not_equal(world.client, 0);
	assert_int_equal(world.request.verb, CTL_RELOAD);
	assert_true(world.request.force);
	/* Who asks is known. */
	assert_int_equal(world.request.uid, getuid());
	assert_int_equal(world.request.pid, getpid());
	ctl_reply(world.ctl, world.client, 1, "no");
	ctl_reply(world.ctl, world.client, 0, "again");
	assert_int_equal(recv(fd, text, sizeof text, 0), 4);
	assert_memory_equal(text, "1\nno", 4);
	assert_int_equal(recv(fd, text, sizeof text, 0), 0);
	close(fd);
}

static void
socket__client_left__its_reply_hurts_nobody(void **state)
{
	int fd = connect_client(), other;
	uint64_t gone;
	char text[8];

	(void)state;
	assert_int_equal(send(fd, "reopen", 6, 0), 6);
	turn();
	gone = world.client;
	close(fd);
	turn();
	other = connect_client();
	assert_int_equal(send(other, "reload", 6, 0), 6);
	turn();
	assert_int_not_equal(world.client, gone);
	ctl_reply(world.ctl, gone, 0, "late");
	assert_int_equal(recv(other, text, sizeof text, MSG_DONTWAIT), -1);
	close(other);
}

static void
socket__silent_clients__do_not_keep_others_out(void **state)
{
	int silent[40], fd;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		silent[i] = connect_client();
		turn();
	}
	/* More than have room; the others wait in the backlog until one leaves. */
	fd = connect_client();
	assert_int_equal(send(fd, "stop", 4, 0), 4);
	turn();
	assert_int_equal(world.client, 0);
	for (unsigned i = 0; i < 40; i++)
		close(silent[i]);
	turn();
	turn();
	for (int i = 0; i < 20 && world.client == 0; i++)
		turn();
	assert_int_equal(world.request.verb, CTL_STOP);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request__known_verbs__are_understood),
	    cmocka_unit_test(request__anything_else__is_refused_with_a_sentence),
	    cmocka_unit_test(reply__code_and_text__are_taken_apart),
	    cmocka_unit_test_setup_teardown(socket__is_for_us_alone, open_world, close_world),
	    cmocka_unit_test_setup_teardown(
		socket__request__is_replied_once_and_closed, open_world, close_world),
	    cmocka_unit_test_setup_teardown(
		socket__client_left__its_reply_hurts_nobody, open_world, close_world),
	    cmocka_unit_test_setup_teardown(
		socket__silent_clients__do_not_keep_others_out, open_world, close_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
