/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/operate.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "master/control.h"
#include "master/internal.h"
#include "master/state_table.h"
#include "shm/health.h"
#include "shm/stat.h"
#include "shm/table.h"

/* Of the present moment. Large, and one. */
static const struct control_facts *
facts(const struct master *m)
{
	static struct control_facts f;
	struct shm_health h;

	f.now = mono_now();
	f.wall_ms = wall_ms();
	for (unsigned i = 0; i < m->table.n_servers; i++) {
		health_load(&m->seg, i, m->table.server[i].id, &h);
		f.state[i] = h.state;
		f.last_byte_ms[i] = h.state == STATE_UP ? 0 : stat_server_last_byte(&m->seg, i);
		f.active[i] = stat_server_active(&m->seg, i);
	}
	return &f;
}

static void
publish(struct master *m, struct shm_table *next)
{
	table_publish(&m->seg, next);
	m->table = *next;
	proc_wake_all(m);
}

/* The first line says it; the others tell who asked what could be done. */
static void
say(const struct ctl_request *r, bool done, const char *text)
{
	const char *verb = order_verb_name(r->order.verb);
	int n = (int)strcspn(text, "\n");

	if (done)
		log_notice(
		    "server %.*s (%s, asked by uid %u, pid %d)", n, text, verb, r->uid, r->pid);
	else
		log_notice("order to a server (%s, asked by uid %u, pid %d): %.*s", verb, r->uid,
		    r->pid, n, text);
}

void
operate_order(struct master *m, uint64_t client, const struct ctl_request *r)
{
	static struct shm_table next; /* large */
	static struct err text;
	bool changed;
	int result;

	/* While it waits for connections to end, some may be closed. */
	if (m->stopping > STOP_DRAIN || (m->stopping != STOP_NOT && r->order.verb != ORDER_CLOSE)) {
		ctl_reply(m->ctl, client, 1, "kha is being stopped");
		return;
	}
	err_init(&text);
	next = m->table;
	result = control_order(&next, &r->order, facts(m), &text, &changed);
	say(r, result == 0, err_end(&text));
	if (changed)
		publish(m, &next);
	/* An order to close is carried out, not kept. */
	if (changed && r->order.verb != ORDER_CLOSE)
		saver_save(m, client, err_end(&text));
	else
		ctl_reply(m->ctl, client, result == 0 ? 0 : 1, err_end(&text));
}

void
operate_turn(struct master *m, struct mono now)
{
	static struct shm_table next; /* large */
	static struct err text;

	if (m->stopping != STOP_NOT)
		return;
	saver_turn(m, now);
	if (!control_due(&m->table, now))
		return;
	err_init(&text);
	next = m->table;
	control_expire(&next, facts(m), &text);
	publish(m, &next);
	master_log_lines(LOG_LEVEL_NOTICE, "server ", err_end(&text));
	saver_save(m, 0, "");
}

void
operate_reloaded(struct master *m)
{
	if (m->saver.kept || control_count(&m->table) > 0)
		saver_save(m, 0, "");
}

/* A file that says what cannot be understood must not be lost by the next order. */
static void
put_aside(const struct master *m, const char *why)
{
	const char *dir = m->saver.dir;

	if (state_file_put_aside(dir) == 0)
		log_warning("%s/%s is ignored: %s; it is %s/%s now", dir, STATE_FILE, why, dir,
		    STATE_FILE_BAD);
	else
		log_warning("%s/%s is ignored: %s; it cannot be renamed: %s", dir, STATE_FILE, why,
		    strerror(errno));
}

void
operate_restore(struct master *m)
{
	static struct state_file state; /* large */
	static struct shm_table next;
	static struct err text;

	saver_init(m);
	err_init(&text);
	switch (state_file_read(m->saver.dir, &state, &text)) {
	case 0:
		return;
	case -1:
		put_aside(m, err_end(&text));
		return;
	}
	next = m->table;
	state_apply(&next, &state, mono_now(), wall_ms(), &text);
	master_log_lines(LOG_LEVEL_NOTICE, "", err_end(&text));
	/* What does not hold any more goes from the file when the start has succeeded. */
	m->saver.kept = state.n > 0;
	publish(m, &next);
}
