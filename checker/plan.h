/* SPDX-License-Identifier: BSD-2-Clause */
/* What a check asks: everything about it that follows from the configuration. */
#ifndef KHA_CHECKER_PLAN_H
#define KHA_CHECKER_PLAN_H

#include "base/err.h"
#include "checker/http.h"
#include "conf/conf.h"

struct tls_ctx;

struct plan {
	const struct conf_check *check;
	struct addr addr;		 /* where, with the port of the check */
	const struct conf_addrs *source; /* the service's, of any family */
	int proxy;			 /* version of the PROXY header that comes first; 0: none */
	struct tls_ctx *tls;		 /* https and tls */
	const struct http_expect *expect;
	int request_len[2];	       /* 0: nothing is sent */
	char request[2][HTTP_REQUEST]; /* [1]: the connection is to be kept */
};

/* Reads the files of all services of `conf` (checker_prepare). What an earlier call of this
 * process prepared is given up. */
int plan_prepare(const struct conf *conf, struct err *err);
void plan_forget(void);

/* Prepared and not yet forgotten: for which configuration. NULL: none. */
const struct conf *plan_conf(void);

/* The plan for a server of services[service] of the prepared configuration at `server`. */
void plan_make(struct plan *plan, unsigned service, const struct addr *server);

#endif
