/* SPDX-License-Identifier: BSD-2-Clause */
/* The vrrp process: its loop, which beats, watches the workers, and keeps the deadlines. */
#include "vrrp/vrrp.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "shm/stat.h"
#include "vrrp/internal.h"

/* A turn that is so late, and this process or the machine stood still. */
#define PAUSE_NS (VRRP_SECOND / 2)
#define LOOK_NS	 (VRRP_SECOND / 50) /* between two looks at links and addresses */

static struct announcer prepared = {.packet_fd = -1, .icmp6_fd = -1};

/* The R flag of neighbour advertisements (RFC 4861 4.4). */
static bool
forwards_ipv6(void)
{
	FILE *f = fopen("/proc/sys/net/ipv6/conf/all/forwarding", "re");
	int c = f != NULL ? getc(f) : '0';

	if (f != NULL)
		fclose(f);
	return c == '1';
}

int
vrrp_prepare(const struct heritage *h, struct err *err)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	const struct rlimit spin = {1000000, 2000000}; /* us */
	const struct sched_param rr = {.sched_priority = 1};
	int rc = announcer_open(&prepared);

	(void)h;
	prepared.router = forwards_ipv6();
	if (rc != 0) {
		errno = rc;
		return err_addsys(err, "vips: packet socket (CAP_NET_RAW?)");
	}
	/* On time also on a busy machine; where it is not allowed, without. One that spins must not keep
	 * the core. */
	(void)setrlimit(RLIMIT_RTTIME, &spin);
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &rr) < 0)
		log_info("vips: no real-time priority: %s", strerror(errno));
	/* ONFAULT: the segment is large and mostly empty. Under a limit, later allocations of an
	 * unprivileged process would fail. */
	if (setrlimit(RLIMIT_MEMLOCK, &all) < 0 ||
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		log_info("vips: memory is not locked: %s", strerror(errno));
	return 0;
}

/* ---- begin and end of a VIP ---- */

bool
vip_may_adopt(const struct vip *p, int64_t now)
{
	const struct vrrp *v = p->v;
	int64_t sent = 1000 * atomic_load_explicit(
				  &v->seg->ro->vrrp.r.sent_us[p->cell_index], memory_order_relaxed);

	/* Later the others have taken over. */
	return p->election.state == VRRP_STATE_INIT && p->leased_at > 0 && !v->stopping &&
	       now - sent < VRRP_LOST * p->plan.router.interval_ns &&
	       (p->plan.lifetime_s == 0 || now - p->leased_at < p->plan.router.lifetime_ns / 2);
}

static void
start_vips(struct vrrp *v, int64_t now)
{
	const struct vrrp_event release = {.kind = VRRP_EV_RELEASE};
	struct vrrp_event ev = {.kind = VRRP_EV_START};
	struct vip *p;

	for (unsigned i = 0; i < v->n; i++) {
		p = &v->vip[i];
		if (v->stopping || p->leaving || p->faults != 0 || !p->plan.takes_part ||
		    p->election.state != VRRP_STATE_INIT)
			continue;
		ev.kind = p->some_present && vip_may_adopt(p, now) ? VRRP_EV_ADOPT : VRRP_EV_START;
		ev.source = p->wire.self;
		ev.interval_ns = (int64_t)p->owner_advert_ms * 1000000;
		p->leased_at = ev.kind == VRRP_EV_ADOPT ? p->leased_at : 0;
		vip_event(p, &ev);
		if (p->released)
			vip_event(p, &release);
		p->released = false;
	}
}

void
vip_know_self(struct vip *p)
{
	struct shm_vip cell = p->cell;

	plan_vip(&p->plan, p->v->h->conf, p->plan.conf, p->v->self);
	vrrp_election_init(&p->election, &p->plan.router);
	p->tracked = p->plan.priority;
	if (!p->plan.takes_part && p->leased_at > 0)
		hold_delete(p); /* what an earlier process had */
	cell.base_priority = p->plan.priority;
	cell.n_peers = p->plan.n_peers;
	p->cell = cell;
}

/* ---- the turn ---- */

