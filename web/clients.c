/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/clients.h"

#include <stddef.h>

void
clients_init(struct clients *c)
{
	*c = (struct clients){.n = 0};
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		c->v[i].fd = -1;
}

struct client *
clients_add(struct clients *c, int fd, struct mono now)
{
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		if (c->v[i].used)
			continue;
		c->v[i] = (struct client){fd, true, true, now};
		c->n++;
		return &c->v[i];
	}
	return NULL;
}

void
clients_asks(struct client *one)
{
	one->waits = true;
}

void
clients_answered(struct client *one, struct mono now)
{
	one->waits = false;
	one->since = now;
}

void
clients_remove(struct clients *c, struct client *one)
{
	*one = (struct client){.fd = -1};
	c->n--;
}

int
clients_overdue(struct clients *c, struct mono now)
{
	struct client *oldest = NULL;
	unsigned open = 0;
	int fd;

	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct client *one = &c->v[i];

		if (!one->used || one->fd < 0)
			continue;
		open++;
		if (oldest == NULL || one->since.us < oldest->since.us)
			oldest = one;
	}
	if (oldest == NULL ||
	    (mono_diff_ms(oldest->since, now) < CLIENT_MS && open <= CLIENTS_MAX - CLIENTS_SPARE))
		return -1;
	fd = oldest->fd;
	oldest->fd = -1;
	return fd;
}

bool
clients_wait(const struct clients *c)
{
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		if (c->v[i].used && c->v[i].fd >= 0 && c->v[i].waits)
			return true;
	return false;
}
