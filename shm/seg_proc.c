/* SPDX-License-Identifier: BSD-2-Clause */
/* The processes in the segment: their regions, heartbeats, and how they are woken. */
#include <unistd.h>

#include "shm/seg.h"

const struct shm_worker *
seg_worker(const struct seg *seg, unsigned entry)
{
	if (entry < ENTRY_WORKER0 || entry >= SHM_ENTRIES)
		return NULL;
	return &seg->ro->worker[entry - ENTRY_WORKER0].r;
}

const struct shm_session *
seg_sessions(const struct seg *seg, unsigned entry)
{
	if (entry < ENTRY_WORKER0 || entry >= SHM_ENTRIES)
		return NULL;
	return seg->ro->session[entry - ENTRY_WORKER0].r.row;
}

const struct shm_proc_region *
seg_proc(const struct seg *seg, unsigned entry)
{
	if (entry == ENTRY_CHECKER)
		return &seg->ro->checker.r.proc;
	if (entry == ENTRY_LOGGER)
		return &seg->ro->logger.r.proc;
	if (entry == ENTRY_VRRP)
		return &seg->ro->vrrp.r.proc;
	if (entry == ENTRY_WEB)
		return &seg->ro->web.r.proc;
	return entry >= ENTRY_WORKER0 && entry < SHM_ENTRIES ? &seg_worker(seg, entry)->proc : NULL;
}

bool
seg_worker_serves(const struct seg *seg, unsigned entry, struct mono now)
{
	const struct shm_proc *row = &seg->ro->head.r.proc[entry];
	const struct shm_proc_region *region = seg_proc(seg, entry);

	return atomic_load_explicit(&row->kind, memory_order_acquire) == PROC_WORKER &&
	       atomic_load_explicit(&row->pid, memory_order_relaxed) != 0 &&
	       atomic_load_explicit(&row->want, memory_order_relaxed) == WANT_RUN &&
	       atomic_load_explicit(&region->ready, memory_order_acquire) != 0 &&
	       now.us - atomic_load_explicit(&region->beat_us, memory_order_relaxed) <
		   SEG_WORKER_STALE_MS * 1000;
}

void
seg_wake_workers(const struct seg *seg, const int *wake_fds)
{
	const struct shm_proc *proc = seg->ro->head.r.proc;
	const uint64_t one = 1;

	for (unsigned i = ENTRY_WORKER0; i < SHM_ENTRIES; i++) {
		if (atomic_load_explicit(&proc[i].kind, memory_order_relaxed) != PROC_WORKER ||
		    wake_fds[i] < 0)
			continue;
		/* EAGAIN: so many are unread already that one more changes nothing. */
		(void)!write(wake_fds[i], &one, sizeof one);
	}
}

void
seg_beat(struct seg *seg, struct mono now)
{
	if (seg->proc != NULL)
		atomic_store_explicit(&seg->proc->beat_us, now.us, memory_order_relaxed);
}

void
seg_ready(struct seg *seg, unsigned generation)
{
	if (seg->proc != NULL)
		atomic_store_explicit(&seg->proc->ready, generation, memory_order_release);
}
