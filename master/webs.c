/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/webs.h"

#include <stdlib.h>

#include "master/internal.h"

static bool
has_sockets(const struct master *m)
{
	struct listener *list;
	unsigned n;

	list = listen_of_web(&m->listen, m->now.conf, &n);
	free(list);
	return n > 0;
}

void
webs_start(struct master *m)
{
	if (m->proc[ENTRY_WEB].kind == PROC_NONE && has_sockets(m))
		proc_start(m, ENTRY_WEB, PROC_WEB, 0, m->now.number);
}

/* Files are read at the start only, and may hold something else under the same name: a certificate that was
 * renewed. Else the page keeps what it has seen. */
static bool
has_files(const struct conf_status *s)
{
	return *s->password_file != '\0' || *s->tls.cert != '\0';
}

void
webs_reloaded(struct master *m, bool changed)
{
	if (m->proc[ENTRY_WEB].kind == PROC_NONE)
		webs_start(m);
	else if (changed || has_files(&m->now.conf->status))
		proc_stop(m, ENTRY_WEB, WANT_STOP, (struct mono){0});
}

void
webs_ended(struct master *m)
{
	if (m->stopping == STOP_NOT)
		webs_start(m);
}
