/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is let in at a service, and what he has to send first: options of the service that are lists or
 * belong to a generation of workers, prepared for use. */
#ifndef KHA_WORKER_RULE_H
#define KHA_WORKER_RULE_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "shm/layout.h"

struct worker;
struct worker_conn;
struct conf_service;
struct cidrs;

struct rule {
	const struct conf_service *conf; /* NULL: this generation does not know the service */
	struct cidrs *allowed;		 /* NULL: everybody */
	struct cidrs *announced;	 /* who sends a PROXY header; NULL: nobody */
	unsigned source;		 /* the next of conf->source */
};

/* For all services of w->h->conf that the view has. -1: no memory. */
int rule_init(struct worker *w, struct err *err);
void rule_fini(struct worker *w);

/* allow and deny. */
bool rule_lets_in(const struct worker *w, unsigned service, const struct addr *client);

/* Must a connection from there begin with a PROXY header? */
bool rule_wants_header(const struct worker *w, unsigned service, const struct addr *from);

/* per_source: counts c, or returns false. rule_leave() takes it off again, if it was counted. */
bool rule_enter(struct worker *w, struct worker_conn *c);
void rule_leave(struct worker *w, struct worker_conn *c);

/* Binds a new socket towards `to` to the next of the service's source addresses of that family. The port
 * is chosen when it connects. 0, or -1: errno. */
int rule_bind(struct worker *w, unsigned service, int fd, const struct addr *to);

#endif
