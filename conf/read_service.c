/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "conf/preset.h"
#include "conf/read.h"
#include "shm/layout.h"

/* `name` of a service or server: a good one, or NULL and said. */
static char *
read_name(struct conf_reader *r, const struct conf_value *v, const struct conf_path *path)
{
	struct conf_path member = {.up = path, .name = "name"};
	const char *bad;

	if (v->type != VALUE_STRING) {
		conf_say(&r->errors, v->line, &member, "wants a string in quotes, not %s",
		    conf_value_shown(r->scratch, v));
		return NULL;
	}
	bad = conf_bad_name(v->text);
	if (bad == NULL)
		return conf_strdup(r->mem, v->text);
	conf_say(&r->errors, v->line, &member, "%s: %s", conf_text_shown(r->scratch, v->text), bad);
	return NULL;
}

/* The port of all listens, 0: they have several; -1: none is known. */
static int
listen_port(const struct conf_service *s)
{
	int port = -1, p;

	for (unsigned i = 0; i < s->listen.n; i++) {
		p = addr_port(&s->listen.v[i].addr);
		port = port == -1 || port == p ? p : 0;
	}
	return port;
}

static void
read_address(struct conf_reader *r, const struct conf_service *s, struct addr *a,
    const struct conf_value *v, const struct conf_path *path)
{
	int port = listen_port(s);
	const char *why, *text;

	if (v->type != VALUE_STRING) {
		conf_say(&r->errors, v->line, path,
		    "wants an address in quotes, \"IP:port\", not %s",
		    conf_value_shown(r->scratch, v));
		return;
	}
	text = conf_text_shown(r->scratch, v->text);
	why = addr_parse(a, v->text, false);
	if (why == NULL && !conf_is_host(a))
		why = "not the address of one host";
	if (why != NULL) {
		memset(a, 0, sizeof *a);
		conf_say(&r->errors, v->line, path, "%s: %s", text, why);
	} else if (addr_port(a) == 0 && port == 0) {
		conf_say(&r->errors, v->line, path,
		    "%s has no port, and listen has several: add it", text);
	} else if (addr_port(a) == 0 && port > 0) {
		addr_set_port(a, (uint16_t)port);
	}
}

static void
read_server(struct conf_reader *r, const struct conf_service *s, struct conf_server *to,
    const struct conf_value *v, const struct conf_path *path)
{
	static const char *const others[] = {"name", "address", NULL};
	const struct conf_value *name = conf_value_find(v, "name");
	const struct conf_value *address = conf_value_find(v, "address");
	struct conf_path member = {.up = path, .name = "address"};

	/* Nothing in it is changed afterwards, so what it points to may have two owners. */
	to->opt = s->server_defaults;
	to->line = v->line;
	if (v->type == VALUE_STRING) {
		name = address = v;
		member = *path;
	} else if (conf_read_is_group(r, v, path)) {
		conf_read_group(r, &conf_table_server, &to->opt, v, path, others);
		if (address == NULL)
			conf_say(&r->errors, v->line, path, "address is missing");
	}
	if (address != NULL)
		read_address(r, s, &to->addr, address, &member);
	/* The address as written is the name; when it is none, that was said. */
	if (name == NULL || v->type == VALUE_STRING)
		to->name = conf_strdup(r->mem,
		    to->addr.sa.sa_family == AF_UNSPEC || address == NULL ? "" : address->text);
	else if ((to->name = read_name(r, name, path)) == NULL)
		to->name = conf_strdup(r->mem, "");
}

static void
read_servers(struct conf_reader *r, struct conf_service *s, const struct conf_value *service,
    const struct conf_path *path)
{
	const struct conf_value *v = conf_value_find(service, "servers"), *e;
	const struct conf_path list = {.up = path, .name = "servers"};
	struct conf_path element;
	unsigned n = conf_value_count(v);

	if (v == NULL)
		conf_say(&r->errors, service->line, path, "servers is missing");
	else if (n == 0)
		conf_say(&r->errors, v->line, &list, "must not be empty");
	if (n > SHM_SERVERS) {
		conf_say(&r->errors, v->line, &list, "more than %d are not possible, these are %u",
		    SHM_SERVERS, n);
		n = SHM_SERVERS;
	}
	s->n_servers = n;
	s->servers = conf_alloc(r->mem, (n + 1) * sizeof *s->servers);
	for (unsigned i = 0; i < n; i++) {
		e = conf_value_at(v, i);
		element = conf_element_path(&list, e, i);
		read_server(r, s, &s->servers[i], e, &element);
	}
}

static void
read_service(struct conf_reader *r, struct conf_service *s, const struct conf_value *v,
    const struct conf_path *path)
{
	static const char *const others[] = {"name", "servers", "server_defaults", NULL};
	const struct conf_value *name = conf_value_find(v, "name");
	const struct conf_value *preset = conf_value_find(v, "preset");
	const struct conf_opt *o = conf_table_find(&conf_table_service, "preset");
	const struct conf_path listen = {.up = path, .name = "listen"};
	struct conf_parsing p = {r->mem, r->scratch, NULL, path};

	s->line = v->line;
	conf_table_defaults(&conf_table_service, s, &p);
	conf_table_defaults(&conf_table_server, &s->server_defaults, &p);
	if (preset != NULL && conf_opt_parse(o, &s->preset, preset, &p))
		conf_preset_apply(s, (enum conf_preset)s->preset, &p);
	if (name != NULL)
		s->name = read_name(r, name, path);
	else if (v->type == VALUE_GROUP)
		conf_say(&r->errors, v->line, path, "name is missing");
	if (s->name == NULL)
		s->name = conf_strdup(r->mem, "");
	conf_read_group(r, &conf_table_service, s, v, path, others);
	if (v->type != VALUE_GROUP)
		return;
	conf_read_listen_vips(r, &s->listen, conf_value_find(v, "listen"), &listen);
	conf_read_member(r, &conf_table_server, &s->server_defaults, v, "server_defaults", path);
	read_servers(r, s, v, path);
}

void
conf_read_services(struct conf_reader *r)
{
	const struct conf_value *v = conf_value_find(r->root, "services");
	const struct conf_path list = {.name = "services"};
	struct conf *conf = r->conf;
	struct conf_path path;
	unsigned n = conf_value_count(v);

	if (n > SHM_SERVICES) {
		conf_say(&r->errors, v->line, &list, "more than %d are not possible, these are %u",
		    SHM_SERVICES, n);
		n = SHM_SERVICES;
	}
	conf->n_services = n;
	conf->services = conf_alloc(r->mem, (n + 1) * sizeof *conf->services);
	r->services = conf_alloc(r->scratch, (n + 1) * sizeof *r->services);
	for (unsigned i = 0; i < n; i++) {
		r->services[i] = conf_value_at(v, i);
		path = conf_element_path(&list, r->services[i], i);
		read_service(r, &conf->services[i], r->services[i], &path);
	}
}
