/* SPDX-License-Identifier: BSD-2-Clause */
/* max_connections and the limit of open files. */
#ifndef KHA_MASTER_LIMITS_H
#define KHA_MASTER_LIMITS_H

#include "base/err.h"

#define LIMITS_AUTO 20000u /* global.max_connections = "auto", where the limit allows it */

/* Open files that one worker needs besides its connections, with so many listeners of its own. */
unsigned limits_other_files(unsigned listeners);

/*
 * Connections of the node when each of `workers` processes may open `files` files. With several
 * workers the kernel spreads connections by a hash: each gets its share within a few percent, so
 * that each is given room for a quarter more. (One that runs out all the same lets clients wait in
 * its backlog, and says so.) configured: the option, -1 for "auto". 0: not possible, with a sentence
 * in err. Pure.
 */
unsigned limits_connections(
    int configured, unsigned long files, unsigned other, unsigned workers, struct err *err);

/* Connections that one worker with so many listeners can carry under the present limit of open
 * files, 0 never. */
unsigned limits_of_worker(unsigned listeners);

/* Raises the limit of open files of this process (and so of its children) as far as the option
 * needs and the system allows, and returns limits_connections() of the result. */
unsigned limits_apply(int configured, unsigned listeners, unsigned workers, struct err *err);

#endif
