/* SPDX-License-Identifier: BSD-2-Clause */
/* What the checker says: one line for each change of state with everything that was known in
 * that moment, one for each new warning with its cure, one when a service runs out of servers. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "checker/internal.h"
#include "shm/stat.h"

#define NAME_MAX_TEXT (2 * SHM_NAME + 2)

static const struct shm_service *
service_of(const struct target *t)
{
	return &t->c->table.service[t->row.service];
}

static const char *
name(const struct target *t, char buf[NAME_MAX_TEXT])
{
	snprintf(
	    buf, NAME_MAX_TEXT, "%.*s/%.*s", SHM_NAME, service_of(t)->name, SHM_NAME, t->row.name);
	return buf;
}

/* ---- a server ---- */

/* Servers of a service that are UP and wanted, without or with backup. */
static unsigned
count_up(const struct checker *c, unsigned service, bool backup)
{
	const struct shm_server *s;
	unsigned n = 0;

	for (unsigned i = 0; i < c->table.n_servers; i++) {
		s = &c->table.server[i];
		n += s->state == ROW_ACTIVE && s->service == service && s->admin == ADMIN_READY &&
		     (s->backup != 0) == backup && target_state(c, i) == STATE_UP;
	}
	return n;
}

/* What made the state: ", 3 of 3 failed" */
static void
state_cause(const struct target *t, const struct verdict *was, char *buf, size_t size)
{
	const struct verdict *v = &t->verdict;

	if (was->first)
		snprintf(buf, size, ", first check");
	else if (v->state == STATE_HUNG)
		snprintf(buf, size, ", no byte from it for %llds",
		    (long long)(service_of(t)->hung_after_ms + 500) / 1000);
	else if (v->state == STATE_NOTREADY && was->state == STATE_HUNG)
		snprintf(buf, size, ", no longer hung");
	else if (v->state == STATE_DOWN && was->refused.us != 0)
		snprintf(buf, size, ", twice, and workers met it");
	else if (v->state == STATE_UP)
		snprintf(buf, size, ", %d of %d passed", v->rise, v->rise);
	else
		snprintf(buf, size, ", %d of %d failed", v->fall, v->fall);
}

void
report_state(const struct target *t, const struct verdict *was)
{
	const struct checker *c = t->c;
	bool up = t->verdict.state == STATE_UP;
	char who[NAME_MAX_TEXT], took[64], cause[64];

	took[0] = cause[0] = '\0';
	if (t->plan.check->type != CHECK_NONE) {
		snprintf(took, sizeof took, ", check took %dms", t->cell.check_ms);
		state_cause(t, was, cause, sizeof cause);
	}
	log_at(up ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
	    "server %s is %s: %s %s%s%s; %u UP, %u backup servers left, %llu connections, %llu queued",
	    name(t, who), server_state_name(t->verdict.state), check_result_name(t->cell.result),
	    t->cell.text, cause, took, count_up(c, t->row.service, false),
	    count_up(c, t->row.service, true),
	    (unsigned long long)stat_server_active(c->seg, t->index),
	    (unsigned long long)stat_service_queued(c->seg, t->row.service));
}

/* All servers of a service answer 404, or do not speak TLS: none is UP, or it was a moment's fault,
 * as a handshake that the death of the server cut. */
static bool
all_foreign(const struct checker *c, unsigned service)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->table.n_servers; i++) {
		const struct target *t = &c->target[i];

		if (!t->used || t->row.service != service || t->row.admin == ADMIN_MAINT)
			continue;
		if ((t->cell.warn & HEALTH_WARN_FOREIGN) == 0 || t->cell.state == STATE_UP)
			return false;
		n++;
	}
	return n > 0;
}

void
report_inherit(struct checker *c)
{
	for (unsigned s = 0; s < c->table.n_services; s++)
		c->service[s].foreign = all_foreign(c, s);
}

static void
report_foreign(struct target *t)
{
	struct service_report *said = &t->c->service[t->row.service];
	const char *service = service_of(t)->name;

	if (check_result_passed(t->cell.result))
		said->foreign = false;
	if (said->foreign || !all_foreign(t->c, t->row.service))
		return;
	said->foreign = true;
	log_warning("is %.*s an API server? preset = \"tcp\" checks the port only "
		    "(%s answered by all of its servers: %s)",
	    SHM_NAME, service, check_result_name(t->cell.result), t->cell.text);
}

void
report_result(struct target *t, const struct shm_health *before, const struct probe_outcome *o)
{
	uint32_t fresh = o->warn & ~t->warned;
	char who[NAME_MAX_TEXT];

	name(t, who);
	if (fresh & HEALTH_WARN_AUTH)
		log_warning("server %s: %s, so it is alive but its readiness is unknown: "
			    "allow anonymous requests to %s (AuthenticationConfiguration, "
			    "anonymous.conditions, KEP-4633), or set check.cert and check.key",
		    who, o->text, t->plan.check->path);
	if (fresh & HEALTH_WARN_CERT)
		log_warning("server %s: %s; it is used all the same (check.verify = \"warn\")", who,
		    o->warning);
	if (o->result == RESULT_SOCKERR && before->result != RESULT_SOCKERR)
		log_warning("server %s cannot be checked: %s on this machine; it stays %s", who,
		    o->text, server_state_name(t->verdict.state));
	/* What was said stays said until a check passes without it. */
	t->warned = check_result_passed(o->result) ? o->warn : t->warned | o->warn;
	report_foreign(t);
}

/* ---- a service ---- */

static void
report_class(struct checker *c, unsigned service, enum candidates class, unsigned n)
{
	struct service_report *said = &c->service[service];
	const char *who = c->table.service[service].name;
	enum candidates before = said->class;

	if (class == before)
		return;
	said->class = class;
	switch (class) {
	case CANDIDATES_NONE:
		log_err("service %.*s has no usable server", SHM_NAME, who);
		break;
	case CANDIDATES_FAIL_OPEN:
		log_err("service %.*s: FAIL-OPEN: no server passes its check; "
			"serving those that accept connections or sent a byte lately (%u)",
		    SHM_NAME, who, n);
		break;
	case CANDIDATES_BACKUP:
		log_warning("service %.*s: only backup servers are UP (%u)", SHM_NAME, who, n);
		break;
	case CANDIDATES_UP:
		log_notice("service %.*s recovered: %u %s UP", SHM_NAME, who, n,
		    n == 1 ? "server is" : "servers are");
		break;
	}
}

void
report_services(struct checker *c, struct mono now)
{
	static uint8_t state[SHM_SERVERS];
	static uint64_t last_byte_ms[SHM_SERVERS];
	uint16_t list[SHM_SERVERS];
	enum candidates class;
	unsigned n;

	if (!c->ready)
		return;
	for (unsigned i = 0; i < c->table.n_servers; i++) {
		state[i] = (uint8_t)target_state(c, i);
		last_byte_ms[i] = state[i] == STATE_DOWN ? stat_server_last_byte(c->seg, i) : 0;
	}
	for (unsigned s = 0; s < c->table.n_services; s++) {
		if (c->table.service[s].state != ROW_ACTIVE) {
			c->service[s].class = CANDIDATES_UP;
			continue;
		}
		class = health_candidates(&c->table, s, state, last_byte_ms, now, list, &n);
		report_class(c, s, class, n);
	}
}
