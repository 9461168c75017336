/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"

static struct {
	char who[sizeof((struct log_head *)0)->who];
	enum log_level max;
	int fd;
	_Atomic uint64_t *dropped;
} self = {.who = "kha", .max = LOG_LEVEL_INFO, .fd = -1};

void
log_init(const char *who, enum log_level max)
{
	snprintf(self.who, sizeof self.who, "%s", who);
	self.max = max;
}

void
log_to(int fd, _Atomic uint64_t *dropped)
{
	self.fd = fd;
	self.dropped = dropped;
}

bool
log_wants(enum log_level level)
{
	return level <= self.max;
}

const char *
log_level_name(enum log_level level)
{
	static const char *const names[] = {
	    [LOG_LEVEL_ERR] = "err",
	    [LOG_LEVEL_WARNING] = "warning",
	    [LOG_LEVEL_NOTICE] = "notice",
	    [LOG_LEVEL_INFO] = "info",
	    [LOG_LEVEL_DEBUG] = "debug",
	};

	return level >= LOG_LEVEL_ERR && level <= LOG_LEVEL_DEBUG ? names[level] : "?";
}

static void
emit(enum log_level level, const char *fmt, va_list ap)
{
	char text[LOG_LINE + 1];
	struct log_head head = {.level = (uint8_t)level};
	struct iovec iov[2];
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	int saved = errno, n;

	if (level > self.max)
		return;
	n = vsnprintf(text, sizeof text, fmt, ap);
	if (n < 0)
		return;
	if (n > LOG_LINE) {
		memcpy(text + LOG_LINE - 3, "...", 3);
		n = LOG_LINE;
	}
	if (self.fd < 0) {
		fprintf(stderr, "%s: %s: %s\n", self.who, log_level_name(level), text);
		errno = saved;
		return;
	}
	head.wall_ms = wall_ms();
	head.pid = (int32_t)getpid();
	memcpy(head.who, self.who, sizeof head.who);
	iov[0] = (struct iovec){&head, sizeof head};
	iov[1] = (struct iovec){text, (size_t)n};
	/* Never wait for the logger: the data path and the election come first. */
	if (sendmsg(self.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && self.dropped != NULL)
		atomic_fetch_add_explicit(self.dropped, 1, memory_order_relaxed);
	errno = saved;
}

void
log_at(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(level, fmt, ap);
	va_end(ap);
}

#define LOG_FUNCTION(name, level)                                                                  \
	void log_##name(const char *fmt, ...)                                                      \
	{                                                                                          \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		emit(level, fmt, ap);                                                              \
		va_end(ap);                                                                        \
	}

LOG_FUNCTION(err, LOG_LEVEL_ERR)
LOG_FUNCTION(warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(notice, LOG_LEVEL_NOTICE)
LOG_FUNCTION(info, LOG_LEVEL_INFO)
LOG_FUNCTION(debug, LOG_LEVEL_DEBUG)

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_LEVEL_ERR, fmt, ap);
	va_end(ap);
	exit(1);
}
