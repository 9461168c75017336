/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open connections: rows of the segment (struct shm_session), each written by the worker that
 * carries it, read by kha session. A connection is known by an id that is never used again while the daemon
 * runs: which worker entry it is in, and its serial there.
 */
#ifndef KHA_SHM_SESSION_H
#define KHA_SHM_SESSION_H

#include "shm/dump.h"

struct session_id {
	unsigned worker; /* entry of the process table - ENTRY_WORKER0 */
	uint64_t serial; /* 1..SHM_SERIAL_MAX */
};

#define SESSION_ID 32 /* bytes of its text */

/* "2-18213". */
const char *session_id_print(const struct session_id *id, char buf[SESSION_ID]);
/* Reads n bytes, all of them and as they are printed; false: no id. */
bool session_id_parse(const char *text, size_t n, struct session_id *id);

/* An address as it stands in a row; AF_UNSPEC is none. */
void session_pack(struct shm_end *e, const struct addr *a);
void session_unpack(struct addr *a, const struct shm_end *e);

/* "hello", "queue", ...: rows of shm/tbl/session_state.h. */
const char *session_state_word(unsigned state);

/* A copy of one row. */
struct session {
	struct session_id id;
	struct shm_who who;
	uint64_t last_ms;
	uint64_t bytes[2]; /* from client, from server */
};

/* Which ones are wanted: all that hold of it. */
struct session_filter {
	bool by_service, by_server;
	bool service[SHM_SERVICES]; /* by index */
	bool server[SHM_SERVERS];
	const struct addr *own; /* NULL: any */
};

enum session_order { SESSION_BY_AGE, SESSION_BY_BYTES, SESSION_BY_IDLE, SESSION_ORDERS };

/* "age", "bytes", "idle" */
const char *session_order_name(enum session_order order);

struct session_list {
	struct session *v; /* malloc'ed */
	size_t n;
	unsigned torn; /* rows that could not be read: their worker stopped while it wrote them */
};

/* Copies what all workers have open, dead ones that are not reaped included. Never waits long for
 * anybody. -1 with a sentence: no memory. */
int session_take(const struct seg *seg, const struct session_filter *filter,
    struct session_list *list, struct err *err);
void session_free(struct session_list *list);

/* Oldest, largest or longest silent first. */
void session_sort(struct session_list *list, enum session_order order);

/* The row of one connection. false: it is not open (any more). */
bool session_find(const struct seg *seg, const struct session_id *id, struct session *s);

/* fmt_session.c: names come from the dump, which must be of the same segment. */

/* At most `limit` rows (0: all), lines of at most 100 columns while ids and figures are of usual
 * length. -1 with a sentence: no memory. */
int fmt_sessions(const struct dump *d, const struct session_list *list, size_t limit, FILE *out,
    struct err *err);
/* One in a sentence: "client 192.0.2.7:51234 of api/cp-1, open for 3m20s". */
#define FMT_SESSION 512
const char *fmt_session(const struct dump *d, const struct session *s, char buf[FMT_SESSION]);
/* SERVICE/SERVER, "-" for what it has not. */
#define FMT_SESSION_NAME (2 * SHM_NAME + 1)
const char *fmt_session_name(
    const struct dump *d, const struct session *s, char buf[FMT_SESSION_NAME]);
/* json.c: one object. -1 with a sentence: no memory. */
int fmt_sessions_json(const struct dump *d, const struct session_list *list, size_t limit,
    FILE *out, struct err *err);

#endif
