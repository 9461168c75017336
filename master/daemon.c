/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the calling process: the first byte is the exit code, the rest text. */
static _Noreturn void
wait_for_word(int fd)
{
	static char text[ERR_TEXT + 2];
	size_t got = 0;
	ssize_t n;

	while (got < sizeof text - 1) {
		n = read(fd, text + got, sizeof text - 1 - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (got == 0) {
		fprintf(stderr, "kha: the daemon died at its start\n");
		_exit(1);
	}
	if (got > 1)
		fprintf(stderr, "kha: %s\n", text + 1);
	_exit((unsigned char)text[0]);
}

static int
leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
	    dup2(fd, STDERR_FILENO) < 0)
		return -1;
	if (fd > STDERR_FILENO)
		close(fd);
	return chdir("/");
}

int
daemon_start(struct err *err)
{
	int fds[2];
	pid_t pid;

	fflush(NULL);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_addsys(err, "-D: pipe");
	pid = fork();
	if (pid > 0) {
		close(fds[1]);
		wait_for_word(fds[0]);
	}
	if (pid == 0) {
		close(fds[0]);
		setsid();
		/* Not a session leader: no terminal that is opened later can become ours. */
		pid = fork();
		if (pid > 0)
			_exit(0);
	}
	if (pid < 0) {
		err_addsys(err, "-D: fork");
		return -1;
	}
	if (leave_terminal() < 0)
		return err_addsys(err, "-D: /dev/null");
	return fds[1];
}

void
daemon_tell(int fd, int code, const char *text)
{
	char message[ERR_TEXT + 2];
	int n = snprintf(message + 1, sizeof message - 1, "%s", text);

	message[0] = (char)code;
	if (n > (int)sizeof message - 2)
		n = sizeof message - 2;
	/* Who waited may have been killed; that is no reason to stop. */
	(void)!write(fd, message, (size_t)n + 1);
	close(fd);
}
