/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of one checked server: first check, schedule, results, the operator's will. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "checker/internal.h"
#include "checker/schedule.h"
#include "shm/stat.h"

static struct stat_check *
counters(const struct target *t)
{
	return &t->c->seg->checker->stat[t->index];
}

/* ---- the cell ---- */

static void
store(struct target *t, bool changed)
{
	t->cell.id = t->row.id;
	t->cell.state = (uint8_t)t->verdict.state;
	t->cell.mute_us = t->verdict.mute.us;
	t->cell.poked = t->verdict.poked;
	t->cell.refused_us = t->verdict.refused.us;
	t->cell.slow_us = t->verdict.slow.us;
	t->cell.returns = t->verdict.returns;
	t->cell.streak = (uint16_t)t->verdict.streak;
	t->cell.streak_state = (uint8_t)t->verdict.streak_state;
	t->cell.health = t->verdict.health;
	t->cell.rise = (uint16_t)t->verdict.rise;
	t->cell.fall = (uint16_t)t->verdict.fall;
	health_store(t->c->seg, t->index, &t->cell, changed);
	if (changed)
		seg_wake_workers(t->c->seg, t->c->h->wake_fds);
}

/* returns: its next UP begins a slow start. */
static void
unknown(struct target *t, struct mono now, const char *text, bool returns)
{
	const struct conf_check *check = t->plan.check;

	verdict_init(&t->verdict, check->rise, check->fall, now);
	t->verdict.returns = returns;
	memset(&t->cell, 0, sizeof t->cell);
	t->cell.result = RESULT_INI;
	t->cell.check_ms = -1;
	t->cell.since_us = now.us;
	t->cell.since_wall_ms = wall_ms();
	snprintf(t->cell.text, sizeof t->cell.text, "%s", text);
	store(t, true);
}

/* ---- when ---- */

static void
arm(struct target *t, struct mono when, struct mono now)
{
	int64_t us = when.us - now.us;

	ev_timer_stop(t->c->loop, &t->due);
	ev_timer_set(&t->due, us > 0 ? (double)us / 1e6 : 0., 0.);
	ev_timer_start(t->c->loop, &t->due);
}

/* How many servers the tables have, and the how manyth this one is. */
static unsigned
place(const struct target *t, unsigned *n)
{
	const struct shm_table *table = &t->c->table;
	unsigned before = 0;

	*n = 0;
	for (unsigned i = 0; i < table->n_servers; i++) {
		if (table->server[i].state != ROW_ACTIVE)
			continue;
		before += i < t->index;
		++*n;
	}
	return before;
}

static void
schedule(struct target *t, struct mono now)
{
	int interval = schedule_interval(t->plan.check, &t->verdict);
	unsigned n, position;
	struct mono next;

	if (t->plan.check->type == CHECK_NONE)
		return;
	if (t->again) {
		t->again = false;
		next = mono_add_ms(t->poked, CHECKER_POKE_MS);
	} else if (verdict_twice(&t->verdict, &next)) {
		; /* soon, whatever the intervals are */
	} else if (t->spread) {
		t->spread = false;
		position = place(t, &n);
		next = schedule_spread(t->started, interval, position, n);
	} else
		next = schedule_next(t->started, now, interval, schedule_noise(&t->c->noise));
	arm(t, next, now);
}

/* While anything is in doubt, checks begin with a new connection, as clients do. */
static bool
is_steady(const struct verdict *v)
{
	return v->state == STATE_UP && !v->poked && !verdict_is_moving(v);
}

static void
check(struct target *t)
{
	ev_timer_stop(t->c->loop, &t->due);
	t->started = mono_now();
	probe_start(&t->probe, &t->plan, is_steady(&t->verdict));
}

static void
on_due(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop, (void)revents;
	check(timer->data);
}

/* ---- results ---- */

