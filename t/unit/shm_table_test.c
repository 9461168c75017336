/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables and daemon facts: published, copied, searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "shm/table.h"
#include "t/unit/shm_fixture.h"

static void
table__published__is_seen_with_its_generation(void **state)
{
	struct shm_table *t = calloc(1, sizeof *t), *got = calloc(1, sizeof *got);
	struct fixture f;

	(void)state;
	fixture_open(&f);
	assert_int_equal(table_generation(&f.seg), 0);
	t->n_services = 1;
	strcpy(t->service[0].name, "api");
	t->generation = 99; /* not ours to choose */
	table_publish(&f.seg, t);
	assert_int_equal(t->generation, 1);
	assert_int_equal(table_generation(&f.seg), 1);
	assert_true(table_snapshot(&f.seg, got));
	assert_memory_equal(got, t, sizeof *t);
	table_publish(&f.seg, t);
	assert_int_equal(table_generation(&f.seg), 2);
	fixture_close(&f);
	free(t);
	free(got);
}

static void
table__being_written__says_no_and_goes_on_afterwards(void **state)
{
	struct shm_table *got = calloc(1, sizeof *got);
	struct shm_info info = {.pid = 5};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	f.seg.head->table.seq.n = 3;
	f.seg.head->info.seq.n = 1;
	assert_false(table_snapshot(&f.seg, got));
	assert_false(info_load(&f.seg, &info));
	f.seg.head->table.seq.n = 4;
	assert_true(table_snapshot(&f.seg, got));
	info.pid = 6;
	info_store(&f.seg, &info);
	info.pid = 0;
	assert_true(info_load(&f.seg, &info));
	assert_int_equal(info.pid, 6);
	fixture_close(&f);
	free(got);
}

static void
find__looks_at_active_rows_of_the_right_service_only(void **state)
{
	struct shm_table *t = calloc(1, sizeof *t);

	(void)state;
	t->n_services = 2;
	t->n_servers = 4;
	strcpy(t->service[0].name, "web");
	t->service[0].state = ROW_REMOVED;
	strcpy(t->service[1].name, "web");
	t->service[1].state = ROW_ACTIVE;
	for (unsigned i = 0; i < 4; i++) {
		strcpy(t->server[i].name, i == 3 ? "s2" : "s1");
		t->server[i].state = i == 0 ? ROW_REMOVED : ROW_ACTIVE;
		t->server[i].service = i == 1 ? 0 : 1;
	}
	assert_int_equal(table_find_service(t, "web"), 1);
	assert_int_equal(table_find_service(t, "we"), -1);
	assert_int_equal(table_find_server(t, 1, "s1"), 2);
	assert_int_equal(table_find_server(t, 0, "s1"), 1);
	assert_int_equal(table_find_server(t, 1, "s2"), 3);
	assert_int_equal(table_find_server(t, 0, "s2"), -1);
	t->n_servers = 3; /* rows beyond were never used */
	assert_int_equal(table_find_server(t, 1, "s2"), -1);
	free(t);
}

static void
repair__makes_an_odd_sequence_even_and_only_that(void **state)
{
	struct seq seq = {.n = 4};
	_Atomic uint64_t words[2] = {0};
	const uint64_t in[2] = {7, 8};
	uint64_t out[2];

	(void)state;
	assert_false(seq_repair(&seq));
	assert_int_equal(seq.n, 4);
	seq.n = 5;
	assert_true(seq_repair(&seq));
	assert_int_equal(seq.n, 6);
	/* A new writer that finds what a killed one left goes on without repair, too. */
	seq.n = 7;
	seq_store(&seq, words, in, sizeof in);
	assert_int_equal(seq.n, 10);
	assert_true(seq_load(&seq, words, out, sizeof out));
	assert_memory_equal(in, out, sizeof in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table__published__is_seen_with_its_generation),
	    cmocka_unit_test(table__being_written__says_no_and_goes_on_afterwards),
	    cmocka_unit_test(find__looks_at_active_rows_of_the_right_service_only),
	    cmocka_unit_test(repair__makes_an_odd_sequence_even_and_only_that),
	};

	return cmocka_run_group_tests_name("shm/table", tests, NULL, NULL);
}
