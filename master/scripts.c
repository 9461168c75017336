/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/scripts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "master/command.h"
#include "master/internal.h"
#include "shm/dump.h"

#define KILL_S	       2. /* from SIGTERM to SIGKILL */
#define NOTIFY_LIMIT_S 30.

struct script {
	struct master *m;
	const struct conf_script *conf;
	const char *vip;
	unsigned vip_index, bit;
	uid_t uid;
	gid_t gid;
	ev_child child;
	ev_timer due, limit;
	bool no_user; /* there is none to run it as: it counts as failed */
	bool overdue; /* it was told to end */
	bool known, good;
	int in_a_row; /* results against what it counts as */
};

static struct script *scripts;
static unsigned n_scripts;

/* ---- results ---- */

static void
publish(struct master *m)
{
	uint64_t words[SHM_VIPS] = {0};

	for (unsigned i = 0; i < n_scripts; i++) {
		const struct script *s = &scripts[i];

		if (s->known)
			words[s->vip_index] |= SHM_SCRIPT_KNOWN(s->bit);
		if (s->good)
			words[s->vip_index] |= SHM_SCRIPT_GOOD(s->bit);
	}
	for (unsigned i = 0; i < SHM_VIPS; i++)
		atomic_store_explicit(
		    &m->seg.head->vip_script[i], words[i] | m->vip_epoch, memory_order_release);
	if (m->proc[ENTRY_VRRP].pid != 0)
		proc_wake(m, ENTRY_VRRP);
}

static void
result(struct script *s, bool ok, const char *how)
{
	int wanted = ok ? s->conf->rise : s->conf->fall;

	if (s->known && ok == s->good) {
		s->in_a_row = 0;
		return;
	}
	/* The first result decides, as with servers. */
	if (s->known && ++s->in_a_row < wanted)
		return;
	s->in_a_row = 0;
	s->known = true;
	s->good = ok;
	log_notice("vip %s: script \"%s\" %s: %s", s->vip, s->conf->command,
	    ok ? "succeeds" : "fails", how);
	publish(s->m);
}

static void
on_end(struct ev_loop *loop, ev_child *w, int revents)
{
	struct script *s = w->data;
	char how[64];

	(void)revents;
	ev_child_stop(loop, w);
	ev_timer_stop(loop, &s->limit);
	/* What it started and left. */
	kill(-w->pid, SIGKILL);
	if (s->overdue)
		snprintf(how, sizeof how, "it takes longer than %d ms", s->conf->timeout);
	else if (WIFSIGNALED(w->rstatus))
		snprintf(how, sizeof how, "killed by signal %d", WTERMSIG(w->rstatus));
	else
		snprintf(how, sizeof how, "exit code %d%s", WEXITSTATUS(w->rstatus),
		    WEXITSTATUS(w->rstatus) == 127 ? " (can it be run?)" : "");
	result(s, !s->overdue && WIFEXITED(w->rstatus) && WEXITSTATUS(w->rstatus) == 0, how);
}

static void
on_limit(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct script *s = t->data;

	(void)revents;
	kill(-s->child.pid, s->overdue ? SIGKILL : SIGTERM);
	s->overdue = true;
	ev_timer_set(t, KILL_S, 0.);
	ev_timer_start(loop, t);
}

static void
on_due(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct script *s = t->data;
	pid_t pid;

	(void)revents;
	if (s->no_user || ev_is_active(&s->child))
		return; /* never two at a time */
	s->overdue = false;
	pid = command_start(s->conf->command, NULL, s->uid, s->gid);
	if (pid < 0) {
		result(s, false, strerror(errno));
		return;
	}
	ev_child_set(&s->child, pid, 0);
	ev_child_start(loop, &s->child);
	ev_timer_set(&s->limit, s->conf->timeout / 1000., 0.);
	ev_timer_start(loop, &s->limit);
}

/* ---- notify ---- */

