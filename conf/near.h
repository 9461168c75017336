/* SPDX-License-Identifier: BSD-2-Clause */
/* "did you mean ...?" */
#ifndef KHA_CONF_NEAR_H
#define KHA_CONF_NEAR_H

#include <stddef.h>

#include "conf/mem.h"

/* The one of n names that was probably meant by `word`: the least edit distance, "-" and "_" and
 * upper and lower case being the same; or the one that begins with it. NULL: none is near. */
const char *conf_nearest(const char *word, const char *const *names, size_t n);

/* "; did you mean \"NAME\"?" for a message, or "", in memory of mem. */
const char *conf_did_you_mean(
    struct conf_mem *mem, const char *word, const char *const *names, size_t n);

#endif
