/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/route.h"

#include <string.h>

#include "shm/fmt.h"

/* PATH or PATH;WORD;WORD, as HAProxy's page has it. Returns what follows the path. */
static const char *
after(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(path, prefix, n) != 0 || (path[n] != '\0' && path[n] != ';'))
		return NULL;
	return path + n;
}

static bool
has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (; *words == ';'; words += strcspn(words, ";")) {
		words++;
		if (strncmp(words, word, n) == 0 && (words[n] == '\0' || words[n] == ';'))
			return true;
	}
	return false;
}

/* A format in the query is meant: an unknown one gets no page instead. */
static void
route_page(const struct web_request *q, const char *words, struct web_route *r)
{
	r->secret = true;
	r->what = WEB_DUMP;
	if (q->format != NULL && strcmp(q->format, "html") != 0) {
		if (!dump_format_parse(q->format, &r->format))
			r->what = WEB_NOTHING;
	} else if (has_word(words, "csv")) {
		r->format = DUMP_CSV;
	} else if (has_word(words, "json")) {
		r->format = DUMP_JSON;
	} else {
		r->what = WEB_PAGE;
	}
	r->still =
	    has_word(words, "norefresh") || (q->refresh != NULL && strcmp(q->refresh, "off") == 0);
}

static void
route_status(const struct conf_status *conf, const struct web_request *q, struct web_route *r)
{
	const char *words = after(q->path, conf->path);
	const size_t n = strlen(conf->path);

	if (words != NULL) {
		route_page(q, words, r);
	} else if (strncmp(q->path, conf->path, n) == 0 && strcmp(q->path + n, "/style.css") == 0) {
		r->what = WEB_STYLE;
		r->secret = true;
	} else if (strcmp(q->path, "/metrics") == 0) {
		r->what = WEB_DUMP;
		r->format = DUMP_PROMETHEUS;
		r->secret = true;
	} else if (strcmp(q->path, "/healthz") == 0) {
		r->what = WEB_ALIVE;
	} else if (strcmp(q->path, "/readyz") == 0) {
		r->what = WEB_READY;
		r->name = q->service;
	} else if (strncmp(q->path, "/vip/", 5) == 0 && q->path[5] != '\0') {
		r->what = WEB_VIP;
		r->name = q->path + 5;
	} else if (strcmp(q->path, "/") == 0) {
		r->what = WEB_HOME;
	}
}

void
web_route(const struct conf_status *conf, const struct web_request *q, struct web_route *r)
{
	*r = (struct web_route){.what = WEB_NOTHING};
	if (q->listens == WEB_STATUS) {
		route_status(conf, q, r);
	} else if (strcmp(q->path, conf->monitor.path) == 0) {
		r->what = WEB_READY;
		r->name = q->service;
	}
}

static unsigned
not_ready(FILE *out, const char *why)
{
	fprintf(out, "not ready: %s\n", why);
	return 503;
}

/* seg_worker_serves(), of a copy. A worker that stands still keeps its `ready`: its heartbeat tells. */
static bool
worker_serves(const struct dump *d)
{
	for (unsigned i = 0; i < d->n_procs; i++) {
		const struct dump_proc *p = &d->proc[i];

		if (p->kind == PROC_WORKER && p->pid != 0 && p->ready != 0 && p->want == WANT_RUN &&
		    p->beat_us != 0 && fmt_age_ms(d, p->beat_us) < SEG_WORKER_STALE_MS)
			return true;
	}
	return false;
}

/* As VRRP looks at it: that servers are up is not asked, unless for one service. */
static unsigned
judge_ready(const struct dump *d, const char *service, FILE *out)
{
	const struct dump_service *s = NULL;

	if (d->daemon != DAEMON_RUNS)
		return not_ready(out, "the master does not answer");
	if (!worker_serves(d))
		return not_ready(out, "no worker serves");
	for (unsigned i = 0; service != NULL && i < d->n_services; i++)
		if (strcmp(d->table.service[d->services[i].index].name, service) == 0)
			s = &d->services[i];
	if (service != NULL && (s == NULL || d->table.service[s->index].state != ROW_ACTIVE)) {
		fputs("there is no such service\n", out);
		return 404;
	}
	if (s != NULL && s->serving == CANDIDATES_NONE)
		return not_ready(out, "the service has no usable server");
	fputs("ready\n", out);
	return 200;
}

static unsigned
judge_vip(const struct dump *d, const char *name, FILE *out)
{
	for (unsigned i = 0; i < d->n_vips; i++) {
		const struct shm_vip *v = &d->vip[i];

		if (strcmp(v->name, name) != 0)
			continue;
		fprintf(out, "%s, %s\n", dump_vip_state_name(v->state),
		    v->present ? "the address is here" : "the address is not here");
		return v->present && d->daemon == DAEMON_RUNS ? 200 : 503;
	}
	fputs("there is no such VIP\n", out);
	return 404;
}

unsigned
web_verdict(const struct dump *d, const struct web_route *r, FILE *out)
{
	return r->what == WEB_VIP ? judge_vip(d, r->name, out) : judge_ready(d, r->name, out);
}

const char *
web_dump_type(enum dump_format f)
{
	static const char *const types[DUMP_FORMATS] = {
	    [DUMP_TABLE] = "text/plain; charset=utf-8",
	    [DUMP_CSV] = "text/csv; charset=utf-8",
	    [DUMP_JSON] = "application/json",
	    [DUMP_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
	};

	return types[f];
}
