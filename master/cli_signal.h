/* SPDX-License-Identifier: BSD-2-Clause */
/* kha -s VERB: asks the running master, waits, reports. */
#ifndef KHA_MASTER_CLI_SIGNAL_H
#define KHA_MASTER_CLI_SIGNAL_H

#include <stdbool.h>

/* verb: what stands behind -s. run_dir: of -r, or NULL. Returns the exit code of the
 * program. */
int cli_signal(const char *verb, const char *run_dir, bool force);

#endif
