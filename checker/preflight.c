/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at servers before a reload, in a process of its own. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checker/checker.h"
#include "checker/probe.h"

struct flight {
	struct checker_target *target;
	struct plan plan;
	struct probe probe;
	unsigned *running;
};

static void
on_done(struct probe *p, const struct probe_outcome *o)
{
	struct flight *f = p->data;

	f->target->result = (unsigned char)o->result;
	f->target->code = (int)o->code;
	f->target->check_ms = o->check_ms;
	memcpy(f->target->text, o->text, sizeof f->target->text);
	--*f->running;
}

static void
on_turn(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	const unsigned *running = w->data;

	(void)revents;
	if (*running == 0)
		ev_break(loop, EVBREAK_ALL);
}

static void
on_late(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)w, (void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void
fly(struct ev_loop *loop, struct flight *flights, unsigned n, int max_ms, unsigned *running)
{
	struct ev_prepare turn;
	struct ev_timer late;

	ev_prepare_init(&turn, on_turn);
	turn.data = running;
	ev_prepare_start(loop, &turn);
	ev_timer_init(&late, on_late, max_ms / 1000., 0.);
	ev_timer_start(loop, &late);
	for (unsigned i = 0; i < n; i++)
		probe_start(&flights[i].probe, &flights[i].plan, false);
	ev_run(loop, 0);
	for (unsigned i = 0; i < n; i++)
		probe_stop(&flights[i].probe);
}

int
checker_preflight(const struct conf *conf, struct checker_target *targets, unsigned n, int max_ms,
    struct err *err)
{
	struct flight *flights;
	struct ev_loop *loop;
	unsigned running = n;

	if (n == 0)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	/* The master did so before it gave up what reading the files needs. */
	if (plan_conf() != conf && checker_prepare(conf, err) < 0)
		return -1;
	loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_NOTIMERFD | EVBACKEND_EPOLL);
	flights = calloc(n, sizeof *flights);
	if (loop == NULL || flights == NULL) {
		err_addsys(err, "checks before the reload");
		free(flights);
		if (loop != NULL)
			ev_loop_destroy(loop);
		plan_forget();
		return -1;
	}
	for (unsigned i = 0; i < n; i++) {
		const struct conf_service *s = &conf->services[targets[i].service];

		targets[i].result = RESULT_INI;
		targets[i].code = 0;
		targets[i].check_ms = -1;
		snprintf(targets[i].text, sizeof targets[i].text, "no result in %d ms", max_ms);
		flights[i].target = &targets[i];
		flights[i].running = &running;
		plan_make(
		    &flights[i].plan, targets[i].service, &s->servers[targets[i].server].addr);
		probe_init(&flights[i].probe, loop, on_done, &flights[i]);
	}
	fly(loop, flights, n, max_ms, &running);
	ev_loop_destroy(loop);
	free(flights);
	plan_forget();
	return 0;
}
