/* SPDX-License-Identifier: BSD-2-Clause */
/* Rise and fall: results in, states out, time as a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "checker/verdict.h"
#include "t/unit/checker_letters.h"

#define T0 1000000

/*
 * Letters as in checker_letters.h. Below each the state (U, N, D) and below that the health integer, in base 16.
 */
struct row {
	const char *name;
	int rise, fall;
	const char *results, *states, *health;
};

static const struct row rows[] = {
    {"one pass is UP at the start", 2, 3, "p", "U", "4"},
    {"one refused connect is DOWN at the start", 2, 3, "d", "D", "0"},
    {"one failed check of an open port is NOTREADY at the start", 2, 3, "n", "N", "0"},
    {"our own fault decides nothing", 2, 3, "ssp", "NNU", "004"},
    {"our own fault changes nothing", 2, 3, "psdsdsd", "UUUUUUD", "4433220"},
    {"fall failures of one kind", 2, 3, "pddd", "UUUD", "4320"},
    {"fall failures of the other kind", 2, 3, "pnnn", "UUUN", "4320"},
    {"one pass while falling clears the count", 2, 3, "pddpddd", "UUUUUUD", "4324320"},
    {"one failure while rising begins again", 2, 3, "dpdpp", "DDDDU", "01014"},
    {"a mixture is not DOWN", 2, 3, "pndd", "UUUN", "4320"},
    {"a mixture is NOTREADY until fall of one kind", 2, 3, "pnddd", "UUUND", "43200"},
    {"a mixture that ends with an open port", 2, 3, "pddn", "UUUN", "4320"},
    {"DOWN to NOTREADY takes fall failures", 2, 3, "dnnnd", "DDDNN", "00000"},
    {"NOTREADY to DOWN takes fall failures", 2, 3, "nddndddp", "NNNNNNDD", "00000001"},
    {"rise 1 fall 1 follows each result", 1, 1, "pdpnpd", "UDUNUD", "101010"},
    {"rise 1 fall 1 changes kind at once", 1, 1, "dnd", "DND", "000"},
    {"rise 3 fall 2", 3, 2, "dpppdd", "DDDUUD", "012430"},
    {"a pass at the top stays there", 2, 2, "ppp", "UUU", "333"},
    {"failed connects bring to the brink", 2, 3, "pkkkk", "UUUUU", "43222"},
    {"failed connects and checks together", 2, 3, "pkdd", "UUUD", "4320"},
    {"at the brink one check decides", 2, 3, "pkkkd", "UUUUD", "43220"},
    {"at the brink an open port is NOTREADY", 2, 3, "pkkkn", "UUUUN", "43220"},
    {"at the brink a pass forgives all", 2, 3, "pkkkp", "UUUUU", "43224"},
    {"a failed connect with fall 1 only looks", 2, 1, "pkd", "UUD", "220"},
    {"a failed connect begins rising again", 2, 3, "dpkpp", "DDDDU", "01014"},
    {"failed connects alone never make DOWN", 2, 3, "nkkkkd", "NNNNND", "000000"},
    {"two refusals and a worker's trouble are DOWN", 2, 9, "pkr+r", "UUUUD", "a9880"},
    {"not when they come together", 2, 9, "pkrr+r", "UUUUUD", "a98770"},
    {"not without a worker's trouble", 2, 9, "pr+r", "UUUU", "a998"},
    {"not when one was forgiven", 2, 9, "pkrp+r+r", "UUUUUUUU", "a98aa998"},
    {"not when it accepted between them", 2, 9, "pkrn+r+r", "UUUUUUUD", "a9877660"},
    {"NOTREADY, then refused twice", 2, 9, "nkr+r", "NNNND", "00000"},
    {"refused twice with the usual numbers", 2, 3, "pkr+r", "UUUUD", "43220"},
    {"HAProxy's longest", 7, 9, "pddddddddd", "UUUUUUUUUD", "fedcba9870"},
};

