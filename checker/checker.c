/* SPDX-License-Identifier: BSD-2-Clause */
/* The checker's loop: it follows the tables, beats, and looks at what workers met. */
#include "checker/checker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "checker/internal.h"

/* ---- the tables and the configuration ---- */

/* Index in the configuration of the service of a row, -1: it does not have this server. The
 * tables are ahead of the configuration while a reload is replacing this process. */
static int
find_service(const struct checker *c, const struct shm_server *row)
{
	const struct conf *conf = c->h->conf;
	const char *service = c->table.service[row->service].name;
	const struct conf_service *s;

	for (unsigned i = 0; i < conf->n_services; i++) {
		s = &conf->services[i];
		if (strncmp(s->name, service, SHM_NAME) != 0)
			continue;
		for (unsigned k = 0; k < s->n_servers; k++)
			if (strncmp(s->servers[k].name, row->name, SHM_NAME) == 0)
				return (int)i;
	}
	return -1;
}

static void
follow_tables(struct checker *c)
{
	static struct shm_table fresh; /* too large for a stack */
	const struct shm_server *row;

	if (table_generation(c->seg) == c->table.generation || !table_snapshot(c->seg, &fresh))
		return;
	c->table = fresh;
	for (unsigned i = 0; i < c->table.n_servers; i++) {
		row = &c->table.server[i];
		target_sync(c, i, row->state == ROW_ACTIVE ? find_service(c, row) : -1);
	}
	for (unsigned i = c->table.n_servers; i < SHM_SERVERS; i++)
		target_stop(&c->target[i]);
	if (!c->followed)
		report_inherit(c);
	c->followed = true;
}

/* ---- workers ---- */

static void
look(struct checker *c)
{
	struct mono now = mono_now();
	bool again = false;

	c->looked = now;
	for (unsigned i = 0; i < c->table.n_servers; i++)
		again |= target_look(&c->target[i], now);
	if (again && !ev_is_active(&c->look)) {
		ev_timer_set(&c->look, CHECKER_POKE_MS / 1000., 0.);
		ev_timer_start(c->loop, &c->look);
	}
}

/* ---- the turn ---- */

static bool
all_have_results(const struct checker *c)
{
	for (unsigned i = 0; i < c->table.n_servers; i++)
		if (target_is_waiting(&c->target[i]))
			return false;
	return c->table.generation != 0;
}

static void
become_ready(struct checker *c, struct mono now)
{
	if (c->ready || (!all_have_results(c) && mono_diff_ms(c->started, now) < CHECKER_READY_MS))
		return;
	c->ready = true;
	report_services(c, now);
	seg_ready(c->seg, c->h->generation);
}

/* Once a turn, after everything else: first results make ready at once. */
static void
on_turn(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	(void)loop, (void)revents;
	become_ready(w->data, mono_now());
}

static void
on_beat(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct checker *c = w->data;
	const struct shm_proc *me = &c->seg->ro->head.r.proc[c->h->entry];
	struct mono now = mono_now();

	(void)revents;
	seg_beat(c->seg, now);
	if (atomic_load_explicit(&me->want, memory_order_acquire) == WANT_STOP) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	follow_tables(c);
	look(c);
	for (unsigned i = 0; i < c->table.n_servers; i++)
		target_age(&c->target[i], now);
	/* Bytes that came from a server count for some time only. */
	report_services(c, now);
}

static void
on_look(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	look(w->data);
}

static void
on_wake(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct checker *c = w->data;
	uint64_t count;

	(void)!read(w->fd, &count, sizeof count);
	/* Whatever it is about: WANT_STOP, new tables, failed connects. A storm of the latter is
	 * looked at 50 times a second. */
	if (ev_is_active(&c->look))
		return;
	if (mono_diff_ms(c->looked, mono_now()) >= CHECKER_LOOK_MS) {
		ev_invoke(loop, &c->beat, revents);
		return;
	}
	ev_timer_set(&c->look, CHECKER_LOOK_MS / 1000., 0.);
	ev_timer_start(loop, &c->look);
}

/* ---- start and end ---- */

static void
init(struct checker *c, const struct heritage *h)
{
	c->h = h;
	c->seg = h->seg;
	c->started = mono_now();
	c->noise = (uint64_t)c->started.us << 16 ^ (uint64_t)getpid();
	c->noise |= 1;
	/* Services begin as if well, so that only what is not is said. */
	for (unsigned i = 0; i < SHM_SERVICES; i++)
		c->service[i].class = CANDIDATES_UP;
	/* Of its own: the default loop was the master's. Its own backend: the environment does
	 * not choose, and no timerfd: kha has no use for jumps of the wall clock. */
	c->loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_NOTIMERFD | EVBACKEND_EPOLL);
	if (c->loop == NULL)
		fatal("no event loop: %s", strerror(errno));
	ev_set_userdata(c->loop, c);
}

int
checker_main(const struct heritage *h)
{
	static struct checker checker; /* large, and one per process */
	struct checker *c = &checker;
	struct ev_prepare turn;

	/* OpenSSL writes to sockets that the server may have left. */
	signal(SIGPIPE, SIG_IGN);
	if (plan_conf() != h->conf)
		fatal("the checks were not prepared (checker_prepare)");
	init(c, h);
	ev_io_init(&c->wake, on_wake, h->wake_fd, EV_READ);
	ev_timer_init(&c->beat, on_beat, 0., CHECKER_BEAT_MS / 1000.);
	ev_timer_init(&c->look, on_look, 0., 0.);
	ev_prepare_init(&turn, on_turn);
	c->wake.data = c->beat.data = c->look.data = turn.data = c;
	ev_io_start(c->loop, &c->wake);
	ev_timer_start(c->loop, &c->beat);
	ev_prepare_start(c->loop, &turn);
	ev_run(c->loop, 0);
	seg_ready(c->seg, 0);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		target_stop(&c->target[i]);
	ev_loop_destroy(c->loop);
	plan_forget();
	return 0;
}
