/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs of the command line, one function each. argv[0] is the verb. They return the
 * exit code of the program: CLI_OK, warnings included; CLI_FAILED, errors or refused;
 * CLI_USAGE; CLI_NO_DAEMON, no daemon runs.
 */
#ifndef KHA_MASTER_CLI_H
#define KHA_MASTER_CLI_H

#include <stdbool.h>
#include <stddef.h>

struct dump;
struct dump_look;
struct seg;

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_NO_DAEMON = 3 };

/* cli_stat.c, cli_status.c. Both also tell what a dead daemon left behind, and return
 * CLI_NO_DAEMON then. */
int cli_stat(int argc, char **argv);
int cli_status(int argc, char **argv);
/* cli_top.c. Likewise in batch mode. */
int cli_top(int argc, char **argv);
/* cli_server.c. Without an order likewise. */
int cli_server(int argc, char **argv);

/* cli_vip.c. Likewise. */
int cli_vip(int argc, char **argv);

/* cli_session.c. Without an order likewise. */
int cli_session(int argc, char **argv);

/* cli.c */

/* The run directory: the value of -r (NULL: not given), else $KHA_RUN_DIR, else /run/kha.
 */
const char *cli_run_dir(const char *option);

/* The name of `names` (n of them) that differs least from `word`, or NULL when none is
 * near. */
const char *cli_nearest(const char *word, const char *const *names, size_t n);

/* Prints "kha VERB: ..." and where help is, both to stderr. Returns CLI_USAGE. */
int cli_misused(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For a getopt(3) that returned '?' or ':' (opterr = 0, optstring begins with ':'). */
int cli_bad_option(const char *verb, int got, char *const *argv);

/* seg_attach() for a verb: CLI_OK, or prints why not and returns the exit code. */
int cli_attach(const char *verb, struct seg *seg, const char *run_dir);

/* A number of seconds from 0.1 to 86400; false: it is none. */
bool cli_seconds(const char *word, double *s);
void cli_sleep(double s);

/* What standard output is: how wide (COLUMNS, else the terminal, else 0), whether a person looks at it,
 * and with colours (not with NO_COLOR, nor with TERM=dumb). */
void cli_look(struct dump_look *look);

/* dump_take() of it: CLI_OK and *d, to be freed; or prints why not, *d is NULL, and returns the exit
 * code. */
int cli_dump(const char *verb, const char *run_dir, struct dump **d);

#endif
