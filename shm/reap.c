/* SPDX-License-Identifier: BSD-2-Clause */
/* What the master does with the region of a process that died (shm/seg.h). */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shm/limit.h"
#include "shm/stat.h"

/* Odd retire_seq: counters are on the move, sums are to be tried again. As in
 * shm/seqlock.h the odd value is stored first, everything moved with release stores. */
static void
retire_begin(struct shm_head *head)
{
	uint64_t n = atomic_load_explicit(&head->retire_seq, memory_order_relaxed);

	atomic_store_explicit(&head->retire_seq, n | 1, memory_order_relaxed);
}

static void
retire_end(struct shm_head *head)
{
	uint64_t n = atomic_load_explicit(&head->retire_seq, memory_order_relaxed);

	atomic_store_explicit(&head->retire_seq, n + 1, memory_order_release);
}

static void *
map_dead(struct seg *seg, size_t offset, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, seg->rw_fd, (off_t)offset);

	return p == MAP_FAILED ? NULL : p;
}

static void
clear_proc(struct shm_proc_region *proc)
{
	atomic_store_explicit(&proc->ready, 0, memory_order_relaxed);
	atomic_store_explicit(&proc->beat_us, 0, memory_order_relaxed);
}

/* Accepted by it and not closed by it: also right when it died between two counters. */
static uint64_t
count_open(struct stat_worker *w)
{
	uint64_t closed = 0, accepted = STAT_GET(w, accepted);

	for (int r = 0; r < CLOSE_REASONS; r++)
		closed += atomic_load_explicit(
		    close_counter(w, (enum close_reason)r), memory_order_relaxed);
	return accepted > closed ? accepted - closed : 0;
}

static struct shm_limit *
limit_at(struct shm_arena *arena, size_t i)
{
	return i < SHM_SERVICES ? &arena->service_limit[i] : &arena->server_limit[i - SHM_SERVICES];
}

/* Clears the owner words of `entry`. Most limits were never used and are holes of the
 * sparse file: looking at them would make their pages real, so the file system is asked
 * first. */
