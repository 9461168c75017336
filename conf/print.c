/* SPDX-License-Identifier: BSD-2-Clause */
/* kha -T */
#include <string.h>

#include "conf/opt.h"

struct printing {
	FILE *out;
	bool secrets;
};

static void
indent(const struct printing *p, int depth)
{
	for (; depth > 0; depth--)
		putc('\t', p->out);
}

static void
begin(const struct printing *p, int depth, const char *name)
{
	indent(p, depth);
	fprintf(p->out, "%s = {\n", name);
}

static void
end(const struct printing *p, int depth)
{
	indent(p, depth);
	fputs("};\n", p->out);
}

static void print_group(const struct printing *p, int depth, const char *name,
    const struct conf_table *t, const void *object);

static void
print_option(const struct printing *p, int depth, const struct conf_opt *o, const void *object)
{
	const void *field = conf_field_const(object, o);

	if (o->kind == KIND_GROUP) {
		print_group(p, depth, o->name, o->group, field);
		return;
	}
	indent(p, depth);
	fprintf(p->out, "%s = ", o->name);
	conf_opt_print(o, field, p->out, p->secrets);
	fputs(";\n", p->out);
}

static void
print_options(const struct printing *p, int depth, const struct conf_table *t, const void *object)
{
	for (unsigned i = 0; i < t->n; i++)
		print_option(p, depth, &t->opts[i], object);
}

/* All options of a table on one line, each followed by "; ". */
static void
print_inline(const struct printing *p, const struct conf_table *t, const void *object)
{
	for (unsigned i = 0; i < t->n; i++) {
		fprintf(p->out, "%s = ", t->opts[i].name);
		conf_opt_print(
		    &t->opts[i], conf_field_const(object, &t->opts[i]), p->out, p->secrets);
		fputs("; ", p->out);
	}
}

/* "name = (", then for each element print_list_next(), then print_list_end(). */
static void
list_begin(const struct printing *p, int depth, const char *name)
{
	indent(p, depth);
	fprintf(p->out, "%s = (", name);
}

static void
list_next(const struct printing *p, int depth, unsigned i)
{
	fputs(i == 0 ? "\n" : ",\n", p->out);
	indent(p, depth + 1);
}

static void
list_end(const struct printing *p, int depth, unsigned n)
{
	if (n > 0) {
		putc('\n', p->out);
		indent(p, depth);
	}
	fputs(");\n", p->out);
}

static void
print_scripts(const struct printing *p, int depth, const struct conf_track *track)
{
	list_begin(p, depth, "scripts");
	for (unsigned i = 0; i < track->n_scripts; i++) {
		list_next(p, depth, i);
		fputs("{ ", p->out);
		print_inline(p, &conf_table_script, &track->scripts[i]);
		fputs("}", p->out);
	}
	list_end(p, depth, track->n_scripts);
}

static void
print_group(const struct printing *p, int depth, const char *name, const struct conf_table *t,
    const void *object)
{
	begin(p, depth, name);
	print_options(p, depth + 1, t, object);
	if (t == &conf_table_track)
		print_scripts(p, depth + 1, object);
	end(p, depth);
}

static void
print_nodes(const struct printing *p, const struct conf *conf)
{
	list_begin(p, 0, "nodes");
	for (unsigned i = 0; i < conf->n_nodes; i++) {
		list_next(p, 0, i);
		fputs("{ ", p->out);
		print_inline(p, &conf_table_node, &conf->nodes[i]);
		fputs("}", p->out);
	}
	list_end(p, 0, conf->n_nodes);
}

static void
print_vips(const struct printing *p, const struct conf *conf)
{
	list_begin(p, 0, "vips");
	for (unsigned i = 0; i < conf->n_vips; i++) {
		list_next(p, 0, i);
		fputs("{\n", p->out);
		print_options(p, 2, &conf_table_vip, &conf->vips[i]);
		fputs("\t}", p->out);
	}
	list_end(p, 0, conf->n_vips);
}

static void
print_servers(const struct printing *p, const struct conf_service *s)
{
	char buf[ADDR_TEXT];

	list_begin(p, 2, "servers");
	for (unsigned i = 0; i < s->n_servers; i++) {
		const struct conf_server *server = &s->servers[i];

		list_next(p, 2, i);
		fputs("{ name = ", p->out);
		conf_string_print(server->name, p->out);
		fprintf(p->out, "; address = \"%s\"; ", addr_print(&server->addr, buf, sizeof buf));
		print_inline(p, &conf_table_server, &server->opt);
		fputs("}", p->out);
	}
	list_end(p, 2, s->n_servers);
}

static void
print_service(const struct printing *p, const struct conf_service *s)
{
	const struct conf_table *t = &conf_table_service;

	fputs("\t\tname = ", p->out);
	conf_string_print(s->name, p->out);
	fputs(";\n", p->out);
	for (unsigned i = 0; i < t->n; i++) {
		print_option(p, 2, &t->opts[i], s);
		/* Where people look for them. */
		if (strcmp(t->opts[i].name, "balance") != 0)
			continue;
		print_servers(p, s);
		print_group(p, 2, "server_defaults", &conf_table_server, &s->server_defaults);
	}
}

static void
print_services(const struct printing *p, const struct conf *conf)
{
	list_begin(p, 0, "services");
	for (unsigned i = 0; i < conf->n_services; i++) {
		list_next(p, 0, i);
		fputs("{\n", p->out);
		print_service(p, &conf->services[i]);
		fputs("\t}", p->out);
	}
	list_end(p, 0, conf->n_services);
}

int
conf_print(const struct conf *conf, FILE *out, bool secrets)
{
	const struct printing p = {out, secrets};

	print_options(&p, 0, &conf_table_root, conf);
	print_group(&p, 0, "global", &conf_table_global, &conf->global);
	print_nodes(&p, conf);
	print_vips(&p, conf);
	print_group(&p, 0, "peer", &conf_table_peer, &conf->peer);
	print_services(&p, conf);
	print_group(&p, 0, "status", &conf_table_status, &conf->status);
	return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
