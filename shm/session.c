/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A row that is written at this very moment is whole again within a microsecond, or its writer is
 * stopped or dead. So often in one listing a millisecond is waited to tell which. */
#define PATIENCE 50

/* ---- words ---- */

const char *
session_id_print(const struct session_id *id, char buf[SESSION_ID])
{
	snprintf(buf, SESSION_ID, "%u-%" PRIu64, id->worker, id->serial);
	return buf;
}

/* A number without leading zeros; returns how many bytes it is, 0: none. */
static size_t
number(const char *text, size_t n, uint64_t max, uint64_t *value)
{
	size_t len = 0;

	*value = 0;
	for (; len < n && text[len] >= '0' && text[len] <= '9'; len++) {
		if (len > 0 && *value == 0)
			return 0;
		*value = *value * 10 + (uint64_t)(text[len] - '0');
		if (*value > max)
			return 0;
	}
	return len;
}

bool
session_id_parse(const char *text, size_t n, struct session_id *id)
{
	uint64_t worker, serial;
	size_t len = number(text, n, SHM_ENTRIES - ENTRY_WORKER0 - 1, &worker);

	if (len == 0 || len >= n || text[len] != '-')
		return false;
	text += len + 1;
	n -= len + 1;
	if (number(text, n, SHM_SERIAL_MAX, &serial) != n || serial == 0)
		return false;
	*id = (struct session_id){(unsigned)worker, serial};
	return true;
}

const char *
session_state_word(unsigned state)
{
	static const char *const words[] = {
#define STATE(name, word, help) word,
#include "shm/tbl/session_state.h"
#undef STATE
	};

	return state < SESSION_STATES ? words[state] : "?";
}

/* ---- addresses ---- */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

void
session_pack(struct shm_end *e, const struct addr *a)
{
	memset(e, 0, sizeof *e);
	if (a->sa.sa_family == AF_INET) {
		memcpy(e->ip, mapped, sizeof mapped);
		memcpy(e->ip + sizeof mapped, &a->in.sin_addr, 4);
	} else if (a->sa.sa_family == AF_INET6) {
		memcpy(e->ip, &a->in6.sin6_addr, 16);
	} else {
		return;
	}
	e->port = addr_port(a);
}

void
session_unpack(struct addr *a, const struct shm_end *e)
{
	static const struct shm_end none;

	memset(a, 0, sizeof *a);
	if (memcmp(e, &none, sizeof none) == 0)
		return; /* AF_UNSPEC */
	a->in6.sin6_family = AF_INET6;
	memcpy(&a->in6.sin6_addr, e->ip, 16);
	a->in6.sin6_port = htons(e->port);
	addr_unmap(a);
}

/* ---- rows ---- */

static bool
load(const struct shm_session *row, struct session *s)
{
	uint64_t seq;

	for (int tries = 0; tries < SEQ_TRIES; tries++) {
		seq = atomic_load_explicit(&row->seq.n, memory_order_acquire);
		if (!seq_load(&row->seq, row->words, &s->who, sizeof s->who))
			return false;
		s->last_ms = atomic_load_explicit(&row->last_ms, memory_order_acquire);
		for (int i = 0; i < 2; i++)
			s->bytes[i] = atomic_load_explicit(&row->bytes[i], memory_order_acquire);
		/* Else another connection may have begun in between. */
		if (atomic_load_explicit(&row->seq.n, memory_order_relaxed) == seq)
			return true;
	}
	return false;
}

