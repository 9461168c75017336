/* SPDX-License-Identifier: BSD-2-Clause */
/* One check from start to end, for tests. */
#ifndef KHA_T_CHECKER_RUN_H
#define KHA_T_CHECKER_RUN_H

#include "checker/probe.h"
#include "t/unit/checker_peer.h"

/* What a probe's owner was told. */
struct told {
	struct probe_outcome o;
	int times;
};
void told(struct probe *p, const struct probe_outcome *o); /* p->data is a struct told */

/* Runs the check of the configuration's only server to its very end, the closing included. */
struct probe_outcome run(struct conf *conf);
/* The same, after which the peer is stopped. */
struct probe_outcome run_last(struct peer *p, struct conf *conf);

struct conf_check *check_of(struct conf *conf);
/* Path of a file that mkcert.sh made; good for four more calls. */
char *pki(const char *name);

/* Fails the test when result, code or words are others. */
void expect(struct probe_outcome o, enum check_result result, unsigned code, const char *text);

#endif
