/* SPDX-License-Identifier: BSD-2-Clause */
/* One check at a time against real servers on loopback: result, code, words, and what the
 * server saw of it. What is about TLS is in checker_tls_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "checker/checker.h"
#include "shm/health.h"
#include "t/unit/checker_peer.h"
#include "t/unit/checker_pki.h"
#include "t/unit/checker_run.h"

/* ---- TCP ---- */

static void
open_port__checked_by_tcp__is_l4ok_and_the_server_hears_nothing(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct addr a;
	socklen_t len = sizeof a;
	struct conf *conf;

	(void)state;
	assert_null(addr_parse(&a, "127.0.0.1", false));
	assert_int_equal(bind(fd, &a.sa, addr_len(&a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, &a.sa, &len), 0);
	conf = peer_conf(&a);
	check_of(conf)->type = CHECK_TCP;
	for (int i = 0; i < 20; i++) {
		expect(run(conf), RESULT_L4OK, 0, "connected");
		assert_int_equal(accept(fd, NULL, NULL), -1);
		assert_int_equal(errno, EAGAIN);
	}
	close(fd);
}

static void
closed_port__is_l4con_at_once(void **state)
{
	static const enum conf_check_type types[] = {CHECK_TCP, CHECK_TLS, CHECK_HTTP, CHECK_HTTPS};
	struct probe_outcome o;
	struct addr a;

	(void)state;
	peer_refusing(&a);
	for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
		struct conf *conf = peer_conf(&a);

		check_of(conf)->type = types[i];
		o = run(conf);
		expect(o, RESULT_L4CON, ECONNREFUSED, "connection refused");
		assert_true(o.check_ms < 1000);
	}
}

static void
unanswered_connect__is_l4tout_after_connect_timeout(void **state)
{
	struct probe_outcome o;
	struct conf *conf;
	struct addr a;

	(void)state;
	peer_unreachable(&a);
	conf = peer_conf(&a);
	check_of(conf)->connect_timeout = 150;
	o = run(conf);
	expect(o, RESULT_L4TOUT, ETIMEDOUT, "no answer to the connect in 150ms");
	assert_in_range(o.check_ms, 140, 2000);
	/* A shorter timeout of the whole check rules here, too. */
	check_of(conf)->connect_timeout = 2000;
	check_of(conf)->timeout = 100;
	o = run(conf);
	expect(o, RESULT_L4TOUT, ETIMEDOUT, "no answer to the connect in 100ms");
	assert_in_range(o.check_ms, 90, 1500);
}

static void
our_own_shortage__is_sockerr(void **state)
{
	struct rlimit before, none;
	struct conf *conf;
	struct plan plan;
	struct probe probe;
	struct told t = {.times = 0};
	struct ev_loop *loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
	struct addr a;
	struct err err;

	(void)state;
	peer_refusing(&a);
	conf = peer_conf(&a);
	err_init(&err);
	assert_int_equal(checker_prepare(conf, &err), 0);
	plan_make(&plan, 0, &a);
	probe_init(&probe, loop, told, &t);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	probe_start(&probe, &plan, false);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(t.times, 1);
	expect(t.o, RESULT_SOCKERR, EMFILE, "too many open files");
	plan_forget();
	ev_loop_destroy(loop);
}

static void
source__is_the_first_local_one_of_the_family(void **state)
{
	static const struct {
		const char *server, *source[3], *from; /* from NULL: none is local */
	} rows[] = {
	    {"127.0.0.1", {"127.0.0.9"}, "127.0.0.9"},
	    {"127.0.0.1", {"127.0.0.9", "127.0.0.8"}, "127.0.0.9"},
	    {"127.0.0.1", {"::1", "192.0.2.77", "127.0.0.8"}, "127.0.0.8"},
	    {"127.0.0.1", {"::1"}, "127.0.0.1"},
	    {"::1", {"127.0.0.9", "::1"}, "::1"},
	    {"127.0.0.1", {"192.0.2.77", "192.0.2.78"}, NULL},
	};
	struct addr source[3];
	struct conf *conf;

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct peer p = {.kind = PEER_HTTPS};

		assert_null(addr_parse(&p.addr, rows[i].server, false));
		peer_start(&p);
		conf = peer_conf(&p.addr);
		conf->services[0].source.v = source;
		for (unsigned k = 0; k < 3 && rows[i].source[k] != NULL; k++)
			assert_null(addr_parse(
			    &source[conf->services[0].source.n++], rows[i].source[k], false));
		if (rows[i].from != NULL) {
			expect(run(conf), RESULT_L7OK, 200, "GET /readyz: 200");
			assert_string_equal(p.seen->from, rows[i].from);
		} else
			expect(run(conf), RESULT_SOCKERR, EADDRNOTAVAIL,
			    "no address of source is local: Cannot assign requested address");
		peer_stop(&p);
	}
}

