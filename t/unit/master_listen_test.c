/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets: slots, what is kept over a reload, and foreign listeners. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/heritage.h"
#include "conf/conf.h"
#include "master/holder.h"
#include "master/listen.h"
#include "shm/table.h"

static char api[] = "api", web[] = "web";
static struct conf_listen at[3];
static struct conf_service services[2];
static struct conf conf;
static struct listen_set set;
static struct err err;

/* A port that was free a moment ago. */
static uint16_t
free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static int
start(void **state)
{
	char text[64];

	(void)state;
	err_init(&err);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(text, sizeof text, "127.0.0.1:%u", free_port());
		assert_null(addr_parse(&at[i].addr, text, false));
	}
	services[0] = (struct conf_service){.name = api, .listen = {at, 2}};
	services[1] = (struct conf_service){.name = web, .listen = {at + 2, 1}};
	conf = (struct conf){.services = services, .n_services = 2};
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	listen_close(&set);
	return 0;
}

static bool
connects(const struct addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM, 0);
	bool good = connect(fd, &a->sa, addr_len(a)) == 0;

	close(fd);
	return good;
}

static void
listen__bound__accepts_only_after_begin(void **state)
{
	(void)state;
	assert_int_equal(listen_bind(&set, &conf, 2, 0, &err), 0);
	assert_int_equal(set.n, 6);
	assert_false(connects(&at[0].addr));
	assert_int_equal(listen_begin(&set, &err), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_true(connects(&at[i].addr));
}

static void
listen__more_workers__adds_slots_and_fewer_keep_them(void **state)
{
	int fds[6];

	(void)state;
	assert_int_equal(listen_bind(&set, &conf, 2, 0, &err), 0);
	assert_int_equal(listen_begin(&set, &err), 0);
	listen_commit(&set, &conf);
	for (unsigned i = 0; i < 6; i++)
		fds[i] = set.rows[i].fd;
	assert_int_equal(listen_bind(&set, &conf, 3, 0, &err), 0);
	assert_int_equal(set.n, 9);
	listen_commit(&set, &conf);
	assert_int_equal(listen_bind(&set, &conf, 1, 0, &err), 0);
	assert_int_equal(set.n, 9);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(set.rows[i].fd, fds[i]);
}

static void
listen__rolled_back__keeps_what_was_there(void **state)
{
	(void)state;
	conf.n_services = 1;
	assert_int_equal(listen_bind(&set, &conf, 1, 0, &err), 0);
	assert_int_equal(listen_begin(&set, &err), 0);
	listen_commit(&set, &conf);
	conf.n_services = 2;
	assert_int_equal(listen_bind(&set, &conf, 2, 0, &err), 0);
	assert_int_equal(set.n, 6);
	listen_rollback(&set);
	assert_int_equal(set.n, 2);
	assert_true(connects(&at[0].addr));
	assert_true(connects(&at[1].addr));
	assert_false(connects(&at[2].addr));
}

static void
listen__address_left_the_file__is_closed_by_commit(void **state)
{
	(void)state;
	assert_int_equal(listen_bind(&set, &conf, 2, 0, &err), 0);
	assert_int_equal(listen_begin(&set, &err), 0);
	services[0].listen.n = 1;
	listen_commit(&set, &conf);
	assert_int_equal(set.n, 4);
	assert_true(connects(&at[0].addr));
	assert_false(connects(&at[1].addr));
	assert_true(connects(&at[2].addr));
}

static void
listen__worker__gets_its_slots_with_the_service_row(void **state)
{
	static struct shm_table table;
	struct listener *l;
	unsigned n, total = 0;

	(void)state;
	table.n_services = 2;
	table.service[0].state = table.service[1].state = ROW_ACTIVE;
	strcpy(table.service[0].name, web); /* not the order of the file */
	strcpy(table.service[1].name, api);
	assert_int_equal(listen_bind(&set, &conf, 4, 0, &err), 0);
	for (unsigned slot = 0; slot < 3; slot++) {
		l = listen_of_worker(&set, &conf, &table, slot, 3, &n);
		assert_non_null(l);
		/* Three addresses; worker 0 of 3 also takes over slot 3. */
		assert_int_equal(n, slot == 0 ? 6 : 3);
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(l[i].slot % 3, slot);
			assert_int_equal(l[i].service, addr_equal(&l[i].addr, &at[2].addr) ? 0 : 1);
		}
		total += n;
		free(l);
	}
	assert_int_equal(total, set.n);
}

