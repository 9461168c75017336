/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop of the web process, and what it answers with. */
#include "web/web.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "web/html.h"
#include "web/http.h"
#include "web/page.h"

#define BEAT_MS 250
/* So long those that wait for an answer get it when the process is to stop, looked at so often. Its successor
 * starts after it. */
#define STOP_MS	     500
#define STOP_TURN_MS 5
/* So long a copy of the segment is good enough for the next request too: many clients do not cost more
 * than ten copies a second. */
#define FRESH_MS 100
/* Rates are those since a copy that is this old at least. */
#define RATE_MS 2000

struct web {
	const struct heritage *h;
	struct ev_loop *loop;
	struct ev_timer beat;
	struct ev_io wake;
	struct http http;
	bool stopping;
	struct mono stop_at; /* when it is stopping */
	struct dump *now, *before,
	    *next; /* before, and the one that takes its place; NULL: none yet */
	struct history history;
};

static struct secrets secrets; /* from web_prepare() on */

/* ---- copies of the segment ---- */

static void
keep_for_rates(struct web *w)
{
	if (w->next == NULL) {
		w->next = w->now;
	} else if (mono_diff_ms(w->next->now, w->now->now) >= RATE_MS) {
		free(w->before);
		w->before = w->next;
		w->next = w->now;
	} else {
		free(w->now);
	}
	w->now = NULL;
}

/* NULL: no memory. */
static const struct dump *
fresh(struct web *w, struct mono now)
{
	struct err err;

	if (w->now != NULL && mono_diff_ms(w->now->now, now) < FRESH_MS)
		return w->now;
	if (w->now != NULL)
		keep_for_rates(w);
	err_init(&err);
	w->now = dump_take(w->h->seg, now, wall_ms(), &err);
	return w->now;
}

/* ---- answers ---- */

static void
write_page(struct web *w, const struct dump *d, const struct web_route *r, FILE *out)
{
	const struct conf_status *conf = &w->h->conf->status;
	const struct page page = {
	    .d = d,
	    .before = w->before,
	    .h = &w->history,
	    .path = conf->path,
	    .refresh_ms = conf->refresh,
	    .still = r->still,
	};

	page_write(&page, out);
}

static void
on_answer(void *arg, const struct web_route *r, struct reply *reply, FILE *out)
{
	struct web *w = arg;
	const struct dump *d = NULL;
	struct err err;

	err_init(&err);
	if (r->what == WEB_ALIVE) {
		fputs("ok\n", out);
		return;
	}
	if (r->what == WEB_STYLE) {
		reply->type = "text/css; charset=utf-8";
		fputs(html_style, out);
		return;
	}
	d = fresh(w, mono_now());
	if (d == NULL) {
		reply->status = 500;
		fputs("out of memory\n", out);
		return;
	}
	switch (r->what) {
	case WEB_PAGE:
		reply->type = "text/html; charset=utf-8";
		write_page(w, d, r, out);
		return;
	case WEB_DUMP:
		reply->type = web_dump_type(r->format);
		if (dump_print(d, NULL, r->format, NULL, out, &err) < 0)
			reply->status = 500;
		return;
	default:
		reply->status = web_verdict(d, r, out);
		return;
	}
}

/* ---- the turn ---- */

/* A connection that was accepted is nobody else's: it has its answer before the process ends. */
static void
stop_turn(struct web *w, struct mono now)
{
	if (!w->stopping) {
		w->stopping = true;
		w->stop_at = mono_add_ms(now, STOP_MS);
		http_quiesce(&w->http);
		ev_timer_stop(w->loop, &w->beat);
		ev_timer_set(&w->beat, STOP_TURN_MS / 1000., STOP_TURN_MS / 1000.);
		ev_timer_start(w->loop, &w->beat);
	}
	if (!clients_wait(&w->http.clients) || now.us >= w->stop_at.us)
		ev_break(w->loop, EVBREAK_ALL);
}

static void
on_beat(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	struct web *w = t->data;
	const struct shm_proc *me = &w->h->seg->ro->head.r.proc[w->h->entry];
	struct mono now = mono_now();

	(void)loop, (void)revents;
	seg_beat(w->h->seg, now);
	if (atomic_load_explicit(&me->want, memory_order_acquire) == WANT_STOP) {
		stop_turn(w, now);
		return;
	}
	http_turn(&w->http, now);
	if (history_is_due(&w->history, now) && fresh(w, now) != NULL)
		history_take(&w->history, w->now);
}

static void
on_wake(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct web *w = io->data;
	uint64_t count;

	(void)!read(io->fd, &count, sizeof count);
	ev_invoke(loop, &w->beat, revents);
}

int
web_check(const struct conf *conf, struct err *err)
{
	struct secrets s;
	int rc;

	if (secrets_read(&s, &conf->status, err) < 0)
		return -1;
	rc = http_check(&s, err);
	secrets_free(&s);
	return rc;
}

int
web_prepare(const struct heritage *h, struct err *err)
{
	return secrets_read(&secrets, &h->conf->status, err);
}

int
web_main(const struct heritage *h)
{
	static struct web web; /* large, and one per process */
	struct web *w = &web;

	signal(SIGPIPE, SIG_IGN);
	w->h = h;
	w->loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_NOTIMERFD | EVBACKEND_EPOLL);
	if (w->loop == NULL)
		fatal("no event loop: %s", strerror(errno));
	w->http.conf = &h->conf->status;
	w->http.secrets = &secrets;
	w->http.stat = &h->seg->web->stat;
	w->http.loop = w->loop;
	w->http.answer = on_answer;
	w->http.arg = w;
	ev_timer_init(&w->beat, on_beat, 0., BEAT_MS / 1000.);
	ev_io_init(&w->wake, on_wake, h->wake_fd, EV_READ);
	w->beat.data = w->wake.data = w;
	http_start(&w->http, h);
	ev_timer_start(w->loop, &w->beat);
	ev_io_start(w->loop, &w->wake);
	seg_ready(h->seg, h->generation);
	ev_run(w->loop, 0);
	seg_ready(h->seg, 0);
	http_stop(&w->http);
	free(w->now);
	free(w->before);
	free(w->next);
	secrets_free(&secrets);
	ev_loop_destroy(w->loop);
	return 0;
}
