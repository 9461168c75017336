/* SPDX-License-Identifier: BSD-2-Clause */
/* max_connections and the limit of open files. */
#ifndef KHA_MASTER_LIMITS_H
#define KHA_MASTER_LIMITS_H

#include "base/err.h"

#define LIMITS_AUTO 20000u /* global.max_connections = "auto", where the limit allows it */

/* Open files that one worker needs besides its connections, with so many listeners of its own. */
unsigned limits_other_files(unsigned listeners);

/*
 * Connections that a process with `files` open files may carry. Any worker may happen to get
 * all connections of the node, so the limit is not shared out. configured: the option, -1 for
 * "auto". 0: not possible, with a sentence in err. Pure.
 */
unsigned limits_connections(int configured, unsigned long files, unsigned other, struct err *err);

/* Raises the limit of open files of this process (and so of its children) as far as the option
 * needs and the system allows, and returns limits_connections() of the result. */
unsigned limits_apply(int configured, unsigned listeners, struct err *err);

#endif
