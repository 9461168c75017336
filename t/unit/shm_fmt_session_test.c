/* SPDX-License-Identifier: BSD-2-Clause */
/* Open connections as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "shm/session.h"
#include "shm/table.h"
#include "shm/fmt.h"
#include "t/unit/shm_fixture.h"

static struct shm_end
packed(const char *text)
{
	struct shm_end e;
	struct addr a;

	assert_null(addr_parse(&a, text, false));
	session_pack(&e, &a);
	return e;
}

static void
open_row(struct fixture *f, unsigned worker, unsigned row, uint64_t serial, unsigned server,
    const char *client, const char *own)
{
	fixture_session(f, worker, row, serial, server, client, own, FIXTURE_NOW_US);
}

static char *
table(struct fixture *f, size_t limit)
{
	struct dump *d = fixture_dump(f);
	static const struct session_filter everything;
	struct session_list list;
	char *text = NULL;
	struct err err;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	assert_non_null(mem);
	err_init(&err);
	assert_int_equal(session_take(&f->seg, &everything, &list, &err), 0);
	session_sort(&list, SESSION_BY_AGE);
	assert_int_equal(fmt_sessions(d, &list, limit, mem, &err), 0);
	fclose(mem);
	session_free(&list);
	free(d);
	return text;
}

static void
table__shows_what_an_operator_asks_for(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	open_row(&f, 0, 0, 61, 1, "198.51.100.1:51234", "10.0.0.8:40001");
	open_row(&f, 1, 0, 2, SHM_NO_SERVER, "[2001:db8::1]:9", "10.0.0.8:40001");
	f.all->session[1].r.row[0].who.state = SESSION_QUEUED;
	text = table(&f, 0);
	assert_string_equal(text,
	    "id    client              server    state    age   idle   in   out\n"
	    "0-61  198.51.100.1:51234  api/cp-2  open   1m01s  300ms  610  5.9K\n"
	    "1-2   [2001:db8::1]:9     api/-     queue   2.0s  300ms   20   200\n");
	free(text);
	text = table(&f, 1);
	assert_null(strstr(text, "1-2"));
	free(text);
	fixture_close(&f);
}

static void
table__of_the_longest__fits_100_columns(void **state)
{
	static struct shm_table t;
	struct fixture f;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	assert_true(table_snapshot(&f.seg, &t));
	memset(t.service[0].name, 's', SHM_NAME - 1);
	memset(t.server[1].name, 'n', SHM_NAME - 1);
	table_publish(&f.seg, &t);
	open_row(&f, 0, 0, 99999999, 1, "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535",
	    "10.0.0.8:40001");
	f.all->session[0].r.row[0].bytes[0] = UINT64_C(1023) * 1024 * 1024 + 1024 * 1000;
	text = table(&f, 0);
	assert_non_null(strstr(text, "[2001:db8:1234"));
	assert_non_null(strstr(text, "5678]:65535"));
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_in_range(fmt_width(line), 1, 100);
	free(text);
	fixture_close(&f);
}

static void
names__of_rows_that_the_table_does_not_know__are_marked(void **state)
{
	char name[FMT_SESSION_NAME];
	struct session s = {.who = {.server = 1, .server_id = 77}};
	struct fixture f;
	struct dump *d;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	assert_string_equal(fmt_session_name(d, &s, name), "api/?");
	s.who.server_id = 2;
	assert_string_equal(fmt_session_name(d, &s, name), "api/cp-2");
	s.who.service = 200;
	s.who.server = 4000;
	assert_string_equal(fmt_session_name(d, &s, name), "?/-");
	assert_string_equal(session_state_word(SESSION_STATES), "?");
	free(d);
	fixture_close(&f);
}

static void
sentence__names_the_proxy_before_it(void **state)
{
	char text[FMT_SESSION];
	struct session s = {
	    .who = {
		.server = 1, .server_id = 2, .started_us = FIXTURE_NOW_US - INT64_C(200000000)}};
	struct fixture f;
	struct dump *d;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	s.who.client = packed("203.0.113.7:4711");
	assert_string_equal(
	    fmt_session(d, &s, text), "client 203.0.113.7:4711 of api/cp-2, open for 3m20s");
	s.who.peer = packed("192.0.2.1:99");
	assert_string_equal(fmt_session(d, &s, text),
	    "client 203.0.113.7:4711 (through 192.0.2.1:99) of api/cp-2, open for 3m20s");
	free(d);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table__shows_what_an_operator_asks_for),
	    cmocka_unit_test(table__of_the_longest__fits_100_columns),
	    cmocka_unit_test(names__of_rows_that_the_table_does_not_know__are_marked),
	    cmocka_unit_test(sentence__names_the_proxy_before_it),
	};

	return cmocka_run_group_tests_name("shm/fmt_session", tests, NULL, NULL);
}
