/* SPDX-License-Identifier: BSD-2-Clause */
/* What the file and the operator say about a server, and which of them counts (struct
 * shm_setting). Pure. */
#ifndef KHA_MASTER_SETTING_H
#define KHA_MASTER_SETTING_H

#include <stdbool.h>

#include "base/clock.h"
#include "shm/layout.h"

/* Only the file has spoken. */
void setting_init(struct shm_setting *s, uint32_t file);

/* What holds. */
uint32_t setting_value(const struct shm_setting *s);
/* What will hold when the timed part ends, or already does. */
uint32_t setting_after(const struct shm_setting *s);
/* What would hold under a file that says `file`. s NULL: a new server. */
uint32_t setting_under(const struct shm_setting *s, uint32_t file);

/* The operator has spoken. */
bool setting_is_set(const struct shm_setting *s);
/* He says `value`: for for_ms, or (0) until he says otherwise, which also ends what was timed.
 * SETTING_NONE: whatever the file says. wall_ms: CLOCK_REALTIME at `now`. */
void setting_order(
    struct shm_setting *s, uint32_t value, int64_t for_ms, struct mono now, int64_t wall_ms);
/* Ends the timed part when it is over. True: it just did. */
bool setting_expire(struct shm_setting *s, struct mono now);

/* A new file says `value`. When that is something new the operator's word is forgotten, unless
 * `keep`; true: it was forgotten. */
bool setting_file(struct shm_setting *s, uint32_t value, bool keep);

/* Sets admin and weight of the row from its settings, and what follows from a change of admin. */
void setting_settle(struct shm_server *row, struct mono now);

#endif
