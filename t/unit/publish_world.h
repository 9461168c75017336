/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that publish_build() makes of a configuration with one service, "api", whose servers are
 * named by the letters of a string: "A" is 10.0.0.65:6443. */
#ifndef KHA_T_PUBLISH_WORLD_H
#define KHA_T_PUBLISH_WORLD_H

#include "conf/conf.h"
#include "master/publish.h"

extern struct conf_server servers[SHM_SERVERS + 1];
extern struct conf_service services[2];
extern struct conf conf;
extern struct shm_table table, next;
extern struct publish p;
extern struct err err, forgotten;

void world_server(unsigned i, const char *name, unsigned host);
void world_conf(const char *letters);

/* The next table, at 5 s of CLOCK_MONOTONIC. */
void world_build(enum publish_step step, uint32_t generation, uint32_t oldest);

/* A cmocka setup: an empty table, then one with A, B and C. */
int world_start(void **state);

/* The row of a server of "api", in whatever state but free. */
unsigned world_row(const char *name);

#endif
