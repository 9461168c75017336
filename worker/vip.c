/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/vip.h"

#include "shm/session.h"
#include "worker/internal.h"

static bool
is_of(const struct shm_vip *vip, const struct worker_conn *c)
{
	struct addr local;

	if (conn_began_us(c) >= vip->reset_us)
		return false;
	session_unpack(&local, &c->row->who.listen);
	for (unsigned i = 0; i < vip->n_addresses && i < SHM_VIP_ADDRS; i++)
		if (addr_equal_ip(&vip->address[i], &local))
			return true;
	return false;
}

static void
reset_clients(struct worker *w, const struct shm_vip *vip)
{
	struct worker_conn *c;

	for (uint32_t i = 0; i < w->pool.fresh; i++) {
		c = &w->pool.conn[i];
		if (c->state != CONN_FREE && c->state != CONN_CLOSED && is_of(vip, c))
			worker_conn_close(w, c, CLOSE_vip_lost);
	}
}

static void
look(struct worker *w, bool act)
{
	const struct shm_vrrp *v = &w->seg->ro->vrrp.r;
	uint64_t resets = atomic_load_explicit(&v->resets, memory_order_acquire);
	struct shm_vip vip;

	if (resets == w->vip_seen)
		return;
	for (unsigned i = 0; i < SHM_VIPS; i++) {
		/* One that is being written comes again with the next turn. */
		if (!SEQ_LOAD(&v->vip[i], &vip)) {
			resets = w->vip_seen;
			continue;
		}
		if (vip.reset_us <= w->vip_reset_us[i])
			continue;
		w->vip_reset_us[i] = vip.reset_us;
		if (act)
			reset_clients(w, &vip);
	}
	w->vip_seen = resets;
}

void
worker_vip_init(struct worker *w)
{
	look(w, false);
}

void
worker_vip_look(struct worker *w)
{
	look(w, true);
}
