/* SPDX-License-Identifier: BSD-2-Clause */
/* kha server --wait: looks into the segment until it is done. The master is not asked. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "master/cli.h"
#include "master/cli_server.h"
#include "master/which.h"
#include "shm/fmt.h"

#define LOOK_MS	   250
#define PATIENT_MS 10000 /* with a daemon that is gone: it may be starting again */

struct wait {
	const char *run_dir;
	const struct order *order;
	struct mono began;
	int64_t daemon_us;   /* start of the daemon that was seen last */
	uint64_t generation; /* of its tables then: those have the order */
	int64_t gone_ms;     /* the daemon is gone for so long */
};

enum verdict { GO_ON, DONE, OVER, GONE };

/* Every worker works by these tables, so that none still picks the server; or (close) has nothing
 * left to close. */
static bool
workers_obey(const struct seg *seg, const struct wait *w, unsigned row, int64_t close_us)
{
	const struct shm_proc *p = seg->ro->head.r.proc;
	const struct shm_worker *worker;
	bool obeys;

	for (unsigned e = ENTRY_WORKER0; e < SHM_ENTRIES; e++) {
		if (atomic_load_explicit(&p[e].kind, memory_order_acquire) != PROC_WORKER ||
		    atomic_load_explicit(&p[e].pid, memory_order_relaxed) == 0)
			continue;
		worker = seg_worker(seg, e);
		if (w->order->verb == ORDER_CLOSE)
			obeys = atomic_load_explicit(&worker->close_obeyed_us[row],
				    memory_order_relaxed) >= close_us;
		else
			obeys = atomic_load_explicit(&worker->table_seen, memory_order_relaxed) >=
				w->generation;
		if (!obeys)
			return false;
	}
	return true;
}

static const char *
spent(const struct wait *w, char buf[FMT_HUMAN])
{
	return fmt_span(mono_diff_ms(w->began, mono_now()), buf);
}

static enum verdict
judge(const struct seg *seg, const struct dump *d, struct wait *w)
{
	int row = which_server(&d->table, w->order->server, NULL);
	char name[WHICH_TEXT], span[FMT_HUMAN];
	const struct shm_server *s;
	uint64_t active;

	if (row < 0) {
		printf("%s has left the file, and has no connections\n", w->order->server);
		return DONE;
	}
	s = &d->table.server[row];
	active = STAT_GET(&d->sum.server[row], active);
	which_name(&d->table, (unsigned)row, name);
	if (d->info.start_us != w->daemon_us) {
		w->daemon_us = d->info.start_us;
		w->generation = d->table.generation;
	}
	if ((w->order->verb == ORDER_CLOSE || active == 0) &&
	    workers_obey(seg, w, (unsigned)row, s->close_us)) {
		printf("%s: no %sconnections left after %s\n", name, active > 0 ? "old " : "",
		    spent(w, span));
		return DONE;
	}
	if (w->order->verb != ORDER_CLOSE && s->state == ROW_ACTIVE && s->admin == ADMIN_READY) {
		fprintf(stderr,
		    "kha server: %s is %s again, with %" PRIu64 " connections, after %s\n", name,
		    server_state_name((enum server_state)d->shown[row]), active, spent(w, span));
		return OVER;
	}
	return GO_ON;
}

/* One look. After a restart the segment is another file, so it is opened each time. */
static enum verdict
look(struct wait *w)
{
	enum verdict v = GONE;
	struct dump *d;
	struct seg seg;

	if (seg_attach(&seg, w->run_dir, NULL) < 0)
		return GONE;
	d = dump_take(&seg, mono_now(), wall_ms(), NULL);
	if (d != NULL && d->daemon != DAEMON_GONE)
		v = judge(&seg, d, w);
	free(d);
	seg_close(&seg);
	return v;
}

int
cli_wait(const char *run_dir, const struct order *o)
{
	struct wait w = {.run_dir = run_dir, .order = o, .began = mono_now()};
	const struct timespec nap = {.tv_nsec = LOOK_MS * 1000000L};
	enum verdict v;

	while ((v = look(&w)) == GO_ON || v == GONE) {
		w.gone_ms = v == GONE ? w.gone_ms + LOOK_MS : 0;
		if (w.gone_ms > PATIENT_MS) {
			fprintf(stderr, "kha server: the daemon is gone\n");
			return CLI_NO_DAEMON;
		}
		nanosleep(&nap, NULL);
	}
	if (ferror(stdout) || fflush(stdout) != 0) {
		perror("kha server: standard output");
		return CLI_FAILED;
	}
	return v == DONE ? CLI_OK : CLI_FAILED;
}
