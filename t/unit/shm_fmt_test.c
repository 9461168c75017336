/* SPDX-License-Identifier: BSD-2-Clause */
/* Small helpers of the formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "shm/fmt.h"

static void
clean__keeps_text_and_replaces_what_a_terminal_or_json_would_choke_on(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"plain", "plain"},
	    {"a\033[2Jb\tc\nd\x7f", "a?[2Jb?c?d?"},
	    {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
		"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
	    {"c1\xc2\x9b!", "c1?"
			    "?!"},
	    {"\xff\xfe", "?"
			 "?"},
	    {"cut \xe2\x82", "cut ?"
			     "?"},
	    {"overlong \xc0\xaf", "overlong ?"
				  "?"},
	    {"surrogate \xed\xa0\x80", "surrogate ?"
				       "?"
				       "?"},
	    {"beyond \xf4\x90\x80\x80", "beyond ?"
					"?"
					"?"
					"?"},
	};
	char text[64];

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		memset(text, 'x', sizeof text);
		strcpy(text, rows[i].in);
		fmt_clean(text, sizeof text);
		assert_string_equal(text, rows[i].out);
	}
	memset(text, 'x', sizeof text);
	fmt_clean(text, sizeof text);
	assert_int_equal(strlen(text), sizeof text - 1);
	memset(text, 0xe2, sizeof text); /* would go on beyond the end */
	fmt_clean(text, sizeof text);
	assert_int_equal(strspn(text, "?"), sizeof text - 1);
}

static void
spans_and_bytes__are_short(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} spans[] = {{-5, "0ms"}, {0, "0ms"}, {999, "999ms"}, {1000, "1.0s"}, {59999, "59.9s"},
	    {60000, "1m00s"}, {3599999, "59m59s"}, {3600000, "1h00m"}, {86399999, "23h59m"},
	    {86400000, "1d00h"}, {INT64_MAX, "106751991167d07h"}};
	static const struct {
		uint64_t n;
		const char *text;
	} bytes[] = {{0, "0"}, {1023, "1023"}, {1024, "1.0K"}, {1536, "1.5K"},
	    {1024 * 1024 - 1, "1023.9K"}, {1024 * 1024, "1.0M"}, {UINT64_C(5) << 40, "5.0T"},
	    {UINT64_MAX, "15.9E"}};
	char buf[FMT_HUMAN];

	(void)state;
	for (unsigned i = 0; i < sizeof spans / sizeof *spans; i++)
		assert_string_equal(fmt_span(spans[i].ms, buf), spans[i].text);
	for (unsigned i = 0; i < sizeof bytes / sizeof *bytes; i++)
		assert_string_equal(fmt_bytes(bytes[i].n, buf), bytes[i].text);
}

static void
check__in_words__has_code_and_duration_only_where_they_mean_something(void **state)
{
	struct shm_health h = {.result = RESULT_INI, .check_ms = -1};
	char buf[FMT_CHECK];

	(void)state;
	assert_string_equal(fmt_check(&h, buf), "not checked yet");
	h.checked_us = 1;
	assert_string_equal(fmt_check(&h, buf), "INI");
	h.result = RESULT_NONE;
	assert_string_equal(fmt_check(&h, buf), "no check");
	h.result = RESULT_L7STS;
	h.code = 500;
	h.check_ms = 12;
	assert_string_equal(fmt_check(&h, buf), "L7STS/500 in 12ms");
	h.result = RESULT_L4CON; /* its code is an errno */
	assert_string_equal(fmt_check(&h, buf), "L4CON in 12ms");
}

static void
check_text__says_what_the_server_said_or_why_there_was_no_check(void **state)
{
	struct shm_health h = {.result = RESULT_INI, .check_ms = -1};
	char buf[FMT_CHECK_TEXT];

	(void)state;
	assert_string_equal(fmt_check_text(&h, buf), "not checked yet");
	snprintf(h.text, sizeof h.text, "not checked in MAINT");
	assert_string_equal(fmt_check_text(&h, buf), "not checked in MAINT");
	h.result = RESULT_L4CON;
	h.check_ms = 3;
	snprintf(h.text, sizeof h.text, "connection refused");
	assert_string_equal(fmt_check_text(&h, buf), "L4CON in 3ms: connection refused");
	h.result = RESULT_NONE;
	assert_string_equal(fmt_check_text(&h, buf), "no check");
	/* The longest text fits. */
	h.result = RESULT_L7STS;
	h.code = 500;
	memset(h.text, 'x', sizeof h.text - 1);
	assert_int_equal(strlen(fmt_check_text(&h, buf)), strlen("L7STS/500 in 3ms: ") + 119);
}

