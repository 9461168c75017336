/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/stat.h"
#include "worker/accept.h"
#include "worker/internal.h"
#include "worker/sock.h"

#define HAND_STALE_US 1000000 /* a reader that has not turned for so long gets nothing */
/* A hand-over costs both workers together about 60 us (t/bench/handover.sh), more than a level load of
 * connections that end at once is worth: at this rate it is 6 % of a core at most. */
#define HAND_RATE  1000 /* a second */
#define HAND_SAVED 2000 /* for many long-lived ones that come in the same moment */

struct message {
	uint32_t service; /* index, and the id it had */
	uint32_t id;
	struct addr from;
};

bool
handover_levels(uint64_t own, uint64_t least, uint64_t total)
{
	return own > least + total / 128;
}

/* ---- the load of slots ---- */

static struct shm_hand *
hand_of(const struct worker *w, unsigned slot)
{
	return &w->seg->arena->hand[slot];
}

static uint64_t
waiting_in(const struct worker *w, unsigned slot)
{
	const struct shm_hand *h = hand_of(w, slot);
	int32_t n = (int32_t)(atomic_load_explicit(&h->sent, memory_order_relaxed) -
			      atomic_load_explicit(&h->taken, memory_order_relaxed));

	return n > 0 ? (uint64_t)n : 0;
}

/* Clients on the way to the worker of this slot, in all slots that it reads. */
static uint64_t
inbound(const struct worker *w, unsigned slot)
{
	uint64_t sum = 0;

	for (unsigned s = slot; s < SHM_WORKERS; s += w->h->workers)
		sum += waiting_in(w, s);
	return sum;
}

uint64_t
handover_on_the_way(const struct worker *w)
{
	uint64_t sum = 0;

	/* Slots beyond get nothing from workers of this generation. */
	for (unsigned s = 0; s < w->h->workers; s++)
		sum += waiting_in(w, s);
	return sum;
}

static uint64_t
load_of(const struct worker *w, unsigned slot)
{
	return STAT_GET(&seg_worker(w->seg, w->view.peer[slot])->stat.worker, active) +
	       inbound(w, slot);
}

/* Does its work, as far as one can see from here, and has descriptors for one more. */
static bool
serves(const struct worker *w, unsigned slot)
{
	const struct shm_proc_region *p = seg_proc(w->seg, w->view.peer[slot]);

	return w->view.peer[slot] != 0 && load_of(w, slot) < w->h->worker_connections &&
	       atomic_load_explicit(&p->ready, memory_order_relaxed) == w->h->generation &&
	       w->now.us - atomic_load_explicit(&p->beat_us, memory_order_relaxed) < HAND_STALE_US;
}

/* The slot that a new client belongs to: our own if in doubt. */
static unsigned
best_slot(const struct worker *w)
{
	uint64_t own = STAT_GET(&w->stat->worker, active) + inbound(w, w->h->slot), load;
	uint64_t least = own, total = own;
	unsigned best = w->h->slot;

	for (unsigned s = 0; s < w->h->workers; s++) {
		if (s == w->h->slot || !serves(w, s))
			continue;
		load = load_of(w, s);
		total += load;
		if (load < least) {
			least = load;
			best = s;
		}
	}
	return handover_levels(own, least, total) ? best : w->h->slot;
}

/* ---- giving ---- */

static bool
send_client(int to, const struct message *text, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {(void *)(uintptr_t)text, sizeof *text};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.room,
	    .msg_controllen = sizeof control.room};

	memset(&control, 0, sizeof control);
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
	return sendmsg(to, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof *text;
}

bool
handover_give(struct worker *w, unsigned service, int fd, const struct addr *from)
{
	struct message text = {
	    .service = service, .id = w->view.table.service[service].id, .from = *from};
	unsigned slot;

	if (w->h->workers < 2 || w->hand_credit == 0)
		return false;
	slot = best_slot(w);
	if (slot == w->h->slot)
		return false;
	w->hand_credit--;
	/* Before it can be taken: others must not see room where there is none. */
	atomic_fetch_add_explicit(&hand_of(w, slot)->sent, 1, memory_order_relaxed);
	if (!send_client(w->h->hand_fds[slot][1], &text, fd)) {
		/* Full, or too many descriptors on their way: it stays. */
		atomic_fetch_sub_explicit(&hand_of(w, slot)->sent, 1, memory_order_relaxed);
		return false;
	}
	close(fd);
	STAT_ADD(&w->stat->worker, handed_over, 1);
	return true;
}

/* ---- taking ---- */

/* The client in a message. -1: there is none (errno). */
static int
take(int from, struct message *text)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {text, sizeof *text};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.room,
	    .msg_controllen = sizeof control.room};
	const struct cmsghdr *c;
	int fd = -1;
	ssize_t n = recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	if (fd >= 0 && n == (ssize_t)sizeof *text)
		return fd;
	/* The kernel drops what we have no descriptors for: the client sees a RST. */
	if (fd >= 0)
		close(fd);
	errno = EMFILE;
	return -1;
}

static bool
is_known(const struct worker *w, const struct message *text)
{
	return text->service < w->view.table.n_services &&
	       w->view.table.service[text->service].state == ROW_ACTIVE &&
	       w->view.table.service[text->service].id == text->id;
}

void
worker_handed(struct worker *w, unsigned slot)
{
	struct message text = {0};
	int fd;

	for (;;) {
		fd = take(w->h->hand_fds[slot][0], &text);
		if (fd < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		atomic_fetch_add_explicit(&hand_of(w, slot)->taken, 1, memory_order_relaxed);
		if (fd < 0) {
			worker_accept_failed(w, 0, errno);
		} else if (is_known(w, &text)) {
			STAT_ADD(&w->stat->worker, taken_over, 1);
			accept_client(w, text.service, fd, &text.from);
		} else {
			sock_reset_on_close(fd); /* its service left the file meanwhile */
			close(fd);
		}
	}
}

/* A worker that died between taking and counting, or between counting and sending, leaves a client
 * that is on its way for ever. Nothing was sent for a whole beat and nothing waits: so it is. */
static void
forget_lost(struct worker *w, unsigned slot)
{
	struct shm_hand *h = hand_of(w, slot);
	uint32_t sent = atomic_load_explicit(&h->sent, memory_order_relaxed);

	if (sent != w->hand_seen[slot]) {
		w->hand_seen[slot] = sent;
	} else if (sent != atomic_load_explicit(&h->taken, memory_order_relaxed)) {
		worker_handed(w, slot);
		atomic_store_explicit(&h->taken, sent, memory_order_relaxed);
	}
}

void
handover_beat(struct worker *w)
{
	w->hand_credit += HAND_RATE * WORKER_BEAT_MS / 1000;
	if (w->hand_credit > HAND_SAVED)
		w->hand_credit = HAND_SAVED;
	for (unsigned s = w->h->slot; s < SHM_WORKERS && !w->draining; s += w->h->workers)
		forget_lost(w, s);
}

/* ---- begin and end ---- */

int
handover_start(struct worker *w)
{
	for (unsigned s = w->h->slot; s < SHM_WORKERS; s += w->h->workers) {
		if (w->engine->watch(w, s) != 0)
			return -1;
	}
	w->hand_credit = HAND_SAVED;
	return 0;
}

void
handover_stop(struct worker *w)
{
	for (unsigned s = w->h->slot; s < SHM_WORKERS; s += w->h->workers)
		w->engine->unwatch(w, s);
}
