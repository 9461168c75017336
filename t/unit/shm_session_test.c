/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of open connections, as readers see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/session.h"
#include "t/unit/shm_fixture.h"

#define W0 ENTRY_WORKER0

static const struct session_filter everything;

static struct addr
parsed(const char *text)
{
	struct addr a;

	assert_null(addr_parse(&a, text, false));
	return a;
}

static struct shm_end
end(const char *text)
{
	struct addr a = parsed(text);
	struct shm_end e;

	session_pack(&e, &a);
	return e;
}

static void
open_row(struct fixture *f, unsigned worker, unsigned row, uint64_t serial, unsigned server,
    const char *client, const char *own)
{
	fixture_session(f, worker, row, serial, server, client, own, FIXTURE_NOW_US);
}

static struct session_list
take(struct fixture *f, const struct session_filter *filter)
{
	struct session_list list;
	struct err err;

	err_init(&err);
	assert_int_equal(session_take(&f->seg, filter, &list, &err), 0);
	return list;
}

static void
ids__are_read_as_they_are_printed_and_nothing_else_is(void **state)
{
	static const char *const bad[] = {"", "-", "1", "1-", "-1", "1-0", "160-1", "01-1", "1-01",
	    "1-1 ", " 1-1", "1-1x", "1--1", "+1-1", "1-281474976710656", "99999999999999999999-1",
	    "1-99999999999999999999"};
	struct session_id id;
	char text[SESSION_ID];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (session_id_parse(bad[i], strlen(bad[i]), &id))
			fail_msg("'%s' is taken for %u-%lu", bad[i], id.worker,
			    (unsigned long)id.serial);
	assert_false(session_id_parse("1-1\0", 4, &id));
	assert_true(session_id_parse("0-7", 3, &id));
	assert_int_equal(id.worker, 0);
	assert_int_equal(id.serial, 7);
	assert_true(session_id_parse("159-281474976710655", 19, &id));
	assert_int_equal(id.serial, SHM_SERIAL_MAX);
	assert_string_equal(session_id_print(&id, text), "159-281474976710655");
}

static void
addresses__come_back_as_they_went_in(void **state)
{
	static const char *const texts[] = {
	    "192.0.2.7:51234", "[2001:db8::7]:65535", "0.0.0.1:1", "[::1]:443", "[fe80::1]:9"};
	char text[ADDR_TEXT];
	struct shm_end e;
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		e = end(texts[i]);
		session_unpack(&a, &e);
		assert_string_equal(addr_print(&a, text, sizeof text), texts[i]);
	}
	a = (struct addr){.sa.sa_family = AF_UNSPEC};
	session_pack(&e, &a);
	session_unpack(&a, &e);
	assert_int_equal(a.sa.sa_family, AF_UNSPEC);
}

static void
rows__of_all_workers__are_listed_and_free_ones_are_not(void **state)
{
	struct session_list list;
	struct session one;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	open_row(&f, 0, 0, 11, 1, "198.51.100.1:1000", "10.0.0.8:40001");
	open_row(&f, 0, 2, 12, 2, "198.51.100.2:1000", "10.0.0.8:40002");
	open_row(&f, 1, 0, 11, 1, "[2001:db8::3]:1000", "10.0.0.8:40003");
	/* Of an entry that no worker has. */
	open_row(&f, 2, 0, 13, 1, "198.51.100.4:1000", "10.0.0.8:40004");
	list = take(&f, &everything);
	assert_int_equal(list.n, 3);
	assert_int_equal(list.torn, 0);
	assert_int_equal(list.v[0].who.serial, 11);
	assert_int_equal(list.v[0].bytes[0], 110);
	assert_int_equal(list.v[0].bytes[1], 1100);
	assert_int_equal(list.v[1].who.serial, 12);
	assert_int_equal(list.v[2].id.worker, 1);
	session_free(&list);
	assert_true(session_find(&f.seg, &(struct session_id){1, 11}, &one));
	assert_int_equal(one.who.server, 1);
	assert_false(session_find(&f.seg, &(struct session_id){1, 12}, &one));
	assert_false(session_find(&f.seg, &(struct session_id){2, 13}, &one));
	assert_false(session_find(&f.seg, &(struct session_id){4000, 13}, &one));
	fixture_close(&f);
}

static void
filters__leave_what_is_wanted(void **state)
{
	struct session_filter by_server = {.by_server = true}, by_service = {.by_service = true};
	struct addr own = parsed("10.0.0.8:40002"), other = parsed("10.0.0.8:40009");
	struct session_filter who = {.own = &own}, nobody = {.own = &other};
	struct session_list list;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	open_row(&f, 0, 0, 1, 1, "198.51.100.1:1000", "10.0.0.8:40001");
	open_row(&f, 0, 1, 2, 5, "198.51.100.2:1000", "10.0.0.8:40002");
	open_row(&f, 0, 2, 3, SHM_NO_SERVER, "198.51.100.3:1000", "10.0.0.8:40003");
	/* The same port towards another server. */
	open_row(&f, 1, 0, 4, 1, "198.51.100.4:1000", "10.0.0.8:40002");
	by_server.server[1] = true;
	by_service.service[1] = true;
	list = take(&f, &by_server);
	assert_int_equal(list.n, 2);
	session_free(&list);
	list = take(&f, &by_service);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.v[0].who.serial, 2);
	session_free(&list);
	list = take(&f, &who);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.v[0].who.serial, 2);
	assert_int_equal(list.v[1].who.serial, 4);
	session_free(&list);
	list = take(&f, &nobody);
	assert_int_equal(list.n, 0);
	session_free(&list);
	fixture_close(&f);
}

