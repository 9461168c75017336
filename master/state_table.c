/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/state_table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "master/setting.h"
#include "shm/health.h"
#include "shm/table.h"

static const char *const titles[STATE_WHATS] = {
    [STATE_OF_ADMIN] = "state",
    [STATE_OF_WEIGHT] = "weight",
};

static const struct shm_setting *
setting_of(const struct shm_server *row, enum state_what what)
{
	return what == STATE_OF_ADMIN ? &row->set_admin : &row->set_weight;
}

static void
collect(const struct shm_table *t, const struct shm_server *row, enum state_what what,
    int64_t wall_minus_mono_ms, struct state_file *s)
{
	const struct shm_setting *from = setting_of(row, what);
	struct state_entry *e;

	if (!setting_is_set(from))
		return;
	e = &s->entry[s->n++];
	*e = (struct state_entry){
	    .what = what,
	    .file = from->file,
	    .base = from->base,
	    .timed = from->timed,
	    .until_wall_ms = from->until_wall_ms,
	};
	memcpy(e->service, t->service[row->service].name, SHM_NAME);
	memcpy(e->server, row->name, SHM_NAME);
	if (from->since_us != 0)
		e->since_wall_ms = wall_minus_mono_ms + from->since_us / 1000;
	if (e->since_wall_ms < 0) /* a clock that is not set yet */
		e->since_wall_ms = 0;
}

void
state_collect(const struct shm_table *t, struct mono now, int64_t wall_ms, struct state_file *s)
{
	int64_t shift_ms = wall_ms - mono_ms(now);

	s->n = 0;
	for (unsigned i = 0; i < t->n_servers; i++) {
		if (t->server[i].state != ROW_ACTIVE)
			continue;
		for (int what = 0; what < STATE_WHATS; what++)
			collect(t, &t->server[i], (enum state_what)what, shift_ms, s);
	}
}

static const char *
value_text(enum state_what what, uint32_t value, char buf[16])
{
	if (what == STATE_OF_ADMIN)
		return server_admin_name(value);
	snprintf(buf, 16, "%u", value);
	return buf;
}

static void
apply(struct shm_server *row, const struct state_entry *e, struct mono now, int64_t wall_ms,
    struct err *said)
{
	struct shm_setting *to = e->what == STATE_OF_ADMIN ? &row->set_admin : &row->set_weight;
	uint32_t was = e->timed != SETTING_NONE ? e->timed : e->base;
	char a[16], b[16];
	bool whole = true;

	if (e->file != to->file) {
		if (was != to->file)
			err_add(said, "%s of %s/%s is the file's again: %s -> %s", titles[e->what],
			    e->service, e->server, value_text(e->what, was, a),
			    value_text(e->what, to->file, b));
		return;
	}
	to->base = e->base;
	if (e->timed != SETTING_NONE && e->until_wall_ms > wall_ms) {
		to->timed = e->timed;
		to->until_wall_ms = e->until_wall_ms;
		to->until_us = mono_add_ms(now, e->until_wall_ms - wall_ms).us;
	} else if (e->timed != SETTING_NONE) {
		whole = false;
		err_add(said, "%s of %s/%s: %s -> %s: its time is over", titles[e->what],
		    e->service, e->server, value_text(e->what, was, a),
		    value_text(e->what, setting_value(to), b));
	}
	setting_settle(row, now);
	if (whole && e->since_wall_ms > 0)
		to->since_us = mono_add_ms(now, e->since_wall_ms - wall_ms).us;
	if (setting_is_set(to))
		err_add(said, "%s of %s/%s is %s, as before the restart", titles[e->what],
		    e->service, e->server, value_text(e->what, setting_value(to), a));
}

void
state_apply(struct shm_table *t, const struct state_file *s, struct mono now, int64_t wall_ms,
    struct err *said)
{
	const struct state_entry *e;
	int service, row;

	for (unsigned i = 0; i < s->n; i++) {
		e = &s->entry[i];
		service = table_find_service(t, e->service);
		row = service < 0 ? -1 : table_find_server(t, (unsigned)service, e->server);
		if (row >= 0) {
			apply(&t->server[row], e, now, wall_ms, said);
			continue;
		}
		err_add(said, "%s of %s/%s is forgotten: it is no longer in the file",
		    titles[e->what], e->service, e->server);
	}
}
