/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of the daemon: the VIPs are handed over first, while this node serves; then workers (at
 * once, or when their connections have ended), then the
 * checker and the web process, the logger last, so that it writes what the others said.
 */
#include "master/internal.h"

#define STEP_MS 1000 /* for processes that were told to end; then SIGKILL */
/* For a hand-over: a successor has a second to come, and what it takes to say so. */
#define VIPS_MS 3000

static void
stop_kind(struct master *m, enum proc_kind kind, enum proc_want want, struct mono until)
{
	for (unsigned i = 0; i < SHM_ENTRIES; i++)
		if (m->proc[i].kind == kind)
			proc_stop(m, i, want, until);
}

static void
kill_kind(struct master *m, enum proc_kind kind)
{
	for (unsigned i = 0; i < SHM_ENTRIES; i++)
		if (m->proc[i].kind == kind)
			proc_kill(m, i);
}

static void
go(struct master *m, enum stop_step step, enum proc_kind kind)
{
	m->stopping = step;
	m->stop_until = mono_add_ms(mono_now(), STEP_MS);
	stop_kind(m, kind, WANT_STOP, (struct mono){0});
}

/* Of this kind none is left; else those that do not obey are killed. */
static bool
gone(struct master *m, enum proc_kind kind)
{
	if (proc_count(m, kind) == 0)
		return true;
	if (mono_now().us >= m->stop_until.us)
		kill_kind(m, kind);
	return false;
}

/* The VIPs are somebody else's, or nobody's: now the clients of this node. */
static void
stop_workers(struct master *m)
{
	struct mono until = mono_now();

	vips_bury(m);
	scripts_stop(m);
	scripts_turn(m);
	/* Clients are refused from now on, not left waiting in a queue. */
	listen_close(&m->listen);
	if (m->stop_graceful && m->now.conf != NULL) {
		until = mono_add_ms(until, m->now.conf->global.drain_timeout);
		log_notice("quitting: connections may go on for %d s",
		    m->now.conf->global.drain_timeout / 1000);
		m->stopping = STOP_DRAIN;
		stop_kind(m, PROC_WORKER, WANT_DRAIN, until);
	} else {
		log_notice("stopping");
		go(m, STOP_WORKERS, PROC_WORKER);
	}
}

/* The page says until the end how it goes. */
static void
stop_observers(struct master *m)
{
	go(m, STOP_CHECKER, PROC_CHECKER);
	stop_kind(m, PROC_WEB, WANT_STOP, (struct mono){0});
}

static bool
observers_gone(struct master *m)
{
	const bool checker = gone(m, PROC_CHECKER), web = gone(m, PROC_WEB);

	return checker && web;
}

void
master_stop_turn(struct master *m)
{
	if (m->stopping == STOP_VIPS && gone(m, PROC_VRRP))
		stop_workers(m);
	if ((m->stopping == STOP_DRAIN && proc_count(m, PROC_WORKER) == 0) ||
	    (m->stopping == STOP_WORKERS && gone(m, PROC_WORKER)))
		stop_observers(m);
	if (m->stopping == STOP_CHECKER && observers_gone(m) &&
	    (!scripts_busy(m) || mono_now().us >= m->stop_until.us)) {
		log_notice("stopped");
		go(m, STOP_LOGGER, PROC_LOGGER);
	}
	if (m->stopping == STOP_LOGGER && gone(m, PROC_LOGGER)) {
		log_to(-1, NULL);
		ev_break(m->loop, EVBREAK_ALL);
	}
}

void
master_stop(struct master *m, bool graceful)
{
	if (m->stopping > STOP_DRAIN || (graceful && m->stopping != STOP_NOT))
		return;
	m->stop_graceful = graceful;
	if (m->stopping == STOP_NOT) {
		reload_abort(m);
		go(m, STOP_VIPS, PROC_VRRP);
		m->stop_until = mono_add_ms(mono_now(), VIPS_MS);
		supervisor_stopping(m);
	} else if (m->stopping == STOP_DRAIN) {
		log_notice("stopping");
		go(m, STOP_WORKERS, PROC_WORKER);
	}
	master_stop_turn(m);
}
