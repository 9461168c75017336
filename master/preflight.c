/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/preflight.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "master/internal.h"
#include "master/logger.h"
#include "web/web.h"

/* It keeps its own time; this is for one that does not. */
#define LIMIT_S (PREFLIGHT_MS / 1000. + 2.)

static int
make_sheet(struct preflight *p, const struct conf *conf, struct err *err)
{
	unsigned servers = 0;

	for (unsigned i = 0; i < conf->n_services; i++)
		servers += conf->services[i].n_servers;
	p->size = sizeof *p->sheet + servers * sizeof p->sheet->targets[0];
	p->sheet = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->sheet == MAP_FAILED) {
		p->sheet = NULL;
		return err_addsys(err, "preflight");
	}
	err_init(&p->sheet->err);
	return 0;
}

/* In the child. The files are read with our privileges, the network is met without. */
static int
examine(const struct master *m, struct preflight_sheet *s, const struct conf *conf, bool logs,
    pid_t master)
{
	int result = 0;

	if (logs && (logger_prepare(conf, &s->err) < 0 || s->err.count > 0))
		result = -1;
	if (checker_prepare(conf, &s->err) < 0)
		result = -1;
	if (web_check(conf, &s->err) < 0)
		result = -1;
	if (result < 0 || s->n == 0)
		return result;
	child_confine(m, PROC_CHECKER, "", master);
	return checker_preflight(conf, s->targets, s->n, PREFLIGHT_MS, &s->err);
}

static pid_t
fork_examiner(const struct master *m, struct preflight *p, const struct conf *conf, bool logs)
{
	const pid_t self = getpid();
	sigset_t all, before;
	pid_t pid;

	fflush(NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		child_signals();
		child_close_others(m);
		_exit(examine(m, p->sheet, conf, logs, self) == 0 ? 0 : 1);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static void
on_end(struct ev_loop *loop, ev_child *w, int revents)
{
	struct master *m = ev_userdata(loop);
	struct preflight *p = w->data;

	(void)revents;
	ev_child_stop(loop, w);
	ev_timer_stop(loop, &p->limit);
	p->pid = 0;
	p->failed = !WIFEXITED(w->rstatus) || WEXITSTATUS(w->rstatus) != 0;
	if (WIFSIGNALED(w->rstatus))
		err_add(&p->sheet->err, "preflight: killed by signal %d", WTERMSIG(w->rstatus));
	p->done(m);
}

static void
on_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct preflight *p = w->data;

	(void)loop;
	(void)revents;
	kill(p->pid, SIGKILL);
}

int
preflight_begin(struct master *m, struct preflight *p, const struct conf *conf,
    const bool *changed_check, bool logs, struct err *err)
{
	p->pid = 0;
	p->failed = false;
	if (make_sheet(p, conf, err) < 0)
		return -1;
	p->sheet->n = preflight_targets(conf, &m->table, changed_check, p->sheet->targets);
	p->pid = fork_examiner(m, p, conf, logs);
	if (p->pid < 0) {
		p->pid = 0;
		err_addsys(err, "preflight: fork");
		preflight_end(m, p);
		return -1;
	}
	ev_child_init(&p->child, on_end, p->pid, 0);
	ev_timer_init(&p->limit, on_limit, LIMIT_S, 0.);
	p->child.data = p->limit.data = p;
	ev_child_start(m->loop, &p->child);
	ev_timer_start(m->loop, &p->limit);
	return 0;
}

void
preflight_end(struct master *m, struct preflight *p)
{
	if (p->pid != 0) {
		kill(p->pid, SIGKILL);
		ev_child_stop(m->loop, &p->child);
		ev_timer_stop(m->loop, &p->limit);
		p->pid = 0; /* libev reaps what nobody watches */
	}
	if (p->sheet != NULL)
		munmap(p->sheet, p->size);
	p->sheet = NULL;
}

int
preflight_files(struct master *m, const struct conf *conf, struct err *err)
{
	struct preflight p = {0};
	int status = 0, result = 0;
	pid_t pid;

	if (make_sheet(&p, conf, err) < 0)
		return -1;
	pid = fork_examiner(m, &p, conf, true);
	if (pid < 0) {
		result = err_addsys(err, "fork");
	} else {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			if (p.sheet->err.count == 0)
				err_add(&p.sheet->err,
				    "the files that the configuration names cannot be read");
			result = err_add_all(err, &p.sheet->err);
		}
	}
	munmap(p.sheet, p.size);
	return result;
}
