/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/checker_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "checker/checker.h"
#include "shm/health.h"
#include "t/unit/checker_pki.h"

void
told(struct probe *p, const struct probe_outcome *o)
{
	struct told *t = p->data;

	t->o = *o;
	t->times++;
}

struct probe_outcome
run(struct conf *conf)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
	struct told t = {.times = 0};
	struct plan plan;
	struct probe probe;
	struct err err;

	err_init(&err);
	if (checker_prepare(conf, &err) != 0)
		fail_msg("%s", err_end(&err));
	assert_non_null(loop);
	plan_make(&plan, 0, &conf->services[0].servers[0].addr);
	probe_init(&probe, loop, told, &t);
	probe_start(&probe, &plan, false);
	assert_true(t.times == 1 || probe_running(&probe));
	ev_run(loop, 0); /* ends when nothing is watched any more */
	assert_int_equal(t.times, 1);
	assert_int_equal(probe.phase, PROBE_IDLE);
	assert_int_equal(probe.fd, -1);
	assert_true(t.o.check_ms >= 0);
	ev_loop_destroy(loop);
	plan_forget();
	return t.o;
}

struct probe_outcome
run_last(struct peer *p, struct conf *conf)
{
	struct probe_outcome o = run(conf);

	peer_stop(p);
	return o;
}

struct conf_check *
check_of(struct conf *conf)
{
	return &conf->services[0].check;
}

char *
pki(const char *name)
{
	static char path[4][128];
	static unsigned next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof path[next], "%s/%s", peer_pki(), name);
	return path[next];
}

void
expect(struct probe_outcome o, enum check_result result, unsigned code, const char *text)
{
	if (o.result != result || o.code != code || strcmp(o.text, text) != 0)
		fail_msg("%s, code %u, \"%s\"", check_result_name(o.result), o.code, o.text);
}
