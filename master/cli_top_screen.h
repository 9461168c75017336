/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal of kha top: what is drawn on it, and its keys. */
#ifndef KHA_MASTER_CLI_TOP_SCREEN_H
#define KHA_MASTER_CLI_TOP_SCREEN_H

#include <stdbool.h>

#include "master/top.h"

/* Takes the terminal over. false: its type (TERM) is unknown, or it is none. */
bool screen_open(bool color);
/* Gives it back as it was. */
void screen_close(void);

/* Its size has changed. */
void screen_resize(void);
void screen_size(unsigned *width, unsigned *height);

/* A new picture: begin, put (a top_put), show. What did not change is not sent. */
void screen_begin(void);
void screen_put(void *arg, unsigned y, unsigned x, const char *text, enum tone tone);
void screen_show(void);

/* The next key, as top_key() takes it; 0: one that means nothing; -1: none is there. */
int screen_key(void);

#endif
