/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of kha server (cli_server.c). */
#ifndef KHA_MASTER_CLI_SERVER_H
#define KHA_MASTER_CLI_SERVER_H

#include "master/order.h"

/* cli_show.c: prints the server that `word` means, or (NULL) all, from the segment. Returns the exit
 * code. */
int cli_show(const char *run_dir, const char *word);

/* cli_wait.c: waits until the server of an order that was accepted has none of the connections any
 * more that the order is about. Returns the exit code. */
int cli_wait(const char *run_dir, const struct order *o);

#endif
