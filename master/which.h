/* SPDX-License-Identifier: BSD-2-Clause */
/* Which server of the tables does a user mean? Pure. */
#ifndef KHA_MASTER_WHICH_H
#define KHA_MASTER_WHICH_H

#include "base/err.h"
#include "shm/layout.h"

/* Row of the server that `word` means: NAME, an address with or without its port, or one of both
 * behind SERVICE/. A server that left the file (ROW_REMOVED) is found when no present one is meant,
 * the newest of its name. -1 with a sentence: none, with the nearest name, or several, with all of
 * them. */
int which_server(const struct shm_table *t, const char *word, struct err *err);

/* "SERVICE/NAME" of a row, in buf. */
#define WHICH_TEXT (2 * SHM_NAME)
const char *which_name(const struct shm_table *t, unsigned row, char buf[WHICH_TEXT]);

#endif
