/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Orders to the vrrp process, and who waits for them. They go through the segment: the master stores a
 * number and a verb, vrrp stores the number that it is done with, and how it went.
 */
#include "master/vip_wait.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "master/internal.h"

#define LOOK_S	  .01
#define ANSWER_MS 10000 /* a hand-over with 3 s adverts takes 4 */

/* Not to be carried out when nobody expects it any more. */
static void
take_back(struct master *m, const struct vip_wait *w)
{
	_Atomic uint64_t *word = &m->seg.head->vip_order[w->cell];

	if (atomic_load(word) == w->order)
		atomic_store(word, w->order - VIP_ORDER_VERB(w->order)); /* VIP_NOTHING */
}

/* True: answered. */
static bool
answer(struct master *m, const struct vip_wait *w)
{
	_Atomic uint64_t *word = &m->seg.head->vip_order[w->cell];
	char text[256];
	struct shm_vip v;

	if (!SEQ_LOAD(&m->seg.ro->vrrp.r.vip[w->cell], &v) || v.order_done != w->order ||
	    strncmp(v.name, w->vip, SHM_NAME) != 0) {
		if (mono_now().us < w->until.us && atomic_load(word) == w->order)
			return false;
		if (w->client == 0)
			log_err("vip %.*s: the hand-over did not end in time", SHM_NAME, w->vip);
		take_back(m, w);
		ctl_reply(m->ctl, w->client, 1,
		    "no answer in time, or another order took its place: see kha status");
		return true;
	}
	snprintf(text, sizeof text, "vip %.*s: %s%.*s", SHM_NAME, v.name,
	    v.order_refused ? "refused: " : "", (int)sizeof v.order_text, v.order_text);
	if (w->client != 0)
		log_notice("%s%s", text, v.order_refused ? "" : " (operator)");
	ctl_reply(m->ctl, w->client, v.order_refused ? 1 : 0, text);
	return true;
}

static void
on_look(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct master *m = ev_userdata(loop);
	unsigned left = 0, before = 0, own = 0;

	(void)revents;
	for (unsigned i = 0; i < m->n_vip_waits; i++) {
		before += m->vip_wait[i].client == 0;
		if (answer(m, &m->vip_wait[i]))
			continue;
		own += m->vip_wait[i].client == 0;
		m->vip_wait[left++] = m->vip_wait[i];
	}
	m->n_vip_waits = left;
	if (left == 0)
		ev_timer_stop(loop, t);
	if (before > 0 && own == 0)
		vips_handed_over(m);
}

void
vip_wait_init(struct master *m)
{
	ev_init(&m->vip_look, on_look);
	m->vip_look.repeat = LOOK_S;
}

void
vip_wait_begin(struct master *m, unsigned cell, const char *vip, enum vip_verb verb,
    uint64_t client, int64_t limit_ms)
{
	_Atomic uint64_t *word = &m->seg.head->vip_order[cell];
	uint64_t order = VIP_ORDER_NEXT(atomic_load(word), verb);
	struct vip_wait *w = &m->vip_wait[m->n_vip_waits++];

	atomic_store(word, order);
	*w = (struct vip_wait){
	    .client = client,
	    .cell = cell,
	    .order = order,
	    .until = mono_add_ms(mono_now(), limit_ms),
	};
	snprintf(w->vip, sizeof w->vip, "%s", vip);
	proc_wake(m, ENTRY_VRRP);
	if (!ev_is_active(&m->vip_look))
		ev_timer_again(m->loop, &m->vip_look);
}

void
vip_wait_forget(struct master *m)
{
	unsigned left = 0;

	for (unsigned i = 0; i < m->n_vip_waits; i++) {
		if (m->vip_wait[i].client == 0)
			take_back(m, &m->vip_wait[i]);
		else
			m->vip_wait[left++] = m->vip_wait[i];
	}
	m->n_vip_waits = left;
}

static bool
is_handed_over(const struct master *m, unsigned cell)
{
	for (unsigned i = 0; i < m->n_vip_waits; i++)
		if (m->vip_wait[i].client == 0 && m->vip_wait[i].cell == cell)
			return true;
	return false;
}

void
vips_order(struct master *m, uint64_t client, const struct ctl_request *r)
{
	static struct shm_vip vip[SHM_VIPS]; /* large */
	const char *why = "kha is being stopped";
	int cell = -1;

	for (unsigned i = 0; i < SHM_VIPS; i++)
		if (!SEQ_LOAD(&m->seg.ro->vrrp.r.vip[i], &vip[i]))
			vip[i].name[0] = '\0';
	if (m->stopping == STOP_NOT)
		why = "this daemon holds no VIPs";
	if (m->stopping == STOP_NOT && m->proc[ENTRY_VRRP].kind != PROC_NONE)
		cell = vip_which(vip, SHM_VIPS, r->vip.vip, &why);
	if (cell >= 0 && is_handed_over(m, (unsigned)cell)) {
		why = "a reload takes it from this node: it is being handed over";
		cell = -1;
	}
	if (cell >= 0 && m->n_vip_waits >= MASTER_VIP_WAITS) {
		why = "too many orders are under way: try again later";
		cell = -1;
	}
	if (cell < 0) {
		ctl_reply(m->ctl, client, 1, why);
		return;
	}
	vip_wait_begin(m, (unsigned)cell, vip[cell].name, r->vip.verb, client, ANSWER_MS);
}
