/* SPDX-License-Identifier: BSD-2-Clause */
/* Which CPU each worker is kept on: the words of global.worker_cpus. */
#ifndef KHA_BASE_CPUS_H
#define KHA_BASE_CPUS_H

#include <sched.h>
#include <stdint.h>

#define CPUS_MAX CPU_SETSIZE /* numbers 0..CPUS_MAX - 1; what cpu_set_t has */

enum cpus_how { CPUS_NONE, CPUS_AUTO, CPUS_LIST };
struct cpus {
	enum cpus_how how;
	unsigned n; /* CPUS_LIST: so many, as written */
	uint16_t v[CPUS_MAX];
};

/* Text to *c: "none", "auto", or numbers and ranges like "0,2,4" or "2-5,8". NULL, or what is
 * wrong with it; *c is then CPUS_NONE. */
const char *cpus_parse(struct cpus *c, const char *text);

/* The CPU of worker number i, going round when there are more workers than CPUs; auto takes from
 * those in `may`. -1: none. */
int cpus_of(const struct cpus *c, const cpu_set_t *may, unsigned i);

/* A set as the kernel writes it, "0-3,8"; "none" when it is empty. Cut to fit, with "..." at the
 * end. Returns buf. */
const char *cpus_print(const cpu_set_t *set, char *buf, unsigned size);

#endif
