/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/sock.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/conn.h"

static void
set_int(int fd, int level, int name, uint32_t value)
{
	int v = (int)value;

	/* None of them can fail for reasons other than a mistake of ours, and a connection
	 * without one of them still works. */
	(void)setsockopt(fd, level, name, &v, sizeof v);
}

void
sock_set_nodelay(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void
sock_set_keepalive(int fd, const struct shm_keepalive *k)
{
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, k->idle > 0);
	if (k->idle > 0) {
		set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, k->idle / 1000);
		set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, k->interval / 1000);
		set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, k->count);
	}
	set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, k->user_timeout);
}

int
sock_bind(int fd, const struct addr *a)
{
	struct addr any_port = *a;

	set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	addr_set_port(&any_port, 0);
	return bind(fd, &any_port.sa, addr_len(&any_port));
}

void
sock_reset_on_close(int fd)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int
sock_leave(struct engine_half *h, bool reset)
{
	int fd = h->fd;

	if (fd < 0)
		return -1;
	if (reset)
		sock_reset_on_close(fd);
	h->fd = -1;
	h->mask = HALF_OUT_OF_SET;
	h->epoch++; /* events of it that were fetched already are not for its successor */
	return fd;
}

void
sock_close(struct engine_half *h, bool reset)
{
	int fd = sock_leave(h, reset);

	if (fd >= 0)
		close(fd);
}

int
sock_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return errno;
	return error;
}

void
sock_local(int fd, struct addr *a)
{
	socklen_t len = sizeof *a;

	memset(a, 0, sizeof *a);
	if (getsockname(fd, &a->sa, &len) != 0)
		a->sa.sa_family = AF_UNSPEC;
	addr_unmap(a);
}

size_t
sock_unsent(int fd)
{
	int n = 0;

	if (fd < 0 || ioctl(fd, SIOCOUTQ, &n) != 0 || n < 0)
		return 0;
	return (size_t)n;
}
