/* SPDX-License-Identifier: BSD-2-Clause */
/* The JSON object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "shm/session.h"
#include "shm/table.h"
#include "t/unit/shm_fixture.h"

/* A value by a path such as "services.0.servers.1.check.code". */
static json_t *
at(json_t *v, const char *path)
{
	char key[64];
	size_t n;

	for (; *path != '\0'; path += n + (path[n] == '.')) {
		n = strcspn(path, ".");
		snprintf(key, sizeof key, "%.*s", (int)n, path);
		v = json_is_array(v) ? json_array_get(v, strtoul(key, NULL, 10))
				     : json_object_get(v, key);
		if (v == NULL)
			fail_msg("nothing at %s", path);
	}
	return v;
}

static json_t *
parse(struct fixture *f, struct dump **d)
{
	json_error_t error;
	json_t *root;
	char *text;

	fixture_open(f);
	fixture_sample(f);
	*d = fixture_dump(f);
	text = fixture_text(*d, NULL, DUMP_JSON);
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		fail_msg("line %d: %s", error.line, error.text);
	free(text);
	return root;
}

static void
json__has_the_promised_shape_and_values(void **state)
{
	static const struct {
		const char *path, *text;
	} rows[] = {
	    {"kha.version", "\"0.1.0\""},
	    {"kha.node", "\"lb-1\""},
	    {"kha.pid", "4242"},
	    {"kha.running", "true"},
	    {"kha.uptime_ms", "10920000"},
	    {"kha.reload_ok", "true"},
	    {"kha.log_dropped", "3"},
	    {"kha.totals.accepted", "110"},
	    {"kha.totals.close_done", "87"},
	    {"kha.master.child_started", "4"},
	    {"kha.warnings.0", "\"service web fails open: no server is UP, 1 that may still work "
			       "get connections\""},
	    {"services.0.name", "\"api\""},
	    {"services.0.serving", "\"UP\""},
	    {"services.0.counters.accepted", "100"},
	    {"services.0.servers.0.name", "\"cp-1\""},
	    {"services.0.servers.0.counters.connected", "40"},
	    {"services.0.servers.0.counters.last_byte", "null"},
	    {"services.0.servers.0.check.warnings.0", "\"auth\""},
	    {"services.0.servers.1.cert_not_after", "1731536000"},
	    {"services.0.servers.1.cert_names", "\"kubernetes,10.0.0.1?\""},
	    {"services.0.servers.2.cert_names", "null"},
	    {"services.0.servers.1.counters.last_byte", "2500"},
	    {"services.0.servers.2.state", "\"DOWN\""},
	    {"services.0.servers.2.since_ms", "125000"},
	    {"services.0.servers.2.check.result", "\"L4CON\""},
	    {"services.0.servers.2.check.text", "\"connection refused, \\\"twice\\\"\""},
	    {"services.0.servers.2.counters.downtime_ms", "60000"},
	    {"services.0.servers.3.backup", "true"},
	    {"services.0.servers.3.address", "\"10.0.0.14:6443\""},
	    {"services.1.fail_open", "true"},
	    {"services.1.servers.0.name", "\"a\\\"b,c\\\\d\""},
	    {"services.1.servers.0.check.text", "\"GET /: 503?[2J?\""},
	    {"workers.0.active", "12"},
	    {"workers.0.ready", "true"},
	    {"workers.1.draining", "true"},
	    {"workers.1.heartbeat_age_ms", "7200"},
	    {"processes.0.kind", "\"checker\""},
	};
	struct fixture f;
	struct dump *d;
	json_t *root = parse(&f, &d);
	char *got;

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		got = json_dumps(at(root, rows[i].path), JSON_ENCODE_ANY);
		if (strcmp(got, rows[i].text) != 0)
			fail_msg("%s is %s, expected %s", rows[i].path, got, rows[i].text);
		free(got);
	}
	assert_int_equal(json_array_size(at(root, "services")), 2);
	assert_int_equal(json_array_size(at(root, "vips")), 0);
	json_decref(root);
	free(d);
	fixture_close(&f);
}

static void
worker__in_json__has_its_cpu_or_null(void **state)
{
	struct fixture f;
	struct dump *d;
	json_t *root = parse(&f, &d);

	(void)state;
	assert_int_equal(json_integer_value(at(root, "workers.0.cpu")), 0);
	assert_true(json_is_integer(at(root, "workers.0.cpu")));
	assert_true(json_is_null(at(root, "workers.1.cpu")));
	json_decref(root);
	free(d);
	fixture_close(&f);
}

static void
json__says_what_the_operator_said_and_until_when(void **state)
{
	static struct shm_table t;
	struct shm_server *s = &t.server[1];
	struct fixture f;
	struct dump *d;
	json_t *root, *server;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	assert_true(table_snapshot(&f.seg, &t));
	s->admin = s->set_admin.timed = ADMIN_MAINT;
	s->set_admin.since_us = FIXTURE_NOW_US - 5000000;
	s->set_admin.until_us = FIXTURE_NOW_US + 60000000;
	s->set_admin.until_wall_ms = FIXTURE_WALL_MS + 60000;
	s->weight = s->set_weight.base = 7;
	table_publish(&f.seg, &t);
	d = fixture_dump(&f);
	text = fixture_text(d, NULL, DUMP_JSON);
	root = json_loads(text, 0, NULL);
	free(text);
	server = at(root, "services.0.servers.1");
	assert_string_equal(json_string_value(json_object_get(server, "state")), "MAINT");
	assert_string_equal(json_string_value(json_object_get(server, "admin")), "maint");
	assert_int_equal(json_integer_value(json_object_get(server, "since_ms")), 5000);
	assert_int_equal(json_integer_value(json_object_get(server, "admin_until_at_ms")),
	    FIXTURE_WALL_MS + 60000);
	assert_int_equal(json_integer_value(json_object_get(server, "weight")), 7);
	assert_int_equal(json_integer_value(json_object_get(server, "weight_configured")), 100);
	assert_true(json_is_null(json_object_get(server, "weight_until_at_ms")));
	server = at(root, "services.0.servers.2");
	assert_string_equal(json_string_value(json_object_get(server, "admin")), "ready");
	assert_true(json_is_null(json_object_get(server, "admin_until_at_ms")));
	json_decref(root);
	free(d);
	fixture_close(&f);
}