static void
progress__is_counted_as_haproxy_does(void **state)
{
	static const struct {
		int32_t health;
		const char *text;
	} rows[] = {{0, "0/2"}, {1, "1/2"}, {2, "1/3"}, {3, "2/3"}, {4, "3/3"}};
	struct shm_health h = {.rise = 2, .fall = 3, .result = RESULT_L4OK};
	char buf[FMT_HUMAN];

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		h.health = rows[i].health;
		assert_string_equal(fmt_progress(&h, buf), rows[i].text);
	}
	h.result = RESULT_NONE;
	assert_string_equal(fmt_progress(&h, buf), "-");
}

static void
since__is_of_what_is_shown(void **state)
{
	struct dump *d = calloc(1, sizeof *d);
	struct shm_server *s = &d->table.server[0];
	char buf[FMT_HUMAN];

	(void)state;
	d->now.us = 100000000;
	d->health[0].since_us = 1;
	s->set_admin.since_us = 2;
	s->set_weight.since_us = 3;
	s->removed_us = 4;
	d->shown[0] = STATE_UP;
	assert_int_equal(fmt_since_us(d, 0), 1);
	d->shown[0] = STATE_MAINT;
	assert_int_equal(fmt_since_us(d, 0), 2);
	d->shown[0] = STATE_DRAIN; /* by its weight */
	assert_int_equal(fmt_since_us(d, 0), 3);
	s->admin = ADMIN_DRAIN;
	assert_int_equal(fmt_since_us(d, 0), 2);
	d->shown[0] = STATE_REMOVED;
	assert_int_equal(fmt_since_us(d, 0), 4);
	assert_null(fmt_left(d, &s->set_admin, buf));
	s->set_admin.until_us = 160000000;
	assert_string_equal(fmt_left(d, &s->set_admin, buf), "1m00s");
	free(d);
}

static void
processes__are_counted_by_what_they_do(void **state)
{
	struct dump *d = calloc(1, sizeof *d);
	struct fmt_procs c;

	(void)state;
	d->n_procs = 6;
	for (unsigned i = 0; i < 6; i++)
		d->proc[i] = (struct dump_proc){.kind = PROC_WORKER, .pid = 1, .active = 10};
	d->proc[0].ready = 1;
	d->proc[1].want = WANT_DRAIN;
	d->proc[1].ready = 1;
	d->proc[2].want = WANT_STOP;
	d->proc[3].pid = 0;
	d->proc[4].kind = PROC_CHECKER;
	c = fmt_count(d, PROC_WORKER);
	assert_int_equal(c.n, 4);
	assert_int_equal(c.ready, 1);
	assert_int_equal(c.draining, 2);
	assert_int_equal(c.draining_active, 20);
	assert_string_equal(fmt_doing(&d->proc[0]), "ready");
	assert_string_equal(fmt_doing(&d->proc[1]), "draining");
	assert_string_equal(fmt_doing(&d->proc[2]), "stopping");
	assert_string_equal(fmt_doing(&d->proc[3]), "not running");
	assert_string_equal(fmt_doing(&d->proc[5]), "starting");
	free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clean__keeps_text_and_replaces_what_a_terminal_or_json_would_choke_on),
	    cmocka_unit_test(spans_and_bytes__are_short),
	    cmocka_unit_test(check__in_words__has_code_and_duration_only_where_they_mean_something),
	    cmocka_unit_test(check_text__says_what_the_server_said_or_why_there_was_no_check),
	    cmocka_unit_test(progress__is_counted_as_haproxy_does),
	    cmocka_unit_test(since__is_of_what_is_shown),
	    cmocka_unit_test(processes__are_counted_by_what_they_do),
	};

	return cmocka_run_group_tests_name("shm/fmt", tests, NULL, NULL);
}