/* The state changed: since when, and what that counts as. */
static void
enter_state(struct target *t, const struct verdict *was, struct mono now)
{
	struct stat_check *stat = counters(t);

	t->cell.since_us = now.us;
	t->cell.since_wall_ms = wall_ms();
	if (was->state == t->verdict.state || was->first)
		return;
	if (was->state == STATE_UP)
		STAT_ADD(stat, up_down, 1);
	else
		STAT_ADD(stat, downtime_ms, mono_diff_ms(was->since, t->verdict.since));
}

static void
fill_cell(struct target *t, const struct probe_outcome *o, struct mono now)
{
	struct shm_health *cell = &t->cell;

	cell->result = (uint8_t)o->result;
	cell->code = (uint16_t)o->code;
	cell->check_ms = o->check_ms;
	cell->warn = o->warn;
	cell->checked_us = now.us;
	if (o->cert.not_after != 0) {
		cell->cert_not_after = o->cert.not_after;
		memcpy(cell->cert_names, o->cert.names, sizeof cell->cert_names);
	}
	memcpy(cell->text, o->text, sizeof cell->text);
}

static void
on_done(struct probe *p, const struct probe_outcome *o)
{
	struct target *t = p->data;
	struct shm_health before = t->cell;
	struct verdict was = t->verdict;
	struct mono now = mono_now();
	bool changed = verdict_result(&t->verdict, o->result, now);

	if (o->result == RESULT_L4CON && o->code == ECONNREFUSED)
		changed = verdict_refused(&t->verdict, now) || changed;
	STAT_ADD(counters(t), checks, 1);
	if (!check_result_passed(o->result) && o->result != RESULT_SOCKERR)
		STAT_ADD(counters(t), failures, 1);
	fill_cell(t, o, now);
	if (changed)
		enter_state(t, &was, now);
	store(t, changed || before.result != t->cell.result || before.warn != t->cell.warn);
	if (changed)
		report_state(t, &was);
	report_result(t, &before, o);
	if (changed)
		report_services(t->c, now);
	schedule(t, now);
}

/* The first that is heard of a dead process when no client connects at the moment: as after a
 * worker's trouble, but not before it has closed its port, too. */
static void
on_hung_up(struct probe *p)
{
	struct target *t = p->data;
	struct mono now = mono_now();

	if (!is_steady(&t->verdict))
		return;
	verdict_poke(&t->verdict);
	store(t, false);
	arm(t, mono_add_ms(now, CHECKER_POKE_MS), now);
}

/* ---- time, and what workers see ---- */

enum server_state
target_state(const struct checker *c, unsigned index)
{
	struct shm_health cell;

	if (c->target[index].used)
		return c->target[index].verdict.state;
	health_load(c->seg, index, c->table.server[index].id, &cell);
	return cell.state;
}

/* Would the clients of this server find another one? */
static bool
other_is_up(const struct target *t)
{
	const struct shm_table *table = &t->c->table;

	for (unsigned i = 0; i < table->n_servers; i++)
		if (i != t->index && table->server[i].service == t->row.service &&
		    health_shown(&table->server[i], target_state(t->c, i)) == STATE_UP)
			return true;
	return false;
}

void
target_age(struct target *t, struct mono now)
{
	struct verdict was = t->verdict;
	struct silence s;

	if (!t->used || t->verdict.mute.us == 0)
		return;
	s.hung_after_us = (int64_t)t->c->table.service[t->row.service].hung_after_ms * 1000;
	s.last_byte.us = (int64_t)stat_server_last_byte(t->c->seg, t->index) * 1000;
	s.other_up = other_is_up(t);
	if (!verdict_silence(&t->verdict, &s, now))
		return;
	enter_state(t, &was, now);
	store(t, true);
	report_state(t, &was);
	report_services(t->c, now);
}

