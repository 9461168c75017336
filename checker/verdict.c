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

/* HUNG is a NOTREADY, as far as results are concerned. */
static enum server_state
plain(enum server_state state)
{
	return state == STATE_HUNG ? STATE_NOTREADY : state;
}

/* Failures that made no change yet must not make one by a smaller `fall` alone. */
static void
inherit_streak(struct verdict *v, const struct shm_health *cell)
{
	enum server_state says = cell->streak_state;
	int most = says == plain((enum server_state)cell->state) ? v->fall : v->fall - 1;

	v->streak_state = says;
	v->streak = cell->streak < most ? cell->streak : most;
}

/* No result about the server yet, at most faults of our own. */
static bool
is_unknown(const struct shm_health *cell)
{
	return cell->result == RESULT_INI || cell->result == RESULT_UNK ||
	       (cell->result == RESULT_SOCKERR && cell->state == STATE_NOTREADY &&
		   cell->health == 0 && cell->streak == 0);
}

void
verdict_inherit(struct verdict *v, int rise, int fall, const struct shm_health *cell)
{
	int failed = cell->rise + cell->fall - 1 - cell->health;

	verdict_init(v, rise, fall, (struct mono){cell->since_us});
	v->returns = cell->returns != 0;
	v->poked = cell->poked != 0;
	v->refused.us = cell->refused_us;
	if (is_unknown(cell))
		return;
	v->first = false;
	v->slow.us = cell->state == STATE_UP ? cell->slow_us : 0;
	inherit_streak(v, cell);
	if (cell->state == STATE_UP) {
		v->state = STATE_UP;
		if (failed < 0)
			failed = 0;
		v->health = top(v) - (failed < fall ? failed : fall - 1);
		return;
	}
	v->state = cell->state == STATE_DOWN || cell->state == STATE_HUNG
		       ? (enum server_state)cell->state
		       : STATE_NOTREADY;
	if (v->state != STATE_DOWN)
		v->mute.us = cell->mute_us;
	if (cell->health > 0)
		v->health = cell->health < rise ? cell->health : rise - 1;
}

void
verdict_forget(struct verdict *v)
{
	v->first = true;
	v->mute.us = v->refused.us = 0;
	v->poked = false;
}

static bool
enter(struct verdict *v, enum server_state state, struct mono now)
{
	bool stays = state == STATE_UP && v->state == STATE_UP;

	v->first = false;
	v->state = state;
	v->since = now;
	if (!stays)
		v->slow = state == STATE_UP && v->returns ? now : (struct mono){0};
	v->returns = state != STATE_UP;
	if (plain(state) != STATE_NOTREADY) {
		v->poked = false;
		v->refused.us = v->mute.us = 0;
	}
	return true;
}

static bool
change(struct verdict *v, enum server_state state, struct mono now)
{
	return state == plain(v->state) && !v->first ? false : enter(v, state, now);
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
	v->poked = false;
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

/* The end of a silence makes HUNG NOTREADY. A port that does not accept at the moment neither
 * begins nor ends one: that is about DOWN. */
static bool
listen_to(struct verdict *v, enum check_result result, struct mono now)
{
	if (plain(v->state) != STATE_NOTREADY || !check_result_accepts(result))
		return false;
	if (check_result_mute(result)) {
		if (v->mute.us == 0)
			v->mute = now;
		return false;
	}
	v->mute.us = 0;
	return v->state == STATE_HUNG && enter(v, STATE_NOTREADY, now);
}

bool
verdict_result(struct verdict *v, enum check_result result, struct mono now)
{
	bool changed;

	if (result == RESULT_UNK || result == RESULT_INI || result == RESULT_SOCKERR)
		return false;
	if (check_result_accepts(result))
		v->refused.us = 0;
	if (check_result_passed(result))
		changed = passed(v, now);
	else
		changed =
		    failed(v, check_result_accepts(result) ? STATE_NOTREADY : STATE_DOWN, now);
	return listen_to(v, result, now) || changed;
}

bool
verdict_silence(struct verdict *v, const struct silence *s, struct mono now)
{
	int64_t since = v->mute.us > s->last_byte.us ? v->mute.us : s->last_byte.us;
	bool hung = v->mute.us != 0 && s->other_up && now.us - since >= s->hung_after_us;

	if (v->first || hung == (v->state == STATE_HUNG))
		return false;
	return enter(v, hung ? STATE_HUNG : STATE_NOTREADY, now);
}

void
verdict_poke(struct verdict *v)
{
	v->poked = v->state != STATE_DOWN;
	count_streak(v, STATE_DOWN, v->fall - 1);
	if (v->state != STATE_UP)
		v->health = 0;
	else if (v->health > v->rise)
		v->health--;
}

bool
verdict_refused(struct verdict *v, struct mono now)
{
	if (!v->poked)
		return false;
	if (v->refused.us == 0)
		v->refused = now;
	if (mono_diff_ms(v->refused, now) < VERDICT_TWICE_MS)
		return false;
	v->health = 0;
	v->streak = v->fall;
	v->streak_state = STATE_DOWN;
	return enter(v, STATE_DOWN, now);
}

bool
verdict_twice(const struct verdict *v, struct mono *when)
{
	*when = mono_add_ms(v->refused, VERDICT_TWICE_MS);
	return v->refused.us != 0;
}

bool
verdict_is_moving(const struct verdict *v)
{
	if (v->first)
		return true;
	if (v->state == STATE_UP)
		return v->health < top(v);
	return v->health > 0 || (v->streak > 0 && v->streak_state != plain(v->state));
}