static bool
load_patiently(const struct shm_session *row, struct session *s, unsigned *patience)
{
	while (!load(row, s)) {
		if (*patience == 0)
			return false;
		--*patience;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return true;
}

/* The rows of an entry that may be looked at; 0: no worker has it. */
static unsigned
rows_of(const struct seg *seg, unsigned entry)
{
	const struct shm_proc *proc = &seg->ro->head.r.proc[entry];
	unsigned top;

	if (atomic_load_explicit(&proc->kind, memory_order_acquire) != PROC_WORKER)
		return 0;
	top = atomic_load_explicit(&seg_worker(seg, entry)->session_top, memory_order_acquire);
	return top < SHM_SESSIONS ? top : SHM_SESSIONS;
}

static bool
is_wanted(const struct session_filter *f, const struct shm_end *own, const struct shm_who *w)
{
	if (f->by_service && (w->service >= SHM_SERVICES || !f->service[w->service]))
		return false;
	if (f->by_server && (w->server >= SHM_SERVERS || !f->server[w->server]))
		return false;
	return f->own == NULL || memcmp(own, &w->own, sizeof *own) == 0;
}

static bool
is_free(const struct shm_session *row)
{
	return atomic_load_explicit(&row->words[0], memory_order_relaxed) == 0;
}

static int
add(struct session_list *list, size_t *room, const struct session *s)
{
	struct session *more;

	if (list->n == *room) {
		*room = *room * 2 + 64;
		more = realloc(list->v, *room * sizeof *more);
		if (more == NULL)
			return -1;
		list->v = more;
	}
	list->v[list->n++] = *s;
	return 0;
}

int
session_take(const struct seg *seg, const struct session_filter *filter, struct session_list *list,
    struct err *err)
{
	struct shm_end own = {.port = 0};
	unsigned patience = PATIENCE, n;
	const struct shm_session *row;
	struct session s;
	size_t room = 0;

	*list = (struct session_list){.v = NULL};
	if (filter->own != NULL)
		session_pack(&own, filter->own);
	for (unsigned e = ENTRY_WORKER0; e < SHM_ENTRIES; e++) {
		row = seg_sessions(seg, e);
		n = rows_of(seg, e);
		for (unsigned i = 0; i < n; i++) {
			if (is_free(&row[i]))
				continue;
			if (!load_patiently(&row[i], &s, &patience)) {
				list->torn++;
				continue;
			}
			s.id = (struct session_id){e - ENTRY_WORKER0, s.who.serial};
			if (s.who.serial == 0 || !is_wanted(filter, &own, &s.who))
				continue;
			if (add(list, &room, &s) == 0)
				continue;
			session_free(list);
			return err_addsys(err, "list of connections");
		}
	}
	return 0;
}

void
session_free(struct session_list *list)
{
	free(list->v);
	*list = (struct session_list){.v = NULL};
}

bool
session_find(const struct seg *seg, const struct session_id *id, struct session *s)
{
	const unsigned entry = id->worker + ENTRY_WORKER0;
	const struct shm_session *row;
	unsigned n;

	if (entry >= SHM_ENTRIES)
		return false;
	row = seg_sessions(seg, entry);
	n = rows_of(seg, entry);
	s->id = *id;
	for (unsigned i = 0; i < n; i++)
		if (atomic_load_explicit(&row[i].words[0], memory_order_relaxed) == id->serial)
			return load(&row[i], s) && s->who.serial == id->serial;
	return false;
}

/* ---- order ---- */

const char *
session_order_name(enum session_order order)
{
	static const char *const names[SESSION_ORDERS] = {"age", "bytes", "idle"};

	return names[order];
}

/* Ids last: the same connections come in the same order each time. */
static int
compare(int64_t a, int64_t b, const struct session *s, const struct session *t)
{
	if (a != b)
		return a < b ? -1 : 1;
	if (s->id.worker != t->id.worker)
		return s->id.worker < t->id.worker ? -1 : 1;
	return s->id.serial < t->id.serial ? -1 : s->id.serial > t->id.serial;
}

static int
by_age(const void *a, const void *b)
{
	const struct session *s = a, *t = b;

	return compare(s->who.started_us, t->who.started_us, s, t);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct session *s = a, *t = b;

	return compare(
	    (int64_t)(t->bytes[0] + t->bytes[1]), (int64_t)(s->bytes[0] + s->bytes[1]), s, t);
}

static int
by_idle(const void *a, const void *b)
{
	const struct session *s = a, *t = b;

	return compare((int64_t)s->last_ms, (int64_t)t->last_ms, s, t);
}

void
session_sort(struct session_list *list, enum session_order order)
{
	static int (*const how[SESSION_ORDERS])(const void *, const void *) = {
	    by_age, by_bytes, by_idle};

	if (list->n > 1)
		qsort(list->v, list->n, sizeof *list->v, how[order]);
}
