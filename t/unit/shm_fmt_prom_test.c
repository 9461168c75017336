/* SPDX-License-Identifier: BSD-2-Clause */
/* The Prometheus text format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "t/unit/shm_fixture.h"

static void
assert_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	while (at != NULL && ((at > text && at[-1] != '\n') || at[strlen(line)] != '\n'))
		at = strstr(at + 1, line);
	if (at == NULL)
		fail_msg("no line \"%s\"", line);
}

static void
samples__have_the_agreed_names_labels_and_units(void **state)
{
	static const char *const lines[] = {
	    "# HELP kha_server_bytes_out_total Bytes from this server to clients",
	    "# TYPE kha_server_bytes_out_total counter",
	    "kha_server_bytes_out_total{service=\"api\",server=\"cp-2\"} 3145728",
	    "# TYPE kha_server_current_sessions gauge",
	    "kha_server_current_sessions{service=\"api\",server=\"cp-2\"} 12",
	    "kha_server_sessions_total{service=\"api\",server=\"cp-1\"} 40",
	    "kha_server_connect_time_seconds_total{service=\"api\",server=\"cp-2\"} "
	    "1.234",
	    "kha_server_downtime_seconds_total{service=\"api\",server=\"cp-3\"} 60.000",
	    "kha_server_check_up_down_total{service=\"api\",server=\"cp-3\"} 2",
	    "kha_server_status{service=\"api\",server=\"cp-3\",state=\"DOWN\"} 1",
	    "kha_server_status{service=\"api\",server=\"cp-3\",state=\"UP\"} 0",
	    "kha_server_check_status{service=\"api\",server=\"cp-3\",state=\"L4CON\"} 1",
	    "kha_server_check_code{service=\"api\",server=\"cp-1\"} 401",
	    "kha_server_check_duration_seconds{service=\"api\",server=\"cp-1\"} 0.007",
	    "kha_server_weight{service=\"api\",server=\"spare\"} 50",
	    "kha_server_cert_not_after_timestamp_seconds{service=\"api\",server=\"cp-2\"}"
	    " "
	    "1731536000",
	    "kha_server_weight{service=\"web\",server=\"a\\\"b,c\\\\d\"} 100",
	    "kha_service_sessions_total{service=\"api\"} 100",
	    "kha_service_fail_open{service=\"api\"} 0",
	    "kha_service_fail_open{service=\"web\"} 1",
	    "kha_service_active_servers{service=\"api\"} 2",
	    "kha_connections_closed_total{reason=\"done\"} 87",
	    "kha_connections_closed_total{reason=\"worker_died\"} 0",
	    "kha_config_last_reload_successful 1",
	    "kha_config_last_reload_success_timestamp_seconds 1699999690.000",
	    "kha_log_dropped_total 3",
	    "kha_workers{state=\"ready\"} 1",
	    "kha_workers{state=\"draining\"} 1",
	    "kha_process_heartbeat_age_seconds{process=\"worker\",slot=\"0\",generation="
	    "\"1\"} "
	    "7.200",
	    "kha_process_heartbeat_age_seconds{process=\"master\",slot=\"0\",generation="
	    "\"0\"} "
	    "0.030",
	    "kha_up 1",
	};
	struct fixture f;
	struct dump *d;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	text = fixture_text(d, NULL, DUMP_PROMETHEUS);
	for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
		assert_line(text, lines[i]);
	assert_non_null(strstr(text, "kha_build_info{version=\"0.1.0\",layout=\""));
	free(text);
	free(d);
	fixture_close(&f);
}

/* Copies the name at the start of a sample line; returns its length. */
static size_t
name_of(const char *line, char name[128])
{
	size_t n = 0;

	while (isalnum((unsigned char)line[n]) || line[n] == '_') {
		name[n] = line[n];
		n++;
		assert_true(n < 127);
	}
	name[n] = '\0';
	return n;
}

/* Series are unique, each metric stands in one piece below its HELP and TYPE, counters
 * and only they end with _total. */
static void
text__is_well_formed(void **state)
{
	char *text, *lines[2000], *save = NULL, help[160], name[128], type[128], kind[16];
	unsigned n = 0, metrics = 0;
	struct fixture f;
	struct dump *d;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	text = fixture_text(d, NULL, DUMP_PROMETHEUS);
	type[0] = '\0';
	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		assert_true(n < 2000);
		lines[n++] = l;
		if (sscanf(l, "# HELP %127s %15s", name, kind) == 2) {
			snprintf(help, sizeof help, "# TYPE %s ", name);
			for (unsigned i = 0; i + 1 < n; i++)
				assert_true(strncmp(lines[i], help, strlen(help)) != 0);
			metrics++;
			continue;
		}
		if (sscanf(l, "# TYPE %127s %15s", type, kind) == 2) {
			assert_string_equal(type, name);
			assert_int_equal(strcmp(kind, "counter") == 0,
			    strlen(type) > 6 && strcmp(type + strlen(type) - 6, "_total") == 0);
			continue;
		}
		assert_true(name_of(l, name) > 4);
		assert_string_equal(name, type);
		for (unsigned i = 0; i + 1 < n; i++)
			assert_true(strncmp(lines[i], l, (size_t)(strrchr(l, ' ') + 1 - l)) != 0);
	}
	assert_true(metrics > 50);
	free(text);
	free(d);
	fixture_close(&f);
}

static void
reload__that_failed__is_visible(void **state)
{
	struct fixture f;
	struct dump *d;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	d->info.reload_ok = 0;
	text = fixture_text(d, NULL, DUMP_PROMETHEUS);
	assert_line(text, "kha_config_last_reload_successful 0");
	free(text);
	d->info.reload_wall_ms = 0; /* none yet: the start succeeded */
	text = fixture_text(d, NULL, DUMP_PROMETHEUS);
	assert_line(text, "kha_config_last_reload_successful 1");
	free(text);
	free(d);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(samples__have_the_agreed_names_labels_and_units),
	    cmocka_unit_test(text__is_well_formed),
	    cmocka_unit_test(reload__that_failed__is_visible),
	};

	return cmocka_run_group_tests_name("shm/fmt_prom", tests, NULL, NULL);
}
