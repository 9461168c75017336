/* SPDX-License-Identifier: BSD-2-Clause */
/* The copy of the segment that all formats print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/table.h"
#include "t/unit/shm_fixture.h"

static void
formats__are_known_by_name(void **state)
{
	enum dump_format f = DUMP_TABLE;

	(void)state;
	for (int i = 0; i < DUMP_FORMATS; i++) {
		assert_true(dump_format_parse(dump_format_name((enum dump_format)i), &f));
		assert_int_equal(f, i);
	}
	assert_false(dump_format_parse("xml", &f));
	assert_false(dump_format_parse("", &f));
	assert_false(dump_format_parse("JSON", &f));
}

static void
copy__lists_servers_in_file_order_and_folds_a_removed_namesake(void **state)
{
	static const char *const names[] = {"cp-1", "cp-2", "cp-3", "spare"};
	struct fixture f;
	struct dump *d;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	assert_int_equal(d->n_services, 2);
	assert_int_equal(d->services[0].n, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_string_equal(d->table.server[d->servers[i]].name, names[i]);
	/* cp-1 of index 0 left the file with 30 connections behind it, the new one has
	 * 10. */
	assert_int_equal(d->servers[0], 3);
	assert_int_equal(STAT_GET(&d->sum.server[3], connected), 40);
	assert_int_equal(d->services[0].serving, CANDIDATES_UP);
	assert_int_equal(d->services[0].candidates, 2);
	assert_int_equal(d->services[0].up, 2);
	assert_int_equal(d->services[0].backups_up, 1);
	assert_int_equal(d->services[1].serving, CANDIDATES_FAIL_OPEN);
	assert_int_equal(d->services[1].first, 4);
	assert_int_equal(d->n_procs, 4);
	assert_int_equal(d->log_dropped, 3);
	assert_false(d->torn_table);
	assert_false(d->torn_sum);
	free(d);
	fixture_close(&f);
}

static void
copy__of_a_removed_server_alone__lists_it_last(void **state)
{
	struct shm_table *t = malloc(sizeof *t);
	struct fixture f;
	struct dump *d;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	assert_true(table_snapshot(&f.seg, t));
	t->server[1].state = ROW_REMOVED;
	strcpy(t->server[0].name, "gone"); /* has nobody to speak for it now */
	table_publish(&f.seg, t);
	d = fixture_dump(&f);
	assert_int_equal(d->services[0].n, 5);
	assert_int_equal(d->servers[0], 3);
	assert_string_equal(d->table.server[d->servers[3]].name, "gone");
	assert_string_equal(d->table.server[d->servers[4]].name, "cp-2");
	assert_int_equal(d->shown[1], STATE_REMOVED);
	free(d);
	free(t);
	fixture_close(&f);
}

static void
copy__of_two_removed_services_of_one_name__shows_the_newer_with_all_servers(void **state)
{
	struct shm_table *t = malloc(sizeof *t);
	struct fixture f;
	struct dump *d;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	f.all->worker[0].r.stat.service[1].accepted = 7;
	assert_true(table_snapshot(&f.seg, t));
	strcpy(t->service[1].name, "api");
	t->service[0].state = ROW_REMOVED;
	t->service[1].state = ROW_REMOVED;
	table_publish(&f.seg, t);
	d = fixture_dump(&f);
	assert_int_equal(d->n_services, 1);
	assert_int_equal(d->services[0].index, 1);
	assert_int_equal(d->services[0].n, 5);
	assert_int_equal(STAT_GET(&d->sum.service[1], accepted), 107);
	free(d);
	free(t);
	fixture_close(&f);
}

static void
copy__while_writers_are_stopped_in_the_middle__is_made_and_says_so(void **state)
{
	struct fixture f;
	struct dump *d;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	f.seg.head->table.seq.n |= 1;
	f.seg.head->info.seq.n |= 1;
	f.seg.head->retire_seq |= 1;
	f.all->checker.r.health[1].seq.n |= 1;
	f.all->checker.r.health[5].seq.n |= 1;
	f.all->checker.r.health[5].words[0] = 0; /* id not written yet */
	d = fixture_dump(&f);
	assert_true(d->torn_table);
	assert_true(d->torn_sum);
	assert_int_equal(d->n_services, 2);
	assert_int_equal(d->health[1].state, STATE_UP);
	assert_int_equal(d->health[1].code, 200);
	assert_int_equal(d->health[5].result, RESULT_INI);
	assert_int_equal(STAT_GET(&d->sum.worker, accepted), 110);
	free(d);
	fixture_close(&f);
}

