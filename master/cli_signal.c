/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/cli_signal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/cli.h"
#include "master/cli_call.h"
#include "master/ctl.h"

static int
find_verb(const char *word, struct ctl_request *r)
{
	const char *names[CTL_SIGNALS], *near;

	for (int v = 0; v < CTL_SIGNALS; v++) {
		names[v] = ctl_verb_name((enum ctl_verb)v);
		if (strcmp(names[v], word) == 0) {
			r->verb = (enum ctl_verb)v;
			return CLI_OK;
		}
	}
	near = cli_nearest(word, names, CTL_SIGNALS);
	fprintf(stderr, "kha: -s %s: ", word);
	if (near != NULL)
		fprintf(stderr, "did you mean \"%s\"?\n", near);
	else
		fprintf(stderr, "reload, stop, quit or reopen is expected\n");
	return CLI_USAGE;
}

/* A reply, or the end of the master where that was the wish. */
static int
report(int fd, const struct ctl_request *r)
{
	static char text[CTL_REPLY + 1];
	bool ends = r->verb == CTL_STOP || r->verb == CTL_QUIT;
	const char *rest = "";
	char eof[1];
	ssize_t n = cli_receive(fd, text, sizeof text - 1);
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
		(void)cli_receive(fd, eof, sizeof eof);
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
	fd = cli_call("kha", cli_run_dir(run_dir), &code);
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
