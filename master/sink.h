/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One place that log lines go to. Never blocks: what it does not take waits in a ring, and what
 * does not fit there is lost and counted.
 */
#ifndef KHA_MASTER_SINK_H
#define KHA_MASTER_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "master/ring.h"

enum sink_kind { SINK_STDERR, SINK_FILE, SINK_SYSLOG, SINK_UDP };

/* What a member of global.log says. */
struct sink_spec {
	enum sink_kind kind;
	int facility;	      /* of syslog(3), e.g. LOG_DAEMON */
	enum log_level level; /* least important lines that it gets */
	struct addr addr;     /* SINK_UDP */
	char path[4096];      /* SINK_FILE */
};

/* Longest line in any form. */
#define SINK_LINE (LOG_LINE + 128)
/* As much is written at once as a pipe takes or refuses whole (PIPE_BUF): lines of several
 * writers never mix, and poll(2) promises room for it. */
#define SINK_CHUNK 4096

struct sink {
	struct sink_spec spec;
	bool journal;	/* stderr is the journal's: <N> prefixes, no date */
	bool datagrams; /* one message each */
	bool socket;	/* send() instead of write() */
	bool polite;	/* the descriptor may block: poll first, and no more than SINK_CHUNK */
	int fd;		/* -1: not open now */
	struct ring ring;
	size_t n_chunk; /* bytes of chunk that are not written yet */
	char chunk[SINK_CHUNK];
	uint64_t lost;	      /* lines since the last that fitted */
	struct mono retry_at; /* it failed: look again then; 0: it works */
};

/* "stderr[:level]", "syslog[:facility[:level]]", "udp:ADDR:PORT[:facility[:level]]" or
 * "/path[:level]": letters behind the last colon of a path are a level. -1 with a sentence. Pure. */
int sink_parse(struct sink_spec *spec, const char *text, struct err *err);

/* Opens it, before privileges are given up. A syslog that is not there yet is no error. */
int sink_open(struct sink *t, const struct sink_spec *spec, struct err *err);
void sink_close(struct sink *t);

/* Formats a line for this target into out (SINK_LINE bytes), returns its length. Pure but for
 * the time zone. */
size_t sink_format(
    const struct sink *t, const struct log_head *head, const char *text, size_t n, char *out);

/* Takes a line; false: lost. After a loss all are, until sink_flush() has made room and put
 * "N lines lost" in their place. */
bool sink_put(struct sink *t, const struct log_head *head, const char *text, size_t n);

/* Has something to write, and is not waiting for its next try. */
bool sink_wants(const struct sink *t, struct mono now);
bool sink_empty(const struct sink *t);

/* Writes as much as goes without waiting. */
void sink_flush(struct sink *t, struct mono now);

#endif
