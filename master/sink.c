/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define RETRY_MS 1000
#define DEV_LOG	 "/dev/log"

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the stream that leads to the journal. It
 * is inherited further than that stream, so both numbers are compared. */
static bool
is_journal(int fd)
{
	const char *env = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return env != NULL && sscanf(env, "%llu:%llu", &dev, &ino) == 2 && fstat(fd, &st) == 0 &&
	       st.st_dev == dev && st.st_ino == ino;
}

/* O_NONBLOCK belongs to the open file, which we share with the shell and others: it must not be
 * set on our stderr. Opened anew it is ours. Where that is refused we poll before we write. */
static int
open_stderr(struct sink *t, struct err *err)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) < 0)
		return err_addsys(err, "global.log: stderr");
	t->journal = is_journal(STDERR_FILENO);
	t->socket = S_ISSOCK(st.st_mode);
	if (!t->socket)
		t->fd = open(
		    "/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_APPEND | O_CLOEXEC | O_NOCTTY);
	if (t->fd < 0) {
		t->fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
		t->polite = true;
	}
	return t->fd < 0 ? err_addsys(err, "global.log: stderr") : 0;
}

static int
open_syslog(struct sink *t)
{
	const struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = DEV_LOG};

	t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return -1;
	if (connect(t->fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return 0;
	close(t->fd);
	t->fd = -1;
	return -1;
}

static int
open_udp(struct sink *t, struct err *err)
{
	const struct addr *to = &t->spec.addr;

	t->fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd >= 0 && connect(t->fd, &to->sa, addr_len(to)) == 0)
		return 0;
	return err_addsys(err, "global.log: udp");
}

int
sink_open(struct sink *t, const struct sink_spec *spec, struct err *err)
{
	int result = 0;

	memset(t, 0, sizeof *t);
	t->spec = *spec;
	t->fd = -1;
	t->datagrams = spec->kind == SINK_SYSLOG || spec->kind == SINK_UDP;
	t->socket = t->datagrams;
	if (!ring_init(&t->ring))
		return err_add(err, "global.log: no memory");
	switch (spec->kind) {
	case SINK_STDERR:
		result = open_stderr(t, err);
		break;
	case SINK_FILE:
		t->fd = open(spec->path,
		    O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0640);
		if (t->fd < 0)
			result = err_addsys(err, "global.log: %s", spec->path);
		break;
	case SINK_SYSLOG:
		/* Absent early at boot: lines wait in the ring. */
		if (open_syslog(t) < 0)
			t->retry_at = mono_add_ms(mono_now(), RETRY_MS);
		break;
	case SINK_UDP:
		result = open_udp(t, err);
		break;
	}
	if (result < 0)
		sink_close(t);
	return result;
}

void
sink_close(struct sink *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	ring_fini(&t->ring);
}

/* 2026-11-24T13:28:01.123+00:00 */
static void
print_iso(char *out, size_t size, int64_t wall)
{
	time_t second = (time_t)(wall / 1000);
	char date[32] = "", zone[8] = "+0000";
	struct tm tm;

	if (localtime_r(&second, &tm) != NULL) {
		strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
		strftime(zone, sizeof zone, "%z", &tm);
	}
	snprintf(out, size, "%s.%03d%.3s:%.2s", date, (int)(wall % 1000), zone, zone + 3);
}

/* RFC 3164 section 4.1, without the host name, as syslog(3) and HAProxy send it. */
static size_t
print_bsd(const struct sink *t, char *out, size_t size, const struct log_head *head)
{
	time_t second = (time_t)(head->wall_ms / 1000);
	char date[32] = "";
	struct tm tm;

	if (localtime_r(&second, &tm) != NULL)
		strftime(date, sizeof date, "%b %e %H:%M:%S", &tm);
	return (size_t)snprintf(out, size, "<%d>%s kha[%d]: %s: ", t->spec.facility | head->level,
	    date, (int)head->pid, head->who);
}

