/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/changes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"

/* Names may hold dots ("192.168.122.11:6443"), so a path is not taken apart: it is compared with
 * the paths that there can be. */
#define PATH_TEXT 256

struct walk {
	struct changes *c;
	const struct conf *before, *after;
};

/* A whole service or server that is in `conf`: says so and returns true. */
static bool
whole(struct changes *c, const struct conf *conf, const char *path, const char *verb)
{
	const struct conf_service *s;
	char text[PATH_TEXT];

	for (unsigned i = 0; i < conf->n_services; i++) {
		s = &conf->services[i];
		snprintf(text, sizeof text, "services.%s", s->name);
		if (strcmp(text, path) == 0) {
			err_add(&c->done, "service %s %s", s->name, verb);
			return true;
		}
		for (unsigned k = 0; k < s->n_servers; k++) {
			snprintf(text, sizeof text, "services.%s.servers.%s", s->name,
			    s->servers[k].name);
			if (strcmp(text, path) != 0)
				continue;
			err_add(&c->done, "server %s/%s %s", s->name, s->servers[k].name, verb);
			return true;
		}
	}
	return false;
}

static void
note_check(struct changes *c, const struct conf *after, const char *path)
{
	char prefix[PATH_TEXT];

	for (unsigned i = 0; i < after->n_services && i < SHM_SERVICES; i++) {
		snprintf(prefix, sizeof prefix, "services.%s.check.", after->services[i].name);
		if (strncmp(path, prefix, strlen(prefix)) == 0)
			c->check[i] = true;
	}
}

static void
on_difference(void *arg, const char *path, const char *old, const char *new, enum conf_apply apply)
{
	struct walk *w = arg;
	struct changes *c = w->c;

	if (apply == CONF_RESTART) {
		err_add(&c->restart, "%s", path);
		return;
	}
	if (apply == CONF_WORKERS)
		c->workers = true;
	if (strcmp(path, "global.log") == 0)
		c->logger = true;
	if (strncmp(path, "vips", 4) == 0 || strncmp(path, "nodes", 5) == 0)
		c->vips = true;
	if (strncmp(path, "status", 6) == 0)
		c->web = true;
	note_check(c, w->after, path);
	if (old[0] == '\0' && whole(c, w->after, path, "added"))
		return;
	if (new[0] == '\0' && whole(c, w->before, path, "removed"))
		return;
	err_add(&c->done, "%s %s -> %s", path, old[0] != '\0' ? old : "(none)",
	    new[0] != '\0' ? new : "(none)");
}

void
changes_find(struct changes *c, const struct conf *before, const struct conf *after)
{
	struct walk w = {c, before, after};

	memset(c, 0, sizeof *c);
	err_init(&c->done);
	err_init(&c->restart);
	err_init(&c->forgotten);
	conf_diff(before, after, on_difference, &w);
	/* Results of scripts are known by the place of their VIP. */
	for (unsigned i = 0; i < before->n_vips && i < after->n_vips; i++)
		if (strcmp(before->vips[i].name, after->vips[i].name) != 0)
			c->vips = true;
}

/* Appends what fits. */
static void __attribute__((format(printf, 3, 4)))
append(char *text, size_t size, const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, size - n, fmt, ap);
	va_end(ap);
}

void
changes_print(struct changes *c, unsigned generation, struct err *warnings, char *text, size_t size)
{
	const char *line;
	size_t n;

	text[0] = '\0';
	append(text, size, "generation %u: ", generation);
	for (line = err_end(&c->done); *line != '\0'; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		append(text, size, "%.*s%s", (int)n, line, line[n] == '\n' ? ", " : "");
	}
	if (c->done.count == 0)
		append(text, size, "nothing changed");
	if (c->forgotten.count > 0)
		append(text, size, "\n%s", err_end(&c->forgotten));
	for (line = err_end(&c->restart); *line != '\0'; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		append(text, size, "\nneeds a restart: %.*s", (int)n, line);
	}
	if (warnings->count > 0)
		append(text, size, "\n%s", err_end(warnings));
}

/* From the rows: what each says about a reload decides. */
#define KEEP_LIVE(field)
#define KEEP_WORKERS(field)
#define KEEP_RESTART(field)				       to->field = from->field;
#define OPT(kind, field, min, max, value, effect, apply, help) KEEP_##apply(field)
#define WORDS(field, words, value, effect, apply, help)	       KEEP_##apply(field)
#define GROUP(table, field, help)

static void
keep_global(struct conf_global *to, const struct conf_global *from)
{
#include "conf/tbl/global.h"
}

static void
keep_peer(struct conf_peer *to, const struct conf_peer *from)
{
#include "conf/tbl/peer.h"
}

static void
keep_status(struct conf_status *to, const struct conf_status *from)
{
	(void)to, (void)from;
#include "conf/tbl/status.h"
}

static void
keep_tls(struct conf_tls *to, const struct conf_tls *from)
{
	(void)to, (void)from;
#include "conf/tbl/tls.h"
}

static void
keep_monitor(struct conf_monitor *to, const struct conf_monitor *from)
{
	(void)to, (void)from;
#include "conf/tbl/monitor.h"
}

int
changes_fit(const struct conf *now, const struct conf *wanted, struct err *why)
{
	int rc = 0;

	for (unsigned i = 0; i < wanted->n_vips; i++) {
		const struct conf_strings *order = &wanted->vips[i].order;

		for (unsigned k = 0; !conf_only(order, "nodes") && k < order->n; k++)
			if (conf_find_node(now, order->v[k]) < 0)
				rc = err_add(why,
				    "vips.%s.order names node %s, which is known after a restart "
				    "only (nodes)",
				    wanted->vips[i].name, order->v[k]);
	}
	return rc;
}

void
changes_keep(struct conf *to, const struct conf *from)
{
	keep_global(&to->global, &from->global);
	keep_peer(&to->peer, &from->peer);
	keep_status(&to->status, &from->status);
	keep_tls(&to->status.tls, &from->status.tls);
	keep_monitor(&to->status.monitor, &from->status.monitor);
	/* Who we are is an index into the nodes: they stay together. */
	to->nodes = from->nodes;
	to->n_nodes = from->n_nodes;
	to->self = from->self;
}
