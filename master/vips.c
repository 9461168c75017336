/* SPDX-License-Identifier: BSD-2-Clause */
/* When there is a vrrp process. It is replaced on a reload that changes VIPs or nodes: the new one goes
 * on with the addresses that the old one leaves as they are. */
#include "master/internal.h"

void
vips_start(struct master *m)
{
	if (m->now.conf->n_vips > 0 && m->proc[ENTRY_VRRP].kind == PROC_NONE)
		proc_start(m, ENTRY_VRRP, PROC_VRRP, 0, m->now.number);
}

void
vips_reloaded(struct master *m)
{
	if (m->proc[ENTRY_VRRP].kind == PROC_NONE)
		vips_start(m);
	else
		proc_stop(m, ENTRY_VRRP, m->now.conf->n_vips > 0 ? WANT_DRAIN : WANT_STOP,
		    (struct mono){0});
}

void
vips_ended(struct master *m)
{
	if (m->stopping == STOP_NOT)
		vips_start(m);
}
