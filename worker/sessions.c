/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/sessions.h"

#include <errno.h>
#include <sys/mman.h>

#include "shm/session.h"
#include "shm/stat.h"
#include "worker/internal.h"
#include "worker/sock.h"

#ifndef MADV_POPULATE_WRITE
#	define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

#define ROWS_OF_PAGE (SHM_PAGE / sizeof(struct shm_session))

/* ---- memory ---- */

int
sessions_init(struct worker *w)
{
	void *m = mmap(NULL, (size_t)w->pool.size * sizeof *w->unlisted, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (m == MAP_FAILED)
		return -1;
	w->unlisted = m;
	return 0;
}

void
sessions_fini(struct worker *w)
{
	munmap(w->unlisted, (size_t)w->pool.size * sizeof *w->unlisted);
	w->unlisted = NULL;
}

/* The rows are holes of a sparse file until they are used. On a full tmpfs the write into a hole
 * would kill the process, so its memory is asked for in a way that can fail. */
static bool
has_memory(struct worker *w, uint32_t row)
{
	uint32_t end = (uint32_t)(row / ROWS_OF_PAGE * ROWS_OF_PAGE + ROWS_OF_PAGE);
	int rc;

	if (row < w->rows_ready)
		return true;
	do {
		rc = madvise(&w->seg->session[w->rows_ready],
		    (end - w->rows_ready) * sizeof *w->seg->session, MADV_POPULATE_WRITE);
	} while (rc != 0 && errno == EINTR);
	if (rc != 0 && errno != EINVAL) /* EINVAL: an older kernel */
		return false;
	w->rows_ready = end;
	return true;
}

/* ---- rows ---- */

/* seq_store() of the whole: it is short, and comes some four times in the life of a connection. */
static void
store(struct worker_conn *c, const struct shm_who *who)
{
	seq_store(&c->row->seq, c->row->words, who, sizeof *who);
}

static uint64_t
next_serial(struct worker *w)
{
	STAT_ADD(w->seg->worker, session_last, 1);
	return STAT_GET(w->seg->worker, session_last);
}

/* After the row was written: who finds a row below the top finds it whole, or free. */
static void
raise_top(struct worker *w, uint32_t top)
{
	uint32_t now = atomic_load_explicit(&w->seg->worker->session_top, memory_order_relaxed);

	if (now < top)
		atomic_store_explicit(&w->seg->worker->session_top, top, memory_order_release);
}

void
sessions_open(struct worker *w, struct worker_conn *c, const struct addr *at)
{
	uint32_t i = pool_index(&w->pool, c);
	bool listed = i < SHM_SESSIONS && has_memory(w, i);
	struct shm_who who = {
	    .serial = next_serial(w),
	    .started_us = w->now.us,
	    .server = SHM_NO_SERVER,
	    .service = c->service,
	    .state = SESSION_GREETING,
	};
	struct addr local;

	c->row = listed ? &w->seg->session[i] : &w->unlisted[i];
	session_pack(&who.client, &c->client);
	if (at == NULL)
		sock_local(c->half[SIDE_CLIENT].fd, &local);
	session_pack(&who.listen, at != NULL ? at : &local);
	/* Behind the end of the connection before: see struct shm_session. */
	for (int s = 0; s < 2; s++)
		atomic_store_explicit(&c->row->bytes[s], 0, memory_order_release);
	atomic_store_explicit(&c->row->last_ms, (uint64_t)w->now_ms, memory_order_release);
	store(c, &who);
	if (listed)
		raise_top(w, i + 1);
	else
		STAT_ADD(&w->stat->worker, unlisted, 1);
}

void
sessions_announced(struct worker_conn *c, const struct addr *peer)
{
	struct shm_who who = c->row->who;

	session_pack(&who.client, &c->client);
	session_pack(&who.peer, peer);
	store(c, &who);
}

void
sessions_tell(struct worker *w, struct worker_conn *c, enum session_state state)
{
	const struct addr unknown = {.sa.sa_family = AF_UNSPEC};
	struct shm_who who = c->row->who;

	who.state = (uint8_t)state;
	who.server = c->server;
	who.server_id = c->server != NO_SERVER ? w->view.table.server[c->server].id : 0;
	if (state <= SESSION_OPEN)
		session_pack(&who.own, &unknown);
	store(c, &who);
}

void
sessions_tell_own(struct worker_conn *c)
{
	struct shm_who who = c->row->who;
	struct addr local;

	session_unpack(&local, &who.own);
	if (local.sa.sa_family != AF_UNSPEC || c->half[SIDE_SERVER].fd < 0 || conn_is_early(c))
		return;
	sock_local(c->half[SIDE_SERVER].fd, &local);
	session_pack(&who.own, &local);
	store(c, &who);
}

void
sessions_close(struct worker *w, struct worker_conn *c)
{
	const uint64_t none = 0;

	seq_store(&c->row->seq, c->row->words, &none, sizeof none);
	if (c->row == &w->unlisted[pool_index(&w->pool, c)])
		STAT_ADD(&w->stat->worker, unlisted, -1);
}

/* ---- orders ---- */

static bool
close_serial(struct worker *w, uint64_t serial)
{
	struct worker_conn *c;

	for (uint32_t i = 0; i < w->pool.fresh; i++) {
		c = &w->pool.conn[i];
		if (c->state == CONN_FREE || c->state == CONN_CLOSED ||
		    c->row->who.serial != serial)
			continue;
		worker_conn_close(w, c, CLOSE_operator);
		return true;
	}
	return false;
}

void
sessions_obey(struct worker *w)
{
	const unsigned me = w->h->entry - ENTRY_WORKER0;
	struct shm_worker *own = w->seg->worker;
	uint64_t order =
	    atomic_load_explicit(&w->seg->ro->head.r.session_close[me], memory_order_relaxed);

	/* One that a predecessor did not live to carry out finds nobody: serials go on. */
	if (order == atomic_load_explicit(&own->session_obeyed, memory_order_relaxed))
		return;
	atomic_store_explicit(
	    &own->session_closed, close_serial(w, SHM_CLOSE_SERIAL(order)), memory_order_relaxed);
	atomic_store_explicit(&own->session_obeyed, order, memory_order_release);
}