static void
copy__of_garbage__prints_in_all_formats(void **state)
{
	const size_t sizes[] = {
	    sizeof(((struct shm *)NULL)->head.r.table), sizeof(((struct shm *)NULL)->head.r.info)};
	struct fixture f;
	struct dump *d;
	char *at[2];

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	at[0] = (char *)&f.seg.head->table;
	at[1] = (char *)&f.seg.head->info;
	srand(1);
	for (int round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 2; i++)
			for (size_t k = sizeof(struct seq); k < sizes[i]; k++)
				at[i][k] = (char)(round == 0 ? 0xff : rand());
		for (size_t k = 0; k < sizeof f.all->checker.r.health; k++)
			((char *)f.all->checker.r.health)[k] = (char)rand();
		f.seg.head->proc[7].kind = (uint32_t)rand();
		d = fixture_dump(&f);
		for (int format = 0; format < DUMP_FORMATS; format++)
			free(fixture_text(d, d, (enum dump_format)format));
		free(d);
	}
	fixture_close(&f);
}

static void
write__to_a_full_device__is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w"), *mem;
	struct fixture f;
	struct err err;
	char *text;
	size_t size;

	(void)state;
	assert_non_null(full);
	fixture_open(&f);
	fixture_sample(&f);
	for (int format = 0; format < DUMP_FORMATS; format++) {
		err_init(&err);
		clearerr(full);
		assert_int_equal(dump_write(&f.seg, (enum dump_format)format, full, &err), -1);
		assert_non_null(strstr(err_end(&err), "No space left on device"));
	}
	fclose(full);
	err_init(&err);
	mem = open_memstream(&text, &size);
	assert_int_equal(dump_write(&f.seg, DUMP_CSV, mem, &err), 0);
	fclose(mem);
	assert_true(size > 1000);
	free(text);
	fixture_close(&f);
}

static void
judge__knows_dead_reused_and_silent_daemons(void **state)
{
	struct mono now = mono_now();
	struct shm_info info = {.pid = (int32_t)getpid(), .start_us = now.us - 1000};
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(dump_judge(&info, 0, now), DAEMON_RUNS);
	assert_int_equal(dump_judge(&info, now.us - 1000000, now), DAEMON_RUNS);
	assert_int_equal(dump_judge(&info, now.us - 2100000, now), DAEMON_SILENT);
	info.start_us = now.us - INT64_C(86400000000) * 365; /* this process is younger */
	assert_int_equal(dump_judge(&info, now.us, now), DAEMON_GONE);
	info.start_us = now.us + 60000000; /* before a reboot */
	assert_int_equal(dump_judge(&info, now.us, now), DAEMON_GONE);
	info.start_us = now.us;
	info.pid = 0;
	assert_int_equal(dump_judge(&info, now.us, now), DAEMON_GONE);
	/* Dead, first as a zombie, then without trace. */
	pid = fixture_fork();
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	info.pid = (int32_t)pid;
	assert_int_equal(dump_judge(&info, now.us, now), DAEMON_GONE);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(dump_judge(&info, now.us, now), DAEMON_GONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(formats__are_known_by_name),
	    cmocka_unit_test(copy__lists_servers_in_file_order_and_folds_a_removed_namesake),
	    cmocka_unit_test(copy__of_a_removed_server_alone__lists_it_last),
	    cmocka_unit_test(
		copy__of_two_removed_services_of_one_name__shows_the_newer_with_all_servers),
	    cmocka_unit_test(copy__while_writers_are_stopped_in_the_middle__is_made_and_says_so),
	    cmocka_unit_test(copy__of_garbage__prints_in_all_formats),
	    cmocka_unit_test(write__to_a_full_device__is_an_error),
	    cmocka_unit_test(judge__knows_dead_reused_and_silent_daemons),
	};

	return cmocka_run_group_tests_name("shm/dump", tests, NULL, NULL);
}
