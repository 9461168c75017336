/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf/opt.h"

typedef void told(
    void *arg, const char *path, const char *old, const char *new, enum conf_apply apply);

struct diff {
	told *fn;
	void *arg;
	char path[512]; /* of what is being compared, without "." at the end */
};

/* Appends ".name" to the path; returns its old length, for leave(). */
static size_t
enter(struct diff *d, const char *name)
{
	size_t len = strlen(d->path);

	snprintf(d->path + len, sizeof d->path - len, "%s%s", len > 0 ? "." : "", name);
	return len;
}

static void
leave(struct diff *d, size_t len)
{
	d->path[len] = '\0';
}

static void
tell(struct diff *d, const char *old, const char *new, enum conf_apply apply)
{
	d->fn(d->arg, d->path, old, new, apply);
}

/* Tells one difference and frees both texts; NULL (no memory) is told as "?". */
static void
tell_texts(struct diff *d, char *old, char *new, enum conf_apply apply)
{
	tell(d, old != NULL ? old : "?", new != NULL ? new : "?", apply);
	free(old);
	free(new);
}

/* ---- long lists of networks ---- */

#define NETWORKS_SHOWN 16 /* a reload that changes thousands must not print them all */
#define NETWORK_TEXT   (ADDR_TEXT + 4)

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Their texts in order, NETWORK_TEXT bytes each; to be freed. NULL: no memory. */
static char *
sorted(const struct conf_cidrs *list)
{
	char *texts = calloc(list->n + 1, NETWORK_TEXT);

	for (unsigned i = 0; texts != NULL && i < list->n; i++)
		cidr_print(&list->v[i], texts + (size_t)i * NETWORK_TEXT, NETWORK_TEXT);
	if (texts != NULL)
		qsort(texts, list->n, NETWORK_TEXT, compare_texts);
	return texts;
}

/* How many there are, and how many of them the other list does not have; to be freed. */
static char *
networks_text(const struct conf_cidrs *list, const struct conf_cidrs *other)
{
	char *texts = sorted(other), one[NETWORK_TEXT], *result;
	unsigned only = 0;

	if (texts == NULL)
		return NULL;
	for (unsigned i = 0; i < list->n; i++) {
		cidr_print(&list->v[i], one, sizeof one);
		only += bsearch(one, texts, other->n, NETWORK_TEXT, compare_texts) == NULL;
	}
	free(texts);
	if (asprintf(&result, "[ %u networks, %u only here ]", list->n, only) < 0)
		return NULL;
	return result;
}

static void
tell_option(struct diff *d, const struct conf_opt *o, const void *a, const void *b)
{
	const struct conf_cidrs *x = a, *y = b;

	if (o->kind == KIND_CIDRS && (x->n > NETWORKS_SHOWN || y->n > NETWORKS_SHOWN))
		tell_texts(d, networks_text(x, y), networks_text(y, x), o->apply);
	else
		tell_texts(d, conf_opt_text(o, a, false), conf_opt_text(o, b, false), o->apply);
}

static void
diff_options(struct diff *d, const struct conf_table *t, const void *before, const void *after)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct conf_opt *o = &t->opts[i];
		const void *a = conf_field_const(before, o), *b = conf_field_const(after, o);
		size_t len = enter(d, o->name);

		if (o->kind == KIND_GROUP)
			diff_options(d, o->group, a, b);
		else if (!conf_opt_equal(o, a, b))
			tell_option(d, o, a, b);
		leave(d, len);
	}
}

static void
diff_group(struct diff *d, const char *name, const struct conf_table *t, const void *before,
    const void *after)
{
	size_t len = enter(d, name);

	diff_options(d, t, before, after);
	leave(d, len);
}

/* What of a list is compared by name. */
struct named {
	const char *name;
	size_t size;	       /* of an element */
	size_t name_offset;    /* of its char *name */
	enum conf_apply apply; /* of one more or one less */
	void (*diff)(struct diff *d, const void *before, const void *after);
	char *(*text)(const void *element); /* to be freed; NULL: no memory */
};

static const char *
name_of(const struct named *l, const void *list, unsigned i)
{
	return *(char *const *)(const void *)((const char *)list + i * l->size + l->name_offset);
}

static const void *
find(const struct named *l, const void *list, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(name_of(l, list, i), name) == 0)
			return (const char *)list + i * l->size;
	return NULL;
}

/* Elements in the order of the new list, then those that are gone. */
static void
diff_list(struct diff *d, const struct named *l, const void *before, unsigned n_before,
    const void *after, unsigned n_after)
{
	size_t outer = enter(d, l->name), len;
	const void *old, *new;

	for (unsigned i = 0; i < n_after; i++) {
		new = (const char *)after + i * l->size;
		old = find(l, before, n_before, name_of(l, after, i));
		len = enter(d, name_of(l, after, i));
		if (old != NULL)
			l->diff(d, old, new);
		else
			tell_texts(d, strdup(""), l->text(new), l->apply);
		leave(d, len);
	}
	for (unsigned i = 0; i < n_before; i++) {
		if (find(l, after, n_after, name_of(l, before, i)) != NULL)
			continue;
		len = enter(d, name_of(l, before, i));
		tell_texts(d, l->text((const char *)before + i * l->size), strdup(""), l->apply);
		leave(d, len);
	}
	leave(d, outer);
}

/* ---- servers ---- */

