/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines. Only floors 3 and 4 speak (and t/). A line goes to the logger process as
 * one datagram, never blocking: a full socket costs the line, which is counted. Before
 * log_to() is called (start-up, command line verbs) lines go to stderr.
 *
 * Style: lower case, subject first, cause after a colon, no full stop:
 *	server cp-2 down: connection refused (3 of 3)
 * err = somebody must act, warning = degraded, notice = state changed, info = one
 * connection, debug.
 */
#ifndef KHA_BASE_LOG_H
#define KHA_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Values are those of syslog(3) (RFC 5424 section 6.2.1). */
enum log_level {
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* Longest line, without the datagram's head; longer ones are cut with "...". */
#define LOG_LINE 2000

/* One datagram on the log socket: this head, then the text without '\n' and 0. */
struct log_head {
	int64_t wall_ms; /* when it was said */
	int32_t pid;
	uint8_t level; /* enum log_level */
	char who[19];  /* "worker/0", "checker", "master": 0-terminated */
};

/* Sets what lines of this process say about it ("worker/0"; copied) and the level above
 * which they are not even formatted. */
void log_init(const char *who, enum log_level max);

/* From now on lines go to `fd` (a connected AF_UNIX datagram socket; not owned), each
 * line lost on a full socket adds 1 to *dropped (may be NULL). fd -1: back to stderr. */
void log_to(int fd, _Atomic uint64_t *dropped);

bool log_wants(enum log_level level);

void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Logs at err and exits with 1. The only way a process kills itself on purpose. */
_Noreturn void fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "err", "warning", ... for a level; "?" for what is none. */
const char *log_level_name(enum log_level level);

#endif
