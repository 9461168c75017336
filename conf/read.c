/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/read.h"

#include <string.h>

#include "conf/near.h"
#include "shm/layout.h"

#define NAMES_MAX 64 /* rows of a table and the names beside them */

_Static_assert(SHM_NAME == 64, "names in the rows of conf/tbl have at most SHM_NAME - 1");

static struct conf_parsing
parsing(struct conf_reader *r, const struct conf_path *path)
{
	return (struct conf_parsing){r->mem, r->scratch, &r->errors, path};
}

static bool
among(const char *const *names, const char *name)
{
	for (; names != NULL && *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static void
unknown(struct conf_reader *r, const struct conf_table *t, const struct conf_value *v,
    const struct conf_path *path, const char *const *others)
{
	const char *names[NAMES_MAX], *mean;
	unsigned n = 0;

	for (unsigned i = 0; i < t->n && n < NAMES_MAX; i++)
		names[n++] = t->opts[i].name;
	for (; others != NULL && *others != NULL && n < NAMES_MAX; others++)
		names[n++] = *others;
	mean = conf_did_you_mean(r->scratch, v->name, names, n);
	conf_say(&r->errors, v->line, path, "no such option%s", mean);
}

static void
read_option(struct conf_reader *r, const struct conf_opt *o, void *object,
    const struct conf_value *v, const struct conf_path *path)
{
	static const char *const beside_track[] = {"scripts", NULL};
	struct conf_parsing p = parsing(r, path);
	void *field = conf_field(object, o);
	bool all_later;

	if (o->kind != KIND_GROUP) {
		conf_opt_parse(o, field, v, &p);
		if (o->later && r->later_said == 0)
			conf_say(&r->warnings, v->line, path, "not yet in effect");
		return;
	}
	all_later = conf_table_later(o->group) && v->type == VALUE_GROUP && v->n > 0;
	if (all_later && r->later_said++ == 0)
		conf_say(&r->warnings, v->line, path, "not yet in effect");
	conf_read_group(
	    r, o->group, field, v, path, o->group == &conf_table_track ? beside_track : NULL);
	r->later_said -= all_later;
}

void
conf_read_group(struct conf_reader *r, const struct conf_table *t, void *object,
    const struct conf_value *group, const struct conf_path *path, const char *const *others)
{
	const struct conf_opt *o;

	if (group->type != VALUE_GROUP) {
		conf_say(&r->errors, group->line, path, "wants a group { ... }, not %s",
		    conf_value_shown(r->scratch, group));
		return;
	}
	for (unsigned i = 0; i < group->n; i++) {
		const struct conf_value *v = &group->v[i];
		struct conf_path member = {.up = path, .name = v->name};

		if (among(others, v->name))
			continue;
		o = conf_table_find(t, v->name);
		if (o == NULL)
			unknown(r, t, v, &member, others);
		else
			read_option(r, o, object, v, &member);
	}
	for (unsigned i = 0; i < t->n; i++)
		if (conf_opt_required(&t->opts[i]) &&
		    conf_value_find(group, t->opts[i].name) == NULL)
			conf_say(&r->errors, group->line, path, "%s is missing", t->opts[i].name);
}

void
conf_read_member(struct conf_reader *r, const struct conf_table *t, void *object,
    const struct conf_value *group, const char *name, const struct conf_path *path)
{
	const struct conf_value *v = conf_value_find(group, name);
	struct conf_path member = {.up = path, .name = name};
	struct conf_opt o = {.name = name, .kind = KIND_GROUP, .group = t};

	if (v != NULL)
		read_option(r, &o, object, v, &member);
}

const char *
conf_bad_name(const char *name)
{
	if (*name == '\0')
		return "a name must not be empty";
	if (strlen(name) >= SHM_NAME)
		return "a name has at most 63 characters";
	if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			      "._:-[]")] != '\0')
		return "a name has only letters, digits and . _ : - [ ]";
	return NULL;
}

struct conf_path
conf_element_path(const struct conf_path *list, const struct conf_value *v, unsigned i)
{
	const struct conf_value *name = v->type == VALUE_STRING ? v : conf_value_find(v, "name");
	struct conf_path path = {.up = list, .index = i};

	if (name != NULL && name->type == VALUE_STRING && conf_bad_name(name->text) == NULL)
		path.name = name->text;
	return path;
}

bool
conf_read_is_group(struct conf_reader *r, const struct conf_value *v, const struct conf_path *path)
{
	if (v->type != VALUE_GROUP)
		conf_say(&r->errors, v->line, path,
		    "wants an address in quotes, or a group { ... }, "
		    "not %s",
		    conf_value_shown(r->scratch, v));
	return v->type == VALUE_GROUP;
}