static void
order__is_oldest_largest_or_longest_silent_first(void **state)
{
	struct session_list list;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	for (unsigned i = 0; i < 4; i++)
		open_row(&f, 0, i, i + 1, 1, "198.51.100.1:1000", "10.0.0.8:40001");
	f.all->session[0].r.row[2].last_ms -= 5000;
	list = take(&f, &everything);
	session_sort(&list, SESSION_BY_AGE);
	assert_int_equal(list.v[0].who.serial, 4);
	assert_int_equal(list.v[3].who.serial, 1);
	session_sort(&list, SESSION_BY_BYTES);
	assert_int_equal(list.v[0].who.serial, 4);
	session_sort(&list, SESSION_BY_IDLE);
	assert_int_equal(list.v[0].who.serial, 3);
	assert_int_equal(list.v[1].who.serial, 1); /* equal ones by id */
	session_free(&list);
	fixture_close(&f);
}

static void
reader__leaves_pages_alone_that_were_never_used(void **state)
{
	struct stat before, after;
	struct session_list list;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	open_row(&f, 0, 0, 1, 1, "198.51.100.1:1000", "10.0.0.8:40001");
	assert_int_equal(fstat(f.seg.ro_fd, &before), 0);
	for (int i = 0; i < 3; i++) {
		list = take(&f, &everything);
		assert_int_equal(list.n, 1);
		session_free(&list);
	}
	assert_int_equal(fstat(f.seg.ro_fd, &after), 0);
	assert_int_equal(after.st_blocks, before.st_blocks);
	/* A top that no worker can have written. */
	f.all->worker[0].r.session_top = UINT32_MAX;
	list = take(&f, &everything);
	assert_int_equal(list.n, 1);
	session_free(&list);
	fixture_close(&f);
}

static void
row__whose_writer_stopped_in_it__is_counted_and_holds_nobody_up(void **state)
{
	struct session_list list;
	struct fixture f;
	struct mono began;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	for (unsigned i = 0; i < 1000; i++) {
		open_row(&f, 0, i, i + 1, 1, "198.51.100.1:1000", "10.0.0.8:40001");
		if (i != 500)
			f.all->session[0].r.row[i].seq.n |= 1;
	}
	began = mono_now();
	list = take(&f, &everything);
	assert_in_range(mono_diff_ms(began, mono_now()), 0, 1000);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.v[0].who.serial, 501);
	assert_int_equal(list.torn, 999);
	session_free(&list);
	fixture_close(&f);
}

/* A worker at whose rows connections come and go as fast as it can. Everything in a row follows
 * from its serial. */
static void
churn(struct fixture *f)
{
	struct shm_session *s = f->all->session[0].r.row;
	const uint64_t none = 0;
	struct shm_who who = {.state = SESSION_OPEN};

	for (uint64_t serial = 1;; serial++) {
		struct shm_session *row = &s[serial % 4];

		seq_store(&row->seq, row->words, &none, sizeof none);
		for (int i = 0; i < 2; i++)
			atomic_store_explicit(&row->bytes[i], serial, memory_order_release);
		atomic_store_explicit(&row->last_ms, serial, memory_order_release);
		who.serial = serial;
		who.started_us = (int64_t)serial;
		memset(&who.client, (int)serial, sizeof who.client);
		memset(&who.own, (int)serial, sizeof who.own);
		seq_store(&row->seq, row->words, &who, sizeof who);
	}
}

static void
reader__beside_a_writer__sees_whole_rows_of_one_connection(void **state)
{
	struct session_list list;
	uint64_t last = 0, seen = 0;
	struct mono until;
	struct fixture f;
	pid_t pid;

	(void)state;
	fixture_open(&f);
	fixture_worker(&f, W0, 0, 1);
	f.all->worker[0].r.session_top = 4;
	pid = fixture_fork();
	if (pid == 0)
		churn(&f);
	until = mono_add_ms(mono_now(), 30000);
	while ((seen < 20000 || last < 100000) && mono_now().us < until.us) {
		list = take(&f, &everything);
		for (size_t i = 0; i < list.n; i++) {
			const struct session *s = &list.v[i];

			assert_int_equal(s->who.started_us, s->who.serial);
			assert_int_equal(s->bytes[0], s->who.serial);
			assert_int_equal(s->bytes[1], s->who.serial);
			assert_int_equal(s->last_ms, s->who.serial);
			assert_int_equal(s->who.client.ip[0], (uint8_t)s->who.serial);
			assert_int_equal(s->who.own.ip[15], (uint8_t)s->who.serial);
			last = s->who.serial > last ? s->who.serial : last;
		}
		seen += list.n;
		session_free(&list);
	}
	assert_true(seen >= 20000);
	kill(pid, SIGKILL);
	assert_int_equal(fixture_wait(pid), 256 + SIGKILL);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids__are_read_as_they_are_printed_and_nothing_else_is),
	    cmocka_unit_test(addresses__come_back_as_they_went_in),
	    cmocka_unit_test(rows__of_all_workers__are_listed_and_free_ones_are_not),
	    cmocka_unit_test(filters__leave_what_is_wanted),
	    cmocka_unit_test(order__is_oldest_largest_or_longest_silent_first),
	    cmocka_unit_test(reader__leaves_pages_alone_that_were_never_used),
	    cmocka_unit_test(row__whose_writer_stopped_in_it__is_counted_and_holds_nobody_up),
	    cmocka_unit_test(reader__beside_a_writer__sees_whole_rows_of_one_connection),
	};

	return cmocka_run_group_tests_name("shm/session", tests, NULL, NULL);
}
