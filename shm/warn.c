/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person should know about the daemon, from a dump (shm/dump.h). */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/fmt.h"

/* Clocks that are read one after the other, and start_us taken a little after the
 * fork. */
#define SLACK_MS 2000

struct say {
	void (*fn)(void *arg, const char *line);
	void *arg;
};

__attribute__((format(printf, 2, 3))) static void
say(const struct say *s, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	s->fn(s->arg, line);
}

/* State letter and age of a process by /proc/PID/stat (proc(5), fields 3 and 22). false:
 * it cannot be told, as in a chroot. */
static bool
process_facts(int32_t pid, char *state, int64_t *age_ms)
{
	char path[32], line[1024], *field;
	unsigned long long ticks;
	struct timespec now;
	FILE *f;
	bool got;

	snprintf(path, sizeof path, "/proc/%" PRId32 "/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	got = fgets(line, sizeof line, f) != NULL;
	fclose(f);
	/* The name in ( ) may hold anything, also ")". */
	field = got ? strrchr(line, ')') : NULL;
	if (field == NULL || field[1] != ' ')
		return false;
	*state = field[2];
	for (int i = 3; i <= 22 && field != NULL; i++)
		field = strchr(field + 1, ' ');
	if (field == NULL)
		return false;
	ticks = strtoull(field, NULL, 10);
	clock_gettime(CLOCK_BOOTTIME, &now);
	*age_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 -
		  (int64_t)(ticks * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
	return true;
}

enum dump_daemon
dump_judge(const struct shm_info *info, int64_t beat_us, struct mono now)
{
	int64_t up_ms = mono_diff_ms((struct mono){info->start_us}, now), age_ms;
	char state;

	if (info->pid <= 0 || (kill(info->pid, 0) < 0 && errno == ESRCH))
		return DAEMON_GONE;
	/* The number may be somebody else's by now: then that process is younger, or the
	 * segment is left over from before a reboot. */
	if (up_ms < -SLACK_MS)
		return DAEMON_GONE;
	if (process_facts(info->pid, &state, &age_ms) &&
	    (state == 'Z' || state == 'X' || age_ms + SLACK_MS < up_ms))
		return DAEMON_GONE;
	if (beat_us != 0 && mono_diff_ms((struct mono){beat_us}, now) > DUMP_STALE_MS)
		return DAEMON_SILENT;
	return DAEMON_RUNS;
}

static void
warn_daemon(const struct dump *d, const struct say *s)
{
	char age[FMT_HUMAN];

	if (d->daemon == DAEMON_GONE)
		say(s,
		    "daemon is not running (pid %" PRId32 " is gone): what follows is what it left",
		    d->info.pid);
	else if (d->daemon == DAEMON_SILENT)
		say(s, "master does not answer: heartbeat %s old (pid %" PRId32 ")",
		    fmt_span(fmt_age_ms(d, d->beat_us), age), d->info.pid);
	if (d->torn_table)
		say(s, "the master stopped while it wrote the tables: rows may be mixed up");
	if (d->torn_sum)
		say(s, "the master stopped while it moved counters: one dead worker's "
		       "may be "
		       "counted twice or not at all");
}

static void
warn_vips(const struct dump *d, const struct say *s)
{
	for (unsigned i = 0; i < d->n_vips; i++) {
		if (d->vip[i].fault[0] != '\0')
			say(s, "vip %s: %s", d->vip[i].name, d->vip[i].fault);
		if (d->vip[i].degraded[0] != '\0')
			say(s, "vip %s: DEGRADED: adverts of a peer do not fit ours: %s",
			    d->vip[i].name, d->vip[i].degraded);
	}
}

static void
warn_services(const struct dump *d, const struct say *s)
{
	for (unsigned i = 0; i < d->n_services; i++) {
		const struct dump_service *v = &d->services[i];
		const struct shm_service *row = &d->table.service[v->index];

		if (row->state != ROW_ACTIVE)
			continue;
		if (v->serving == CANDIDATES_NONE)
			say(s, "service %s has no usable server: connections are refused",
			    row->name);
		else if (v->serving == CANDIDATES_FAIL_OPEN)
			say(s,
			    "service %s fails open: no server is UP, %u that may still "
			    "work get "
			    "connections",
			    row->name, v->candidates);
		else if (v->serving == CANDIDATES_BACKUP)
			say(s, "service %s runs on backup servers", row->name);
	}
}

/* Days before its end at which a certificate is spoken of: a month, in which somebody may be on
 * holidays. */
#define CERT_DAYS 30

/* True: it is over, which is worse than anything else about it. */
static bool
warn_cert_age(const struct dump *d, const struct say *s, const char *service, const char *name,
    int64_t not_after)
{
	int64_t left_ms = not_after * 1000 - d->wall_ms;
	char span[FMT_HUMAN];

	if (not_after == 0 || left_ms > (int64_t)CERT_DAYS * 86400 * 1000)
		return false;
	if (left_ms > 0) {
		say(s, "server %s/%s: its certificate ends in %s: renew it", service, name,
		    fmt_span(left_ms, span));
		return false;
	}
	say(s,
	    "server %s/%s: its certificate ended %s ago: renew it, clients that verify refuse it",
	    service, name, fmt_span(-left_ms, span));
	return true;
}

static void
warn_server(const struct dump *d, const struct say *s, const char *service, unsigned index)
{
	const struct shm_health *h = &d->health[index];
	const char *name = d->table.server[index].name;

	if (h->warn & HEALTH_WARN_AUTH)
		say(s,
		    "server %s/%s answers the check with %u: alive, but readiness is unknown (give "
		    "check.cert and check.key, or let the path be read without authentication)",
		    service, name, h->code);
	if (!warn_cert_age(d, s, service, name, h->cert_not_after) && h->warn & HEALTH_WARN_CERT)
		say(s,
		    "server %s/%s: its certificate does not verify, it is used all the same "
		    "(check.verify = \"warn\")",
		    service, name);
}

/* All servers of a service answer 404 or do not speak TLS. */
static void
warn_foreign(const struct dump *d, const struct say *s, const struct dump_service *v)
{
	const struct shm_health *h = NULL;

	for (unsigned k = 0; k < v->n; k++) {
		unsigned index = d->servers[v->first + k];

		if (d->table.server[index].state != ROW_ACTIVE ||
		    d->table.server[index].admin == ADMIN_MAINT)
			continue;
		h = &d->health[index];
		if ((h->warn & HEALTH_WARN_FOREIGN) == 0 || h->state == STATE_UP)
			return;
	}
	if (h != NULL)
		say(s,
		    "is %s an API server? preset = \"tcp\" checks the port only (%s from all of its "
		    "servers: %s)",
		    d->table.service[v->index].name,
		    check_result_name((enum check_result)h->result), h->text);
}

static void
warn_servers(const struct dump *d, const struct say *s)
{
	for (unsigned i = 0; i < d->n_services; i++) {
		const struct dump_service *v = &d->services[i];

		warn_foreign(d, s, v);
		for (unsigned k = 0; k < v->n; k++)
			if (d->table.server[d->servers[v->first + k]].state == ROW_ACTIVE)
				warn_server(d, s, d->table.service[v->index].name,
				    d->servers[v->first + k]);
	}
}

static void
warn_procs(const struct dump *d, const struct say *s)
{
	const struct fmt_procs workers = fmt_count(d, PROC_WORKER);
	char name[64], age[FMT_HUMAN];

	if (d->daemon != DAEMON_GONE && workers.ready == 0)
		say(s, "no worker is ready: nothing is proxied");
	for (unsigned i = 0; i < d->n_procs && d->daemon != DAEMON_GONE; i++) {
		const struct dump_proc *p = &d->proc[i];
		int64_t since = p->beat_us != 0 ? p->beat_us : p->started_us;

		snprintf(name, sizeof name, "%s", proc_kind_name((enum proc_kind)p->kind));
		if (p->kind == PROC_WORKER)
			snprintf(name, sizeof name, "worker %" PRIu32 " of generation %" PRIu32,
			    p->slot, p->generation);
		if (p->pid == 0)
			say(s, "%s is not running", name);
		else if (since != 0 && fmt_age_ms(d, since) > DUMP_STALE_MS)
			say(s, "%s (pid %" PRId32 ") does not answer: heartbeat %s old", name,
			    p->pid, fmt_span(fmt_age_ms(d, since), age));
	}
	if (workers.draining > 0)
		say(s, "%u old %s with %" PRIu64 " %s", workers.draining,
		    workers.draining == 1 ? "worker drains" : "workers drain",
		    workers.draining_active,
		    workers.draining_active == 1 ? "connection" : "connections");
}

void
dump_warnings(const struct dump *d, void (*fn)(void *arg, const char *line), void *arg)
{
	const struct say s = {fn, arg};
	char age[FMT_HUMAN];

	warn_daemon(d, &s);
	warn_services(d, &s);
	warn_vips(d, &s);
	warn_procs(d, &s);
	if (d->info.reload_wall_ms != 0 && d->info.reload_ok == 0)
		say(&s,
		    "last reload failed, %s ago: the configuration before it is in "
		    "effect",
		    fmt_span(d->wall_ms - d->info.reload_wall_ms, age));
	warn_servers(d, &s);
	if (d->log_dropped > 0)
		say(&s, "%" PRIu64 " log %s lost", d->log_dropped,
		    d->log_dropped == 1 ? "line was" : "lines were");
}
