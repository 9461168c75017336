/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at servers before a reload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "checker/checker.h"
#include "shm/health.h"
#include "t/unit/checker_peer.h"
#include "t/unit/checker_pki.h"

static void
targets__are_checked_side_by_side_within_the_time(void **state)
{
	struct peer good = {.kind = PEER_HTTPS}, mute = {.kind = PEER_MUTE},
		    slow = {.kind = PEER_TLS_MUTE};
	struct conf_server servers[4];
	struct checker_target t[4];
	struct mono start;
	struct conf *conf;
	struct err err;

	(void)state;
	peer_start(&good);
	peer_start(&mute);
	peer_start(&slow);
	conf = peer_conf(&good.addr);
	for (unsigned i = 0; i < 4; i++) {
		servers[i] = conf->services[0].servers[0];
		/* Junk that must be overwritten. */
		t[i] = (struct checker_target){.server = i, .result = 99, .code = -5};
	}
	servers[1].addr = mute.addr;
	servers[2].addr = slow.addr;
	peer_refusing(&servers[3].addr);
	conf->services[0].servers = servers;
	conf->services[0].n_servers = 4;
	conf->services[0].check.timeout = 60000;
	err_init(&err);
	start = mono_now();
	assert_int_equal(checker_preflight(conf, t, 4, 400, &err), 0);
	assert_in_range(mono_diff_ms(start, mono_now()), 390, 3000);
	assert_int_equal(t[0].result, RESULT_L7OK);
	assert_int_equal(t[0].code, 200);
	assert_string_equal(t[0].text, "GET /readyz: 200");
	assert_in_range(t[0].check_ms, 0, 400);
	assert_int_equal(t[1].result, RESULT_INI);
	assert_int_equal(t[1].check_ms, -1);
	assert_string_equal(t[1].text, "no result in 400 ms");
	assert_int_equal(t[2].result, RESULT_INI);
	assert_int_equal(t[3].result, RESULT_L4CON);
	assert_int_equal(t[3].code, ECONNREFUSED);

	/* When all are done it does not wait for the time to be over. */
	start = mono_now();
	t[1].server = 3;
	assert_int_equal(checker_preflight(conf, t, 2, 60000, &err), 0);
	assert_true(mono_diff_ms(start, mono_now()) < 30000);
	assert_int_equal(t[1].result, RESULT_L4CON);
	assert_int_equal(checker_preflight(conf, NULL, 0, 1000, &err), 0);
	assert_int_equal(err.count, 0);
	peer_stop(&good);
	peer_stop(&mute);
	peer_stop(&slow);
}

static void
files__that_are_wrong__refuse_the_reload(void **state)
{
	static char missing[] = "/nonexistent/ca.pem";
	struct checker_target t = {.server = 0};
	struct addr a;
	struct conf *conf;
	struct err err;

	(void)state;
	peer_refusing(&a);
	conf = peer_conf(&a);
	conf->services[0].check.ca = missing;
	err_init(&err);
	assert_int_equal(checker_preflight(conf, &t, 1, 1000, &err), -1);
	assert_string_equal(err_end(&err), "kha.conf:7: services.api.check.ca: "
					   "/nonexistent/ca.pem: No such file or directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(targets__are_checked_side_by_side_within_the_time),
	    cmocka_unit_test(files__that_are_wrong__refuse_the_reload),
	};

	return cmocka_run_group_tests_name("checker/preflight", tests, NULL, NULL);
}
