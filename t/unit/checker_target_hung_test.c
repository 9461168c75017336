/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that accepts and says nothing, in the running checker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "t/unit/checker_peer.h"
#include "t/unit/checker_pki.h"
#include "t/unit/checker_world.h"
#include "t/unit/shm_fixture.h"

#define TIMEOUT_MS 400
#define HUNG_MS	   1000

/* Two servers; the first one has been turned into a mute one. */
static void
open_with_a_mute_one(struct world *w, struct peer p[2])
{
	struct addr a[2];

	for (unsigned i = 0; i < 2; i++) {
		p[i] = (struct peer){.kind = PEER_HTTPS};
		peer_start(&p[i]);
		a[i] = p[i].addr;
	}
	world_open(w, a, 2);
	w->conf->services[0].check.timeout = TIMEOUT_MS;
	w->table.service[0].hung_after_ms = HUNG_MS;
	table_publish(&w->f.seg, &w->table);
	world_start(w, true);
	await_state(w, 0, STATE_UP);
	await_state(w, 1, STATE_UP);
	assert_int_equal(cell_of(w, 0).mute_us, 0);
	peer_stop(&p[0]);
	p[0].kind = PEER_MUTE;
	peer_start(&p[0]);
	await_log(w,
	    "warning server api/cp-1 is HUNG: L6TOUT no TLS handshake in 400ms, no byte from "
	    "it for 1s, check took ");
	assert_int_equal(cell_of(w, 0).state, STATE_HUNG);
	assert_true(cell_of(w, 0).since_us - cell_of(w, 0).mute_us >= HUNG_MS * 1000);
}

static void
close_both(struct world *w, struct peer p[2])
{
	world_stop(w);
	peer_stop(&p[0]);
	peer_stop(&p[1]);
	world_close(w);
}

static void
silence__beside_a_server_that_is_up__is_hung(void **state)
{
	struct peer p[2];
	struct world w;
	int64_t mute;

	(void)state;
	open_with_a_mute_one(&w, p);
	/* A successor goes on, whatever the time. */
	world_kill(&w);
	mute = cell_of(&w, 0).mute_us;
	world_start(&w, false);
	await_ready(&w);
	await_checks(&w, 0, checks_of(&w, 0) + 2);
	assert_int_equal(cell_of(&w, 0).state, STATE_HUNG);
	assert_int_equal(cell_of(&w, 0).mute_us, mute);
	assert_int_equal(logged(&w, "server api/cp-1 is HUNG: "), 1);
	/* All of it was time not UP, and one change. */
	peer_stop(&p[0]);
	p[0].kind = PEER_HTTPS;
	peer_start(&p[0]);
	await_state(&w, 0, STATE_UP);
	assert_int_equal(cell_of(&w, 0).mute_us, 0);
	assert_int_equal(w.f.all->checker.r.stat[0].up_down, 1);
	assert_true(w.f.all->checker.r.stat[0].downtime_ms >= HUNG_MS);
	close_both(&w, p);
}

static void
hung__ends_with_a_byte_and_with_the_last_other_server(void **state)
{
	struct peer p[2];
	struct world w;

	(void)state;
	open_with_a_mute_one(&w, p);
	/* A byte that a worker got is an answer. */
	STAT_SET(&w.f.all->worker[0].r.stat.server[0], last_byte, mono_ms(mono_now()) + 60000);
	await_log(&w, "warning server api/cp-1 is NOTREADY: L6TOUT no TLS handshake in 400ms, no "
		      "longer hung, check took ");
	/* hung_after changes without new processes. */
	w.table.service[0].hung_after_ms = 50;
	STAT_SET(&w.f.all->worker[0].r.stat.server[0], last_byte, mono_ms(mono_now()) - 1000);
	world_publish(&w);
	await_state(&w, 0, STATE_HUNG);
	/* Nobody else could take its clients. */
	w.table.server[1].weight = 0;
	world_publish(&w);
	await_state(&w, 0, STATE_NOTREADY);
	close_both(&w, p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(silence__beside_a_server_that_is_up__is_hung),
	    cmocka_unit_test(hung__ends_with_a_byte_and_with_the_last_other_server),
	};

	return cmocka_run_group_tests_name("checker/target, hung", tests, NULL, NULL);
}
