/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that outlive a check: when they are used again, and that their end is nobody's fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "checker/checker.h"
#include "shm/health.h"
#include "t/unit/checker_peer.h"
#include "t/unit/checker_pki.h"
#include "t/unit/checker_run.h"
#include "t/unit/checker_world.h"
#include "t/unit/shm_fixture.h"

/* One server, checked again and again. */
struct again {
	struct peer peer;
	struct ev_loop *loop;
	struct conf *conf;
	struct plan plan;
	struct probe probe;
	struct told told;
};

static void
again_open(struct again *a, enum peer_kind kind)
{
	struct err err;

	memset(a, 0, sizeof *a);
	a->peer.kind = kind;
	peer_start(&a->peer);
	a->conf = peer_conf(&a->peer.addr);
	if (kind == PEER_KEEPS_HTTP)
		check_of(a->conf)->type = CHECK_HTTP;
	err_init(&err);
	assert_int_equal(checker_prepare(a->conf, &err), 0);
	a->loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
	assert_non_null(a->loop);
	plan_make(&a->plan, 0, &a->peer.addr);
	probe_init(&a->probe, a->loop, told, &a->told);
}

static void
again_close(struct again *a)
{
	probe_stop(&a->probe);
	assert_int_equal(ev_run(a->loop, EVRUN_NOWAIT), 0); /* nothing is watched */
	plan_forget();
	ev_loop_destroy(a->loop);
	peer_stop(&a->peer);
	assert_int_equal(a->peer.seen->handshake_errors, 0);
}

/* A check to its end: an outcome, and the connection kept or gone. */
static struct probe_outcome
check(struct again *a, bool steady)
{
	int before = a->told.times;

	probe_start(&a->probe, &a->plan, steady);
	while (a->told.times == before ||
	       (a->probe.phase != PROBE_IDLE && a->probe.phase != PROBE_KEPT))
		ev_run(a->loop, EVRUN_ONCE);
	assert_int_equal(a->told.times, before + 1);
	return a->told.o;
}

/* Until the kept connection is found to be gone. */
static void
await_end(struct again *a)
{
	while (a->probe.phase != PROBE_IDLE)
		ev_run(a->loop, EVRUN_ONCE);
}

static void
connection__of_a_server_that_agrees__is_used_again(void **state)
{
	static const enum peer_kind kinds[] = {PEER_KEEPS, PEER_KEEPS_HTTP};
	struct probe_outcome o;
	struct again a;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		again_open(&a, kinds[i]);
		for (int k = 1; k <= 5; k++) {
			o = check(&a, true);
			expect(o, RESULT_L7OK, 200, "GET /readyz: 200");
			assert_int_equal(a.probe.phase, PROBE_KEPT);
			assert_false(probe_running(&a.probe));
			assert_int_equal(a.peer.seen->requests, k); /* one each, as ever */
			/* What the handshake said stays true. */
			assert_int_equal(o.cert.not_after,
			    kinds[i] == PEER_KEEPS ? peer_not_after("server") : 0);
			assert_null(strstr(a.peer.seen->request, "Connection:"));
		}
		assert_int_equal(a.peer.seen->accepted, 1);
		/* In doubt it is left in good order, and the next one is not kept. */
		expect(check(&a, false), RESULT_L7OK, 200, "GET /readyz: 200");
		assert_int_equal(a.probe.phase, PROBE_IDLE);
		assert_int_equal(a.peer.seen->accepted, 2);
		assert_non_null(strstr(a.peer.seen->request, "Connection: close\r\n"));
		assert_true(peer_await(&a.peer.seen->clean, 2));
		/* And so is one at the end of the checker. */
		check(&a, true);
		probe_stop(&a.probe);
		assert_true(peer_await(&a.peer.seen->clean, 3));
		assert_int_equal(a.peer.seen->unclean, 0);
		again_close(&a);
	}
}

static void
warning__about_the_certificate__is_there_in_each_check(void **state)
{
	struct probe_outcome o;
	struct again a;

	(void)state;
	again_open(&a, PEER_KEEPS);
	plan_forget();
	check_of(a.conf)->ca = pki("other-ca.pem");
	assert_int_equal(checker_prepare(a.conf, &(struct err){0}), 0);
	plan_make(&a.plan, 0, &a.peer.addr);
	for (int k = 0; k < 3; k++) {
		o = check(&a, true);
		assert_int_equal(o.warn, HEALTH_WARN_CERT);
		assert_non_null(strstr(o.warning, "not from a CA in"));
	}
	assert_int_equal(a.peer.seen->accepted, 1);
	again_close(&a);
}

