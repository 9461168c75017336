/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator may change about a server at run time: part of the layout (shm/layout.h). */
#ifndef KHA_SHM_SETTING_H
#define KHA_SHM_SETTING_H

#include <stdint.h>

/* What the operator wants of a server. enabled = false is MAINT. */
enum server_admin { ADMIN_READY, ADMIN_DRAIN, ADMIN_MAINT };

/* Connections of a server in MAINT are closed after so long. */
#define MAINT_DRAIN_MS 10000

/* One value of a server that an operator may change at run time (kha server), in layers: what
 * holds is `timed`, else `base`, else `file`. When the file's value changes, the file wins and
 * both are forgotten. */
#define SETTING_NONE UINT32_MAX
struct shm_setting {
	uint32_t file;	/* the configuration's */
	uint32_t base;	/* the operator's; SETTING_NONE: none */
	uint32_t timed; /* the operator's with an end; SETTING_NONE: none */
	uint32_t pad;
	int64_t until_us;      /* that end, CLOCK_MONOTONIC */
	int64_t until_wall_ms; /* the same for people, and for after a restart */
	int64_t since_us;      /* what holds holds since then; 0: since ever */
};

#endif
