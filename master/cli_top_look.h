/* SPDX-License-Identifier: BSD-2-Clause */
/* What kha top sees: the segment of the daemon that runs there now, whichever that is. */
#ifndef KHA_MASTER_CLI_TOP_LOOK_H
#define KHA_MASTER_CLI_TOP_LOOK_H

#include "base/clock.h"
#include "shm/dump.h"

/* The last two looks at one daemon. */
struct looks {
	const char *run_dir;
	struct dump *now, *before; /* before: NULL, no rates */
	bool gone;		   /* nobody runs there */
	struct mono new_since;	   /* another daemon has run since then; 0: the first one does */
	char notice[512];	   /* "", or what has happened to it */
};

/* Looks again; `now`, the first look, is there. What cannot be seen becomes the notice. */
void looks_again(struct looks *l);
void looks_end(struct looks *l);

#endif