/* nodes and vips: a bare string is the address, the default name is the first address. */
static void
read_addressed(struct conf_reader *r, const struct conf_table *t, void *object, char **name,
    const struct conf_value *v, const struct conf_path *path)
{
	struct conf_parsing p = parsing(r, path);
	const struct conf_opt *addresses = conf_table_find(t, "addresses");
	struct conf_list list;
	char buf[ADDR_TEXT];
	const char *bad;

	conf_table_defaults(t, object, &p);
	if (v->type == VALUE_STRING)
		conf_opt_parse(addresses, conf_field(object, addresses), v, &p);
	else if (conf_read_is_group(r, v, path))
		conf_read_group(r, t, object, v, path, NULL);
	if (**name != '\0') {
		bad = conf_bad_name(*name);
		if (bad != NULL)
			conf_say(&r->errors, conf_value_find(v, "name")->line, path, "%s: %s",
			    conf_text_shown(r->scratch, *name), bad);
		return;
	}
	list = conf_list_of(conf_field(object, addresses));
	if (list.n > 0)
		*name = conf_strdup(r->mem, addr_print_ip(list.v, buf, sizeof buf));
}

/* The elements of a list, at most `most`; what is beyond is only said. */
static unsigned
elements(struct conf_reader *r, const struct conf_value *list, const char *name, unsigned most)
{
	struct conf_path path = {.name = name};
	unsigned n = conf_value_count(list);

	if (n <= most)
		return n;
	conf_say(&r->errors, conf_value_at(list, most)->line, &path,
	    "more than %u are not possible, these are %u", most, n);
	return most;
}

static void
read_nodes(struct conf_reader *r)
{
	const struct conf_value *v = conf_value_find(r->root, "nodes");
	const struct conf_path list = {.name = "nodes"};
	struct conf *conf = r->conf;
	struct conf_path path;

	conf->n_nodes = elements(r, v, "nodes", CONF_NODES);
	conf->nodes = conf_alloc(r->mem, (conf->n_nodes + 1) * sizeof *conf->nodes);
	r->nodes = conf_alloc(r->scratch, (conf->n_nodes + 1) * sizeof *r->nodes);
	/* The list itself works: it says which node this machine is. */
	r->later_said++;
	for (unsigned i = 0; i < conf->n_nodes; i++) {
		struct conf_node *n = &conf->nodes[i];

		r->nodes[i] = conf_value_at(v, i);
		path = conf_element_path(&list, r->nodes[i], i);
		read_addressed(r, &conf_table_node, n, &n->name, r->nodes[i], &path);
		n->line = r->nodes[i]->line;
		if (n->priority == 0)
			n->priority = 254 - 10 * (int)i;
	}
	r->later_said--;
}

static void
read_scripts(struct conf_reader *r, struct conf_track *track, const struct conf_value *vip,
    const struct conf_path *path)
{
	const struct conf_value *v = conf_value_find(vip, "track.scripts");
	const struct conf_path group = {.up = path, .name = "track"};
	const struct conf_path list = {.up = &group, .name = "scripts"};
	struct conf_parsing p = parsing(r, &list);

	track->n_scripts = conf_value_count(v);
	track->scripts = conf_alloc(r->mem, (track->n_scripts + 1) * sizeof *track->scripts);
	for (unsigned i = 0; i < track->n_scripts; i++) {
		const struct conf_value *script = conf_value_at(v, i);
		struct conf_path element = {.up = &list, .index = i};

		conf_table_defaults(&conf_table_script, &track->scripts[i], &p);
		conf_read_group(r, &conf_table_script, &track->scripts[i], script, &element, NULL);
		track->scripts[i].line = script->line;
	}
}

static void
read_vips(struct conf_reader *r)
{
	const struct conf_value *v = conf_value_find(r->root, "vips");
	const struct conf_path list = {.name = "vips"};
	struct conf *conf = r->conf;
	struct conf_path path;

	conf->n_vips = elements(r, v, "vips", CONF_VIPS);
	conf->vips = conf_alloc(r->mem, (conf->n_vips + 1) * sizeof *conf->vips);
	r->vips = conf_alloc(r->scratch, (conf->n_vips + 1) * sizeof *r->vips);
	for (unsigned i = 0; i < conf->n_vips; i++) {
		struct conf_vip *vip = &conf->vips[i];

		r->vips[i] = conf_value_at(v, i);
		path = conf_element_path(&list, r->vips[i], i);
		read_addressed(r, &conf_table_vip, vip, &vip->name, r->vips[i], &path);
		read_scripts(r, &vip->track, r->vips[i], &path);
		vip->line = r->vips[i]->line;
	}
}

