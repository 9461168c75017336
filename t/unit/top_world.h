/* SPDX-License-Identifier: BSD-2-Clause */
/* What kha top sees, for its tests: two looks at the sample, two seconds apart. */
#ifndef KHA_T_TOP_WORLD_H
#define KHA_T_TOP_WORLD_H

#include "master/top.h"

extern struct dump *now, *before; /* before may be freed and set to NULL */
extern struct top_view view;

/* Set-up of a test: the daemon in mid-life, or the one with 200 servers and the longest names. */
int open_world(void **state);
int open_crowd(void **state);
int close_world(void **state);

/* A key for each letter. */
void type(const char *keys);

#endif
