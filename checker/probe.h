/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One check in flight:
 *
 *	connect -> TLS handshake -> request -> answer -> outcome -> closing
 *	   L4        L6 (tls, https)     ^       L7         |  (http, https)
 *	                                 `----- kept <------'
 *
 * It has an outcome at the latest when check.timeout is over (check.connect_timeout for the
 * connect). What is closed afterwards is closed in the way that makes the server's log say
 * nothing: a bare TCP check by RST before the server accepts, TLS and HTTP by waiting, at most
 * a second, until the server has closed.
 *
 * A connection whose server agrees (HTTP/1.1 with a Content-Length) is kept for the next check, so
 * that not each one costs a handshake: for PROBE_KEEP_CHECKS intervals and PROBE_KEEP_MS at most,
 * because a server that takes no new connections any more may go on with an old one; and never
 * while anything is in doubt (a worker's failed connect is). One that ended meanwhile says nothing
 * about the server but that it is to be looked at: the check begins anew on a fresh one.
 */
#ifndef KHA_CHECKER_PROBE_H
#define KHA_CHECKER_PROBE_H

#include <ev.h>

#include "base/clock.h"
#include "checker/cert.h"
#include "checker/http.h"
#include "checker/plan.h"
#include "shm/layout.h"

struct tls;

struct probe_outcome {
	enum check_result result;
	unsigned code; /* HTTP status, TLS alert or errno; 0: none */
	uint32_t warn; /* enum health_warn bits */
	int check_ms;
	struct cert_facts cert; /* all 0: no certificate was seen */
	char text[120];		/* in words */
	char warning[120];	/* why HEALTH_WARN_CERT */
};

enum probe_phase {
	PROBE_IDLE,
	PROBE_CONNECT,
	PROBE_HANDSHAKE,
	PROBE_SEND,
	PROBE_RECV,
	PROBE_CLOSING,
	PROBE_REST, /* of the answer, to keep the connection */
	PROBE_KEPT
};

/* A connection is kept for so long at most, and for so many intervals; the last request on it asks
 * the server to close. */
#define PROBE_KEEP_MS	  30000
#define PROBE_KEEP_CHECKS 5

struct probe {
	struct ev_loop *loop;
	const struct plan *plan; /* must stay while the check runs */
	/* Told once per check, in the end perhaps before probe_start() returns; may start the
	 * next one. */
	void (*done)(struct probe *p, const struct probe_outcome *o);
	/* NULL, or told when the server ended a kept connection, which is gone; may start a check. */
	void (*hung_up)(struct probe *p);
	void *data; /* the owner's */

	enum probe_phase phase;
	int fd;
	struct tls *tls;
	struct ev_io io;
	struct ev_timer timer; /* of the phase */
	struct mono started, opened;
	bool keep;	  /* the request does not ask the server to close */
	bool reused;	  /* this check goes on where an earlier one was */
	bool no_keep;	  /* its server did not agree to keep one */
	int sent;	  /* bytes of the request */
	unsigned drained; /* bytes thrown away while closing */
	struct http_status status;
	struct http_rest rest;
	enum http_feed kept;	     /* of rest: DONE, MORE: perhaps, BAD: not to be kept */
	struct probe_outcome shaken; /* as it was after the handshake of this connection */
	struct probe_outcome outcome;
};

void probe_init(struct probe *p, struct ev_loop *loop,
    void (*done)(struct probe *p, const struct probe_outcome *o), void *data);

/* Starts a check. One that is being closed still is cut; none must be running. steady: nothing is
 * in doubt, a connection may be kept. */
void probe_start(struct probe *p, const struct plan *plan, bool steady);

/* Connecting or waiting for an answer. */
bool probe_running(const struct probe *p);

/* Ends everything at once, without an outcome. */
void probe_stop(struct probe *p);

#endif
