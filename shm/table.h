/* SPDX-License-Identifier: BSD-2-Clause */
/* The service and server tables: the master publishes, everybody takes snapshots. */
#ifndef KHA_SHM_TABLE_H
#define KHA_SHM_TABLE_H

#include "shm/seg.h"

/* Master: replaces the tables with *t (its generation is set here to the old one + 1,
 * also in *t), then table_generation. Whom it concerns must be woken by the caller. */
void table_publish(struct seg *seg, struct shm_table *t);

/* Current generation: one load. */
uint64_t table_generation(const struct seg *seg);

/* Copies the tables. false: being written right now; *t is then garbage, try in the next
 * turn. */
bool table_snapshot(const struct seg *seg, struct shm_table *t);

/* Index of a row in state ROW_ACTIVE by name, or -1. */
int table_find_service(const struct shm_table *t, const char *name);
int table_find_server(const struct shm_table *t, unsigned service, const char *name);

/* Daemon facts. Only the master stores. */
void info_store(struct seg *seg, const struct shm_info *info);
bool info_load(const struct seg *seg, struct shm_info *info);

#endif