static void
no_check__passes_without_a_packet(void **state)
{
	struct conf *conf;
	struct addr a;

	(void)state;
	peer_refusing(&a);
	conf = peer_conf(&a);
	check_of(conf)->type = CHECK_NONE;
	expect(run(conf), RESULT_NONE, 0, "no health check");
}

/* ---- HTTP ---- */

static void
status__is_l7ok_when_expected_and_else_l7sts(void **state)
{
	static char any[] = "2xx", late[] = "401-403", *codes[] = {any, late};
	static const struct {
		int status;
		bool more; /* expect the codes above, not only 200 */
		enum check_result result;
		uint32_t warn;
	} rows[] = {
	    {200, false, RESULT_L7OK, 0},
	    {204, false, RESULT_L7STS, 0},
	    {204, true, RESULT_L7OK, 0},
	    {401, false, RESULT_L7OKC, HEALTH_WARN_AUTH},
	    {403, false, RESULT_L7OKC, HEALTH_WARN_AUTH},
	    {403, true, RESULT_L7OK, 0},
	    {404, false, RESULT_L7STS, HEALTH_WARN_FOREIGN},
	    {500, true, RESULT_L7STS, 0},
	};

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
		struct peer p = {
		    .kind = i % 2 ? PEER_HTTP : PEER_HTTPS, .status = rows[i / 2].status};
		struct probe_outcome o;
		struct conf *conf;
		char text[32];

		peer_start(&p);
		conf = peer_conf(&p.addr);
		check_of(conf)->type = i % 2 ? CHECK_HTTP : CHECK_HTTPS;
		if (rows[i / 2].more)
			check_of(conf)->expect = (struct conf_strings){codes, 2};
		o = run_last(&p, conf);
		snprintf(text, sizeof text, "GET /readyz: %d", rows[i / 2].status);
		expect(o, rows[i / 2].result, (unsigned)rows[i / 2].status, text);
		assert_int_equal(o.warn, rows[i / 2].warn);
		assert_int_equal(o.cert.not_after, i % 2 ? 0 : peer_not_after("server"));
		assert_int_equal(p.seen->handshake_errors, 0);
	}
}

static void
request__names_the_server_and_asks_to_close(void **state)
{
	static char host[] = "kubeapi.example.net:6443", path[] = "/livez?verbose";
	struct peer p = {.kind = PEER_HTTPS};
	char want[64], where[ADDR_TEXT];
	struct conf *conf;

	(void)state;
	assert_null(addr_parse(&p.addr, "::1", false));
	peer_start(&p);
	conf = peer_conf(&p.addr);
	expect(run(conf), RESULT_L7OK, 200, "GET /readyz: 200");
	snprintf(want, sizeof want, "\r\nHost: %s\r\n", addr_print(&p.addr, where, sizeof where));
	assert_non_null(strstr(p.seen->request, want));
	assert_ptr_equal(strstr(p.seen->request, "GET /readyz HTTP/1.1\r\n"), p.seen->request);
	assert_non_null(strstr(p.seen->request, "\r\nConnection: close\r\n"));
	check_of(conf)->host = host;
	check_of(conf)->path = path;
	/* The port of the check, not that of the server. */
	check_of(conf)->port = addr_port(&p.addr);
	addr_set_port(&conf->services[0].servers[0].addr, 1);
	expect(run_last(&p, conf), RESULT_L7OK, 200, "GET /livez?verbose: 200");
	assert_non_null(strstr(p.seen->request, "\r\nHost: kubeapi.example.net:6443\r\n"));
	assert_int_equal(p.seen->clean, 2);
}