/* The line of the element that names this VIP; elements that are wrong are not in `l`. */
static int
listen_line(const struct conf_value *v, const char *vip)
{
	const struct conf_value *e;

	for (unsigned i = 0; i < conf_value_count(v); i++) {
		e = conf_value_at(v, i);
		if (e->type == VALUE_STRING && strncmp(e->text, vip, strlen(vip)) == 0)
			return e->line;
	}
	return v != NULL ? v->line : 0;
}

/* "web:443" is all addresses of the VIP web. */
static void
add_listen(struct conf_listens *to, const struct conf_listen *from, const struct conf_vip *vip)
{
	const uint16_t port = addr_port(&from->addr);
	struct conf_listen *l;

	for (unsigned i = 0; i < vip->addresses.n; i++) {
		l = &to->v[to->n++];
		*l = *from;
		l->addr = vip->addresses.v[i];
		l->further = i > 0;
		addr_set_port(&l->addr, port);
	}
}

void
conf_read_listen_vips(struct conf_reader *r, struct conf_listens *l, const struct conf_value *v,
    const struct conf_path *path)
{
	const struct conf *conf = r->conf;
	struct conf_listens all = {.n = 0};
	const char *names[CONF_VIPS], *name;
	const struct conf_vip *vip;
	unsigned most = l->n;

	for (unsigned i = 0; i < conf->n_vips; i++) {
		names[i] = conf->vips[i].name;
		most += l->n * conf->vips[i].addresses.n;
	}
	all.v = conf_alloc(r->mem, most * sizeof *all.v);
	for (unsigned i = 0; i < l->n; i++) {
		name = l->v[i].vip;
		vip = name != NULL ? conf_find_vip(conf, name) : NULL;
		if (name != NULL && vip == NULL)
			conf_say(&r->errors, listen_line(v, name), path,
			    "\"%s\" is neither an IP address nor the name of a VIP (kha does not "
			    "resolve names)%s",
			    name, conf_did_you_mean(r->scratch, name, names, conf->n_vips));
		if (vip != NULL && vip->addresses.n > 0)
			add_listen(&all, &l->v[i], vip);
		else
			all.v[all.n++] = l->v[i];
	}
	*l = all;
}

static void
read_status(struct conf_reader *r)
{
	const struct conf_path status = {.name = "status"}, monitor = {&status, "monitor", 0};
	const struct conf_path listen = {&status, "listen", 0}, other = {&monitor, "listen", 0};
	struct conf_status *s = &r->conf->status;

	conf_read_member(r, &conf_table_status, s, r->root, "status", NULL);
	conf_read_listen_vips(r, &s->listen, conf_value_find(r->root, "status.listen"), &listen);
	conf_read_listen_vips(
	    r, &s->monitor.listen, conf_value_find(r->root, "status.monitor.listen"), &other);
}

static void
read_peer(struct conf_reader *r)
{
	const struct conf_value *v = conf_value_find(r->root, "peer");
	const struct conf_path path = {.name = "peer"};

	/* peer = "none"; says what peer = { port = "none"; }; says. */
	if (v != NULL && v->type == VALUE_STRING && strcmp(v->text, "none") == 0) {
		r->conf->peer.port = CONF_NONE;
		conf_say(&r->warnings, v->line, &path, "not yet in effect");
		return;
	}
	conf_read_member(r, &conf_table_peer, &r->conf->peer, r->root, "peer", NULL);
}

void
conf_read(struct conf_reader *r)
{
	static const char *const groups[] = {
	    "global", "nodes", "vips", "peer", "services", "status", NULL};
	struct conf_parsing p = parsing(r, NULL);
	struct conf *conf = r->conf;

	conf_table_defaults(&conf_table_root, conf, &p);
	conf_table_defaults(&conf_table_global, &conf->global, &p);
	conf_table_defaults(&conf_table_peer, &conf->peer, &p);
	conf_table_defaults(&conf_table_status, &conf->status, &p);
	conf_read_group(r, &conf_table_root, conf, r->root, NULL, groups);
	conf_read_member(r, &conf_table_global, &conf->global, r->root, "global", NULL);
	read_nodes(r);
	/* Names of VIPs stand in listens, so these come after them. */
	read_vips(r);
	read_peer(r);
	conf_read_services(r);
	read_status(r);
}
