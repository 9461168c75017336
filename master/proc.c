/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "checker/checker.h"
#include "master/internal.h"
#include "master/logger.h"
#include "vrrp/vrrp.h"
#include "web/web.h"
#include "worker/worker.h"

static int
prepare_logger(const struct heritage *h, struct err *err)
{
	return logger_prepare(h->conf, err);
}

static int
prepare_checker(const struct heritage *h, struct err *err)
{
	return checker_prepare(h->conf, err);
}

static const struct kind kinds[] = {
    {PROC_LOGGER, prepare_logger, logger_main},
    {PROC_CHECKER, prepare_checker, checker_main},
    {PROC_VRRP, vrrp_prepare, vrrp_main},
    {PROC_WEB, web_prepare, web_main},
    {PROC_WORKER, worker_prepare, worker_main},
};

static const struct kind *
kind_row(enum proc_kind kind)
{
	const struct kind *k = kinds;

	while (k->kind != kind)
		k++;
	return k;
}

unsigned
proc_backoff_ms(unsigned deaths)
{
	if (deaths <= 2)
		return 0;
	/* 100 << 6 is beyond the limit already. */
	return deaths >= 9 ? 5000 : 100u << (deaths - 3);
}

enum proc_hung
proc_hung(int64_t stale_ms, bool stopped, struct mono aborted, struct mono now)
{
	if (stale_ms < PROC_STALE_MS)
		return HUNG_NOT;
	/* A stopped process gets no SIGABRT before somebody continues it. */
	if (stopped)
		return HUNG_KILL;
	if (aborted.us == 0)
		return HUNG_ABORT;
	return mono_diff_ms(aborted, now) >= PROC_ABORT_MS ? HUNG_KILL : HUNG_NOT;
}

static struct shm_proc *
shared(struct master *m, unsigned entry)
{
	return &m->seg.head->proc[entry];
}

/* Writes our row into the segment. */
static void
show(struct master *m, unsigned entry)
{
	const struct proc *p = &m->proc[entry];
	struct shm_proc *s = shared(m, entry);

	atomic_store_explicit(&s->slot, p->slot, memory_order_relaxed);
	atomic_store_explicit(&s->generation, p->generation, memory_order_relaxed);
	atomic_store_explicit(&s->pid, (int32_t)p->pid, memory_order_relaxed);
	atomic_store_explicit(&s->started_us, p->started.us, memory_order_relaxed);
	atomic_store_explicit(&s->want, (uint32_t)p->want, memory_order_release);
	atomic_store_explicit(&s->kind, (uint32_t)p->kind, memory_order_release);
}

/* "worker/1", "checker" */
static const char *
name_of(const struct proc *p, char buf[32])
{
	snprintf(
	    buf, 32, p->kind == PROC_WORKER ? "%s/%u" : "%s", proc_kind_name(p->kind), p->slot);
	return buf;
}

static void
set_free(struct master *m, unsigned entry)
{
	struct proc *p = &m->proc[entry];

	ev_timer_stop(m->loop, &p->again);
	p->kind = PROC_NONE;
	p->pid = 0;
	show(m, entry);
}

static void
schedule(struct master *m, unsigned entry)
{
	struct proc *p = &m->proc[entry];

	p->deaths++;
	ev_timer_set(&p->again, proc_backoff_ms(p->deaths) / 1000.0, 0.);
	ev_timer_start(m->loop, &p->again);
}

static void
launch(struct master *m, unsigned entry)
{
	struct proc *p = &m->proc[entry];
	const pid_t self = getpid();
	sigset_t all, before;
	char name[32];
	pid_t pid;

	p->started = mono_now();
	p->aborted.us = 0;
	p->stopped = false;
	show(m, entry); /* kind before the fork, see shm/layout.h */
	fflush(NULL);
	/* A signal that comes between fork and the child's own handlers would run ours there. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		child_run(m, entry, kind_row(p->kind), self);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		log_err("%s cannot be started: fork: %s", name_of(p, name), strerror(errno));
		schedule(m, entry);
		return;
	}
	p->pid = pid;
	show(m, entry);
	STAT_ADD(&m->seg.head->master, child_started, 1);
	ev_child_set(&p->child, pid, 1);
	ev_child_start(m->loop, &p->child);
	log_debug("%s started: pid %d", name_of(p, name), (int)pid);
}

void
proc_wake(const struct master *m, unsigned entry)
{
	const uint64_t one = 1;

	/* Full means that it was woken 2^64 - 2 times already. */
	if (write(m->wake_fds[entry], &one, sizeof one) < 0 && errno != EAGAIN)
		log_err("waking entry %u: %s", entry, strerror(errno));
}

