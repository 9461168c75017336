/* SPDX-License-Identifier: BSD-2-Clause */
/* Which node this machine is: the one whose address is local. */
#include <errno.h>
#include <ifaddrs.h>
#include <string.h>

#include "conf/near.h"
#include "conf/read.h"

bool
conf_is_local(const struct conf_reader *r, const struct addr *a)
{
	struct addr plain = *a;

	addr_unmap(&plain);
	if (plain.sa.sa_family == AF_INET && (ntohl(plain.in.sin_addr.s_addr) >> 24) == 127)
		return true;
	if (plain.sa.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&plain.in6.sin6_addr))
		return true;
	for (unsigned i = 0; i < r->local.n; i++)
		if (addr_equal_ip(&r->local.v[i], &plain))
			return true;
	return false;
}

static bool
internet(const struct ifaddrs *i)
{
	return i->ifa_addr != NULL &&
	       (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6);
}

/* Addresses of all interfaces, copied so that nothing has to be freed. */
static void
ask_system(struct conf_reader *r)
{
	const struct conf_path path = {.name = "nodes"};
	struct ifaddrs *all, *i;
	struct addr found[512];
	unsigned n = 0;

	if (getifaddrs(&all) < 0) {
		conf_say(&r->warnings, 0, &path, "the addresses of this machine are unknown: %s",
		    strerror(errno));
		return;
	}
	for (i = all; i != NULL && n < sizeof found / sizeof found[0]; i = i->ifa_next) {
		if (!internet(i))
			continue;
		memset(&found[n], 0, sizeof found[n]);
		if (i->ifa_addr->sa_family == AF_INET)
			memcpy(&found[n].in, i->ifa_addr, sizeof found[n].in);
		else
			memcpy(&found[n].in6, i->ifa_addr, sizeof found[n].in6);
		n++;
	}
	freeifaddrs(all);
	r->local.v = conf_alloc(r->scratch, (n + 1) * sizeof *r->local.v);
	memcpy(r->local.v, found, n * sizeof *found);
	r->local.n = n;
}

/* The node of this name, or with this address; -1: none. */
static int
find_node(const struct conf *conf, const char *name)
{
	int found = conf_find_node(conf, name);
	struct addr a;

	if (found >= 0 || addr_parse(&a, name, false) != NULL)
		return found;
	return conf_find_node_at(conf, &a);
}

static void
no_such_node(struct conf_reader *r, const char *name)
{
	const struct conf *conf = r->conf;
	const struct conf_value *v = conf_value_find(r->root, "global.node");
	const struct conf_path global = {.name = "global"}, node = {&global, "node", 0};
	const struct conf_path option = {.name = "-n"};
	const char *names[CONF_NODES], *mean;

	for (unsigned i = 0; i < conf->n_nodes; i++)
		names[i] = conf->nodes[i].name;
	mean = conf_did_you_mean(r->scratch, name, names, conf->n_nodes);
	if (r->node != NULL)
		conf_say(&r->errors, 0, &option, "%s is not among nodes%s",
		    conf_text_shown(r->scratch, name), mean);
	else
		conf_say(&r->errors, v->line, &node, "%s is not among nodes%s",
		    conf_text_shown(r->scratch, name), mean);
}

static void
by_address(struct conf_reader *r)
{
	struct conf *conf = r->conf;
	const struct conf_path path = {.name = "nodes"};
	int line;

	for (unsigned i = 0; i < conf->n_nodes; i++) {
		const struct conf_node *n = &conf->nodes[i];
		bool local = false;

		for (unsigned k = 0; k < n->addresses.n; k++)
			local |= conf_is_local(r, &n->addresses.v[k]);
		if (local && conf->self >= 0)
			conf_say(&r->errors, n->line, &path,
			    "this machine has addresses of both \"%s\" and \"%s\": which one is it? "
			    "(global.node says it, or -n NODE)",
			    conf->nodes[conf->self].name, n->name);
		else if (local)
			conf->self = (int)i;
	}
	line = conf->n_nodes > 0 ? conf_value_find(r->root, "nodes")->line : 0;
	if (conf->self < 0 && conf->n_nodes > 0)
		conf_say(&r->warnings, line, &path,
		    "none of them has an address of this machine (-n NODE tests as that node)");
}

void
conf_find_self(struct conf_reader *r)
{
	struct conf *conf = r->conf;
	bool found = strcmp(conf->global.node, "auto") != 0;
	const char *name = r->node != NULL ? r->node : found ? conf->global.node : NULL;

	conf->self = -1;
	if (name != NULL) {
		conf->self = find_node(conf, name);
		if (conf->self < 0)
			no_such_node(r, name);
	}
	/* As another node: what is local here says nothing. */
	if (r->node == NULL)
		ask_system(r);
	else if (conf->self >= 0)
		r->local = conf->nodes[conf->self].addresses;
	if (name == NULL)
		by_address(r);
}
