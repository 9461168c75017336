/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listens as systemd does at $NOTIFY_SOCKET. Prints a line for each message:
 * MICROSECONDS of the monotonic clock, then the lines of the message, each behind a tab.
 *	notified PATH
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"

int
main(int argc, char **argv)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char text[4096];
	ssize_t n;
	int fd;

	if (argc != 2 || strlen(argv[1]) >= sizeof un.sun_path) {
		fprintf(stderr, "usage: notified PATH\n");
		return 2;
	}
	memcpy(un.sun_path, argv[1], strlen(argv[1]));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof un) < 0) {
		perror(argv[1]);
		return 1;
	}
	printf("listening\n");
	for (;;) {
		fflush(stdout);
		n = recv(fd, text, sizeof text - 1, 0);
		if (n < 0) {
			perror("recv");
			return 1;
		}
		text[n] = '\0';
		printf("%lld", (long long)mono_now().us);
		for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
			printf("\t%s", line);
		putchar('\n');
	}
}