static void
json__has_a_key_for_every_row(void **state)
{
	static const char *const at_path[STAT_SETS] = {
	    [STAT_SET_WORKER] = "kha.totals",
	    [STAT_SET_SERVICE] = "services.0.counters",
	    [STAT_SET_SERVER] = "services.0.servers.0.counters",
	    [STAT_SET_CHECK] = "services.0.servers.0.counters",
	    [STAT_SET_MASTER] = "kha.master",
	    [STAT_SET_LOGGER] = "kha.logger",
	    [STAT_SET_WEB] = "kha.web",
	};
	struct fixture f;
	struct dump *d;
	json_t *root = parse(&f, &d);

	(void)state;
	/* VIPs: below. */
	for (int s = 0; s < STAT_SET_VIP; s++)
		for (unsigned i = 0; i < stat_sets[s].n; i++)
			assert_non_null(
			    json_object_get(at(root, at_path[s]), stat_sets[s].rows[i].name));
	/* The two sets of a server share an object: no name may hide another. */
	assert_int_equal(json_object_size(at(root, at_path[STAT_SET_SERVER])),
	    stat_sets[STAT_SET_SERVER].n + stat_sets[STAT_SET_CHECK].n);
	json_decref(root);
	free(d);
	fixture_close(&f);
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
	struct dump *d;
	char *text, *got;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	fixture_vip(&f);
	d = fixture_dump(&f);
	text = fixture_text(d, NULL, DUMP_JSON);
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
	free(d);
	fixture_close(&f);
}

static void
sessions__are_one_object_of_stable_names(void **state)
{
	static const struct session_filter everything;
	struct session_list list;
	json_error_t error;
	char *text = NULL;
	struct fixture f;
	struct dump *d;
	struct err err;
	json_t *root;
	size_t size;
	FILE *mem;

	(void)state;
	err_init(&err);
	fixture_open(&f);
	fixture_sample(&f);
	fixture_session(&f, 0, 0, 61, 5, "198.51.100.1:51234", "10.0.0.8:40001", FIXTURE_NOW_US);
	fixture_session(
	    &f, 0, 1, 60, SHM_NO_SERVER, "[2001:db8::1]:9", "10.0.0.8:40002", FIXTURE_NOW_US);
	f.all->session[0].r.row[1].who.own.port = 0;
	memset(f.all->session[0].r.row[1].who.own.ip, 0, 16);
	d = fixture_dump(&f);
	assert_int_equal(session_take(&f.seg, &everything, &list, &err), 0);
	mem = open_memstream(&text, &size);
	assert_non_null(mem);
	assert_int_equal(fmt_sessions_json(d, &list, 0, mem, &err), 0);
	fclose(mem);
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		fail_msg("line %d: %s", error.line, error.text);
	assert_int_equal(json_array_size(at(root, "sessions")), 2);
	assert_int_equal(json_integer_value(at(root, "found")), 2);
	assert_int_equal(json_integer_value(at(root, "unlisted")), 0);
	assert_true(json_is_true(at(root, "running")));
	assert_string_equal(json_string_value(at(root, "sessions.0.id")), "0-61");
	assert_string_equal(json_string_value(at(root, "sessions.0.state")), "open");
	assert_string_equal(json_string_value(at(root, "sessions.0.service")), "web");
	assert_string_equal(json_string_value(at(root, "sessions.0.server")), "a\"b,c\\d");
	assert_string_equal(
	    json_string_value(at(root, "sessions.0.server_address")), "10.0.1.1:443");
	assert_string_equal(json_string_value(at(root, "sessions.0.client")), "198.51.100.1:51234");
	assert_string_equal(json_string_value(at(root, "sessions.0.own")), "10.0.0.8:40001");
	assert_true(json_is_null(at(root, "sessions.0.peer")));
	assert_true(json_is_null(at(root, "sessions.0.listen")));
	assert_int_equal(json_integer_value(at(root, "sessions.0.age_ms")), 61000);
	assert_int_equal(json_integer_value(at(root, "sessions.0.idle_ms")), 300);
	assert_int_equal(
	    json_integer_value(at(root, "sessions.0.started_at_ms")), FIXTURE_WALL_MS - 61000);
	assert_int_equal(json_integer_value(at(root, "sessions.0.bytes_in")), 610);
	assert_int_equal(json_integer_value(at(root, "sessions.0.bytes_out")), 6100);
	assert_true(json_is_null(at(root, "sessions.1.server")));
	assert_true(json_is_null(at(root, "sessions.1.own")));
	json_decref(root);
	free(text);
	session_free(&list);
	free(d);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sessions__are_one_object_of_stable_names),
	    cmocka_unit_test(json__has_the_promised_shape_and_values),
	    cmocka_unit_test(worker__in_json__has_its_cpu_or_null),
	    cmocka_unit_test(json__says_what_the_operator_said_and_until_when),
	    cmocka_unit_test(json__has_a_key_for_every_row),
	    cmocka_unit_test(vip__in_json__has_what_it_is_and_every_counter),
	};

	return cmocka_run_group_tests_name("shm/json", tests, NULL, NULL);
}
