/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seqlocked records in shared memory: one writer, any number of readers in other
 * processes, nobody ever waits for anybody.
 *
 * The sequence is even while the record is whole and odd while it is being written. The
 * payload is an array of 64-bit words written with release stores and read with acquire
 * loads, so that no fence is needed and thread sanitizers understand it. (A fence based
 * seqlock is as correct on real machines; this one is as fast on x86-64, where acquire
 * loads and release stores are plain moves.)
 *
 * A reader tries SEQ_TRIES times and may then be told "no": it keeps the snapshot it has.
 * A writer killed inside a write leaves an odd sequence behind. When the master reaps
 * that process, its region has no writer any more and belongs to the master until the
 * entry is used again: seq_repair() makes it even. What such a record then holds may be
 * half old and half new; each record's header comment says why that is harmless.
 */
#ifndef KHA_SHM_SEQLOCK_H
#define KHA_SHM_SEQLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SEQ_TRIES 64

struct seq {
	_Atomic uint64_t n;
};

/* Declares a seqlocked cell of `type` (whose size is a multiple of 8). */
#define SEQ_CELL(type)                                                                             \
	struct {                                                                                   \
		struct seq seq;                                                                    \
		_Atomic uint64_t words[sizeof(type) / 8];                                          \
		_Static_assert(sizeof(type) % 8 == 0, "payload is not whole words");               \
	}

/* Copies `size` bytes (a multiple of 8) from src into the record. Only its one writer. */
static inline void
seq_store(struct seq *seq, _Atomic uint64_t *words, const void *src, size_t size)
{
	uint64_t n = atomic_load_explicit(&seq->n, memory_order_relaxed), w;

	/* An odd value here is what a killed predecessor left; it must stay odd. */
	n |= 1;
	if (n == atomic_load_explicit(&seq->n, memory_order_relaxed))
		n += 2;
	atomic_store_explicit(&seq->n, n, memory_order_relaxed);
	for (size_t i = 0; i < size / 8; i++) {
		memcpy(&w, (const char *)src + i * 8, 8);
		atomic_store_explicit(&words[i], w, memory_order_release);
	}
	atomic_store_explicit(&seq->n, n + 1, memory_order_release);
}

/* Copies the record to dst. false: it was being written all the time (or its writer died
 * and is not reaped yet); dst is then garbage. */
static inline bool
seq_load(const struct seq *seq, const _Atomic uint64_t *words, void *dst, size_t size)
{
	uint64_t before, w;

	for (int tries = 0; tries < SEQ_TRIES; tries++) {
		before = atomic_load_explicit(&seq->n, memory_order_acquire);
		if (before & 1)
			continue;
		for (size_t i = 0; i < size / 8; i++) {
			w = atomic_load_explicit(&words[i], memory_order_acquire);
			memcpy((char *)dst + i * 8, &w, 8);
		}
		if (atomic_load_explicit(&seq->n, memory_order_relaxed) == before)
			return true;
	}
	return false;
}

/* For the master, after the writer's death. true: it was odd. */
static inline bool
seq_repair(struct seq *seq)
{
	uint64_t n = atomic_load_explicit(&seq->n, memory_order_relaxed);

	if ((n & 1) == 0)
		return false;
	atomic_store_explicit(&seq->n, n + 1, memory_order_release);
	return true;
}

#define SEQ_STORE(cell, src) seq_store(&(cell)->seq, (cell)->words, (src), sizeof *(src))
#define SEQ_LOAD(cell, dst)  seq_load(&(cell)->seq, (cell)->words, (dst), sizeof *(dst))

#endif