static void
listen__any__takes_both_families(void **state)
{
	struct addr v4, v6, *any = &at[0].addr;
	unsigned port = addr_port(any);
	char text[64];

	(void)state;
	snprintf(text, sizeof text, "*:%u", port);
	assert_null(addr_parse(any, text, true));
	assert_int_equal(listen_bind(&set, &conf, 1, 0, &err), 0);
	assert_int_equal(listen_begin(&set, &err), 0);
	snprintf(text, sizeof text, "127.0.0.1:%u", port);
	assert_null(addr_parse(&v4, text, false));
	snprintf(text, sizeof text, "[::1]:%u", port);
	assert_null(addr_parse(&v6, text, false));
	assert_true(connects(&v4));
	if (access("/proc/net/if_inet6", F_OK) == 0)
		assert_true(connects(&v6));
}

static void
listen__address_of_nobody_here__is_bound_all_the_same(void **state)
{
	(void)state;
	/* 192.0.2.0/24 is for documentation: a VIP that another node has now. */
	assert_null(addr_parse(&at[0].addr, "192.0.2.7:16443", false));
	assert_int_equal(listen_bind(&set, &conf, 2, 0, &err), 0);
	assert_int_equal(listen_begin(&set, &err), 0);
}

/* Another process that listens there, with SO_REUSEPORT as HAProxy does it; *end lets it go. */
static pid_t
foreigner(const struct addr *a, int *end)
{
	int ready[2], go[2], fd, one = 1;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		fd = socket(a->sa.sa_family, SOCK_STREAM, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
		if (bind(fd, &a->sa, addr_len(a)) != 0 || listen(fd, 5) != 0)
			_exit(1);
		(void)!write(ready[1], "r", 1);
		(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	close(go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	*end = go[1];
	return pid;
}

static void
listen__foreign_listener__is_named_and_nothing_is_left(void **state)
{
	char want[64];
	struct holder h;
	int end, status;
	pid_t pid = foreigner(&at[2].addr, &end);

	(void)state;
	assert_true(holder_find(&at[2].addr, &h));
	assert_int_equal(h.pid, pid);
	assert_int_equal(listen_bind(&set, &conf, 2, 0, &err), -1);
	assert_int_equal(set.n, 0);
	snprintf(want, sizeof want, "%s (pid %d)", h.program, (int)pid);
	assert_non_null(strstr(err_end(&err), want));
	assert_non_null(strstr(err_end(&err), "services.web.listen"));
	close(end);
	waitpid(pid, &status, 0);
	err_init(&err);
	assert_int_equal(listen_bind(&set, &conf, 2, 0, &err), 0);
}

static void
listen__own_address_covers_a_new_one__is_no_foreigner(void **state)
{
	char text[64];

	(void)state;
	snprintf(text, sizeof text, "*:%u", addr_port(&at[0].addr));
	assert_null(addr_parse(&at[2].addr, text, true));
	conf.n_services = 1;
	assert_int_equal(listen_bind(&set, &conf, 1, 0, &err), 0);
	assert_int_equal(listen_begin(&set, &err), 0);
	listen_commit(&set, &conf);
	conf.n_services = 2;
	assert_int_equal(listen_bind(&set, &conf, 1, 0, &err), 0);
}

static void
holder__lines_of_proc__are_read(void **state)
{
	/* As the kernel prints them on a little-endian machine. */
	static const char v4[] = "   0: 0100007F:192B 00000000:0000 0A 00000000:00000000 "
				 "00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
	static const char v6[] = "   1: 00000000000000000000000000000000:192B "
				 "00000000000000000000000000000000:0000 0A 00000000:00000000 "
				 "00:00000000 00000000     0        0 815 1 0 100 0 0 10 0";
	static const char open[] = "   0: 0100007F:192B 0100007F:9999 01 00000000:00000000 "
				   "00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
	struct addr a, other;
	struct holder h;

	(void)state;
	if (htonl(1) == 1)
		skip();
	assert_null(addr_parse(&a, "127.0.0.1:6443", false));
	assert_null(addr_parse(&other, "127.0.0.2:6443", false));
	assert_true(holder_parse_line(v4, &a, &h));
	assert_int_equal(h.inode, 4711);
	assert_true(addr_equal(&h.addr, &a));
	assert_false(holder_parse_line(v4, &other, &h));
	assert_true(holder_parse_line(v6, &other, &h)); /* a wildcard covers it */
	assert_int_equal(h.inode, 815);
	assert_false(holder_parse_line(open, &a, &h)); /* a connection */
	assert_false(holder_parse_line("  sl  local_address rem_address   st", &a, &h));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(listen__bound__accepts_only_after_begin),
	    TEST(listen__more_workers__adds_slots_and_fewer_keep_them),
	    TEST(listen__rolled_back__keeps_what_was_there),
	    TEST(listen__address_left_the_file__is_closed_by_commit),
	    TEST(listen__worker__gets_its_slots_with_the_service_row),
	    TEST(listen__any__takes_both_families),
	    TEST(listen__address_of_nobody_here__is_bound_all_the_same),
	    TEST(listen__foreign_listener__is_named_and_nothing_is_left),
	    TEST(listen__own_address_covers_a_new_one__is_no_foreigner),
	    TEST(holder__lines_of_proc__are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