struct change {
	char vip[SHM_NAME];
	char command[1024];
	const char *word; /* MASTER, BACKUP, FAULT */
	unsigned priority;
};

static struct {
	struct change queue[SHM_VIP_CHANGES];
	unsigned first, n;
	uint64_t seen; /* of shm_vrrp.changes */
	/* Of each cell: what a change is told with whose VIP a reload removes meanwhile. */
	struct {
		char vip[SHM_NAME];
		char command[1024];
		const char *word; /* the last one told */
	} cell[SHM_VIPS];
	ev_child child;
	ev_timer limit;
} notify;

static void
notify_next(struct master *m)
{
	const struct change *c;
	char priority[16];
	const char *more[] = {"INSTANCE", NULL, NULL, priority, NULL};
	pid_t pid;

	while (notify.n > 0 && !ev_is_active(&notify.child)) {
		c = &notify.queue[notify.first];
		more[1] = c->vip;
		more[2] = c->word;
		snprintf(priority, sizeof priority, "%u", c->priority);
		pid = command_start(c->command, more, geteuid(), getegid());
		if (pid < 0)
			log_err("vip %s: notify: %s", c->vip, strerror(errno));
		notify.first = (notify.first + 1) % SHM_VIP_CHANGES;
		notify.n--;
		if (pid < 0)
			continue;
		ev_child_set(&notify.child, pid, 0);
		ev_child_start(m->loop, &notify.child);
		ev_timer_set(&notify.limit, NOTIFY_LIMIT_S, 0.);
		ev_timer_start(m->loop, &notify.limit);
	}
}

static void
on_notified(struct ev_loop *loop, ev_child *w, int revents)
{
	(void)revents;
	ev_child_stop(loop, w);
	ev_timer_stop(loop, &notify.limit);
	if (!WIFEXITED(w->rstatus) || WEXITSTATUS(w->rstatus) != 0)
		log_warning("notify failed: %s %d", WIFEXITED(w->rstatus) ? "exit code" : "signal",
		    WIFEXITED(w->rstatus) ? WEXITSTATUS(w->rstatus) : WTERMSIG(w->rstatus));
	notify_next(ev_userdata(loop));
}

static void
on_notify_limit(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop, (void)t, (void)revents;
	log_warning("notify takes longer than %.0f s: killed", NOTIFY_LIMIT_S);
	kill(-notify.child.pid, SIGKILL);
}

/* Learns whose VIP that cell is now. False: nobody is to be told. */
static bool
has_listener(struct master *m, unsigned cell)
{
	const struct conf_vip *vip;
	struct shm_vip v;

	if (!SEQ_LOAD(&m->seg.ro->vrrp.r.vip[cell], &v))
		return false;
	if (v.name[0] != '\0' && strncmp(v.name, notify.cell[cell].vip, SHM_NAME) != 0) {
		memset(&notify.cell[cell], 0, sizeof notify.cell[cell]);
		memcpy(notify.cell[cell].vip, v.name, SHM_NAME);
	}
	vip = conf_find_vip(m->now.conf, notify.cell[cell].vip);
	if (vip != NULL)
		snprintf(
		    notify.cell[cell].command, sizeof notify.cell[cell].command, "%s", vip->notify);
	return *notify.cell[cell].command != '\0';
}

static void
enqueue(struct master *m, uint64_t change)
{
	unsigned cell = SHM_CHANGE_CELL(change);
	const char *word = dump_vip_state_word(SHM_CHANGE_STATE(change));
	struct change *c;

	/* LEAVING and TAKING are MASTER still, and already. */
	if (!has_listener(m, cell) || notify.cell[cell].word == word)
		return;
	notify.cell[cell].word = word;
	if (notify.n == SHM_VIP_CHANGES) {
		log_err("vip %s: notify is too slow: a change is not told", notify.cell[cell].vip);
		return;
	}
	c = &notify.queue[(notify.first + notify.n++) % SHM_VIP_CHANGES];
	memcpy(c->vip, notify.cell[cell].vip, sizeof c->vip);
	memcpy(c->command, notify.cell[cell].command, sizeof c->command);
	c->word = word;
	c->priority = SHM_CHANGE_PRIORITY(change);
}