static void
arm(struct vrrp *v)
{
	struct itimerspec when = {.it_value = {0, 1}};
	int64_t first = v->look_at, one;

	for (unsigned i = 0; i < v->n; i++) {
		one = vip_deadline(&v->vip[i]);
		if (one < first)
			first = one;
	}
	if (v->no_worker_at != VRRP_NEVER && v->no_worker_at + NO_WORKER_NS < first &&
	    v->no_worker_at + NO_WORKER_NS > v->turned_at)
		first = v->no_worker_at + NO_WORKER_NS;
	if (first == VRRP_NEVER)
		when.it_value.tv_nsec = 0; /* off; the beat goes on */
	else if (first > 0)
		when.it_value = (struct timespec){first / VRRP_SECOND, first % VRRP_SECOND};
	(void)timerfd_settime(v->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* First what came in while nobody looked, then the deadlines. */
static void
turn(struct vrrp *v)
{
	int64_t now = vrrp_now(), pause = now - v->turned_at;
	struct vrrp_event resumed = {.kind = VRRP_EV_RESUMED, .pause_ns = pause};

	v->turned_at = now;
	for (unsigned i = 0; i < v->n; i++) {
		if (pause > PAUSE_NS)
			vip_event(&v->vip[i], &resumed);
		vip_receive(&v->vip[i]);
	}
	if (now >= v->look_at) {
		v->look_at = VRRP_NEVER;
		v->looked_at = now;
		place_look(v);
	}
	watch_workers(v, now);
	watch_scripts(v);
	group_faults(v);
	start_vips(v, now);
	for (unsigned i = 0; i < v->n && !v->stopping; i++)
		vip_obey(&v->vip[i]);
	for (unsigned i = 0; i < v->n; i++)
		vip_turn(&v->vip[i], vrrp_now());
	group_faults(v);
	arm(v);
}

static void
end_when_done(struct vrrp *v)
{
	for (unsigned i = 0; i < v->n; i++)
		if (v->vip[i].plan.takes_part && (!v->vip[i].done || vip_is_going(&v->vip[i])))
			return;
	ev_break(v->loop, EVBREAK_ALL);
}

static void
follow_orders(struct vrrp *v)
{
	const struct shm_proc *me = &v->seg->ro->head.r.proc[v->h->entry];
	const struct vrrp_event stop = {.kind = VRRP_EV_STOP};

	switch (atomic_load_explicit(&me->want, memory_order_acquire)) {
	case WANT_DRAIN: /* the successor adopts */
		ev_break(v->loop, EVBREAK_ALL);
		return;
	case WANT_STOP:
		if (!v->stopping) {
			v->stopping = true;
			for (unsigned i = 0; i < v->n; i++) {
				v->vip[i].leaving = true;
				vip_event(&v->vip[i], &stop);
			}
		}
		end_when_done(v);
		return;
	default:
		return;
	}
}

static void
on_timer(struct ev_loop *loop, struct ev_io *io, int revents)
{
	uint64_t count;

	(void)loop, (void)revents;
	(void)!read(io->fd, &count, sizeof count); /* the turn does the rest */
}

static void
on_wake(struct ev_loop *loop, struct ev_io *io, int revents)
{
	on_timer(loop, io, revents);
}

/* A dump of a machine with thousands of addresses takes milliseconds, and there they change often. */
static void
look_soon(struct vrrp *v)
{
	int64_t when = v->looked_at + LOOK_NS;

	if (when < v->look_at)
		v->look_at = when;
}

static void
on_link(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct vrrp *v = io->data;

	(void)loop, (void)revents;
	if (link_read(v->link) != 0)
		look_soon(v);
}

/* Also looks where events may have been missed, or a join failed. */
static void
on_beat(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct vrrp *v = w->data;
	bool again = false;

	(void)loop, (void)revents;
	seg_beat(v->seg, mono_now());
	for (unsigned i = 0; i < v->n; i++) {
		again = again || (v->vip[i].faults & (FAULT_LINK | FAULT_TRACKED)) ||
			vip_has_left_over(&v->vip[i]);
		vip_publish(&v->vip[i]); /* who was heard, and when */
	}
	if (again || v->self < 0)
		look_soon(v);
}

/* ---- the death of the master ---- */

/* Not a watcher of libev: signals belong to the loop that the master had. */
static int told_fd;

static void
on_term(int sig)
{
	const uint64_t one = 1;
	int saved = errno;

	(void)sig;
	(void)!write(told_fd, &one, sizeof one);
	errno = saved;
}

/* The master is dead, and with it all others will be in a moment. */
static void
look_at_master(struct vrrp *v)
{
	if (getppid() == v->master)
		return; /* SIGTERM was somebody's kill: the master decides */
	log_err("the master is dead: letting go of all VIPs");
	for (unsigned i = 0; i < v->n; i++)
		vip_abandon(&v->vip[i]);
	ev_break(v->loop, EVBREAK_ALL);
}

static void
on_turn(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	struct vrrp *v = w->data;

	(void)loop, (void)revents;
	turn(v);
	follow_orders(v);
	look_at_master(v);
	arm(v);
}

/* ---- start and end ---- */

/* Cells keep their names over reloads and restarts. */
static void
make_vips(struct vrrp *v)
{
	const struct conf *conf = v->h->conf;
	struct shm_vip old[SHM_VIPS];
	bool taken[SHM_VIPS] = {false};
	unsigned cell[SHM_VIPS];

	for (unsigned k = 0; k < SHM_VIPS; k++)
		if (!SEQ_LOAD(&v->seg->ro->vrrp.r.vip[k], &old[k]))
			old[k].name[0] = '\0';
	for (unsigned i = 0; i < conf->n_vips; i++) {
		cell[i] = SHM_VIPS;
		for (unsigned k = 0; k < SHM_VIPS && cell[i] == SHM_VIPS; k++)
			if (strncmp(old[k].name, conf->vips[i].name, SHM_NAME) == 0)
				cell[i] = k;
		if (cell[i] < SHM_VIPS)
			taken[cell[i]] = true;
	}
	for (unsigned k = 0; k < SHM_VIPS; k++)
		if (!taken[k] && old[k].name[0] != '\0') {
			if (vrrp_state_serves((enum vrrp_state)old[k].state) || old[k].present)
				hold_forget(v, &old[k], NULL);
			old[k] = (struct shm_vip){.n_addresses = 0};
			SEQ_STORE(&v->seg->vrrp->vip[k], &old[k]);
			stat_clear_rows(STAT_SET_VIP, &v->seg->vrrp->stat[k]);
		}
	for (unsigned i = 0; i < conf->n_vips; i++) {
		for (unsigned k = 0; k < SHM_VIPS && cell[i] == SHM_VIPS; k++)
			if (!taken[k])
				cell[i] = k;
		taken[cell[i]] = true;
		vip_init(&v->vip[v->n++], v, cell[i], &conf->vips[i]);
	}
}

static void
start(struct vrrp *v, const struct heritage *h)
{
	struct err err;

	err_init(&err);
	v->h = h;
	v->seg = h->seg;
	v->self = h->conf->self;
	v->master = h->master;
	v->announcer = prepared;
	v->turned_at = vrrp_now();
	v->no_worker_at = VRRP_NEVER;
	v->loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_NOTIMERFD | EVBACKEND_EPOLL);
	v->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	v->link = link_open(&err);
	if (v->loop == NULL || v->timer_fd < 0 || v->link == NULL)
		fatal("vips: %s", err.count > 0 ? err_end(&err) : strerror(errno));
}

int
vrrp_main(const struct heritage *h)
{
	static struct vrrp vrrp; /* large, and one */
	struct vrrp *v = &vrrp;
	struct ev_prepare each;

	start(v, h);
	ev_io_init(&v->wake, on_wake, h->wake_fd, EV_READ);
	ev_io_init(&v->timer_io, on_timer, v->timer_fd, EV_READ);
	ev_io_init(&v->link_io, on_link, link_fd(v->link), EV_READ);
	ev_timer_init(&v->beat, on_beat, 0., VRRP_BEAT_MS / 1000.);
	ev_prepare_init(&each, on_turn);
	v->wake.data = v->timer_io.data = v->link_io.data = v->beat.data = each.data = v;
	told_fd = h->wake_fd;
	sigaction(
	    SIGTERM, &(struct sigaction){.sa_handler = on_term, .sa_flags = SA_RESTART}, NULL);
	make_vips(v);
	ev_io_start(v->loop, &v->wake);
	ev_io_start(v->loop, &v->timer_io);
	ev_io_start(v->loop, &v->link_io);
	ev_timer_start(v->loop, &v->beat);
	ev_prepare_start(v->loop, &each);
	v->look_at = 0;
	turn(v);
	seg_ready(v->seg, h->generation);
	ev_run(v->loop, 0);
	seg_ready(v->seg, 0);
	for (unsigned i = 0; i < v->n; i++)
		vip_leave(&v->vip[i]);
	link_close(v->link);
	announcer_close(&v->announcer);
	return 0;
}
