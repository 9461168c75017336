/* SPDX-License-Identifier: BSD-2-Clause */
/* A VIP in the formats that people read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "t/unit/shm_fixture.h"

static char *
text_of(struct fixture *f, enum dump_format format)
{
	struct dump *d;
	char *text;

	fixture_open(f);
	fixture_sample(f);
	fixture_vip(f);
	d = fixture_dump(f);
	text = fixture_text(d, NULL, format);
	free(d);
	fixture_close(f);
	return text;
}

static void
vip__in_prometheus__is_one_hot(void **state)
{
	struct fixture f;
	char *text = text_of(&f, DUMP_PROMETHEUS);

	(void)state;
	assert_non_null(strstr(text, "\nkha_vip_state{vip=\"web\",state=\"MASTER\"} 1\n"));
	assert_non_null(strstr(text, "\nkha_vip_state{vip=\"web\",state=\"BACKUP\"} 0\n"));
	assert_non_null(strstr(text, "\nkha_vip_owner{vip=\"web\"} 1\n"));
	assert_non_null(strstr(text, "\nkha_vip_adverts_sent_total{vip=\"web\"} 77\n"));
	free(text);
}

static void
vip__in_the_table__has_a_line(void **state)
{
	struct fixture f;
	char *text = text_of(&f, DUMP_TABLE);

	(void)state;
	assert_non_null(strstr(text, "\nweb  MASTER "));
	free(text);
}

static void
note(void *arg, const char *line)
{
	if (strstr(line, "vip web: DEGRADED") != NULL)
		++*(int *)arg;
}

static void
vip__that_is_degraded__is_a_warning(void **state)
{
	struct fixture f;
	struct dump *d;
	int n = 0;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	fixture_vip(&f);
	d = fixture_dump(&f);
	dump_warnings(d, note, &n);
	assert_int_equal(n, 1);
	free(d);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vip__in_prometheus__is_one_hot),
	    cmocka_unit_test(vip__in_the_table__has_a_line),
	    cmocka_unit_test(vip__that_is_degraded__is_a_warning),
	};

	return cmocka_run_group_tests_name("shm/vip", tests, NULL, NULL);
}