static void
answers__that_are_none__are_l7rsp_or_l7tout(void **state)
{
	static const struct {
		enum peer_kind kind;
		enum conf_check_type type;
		enum check_result result;
		const char *text;
	} rows[] = {
	    {PEER_SPEAKS, CHECK_HTTP, RESULT_L7RSP, "the answer is not HTTP"},
	    {PEER_HANGS_UP, CHECK_HTTP, RESULT_L7RSP, "connection reset by peer"},
	    {PEER_TLS_HANGS_UP, CHECK_HTTPS, RESULT_L7RSP, "connection closed before an answer"},
	    {PEER_MUTE, CHECK_HTTP, RESULT_L7TOUT, "no answer to GET /readyz in 200ms"},
	    {PEER_TLS_MUTE, CHECK_HTTPS, RESULT_L7TOUT, "no answer to GET /readyz in 200ms"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct peer p = {.kind = rows[i].kind};
		struct probe_outcome o;
		struct conf *conf;

		peer_start(&p);
		conf = peer_conf(&p.addr);
		check_of(conf)->type = rows[i].type;
		check_of(conf)->timeout = 200;
		o = run_last(&p, conf);
		if (rows[i].kind == PEER_HANGS_UP &&
		    strcmp(o.text, "connection closed before an answer") == 0)
			strcpy(o.text, rows[i].text); /* FIN or RST: luck */
		expect(o, rows[i].result, 0, rows[i].text);
	}
}

/* ---- stopping ---- */

static void
probe__stopped_in_any_phase__leaves_nothing(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
	struct peer p = {.kind = PEER_TLS_MUTE};
	struct told t = {.times = 0};
	enum probe_phase stop_in[] = {PROBE_CONNECT, PROBE_HANDSHAKE, PROBE_RECV};
	struct conf *conf;
	struct plan plan;
	struct probe probe;
	struct err err;

	(void)state;
	peer_start(&p);
	conf = peer_conf(&p.addr);
	/* No timeout may come first, however busy the machine is. */
	check_of(conf)->timeout = check_of(conf)->connect_timeout = 600000;
	err_init(&err);
	assert_int_equal(checker_prepare(conf, &err), 0);
	plan_make(&plan, 0, &p.addr);
	probe_init(&probe, loop, told, &t);
	probe_stop(&probe); /* of none */
	for (unsigned i = 0; i < 3; i++) {
		probe_start(&probe, &plan, false);
		while (probe.phase != stop_in[i]) {
			ev_run(loop, EVRUN_ONCE);
			assert_int_equal(t.times, 0);
		}
		probe_stop(&probe);
		assert_int_equal(probe.fd, -1);
		assert_int_equal(ev_run(loop, EVRUN_NOWAIT), 0); /* nothing is watched */
	}
	assert_int_equal(t.times, 0);
	plan_forget();
	ev_loop_destroy(loop);
	peer_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(open_port__checked_by_tcp__is_l4ok_and_the_server_hears_nothing),
	    cmocka_unit_test(closed_port__is_l4con_at_once),
	    cmocka_unit_test(unanswered_connect__is_l4tout_after_connect_timeout),
	    cmocka_unit_test(our_own_shortage__is_sockerr),
	    cmocka_unit_test(source__is_the_first_local_one_of_the_family),
	    cmocka_unit_test(no_check__passes_without_a_packet),
	    cmocka_unit_test(status__is_l7ok_when_expected_and_else_l7sts),
	    cmocka_unit_test(request__names_the_server_and_asks_to_close),
	    cmocka_unit_test(answers__that_are_none__are_l7rsp_or_l7tout),
	    cmocka_unit_test(probe__stopped_in_any_phase__leaves_nothing),
	};

	signal(SIGPIPE, SIG_IGN); /* as checker_main() does */
	return cmocka_run_group_tests_name("checker/probe", tests, NULL, NULL);
}
