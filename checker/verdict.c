/* SPDX-License-Identifier: BSD-2-Clause */
#include "checker/verdict.h"

#include "shm/health.h"

static int
top(const struct verdict *v)
{
	return v->rise + v->fall - 1;
}

void
verdict_init(struct verdict *v, int rise, int fall, struct mono now)
{
	*v = (struct verdict){
	    .rise = rise,
	    .fall = fall,
	    .state = STATE_NOTREADY,
	    .since = now,
	    .first = true,
	};
}

void
verdict_inherit(struct verdict *v, int rise, int fall, const struct shm_health *cell)
{
	int failed = cell->rise + cell->fall - 1 - cell->health;

	verdict_init(v, rise, fall, (struct mono){cell->since_us});
	if (cell->result == RESULT_INI || cell->result == RESULT_UNK)
		return;
	v->first = false;
	if (cell->state == STATE_UP) {
		v->state = STATE_UP;
		if (failed < 0)
			failed = 0;
		v->health = top(v) - (failed < fall ? failed : fall - 1);
		return;
	}
	v->state = cell->state == STATE_DOWN ? STATE_DOWN : STATE_NOTREADY;
	if (cell->health > 0)
		v->health = cell->health < rise ? cell->health : rise - 1;
}

static bool
change(struct verdict *v, enum server_state state, struct mono now)
{
	if (state == v->state && !v->first)
		return false;
	v->first = false;
	v->state = state;
	v->since = now;
	return true;
}

static void
count_streak(struct verdict *v, enum server_state says, int limit)
{
	if (v->streak_state != says)
		v->streak = 0;
	v->streak_state = says;
	if (v->streak < limit)
		v->streak++;
}

static bool
passed(struct verdict *v, struct mono now)
{
	v->streak = 0;
	if (v->health < top(v))
		v->health++;
	if (v->health < v->rise && !v->first)
		return false;
	v->health = top(v);
	return change(v, STATE_UP, now);
}

static bool
failed(struct verdict *v, enum server_state says, struct mono now)
{
	count_streak(v, says, v->fall);
	if (v->health > 0)
		v->health--;
	if (v->health < v->rise)
		v->health = 0;
	if (v->first)
		return change(v, says, now);
	if (v->health > 0)
		return false; /* still UP */
	if (v->streak >= v->fall)
		return change(v, says, now);
	return v->state == STATE_UP ? change(v, STATE_NOTREADY, now) : false;
}

bool
verdict_result(struct verdict *v, enum check_result result, struct mono now)
{
	if (result == RESULT_UNK || result == RESULT_INI || result == RESULT_SOCKERR)
		return false;
	if (check_result_passed(result))
		return passed(v, now);
	return failed(v, check_result_accepts(result) ? STATE_NOTREADY : STATE_DOWN, now);
}

void
verdict_poke(struct verdict *v)
{
	count_streak(v, STATE_DOWN, v->fall - 1);
	if (v->state != STATE_UP)
		v->health = 0;
	else if (v->health > v->rise)
		v->health--;
}

bool
verdict_is_moving(const struct verdict *v)
{
	if (v->first)
		return true;
	if (v->state == STATE_UP)
		return v->health < top(v);
	return v->health > 0 || (v->streak > 0 && v->streak_state != v->state);
}
