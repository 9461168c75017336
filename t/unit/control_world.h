/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables with two services, and what is known about their servers: for tests of kha server. */
#ifndef KHA_T_CONTROL_WORLD_H
#define KHA_T_CONTROL_WORLD_H

#include "master/control.h"

/* Services "api" with cp-1, cp-2, cp-3 (10.0.0.1:6443 and following) and "web" with cp-1
 * (10.0.0.1:443) and "10.0.0.9:443"; all UP, of weight 100, with 5 connections each. */
extern struct shm_table table;
extern struct control_facts facts;
enum { API_1, API_2, API_3, WEB_1, WEB_9, WORLD_SERVERS };

#define WORLD_MONO_US INT64_C(1000000000)
#define WORLD_WALL_MS INT64_C(1700000000000) /* 2023-11-14 22:13:20 UTC */

/* A cmocka setup. */
int control_world(void **state);

/* Both clocks go on. */
void control_world_advance(int64_t ms);

#endif
