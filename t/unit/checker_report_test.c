/* SPDX-License-Identifier: BSD-2-Clause */
/* What the checker logs: once, at the right level, with the facts and the cure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "t/unit/checker_peer.h"
#include "t/unit/checker_pki.h"
#include "t/unit/checker_world.h"
#include "t/unit/shm_fixture.h"

static void
state_line__has_the_facts(void **state)
{
	struct peer p[2] = {{.kind = PEER_HTTPS}, {.kind = PEER_HTTPS}};
	struct addr a[3];
	struct world w;

	(void)state;
	peer_start(&p[0]);
	peer_start(&p[1]);
	a[0] = p[0].addr;
	a[1] = p[1].addr;
	a[2] = p[1].addr;
	world_open(&w, a, 3);
	w.table.server[2].backup = 1;
	table_publish(&w.f.seg, &w.table);
	w.f.all->worker[0].r.stat.server[0].active = 14;
	w.f.all->worker[0].r.stat.service[0].queued = 3;
	world_start(&w, true);
	await_ready(&w);
	assert_int_equal(
	    logged(&w, "notice server api/cp-1 is UP: L7OK GET /readyz: 200, first check, "
		       "check took "),
	    1);
	peer_stop(&p[0]);
	await_log(&w, "warning server api/cp-1 is DOWN: L4CON connection refused, 3 of 3 failed, "
		      "check took ");
	/* Here, and when it was UP before the others. */
	assert_in_range(
	    logged(&w, "ms; 1 UP, 1 backup servers left, 14 connections, 3 queued\n"), 1, 2);
	p[0].status = 503;
	peer_start(&p[0]);
	await_log(&w, "warning server api/cp-1 is NOTREADY: L7STS GET /readyz: 503, 3 of 3 failed, "
		      "check took ");
	peer_stop(&p[0]);
	p[0].status = 200;
	peer_start(&p[0]);
	await_log(&w, "notice server api/cp-1 is UP: L7OK GET /readyz: 200, 2 of 2 passed, "
		      "check took ");
	assert_int_equal(logged(&w, "server api/cp-1 is UP"), 2);
	assert_int_equal(logged(&w, "server api/cp-2 is"), 1);
	/* A service that is served as it should needs no line. */
	assert_int_equal(logged(&w, "service api"), 0);
	world_stop(&w);
	peer_stop(&p[0]);
	peer_stop(&p[1]);
	world_close(&w);
}

