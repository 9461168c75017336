/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "worker/internal.h"

/* Reads per call: one fast sender must not keep the others waiting. */
#define READS	     4 /* of ENGINE_BYTES */
#define SPLICE_READS 1 /* of PIPE_BYTES: about 0.1 ms */

#define FULL_READS 2 /* that many full buffers in a row are bulk */
#define IDLE_READS 8 /* that many near-empty reads in a row are no bulk any more */

/* ---- kept bytes ---- */

/* Bytes that were read and wait to be sent. */
struct pump_tail {
	uint32_t off, len; /* sent of those that are there */
	uint32_t size;	   /* room in bytes[] */
	uint8_t bytes[];
};

static struct pump_tail *
tail_take(struct pump *p, size_t size)
{
	struct pump_tail *t;

	if (size <= ENGINE_BYTES && p->n_tails > 0) {
		t = p->tails[--p->n_tails];
	} else {
		if (size < ENGINE_BYTES)
			size = ENGINE_BYTES;
		t = malloc(sizeof *t + size);
		if (t == NULL)
			return NULL;
		t->size = (uint32_t)size;
	}
	t->off = t->len = 0;
	return t;
}

static void
tail_give(struct pump *p, struct engine_half *h)
{
	if (h->tail == NULL)
		return;
	if (h->tail->size == ENGINE_BYTES && p->n_tails < PUMP_TAILS)
		p->tails[p->n_tails++] = h->tail;
	else
		free(h->tail);
	h->tail = NULL;
}

uint8_t *
pump_keep(struct pump *p, struct engine_half *h, size_t n)
{
	struct pump_tail *old = h->tail, *t;
	uint32_t before = old != NULL ? old->len - old->off : 0;

	t = tail_take(p, before + n);
	if (t == NULL)
		return NULL;
	if (before > 0)
		memcpy(t->bytes, old->bytes + old->off, before);
	tail_give(p, h);
	t->len = (uint32_t)(before + n);
	h->tail = t;
	return t->bytes + before;
}

static void
pipe_give(struct pump *p, struct engine_half *h)
{
	if (h->pipe >= 0)
		pipes_give(&p->pipes, h->pipe, h->in_pipe);
	h->pipe = -1;
	h->in_pipe = 0;
}

static bool
keeps(const struct engine_half *h)
{
	return h->tail != NULL || h->in_pipe > 0;
}

size_t
pump_kept(const struct engine_half *h)
{
	return (h->tail != NULL ? h->tail->len - h->tail->off : 0) + h->in_pipe;
}

static void
forget(struct pump *p, struct engine_half *h)
{
	tail_give(p, h);
	pipe_give(p, h);
}

/* ---- writing ---- */

void
pump_broken(struct worker *w, struct pump *p, struct worker_conn *c, enum side side, int error)
{
	struct engine_half *h = &c->half[side];

	forget(p, &c->half[OTHER_SIDE(side)]);
	h->flags |= HALF_BROKEN;
	h->error = (int16_t)(error == EPIPE ? ECONNRESET : error);
	if (h->flags & HALF_EOF)
		worker_conn_ended(w, c, side, END_RESET, h->error);
}

/* Sends what is kept of `side`. True: nothing is kept any more. */
static bool
send_kept(struct worker *w, struct pump *p, struct worker_conn *c, enum side side)
{
	struct engine_half *h = &c->half[side];
	enum side other = OTHER_SIDE(side);
	int to = c->half[other].fd;
	ssize_t n;

	while (keeps(h)) {
		struct pump_tail *t = h->tail;

		if (t != NULL)
			n = send(to, t->bytes + t->off, t->len - t->off, MSG_NOSIGNAL);
		else
			n = splice(p->pipes.fd[h->pipe][0], NULL, to, NULL, h->in_pipe,
			    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n < 0) {
			if (errno == EAGAIN || errno == EINTR)
				return false;
			pump_broken(w, p, c, other, errno);
			return false;
		}
		if (t != NULL) {
			t->off += (uint32_t)n;
			if (t->off == t->len)
				tail_give(p, h);
		} else {
			h->in_pipe -= (uint32_t)n;
			if (n == 0)
				return false;
		}
	}
	/* A pipe is lent only while it holds bytes. */
	pipe_give(p, h);
	return true;
}

/* Sends n fresh bytes and keeps what is not taken. True: all went out. */
static bool
send_fresh(struct worker *w, struct pump *p, struct worker_conn *c, enum side side,
    const uint8_t *bytes, size_t n)
{
	struct engine_half *h = &c->half[side];
	enum side other = OTHER_SIDE(side);
	ssize_t sent = send(c->half[other].fd, bytes, n, MSG_NOSIGNAL);
	uint8_t *kept;

	if (sent == (ssize_t)n)
		return true;
	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			pump_broken(w, p, c, other, errno);
			return false;
		}
		sent = 0;
	}
	kept = pump_keep(p, h, n - (size_t)sent);
	if (kept == NULL) {
		worker_conn_close(w, c, CLOSE_resource);
		return false;
	}
	memcpy(kept, bytes + sent, n - (size_t)sent);
	return false;
}