void
scripts_turn(struct master *m)
{
	const struct shm_vrrp *v = &m->seg.ro->vrrp.r;
	uint64_t now = atomic_load_explicit(&v->changes, memory_order_acquire);

	if (now - notify.seen > SHM_VIP_CHANGES)
		notify.seen = now - SHM_VIP_CHANGES;
	for (; notify.seen < now; notify.seen++)
		enqueue(m, atomic_load_explicit(
			       &v->change[notify.seen % SHM_VIP_CHANGES], memory_order_relaxed));
	if (notify.n > 0)
		notify_next(m);
}

bool
scripts_busy(const struct master *m)
{
	(void)m;
	return notify.n > 0 || ev_is_active(&notify.child);
}

/* ---- begin and end ---- */

void
scripts_init(struct master *m)
{
	(void)m;
	ev_init(&notify.child, on_notified);
	ev_init(&notify.limit, on_notify_limit);
}

void
scripts_stop(struct master *m)
{
	for (unsigned i = 0; i < n_scripts; i++) {
		ev_timer_stop(m->loop, &scripts[i].due);
		ev_timer_stop(m->loop, &scripts[i].limit);
		if (ev_is_active(&scripts[i].child))
			kill(-scripts[i].child.pid, SIGKILL);
		ev_child_stop(m->loop, &scripts[i].child);
	}
	free(scripts);
	scripts = NULL;
	n_scripts = 0;
}

static void
begin(struct master *m, struct script *s, const struct conf_vip *vip, unsigned index, unsigned bit)
{
	const struct conf_script *conf = &vip->track.scripts[bit];

	*s =
	    (struct script){.m = m, .conf = conf, .vip = vip->name, .vip_index = index, .bit = bit};
	if (command_user(conf->user, &s->uid, &s->gid) < 0) {
		log_err("vip %s: script \"%s\": there is no user %s: it counts as failed",
		    vip->name, conf->command, conf->user);
		s->known = s->no_user = true;
	}
	ev_init(&s->child, on_end);
	ev_init(&s->limit, on_limit);
	ev_timer_init(&s->due, on_due, 0., conf->interval / 1000.);
	s->child.data = s->due.data = s->limit.data = s;
}

/* What is known of this command, if an earlier configuration had it too. */
static void
keep(struct script *s, const struct script *old, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (s->no_user || old[i].no_user || strcmp(old[i].vip, s->vip) != 0 ||
		    strcmp(old[i].conf->command, s->conf->command) != 0)
			continue;
		s->known = old[i].known;
		s->good = old[i].good;
		s->in_a_row = old[i].in_a_row;
	}
}

void
scripts_reload(struct master *m, bool changed)
{
	const struct conf *conf = m->now.conf;
	struct script *fresh, *old = scripts;
	unsigned n = 0, n_old = n_scripts;

	for (unsigned i = 0; i < conf->n_vips; i++)
		n += conf->vips[i].track.n_scripts;
	fresh = calloc(n + 1, sizeof *fresh);
	if (fresh == NULL)
		fatal("no memory");
	n = 0;
	for (unsigned i = 0; i < conf->n_vips; i++)
		for (unsigned k = 0; k < conf->vips[i].track.n_scripts; k++) {
			begin(m, &fresh[n], &conf->vips[i], i, k);
			keep(&fresh[n++], old, n_old);
		}
	scripts_stop(m);
	scripts = fresh;
	n_scripts = n;
	/* A vrrp process that goes on knows the one that it began with. */
	if (changed)
		m->vip_epoch += UINT64_C(1) << SHM_SCRIPT_EPOCH;
	for (unsigned i = 0; i < n; i++)
		ev_timer_start(m->loop, &scripts[i].due);
	publish(m);
}
