/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When there is a vrrp process. It is replaced on a reload that changes VIPs or nodes: the new one goes
 * on with the addresses that the old one leaves as they are, but for those that are not this node's any
 * more, which the old one hands over first. When it dies and none is there in time, its VIPs are let go
 * of from here.
 */
#include "master/vips.h"

#include <string.h>

#include "base/log.h"
#include "master/internal.h"
#include "master/vip_wait.h"
#include "vrrp/vrrp.h"

#define LEAVE_MS 3000 /* for a hand-over: as at the end of the daemon */
/* So long others do not notice that nobody advertises, and a process takes to be started again. Under
 * sanitizers it takes longer. */
#ifdef __SANITIZE_ADDRESS__
#	define GONE_MS 1500
#else
#	define GONE_MS 150
#endif

/* ---- deaths ---- */

static void
forget_death(struct master *m)
{
	ev_timer_stop(m->loop, &m->vip_gone);
	m->vip_late = false;
}

void
vips_bury(struct master *m)
{
	forget_death(m);
	if (vrrp_bury(&m->seg, m->now.conf) > 0)
		proc_wake_all(m);
}

static void
on_gone(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct master *m = ev_userdata(loop);

	(void)t, (void)revents;
	if (m->stopping != STOP_NOT || proc_ready(m, ENTRY_VRRP))
		return;
	/* One that is not ready may be about to adopt: its end comes first, see vips_died(). */
	m->vip_late = m->proc[ENTRY_VRRP].pid != 0;
	if (m->vip_late)
		proc_kill(m, ENTRY_VRRP);
	else
		vips_bury(m);
}

/* From the first of several deaths on: others count from there too. */
static void
expect_successor(struct master *m)
{
	const struct conf *conf = m->now.conf;
	int ms = GONE_MS;

	for (unsigned i = 0; i < conf->n_vips; i++)
		if (conf->vips[i].advert * 3 / 2 < ms)
			ms = conf->vips[i].advert * 3 / 2;
	if (ev_is_active(&m->vip_gone))
		return;
	ev_timer_set(&m->vip_gone, ms / 1000., 0.);
	ev_timer_start(m->loop, &m->vip_gone);
}

void
vips_died(struct master *m)
{
	if (m->stopping != STOP_NOT || m->now.conf == NULL)
		return;
	if (m->vip_late)
		vips_bury(m);
	else
		expect_successor(m);
}

void
vips_start(struct master *m)
{
	struct err err;

	forget_death(m);
	if (m->now.conf->n_vips == 0 || m->proc[ENTRY_VRRP].kind != PROC_NONE)
		return;
	err_init(&err);
	/* Came with a reload. */
	if (priv_may_hold_vips(&err) < 0)
		log_err("%s", err_end(&err));
	else
		proc_start(m, ENTRY_VRRP, PROC_VRRP, 0, m->now.number);
	/* No fork, no process that could adopt. */
	if (m->proc[ENTRY_VRRP].pid == 0)
		expect_successor(m);
}

void
vips_ended(struct master *m)
{
	scripts_turn(m); /* before its cells are somebody else's */
	if (m->stopping == STOP_NOT && m->now.conf->n_vips > 0) {
		vips_start(m);
		return;
	}
	vips_bury(m);
	if (m->stopping == STOP_NOT)
		seg_forget_vips(&m->seg);
}

/* ---- reload ---- */

/* Has the VIPs handed over that go. How many there are. */
static unsigned
hand_over(struct master *m)
{
	struct shm_vip cell;
	unsigned n = 0;

	for (unsigned i = 0; i < SHM_VIPS; i++)
		if (SEQ_LOAD(&m->seg.ro->vrrp.r.vip[i], &cell) && vrrp_goes(&cell, m->now.conf)) {
			log_notice("vip %.*s: the new configuration does not have it here: it is "
				   "handed over",
			    SHM_NAME, cell.name);
			vip_wait_begin(m, i, cell.name, VIP_STOP, 0, LEAVE_MS);
			n++;
		}
	return n;
}

static void
replace(struct master *m)
{
	if (m->proc[ENTRY_VRRP].kind != PROC_NONE)
		proc_stop(m, ENTRY_VRRP, m->now.conf->n_vips > 0 ? WANT_DRAIN : WANT_STOP,
		    (struct mono){0});
	/* One that waited to be started again has no end that anybody would hear of. */
	if (m->proc[ENTRY_VRRP].kind == PROC_NONE)
		vips_ended(m);
}

void
vips_reloaded(struct master *m)
{
	vip_wait_forget(m); /* of a reload before: this file is the one that counts */
	if (m->proc[ENTRY_VRRP].pid != 0 && m->now.conf->n_vips > 0 && hand_over(m) > 0)
		return;
	replace(m);
}

void
vips_handed_over(struct master *m)
{
	if (m->stopping == STOP_NOT)
		replace(m);
}

void
vips_init(struct master *m)
{
	ev_init(&m->vip_gone, on_gone);
	vip_wait_init(m);
}
