/* SPDX-License-Identifier: BSD-2-Clause */
/* Which answer a request gets; pure. */
#ifndef KHA_WEB_ROUTE_H
#define KHA_WEB_ROUTE_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/conf.h"
#include "shm/dump.h"
#include "web/web.h"

enum web_what {
	WEB_NOTHING, /* 404 */
	WEB_HOME,    /* "/": go to the page */
	WEB_PAGE,
	WEB_STYLE,
	WEB_DUMP, /* in route.format */
	WEB_ALIVE,
	WEB_READY, /* also the monitor URL */
	WEB_VIP,
};

struct web_request {
	enum web_listens listens; /* where it came in */
	const char *path;	  /* decoded, without the query */
	/* Of the query; NULL: not there. */
	const char *format, *refresh, *service;
};

struct web_route {
	enum web_what what;
	bool secret; /* asks for the password, if there is one */
	bool still;  /* a page that does not reload itself */
	enum dump_format format;
	const char *name; /* VIP, or service that must have a server; NULL: none */
};

/* r->name points into the request. */
void web_route(const struct conf_status *conf, const struct web_request *q, struct web_route *r);

/* HTTP status of READY and VIP, and one line of text that says why. */
unsigned web_verdict(const struct dump *d, const struct web_route *r, FILE *out);

const char *web_dump_type(enum dump_format f); /* Content-Type */

#endif
