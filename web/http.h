/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP: the only place that knows the library. */
#ifndef KHA_WEB_HTTP_H
#define KHA_WEB_HTTP_H

#include <ev.h>
#include <stdio.h>

#include "base/heritage.h"
#include "web/clients.h"
#include "web/route.h"
#include "web/secret.h"

#define HTTP_LISTENS 32

struct reply {
	unsigned status; /* HTTP */
	const char *type;
};

struct http;

struct http_listen {
	struct http *http;
	enum web_listens listens;
	struct MHD_Daemon *daemon;
	struct ev_io io;
	struct ev_timer again; /* something is left to do without anything to wait for */
};

struct http {
	const struct conf_status *conf;
	const struct secrets *secrets;
	struct stat_web *stat;
	struct ev_loop *loop;
	/* Writes the answer's body to out, which cannot fail but for memory. */
	void (*answer)(void *arg, const struct web_route *r, struct reply *reply, FILE *out);
	void *arg;
	struct clients clients;
	struct http_listen listen[HTTP_LISTENS];
	unsigned n;
};

/* Are certificate and key, if there are any, a pair that can be used? -1: why not, in err. */
int http_check(const struct secrets *s, struct err *err);

/* Serves h's listeners on its loop. Fatal when a listener cannot be served. */
void http_start(struct http *http, const struct heritage *h);
/* Closes who is too slow. Call once a second at least. */
void http_turn(struct http *http, struct mono now);
/* No new connections: who comes waits in the socket's queue for the next process. */
void http_quiesce(struct http *http);
/* Ends all connections. */
void http_stop(struct http *http);

#endif