static void
clear_limits(struct seg *seg, unsigned entry)
{
	const size_t size = sizeof(struct shm_limit), n = SHM_SERVICES + SHM_SERVERS;
	const size_t base = offsetof(struct shm, arena) + offsetof(struct shm_arena, service_limit);
	off_t data;

	_Static_assert(
	    offsetof(struct shm_arena, server_limit) ==
		offsetof(struct shm_arena, service_limit) + SHM_SERVICES * sizeof(struct shm_limit),
	    "all limits stand in one row");
	for (size_t i = 0; i < n; i++) {
		data = lseek(seg->rw_fd, (off_t)(base + i * size), SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return; /* only holes up to the end */
		if (data > (off_t)(base + i * size))
			i = ((size_t)data - base) / size;
		if (i < n)
			limit_clear(limit_at(seg->arena, i), entry);
	}
}

/* Who waited in it, and how many each address had: these rows become a hole of the file again, as
 * they are in most configurations. `at`: where w is in the file. */
static void
clear_clients(const struct seg *seg, struct shm_worker *w, size_t at)
{
	for (unsigned i = 0; i < SHM_SERVICES; i++)
		atomic_store(&w->waiting.service[i], 0);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		atomic_store(&w->waiting.server[i], 0);
	/* Cannot fail on tmpfs; elsewhere the old counts would stay until those rows are used. */
	(void)fallocate(seg->rw_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    (off_t)(at + offsetof(struct shm_worker, source)), sizeof w->source);
}

/* Its connections. Serials go on: an id never means another connection. */
static void
clear_sessions(struct seg *seg, struct shm_worker *w, unsigned entry)
{
	const size_t size = sizeof seg->ro->session[0];
	const size_t at = offsetof(struct shm, session) + (entry - ENTRY_WORKER0) * size;
	unsigned top = atomic_load(&w->session_top);
	struct shm_sessions *s;

	/* A hole is all free rows and even sequences. */
	if (fallocate(seg->rw_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
		(off_t)size) == 0) {
		atomic_store(&w->session_top, 0);
		return;
	}
	s = map_dead(seg, at, size);
	if (s == NULL)
		return;
	for (unsigned i = 0; i < top && i < SHM_SESSIONS; i++) {
		seq_repair(&s->row[i].seq);
		atomic_store(&s->row[i].words[0], 0);
	}
	munmap(s, size);
}

static unsigned
reap_worker(struct seg *seg, unsigned entry)
{
	const size_t size = sizeof seg->ro->worker[0];
	const size_t at = offsetof(struct shm, worker) + (entry - ENTRY_WORKER0) * size;
	struct shm_worker *w;
	uint64_t died;

	clear_limits(seg, entry);
	w = map_dead(seg, at, size);
	if (w == NULL)
		return 0; /* no address space: its successor counts on */
	clear_proc(&w->proc);
	atomic_store_explicit(&w->table_seen, 0, memory_order_relaxed);
	atomic_store_explicit(&w->kept_on, 0, memory_order_relaxed);
	died = count_open(&w->stat.worker);
	retire_begin(seg->head);
	atomic_store_explicit(&w->stat.worker.close_worker_died,
	    STAT_GET(&w->stat.worker, close_worker_died) + died, memory_order_release);
	stat_slab_add(&seg->head->retired, &w->stat, false);
	stat_slab_clear(&w->stat);
	retire_end(seg->head);
	clear_clients(seg, w, at);
	clear_sessions(seg, w, entry);
	munmap(w, size);
	return (unsigned)died;
}

static void
reap_checker(struct seg *seg)
{
	const size_t size = sizeof seg->ro->checker;
	struct shm_checker *c = map_dead(seg, offsetof(struct shm, checker), size);

	if (c == NULL)
		return;
	clear_proc(&c->proc);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		seq_repair(&c->health[i].seq);
	munmap(c, size);
}

static void
reap_logger(struct seg *seg)
{
	const size_t size = sizeof seg->ro->logger;
	struct shm_logger *l = map_dead(seg, offsetof(struct shm, logger), size);

	if (l == NULL)
		return;
	clear_proc(&l->proc);
	munmap(l, size);
}

static void
reap_web(struct seg *seg)
{
	const size_t size = sizeof seg->ro->web;
	struct shm_web *w = map_dead(seg, offsetof(struct shm, web), size);

	if (w == NULL)
		return;
	clear_proc(&w->proc);
	STAT_SET(&w->stat, active, 0);
	munmap(w, size);
}

static void
reap_vrrp(struct seg *seg)
{
	const size_t size = sizeof seg->ro->vrrp;
	struct shm_vrrp *v = map_dead(seg, offsetof(struct shm, vrrp), size);

	if (v == NULL)
		return;
	clear_proc(&v->proc);
	for (unsigned i = 0; i < SHM_VIPS; i++)
		seq_repair(&v->vip[i].seq);
	munmap(v, size);
}

void
seg_tell_vip(struct shm_vrrp *v, unsigned cell, uint32_t state, uint32_t priority)
{
	uint64_t n = atomic_load_explicit(&v->changes, memory_order_relaxed);

	atomic_store_explicit(&v->change[n % SHM_VIP_CHANGES], SHM_CHANGE(cell, state, priority),
	    memory_order_relaxed);
	atomic_store_explicit(&v->changes, n + 1, memory_order_release);
}

void
seg_bury_vip(struct seg *seg, unsigned cell, uint32_t state, const char *why, struct mono now)
{
	struct shm_vrrp *v = map_dead(seg, offsetof(struct shm, vrrp), sizeof seg->ro->vrrp);
	struct shm_vip vip;

	if (v == NULL)
		return;
	if (SEQ_LOAD(&v->vip[cell], &vip)) {
		vip.state = state;
		vip.present = 0;
		vip.since_us = vip.reset_us = now.us;
		snprintf(vip.reason, sizeof vip.reason, "%s", why);
		snprintf(vip.fault, sizeof vip.fault, "%s", why);
		SEQ_STORE(&v->vip[cell], &vip);
		atomic_store_explicit(&v->sent_us[cell], 0, memory_order_relaxed);
		seg_tell_vip(v, cell, state, vip.priority);
		atomic_fetch_add_explicit(&v->resets, 1, memory_order_release);
	}
	munmap(v, sizeof seg->ro->vrrp);
}

void
seg_forget_vips(struct seg *seg)
{
	struct shm_vrrp *v = map_dead(seg, offsetof(struct shm, vrrp), sizeof seg->ro->vrrp);
	const struct shm_vip none = {.n_addresses = 0};

	if (v == NULL)
		return;
	for (unsigned i = 0; i < SHM_VIPS; i++) {
		SEQ_STORE(&v->vip[i], &none);
		stat_clear_rows(STAT_SET_VIP, &v->stat[i]);
	}
	munmap(v, sizeof seg->ro->vrrp);
}

unsigned
seg_reap(struct seg *seg, unsigned entry)
{
	if (entry == ENTRY_CHECKER)
		reap_checker(seg);
	else if (entry == ENTRY_LOGGER)
		reap_logger(seg);
	else if (entry == ENTRY_VRRP)
		reap_vrrp(seg);
	else if (entry == ENTRY_WEB)
		reap_web(seg);
	else if (entry >= ENTRY_WORKER0 && entry < SHM_ENTRIES)
		return reap_worker(seg, entry);
	return 0;
}

void
seg_forget_server(struct seg *seg, unsigned index)
{
	retire_begin(seg->head);
	stat_clear_rows(STAT_SET_SERVER, &seg->head->retired.server[index]);
	retire_end(seg->head);
}

void
seg_forget_service(struct seg *seg, unsigned index)
{
	retire_begin(seg->head);
	stat_clear_rows(STAT_SET_SERVICE, &seg->head->retired.service[index]);
	retire_end(seg->head);
}
