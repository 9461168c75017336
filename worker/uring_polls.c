/* SPDX-License-Identifier: BSD-2-Clause */
/* What is polled: listeners, pairs of other workers, the wake-up, the pump's set. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/uring.h"

#define ACCEPTS 16 /* in a row, before others get their turn */

/* ---- polls ---- */

static void
poll_for(struct uring *u, int fd, uint64_t data, bool again_and_again)
{
	struct io_uring_sqe *sqe = uring_sqe(u);

	if (again_and_again)
		io_uring_prep_poll_multishot(sqe, fd, POLLIN);
	else
		io_uring_prep_poll_add(sqe, fd, POLLIN);
	sqe->user_data = data;
	u->requests++;
}

void
uring_poll_wake(struct worker *w)
{
	poll_for(uring_of(w), w->h->wake_fd, uring_data(OP_WAKE, 0, SIDE_CLIENT, 0), true);
}

static void
poll_listener(struct worker *w, unsigned i)
{
	struct uring *u = uring_of(w);

	if (!u->listeners[i].wanted || u->listeners[i].asked)
		return;
	u->listeners[i].asked = true;
	poll_for(u, w->h->listeners[i].fd, uring_data(OP_LISTENER, i, SIDE_CLIENT, 0), false);
}

int
uring_listen(struct worker *w, unsigned listener)
{
	uring_of(w)->listeners[listener].wanted = true;
	poll_listener(w, listener);
	return 0;
}

void
uring_unlisten(struct worker *w, unsigned listener)
{
	struct uring_listener *l = &uring_of(w)->listeners[listener];

	l->wanted = false;
	if (l->asked)
		uring_cancel(uring_of(w), uring_data(OP_LISTENER, listener, SIDE_CLIENT, 0));
}

static void
poll_hand(struct worker *w, unsigned slot)
{
	poll_for(
	    uring_of(w), w->h->hand_fds[slot][0], uring_data(OP_HAND, slot, SIDE_CLIENT, 0), true);
}

int
uring_watch(struct worker *w, unsigned slot)
{
	poll_hand(w, slot);
	return 0;
}

void
uring_unwatch(struct worker *w, unsigned slot)
{
	uring_cancel(uring_of(w), uring_data(OP_HAND, slot, SIDE_CLIENT, 0));
}

void
uring_on_listener(struct worker *w, unsigned i)
{
	struct addr from;
	socklen_t len;
	int fd;

	uring_of(w)->listeners[i].asked = false;
	for (int n = 0; n < ACCEPTS && w->accepting && !w->paused; n++) {
		len = sizeof from;
		fd = accept4(w->h->listeners[i].fd, &from.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			worker_accepted(w, i, fd, &from);
		} else {
			if (errno != EAGAIN && errno != EINTR)
				worker_accept_failed(w, i, errno);
			break;
		}
	}
	poll_listener(w, i);
}

void
uring_on_pump(struct worker *w)
{
	struct ready *r = &uring_of(w)->ready;
	struct ready_event ev;
	int n = ready_wait(r, 0);

	uring_of(w)->ready_asked = false;
	for (int i = 0; i < n; i++) {
		ev = ready_event(r, i);
		uring_on_ready(w, &ev);
	}
}

void
uring_on_hand(struct worker *w, unsigned slot, bool armed)
{
	if (!w->accepting)
		return;
	worker_handed(w, slot);
	if (!armed)
		poll_hand(w, slot);
}

void
uring_on_wake(struct worker *w, bool armed)
{
	uint64_t n;

	(void)!read(w->h->wake_fd, &n, sizeof n);
	if (!armed)
		uring_poll_wake(w);
}

void
uring_poll_pump(struct uring *u)
{
	if (u->ready_asked)
		return;
	u->ready_asked = true;
	poll_for(u, u->ready.fd, uring_data(OP_READY, 0, SIDE_CLIENT, 0), false);
}
