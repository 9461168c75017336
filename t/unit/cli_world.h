/* SPDX-License-Identifier: BSD-2-Clause */
/* Verbs of the command line, run as the program would, on the segment of shm_fixture.h. */
#ifndef KHA_T_CLI_WORLD_H
#define KHA_T_CLI_WORLD_H

#include "t/unit/shm_fixture.h"

extern struct fixture f;
extern char out[262144], err[4096]; /* what the last cli_run() printed */

/* A cmocka setup and teardown: the sample, whose daemon is this process. */
int cli_world_open(void **state);
int cli_world_close(void **state);

/* Starts the verb of a command line of blank-separated words; @ is the run directory. */
pid_t cli_start(const char *line);
/* The same, until its end: exit code. */
int cli_run(const char *line);

/* The segment's daemon is this process from now on. */
void cli_world_pid(pid_t pid, int64_t start_us);

/* Where a verb's output goes, and its text. */
void cli_world_paths(char o[256], char e[256]);
void cli_world_slurp(const char *path, char *text, size_t size);

#endif
