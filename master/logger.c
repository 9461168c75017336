/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/logger.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/heritage.h"
#include "base/log.h"
#include "conf/conf.h"
#include "master/sink.h"
#include "shm/seg.h"

#define BEAT_MS 250
#define BATCH	256 /* lines taken at once, so that targets and heartbeat have their turn */

static struct {
	struct sink *sinks;
	unsigned n;
} self;

int
logger_prepare(const struct conf *conf, struct err *err)
{
	const struct conf_strings *log = &conf->global.log;
	struct sink_spec spec;

	self.sinks = calloc(log->n, sizeof *self.sinks);
	if (self.sinks == NULL)
		return err_add(err, "global.log: no memory");
	for (unsigned i = 0; i < log->n; i++)
		if (sink_parse(&spec, log->v[i], err) == 0 &&
		    sink_open(&self.sinks[self.n], &spec, err) == 0)
			self.n++;
	/* Lines in some of the places are better than none. */
	return self.n > 0 ? 0 : -1;
}

/* One datagram of the log socket. False: none is left. */
static bool
take_line(const struct heritage *h)
{
	struct {
		struct log_head head;
		char text[LOG_LINE];
	} line;
	const size_t head = sizeof line.head;
	ssize_t n = recv(h->log_read_fd, &line, sizeof line, MSG_DONTWAIT);

	if (n < 0)
		return errno == EINTR;
	if ((size_t)n < head)
		return true;
	line.head.who[sizeof line.head.who - 1] = '\0';
	STAT_ADD(&h->seg->logger->stat, lines, 1);
	for (unsigned i = 0; i < self.n; i++)
		if (!sink_put(&self.sinks[i], &line.head, line.text, (size_t)n - head))
			STAT_ADD(&h->seg->logger->stat, dropped, 1);
	return true;
}

static void
flush(struct mono now)
{
	for (unsigned i = 0; i < self.n; i++)
		if (sink_wants(&self.sinks[i], now))
			sink_flush(&self.sinks[i], now);
}

/* Waits for lines, for room in targets that have something to write, or for the next beat. A
 * target that failed is not polled: it would report its error at once, for ever. */
static void
wait_for_work(const struct heritage *h, struct pollfd *p, struct mono now, int timeout_ms)
{
	nfds_t n = 0;
	uint64_t drop;

	p[n++] = (struct pollfd){.fd = h->wake_fd, .events = POLLIN};
	p[n++] = (struct pollfd){.fd = h->log_read_fd, .events = POLLIN};
	for (unsigned i = 0; i < self.n; i++)
		if (sink_wants(&self.sinks[i], now) && self.sinks[i].fd >= 0)
			p[n++] = (struct pollfd){.fd = self.sinks[i].fd, .events = POLLOUT};
	if (poll(p, n, timeout_ms) > 0 && (p[0].revents & POLLIN) != 0 &&
	    read(h->wake_fd, &drop, sizeof drop) < 0)
		return; /* somebody's other wake-up: nothing to do about it */
}

static bool
must_end(const struct heritage *h, pid_t master)
{
	const struct shm_proc *me = &h->seg->ro->head.r.proc[h->entry];

	return getppid() != master ||
	       atomic_load_explicit(&me->want, memory_order_acquire) != WANT_RUN;
}

/* Everybody who could still say something is gone or about to be: write what there is. */
static void
drain(const struct heritage *h, struct pollfd *p)
{
	const struct mono end = mono_add_ms(mono_now(), LOGGER_DRAIN_MS);
	struct mono now;
	bool more, empty;

	do {
		more = true;
		for (unsigned i = 0; i < BATCH && more; i++)
			more = take_line(h);
		now = mono_now();
		flush(now);
		empty = true;
		for (unsigned i = 0; i < self.n; i++)
			empty &= !sink_wants(&self.sinks[i], now);
		if (!more && !empty)
			wait_for_work(h, p, now, 10);
	} while ((more || !empty) && now.us < end.us);
}

int
logger_main(const struct heritage *h)
{
	/* The one death that does not reach us by signal: lines of those that died with the
	 * master are still to be written. */
	const pid_t master = getppid();
	struct pollfd *p = calloc(self.n + 2, sizeof *p);
	struct mono now = mono_now(), beat = {0};

	if (p == NULL)
		fatal("no memory");
	seg_beat(h->seg, now);
	seg_ready(h->seg, h->generation);
	while (!must_end(h, master)) {
		now = mono_now();
		if (mono_diff_ms(beat, now) >= BEAT_MS) {
			seg_beat(h->seg, now);
			beat = now;
		}
		wait_for_work(h, p, now, BEAT_MS - (int)mono_diff_ms(beat, now));
		for (unsigned i = 0; i < BATCH && take_line(h); i++)
			;
		flush(mono_now());
	}
	drain(h, p);
	seg_ready(h->seg, 0);
	for (unsigned i = 0; i < self.n; i++)
		sink_close(&self.sinks[i]);
	free(self.sinks);
	free(p);
	return 0;
}
