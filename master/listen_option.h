/* SPDX-License-Identifier: BSD-2-Clause */
/* The options that name addresses to listen on, and why one of them cannot be had. */
#ifndef KHA_MASTER_LISTEN_OPTION_H
#define KHA_MASTER_LISTEN_OPTION_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "conf/conf.h"
#include "web/web.h"

/* An option of the configuration that names addresses to listen on. */
struct listen_option {
	const struct conf_listens *listens;
	const struct conf_service *service; /* NULL: the page's or the monitor's */
	enum web_listens web;		    /* which of them */
};

/* Option i of all there are; false: there are not so many. */
bool listen_option_at(const struct conf *conf, unsigned i, struct listen_option *o);
/* The option that names `addr`: one at most, see conf/check_listen.c. */
bool listen_option_of(const struct conf *conf, const struct addr *addr, struct listen_option *o);

/* Says with which error (errno) the address of an option could not be bound, who has it, and what to do. */
void listen_explain(const struct addr *addr, const struct conf *conf, int error, struct err *err);

#endif
