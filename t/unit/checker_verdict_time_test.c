/* SPDX-License-Identifier: BSD-2-Clause */
/* What time makes of results: HUNG, slow start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "checker/verdict.h"
#include "t/unit/checker_letters.h"

#define T0 1000000

/*
 * Steps of a letter, the second in which it happens, and the state afterwards. Letters as above, and
 * b (a byte comes from the server), o and u (the other server is out, or UP), '.' (only time goes on).
 * rise 2, fall 3, hung_after 30 s; the other server is UP at first.
 */
static const struct {
	const char *name, *steps;
} silences[] = {
    {"without an answer for hung_after", "p0U m3U m6U m9N .38N .39H m42H"},
    {"as long as the server was UP nothing counts", "p0U m3U .50U m60U m61N .90N .91H"},
    {"the first result may begin it", "m0N m5N .29N .30H"},
    {"a byte begins it again", "m0N b20N .30N .49N .50H"},
    {"a byte ends HUNG", "m0N .30H b31N .60N .61H"},
    {"not when no other server is UP", "m0N o1N .40N u41H o42N u43H"},
    {"an answer of any kind begins it again", "m0N m10N n20N m25N .54N .55H"},
    {"an answer of any kind ends HUNG", "m0N .30H n33N n36N m39N .68N .69H"},
    {"passes end HUNG", "m0N .30H p33N p34U m37U m38U m39N .68N .69H"},
    {"a pass and silence again", "m0N .30H p33N m34N .63N .64H"},
    {"refused at times", "m0N d5N m10N .30H d33H m36H"},
    {"refused fall times", "m0N .30H d33H d34H d35D .90D m91D m92D m93N .122N .123H"},
    {"our own fault says nothing", "m0N s10N .30H s33H"},
    {"workers that cannot connect say nothing", "m0N k10N .30H k33H"},
    {"another failure than silence", "n0N n10N .60N d61N .100N"},
    {"DOWN is not silence", "d0D .60D"},
};

static void
run_silence(const char *name, const char *steps)
{
	struct silence s = {.hung_after_us = 30000000, .other_up = true};
	enum server_state before = STATE_NOTREADY;
	struct verdict v;
	bool changed, was_first;
	int at, used;
	char what, then;

	verdict_init(&v, 2, 3, (struct mono){T0});
	for (; sscanf(steps, " %c%d%c%n", &what, &at, &then, &used) == 3; steps += used) {
		struct mono now = {T0 + (int64_t)at * 1000000};

		was_first = v.first;
		changed = false;
		if (what == 'b')
			s.last_byte = now;
		else if (what == 'o' || what == 'u')
			s.other_up = what == 'u';
		else if (what != '.')
			changed = feed(&v, what, now);
		changed = verdict_silence(&v, &s, now) || changed;
		if (letter_of(v.state) != then)
			fail_msg("%s: %c at %d: %c", name, what, at, letter_of(v.state));
		if (changed != (v.state != before || was_first != v.first))
			fail_msg("%s: %c at %d: told %d", name, what, at, changed);
		if (changed)
			assert_int_equal(v.since.us, now.us);
		/* Down_interval is enough for a server that stays silent. */
		if (v.state == STATE_HUNG && what == 'm')
			assert_false(verdict_is_moving(&v));
		before = v.state;
	}
	assert_int_equal(*steps, '\0');
}

static void
silence__of_a_server_beside_others__is_hung(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof silences / sizeof *silences; i++)
		run_silence(silences[i].name, silences[i].steps);
}

static void
silence__goes_on_in_a_successor(void **state)
{
	struct shm_health cell = {
	    .state = STATE_NOTREADY, .result = RESULT_L7TOUT, .rise = 2, .fall = 3, .mute_us = T0};
	const struct silence s = {.hung_after_us = 30000000, .other_up = true};
	struct verdict v;

	(void)state;
	verdict_inherit(&v, 2, 3, &cell);
	assert_false(verdict_silence(&v, &s, (struct mono){T0 + 29999999}));
	assert_true(verdict_silence(&v, &s, (struct mono){T0 + 30000000}));
	cell.state = STATE_HUNG;
	verdict_inherit(&v, 2, 3, &cell);
	assert_false(verdict_silence(&v, &s, (struct mono){T0 + 30000000}));
	assert_int_equal(v.state, STATE_HUNG);
	/* Another address: what its predecessor did not say is not held against it. */
	verdict_forget(&v);
	assert_false(verdict_silence(&v, &s, (struct mono){T0 + 90000000}));
	assert_true(verdict_result(&v, RESULT_L7TOUT, (struct mono){T0 + 90000000}));
	assert_int_equal(v.state, STATE_NOTREADY);
	assert_false(verdict_silence(&v, &s, (struct mono){T0 + 119999999}));
	assert_true(verdict_silence(&v, &s, (struct mono){T0 + 120000000}));
}

/*
 * Slow start: a letter a result as above, the first one at second 1, one each second. c: at a cold
 * start, a: added by a reload. Below the second in which slow start began, in base 16; '.': none.
 */
static void
slow_start__begins_with_a_return__and_never_at_a_cold_start(void **state)
{
	static const struct {
		char how;
		const char *results, *slow;
	} all[] = {
	    {'c', "pppp", "...."},
	    {'c', "pdddppp", ".....66"},
	    {'c', "pddpp", "....."},	   /* it never left UP */
	    {'c', "dppdddpp", "..333..8"}, /* the first result was bad: it is a return */
	    {'c', "sspp", "...."},
	    {'c', "pnnnppp", ".....66"},
	    {'c', "pnddppp", ".....66"},
	    {'a', "pppp", "1111"},
	    {'a', "sspp", "..33"},
	    {'a', "nppp", "..33"},
	    {'a', "pdddpp", "111..6"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct verdict v;

		verdict_init(&v, 2, 3, (struct mono){0});
		v.returns = all[i].how == 'a';
		for (size_t k = 0; all[i].results[k] != '\0'; k++) {
			feed(&v, all[i].results[k], (struct mono){((int64_t)k + 1) * 1000000});
			if (hex((int)(v.slow.us / 1000000)) !=
			    (all[i].slow[k] == '.' ? '0' : all[i].slow[k]))
				fail_msg("%c %s: result %zu: %lld", all[i].how, all[i].results, k,
				    (long long)v.slow.us);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(silence__of_a_server_beside_others__is_hung),
	    cmocka_unit_test(silence__goes_on_in_a_successor),
	    cmocka_unit_test(slow_start__begins_with_a_return__and_never_at_a_cold_start),
	};

	return cmocka_run_group_tests_name("checker/verdict, time", tests, NULL, NULL);
}
