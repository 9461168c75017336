/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop: signals, children, heartbeats. */
#include "master/master.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/daemon.h"
#include "master/internal.h"
#include "master/operate.h"
#include "master/publish.h"
#include "master/session_wait.h"
#include "shm/table.h"

/* So long without a turn of our own, and the heartbeats of the others say nothing: the machine
 * was paused, or we were stopped. */
#define HELD_UP_MS 1000

void
master_log_lines(enum log_level level, const char *head, const char *text)
{
	size_t n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		log_at(level, "%s%.*s", head, (int)n, text);
	}
}

void
master_store_info(struct master *m)
{
	m->info.generation = m->now.number;
	m->info.workers = m->now.workers;
	m->info.max_connections = m->now.max_connections;
	snprintf(m->info.engine, sizeof m->info.engine, "%s",
	    m->now.engine != NULL ? m->now.engine : "");
	info_store(&m->seg, &m->info);
}

void
master_reloaded(struct master *m, const char *why)
{
	m->info.reload_wall_ms = wall_ms();
	m->info.reload_ok = why == NULL;
	if (why == NULL)
		m->info.reload_ok_wall_ms = m->info.reload_wall_ms;
	master_store_info(m);
	supervisor_reloaded(m, why);
}

void
master_child_ended(struct master *m, unsigned entry)
{
	const struct proc *p = &m->proc[entry];
	struct err err;

	reload_child_ended(m, entry);
	if (m->stopping != STOP_NOT) {
		master_stop_turn(m);
		return;
	}
	if (entry == ENTRY_VRRP && p->kind == PROC_NONE)
		vips_ended(m);
	else if (entry == ENTRY_VRRP)
		vips_died(m);
	else if (entry == ENTRY_WEB && p->kind == PROC_NONE)
		webs_ended(m);
	/* With the last worker that had seen them, rows of removed servers get free. */
	if (p->kind == PROC_NONE && entry >= ENTRY_WORKER0 && m->reload.step == RELOAD_IDLE &&
	    publish_removed(&m->table) > 0) {
		err_init(&err);
		if (reload_publish(m, m->now.conf, PUBLISH_FINAL, NULL, NULL, &err) < 0)
			log_err("%s", err_end(&err));
		proc_wake_all(m);
	}
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct master *m = ev_userdata(loop);
	struct reload_job job = {.request.verb = CTL_RELOAD};

	(void)revents;
	switch (w->signum) {
	case SIGTERM:
	case SIGINT:
		master_stop(m, false);
		return;
	case SIGQUIT:
		master_stop(m, true);
		return;
	case SIGUSR1:
		job.request.verb = CTL_REOPEN;
		/* fall through */
	case SIGHUP:
		reload_request(m, &job);
		return;
	}
}

static void
on_beat(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct master *m = ev_userdata(loop);
	const struct mono now = mono_now();

	(void)w;
	(void)revents;
	if (mono_diff_ms(m->beat_at, now) > HELD_UP_MS)
		m->resumed = now;
	m->beat_at = now;
	seg_beat(&m->seg, now);
	proc_watch(m, now);
	operate_turn(m, now);
	scripts_turn(m);
	supervisor_turn(m, now);
	master_stop_turn(m);
}

static int
init(struct master *m, const struct master_options *opt)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1};

	*m = (struct master){
	    .opt = *opt,
	    .pidfile.fd = -1,
	    .priv.empty_fd = -1,
	    .seg.ro_fd = -1,
	    .seg.rw_fd = -1,
	    .log_fds = {-1, -1},
	    .tell_fd = -1,
	    .supervisor.sd.fd = -1,
	    .cold = true,
	};
	/* The default one: only there libev sees children. Its own backend: the environment does
	 * not choose. */
	m->loop = ev_default_loop(EVFLAG_NOENV | EVFLAG_NOTIMERFD | EVBACKEND_EPOLL);
	if (m->loop == NULL)
		return -1;
	ev_set_userdata(m->loop, m);
	signal(SIGPIPE, SIG_IGN);
	_Static_assert(sizeof signals / sizeof *signals == sizeof m->signals / sizeof *m->signals,
	    "a watcher each");
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		ev_signal_init(&m->signals[i], on_signal, signals[i]);
		ev_signal_start(m->loop, &m->signals[i]);
	}
	m->beat_at = mono_now();
	ev_timer_init(&m->beat, on_beat, 0., MASTER_BEAT_MS / 1000.);
	ev_timer_start(m->loop, &m->beat);
	reload_init(m);
	vips_init(m);
	session_wait_init(m);
	scripts_init(m);
	return 0;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Everything but the control socket's clients, who see our end by their own. The segment's file
 * stays: it can still be read. */
static void
fini(struct master *m)
{
	const bool failed = m->exit_code != 0;

	supervisor_fini(m);
	saver_fini(m);
	listen_close(&m->listen);
	if (m->now.conf != m->first)
		conf_free(m->now.conf);
	conf_free(m->first);
	seg_close(&m->seg);
	close_fd(m->log_fds[0]);
	close_fd(m->log_fds[1]);
	close_fd(m->priv.empty_fd);
	pidfile_drop(&m->pidfile);
	if (failed && m->tell_fd >= 0)
		daemon_tell(m->tell_fd, m->exit_code, m->failure != NULL ? m->failure : "failed");
	else if (failed && m->failure != NULL)
		fprintf(stderr, "kha: %s\n", m->failure);
	free(m->failure);
	ctl_close(m->ctl, 0, "stopped");
}

int
master_main(struct conf *conf, const struct master_options *opt)
{
	static struct master master; /* large, and one */
	struct master *m = &master;
	struct err err;
	int tell_fd = -1;

	err_init(&err);
	if (opt->background) {
		tell_fd = daemon_start(&err);
		if (tell_fd < 0) {
			fprintf(stderr, "kha: %s\n", err_end(&err));
			conf_free(conf);
			return 1;
		}
	}
	if (init(m, opt) < 0)
		fatal("no event loop");
	m->tell_fd = tell_fd;
	if (master_boot(m, conf, &err) < 0) {
		m->first = conf; /* for fini() */
		m->failure = strdup(err_end(&err));
		m->exit_code = 1;
	} else {
		ev_run(m->loop, 0);
	}
	fini(m);
	return m->exit_code;
}
