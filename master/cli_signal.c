/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/cli_signal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/cli.h"
#include "master/ctl.h"

static int
find_verb(const char *word, struct ctl_request *r)
{
	const char *names[CTL_VERBS], *near;

	for (int v = 0; v < CTL_VERBS; v++) {
		names[v] = ctl_verb_name((enum ctl_verb)v);
		if (strcmp(names[v], word) == 0) {
			r->verb = (enum ctl_verb)v;
			return CLI_OK;
		}
	}
	near = cli_nearest(word, names, CTL_VERBS);
	fprintf(stderr, "kha: -s %s: ", word);
	if (near != NULL)
		fprintf(stderr, "did you mean \"%s\"?\n", near);
	else
		fprintf(stderr, "reload, stop, quit or reopen is expected\n");
	return CLI_USAGE;
}

/* The socket, or -1 with *code set and a sentence printed. */
static int
call_master(const char *run_dir, int *code)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	*code = CLI_FAILED;
	if (snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", run_dir, CTL_FILE) >=
	    (int)sizeof to.sun_path) {
		fprintf(stderr, "kha: %s: too long a name\n", run_dir);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED) {
		*code = CLI_NO_DAEMON;
		fprintf(stderr,
		    "kha: no daemon runs with run directory %s (-r DIR names another one)\n",
		    run_dir);
	} else {
		fprintf(stderr, "kha: %s: %s\n", to.sun_path, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static ssize_t
receive(int fd, char *text, size_t size)
{
	ssize_t n;

	do {
		n = recv(fd, text, size, 0);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* A reply, or the end of the master where that was the wish. */
static int
report(int fd, const struct ctl_request *r)
{
	static char text[CTL_REPLY + 1];
	bool ends = r->verb == CTL_STOP || r->verb == CTL_QUIT;
	const char *rest = "";
	char eof[1];
	ssize_t n = receive(fd, text, sizeof text - 1);
	int code;

	if (n <= 0 && ends) {
		printf("the daemon is gone\n");
		return CLI_OK;
	}
	if (n <= 0) {
		fprintf(stderr, "kha: the daemon went away without an answer\n");
		return CLI_FAILED;
	}
	text[n] = '\0';
	code = ctl_parse_reply(text, &rest);
	if (code < 0) {
		fprintf(stderr, "kha: the daemon answered what this version does not understand\n");
		return CLI_FAILED;
	}
	fprintf(code == CLI_OK ? stdout : stderr, "%s\n", rest);
	/* It says so just before its end, and closes at its end. */
	if (ends && code == CLI_OK)
		(void)receive(fd, eof, sizeof eof);
	return code;
}

int
cli_signal(const char *verb, const char *run_dir, bool force)
{
	struct ctl_request r = {.force = force};
	char request[CTL_REQUEST];
	int fd, n, code = find_verb(verb, &r);

	if (code != CLI_OK)
		return code;
	if (force && r.verb != CTL_RELOAD) {
		fprintf(stderr, "kha: --force goes with -s reload only\n");
		return CLI_USAGE;
	}
	fd = call_master(cli_run_dir(run_dir), &code);
	if (fd < 0)
		return code;
	n = snprintf(request, sizeof request, "%s%s", verb, force ? " force" : "");
	if (send(fd, request, (size_t)n, MSG_NOSIGNAL) == n) {
		code = report(fd, &r);
	} else {
		fprintf(stderr, "kha: %s\n", strerror(errno));
		code = CLI_FAILED;
	}
	close(fd);
	return code;
}