static void
say_death(const struct master *m, const struct proc *p, int status, unsigned lost)
{
	char name[32], how[96], with[64] = "";
	bool told = p->want != WANT_RUN;

	name_of(p, name);
	if (WIFSIGNALED(status))
		snprintf(how, sizeof how, "killed by signal %d, %s%s", WTERMSIG(status),
		    strsignal(WTERMSIG(status)),
		    WTERMSIG(status) == SIGSYS ? " (the kernel log names the call)" : "");
	else
		snprintf(how, sizeof how, "exit code %d", WEXITSTATUS(status));
	if (lost > 0)
		snprintf(with, sizeof with, ", %u connections lost", lost);
	if (told && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		log_debug("%s of generation %u ended", name, p->generation);
	else if (told || m->stopping != STOP_NOT)
		log_notice("%s of generation %u ended: %s%s", name, p->generation, how, with);
	else
		log_err("%s died: %s%s; it is started again", name, how, with);
}

static void
on_child(struct ev_loop *loop, ev_child *w, int revents)
{
	struct master *m = ev_userdata(loop);
	struct proc *p = w->data;
	unsigned entry = (unsigned)(p - m->proc), lost;

	(void)revents;
	if (WIFSTOPPED(w->rstatus) || WIFCONTINUED(w->rstatus)) {
		p->stopped = WIFSTOPPED(w->rstatus);
		return;
	}
	ev_child_stop(loop, w);
	p->pid = 0;
	lost = seg_reap(&m->seg, entry);
	/* The VIP must not stay where nobody serves. */
	if (p->kind == PROC_WORKER && m->proc[ENTRY_VRRP].pid != 0)
		proc_wake(m, ENTRY_VRRP);
	say_death(m, p, w->rstatus, lost);
	if (p->want != WANT_RUN) {
		set_free(m, entry);
	} else {
		STAT_ADD(&m->seg.head->master, child_died, 1);
		if (mono_diff_ms(p->started, mono_now()) >= PROC_CALM_MS)
			p->deaths = 0;
		show(m, entry);
		schedule(m, entry);
	}
	master_child_ended(m, entry);
}

static void
on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct master *m = ev_userdata(loop);
	struct proc *p = w->data;

	(void)revents;
	launch(m, (unsigned)(p - m->proc));
}

/* Of packets, so that a client is taken whole or not at all, and so that many may wait (datagrams
 * are limited to 10 by net.unix.max_dgram_qlen). Made once, for all slots there can be: what waits
 * in one outlives its reader. */
static int
make_pairs(struct master *m, struct err *err)
{
	const int type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;

	for (unsigned s = 0; s < SHM_WORKERS; s++)
		if (socketpair(AF_UNIX, type, 0, m->hand_fds[s]) < 0)
			return err_addsys(err, "socket pair %u of %d", s, SHM_WORKERS);
	return 0;
}

int
proc_init(struct master *m, struct err *err)
{
	struct proc *p;

	if (make_pairs(m, err) < 0)
		return -1;
	for (unsigned i = 0; i < SHM_ENTRIES; i++) {
		m->wake_fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (m->wake_fds[i] < 0)
			return err_addsys(err, "eventfd %u of %d", i, SHM_ENTRIES);
		p = &m->proc[i];
		ev_init(&p->child, on_child);
		ev_init(&p->again, on_again);
		p->child.data = p->again.data = p;
	}
	return 0;
}

