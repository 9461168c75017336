/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers to be checked: real ones on loopback, each a process of its own. */
#ifndef KHA_T_CHECKER_PEER_H
#define KHA_T_CHECKER_PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/addr.h"
#include "conf/conf.h"

enum peer_kind {
	PEER_HTTP,	   /* one request, one answer with `status`, closes */
	PEER_HTTPS,	   /* the same over TLS, with `cert` */
	PEER_MUTE,	   /* accepts and says nothing */
	PEER_TLS_MUTE,	   /* says nothing after the handshake */
	PEER_SPEAKS,	   /* an SSH server's greeting */
	PEER_HANGS_UP,	   /* closes at once */
	PEER_TLS_HANGS_UP, /* closes after the request */
	PEER_TLS_OLD,	   /* TLS 1.1 at most */
	PEER_TLS_STRICT,   /* wants a client certificate of the test's CA */
	/* These keep a connection after an answer; TLS but for the first one. */
	PEER_KEEPS_HTTP,
	PEER_KEEPS,
	PEER_KEEPS_LEAVES, /* ends it after the first answer, without having said so */
	PEER_KEEPS_DEAF,   /* ends it when the second request comes */
	PEER_KEEPS_MUTE,   /* does not answer the second request */
};

/* What a peer saw; shared memory. */
struct peer_seen {
	atomic_int accepted;
	atomic_int handshake_errors; /* what Go would log as "TLS handshake error" */
	atomic_int requests;
	atomic_int clean; /* connections that ended with close_notify, or after ours */
	atomic_int unclean;
	char request[1024]; /* the last one */
	char sni[128];
	char from[ADDR_TEXT]; /* address of the last client */
};

struct peer {
	enum peer_kind kind;
	const char *cert; /* "server", "wrong", "expired" */
	int status;
	struct addr addr; /* with port; set before a start it is used again */
	pid_t pid;
	struct peer_seen *seen;
};

/* Starts on 127.0.0.1 (or ::1 when addr says so); returns when it listens. */
void peer_start(struct peer *p);
/* Ends it, and its connections with it. */
void peer_stop(struct peer *p);
/* Waits at most 5 s until *counter is at least n; false: it never was. */
bool peer_await(const atomic_int *counter, int n);

/* A bound port where nobody listens; a listening one whose queue is full, so that it answers
 * nothing. Their descriptors stay open until the test ends. */
void peer_refusing(struct addr *a);
void peer_unreachable(struct addr *a);

/* A configuration with one service "api", with defaults as the file would give, its ca and paths
 * of the test's CA, and one server. Strings may be replaced by literals. Static. */
struct conf *peer_conf(const struct addr *server);

#endif
