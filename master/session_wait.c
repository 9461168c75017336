/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An order goes through the segment: the master stores one word for the worker's entry, the worker
 * closes the connection (or finds none), and stores the same word in its own region. One at a time
 * for each worker; others wait here.
 */
#include "master/session_wait.h"

#include <stdio.h>

#include "base/log.h"
#include "master/internal.h"

#define LOOK_S	  .01
#define ANSWER_MS 5000 /* longer than a worker that hangs lives */

static _Atomic uint64_t *
order_word(struct master *m, unsigned entry)
{
	return &m->seg.head->session_close[entry - ENTRY_WORKER0];
}

/* It is the first one for its worker. */
static bool
is_next(const struct master *m, const struct session_wait *w)
{
	for (const struct session_wait *o = m->session_wait; o < w; o++)
		if (o->entry == w->entry)
			return false;
	return true;
}

static void
give(struct master *m, struct session_wait *w)
{
	_Atomic uint64_t *word = order_word(m, w->entry);

	w->order = SHM_CLOSE_NEXT(atomic_load(word), w->id.serial);
	atomic_store(word, w->order);
	proc_wake(m, w->entry);
}

static void
reply(struct master *m, const struct session_wait *w, int code, const char *how)
{
	char id[SESSION_ID], text[FMT_SESSION];

	snprintf(text, sizeof text, "connection %s (%s): %s", session_id_print(&w->id, id), w->what,
	    how);
	log_notice("%s (close, asked by uid %u, pid %d)", text, w->uid, w->pid);
	ctl_reply(m->ctl, w->client, code, text);
}

/* True: answered. */
static bool
answer(struct master *m, struct session_wait *w)
{
	const struct shm_worker *worker = seg_worker(&m->seg, w->entry);

	if (m->proc[w->entry].pid != w->worker) {
		reply(m, w, 0, "it ended, because its worker died");
		return true;
	}
	if (w->order != 0 && atomic_load(&worker->session_obeyed) == w->order) {
		if (atomic_load(&worker->session_closed))
			reply(m, w, 0, "closed");
		else
			reply(m, w, 1, "it ended by itself before");
		return true;
	}
	if (mono_now().us >= w->until.us) {
		reply(m, w, 1, "its worker does not answer: see kha status");
		return true;
	}
	if (w->order == 0 && is_next(m, w))
		give(m, w);
	return false;
}

static void
on_look(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct master *m = ev_userdata(loop);
	unsigned left = 0;

	(void)revents;
	for (unsigned i = 0; i < m->n_session_waits; i++)
		if (!answer(m, &m->session_wait[i]))
			m->session_wait[left++] = m->session_wait[i];
	m->n_session_waits = left;
	if (left == 0)
		ev_timer_stop(loop, t);
}

void
session_wait_init(struct master *m)
{
	ev_init(&m->session_look, on_look);
	m->session_look.repeat = LOOK_S;
}

/* "client 192.0.2.7:51234 of api/cp-1" */
static void
describe(const struct master *m, const struct session *s, char *what, size_t size)
{
	const struct shm_table *t = &m->table;
	char client[ADDR_TEXT];
	struct addr a;

	session_unpack(&a, &s->who.client);
	snprintf(what, size, "client %s of %.*s/%.*s", addr_print(&a, client, sizeof client),
	    SHM_NAME, s->who.service < t->n_services ? t->service[s->who.service].name : "?",
	    SHM_NAME, s->who.server < t->n_servers ? t->server[s->who.server].name : "-");
}

void
session_order(struct master *m, uint64_t client, const struct ctl_request *r)
{
	struct session_wait *w = &m->session_wait[m->n_session_waits];
	char id[SESSION_ID], text[128];
	struct session s;

	if (m->n_session_waits >= MASTER_SESSION_WAITS) {
		ctl_reply(m->ctl, client, 1, "too many orders are under way: try again later");
		return;
	}
	if (!session_find(&m->seg, &r->session, &s)) {
		snprintf(text, sizeof text, "no open connection has the id %s",
		    session_id_print(&r->session, id));
		ctl_reply(m->ctl, client, 1, text);
		return;
	}
	*w = (struct session_wait){
	    .client = client,
	    .id = r->session,
	    .entry = ENTRY_WORKER0 + r->session.worker,
	    .uid = r->uid,
	    .pid = r->pid,
	    .until = mono_add_ms(mono_now(), ANSWER_MS),
	};
	w->worker = m->proc[w->entry].pid;
	describe(m, &s, w->what, sizeof w->what);
	m->n_session_waits++;
	if (is_next(m, w))
		give(m, w);
	if (!ev_is_active(&m->session_look))
		ev_timer_again(m->loop, &m->session_look);
}
