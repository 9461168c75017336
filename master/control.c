/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "master/setting.h"
#include "master/which.h"
#include "shm/health.h"

#define LINE 512

/* A sentence that grows. */
struct line {
	char text[LINE];
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) say(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, sizeof l->text - l->len, fmt, ap);
	va_end(ap);
	l->len += n > 0 ? (size_t)n : 0;
	if (l->len >= sizeof l->text)
		l->len = sizeof l->text - 1;
}

static enum server_state
shown(const struct shm_server *row, const struct control_facts *f, unsigned i)
{
	return health_shown(row, (enum server_state)f->state[i]);
}

static const char *
connections(uint64_t n, char buf[48])
{
	if (n == 0)
		snprintf(buf, 48, "no connections");
	else
		snprintf(buf, 48, "%" PRIu64 " connection%s", n, n == 1 ? "" : "s");
	return buf;
}

/* ---- would anybody be left? ---- */

static enum candidates
serving(const struct shm_table *t, unsigned service, const struct control_facts *f)
{
	uint16_t list[SHM_SERVERS];
	unsigned n;

	return health_candidates(t, service, f->state, f->last_byte_ms, f->now, list, &n);
}

/* A server that is UP is lost for others that may work at best, or any for none. */
static bool
is_last(enum candidates before, enum candidates after)
{
	if (after == CANDIDATES_NONE)
		return before != CANDIDATES_NONE;
	/* From nobody at all it is a step up. */
	return after == CANDIDATES_FAIL_OPEN && before != CANDIDATES_FAIL_OPEN &&
	       before != CANDIDATES_NONE;
}

static int
refuse_last(const struct shm_table *t, unsigned row, const struct control_facts *f,
    enum candidates after, struct err *text)
{
	const unsigned service = t->server[row].service;
	struct line left = {.len = 0};
	char name[WHICH_TEXT];

	err_add(text, "refused: %s is the last usable server of service %s: %s",
	    which_name(t, row, name), t->service[service].name,
	    after == CANDIDATES_NONE ? "clients would be refused"
				     : "clients would get servers that fail their checks");
	for (unsigned i = 0; i < t->n_servers; i++)
		if (t->server[i].state == ROW_ACTIVE && t->server[i].service == service && i != row)
			say(&left, "%s%s is %s", left.len > 0 ? ", " : "", t->server[i].name,
			    server_state_name(shown(&t->server[i], f, i)));
	err_add(text, "left would be: %s", left.len > 0 ? left.text : "nothing");
	return err_add(text, "--force does it all the same");
}

/* ---- what is answered ---- */

static const char *
date(int64_t wall_ms, char buf[32])
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL || strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, 32, "%" PRId64, wall_ms / 1000);
	return buf;
}

static void
say_value(struct line *l, bool is_admin, uint32_t value)
{
	if (is_admin)
		say(l, "%s", server_admin_name(value));
	else
		say(l, "%" PRIu32, value);
}

/* ", until 2026-11-24 15:04:05, then ready" */
static void
say_until(struct line *l, const struct shm_setting *s, bool is_admin)
{
	char buf[32];

	if (s->timed == SETTING_NONE)
		return;
	say(l, ", until %s, then ", date(s->until_wall_ms, buf));
	say_value(l, is_admin, setting_after(s));
}

/* What becomes of its connections in a state that it has just got. */
static void
say_connections(struct line *l, const struct shm_server *row, uint64_t active)
{
	char buf[48];

	if (row->admin == ADMIN_MAINT && active > 0)
		say(l, ", checks stop, %s %s %d s", connections(active, buf),
		    active == 1 ? "has" : "have", MAINT_DRAIN_MS / 1000);
	else if (row->admin == ADMIN_MAINT)
		say(l, ", checks stop, no connections");
	else if (row->admin == ADMIN_DRAIN || row->weight == 0)
		say(l, ", %s%s", connections(active, buf),
		    active == 0	  ? ""
		    : active == 1 ? " stays"
				  : " stay");
}

/* From `was` to what the row is now. */
static void
say_change(struct line *l, const struct shm_server *was, const struct shm_server *row,
    const struct control_facts *f, unsigned i)
{
	enum server_state before = shown(was, f, i), after = shown(row, f, i);

	if (was->admin == ADMIN_MAINT && after != STATE_MAINT && after != STATE_DRAIN)
		say(l, "MAINT -> ready, used as soon as its check passes");
	else if (before == after)
		say(l, "stays %s", server_state_name(after));
	else
		say(l, "%s -> %s", server_state_name(before), server_state_name(after));
	if (before != after)
		say_connections(l, row, f->active[i]);
	if (row->admin == ADMIN_READY && row->weight == 0 && was->admin != ADMIN_READY)
		say(l, ": its weight is 0");
}

static bool
same_setting(const struct shm_setting *a, const struct shm_setting *b)
{
	return a->base == b->base && a->timed == b->timed && a->until_us == b->until_us;
}

/* ---- the verbs ---- */

static void
answer_weight(struct line *l, const struct shm_server *was, const struct shm_server *row,
    const struct control_facts *f, unsigned i)
{
	const struct shm_setting *s = &row->set_weight;

	say(l, "weight ");
	if (was->weight != row->weight)
		say(l, "%" PRIu32 " -> ", was->weight);
	say(l, "%" PRIu32, row->weight);
	if (!setting_is_set(s))
		say(l, ", the file's");
	else if (row->weight != s->file)
		say(l, " (file: %" PRIu32 ")", s->file);
	say_until(l, s, false);
	if (shown(was, f, i) != shown(row, f, i)) {
		say(l, ", ");
		say_change(l, was, row, f, i);
	}
}