static void
service__without_servers__alarms_and_recovers(void **state)
{
	static const char fail_open[] =
	    "err service api: FAIL-OPEN: no server passes its check; "
	    "serving those that accept connections or sent a byte lately (1)\n";
	struct peer p = {.kind = PEER_HTTPS};
	struct addr a[2];
	struct world w;
	unsigned n;

	(void)state;
	peer_start(&p);
	a[0] = p.addr;
	peer_refusing(&a[1]);
	world_open(&w, a, 2);
	world_start(&w, true);
	await_ready(&w);
	assert_int_equal(logged(&w, "service api"), 0);
	peer_stop(&p);
	await_log(&w, "err service api has no usable server\n");
	n = logged(&w, fail_open);
	/* Bytes from a server that is DOWN: it is not quite dead. */
	STAT_SET(&w.f.all->worker[0].r.stat.server[0], last_byte, mono_ms(mono_now()));
	/* One more: a check may have been cut by the death of the server, which is NOTREADY first. */
	await_logs(&w, fail_open, n + 1);
	STAT_SET(&w.f.all->worker[0].r.stat.server[0], last_byte, mono_ms(mono_now()) - 60000);
	await_logs(&w, "err service api has no usable server", 2);
	peer_start(&p);
	await_log(&w, "notice service api recovered: 1 server is UP\n");
	peer_stop(&p);
	p.status = 500;
	peer_start(&p);
	await_state(&w, 0, STATE_NOTREADY);
	await_logs(&w, fail_open, n + 2);
	assert_int_equal(cell_of(&w, 0).state, STATE_NOTREADY);
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

static void
only_backups_up__is_a_warning(void **state)
{
	struct peer p = {.kind = PEER_HTTPS};
	struct addr a[2];
	struct world w;

	(void)state;
	peer_start(&p);
	peer_refusing(&a[0]);
	a[1] = p.addr;
	world_open(&w, a, 2);
	w.table.server[1].backup = 1;
	table_publish(&w.f.seg, &w.table);
	world_start(&w, true);
	await_log(&w, "warning service api: only backup servers are UP (1)\n");
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

static void
unauthorized__is_up_with_one_warning_that_names_the_cure(void **state)
{
	struct peer p = {.kind = PEER_HTTPS, .status = 401};
	struct world w;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	world_start(&w, true);
	await_checks(&w, 0, 5);
	assert_int_equal(cell_of(&w, 0).state, STATE_UP);
	assert_int_equal(cell_of(&w, 0).result, RESULT_L7OKC);
	assert_int_equal(cell_of(&w, 0).warn, HEALTH_WARN_AUTH);
	assert_int_equal(
	    logged(&w, "warning server api/cp-1: GET /readyz: 401, so it is alive but "
		       "its readiness is unknown: allow anonymous requests to /readyz "),
	    1);
	/* A restart of the checker, or of the server, is no reason to say it again. */
	world_kill(&w);
	world_start(&w, false);
	await_checks(&w, 0, checks_of(&w, 0) + 3);
	peer_stop(&p);
	await_state(&w, 0, STATE_DOWN);
	peer_start(&p);
	await_state(&w, 0, STATE_UP);
	assert_int_equal(logged(&w, "readiness is unknown"), 1);
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

static void
certificate__that_does_not_verify__is_said_once(void **state)
{
	struct peer p = {.kind = PEER_HTTPS, .cert = "wrong"};
	struct shm_health cell;
	struct world w;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	world_start(&w, true);
	await_checks(&w, 0, 5);
	assert_int_equal(cell_of(&w, 0).state, STATE_UP);
	assert_int_equal(cell_of(&w, 0).warn, HEALTH_WARN_CERT);
	assert_int_equal(
	    logged(&w, "warning server api/cp-1: the certificate is not for 127.0.0.1; "
		       "it is used all the same (check.verify = \"warn\")\n"),
	    1);
	/* Mended: the bit goes; broken again: that is news. */
	peer_stop(&p);
	p.cert = "server";
	peer_start(&p);
	await_state(&w, 0, STATE_UP);
	do
		cell = cell_of(&w, 0);
	while (cell.warn != 0 || cell.result != RESULT_L7OK);
	peer_stop(&p);
	p.cert = "wrong";
	peer_start(&p);
	await_logs(&w, "the certificate is not for", 2);
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

static void
wrong_ca_required_everywhere__fails_open(void **state)
{
	static char ca[128];
	struct peer p[2] = {{.kind = PEER_HTTPS}, {.kind = PEER_HTTPS}};
	struct addr a[2];
	struct world w;

	(void)state;
	peer_start(&p[0]);
	peer_start(&p[1]);
	a[0] = p[0].addr;
	a[1] = p[1].addr;
	world_open(&w, a, 2);
	snprintf(ca, sizeof ca, "%s/other-ca.pem", peer_pki());
	w.conf->services[0].check.ca = ca;
	w.conf->services[0].check.verify = VERIFY_REQUIRED;
	world_start(&w, true);
	await_ready(&w);
	await_log(&w, "err service api: FAIL-OPEN: no server passes its check; "
		      "serving those that accept connections or sent a byte lately (2)\n");
	await_log(&w, "warning server api/cp-2 is NOTREADY: L6RSP the certificate is not from a CA "
		      "in ");
	/* It is TLS all right. */
	assert_int_equal(logged(&w, "is api an API server?"), 0);
	world_stop(&w);
	peer_stop(&p[0]);
	peer_stop(&p[1]);
	world_close(&w);
}

static void
service__that_is_no_api_server__is_asked_about_once(void **state)
{
	struct peer p[2] = {{.kind = PEER_HTTPS, .status = 404}, {.kind = PEER_SPEAKS}};
	struct addr a[2];
	struct world w;

	(void)state;
	peer_start(&p[0]);
	peer_start(&p[1]);
	a[0] = p[0].addr;
	a[1] = p[1].addr;
	world_open(&w, a, 2);
	world_start(&w, true);
	await_log(&w, "warning is api an API server? preset = \"tcp\" ");
	await_checks(&w, 0, 5);
	await_checks(&w, 1, 5);
	assert_int_equal(logged(&w, "is api an API server?"), 1);
	assert_int_equal(cell_of(&w, 0).warn, HEALTH_WARN_FOREIGN);
	assert_int_equal(cell_of(&w, 1).warn, HEALTH_WARN_FOREIGN);
	/* Nor by a successor. */
	world_kill(&w);
	world_start(&w, false);
	await_ready(&w);
	await_checks(&w, 0, checks_of(&w, 0) + 3);
	await_checks(&w, 1, checks_of(&w, 1) + 3);
	assert_int_equal(logged(&w, "is api an API server?"), 1);
	world_stop(&w);
	peer_stop(&p[0]);
	peer_stop(&p[1]);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(state_line__has_the_facts),
	    cmocka_unit_test(service__without_servers__alarms_and_recovers),
	    cmocka_unit_test(only_backups_up__is_a_warning),
	    cmocka_unit_test(unauthorized__is_up_with_one_warning_that_names_the_cure),
	    cmocka_unit_test(certificate__that_does_not_verify__is_said_once),
	    cmocka_unit_test(wrong_ca_required_everywhere__fails_open),
	    cmocka_unit_test(service__that_is_no_api_server__is_asked_about_once),
	};

	return cmocka_run_group_tests_name("checker/report", tests, NULL, NULL);
}
