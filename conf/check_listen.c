/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about addresses that kha listens on: no two alike, and no server that is one of them. */
#include "conf/check.h"

/* One address of one listen option. */
struct listening {
	const struct addr *addr;
	const char *option; /* "services.api.listen" */
	int line;	    /* 0: a default */
};

struct all {
	struct conf_reader *r;
	struct listening *v;
	unsigned n;
};

static void
add(struct all *all, const struct conf_listens *l, const struct conf_value *v,
    const struct conf_path *path)
{
	const char *option = conf_path_text(all->r->scratch, path);

	/* With an element that is wrong in itself the others cannot be told apart: no matter. */
	for (unsigned i = 0; i < l->n; i++) {
		struct listening *to = &all->v[all->n++];

		to->addr = &l->v[i].addr;
		to->option = option;
		to->line = 0;
		if (v != NULL)
			to->line =
			    conf_value_count(v) == l->n ? conf_value_at(v, i)->line : v->line;
	}
}

static void
gather(struct all *all, struct conf_reader *r)
{
	const struct conf *conf = r->conf;
	const struct conf_path services = {.name = "services"}, status = {.name = "status"};
	const struct conf_path page = {&status, "listen", 0}, monitor = {&status, "monitor", 0};
	const struct conf_path url = {&monitor, "listen", 0};
	unsigned n = conf->status.listen.n + conf->status.monitor.listen.n;

	for (unsigned i = 0; i < conf->n_services; i++)
		n += conf->services[i].listen.n;
	all->r = r;
	all->n = 0;
	all->v = conf_alloc(r->scratch, (n + 1) * sizeof *all->v);
	add(all, &conf->status.listen, conf_value_find(r->root, "status.listen"), &page);
	add(all, &conf->status.monitor.listen, conf_value_find(r->root, "status.monitor.listen"),
	    &url);
	for (unsigned i = 0; i < conf->n_services; i++) {
		const struct conf_service *s = &conf->services[i];
		const struct conf_path service = conf_named(&services, s->name, i);
		const struct conf_path path = {&service, "listen", 0};

		add(all, &s->listen, conf_value_find(r->services[i], "listen"), &path);
	}
}

/* Two sockets that would take each other's connections. One on all addresses and one on a
 * single address do not: the kernel prefers the single one. */
static bool
collide(const struct addr *a, const struct addr *b)
{
	return addr_port(a) == addr_port(b) &&
	       (addr_equal_ip(a, b) || (addr_is_any(a) && addr_is_any(b)));
}

static void
listens_differ(const struct all *all)
{
	char buf[ADDR_TEXT], other[ADDR_TEXT];
	const char *free_it;

	for (unsigned i = 1; i < all->n; i++) {
		const struct listening *l = &all->v[i], *k = all->v;

		while (k < l && !collide(k->addr, l->addr))
			k++;
		if (k == l)
			continue;
		addr_print(l->addr, buf, sizeof buf);
		addr_print(k->addr, other, sizeof other);
		free_it = k->line != 0 ? ""
				       : conf_format(all->r->scratch,
					     ", a default: %s = [] frees it", k->option);
		conf_say(&all->r->errors, l->line, NULL, "%s: \"%s\" is taken by \"%s\" of %s%s",
		    l->option, buf, other, k->option == l->option ? "the same list" : k->option,
		    free_it);
	}
}

/* An address that reaches us when we listen on all addresses: of this machine, of any node (the
 * file is the same on all), or a VIP. */
static bool
ours(const struct conf_reader *r, const struct addr *a)
{
	const struct conf *conf = r->conf;

	if (conf_is_local(r, a))
		return true;
	for (unsigned i = 0; i < conf->n_nodes; i++)
		for (unsigned k = 0; k < conf->nodes[i].addresses.n; k++)
			if (addr_equal_ip(&conf->nodes[i].addresses.v[k], a))
				return true;
	for (unsigned i = 0; i < conf->n_vips; i++)
		for (unsigned k = 0; k < conf->vips[i].addresses.n; k++)
			if (addr_equal_ip(&conf->vips[i].addresses.v[k], a))
				return true;
	return false;
}

static bool
reaches(const struct conf_reader *r, const struct listening *l, const struct addr *server)
{
	if (addr_port(l->addr) != addr_port(server))
		return false;
	if (addr_equal_ip(l->addr, server))
		return true;
	if (!addr_is_any(l->addr) || !ours(r, server))
		return false;
	/* :: takes both families, 0.0.0.0 only its own. */
	return l->addr->sa.sa_family == AF_INET6 || server->sa.sa_family == AF_INET;
}

static void
no_server_is_ours(const struct all *all)
{
	const struct conf *conf = all->r->conf;
	const struct conf_path services = {.name = "services"};
	char at[ADDR_TEXT], on[ADDR_TEXT];

	for (unsigned i = 0; i < conf->n_services; i++) {
		const struct conf_service *s = &conf->services[i];
		const struct conf_path service = conf_named(&services, s->name, i);
		const struct conf_path list = {&service, "servers", 0};

		for (unsigned k = 0; k < s->n_servers; k++) {
			const struct conf_server *server = &s->servers[k];
			const struct conf_path path = conf_named(&list, server->name, k);
			const struct listening *l = all->v, *end = all->v + all->n;

			if (server->addr.sa.sa_family == AF_UNSPEC)
				continue;
			while (l < end && !reaches(all->r, l, &server->addr))
				l++;
			if (l < end)
				conf_say(&all->r->errors, server->line, &path,
				    "%s is kha itself (%s \"%s\"): it would connect to itself",
				    addr_print(&server->addr, at, sizeof at), l->option,
				    addr_print(l->addr, on, sizeof on));
		}
	}
}

void
conf_check_listens(struct conf_reader *r)
{
	struct all all;

	gather(&all, r);
	listens_differ(&all);
	no_server_is_ours(&all);
}
