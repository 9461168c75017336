/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/cli_call.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/cli.h"
#include "master/ctl.h"

int
cli_call(const char *who, const char *run_dir, int *code)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	*code = CLI_FAILED;
	if (snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", run_dir, CTL_FILE) >=
	    (int)sizeof to.sun_path) {
		fprintf(stderr, "%s: %s: too long a name\n", who, run_dir);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED) {
		*code = CLI_NO_DAEMON;
		fprintf(stderr,
		    "%s: no daemon runs with run directory %s (-r DIR names another one)\n", who,
		    run_dir);
	} else {
		fprintf(stderr, "%s: %s: %s\n", who, to.sun_path, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

ssize_t
cli_receive(int fd, char *text, size_t size)
{
	ssize_t n;

	do {
		n = recv(fd, text, size, 0);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* The reply, printed. */
static int
report(const char *who, int fd)
{
	static char text[CTL_REPLY + 1];
	const char *rest = "";
	ssize_t n = cli_receive(fd, text, sizeof text - 1);
	int code;

	if (n <= 0) {
		fprintf(stderr, "%s: the daemon went away without an answer\n", who);
		return CLI_FAILED;
	}
	text[n] = '\0';
	code = ctl_parse_reply(text, &rest);
	if (code < 0)
		fprintf(
		    stderr, "%s: the daemon answered what this version does not understand\n", who);
	else if (code == CLI_OK)
		printf("%s\n", rest);
	else
		fprintf(stderr, "%s: %s\n", who, rest);
	return code < 0 ? CLI_FAILED : code;
}

int
cli_ask(const char *who, const char *run_dir, const char *request, size_t n, int timeout_ms)
{
	struct pollfd p = {.events = POLLIN};
	int code, ready = 0;

	p.fd = cli_call(who, run_dir, &code);
	if (p.fd < 0)
		return code;
	if (send(p.fd, request, n, MSG_NOSIGNAL) == (ssize_t)n)
		do {
			ready = poll(&p, 1, timeout_ms);
		} while (ready < 0 && errno == EINTR);
	else
		ready = -1;
	if (ready > 0) {
		code = report(who, p.fd);
	} else {
		code = CLI_FAILED;
		if (ready < 0)
			fprintf(stderr, "%s: %s\n", who, strerror(errno));
		else
			fprintf(
			    stderr, "%s: the daemon does not answer (kha status says more)\n", who);
	}
	close(p.fd);
	return code;
}