static void
connection__that_ended_meanwhile__is_no_failure(void **state)
{
	struct again a;

	(void)state;
	/* Seen while it is idle. */
	again_open(&a, PEER_KEEPS_LEAVES);
	for (int k = 1; k <= 3; k++) {
		expect(check(&a, true), RESULT_L7OK, 200, "GET /readyz: 200");
		await_end(&a);
		assert_int_equal(a.peer.seen->accepted, k);
	}
	assert_int_equal(a.peer.seen->unclean, 0);
	again_close(&a);
	/* Seen with the request on its way: asked again on a fresh one. */
	again_open(&a, PEER_KEEPS_DEAF);
	expect(check(&a, true), RESULT_L7OK, 200, "GET /readyz: 200");
	for (int k = 2; k <= 4; k++) {
		expect(check(&a, true), RESULT_L7OK, 200, "GET /readyz: 200");
		assert_int_equal(a.peer.seen->accepted, k);
		assert_int_equal(a.peer.seen->requests, 2 * k - 1);
	}
	again_close(&a);
	/* Killed and started anew, between two checks and in one turn. */
	again_open(&a, PEER_KEEPS);
	check(&a, true);
	peer_stop(&a.peer);
	peer_start(&a.peer);
	expect(check(&a, true), RESULT_L7OK, 200, "GET /readyz: 200");
	/* Only killed: that is seen on the fresh one. */
	peer_stop(&a.peer);
	expect(check(&a, true), RESULT_L4CON, 111, "connection refused");
	peer_start(&a.peer);
	again_close(&a);
}

static void
connection__without_an_answer__is_a_failure(void **state)
{
	struct probe_outcome o;
	struct again a;

	(void)state;
	again_open(&a, PEER_KEEPS_MUTE);
	check_of(a.conf)->timeout = 300;
	check(&a, true);
	o = check(&a, true);
	expect(o, RESULT_L7TOUT, 0, "no answer to GET /readyz in 300ms");
	assert_in_range(o.check_ms, 290, 2000);
	assert_int_equal(a.probe.phase, PROBE_IDLE);
	expect(check(&a, false), RESULT_L7OK, 200, "GET /readyz: 200");
	again_close(&a);
}

static void
server__that_does_not_agree__is_asked_to_close(void **state)
{
	struct again a;

	(void)state;
	again_open(&a, PEER_HTTPS); /* says Connection: close */
	check(&a, true);
	assert_int_equal(a.probe.phase, PROBE_IDLE);
	assert_null(strstr(a.peer.seen->request, "Connection:"));
	for (int k = 2; k <= 4; k++) {
		check(&a, true);
		assert_non_null(strstr(a.peer.seen->request, "Connection: close\r\n"));
		assert_int_equal(a.peer.seen->accepted, k);
	}
	/* After it was in doubt it may be another server. */
	check(&a, false);
	check(&a, true);
	assert_null(strstr(a.peer.seen->request, "Connection:"));
	assert_int_equal(a.peer.seen->clean, 6);
	assert_int_equal(a.peer.seen->unclean, 0);
	again_close(&a);
}

static void
connection__of_some_age__is_renewed(void **state)
{
	struct again a;

	(void)state;
	again_open(&a, PEER_KEEPS);
	check_of(a.conf)->interval = PROBE_KEEP_MS / 2;
	check(&a, true);
	/* The last one that fits: the server is asked to close, and does. */
	a.probe.opened = mono_add_ms(mono_now(), -(PROBE_KEEP_MS - 3000));
	check(&a, true);
	assert_int_equal(a.peer.seen->accepted, 1);
	assert_non_null(strstr(a.peer.seen->request, "Connection: close\r\n"));
	assert_int_equal(a.probe.phase, PROBE_IDLE);
	/* One that was forgotten for long is not used any more. */
	check(&a, true);
	a.probe.opened = mono_add_ms(mono_now(), -PROBE_KEEP_MS);
	check(&a, true);
	assert_int_equal(a.peer.seen->accepted, 3);
	assert_int_equal(a.peer.seen->unclean, 0);
	/* With an interval as long as that none is kept. */
	check_of(a.conf)->interval = PROBE_KEEP_MS;
	check(&a, false);
	check(&a, true);
	assert_int_equal(a.probe.phase, PROBE_IDLE);
	/* A short interval does not mean that a thousand checks go over one connection. */
	check_of(a.conf)->interval = 100;
	check(&a, false);
	check(&a, true);
	assert_int_equal(a.probe.phase, PROBE_KEPT);
	a.probe.opened = mono_add_ms(mono_now(), -100 * PROBE_KEEP_CHECKS);
	check(&a, true);
	assert_int_equal(a.peer.seen->accepted, 8);
	again_close(&a);
}

