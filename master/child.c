/* SPDX-License-Identifier: BSD-2-Clause */
/* What a child does between fork and its main function, the same for all kinds. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "master/internal.h"
#include "master/limits.h"
#include "worker/worker.h"

void
child_signals(void)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE};
	struct sigaction sa = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &sa, NULL); /* KILL, STOP and libc's own refuse */
	/* A terminal's ^C and a kill of the whole group reach us too: the master decides. */
	sa.sa_handler = SIG_IGN;
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		sigaction(ignored[i], &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes all descriptors but stdin, stdout, stderr and these. */
static void
close_others(int *keep, unsigned n)
{
	unsigned from = STDERR_FILENO + 1;

	qsort(keep, n, sizeof *keep, compare);
	for (unsigned i = 0; i < n; i++) {
		if (keep[i] < (int)from)
			continue;
		if (keep[i] > (int)from)
			close_range(from, (unsigned)keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	close_range(from, ~0u, 0);
}

void
child_close_others(const struct master *m)
{
	int keep[] = {m->log_fds[1], m->priv.empty_fd};

	close_others(keep, sizeof keep / sizeof *keep);
}

static void
keep_heritage(const struct master *m, const struct heritage *h)
{
	int *keep = calloc(SHM_ENTRIES + 2 * SHM_WORKERS + h->n_listeners + 5, sizeof *keep);
	unsigned n = 0;

	if (keep == NULL)
		fatal("no memory");
	for (unsigned i = 0; i < SHM_ENTRIES; i++)
		keep[n++] = m->wake_fds[i];
	for (unsigned s = 0; h->hand_fds != NULL && s < SHM_WORKERS; s++) {
		keep[n++] = h->hand_fds[s][0];
		keep[n++] = h->hand_fds[s][1];
	}
	for (unsigned i = 0; i < h->n_listeners; i++)
		keep[n++] = h->listeners[i].fd;
	keep[n++] = m->log_fds[1];
	keep[n++] = h->log_read_fd;
	keep[n++] = m->seg.ro_fd;
	keep[n++] = m->seg.rw_fd;     /* until seg_own() */
	keep[n++] = m->priv.empty_fd; /* until priv_drop() */
	close_others(keep, n);
	free(keep);
}

static void
fill_heritage(struct master *m, unsigned entry, struct heritage *h)
{
	const struct proc *p = &m->proc[entry];
	const struct generation *g =
	    m->next.conf != NULL && p->generation == m->next.number ? &m->next : &m->now;

	*h = (struct heritage){
	    .conf = p->kind == PROC_CHECKER ? m->check_conf : g->conf,
	    .seg = &m->seg,
	    .entry = entry,
	    .slot = p->slot,
	    .workers = g->workers,
	    .generation = p->generation,
	    .wake_fd = m->wake_fds[entry],
	    .wake_fds = m->wake_fds,
	    .max_connections = g->max_connections,
	    .engine = g->engine,
	    .vip_epoch = m->vip_epoch,
	    .cold = m->cold,
	    .sandboxed = m->priv.on,
	    .log_read_fd = p->kind == PROC_LOGGER ? m->log_fds[0] : -1,
	};
	if (p->kind == PROC_WEB)
		h->listeners = listen_of_web(&m->listen, g->conf, &h->n_listeners);
	if (p->kind == PROC_WORKER)
		h->listeners = listen_of_worker(
		    &m->listen, g->conf, &m->table, p->slot, g->workers, &h->n_listeners);
	if (h->listeners == NULL && h->n_listeners > 0)
		fatal("no memory");
	if (p->kind != PROC_WORKER)
		return;
	h->hand_fds = m->hand_fds;
	h->worker_connections = limits_of_worker(h->n_listeners);
}

static void
speak_as(const struct master *m, const struct heritage *h, const struct proc *p)
{
	const struct seg *seg = h->seg;
	_Atomic uint64_t *dropped = NULL;
	char who[32];

	snprintf(who, sizeof who, p->kind == PROC_WORKER ? "%s/%u" : "%s", proc_kind_name(p->kind),
	    p->slot);
	log_init(who, (enum log_level)(LOG_LEVEL_ERR + h->conf->global.log_level));
	if (p->kind == PROC_WORKER)
		dropped = &seg->worker->stat.worker.log_dropped;
	else if (p->kind == PROC_CHECKER)
		dropped = &seg->checker->log_dropped;
	else if (p->kind == PROC_VRRP)
		dropped = &seg->vrrp->log_dropped;
	else if (p->kind == PROC_WEB)
		dropped = &seg->web->stat.log_dropped;
	log_to(m->log_fds[1], dropped);
}

void
child_confine(const struct master *m, enum proc_kind kind, const char *engine, pid_t master)
{
	struct err err;

	err_init(&err);
	/* A change of uid clears the wish, a filter may forbid it: between the two. */
	if (priv_drop_user(&m->priv, kind, &err) < 0)
		fatal("%s", err_end(&err));
	/* vrrp lets go of the VIPs, the logger writes what is left. */
	if (kind != PROC_LOGGER &&
	    prctl(PR_SET_PDEATHSIG, kind == PROC_VRRP ? SIGTERM : SIGKILL) < 0)
		fatal("cannot be tied to the master: prctl");
	if (getppid() != master)
		_exit(1); /* it died before the tie */
	if (priv_drop_calls(&m->priv, kind, engine, &err) < 0)
		fatal("%s", err_end(&err));
}

void
child_run(struct master *m, unsigned entry, const struct kind *kind, pid_t master)
{
	const struct proc *p = &m->proc[entry];
	struct heritage h;
	struct err err;

	err_init(&err);
	child_signals();
	fill_heritage(m, entry, &h);
	h.master = master;
	keep_heritage(m, &h);
	if (seg_own(&m->seg, p->kind, entry, &err) < 0)
		fatal("%s", err_end(&err));
	speak_as(m, &h, p);
	if (kind->prepare(&h, &err) < 0)
		fatal("%s", err_end(&err));
	if (err.count > 0)
		master_log_lines(LOG_LEVEL_ERR, "", err_end(&err));
	child_confine(m, p->kind, p->kind == PROC_WORKER ? worker_engine() : "", master);
	exit(kind->run(&h));
}
