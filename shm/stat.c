/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/stat.h"

#include <sched.h>
#include <string.h>

#define STAT(field, kind, unit, prom, help) {#field, STAT_##kind, STAT_##unit, prom, "", help},
#define CLOSE(name, letters, is_error, help)                                                       \
	{"close_" #name, STAT_COUNTER, STAT_NONE, "", "", help},
static const struct stat_desc worker_rows[] = {
#include "shm/tbl/stat_worker.h"
#include "shm/tbl/close.h"
};
static const struct stat_desc master_rows[] = {
#include "shm/tbl/stat_master.h"
};
static const struct stat_desc logger_rows[] = {
#include "shm/tbl/stat_logger.h"
};
static const struct stat_desc web_rows[] = {
#include "shm/tbl/stat_web.h"
};
#define VERDICT(name, counter, heard, help)                                                        \
	{#counter, STAT_COUNTER, STAT_NONE, "vip_" #counter, "", help},
#define DIALECT(name, counter, help) {#counter, STAT_COUNTER, STAT_NONE, "", "", help},
static const struct stat_desc vip_rows[] = {
#include "shm/tbl/stat_vip.h"
#include "shm/tbl/vip_verdict.h"
#include "shm/tbl/vip_dialect.h"
};
#undef DIALECT
#undef VERDICT
#undef CLOSE
#undef STAT

#define STAT(field, kind, unit, prom, haproxy, help)                                               \
	{#field, STAT_##kind, STAT_##unit, prom, haproxy, help},
static const struct stat_desc service_rows[] = {
#include "shm/tbl/stat_service.h"
};
static const struct stat_desc server_rows[] = {
#include "shm/tbl/stat_server.h"
};
static const struct stat_desc check_rows[] = {
#include "shm/tbl/stat_check.h"
};
#undef STAT

#define ROWS(set) (sizeof set##_rows / sizeof *set##_rows)
#define SET(set)                                                                                   \
	{                                                                                          \
#		set, set##_rows, ROWS(set)                                                        \
	}

const struct stat_set stat_sets[STAT_SETS] = {
    [STAT_SET_WORKER] = SET(worker),
    [STAT_SET_SERVICE] = SET(service),
    [STAT_SET_SERVER] = SET(server),
    [STAT_SET_CHECK] = SET(check),
    [STAT_SET_MASTER] = SET(master),
    [STAT_SET_LOGGER] = SET(logger),
    [STAT_SET_WEB] = SET(web),
    [STAT_SET_VIP] = SET(vip),
};

/* What allows to walk the structs as arrays. */
#define IS_ARRAY(set)                                                                              \
	_Static_assert(sizeof(struct stat_##set) == ROWS(set) * sizeof(uint64_t), #set)
IS_ARRAY(worker);
IS_ARRAY(service);
IS_ARRAY(server);
IS_ARRAY(check);
IS_ARRAY(master);
IS_ARRAY(logger);
IS_ARRAY(web);
IS_ARRAY(vip);

static const struct {
	const char *name, *letters, *help;
	bool is_error;
} closes[CLOSE_REASONS] = {
#define CLOSE(name, letters, is_error, help) [CLOSE_##name] = {#name, letters, help, is_error},
#include "shm/tbl/close.h"
#undef CLOSE
};

const char *
close_name(enum close_reason r)
{
	return closes[r].name;
}

const char *
close_letters(enum close_reason r)
{
	return closes[r].letters;
}

const char *
close_help(enum close_reason r)
{
	return closes[r].help;
}

bool
close_is_error(enum close_reason r)
{
	return closes[r].is_error;
}

_Atomic uint64_t *
close_counter(struct stat_worker *w, enum close_reason r)
{
	/* The rows of close.h follow those of stat_worker.h. */
	return (_Atomic uint64_t *)w + (ROWS(worker) - CLOSE_REASONS) + r;
}

/* FNV-1a, 64 bits. */
static uint64_t
hash(uint64_t h, const void *data, size_t size)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t
hash_text(uint64_t h, const char *text)
{
	return hash(h, text, strlen(text) + 1);
}

uint64_t
stat_layout_id(void)
{
	static const char *const words[] = {
#define RESULT(name, passed, accepts, mute, help) #name,
#include "shm/tbl/result.h"
#undef RESULT
#define STATE(name, help) #name,
#include "shm/tbl/state.h"
#undef STATE
#define STATE(name, word, help) #name,
#include "shm/tbl/session_state.h"
#undef STATE
	};
	static const uint32_t sizes[] = {SHM_REVISION, SHM_SERVICES, SHM_SERVERS, SHM_WORKERS,
	    SHM_GENERATIONS, SHM_ENTRIES, sizeof(struct shm_info), sizeof(struct shm_service),
	    sizeof(struct shm_server), sizeof(struct shm_table), sizeof(struct shm_health),
	    sizeof(struct shm_proc), sizeof(struct shm_proc_region), sizeof(struct shm_head),
	    sizeof(struct shm_checker), sizeof(struct shm_logger), sizeof(struct shm_vrrp),
	    sizeof(struct shm_vip), sizeof(struct shm_worker), sizeof(struct shm_session),
	    sizeof(struct shm_sessions), sizeof(struct shm_arena), sizeof(struct shm)};
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (unsigned s = 0; s < STAT_SETS; s++) {
		h = hash_text(h, stat_sets[s].name);
		for (unsigned i = 0; i < stat_sets[s].n; i++) {
			const struct stat_desc *d = &stat_sets[s].rows[i];
			const unsigned char how[2] = {
			    (unsigned char)d->kind, (unsigned char)d->unit};

			h = hash_text(h, d->name);
			h = hash(h, how, sizeof how);
		}
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		h = hash_text(h, words[i]);
	return hash(h, sizes, sizeof sizes);
}

static uint64_t
get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static void
put(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

uint64_t
stat_row(const void *slab, unsigned row)
{
	return get((const _Atomic uint64_t *)slab + row);
}

void
stat_add_rows(enum stat_scope scope, void *to, const void *from, bool gauges)
{
	const struct stat_set *set = &stat_sets[scope];
	_Atomic uint64_t *sum = to;

	for (unsigned i = 0; i < set->n; i++) {
		uint64_t v = stat_row(from, i), old = stat_row(to, i);

		if (v == 0)
			continue;
		if (set->rows[i].kind == STAT_COUNTER ||
		    (set->rows[i].kind == STAT_GAUGE && gauges))
			put(&sum[i], old + v);
		else if (set->rows[i].kind == STAT_STAMP && v > old)
			put(&sum[i], v);
	}
}

void
stat_copy_rows(enum stat_scope scope, void *to, const void *from)
{
	for (unsigned i = 0; i < stat_sets[scope].n; i++)
		put((_Atomic uint64_t *)to + i, stat_row(from, i));
}

void
stat_clear_rows(enum stat_scope scope, void *slab)
{
	for (unsigned i = 0; i < stat_sets[scope].n; i++)
		put((_Atomic uint64_t *)slab + i, 0);
}

void
stat_slab_add(struct stat_slab *to, const struct stat_slab *from, bool gauges)
{
	stat_add_rows(STAT_SET_WORKER, &to->worker, &from->worker, gauges);
	for (unsigned i = 0; i < SHM_SERVICES; i++)
		stat_add_rows(STAT_SET_SERVICE, &to->service[i], &from->service[i], gauges);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		stat_add_rows(STAT_SET_SERVER, &to->server[i], &from->server[i], gauges);
}

void
stat_slab_clear(struct stat_slab *slab)
{
	stat_clear_rows(STAT_SET_WORKER, &slab->worker);
	for (unsigned i = 0; i < SHM_SERVICES; i++)
		stat_clear_rows(STAT_SET_SERVICE, &slab->service[i]);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		stat_clear_rows(STAT_SET_SERVER, &slab->server[i]);
}

/* Counters of a worker that lives or is not reaped yet; NULL: no worker in this entry.
 * (The region of an entry that was never used is a hole of a sparse file, not to be
 * looked at.) */
static const struct stat_slab *
slab_of(const struct seg *seg, unsigned entry)
{
	if (atomic_load_explicit(&seg->ro->head.r.proc[entry].kind, memory_order_acquire) !=
	    PROC_WORKER)
		return NULL;
	return &seg_worker(seg, entry)->stat;
}

/* The master moves a dead worker's counters within some 20 us. So often a reader that
 * meets it looks again, and later gives up its turn for it; more only when the master is
 * stopped. */
#define MOVE_TRIES 1000

/* Starts a read that must not see a move: false, no more tries. */
static bool
sum_begin(const struct seg *seg, int tries, uint64_t *seq)
{
	if (tries > SEQ_TRIES)
		sched_yield();
	*seq = get(&seg->ro->head.r.retire_seq);
	return tries < MOVE_TRIES;
}

/* true: nothing moved since. */
static bool
sum_end(const struct seg *seg, uint64_t seq)
{
	return (seq & 1) == 0 && get(&seg->ro->head.r.retire_seq) == seq;
}

static void
sum_once(const struct seg *seg, struct stat_slab *sum)
{
	const struct stat_slab *slab;

	memset(sum, 0, sizeof *sum);
	stat_slab_add(sum, &seg->ro->head.r.retired, false);
	for (unsigned e = ENTRY_WORKER0; e < SHM_ENTRIES; e++)
		if ((slab = slab_of(seg, e)) != NULL)
			stat_slab_add(sum, slab, true);
}

bool
stat_sum(const struct seg *seg, struct stat_slab *sum)
{
	uint64_t seq;

	for (int tries = 0; sum_begin(seg, tries, &seq); tries++) {
		if (seq & 1)
			continue;
		sum_once(seg, sum);
		if (sum_end(seg, seq))
			return true;
	}
	sum_once(seg, sum);
	return false;
}

/* Sum (or maximum) of one word over all living workers; `word` is its place in the
 * slab. */
static uint64_t
over_workers(const struct seg *seg, const _Atomic uint64_t *word, bool maximum)
{
	const char *base = (const char *)&seg->ro->head.r.retired;
	const size_t offset = (size_t)((const char *)word - base);
	const struct stat_slab *slab;
	uint64_t result = 0, v;

	for (unsigned e = ENTRY_WORKER0; e < SHM_ENTRIES; e++) {
		if ((slab = slab_of(seg, e)) == NULL)
			continue;
		v = get((const _Atomic uint64_t *)(const void *)((const char *)slab + offset));
		if (!maximum)
			result += v;
		else if (v > result)
			result = v;
	}
	return result;
}

uint64_t
stat_server_active(const struct seg *seg, unsigned server)
{
	return over_workers(seg, &seg->ro->head.r.retired.server[server].active, false);
}

uint64_t
stat_service_active(const struct seg *seg, unsigned service)
{
	return over_workers(seg, &seg->ro->head.r.retired.service[service].active, false);
}

uint64_t
stat_service_queued(const struct seg *seg, unsigned service)
{
	return over_workers(seg, &seg->ro->head.r.retired.service[service].queued, false);
}

uint64_t
stat_node_active(const struct seg *seg)
{
	return over_workers(seg, &seg->ro->head.r.retired.worker.active, false);
}

uint64_t
stat_server_last_byte(const struct seg *seg, unsigned server)
{
	const _Atomic uint64_t *word = &seg->ro->head.r.retired.server[server].last_byte;
	uint64_t living = over_workers(seg, word, true), retired = get(word);

	return living > retired ? living : retired;
}

static uint64_t
trouble_once(const struct seg *seg, unsigned server)
{
	const struct stat_server *retired = &seg->ro->head.r.retired.server[server];

	return get(&retired->connect_failed) + over_workers(seg, &retired->connect_failed, false) +
	       get(&retired->lost) + over_workers(seg, &retired->lost, false);
}

uint64_t
stat_server_trouble(const struct seg *seg, unsigned server)
{
	uint64_t seq, sum;

	for (int tries = 0; sum_begin(seg, tries, &seq); tries++) {
		if (seq & 1)
			continue;
		sum = trouble_once(seg, server);
		if (sum_end(seg, seq))
			return sum;
	}
	return trouble_once(seg, server);
}
