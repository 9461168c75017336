/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors and sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "shm/stat.h"
#include "t/unit/shm_fixture.h"

static void
descriptors__stand_at_the_place_of_their_field(void **state)
{
	struct stat_worker w = {.spliced = 5, .close_idle = 7};
	struct stat_server s = {.last_byte = 9};
	unsigned found = 0;

	(void)state;
	for (unsigned i = 0; i < stat_sets[STAT_SET_WORKER].n; i++) {
		uint64_t v = stat_row(&w, i);
		const char *name = stat_sets[STAT_SET_WORKER].rows[i].name;

		if (strcmp(name, "spliced") == 0)
			assert_int_equal(v, 5);
		else if (strcmp(name, "close_idle") == 0)
			assert_int_equal(v, 7);
		else
			assert_int_equal(v, 0);
		found += v != 0;
	}
	assert_int_equal(found, 2);
	assert_int_equal(stat_row(&s, stat_sets[STAT_SET_SERVER].n - 1), 9);
	assert_ptr_equal(close_counter(&w, CLOSE_idle), &w.close_idle);
	assert_ptr_equal(close_counter(&w, CLOSE_done), &w.close_done);
	assert_ptr_equal(close_counter(&w, CLOSE_internal), &w.close_internal);
	assert_string_equal(close_name(CLOSE_client_reset), "client_reset");
	assert_string_equal(close_letters(CLOSE_idle), "cD");
	assert_true(close_is_error(CLOSE_no_server));
	assert_false(close_is_error(CLOSE_done));
}

static void
descriptors__have_help_and_exported_names_are_unique(void **state)
{
	(void)state;
	for (int s = 0; s < STAT_SETS; s++)
		for (unsigned i = 0; i < stat_sets[s].n; i++) {
			const struct stat_desc *d = &stat_sets[s].rows[i];

			assert_true(strlen(d->help) > 5);
			assert_true(d->help[strlen(d->help) - 1] != '.');
			for (int t = 0; t < STAT_SETS; t++)
				for (unsigned k = 0; k < stat_sets[t].n; k++)
					if (d != &stat_sets[t].rows[k] && d->prom[0] != '\0')
						assert_string_not_equal(
						    d->prom, stat_sets[t].rows[k].prom);
			/* Base units of Prometheus. */
			if (d->unit == STAT_MSEC && d->prom[0] != '\0')
				assert_non_null(strstr(d->prom, "_seconds"));
		}
	assert_true(stat_layout_id() != 0);
	assert_true(stat_layout_id() == stat_layout_id());
}

static void
slabs__added__sum_counters_and_keep_the_later_stamp(void **state)
{
	struct stat_slab *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);

	(void)state;
	a->worker.accepted = 1;
	a->server[SHM_SERVERS - 1].last_byte = 50;
	b->worker.accepted = 2;
	b->worker.active = 3;
	b->service[SHM_SERVICES - 1].active = 4;
	b->server[SHM_SERVERS - 1].last_byte = 40;
	b->server[0].last_byte = 60;
	stat_slab_add(a, b, false);
	assert_int_equal(a->worker.accepted, 3);
	assert_int_equal(a->worker.active, 0);
	assert_int_equal(a->service[SHM_SERVICES - 1].active, 0);
	assert_int_equal(a->server[SHM_SERVERS - 1].last_byte, 50);
	assert_int_equal(a->server[0].last_byte, 60);
	stat_slab_add(a, b, true);
	assert_int_equal(a->worker.active, 3);
	assert_int_equal(a->service[SHM_SERVICES - 1].active, 4);
	stat_slab_clear(a);
	memset(b, 0, sizeof *b);
	assert_memory_equal(a, b, sizeof *a);
	free(a);
	free(b);
}

static void
sum__is_of_living_workers_and_the_retired(void **state)
{
	struct stat_slab *sum = calloc(1, sizeof *sum);
	struct fixture f;

	(void)state;
	fixture_open(&f);
	fixture_worker(&f, ENTRY_WORKER0, 0, 1);
	fixture_worker(&f, SHM_ENTRIES - 1, 1, 2);
	f.all->worker[0].r.stat.server[3].active = 1;
	f.all->worker[0].r.stat.server[3].connect_failed = 10;
	f.all->worker[0].r.stat.server[3].last_byte = 500;
	f.all->worker[SHM_WORKERS * SHM_GENERATIONS - 1].r.stat.server[3].active = 2;
	f.all->worker[SHM_WORKERS * SHM_GENERATIONS - 1].r.stat.service[1].active = 5;
	f.all->worker[SHM_WORKERS * SHM_GENERATIONS - 1].r.stat.worker.active = 6;
	f.all->worker[7].r.stat.server[3].active = 100; /* an entry without worker */
	f.seg.head->retired.server[3].connect_failed = 5;
	f.seg.head->retired.server[3].last_byte = 600;
	assert_true(stat_sum(&f.seg, sum));
	assert_int_equal(sum->server[3].active, 3);
	assert_int_equal(sum->server[3].connect_failed, 15);
	assert_int_equal(sum->server[3].last_byte, 600);
	assert_int_equal(stat_server_active(&f.seg, 3), 3);
	assert_int_equal(stat_service_active(&f.seg, 1), 5);
	assert_int_equal(stat_node_active(&f.seg), 6);
	assert_int_equal(stat_server_trouble(&f.seg, 3), 15);
	f.all->worker[0].r.stat.server[3].lost = 2;
	f.seg.head->retired.server[3].lost = 1;
	assert_int_equal(stat_server_trouble(&f.seg, 3), 18);
	assert_int_equal(stat_server_last_byte(&f.seg, 3), 600);
	f.all->worker[0].r.stat.server[3].last_byte = 700;
	assert_int_equal(stat_server_last_byte(&f.seg, 3), 700);
	fixture_close(&f);
	free(sum);
}

static void
sum__while_counters_move__says_no_and_still_sums(void **state)
{
	struct stat_slab *sum = calloc(1, sizeof *sum);
	struct fixture f;

	(void)state;
	fixture_open(&f);
	fixture_worker(&f, ENTRY_WORKER0, 0, 1);
	f.all->worker[0].r.stat.worker.accepted = 4;
	f.seg.head->retire_seq = 1;
	assert_false(stat_sum(&f.seg, sum));
	assert_int_equal(sum->worker.accepted, 4);
	f.seg.head->retire_seq = 2;
	assert_true(stat_sum(&f.seg, sum));
	assert_int_equal(sum->worker.accepted, 4);
	fixture_close(&f);
	free(sum);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(descriptors__stand_at_the_place_of_their_field),
	    cmocka_unit_test(descriptors__have_help_and_exported_names_are_unique),
	    cmocka_unit_test(slabs__added__sum_counters_and_keep_the_later_stamp),
	    cmocka_unit_test(sum__is_of_living_workers_and_the_retired),
	    cmocka_unit_test(sum__while_counters_move__says_no_and_still_sums),
	};

	return cmocka_run_group_tests_name("shm/stat", tests, NULL, NULL);
}