static void
answer_admin(struct line *l, const struct shm_server *was, const struct shm_server *row,
    const struct control_facts *f, unsigned i)
{
	char buf[48];

	if (same_setting(&was->set_admin, &row->set_admin))
		say(l, "is %s already, %s", server_state_name(shown(row, f, i)),
		    connections(f->active[i], buf));
	else
		say_change(l, was, row, f, i);
	say_until(l, &row->set_admin, true);
	if (was->set_admin.timed != SETTING_NONE && row->set_admin.timed == SETTING_NONE &&
	    was->admin == row->admin)
		say(l, ", now without an end");
}

static int
close_all(
    struct shm_table *t, unsigned row, const struct control_facts *f, struct line *l, bool *changed)
{
	struct shm_server *s = &t->server[row];
	uint64_t active = f->active[row];
	char buf[48];

	*changed = active > 0;
	if (active == 0) {
		say(l, "has no connections");
		return 0;
	}
	s->close_us = f->now.us;
	say(l, "%s, %s %s closed, at most %" PRIu32 " a second",
	    server_state_name(shown(s, f, row)), connections(active, buf),
	    active == 1 ? "is" : "are", t->service[s->service].reset_rate);
	if (s->state == ROW_ACTIVE && s->admin == ADMIN_READY && s->weight > 0)
		say(l, "; it still gets new ones");
	return 0;
}

static void
apply(struct shm_server *s, const struct order *o, const struct control_facts *f)
{
	static const uint32_t admin[ORDER_VERBS] = {
	    [ORDER_READY] = ADMIN_READY,
	    [ORDER_DRAIN] = ADMIN_DRAIN,
	    [ORDER_MAINT] = ADMIN_MAINT,
	};

	if (o->verb == ORDER_WEIGHT)
		setting_order(&s->set_weight, o->weight, o->for_ms, f->now, f->wall_ms);
	else
		setting_order(&s->set_admin, admin[o->verb], o->for_ms, f->now, f->wall_ms);
	setting_settle(s, f->now);
}

int
control_order(struct shm_table *t, const struct order *o, const struct control_facts *f,
    struct err *text, bool *changed)
{
	enum candidates before, after;
	struct shm_server was, *s;
	struct line l = {.len = 0};
	char name[WHICH_TEXT];
	int row = which_server(t, o->server, text);

	*changed = false;
	if (row < 0)
		return -1;
	s = &t->server[row];
	was = *s;
	say(&l, "%s: ", which_name(t, (unsigned)row, name));
	if (o->verb == ORDER_CLOSE) {
		close_all(t, (unsigned)row, f, &l, changed);
		err_add(text, "%s", l.text);
		return 0;
	}
	if (s->state != ROW_ACTIVE)
		return err_add(text, "server %s left the file: only close is possible", name);
	before = serving(t, s->service, f);
	apply(s, o, f);
	after = serving(t, s->service, f);
	if (is_last(before, after) && !o->force) {
		*s = was;
		return refuse_last(t, (unsigned)row, f, after, text);
	}
	if (o->verb == ORDER_WEIGHT)
		answer_weight(&l, &was, s, f, (unsigned)row);
	else
		answer_admin(&l, &was, s, f, (unsigned)row);
	*changed = !same_setting(&was.set_admin, &s->set_admin) ||
		   !same_setting(&was.set_weight, &s->set_weight);
	err_add(text, "%s", l.text);
	return 0;
}

/* ---- time ---- */

static bool
is_due(const struct shm_setting *s, struct mono now)
{
	return s->timed != SETTING_NONE && now.us >= s->until_us;
}

bool
control_due(const struct shm_table *t, struct mono now)
{
	for (unsigned i = 0; i < t->n_servers; i++)
		if (t->server[i].state == ROW_ACTIVE &&
		    (is_due(&t->server[i].set_admin, now) || is_due(&t->server[i].set_weight, now)))
			return true;
	return false;
}

unsigned
control_expire(struct shm_table *t, const struct control_facts *f, struct err *text)
{
	struct shm_server was, *s;
	char name[WHICH_TEXT];
	bool admin, weight;
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_servers; i++) {
		s = &t->server[i];
		was = *s;
		admin = s->state == ROW_ACTIVE && setting_expire(&s->set_admin, f->now);
		weight = s->state == ROW_ACTIVE && setting_expire(&s->set_weight, f->now);
		if (!admin && !weight)
			continue;
		setting_settle(s, f->now);
		for (int k = 0; k < 2; k++) {
			struct line l = {.len = 0};

			if (!(k == 0 ? admin : weight))
				continue;
			say(&l, "%s: ", which_name(t, i, name));
			if (k == 0)
				say_change(&l, &was, s, f, i);
			else
				answer_weight(&l, &was, s, f, i);
			err_add(text, "%s: its time is over", l.text);
			n++;
		}
	}
	return n;
}

unsigned
control_count(const struct shm_table *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_servers; i++)
		n += t->server[i].state == ROW_ACTIVE &&
		     (setting_is_set(&t->server[i].set_admin) ||
			 setting_is_set(&t->server[i].set_weight));
	return n;
}
