/* SPDX-License-Identifier: BSD-2-Clause */
/* Is there anybody who serves? A VIP must not stay on a node without a worker. */
#include "vrrp/internal.h"

#define WORKER_STALE_US 1000000

static bool
worker_lives(const struct vrrp *v, unsigned entry, int64_t now_us)
{
	const struct shm_proc *row = &v->seg->ro->head.r.proc[entry];
	const struct shm_proc_region *region = seg_proc(v->seg, entry);

	return atomic_load_explicit(&row->kind, memory_order_acquire) == PROC_WORKER &&
	       atomic_load_explicit(&row->pid, memory_order_relaxed) != 0 &&
	       atomic_load_explicit(&row->want, memory_order_relaxed) == WANT_RUN &&
	       atomic_load_explicit(&region->ready, memory_order_acquire) != 0 &&
	       now_us - atomic_load_explicit(&region->beat_us, memory_order_relaxed) <
		   WORKER_STALE_US;
}

void
watch_workers(struct vrrp *v, int64_t now)
{
	bool lives = false;

	for (unsigned e = ENTRY_WORKER0; e < SHM_ENTRIES && !lives; e++)
		lives = worker_lives(v, e, now / 1000);
	if (lives)
		v->no_worker_at = VRRP_NEVER;
	else if (v->no_worker_at == VRRP_NEVER)
		v->no_worker_at = now;
	for (unsigned i = 0; i < v->n; i++) {
		if (!v->vip[i].plan.conf->track.workers || lives)
			vip_fault(&v->vip[i], FAULT_WORKERS, false);
		else if (now - v->no_worker_at >= NO_WORKER_NS)
			vip_fault(&v->vip[i], FAULT_WORKERS, true);
	}
}