static char *
server_text(const void *element)
{
	const struct conf_server *s = element;
	char addr[ADDR_TEXT], buf[ADDR_TEXT + 2];

	snprintf(buf, sizeof buf, "\"%s\"", addr_print(&s->addr, addr, sizeof addr));
	return strdup(buf);
}

static void
diff_server(struct diff *d, const void *before, const void *after)
{
	const struct conf_server *a = before, *b = after;
	size_t len;

	if (!addr_equal(&a->addr, &b->addr)) {
		len = enter(d, "address");
		tell_texts(d, server_text(a), server_text(b), CONF_LIVE);
		leave(d, len);
	}
	diff_options(d, &conf_table_server, &a->opt, &b->opt);
}

static const struct named servers = {"servers", sizeof(struct conf_server),
    offsetof(struct conf_server, name), CONF_LIVE, diff_server, server_text};

/* Names of the servers of `s` that `other` has too, in the order of s. */
static char *
common_servers(const struct conf_service *s, const struct conf_service *other)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *between = "[ ";

	if (out == NULL)
		return NULL;
	for (unsigned i = 0; i < s->n_servers; i++) {
		if (find(&servers, other->servers, other->n_servers, s->servers[i].name) == NULL)
			continue;
		fputs(between, out);
		conf_string_print(s->servers[i].name, out);
		between = ", ";
	}
	fputs(" ]", out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* Their order matters to balance = "first", and to the tables that people look at. */
static void
diff_order(struct diff *d, const struct conf_service *a, const struct conf_service *b)
{
	char *old = common_servers(a, b), *new = common_servers(b, a);
	size_t len;

	if (old != NULL && new != NULL && strcmp(old, new) == 0) {
		free(old);
		free(new);
		return;
	}
	len = enter(d, "servers");
	tell_texts(d, old, new, CONF_LIVE);
	leave(d, len);
}

/* ---- services, nodes, VIPs ---- */

static char *
service_text(const void *element)
{
	return conf_opt_text(conf_table_find(&conf_table_service, "listen"),
	    &((const struct conf_service *)element)->listen, false);
}

static void
diff_service(struct diff *d, const void *before, const void *after)
{
	const struct conf_service *a = before, *b = after;

	diff_options(d, &conf_table_service, a, b);
	diff_order(d, a, b);
	diff_list(d, &servers, a->servers, a->n_servers, b->servers, b->n_servers);
	diff_group(
	    d, "server_defaults", &conf_table_server, &a->server_defaults, &b->server_defaults);
}

static char *
node_text(const void *element)
{
	return conf_opt_text(conf_table_find(&conf_table_node, "addresses"),
	    &((const struct conf_node *)element)->addresses, false);
}

static void
diff_node(struct diff *d, const void *before, const void *after)
{
	diff_options(d, &conf_table_node, before, after);
}

static char *
vip_text(const void *element)
{
	return conf_opt_text(conf_table_find(&conf_table_vip, "addresses"),
	    &((const struct conf_vip *)element)->addresses, false);
}

/* Scripts have no names: compared by position. */
static void
diff_scripts(struct diff *d, const struct conf_track *a, const struct conf_track *b)
{
	size_t outer = enter(d, "track.scripts"), len;
	const struct conf_opt *command = conf_table_find(&conf_table_script, "command");
	char index[16];

	for (unsigned i = 0; i < a->n_scripts || i < b->n_scripts; i++) {
		const struct conf_script *x = i < a->n_scripts ? &a->scripts[i] : NULL;
		const struct conf_script *y = i < b->n_scripts ? &b->scripts[i] : NULL;

		snprintf(index, sizeof index, "%u", i);
		len = enter(d, index);
		if (x != NULL && y != NULL)
			diff_options(d, &conf_table_script, x, y);
		else
			tell_texts(d, x ? conf_opt_text(command, &x->command, false) : strdup(""),
			    y ? conf_opt_text(command, &y->command, false) : strdup(""), CONF_LIVE);
		leave(d, len);
	}
	leave(d, outer);
}

static void
diff_vip(struct diff *d, const void *before, const void *after)
{
	const struct conf_vip *a = before, *b = after;

	diff_options(d, &conf_table_vip, a, b);
	diff_scripts(d, &a->track, &b->track);
}

void
conf_diff(const struct conf *before, const struct conf *after, told *fn, void *arg)
{
	static const struct named nodes = {"nodes", sizeof(struct conf_node),
	    offsetof(struct conf_node, name), CONF_RESTART, diff_node, node_text};
	static const struct named vips = {"vips", sizeof(struct conf_vip),
	    offsetof(struct conf_vip, name), CONF_LIVE, diff_vip, vip_text};
	static const struct named services = {"services", sizeof(struct conf_service),
	    offsetof(struct conf_service, name), CONF_WORKERS, diff_service, service_text};
	struct diff d = {.fn = fn, .arg = arg};

	diff_options(&d, &conf_table_root, before, after);
	diff_group(&d, "global", &conf_table_global, &before->global, &after->global);
	diff_list(&d, &nodes, before->nodes, before->n_nodes, after->nodes, after->n_nodes);
	diff_list(&d, &vips, before->vips, before->n_vips, after->vips, after->n_vips);
	diff_group(&d, "peer", &conf_table_peer, &before->peer, &after->peer);
	diff_list(&d, &services, before->services, before->n_services, after->services,
	    after->n_services);
	diff_group(&d, "status", &conf_table_status, &before->status, &after->status);
}