/* The whole checker: one connection for a server that is well, a new one when a worker complains. */
static void
checker__keeps_a_connection_while_all_is_well(void **state)
{
	struct peer p = {.kind = PEER_KEEPS};
	struct world w;
	uint64_t checks;
	int accepted;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	world_start(&w, true);
	await_ready(&w);
	await_checks(&w, 0, 10);
	assert_true(p.seen->requests >= 10);
	assert_in_range(p.seen->accepted, 2, p.seen->requests / 2);
	checks = checks_of(&w, 0);
	accepted = p.seen->accepted;
	STAT_ADD(&w.f.all->worker[0].r.stat.server[0], connect_failed, 1);
	world_wake(&w);
	/* That one did, and it passed; then another one is kept. */
	await_checks(&w, 0, checks + 5);
	assert_in_range(p.seen->accepted, accepted + 1, accepted + 4);
	assert_int_equal(cell_of(&w, 0).state, STATE_UP);
	assert_int_equal(w.f.all->checker.r.stat[0].failures, 0);
	world_stop(&w);
	assert_true(peer_await(&p.seen->clean, p.seen->accepted));
	assert_int_equal(p.seen->unclean, 0);
	peer_stop(&p);
	world_close(&w);
}

/* Its end is the first that is heard of a server's death. */
static void
server__that_dies_between_checks__is_down_soon(void **state)
{
	struct peer p = {.kind = PEER_KEEPS};
	struct world w;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	/* Intervals alone would take minutes. */
	check_of(w.conf)->interval = 1000;
	check_of(w.conf)->fast_interval = 60000;
	world_start(&w, true);
	await_ready(&w);
	await_checks(&w, 0, 2); /* the first one is not kept */
	peer_stop(&p);
	await_state(&w, 0, STATE_DOWN);
	world_stop(&w);
	world_close(&w);
}

/* One that always hangs up on idle connections is well, and has two checks in an interval at most. */
static void
server__that_ends_kept_connections__stays_up(void **state)
{
	struct peer p = {.kind = PEER_KEEPS_LEAVES};
	struct mono begun = mono_now();
	struct world w;

	(void)state;
	peer_start(&p);
	world_open(&w, &p.addr, 1);
	check_of(w.conf)->interval = 300;
	world_start(&w, true);
	await_ready(&w);
	await_checks(&w, 0, 10);
	assert_true(mono_diff_ms(begun, mono_now()) >= 3 * 300);
	assert_int_equal(cell_of(&w, 0).state, STATE_UP);
	assert_int_equal(w.f.all->checker.r.stat[0].failures, 0);
	assert_int_equal(w.f.all->checker.r.stat[0].up_down, 0);
	world_stop(&w);
	peer_stop(&p);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connection__of_a_server_that_agrees__is_used_again),
	    cmocka_unit_test(warning__about_the_certificate__is_there_in_each_check),
	    cmocka_unit_test(connection__that_ended_meanwhile__is_no_failure),
	    cmocka_unit_test(connection__without_an_answer__is_a_failure),
	    cmocka_unit_test(server__that_does_not_agree__is_asked_to_close),
	    cmocka_unit_test(connection__of_some_age__is_renewed),
	    cmocka_unit_test(checker__keeps_a_connection_while_all_is_well),
	    cmocka_unit_test(server__that_dies_between_checks__is_down_soon),
	    cmocka_unit_test(server__that_ends_kept_connections__stays_up),
	};

	signal(SIGPIPE, SIG_IGN); /* as checker_main() does */
	return cmocka_run_group_tests_name("checker/probe, kept", tests, NULL, NULL);
}