static void
run_row(const struct row *r)
{
	struct mono now = {T0}, since = now;
	enum server_state before = STATE_NOTREADY;
	bool was_first = true, changed;
	struct verdict v;

	assert_int_equal(strlen(r->results), strlen(r->states));
	assert_int_equal(strlen(r->results), strlen(r->health));
	verdict_init(&v, r->rise, r->fall, now);
	assert_int_equal(v.state, STATE_NOTREADY);
	for (size_t i = 0; r->results[i] != '\0'; i++) {
		now.us += r->results[i] == '+' ? 200000 : 1000;
		changed = feed(&v, r->results[i], now);
		if (letter_of(v.state) != r->states[i] || hex(v.health) != r->health[i])
			fail_msg(
			    "%s: result %zu: %c %c", r->name, i, letter_of(v.state), hex(v.health));
		/* Told exactly when it changed, and since is the moment it did. */
		if (changed != (v.state != before || (was_first && !v.first)))
			fail_msg("%s: result %zu: told %d", r->name, i, changed);
		if (changed)
			since = now;
		assert_int_equal(v.since.us, since.us);
		before = v.state;
		was_first = v.first;
	}
}

static void
results__in_a_row__give_states_as_haproxy_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		run_row(&rows[i]);
}

static void
every_result__first__decides_as_its_row_says(void **state)
{
	static const struct {
		enum check_result result;
		enum server_state then;
		bool decides;
	} all[] = {
	    {RESULT_UNK, STATE_NOTREADY, false},
	    {RESULT_INI, STATE_NOTREADY, false},
	    {RESULT_SOCKERR, STATE_NOTREADY, false},
	    {RESULT_NONE, STATE_UP, true},
	    {RESULT_L4OK, STATE_UP, true},
	    {RESULT_L4TOUT, STATE_DOWN, true},
	    {RESULT_L4CON, STATE_DOWN, true},
	    {RESULT_L6OK, STATE_UP, true},
	    {RESULT_L6TOUT, STATE_NOTREADY, true},
	    {RESULT_L6RSP, STATE_NOTREADY, true},
	    {RESULT_L7OK, STATE_UP, true},
	    {RESULT_L7OKC, STATE_UP, true},
	    {RESULT_L7TOUT, STATE_NOTREADY, true},
	    {RESULT_L7RSP, STATE_NOTREADY, true},
	    {RESULT_L7STS, STATE_NOTREADY, true},
	};
	struct verdict v;

	(void)state;
	assert_int_equal(sizeof all / sizeof *all, CHECK_RESULTS);
	for (size_t i = 0; i < CHECK_RESULTS; i++) {
		verdict_init(&v, 2, 3, (struct mono){T0});
		assert_int_equal(
		    verdict_result(&v, all[i].result, (struct mono){T0 + 1}), all[i].decides);
		assert_int_equal(v.state, all[i].then);
		assert_int_equal(v.first, !all[i].decides);
	}
}

/* What stands in the segment after a result of this letter. */
static struct shm_health
cell_after(const struct verdict *v, char letter)
{
	return (struct shm_health){
	    .state = (uint8_t)v->state,
	    .result = v->first	      ? RESULT_INI
		      : letter == 'p' ? RESULT_L7OK
				      : RESULT_L7STS,
	    .health = v->health,
	    .rise = (uint16_t)v->rise,
	    .fall = (uint16_t)v->fall,
	    .streak = (uint16_t)v->streak,
	    .streak_state = (uint8_t)v->streak_state,
	    .returns = v->returns,
	    .poked = v->poked,
	    .refused_us = v->refused.us,
	    .since_us = v->since.us,
	    .mute_us = v->mute.us,
	    .slow_us = v->slow.us,
	};
}

