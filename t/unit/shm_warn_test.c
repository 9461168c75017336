/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person should know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/unit/shm_fixture.h"

static void
append_line(void *arg, const char *line)
{
	FILE *mem = arg;

	fprintf(mem, "%s\n", line);
}

static void
assert_warnings(const struct dump *d, const char *expect)
{
	char *text;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	assert_non_null(mem);
	dump_warnings(d, append_line, mem);
	fclose(mem);
	assert_string_equal(text, expect);
	free(text);
}

/* The sample with nothing wrong. */
static struct dump *
healthy(struct fixture *f)
{
	struct dump *d;

	fixture_open(f);
	fixture_sample(f);
	d = fixture_dump(f);
	d->services[1].serving = CANDIDATES_UP;
	d->n_procs = 3;
	d->health[3].warn = 0;
	d->log_dropped = 0;
	return d;
}

static void
warnings__of_a_healthy_daemon__are_none(void **state)
{
	struct fixture f;
	struct dump *d = healthy(&f);

	(void)state;
	assert_warnings(d, "");
	free(d);
	fixture_close(&f);
}

static void
warnings__name_everything_that_is_wrong_worst_first(void **state)
{
	struct fixture f;
	struct dump *d = healthy(&f);

	(void)state;
	d->torn_table = d->torn_sum = true;
	d->services[0].serving = CANDIDATES_NONE;
	d->services[1].serving = CANDIDATES_BACKUP;
	d->proc[0].pid = 0;
	d->proc[1].beat_us = d->now.us - 3000000;
	d->proc[2].want = WANT_DRAIN;
	d->proc[2].active = 1;
	d->info.reload_ok = 0;
	d->health[1].warn = HEALTH_WARN_CERT;
	d->health[3].warn = HEALTH_WARN_AUTH;
	d->log_dropped = 1;
	assert_warnings(d,
	    "the master stopped while it wrote the tables: rows may be mixed up\n"
	    "the master stopped while it moved counters: one dead worker's may be "
	    "counted twice "
	    "or not at all\n"
	    "service api has no usable server: connections are refused\n"
	    "service web runs on backup servers\n"
	    "no worker is ready: nothing is proxied\n"
	    "checker is not running\n"
	    "logger (pid 4244) does not answer: heartbeat 3.0s old\n"
	    "1 old worker drains with 1 connection\n"
	    "last reload failed, 5m10s ago: the configuration before it is in effect\n"
	    "server api/cp-1 answers the check with 401: alive, but readiness is unknown "
	    "(give "
	    "check.cert and check.key, or let the path be read without authentication)\n"
	    "server api/cp-2: its certificate does not verify, it is used all the same "
	    "(check.verify = \"warn\")\n"
	    "1 log line was lost\n");
	free(d);
	fixture_close(&f);
}

static void
certificate__that_ends_soon__is_spoken_of(void **state)
{
	static const struct {
		int64_t left_s;
		uint32_t warn;
		const char *say;
	} rows[] = {
	    {30 * 86400 + 1, 0, ""},
	    {30 * 86400, 0, "server api/cp-2: its certificate ends in 30d00h: renew it\n"},
	    {3600 * 25, 0, "server api/cp-2: its certificate ends in 1d01h: renew it\n"},
	    {3600 * 25, HEALTH_WARN_CERT,
		"server api/cp-2: its certificate ends in 1d01h: renew it\n"
		"server api/cp-2: its certificate does not verify, it is used all the same "
		"(check.verify = \"warn\")\n"},
	    {1, 0, "server api/cp-2: its certificate ends in 1.0s: renew it\n"},
	    {0, 0,
		"server api/cp-2: its certificate ended 0ms ago: renew it, clients that verify "
		"refuse it\n"},
	    {-3 * 86400, HEALTH_WARN_CERT,
		"server api/cp-2: its certificate ended 3d00h ago: renew it, clients that verify "
		"refuse it\n"},
	};
	struct fixture f;
	struct dump *d = healthy(&f);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		d->health[1].cert_not_after = d->wall_ms / 1000 + rows[i].left_s;
		d->health[1].warn = rows[i].warn;
		assert_warnings(d, rows[i].say);
	}
	d->health[1].cert_not_after = 0; /* unknown */
	d->health[1].warn = 0;
	assert_warnings(d, "");
	free(d);
	fixture_close(&f);
}

static void
service__whose_servers_are_all_foreign__is_asked_about(void **state)
{
	static const char ask[] =
	    "is api an API server? preset = \"tcp\" checks the port only (L7STS "
	    "from all of its servers: GET /readyz: 404)\n";
	struct fixture f;
	struct dump *d = healthy(&f);

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		d->health[i].state = STATE_NOTREADY;
		d->health[i].result = RESULT_L7STS;
		strcpy(d->health[i].text, "GET /readyz: 404");
		d->health[i].warn = i > 1 ? HEALTH_WARN_FOREIGN : 0;
	}
	/* 0 has left the file, 1 is another thing. */
	assert_warnings(d, "");
	d->table.server[1].admin = ADMIN_MAINT;
	assert_warnings(d, ask);
	d->table.server[1].admin = ADMIN_DRAIN;
	assert_warnings(d, "");
	d->health[1].warn = HEALTH_WARN_FOREIGN;
	assert_warnings(d, ask);
	d->health[1].state = STATE_UP; /* for the moment */
	assert_warnings(d, "");
	for (unsigned i = 1; i < 5; i++)
		d->table.server[i].admin = ADMIN_MAINT;
	assert_warnings(d, "");
	free(d);
	fixture_close(&f);
}

static void
warnings__of_removed_services_and_servers__are_none(void **state)
{
	struct fixture f;
	struct dump *d = healthy(&f);

	(void)state;
	d->services[0].serving = CANDIDATES_NONE;
	d->table.service[0].state = ROW_REMOVED;
	d->health[1].warn = HEALTH_WARN_CERT;
	d->table.server[1].state = ROW_REMOVED;
	assert_warnings(d, "");
	free(d);
	fixture_close(&f);
}

static void
warnings__of_a_child_that_never_beat__count_from_its_start(void **state)
{
	struct fixture f;
	struct dump *d = healthy(&f);

	(void)state;
	d->proc[0].beat_us = 0;
	d->proc[0].started_us = d->now.us - 1000000;
	assert_warnings(d, "");
	d->proc[0].started_us = d->now.us - 9000000;
	assert_warnings(d, "checker (pid 4243) does not answer: heartbeat 9.0s old\n");
	free(d);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(warnings__of_a_healthy_daemon__are_none),
	    cmocka_unit_test(warnings__name_everything_that_is_wrong_worst_first),
	    cmocka_unit_test(certificate__that_ends_soon__is_spoken_of),
	    cmocka_unit_test(service__whose_servers_are_all_foreign__is_asked_about),
	    cmocka_unit_test(warnings__of_removed_services_and_servers__are_none),
	    cmocka_unit_test(warnings__of_a_child_that_never_beat__count_from_its_start),
	};

	return cmocka_run_group_tests_name("shm/warn", tests, NULL, NULL);
}
