/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a user's command: without a shell, in a process group of its own, with nothing of ours. */
#ifndef KHA_MASTER_COMMAND_H
#define KHA_MASTER_COMMAND_H

#include <sys/types.h>

#define COMMAND_WORDS 32

/* Cuts text, which is changed, at its blanks into words, NULL behind the last one. The words, at most
 * COMMAND_WORDS - 1; 0: there is none, or there are more. Pure. */
unsigned command_split(char *text, char *words[COMMAND_WORDS]);

/* A user by name or number: 0, or -1 when there is none. Looks into files: not for the loop. */
int command_user(const char *name, uid_t *uid, gid_t *gid);

/* Starts `text`, with `more` words behind those of it (NULL: none; ended by NULL), as this user where we
 * are root. Its output goes nowhere. The pid, which is also that of its group, or -1 with errno; a program
 * that cannot be run ends with 127. */
pid_t command_start(const char *text, const char *const *more, uid_t uid, gid_t gid);

#endif
