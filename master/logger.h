/* SPDX-License-Identifier: BSD-2-Clause */
/* The logger process: takes lines from the log socket to the targets of global.log. */
#ifndef KHA_MASTER_LOGGER_H
#define KHA_MASTER_LOGGER_H

#include "base/err.h"

struct conf;
struct heritage;

/* Opens the targets, with the privileges of the start. A sentence in err about each that cannot be
 * opened; -1 when none could be. */
int logger_prepare(const struct conf *conf, struct err *err);

/* Runs until WANT_STOP, or until the master is gone; then writes what has come so far, for at
 * most LOGGER_DRAIN_MS. Returns the exit code of the process. */
#define LOGGER_DRAIN_MS 500
int logger_main(const struct heritage *h);

#endif