void
proc_start(
    struct master *m, unsigned entry, enum proc_kind kind, unsigned slot, unsigned generation)
{
	struct proc *p = &m->proc[entry];

	p->kind = kind;
	p->slot = slot;
	p->generation = generation;
	p->want = WANT_RUN;
	p->pid = 0;
	p->deaths = 0;
	launch(m, entry);
}

void
proc_wake_all(struct master *m)
{
	for (unsigned i = 0; i < SHM_ENTRIES; i++)
		if (m->proc[i].pid != 0)
			proc_wake(m, i);
}

void
proc_stop(struct master *m, unsigned entry, enum proc_want want, struct mono until)
{
	struct proc *p = &m->proc[entry];

	if (p->kind == PROC_NONE)
		return;
	p->want = want;
	if (p->pid == 0) {
		set_free(m, entry);
		return;
	}
	atomic_store_explicit(&shared(m, entry)->drain_until_us, until.us, memory_order_relaxed);
	show(m, entry);
	proc_wake(m, entry);
}

void
proc_kill(struct master *m, unsigned entry)
{
	if (m->proc[entry].pid != 0)
		kill(m->proc[entry].pid, SIGKILL);
}

bool
proc_ready(const struct master *m, unsigned entry)
{
	const struct proc *p = &m->proc[entry];

	return p->pid != 0 && p->generation != 0 &&
	       atomic_load_explicit(&seg_proc(&m->seg, entry)->ready, memory_order_acquire) ==
		   p->generation;
}

static void
watch_one(struct master *m, unsigned entry, struct mono now)
{
	struct proc *p = &m->proc[entry];
	int64_t beat, from = p->started.us;
	char name[32];

	beat = atomic_load_explicit(&seg_proc(&m->seg, entry)->beat_us, memory_order_relaxed);
	if (beat > from)
		from = beat; /* else it has as long as any other from its start */
	if (m->resumed.us > from)
		from = m->resumed.us; /* perhaps all of us were held up */
	switch (proc_hung((now.us - from) / 1000, p->stopped, p->aborted, now)) {
	case HUNG_NOT:
		return;
	case HUNG_ABORT:
		log_err("%s hangs: no heartbeat for %d ms; sending SIGABRT to pid %d",
		    name_of(p, name), (int)((now.us - from) / 1000), (int)p->pid);
		STAT_ADD(&m->seg.head->master, child_hung, 1);
		p->aborted = now;
		kill(p->pid, SIGABRT);
		return;
	case HUNG_KILL:
		if (p->aborted.us == 0)
			STAT_ADD(&m->seg.head->master, child_hung, 1);
		log_err("%s hangs%s; sending SIGKILL to pid %d", name_of(p, name),
		    p->stopped ? ": it is stopped by a signal" : " and ignores SIGABRT",
		    (int)p->pid);
		p->aborted = now; /* say it again in a second, if ever */
		kill(p->pid, SIGKILL);
		return;
	}
}

void
proc_watch(struct master *m, struct mono now)
{
	for (unsigned i = 0; i < SHM_ENTRIES; i++)
		if (m->proc[i].pid != 0)
			watch_one(m, i, now);
}

unsigned
proc_free_worker(const struct master *m)
{
	for (unsigned i = ENTRY_WORKER0; i < SHM_ENTRIES; i++)
		if (m->proc[i].kind == PROC_NONE)
			return i;
	return 0;
}

unsigned
proc_free_workers(const struct master *m)
{
	return SHM_ENTRIES - ENTRY_WORKER0 - proc_count(m, PROC_WORKER);
}

unsigned
proc_oldest(const struct master *m)
{
	unsigned oldest = UINT32_MAX;

	for (unsigned i = ENTRY_WORKER0; i < SHM_ENTRIES; i++)
		if (m->proc[i].kind == PROC_WORKER && m->proc[i].generation < oldest)
			oldest = m->proc[i].generation;
	return oldest;
}

unsigned
proc_count(const struct master *m, enum proc_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SHM_ENTRIES; i++)
		n += kind == PROC_NONE ? m->proc[i].kind != PROC_NONE : m->proc[i].kind == kind;
	return n;
}