bool
target_look(struct target *t, struct mono now)
{
	uint64_t trouble;

	if (!t->used || t->row.admin == ADMIN_MAINT || t->plan.check->type == CHECK_NONE)
		return false;
	trouble = stat_server_trouble(t->c->seg, t->index);
	if (trouble == t->trouble)
		return false;
	if (t->poked.us != 0 && mono_diff_ms(t->poked, now) < CHECKER_POKE_MS)
		return true;
	t->trouble = trouble;
	t->poked = now;
	if (t->verdict.first)
		return false;
	verdict_poke(&t->verdict);
	store(t, false);
	if (probe_running(&t->probe))
		t->again = true;
	else
		check(t);
	return false;
}

/* ---- comings and goings ---- */

static const char maintenance[] = "not checked in MAINT";

bool
target_is_waiting(const struct target *t)
{
	return t->used && t->row.admin != ADMIN_MAINT && t->cell.result == RESULT_INI;
}

void
target_stop(struct target *t)
{
	if (!t->used)
		return;
	ev_timer_stop(t->c->loop, &t->due);
	probe_stop(&t->probe);
	t->used = false;
}

static void
begin(struct target *t, struct mono now)
{
	const struct conf_check *plan = t->plan.check;
	bool cold = t->c->h->cold && !t->c->followed;
	unsigned n, position;

	t->trouble = stat_server_trouble(t->c->seg, t->index);
	t->poked = (struct mono){0};
	t->again = false;
	t->started = now;
	t->spread = true;
	t->warned = 0;
	if (t->row.admin == ADMIN_MAINT) {
		unknown(t, now, maintenance, true);
		return;
	}
	if (cold || !health_load(t->c->seg, t->index, t->row.id, &t->cell)) {
		unknown(t, now, "", !cold);
		check(t);
		return;
	}
	verdict_inherit(&t->verdict, plan->rise, plan->fall, &t->cell);
	store(t, false);
	t->warned = t->cell.warn;
	if (plan->type == CHECK_NONE && t->cell.result == RESULT_NONE)
		return;
	if (plan->type == CHECK_NONE)
		verdict_forget(&t->verdict); /* whatever its predecessor saw */
	if (t->verdict.first) {
		check(t);
		return;
	}
	t->spread = false;
	t->started.us = t->cell.checked_us - (int64_t)t->cell.check_ms * 1000;
	position = place(t, &n);
	arm(t,
	    schedule_inherit(t->started, now, schedule_interval(plan, &t->verdict),
		plan->fast_interval, position, n, schedule_noise(&t->c->noise)),
	    now);
}

/* The operator or a reload may have changed something about a server that is known. */
static void
change(struct target *t, const struct shm_server *row, struct mono now)
{
	bool moved = !addr_equal(&row->addr, &t->row.addr);
	bool paused = row->admin == ADMIN_MAINT && t->row.admin != ADMIN_MAINT;
	bool resumed = row->admin != ADMIN_MAINT && t->row.admin == ADMIN_MAINT;

	t->row = *row;
	if (moved || paused) {
		probe_stop(&t->probe);
		ev_timer_stop(t->c->loop, &t->due);
		plan_make(&t->plan, t->service, &row->addr);
	}
	if (paused) {
		unknown(t, now, maintenance, true);
	} else if (row->admin != ADMIN_MAINT && (moved || resumed)) {
		/* What was known is not about this: the next result decides alone. */
		verdict_forget(&t->verdict);
		check(t);
	}
}

void
target_sync(struct checker *c, unsigned index, int service)
{
	const struct shm_server *row = &c->table.server[index];
	struct target *t = &c->target[index];
	bool wanted = service >= 0 && row->state == ROW_ACTIVE;
	struct mono now = mono_now();

	if (t->used && (!wanted || row->id != t->row.id))
		target_stop(t);
	if (!wanted)
		return;
	if (t->used) {
		change(t, row, now);
		return;
	}
	t->c = c;
	t->index = index;
	t->service = (unsigned)service;
	t->row = *row;
	plan_make(&t->plan, t->service, &row->addr);
	probe_init(&t->probe, c->loop, on_done, t);
	t->probe.hung_up = on_hung_up;
	ev_init(&t->due, on_due);
	t->due.data = t;
	t->used = true;
	begin(t, now);
}
