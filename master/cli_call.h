/* SPDX-License-Identifier: BSD-2-Clause */
/* What verbs need to talk to the master (master/ctl.h). */
#ifndef KHA_MASTER_CLI_CALL_H
#define KHA_MASTER_CLI_CALL_H

#include <stddef.h>
#include <sys/types.h>

/* A socket to the master of run_dir, or -1 with *code, the exit code, and a sentence printed behind
 * "WHO: ". */
int cli_call(const char *who, const char *run_dir, int *code);

/* One packet, however long it takes: its length, 0 at the end of the master, -1 with errno. */
ssize_t cli_receive(int fd, char *text, size_t size);

/* Sends one request, waits for its reply at most timeout_ms, and prints it. Returns the exit code. */
int cli_ask(const char *who, const char *run_dir, const char *request, size_t n, int timeout_ms);

#endif
