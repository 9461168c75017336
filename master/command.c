/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/command.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 1024

static char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};

unsigned
command_split(char *text, char *words[COMMAND_WORDS])
{
	char *rest = NULL;
	unsigned n = 0;

	for (char *w = strtok_r(text, " \t", &rest); w != NULL; w = strtok_r(NULL, " \t", &rest)) {
		if (n == COMMAND_WORDS - 1)
			return 0;
		words[n++] = w;
	}
	words[n] = NULL;
	return n;
}

int
command_user(const char *name, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(name);
	char *end;
	unsigned long n;

	if (pw != NULL) {
		*uid = pw->pw_uid;
		*gid = pw->pw_gid;
		return 0;
	}
	n = strtoul(name, &end, 10);
	if (!isdigit((unsigned char)name[0]) || *end != '\0' || n >= UINT32_MAX)
		return -1;
	pw = getpwuid((uid_t)n);
	*uid = (uid_t)n;
	*gid = pw != NULL ? pw->pw_gid : (gid_t)n;
	return 0;
}

/* In the forked process: nothing of the master's may be seen by the command. */
static _Noreturn void
become(char **words, uid_t uid, gid_t gid)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close_range(3, ~0u, 0);
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid(uid) < 0 || chdir("/") < 0))
		_exit(126);
	execve(words[0], words, environment);
	_exit(127);
}

pid_t
command_start(const char *text, const char *const *more, uid_t uid, gid_t gid)
{
	char copy[TEXT_MAX], *words[2 * COMMAND_WORDS];
	sigset_t all, before;
	unsigned n;
	pid_t pid;
	int saved;

	snprintf(copy, sizeof copy, "%s", text);
	n = command_split(copy, words);
	if (n == 0) {
		errno = E2BIG;
		return -1;
	}
	for (; more != NULL && *more != NULL && n < 2 * COMMAND_WORDS - 1; more++)
		words[n++] = (char *)(uintptr_t)*more;
	words[n] = NULL;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become(words, uid, gid);
	saved = errno;
	if (pid > 0)
		setpgid(pid, pid); /* also here: who kills the group may be faster than the child */
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}
