/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/cli_top_look.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* So long it is said that another daemon runs now. */
#define NEWS_MS 10000

static void
replace(struct looks *l, struct dump *now, struct dump *before)
{
	if (l->before != before)
		free(l->before);
	if (l->now != before && l->now != now)
		free(l->now);
	l->now = now;
	l->before = before;
}

static bool
same_daemon(const struct dump *a, const struct dump *b)
{
	return a->info.pid == b->info.pid && a->info.start_us == b->info.start_us;
}

/* Quietly: what is wrong becomes the notice. After a restart the segment is another file, so it is
 * opened each time. */
static struct dump *
take(struct looks *l, struct err *err)
{
	struct dump *d;
	struct seg seg;

	if (seg_attach(&seg, l->run_dir, err) < 0)
		return NULL;
	d = dump_take(&seg, mono_now(), wall_ms(), err);
	seg_close(&seg);
	return d;
}

void
looks_again(struct looks *l)
{
	struct err err;
	struct dump *d;

	err_init(&err);
	d = take(l, &err);
	l->notice[0] = '\0';
	if (d == NULL) {
		l->gone = true;
		replace(l, l->now, NULL);
		snprintf(l->notice, sizeof l->notice, "%s; waiting for a daemon", err_end(&err));
		return;
	}
	if (!same_daemon(d, l->now)) {
		l->new_since = d->now;
		replace(l, d, NULL);
	} else if (d->daemon == DAEMON_GONE) {
		replace(l, d, NULL); /* nothing moves any more */
	} else {
		replace(l, d, l->now);
	}
	l->gone = d->daemon == DAEMON_GONE;
	if (l->gone)
		snprintf(l->notice, sizeof l->notice,
		    "the daemon (pid %" PRId32
		    ") is gone, this is what it left; waiting for another",
		    d->info.pid);
	else if (l->new_since.us != 0 && mono_diff_ms(l->new_since, d->now) < NEWS_MS)
		snprintf(l->notice, sizeof l->notice,
		    "another daemon runs now (pid %" PRId32 "): its counters began at 0",
		    d->info.pid);
}

void
looks_end(struct looks *l)
{
	replace(l, NULL, NULL);
}
