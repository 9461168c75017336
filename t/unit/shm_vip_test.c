/* SPDX-License-Identifier: BSD-2-Clause */
/* A VIP in all formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
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
vip__in_json__has_what_it_is_and_every_counter(void **state)
{
	static const struct {
		const char *key, *text;
	} rows[] = {{"name", "\"web\""}, {"state", "\"MASTER\""}, {"since_ms", "5000"},
	    {"addresses", "[\"192.0.2.10\", \"2001:db8::10\"]"}, {"present", "true"},
	    {"interface", "\"eth0\""}, {"virtual_router_id", "47"}, {"version", "3"},
	    {"priority", "254"}, {"base_priority", "244"}, {"owner", "\"192.0.2.2\""},
	    {"owner_priority", "100"}, {"heard_ms", "250"}, {"peers", "1"}, {"advert_ms", "1000"},
	    {"lifetime_ms", "3000"}, {"leased_ms", "100"}, {"fault", "\"\""},
	    {"reason", "\"no advert came in time\""},
	    {"degraded", "\"Adverts with another password?\""}};
	json_t *root, *vip, *counters;
	struct fixture f;
	char *text = text_of(&f, DUMP_JSON), *got;

	(void)state;
	root = json_loads(text, 0, NULL);
	vip = json_array_get(json_object_get(root, "vips"), 0);
	assert_int_equal(json_array_size(json_object_get(root, "vips")), 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		got = json_dumps(json_object_get(vip, rows[i].key), JSON_ENCODE_ANY);
		if (got == NULL || strcmp(got, rows[i].text) != 0)
			fail_msg("%s is %s, expected %s", rows[i].key, got, rows[i].text);
		free(got);
	}
	counters = json_object_get(vip, "counters");
	assert_int_equal(json_object_size(counters), stat_sets[STAT_SET_VIP].n);
	assert_int_equal(json_integer_value(json_object_get(counters, "adverts_sent")), 77);
	assert_int_equal(json_integer_value(json_object_get(counters, "rejected_password")), 4);
	json_decref(root);
	free(text);
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
	    cmocka_unit_test(vip__in_json__has_what_it_is_and_every_counter),
	    cmocka_unit_test(vip__in_prometheus__is_one_hot),
	    cmocka_unit_test(vip__in_the_table__has_a_line),
	    cmocka_unit_test(vip__that_is_degraded__is_a_warning),
	};

	return cmocka_run_group_tests_name("shm/vip", tests, NULL, NULL);
}