void
pump_first(struct worker *w, struct pump *p, struct worker_conn *c, const uint8_t *bytes, size_t n)
{
	struct engine_half *h = &c->half[SIDE_CLIENT];
	struct pump_tail *later = h->tail;
	uint8_t *to;

	h->tail = NULL;
	if (n > 0)
		(void)send_fresh(w, p, c, SIDE_CLIENT, bytes, n);
	if (c->state != CONN_RELAY || later == NULL || h->tail == NULL) {
		if (h->tail == NULL)
			h->tail = later;
		else
			free(later);
		return;
	}
	to = pump_keep(p, h, later->len - later->off);
	if (to != NULL)
		memcpy(to, later->bytes + later->off, later->len - later->off);
	free(later);
	if (to == NULL)
		worker_conn_close(w, c, CLOSE_resource);
}

/* ---- reading ---- */

void
pump_source_ended(struct engine_half *h, int error)
{
	h->flags |= HALF_EOF;
	if (!(h->flags & HALF_BROKEN))
		h->error = (int16_t)error;
}

void
pump_report_end(struct worker *w, struct worker_conn *c, enum side side)
{
	struct engine_half *h = &c->half[side];
	enum side other = OTHER_SIDE(side);

	if ((h->flags & HALF_ENDED) || keeps(h))
		return;
	if (side == SIDE_SERVER && worker_conn_retried(w, c))
		return;
	h->flags |= HALF_ENDED;
	if (h->error != 0) {
		worker_conn_ended(w, c, side, END_RESET, h->error);
		return;
	}
	/* When both have ended, closing them says so. Fails when the other side is gone, which is
	 * reported where it is read or written. */
	if (!(c->half[other].flags & HALF_ENDED))
		(void)shutdown(c->half[other].fd, SHUT_WR);
	worker_conn_ended(w, c, side, END_FIN, 0);
}

/* One read and send by copying. True: go on, there may be more. */
static bool
copy_once(struct worker *w, struct pump *p, struct worker_conn *c, enum side side)
{
	struct engine_half *h = &c->half[side];
	ssize_t n = recv(h->fd, p->scratch, sizeof p->scratch, 0);

	if (n <= 0) {
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			h->run = 0;
		else
			pump_source_ended(h, n == 0 ? 0 : errno);
		return false;
	}
	worker_conn_moved(w, c, side, (size_t)n, false);
	h->run = (size_t)n == sizeof p->scratch ? (uint8_t)(h->run + 1) : 0;
	if (!send_fresh(w, p, c, side, p->scratch, (size_t)n))
		return false;
	if (h->run >= FULL_READS) {
		h->flags |= HALF_SPLICE;
		h->run = 0;
	}
	return (size_t)n == sizeof p->scratch || (h->flags & HALF_FIN);
}

/* The same through a pipe, without touching the bytes. */
static bool
splice_once(struct worker *w, struct pump *p, struct worker_conn *c, enum side side)
{
	struct engine_half *h = &c->half[side];
	ssize_t n;

	if (h->pipe < 0)
		h->pipe = (int16_t)pipes_take(&p->pipes);
	if (h->pipe < 0) {
		h->flags &= (uint8_t)~HALF_SPLICE;
		return true;
	}
	n = splice(h->fd, NULL, p->pipes.fd[h->pipe][1], NULL, PIPE_BYTES,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n <= 0) {
		pipe_give(p, h);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n < 0 && errno == EINVAL) {
			h->flags &= (uint8_t)~HALF_SPLICE; /* not this kind of socket */
			return true;
		}
		pump_source_ended(h, n == 0 ? 0 : errno);
		return false;
	}
	h->in_pipe = (uint32_t)n;
	worker_conn_moved(w, c, side, (size_t)n, true);
	h->run = n < ENGINE_BYTES ? (uint8_t)(h->run + 1) : 0;
	if (h->run >= IDLE_READS) {
		h->flags &= (uint8_t)~HALF_SPLICE;
		h->run = 0;
	}
	/* Less than there was room for says nothing: the pipe's places may have been used up. */
	return send_kept(w, p, c, side);
}

/* ---- the border ---- */

void
pump_begin(struct worker_conn *c)
{
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		c->half[s].flags |= HALF_RELAY;
}

bool
pump_run(struct worker *w, struct pump *p, struct worker_conn *c, enum side side)
{
	struct engine_half *h = &c->half[side];
	const int reads = h->flags & HALF_SPLICE ? SPLICE_READS : READS;
	bool more = send_kept(w, p, c, side);

	for (int i = 0; more && pump_wants_read(c, side) && i < reads; i++)
		more =
		    h->flags & HALF_SPLICE ? splice_once(w, p, c, side) : copy_once(w, p, c, side);
	if (c->state == CONN_RELAY && (h->flags & HALF_EOF))
		pump_report_end(w, c, side);
	return more && pump_wants_read(c, side);
}

bool
pump_wants_read(const struct worker_conn *c, enum side side)
{
	const struct engine_half *h = &c->half[side];

	return (h->flags & (HALF_RELAY | HALF_EOF)) == HALF_RELAY && !keeps(h) &&
	       !(c->half[OTHER_SIDE(side)].flags & HALF_BROKEN) && c->state == CONN_RELAY;
}

bool
pump_wants_write(const struct worker_conn *c, enum side side)
{
	return keeps(&c->half[OTHER_SIDE(side)]) && !(c->half[side].flags & HALF_BROKEN) &&
	       c->state == CONN_RELAY;
}

void
pump_end(struct pump *p, struct worker_conn *c)
{
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		forget(p, &c->half[s]);
		c->half[s].flags &= HALF_FIN;
	}
}

void
pump_rest(struct pump *p)
{
	while (p->n_tails > 0)
		free(p->tails[--p->n_tails]);
}

void
pump_fini(struct pump *p)
{
	pump_rest(p);
	pipes_fini(&p->pipes);
}
