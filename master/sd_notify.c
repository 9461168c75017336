/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/sd_notify.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Digits only; false: anything else, or too large. */
static bool
number(const char *text, unsigned long long *n)
{
	char *end;

	errno = 0;
	if (text == NULL || !isdigit((unsigned char)text[0]))
		return false;
	*n = strtoull(text, &end, 10);
	return *end == '\0' && errno == 0;
}

/* Of another process: a wrapper's, which passed its environment on. */
static int
watchdog_ms(const char *usec, const char *pid)
{
	unsigned long long n;

	if (pid != NULL && (!number(pid, &n) || n != (unsigned long long)getpid()))
		return 0;
	if (!number(usec, &n) || n / 1000 == 0)
		return 0;
	return n / 1000 > INT_MAX ? INT_MAX : (int)(n / 1000);
}

/* "/path" or "@name": the first byte of an abstract name is 0, and its length counts. */
static int
set_address(struct sd_notify *sd, const char *name, struct err *err)
{
	const size_t n = strlen(name);

	sd->to.sun_family = AF_UNIX;
	if (name[0] != '/' && name[0] != '@')
		return err_add(err, "NOTIFY_SOCKET=%s: only /path and @name can be told", name);
	if (n < 2 || n >= sizeof sd->to.sun_path)
		return err_add(err, "NOTIFY_SOCKET=%s: no name of a socket has %zu bytes", name, n);
	memcpy(sd->to.sun_path, name, n);
	if (name[0] == '@')
		sd->to.sun_path[0] = '\0';
	sd->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] == '/'));
	return 0;
}

int
sd_notify_open(struct sd_notify *sd, struct err *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int result = 0;

	*sd = (struct sd_notify){.fd = -1};
	if (name != NULL && *name != '\0') {
		result = set_address(sd, name, err);
		if (result == 0) {
			sd->watchdog_ms =
			    watchdog_ms(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
			sd->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
			if (sd->fd < 0)
				result = err_addsys(err, "NOTIFY_SOCKET=%s: socket", name);
		}
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return result;
}

int
sd_notify_send(const struct sd_notify *sd, const char *text)
{
	const size_t n = strlen(text);

	if (sd->fd < 0)
		return 0;
	/* By address each time: who listens may have made the socket again. */
	return sendto(sd->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (const struct sockaddr *)&sd->to, sd->to_len) == (ssize_t)n
		   ? 0
		   : -1;
}

void
sd_notify_close(struct sd_notify *sd)
{
	if (sd->fd >= 0)
		close(sd->fd);
	sd->fd = -1;
}