size_t
sink_format(
    const struct sink *t, const struct log_head *head, const char *text, size_t n, char *out)
{
	char date[64];
	size_t at;

	if (t->datagrams) {
		at = print_bsd(t, out, SINK_LINE, head);
	} else if (t->journal) {
		at = (size_t)snprintf(out, SINK_LINE, "<%d>%s: ", head->level, head->who);
	} else {
		print_iso(date, sizeof date, head->wall_ms);
		at = (size_t)snprintf(out, SINK_LINE, "%s kha[%d] %s: %s: ", date, (int)head->pid,
		    head->who, log_level_name((enum log_level)head->level));
	}
	if (n > LOG_LINE)
		n = LOG_LINE;
	/* What a server answered stands in some lines: one line stays one line. */
	for (size_t i = 0; i < n; i++)
		out[at + i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
	at += n;
	if (!t->datagrams)
		out[at++] = '\n';
	return at;
}

static bool
put(struct sink *t, const struct log_head *head, const char *text, size_t n)
{
	char line[SINK_LINE];

	return ring_put(&t->ring, line, sink_format(t, head, text, n, line));
}

/* Says how many lines are missing where they are missing; once there is some room, so that not
 * every second line is a confession. */
static void
confess(struct sink *t)
{
	struct log_head own = {
	    .wall_ms = wall_ms(),
	    .pid = (int32_t)getpid(),
	    .level = LOG_LEVEL_WARNING,
	    .who = "logger",
	};
	char text[64];
	int n;

	if (t->lost == 0 || t->ring.used > RING_SIZE / 2)
		return;
	n = snprintf(text, sizeof text, "%llu lines lost", (unsigned long long)t->lost);
	if (put(t, &own, text, (size_t)n))
		t->lost = 0;
}

bool
sink_put(struct sink *t, const struct log_head *head, const char *text, size_t n)
{
	if (head->level > t->spec.level)
		return true;
	if (t->lost == 0 && put(t, head, text, n))
		return true;
	t->lost++;
	return false;
}

bool
sink_empty(const struct sink *t)
{
	return t->n_chunk == 0 && ring_next(&t->ring) == 0;
}

bool
sink_wants(const struct sink *t, struct mono now)
{
	return !sink_empty(t) && now.us >= t->retry_at.us;
}

static bool
has_room(const struct sink *t)
{
	struct pollfd p = {.fd = t->fd, .events = POLLOUT};

	return !t->polite || t->socket || (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0);
}

/* Fills the chunk with whole lines, or with one datagram. */
static void
refill(struct sink *t)
{
	size_t n;

	while ((n = ring_next(&t->ring)) != 0 && t->n_chunk + n <= sizeof t->chunk) {
		ring_get(&t->ring, t->chunk + t->n_chunk);
		t->n_chunk += n;
		if (t->datagrams)
			return;
	}
}

/* The reader went away, the disk is full, syslog restarts: the ring keeps what it can until the
 * next try. */
static void
fail(struct sink *t, struct mono now)
{
	t->retry_at = mono_add_ms(now, RETRY_MS);
	if (t->spec.kind == SINK_SYSLOG && t->fd >= 0) {
		close(t->fd);
		t->fd = -1;
	}
	/* Nobody hears of a refused UDP datagram: it is gone, the next one may arrive. */
	if (t->spec.kind == SINK_UDP)
		t->n_chunk = 0;
}

void
sink_flush(struct sink *t, struct mono now)
{
	ssize_t n;

	if (now.us < t->retry_at.us)
		return;
	if (t->fd < 0 && (t->spec.kind != SINK_SYSLOG || open_syslog(t) < 0)) {
		fail(t, now);
		return;
	}
	t->retry_at.us = 0;
	for (;;) {
		if (t->n_chunk == 0)
			refill(t);
		confess(t);
		if (t->n_chunk == 0 || !has_room(t))
			return;
		n = t->socket ? send(t->fd, t->chunk, t->n_chunk, MSG_DONTWAIT | MSG_NOSIGNAL)
			      : write(t->fd, t->chunk, t->n_chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			fail(t, now);
			return;
		}
		t->n_chunk -= (size_t)n;
		memmove(t->chunk, t->chunk + n, t->n_chunk);
	}
}
