/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "t/unit/shm_fixture.h"
#include "web/route.h"

static char path[] = "/stats", monitor_path[] = "/monitor";
static const struct conf_status conf = {.path = path, .monitor = {.path = monitor_path}};

static struct web_route
route(enum web_listens listens, const char *at, const char *format, const char *refresh,
    const char *service)
{
	const struct web_request q = {listens, at, format, refresh, service};
	struct web_route r;

	web_route(&conf, &q, &r);
	return r;
}

static void
paths__of_the_page__have_their_answers(void **state)
{
	static const struct {
		const char *path, *format, *refresh;
		enum web_what what;
		enum dump_format dump;
		bool secret, still;
	} row[] = {
	    {"/", NULL, NULL, WEB_HOME, 0, false, false},
	    {"/stats", NULL, NULL, WEB_PAGE, 0, true, false},
	    {"/stats", "html", NULL, WEB_PAGE, 0, true, false},
	    {"/stats", NULL, "off", WEB_PAGE, 0, true, true},
	    {"/stats;norefresh", NULL, NULL, WEB_PAGE, 0, true, true},
	    {"/stats;csv", NULL, NULL, WEB_DUMP, DUMP_CSV, true, false},
	    {"/stats;norefresh;csv", NULL, NULL, WEB_DUMP, DUMP_CSV, true, true},
	    {"/stats;json", NULL, NULL, WEB_DUMP, DUMP_JSON, true, false},
	    {"/stats", "json", NULL, WEB_DUMP, DUMP_JSON, true, false},
	    {"/stats", "csv", NULL, WEB_DUMP, DUMP_CSV, true, false},
	    {"/stats", "prometheus", NULL, WEB_DUMP, DUMP_PROMETHEUS, true, false},
	    {"/stats", "table", NULL, WEB_DUMP, DUMP_TABLE, true, false},
	    {"/stats", "xml", NULL, WEB_NOTHING, 0, true, false},
	    {"/stats/style.css", NULL, NULL, WEB_STYLE, 0, true, false},
	    {"/metrics", NULL, NULL, WEB_DUMP, DUMP_PROMETHEUS, true, false},
	    {"/healthz", NULL, NULL, WEB_ALIVE, 0, false, false},
	    {"/readyz", NULL, NULL, WEB_READY, 0, false, false},
	    {"/vip/k", NULL, NULL, WEB_VIP, 0, false, false},
	    {"/vip/", NULL, NULL, WEB_NOTHING, 0, false, false},
	    {"/statsx", NULL, NULL, WEB_NOTHING, 0, false, false},
	    {"/stats/", NULL, NULL, WEB_NOTHING, 0, false, false},
	    {"/stats;csvx", NULL, NULL, WEB_PAGE, 0, true, false},
	    {"/monitor", NULL, NULL, WEB_NOTHING, 0, false, false},
	    {"", NULL, NULL, WEB_NOTHING, 0, false, false},
	    {"*", NULL, NULL, WEB_NOTHING, 0, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct web_route r =
		    route(WEB_STATUS, row[i].path, row[i].format, row[i].refresh, NULL);

		if (r.what != row[i].what || r.secret != row[i].secret || r.still != row[i].still ||
		    (r.what == WEB_DUMP && r.format != row[i].dump))
			fail_msg("%s: what %d, secret %d, still %d, format %d", row[i].path, r.what,
			    r.secret, r.still, r.format);
	}
}

static void
paths__of_the_monitor__are_that_one(void **state)
{
	(void)state;
	assert_int_equal(route(WEB_MONITOR, "/monitor", NULL, NULL, NULL).what, WEB_READY);
	assert_string_equal(route(WEB_MONITOR, "/monitor", NULL, NULL, "api").name, "api");
	assert_int_equal(route(WEB_MONITOR, "/stats", NULL, NULL, NULL).what, WEB_NOTHING);
	assert_int_equal(route(WEB_MONITOR, "/metrics", NULL, NULL, NULL).what, WEB_NOTHING);
	assert_int_equal(route(WEB_MONITOR, "/", NULL, NULL, NULL).what, WEB_NOTHING);
}

/* The verdict; its line is compared with `words`. */
static unsigned
verdict(const struct dump *d, enum web_what what, const char *name, const char *words)
{
	const struct web_route r = {.what = what, .name = name};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned status = web_verdict(d, &r, out);

	fclose(out);
	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, text);
	assert_int_equal(text[size - 1], '\n');
	free(text);
	return status;
}

static struct dump_proc *
worker(struct dump *d)
{
	for (unsigned i = 0; i < d->n_procs; i++)
		if (d->proc[i].kind == PROC_WORKER && d->proc[i].want == WANT_RUN)
			return &d->proc[i];
	return NULL;
}

static void
ready__is_what_the_workers_do(void **state)
{
	struct fixture f;
	struct dump *d;
	struct dump_proc *w;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	w = worker(d);
	assert_non_null(w);
	assert_int_equal(verdict(d, WEB_READY, NULL, "ready"), 200);
	assert_int_equal(verdict(d, WEB_READY, "api", "ready"), 200);
	assert_int_equal(verdict(d, WEB_READY, "nope", "no such service"), 404);
	for (unsigned i = 0; i < d->n_services; i++)
		d->services[i].serving = CANDIDATES_NONE;
	assert_int_equal(verdict(d, WEB_READY, "api", "no usable server"), 503);
	assert_int_equal(verdict(d, WEB_READY, NULL, "ready"), 200);
	w->beat_us = FIXTURE_NOW_US - 1001 * 1000;
	assert_int_equal(verdict(d, WEB_READY, NULL, "no worker"), 503);
	w->beat_us = FIXTURE_NOW_US;
	assert_int_equal(verdict(d, WEB_READY, NULL, "ready"), 200);
	w->want = WANT_DRAIN;
	assert_int_equal(verdict(d, WEB_READY, NULL, "no worker"), 503);
	w->want = WANT_RUN;
	w->ready = 0;
	assert_int_equal(verdict(d, WEB_READY, NULL, "no worker"), 503);
	w->ready = 1;
	d->daemon = DAEMON_SILENT;
	assert_int_equal(verdict(d, WEB_READY, NULL, "master"), 503);
	free(d);
	fixture_close(&f);
}

static void
vip__is_there_where_its_address_is(void **state)
{
	struct fixture f;
	struct dump *d;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	fixture_vip(&f);
	d = fixture_dump(&f);
	assert_int_equal(d->n_vips, 1);
	assert_int_equal(verdict(d, WEB_VIP, d->vip[0].name, "MASTER, the address is here"), 200);
	assert_int_equal(verdict(d, WEB_VIP, "nope", "no such VIP"), 404);
	d->vip[0].present = 0;
	assert_int_equal(verdict(d, WEB_VIP, d->vip[0].name, "not here"), 503);
	d->vip[0].present = 1;
	d->daemon = DAEMON_GONE;
	assert_int_equal(verdict(d, WEB_VIP, d->vip[0].name, "MASTER"), 503);
	free(d);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths__of_the_page__have_their_answers),
	    cmocka_unit_test(paths__of_the_monitor__are_that_one),
	    cmocka_unit_test(ready__is_what_the_workers_do),
	    cmocka_unit_test(vip__is_there_where_its_address_is),
	};

	return cmocka_run_group_tests_name("web/route", tests, NULL, NULL);
}
