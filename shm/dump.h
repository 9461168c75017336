/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment in words: what `kha stat` and the status page print. */
#ifndef KHA_SHM_DUMP_H
#define KHA_SHM_DUMP_H

#include <stdio.h>

#include "shm/seg.h"

enum dump_format { DUMP_TABLE, DUMP_CSV, DUMP_JSON, DUMP_PROMETHEUS };

/* "table", "csv", "json", "prometheus" -> *f; false: no such format. */
bool dump_format_parse(const char *name, enum dump_format *f);

/* Writes everything in one format. Never blocks on other processes; works on a segment whose
 * processes are stopped or dead. -1: a table could not be read whole within the bounded
 * retries, or out of memory (sentence in err); nothing was written then. */
int dump_write(const struct seg *seg, enum dump_format f, FILE *out, struct err *err);

/* The mdoc rows of all counters, for the manual page. */
void dump_doc(FILE *out);

#endif
