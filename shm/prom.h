/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the Prometheus text exposition format 0.0.4; only for shm/fmt_prom.c. */
#ifndef KHA_SHM_PROM_H
#define KHA_SHM_PROM_H

#include "shm/fmt.h"

struct prom {
	const struct dump *d;
	FILE *out;
	const char *name; /* of the present metric, without "kha_" */
	const char *suffix;
};

struct prom_label {
	const char *name, *value;
};

/* Labels of a sample, ended by one without a name. */
#define PROM_LABELS(...) ((const struct prom_label[]){__VA_ARGS__, {NULL, NULL}})
#define PROM_NO_LABELS	 ((const struct prom_label[]){{NULL, NULL}})

/* Begins a metric: HELP and TYPE. name without "kha_" and "_total"; a STAMP is a
 * gauge. */
void prom_metric(struct prom *p, enum stat_kind kind, const char *name, const char *help);

/* The start of a sample of the present metric; a value must follow. */
void prom_sample(const struct prom *p, const struct prom_label *labels);

/* The value: a number, or milliseconds as seconds. */
void prom_whole(const struct prom *p, uint64_t n);
void prom_seconds(const struct prom *p, uint64_t ms);

#endif
