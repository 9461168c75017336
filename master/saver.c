/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/saver.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "master/control.h"
#include "master/internal.h"
#include "master/state_table.h"

#define SLOW_S	    5. /* then who waits hears that it takes longer */
#define RETRY_MS    10000
#define FINI_MS	    2000
#define FINI_NAP_US 5000

void
saver_init(struct master *m)
{
	const char *dirs = getenv("STATE_DIRECTORY");
	size_t n = dirs != NULL ? strcspn(dirs, ":") : 0;

	/* systemd lists several, by colons; the first one is the unit's. */
	m->saver.dir = n > 0 && dirs[0] == '/' ? strndup(dirs, n) : NULL;
	if (m->saver.dir == NULL)
		m->saver.dir = m->run_dir;
}

/* In the forked process. */
static _Noreturn void
write_and_exit(const struct master *m)
{
	static struct state_file state; /* large */

	child_signals();
	child_close_others(m);
	state_collect(&m->table, mono_now(), wall_ms(), &state);
	_exit(state_file_write(m->saver.dir, &state));
}

/* Those that wait: `all`, or what has been written. */
static void
answer(struct master *m, bool all, const char *warning)
{
	struct saver *s = &m->saver;
	char text[SAVER_ANSWER + 256];

	for (unsigned i = 0; i < CTL_CLIENTS; i++) {
		if (s->waiting[i].client == 0 || !(all || s->waiting[i].started))
			continue;
		snprintf(text, sizeof text, "%s%s%s", s->waiting[i].text,
		    warning[0] != '\0' ? "\n" : "", warning);
		ctl_reply(m->ctl, s->waiting[i].client, 0, text);
		s->waiting[i].client = 0;
	}
}

/* It was written, or not. */
static void
written(struct master *m, int error)
{
	struct saver *s = &m->saver;
	char warning[256] = "";

	if (error != 0) {
		snprintf(warning, sizeof warning, "warning: a restart would forget this: %s/%s: %s",
		    s->dir, STATE_FILE, strerror(error));
		s->retry = mono_add_ms(mono_now(), RETRY_MS);
	}
	if (error != 0 && s->error != error)
		log_err("a restart would forget what operators said about servers: %s/%s: %s",
		    s->dir, STATE_FILE, strerror(error));
	else if (error == 0 && s->error != 0)
		log_notice("%s/%s is written again", s->dir, STATE_FILE);
	s->error = error;
	answer(m, false, warning);
}

static void start(struct master *m);

static void
on_end(struct ev_loop *loop, ev_child *w, int revents)
{
	struct master *m = ev_userdata(loop);
	struct saver *s = &m->saver;

	(void)revents;
	ev_child_stop(loop, w);
	ev_timer_stop(loop, &s->limit);
	s->pid = 0;
	written(m, WIFEXITED(w->rstatus) ? WEXITSTATUS(w->rstatus) : EINTR);
	if (s->again)
		start(m);
}

static void
on_slow(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct master *m = ev_userdata(loop);

	(void)w;
	(void)revents;
	answer(m, true, "warning: writing this down for a restart takes longer than usual");
}

static void
start(struct master *m)
{
	struct saver *s = &m->saver;
	sigset_t all, before;
	pid_t pid;

	s->again = false;
	s->kept = control_count(&m->table) > 0;
	for (unsigned i = 0; i < CTL_CLIENTS; i++)
		s->waiting[i].started = true;
	fflush(NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		write_and_exit(m);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		written(m, errno);
		return;
	}
	s->pid = pid;
	ev_child_init(&s->child, on_end, pid, 0);
	ev_timer_init(&s->limit, on_slow, SLOW_S, 0.);
	ev_child_start(m->loop, &s->child);
	ev_timer_start(m->loop, &s->limit);
}

/* False: more wait than can. */
static bool
remember(struct saver *s, uint64_t client, const char *text)
{
	for (unsigned i = 0; i < CTL_CLIENTS; i++) {
		if (s->waiting[i].client != 0)
			continue;
		s->waiting[i].client = client;
		s->waiting[i].started = false;
		snprintf(s->waiting[i].text, SAVER_ANSWER, "%s", text);
		return true;
	}
	return false;
}

void
saver_save(struct master *m, uint64_t client, const char *text)
{
	struct saver *s = &m->saver;

	if (client != 0 && !remember(s, client, text))
		ctl_reply(m->ctl, client, 0, text);
	if (s->pid != 0)
		s->again = true;
	else
		start(m);
}

void
saver_turn(struct master *m, struct mono now)
{
	struct saver *s = &m->saver;

	if (s->error != 0 && s->pid == 0 && now.us >= s->retry.us)
		start(m);
}

/* Reaps it without the loop, which turns no more. */
static void
wait_for_it(struct master *m)
{
	struct saver *s = &m->saver;
	int status = 0;
	pid_t got = 0;

	for (int us = 0; us < FINI_MS * 1000 && got == 0; us += FINI_NAP_US) {
		got = waitpid(s->pid, &status, WNOHANG);
		if (got == 0)
			usleep(FINI_NAP_US);
	}
	ev_child_stop(m->loop, &s->child);
	ev_timer_stop(m->loop, &s->limit);
	if (got == s->pid)
		written(m, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR);
	s->pid = 0;
}

void
saver_fini(struct master *m)
{
	struct saver *s = &m->saver;

	if (s->pid != 0)
		wait_for_it(m);
	if (s->again)
		start(m);
	if (s->pid != 0)
		wait_for_it(m);
	answer(m, true, "");
	if (s->dir != m->run_dir)
		free((char *)s->dir);
	s->dir = NULL;
}
