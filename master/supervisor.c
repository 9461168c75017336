/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/supervisor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "master/internal.h"
#include "master/summary.h"
#include "shm/health.h"

#define LOOK_MS 1000
/* While a start or an end goes on, its limit is moved on, by more than a turn of the loop may take. */
#define EXTEND_EACH_MS 1000
#define EXTEND_BY_MS   15000

static const char READY[] = "READY=1", RELOADING[] = "RELOADING=1", STOPPING[] = "STOPPING=1";

/* Line ends would begin another message. */
static void
one_line(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%.*s", (int)strcspn(text, "\n"), text);
}

static void
make_status(const struct master *m, char *text, size_t size)
{
	static struct shm_vip vip[SHM_VIPS];
	uint8_t shown[SHM_SERVERS] = {0};
	struct shm_health h;
	unsigned n = 0;

	if (m->stopping != STOP_NOT) {
		snprintf(text, size, "%s",
		    m->stopping == STOP_DRAIN ? "quitting: waits for connections to end"
					      : "stopping");
		return;
	}
	for (unsigned i = 0; i < m->table.n_servers; i++) {
		health_load(&m->seg, i, m->table.server[i].id, &h);
		shown[i] = (uint8_t)health_shown(&m->table.server[i], (enum server_state)h.state);
	}
	for (unsigned i = 0; i < SHM_VIPS; i++)
		if (SEQ_LOAD(&m->seg.ro->vrrp.r.vip[i], &vip[n]) && vip[n].name[0] != '\0')
			n++;
	summary_print(text, size, &m->table, shown, vip, n);
	if (*m->supervisor.refused != '\0')
		snprintf(text + strlen(text), size - strlen(text),
		    "; the last reload was refused: %s", m->supervisor.refused);
}

/* What did not get through is said again at the next turn. */
static void
tell(struct master *m)
{
	struct supervisor *s = &m->supervisor;
	char text[SUPERVISOR_STATUS + 128], since[64] = "";

	if (s->word == RELOADING)
		snprintf(since, sizeof since, "MONOTONIC_USEC=%" PRId64 "\n", mono_now().us);
	s->looked = mono_now();
	make_status(m, s->status, sizeof s->status);
	snprintf(text, sizeof text, "%s\n%sSTATUS=%s", s->word, since, s->status);
	s->told = sd_notify_send(&s->sd, text) == 0;
}

static void
change(struct master *m, const char *word)
{
	if (m->supervisor.sd.fd < 0)
		return;
	m->supervisor.word = word;
	tell(m);
}

void
supervisor_init(struct master *m)
{
	struct err err;

	err_init(&err);
	if (sd_notify_open(&m->supervisor.sd, &err) < 0)
		log_warning("%s", err_end(&err));
	m->supervisor.extended = mono_now();
}

void
supervisor_ready(struct master *m)
{
	m->supervisor.fed = mono_now();
	change(m, READY);
}

void
supervisor_reloading(struct master *m)
{
	change(m, RELOADING);
}

void
supervisor_reloaded(struct master *m, const char *why)
{
	one_line(m->supervisor.refused, sizeof m->supervisor.refused, why != NULL ? why : "");
	change(m, READY);
}

void
supervisor_stopping(struct master *m)
{
	change(m, STOPPING);
}

static bool
serves(const struct master *m, struct mono now)
{
	for (unsigned i = ENTRY_WORKER0; i < SHM_ENTRIES; i++)
		if (seg_worker_serves(&m->seg, i, now))
			return true;
	return false;
}

/* Twice in the time that is given, at the beat that is nearest. At the end the workers go first: then
 * the loop alone counts. */
static void
feed(struct master *m, struct mono now)
{
	struct supervisor *s = &m->supervisor;

	if (s->sd.watchdog_ms == 0 ||
	    mono_diff_ms(s->fed, now) + MASTER_BEAT_MS / 2 < s->sd.watchdog_ms / 2 ||
	    (m->stopping == STOP_NOT && !serves(m, now)))
		return;
	if (sd_notify_send(&s->sd, "WATCHDOG=1") == 0)
		s->fed = now;
}

static void
extend(struct supervisor *s, struct mono now)
{
	char text[64];

	if (mono_diff_ms(s->extended, now) < EXTEND_EACH_MS)
		return;
	s->extended = now;
	snprintf(text, sizeof text, "EXTEND_TIMEOUT_USEC=%d", EXTEND_BY_MS * 1000);
	(void)sd_notify_send(&s->sd, text);
}

/* Tells the sentence when it is another one than before. */
static void
refresh(struct master *m, struct mono now)
{
	struct supervisor *s = &m->supervisor;
	char status[SUPERVISOR_STATUS], text[SUPERVISOR_STATUS + 16];

	s->looked = now;
	make_status(m, status, sizeof status);
	if (strcmp(status, s->status) == 0)
		return;
	snprintf(text, sizeof text, "STATUS=%s", status);
	if (sd_notify_send(&s->sd, text) == 0)
		memcpy(s->status, status, sizeof status);
}

void
supervisor_turn(struct master *m, struct mono now)
{
	struct supervisor *s = &m->supervisor;

	if (s->sd.fd < 0)
		return;
	if (s->word == NULL || s->word == STOPPING)
		extend(s, now);
	if (s->word == NULL)
		return;
	feed(m, now);
	if (!s->told)
		tell(m);
	else if (mono_diff_ms(s->looked, now) >= LOOK_MS)
		refresh(m, now);
}

void
supervisor_fini(struct master *m)
{
	struct supervisor *s = &m->supervisor;
	char text[SUPERVISOR_STATUS];

	if (m->exit_code != 0 && m->failure != NULL) {
		one_line(s->status, sizeof s->status, m->failure);
		snprintf(text, sizeof text, "STATUS=failed: %.500s", s->status);
		(void)sd_notify_send(&s->sd, text);
	}
	sd_notify_close(&s->sd);
}