/* State, health and the configuration of a predecessor, and what its successor makes of it. */
static void
successor__inherits__what_was_counted(void **state)
{
	static const struct {
		enum server_state state;
		int rise, fall, health; /* before */
		int new_rise, new_fall, new_health;
		enum server_state then;
	} all[] = {
	    {STATE_UP, 2, 3, 4, 2, 3, 4, STATE_UP},
	    {STATE_UP, 2, 3, 2, 2, 3, 2, STATE_UP}, /* two failures */
	    {STATE_UP, 2, 3, 2, 5, 9, 11, STATE_UP},
	    {STATE_UP, 2, 3, 2, 4, 1, 4, STATE_UP}, /* no room for them: at the brink */
	    {STATE_UP, 2, 3, 99, 2, 3, 4, STATE_UP},
	    {STATE_DOWN, 2, 3, 1, 2, 3, 1, STATE_DOWN},
	    {STATE_DOWN, 5, 3, 4, 2, 3, 1, STATE_DOWN},
	    {STATE_NOTREADY, 2, 3, -7, 2, 3, 0, STATE_NOTREADY},
	    {STATE_HUNG, 2, 3, 0, 2, 3, 0, STATE_HUNG},
	};
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct shm_health cell = {
		    .state = (uint8_t)all[i].state,
		    .result = RESULT_L7OK,
		    .rise = (uint16_t)all[i].rise,
		    .fall = (uint16_t)all[i].fall,
		    .health = all[i].health,
		    .since_us = 77,
		};

		verdict_inherit(&v, all[i].new_rise, all[i].new_fall, &cell);
		assert_int_equal(v.state, all[i].then);
		assert_int_equal(v.health, all[i].new_health);
		assert_int_equal(v.since.us, 77);
		assert_false(v.first);
	}
}

static void
run_cut_row(const struct row *r, size_t cut)
{
	struct shm_health cell, again;
	struct mono now = {T0};
	struct verdict v;

	verdict_init(&v, r->rise, r->fall, now);
	for (size_t i = 0; r->results[i] != '\0'; i++) {
		if (i == cut) {
			cell = cell_after(&v, r->results[i - 1]);
			verdict_inherit(&v, r->rise, r->fall, &cell);
			again = cell_after(&v, r->results[i - 1]);
			assert_memory_equal(&cell, &again, sizeof cell);
		}
		now.us += r->results[i] == '+' ? 200000 : 1000;
		feed(&v, r->results[i], now);
		if (letter_of(v.state) != r->states[i] || hex(v.health) != r->health[i])
			fail_msg(
			    "%s: cut at %zu: result %zu: %c", r->name, cut, i, letter_of(v.state));
	}
}

/* Every row, cut at every place by a new process: all goes on as if there was no cut. */
static void
successor__in_the_middle_of_anything__goes_on_exactly(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t cut = 1; rows[i].results[cut] != '\0'; cut++)
			run_cut_row(&rows[i], cut);
}

static void
successor__of_one_without_results__lets_the_first_decide(void **state)
{
	struct shm_health cell = {
	    .state = STATE_NOTREADY, .result = RESULT_INI, .rise = 2, .fall = 3};
	struct verdict v;

	(void)state;
	verdict_inherit(&v, 2, 3, &cell);
	assert_true(v.first);
	assert_true(verdict_result(&v, RESULT_L7OK, (struct mono){T0}));
	assert_int_equal(v.state, STATE_UP);
}

/* A letter a result as above, and whether the state may be about to change then. */
static void
moving__is_what_fast_interval_is_for(void **state)
{
	static const struct {
		const char *results, *moving;
	} all[] = {
	    {"pdpddd", ".m.mm."},
	    {"dpdpp", ".m.m."},
	    {"dnnn", ".mm."},
	    {"ndnddd", ".m.mm."},
	    {"pndd", ".mmm"}, /* NOTREADY, on its way to DOWN */
	    {"sp", "m."},
	    {"pk", ".m"},
	};
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		verdict_init(&v, 2, 3, (struct mono){T0});
		assert_true(verdict_is_moving(&v));
		for (size_t k = 0; all[i].results[k] != '\0'; k++) {
			feed(&v, all[i].results[k], (struct mono){T0});
			if (verdict_is_moving(&v) != (all[i].moving[k] == 'm'))
				fail_msg("%s: result %zu", all[i].results, k);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(results__in_a_row__give_states_as_haproxy_does),
	    cmocka_unit_test(every_result__first__decides_as_its_row_says),
	    cmocka_unit_test(successor__inherits__what_was_counted),
	    cmocka_unit_test(successor__in_the_middle_of_anything__goes_on_exactly),
	    cmocka_unit_test(successor__of_one_without_results__lets_the_first_decide),
	    cmocka_unit_test(moving__is_what_fast_interval_is_for),
	};

	return cmocka_run_group_tests_name("checker/verdict", tests, NULL, NULL);
}
