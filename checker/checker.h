/* SPDX-License-Identifier: BSD-2-Clause */
/* The checker process: health checks of all servers. Everything else here is private to it. */
#ifndef KHA_CHECKER_CHECKER_H
#define KHA_CHECKER_CHECKER_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"

struct heritage;
struct conf;

/* The files of all checks (CA, certificates, keys) and those of OpenSSL itself are read here and
 * never again: the master calls this in the child before it changes root and gives up its
 * privileges. Errors as FILE:LINE: path: what is wrong, all of them; then -1. */
int checker_prepare(const struct conf *conf, struct err *err);

/* After checker_prepare() of h->conf. Runs until WANT_STOP. Returns the exit code of the process. Ready (seg_ready) when each
 * active server of the table has a result, or 2 s after the start. */
int checker_main(const struct heritage *h);

/* One server to be looked at before a reload. result is filled by checker_preflight. */
struct checker_target {
	unsigned service;     /* index in conf->services */
	unsigned server;      /* index in its servers */
	unsigned char result; /* enum check_result; RESULT_INI: no result in time */
	int code;	      /* HTTP status or errno */
	int check_ms;
	char text[120];
};

/* Checks all targets once, side by side, for at most max_ms. For a process of its own (it turns
 * an event loop): the master forks one for it, which may still read the files of the checks
 * (checker_prepare() is called here). -1: nothing could be checked, reason in err. */
int checker_preflight(const struct conf *conf, struct checker_target *targets, unsigned n,
    int max_ms, struct err *err);

#endif
