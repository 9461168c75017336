/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "conf/check.h"
#include "conf/near.h"
#include "shm/layout.h"

/* A VIP and where it stands, for the rules about one. */
struct one {
	struct conf_reader *r;
	const struct conf_vip *vip;
	const struct conf_value *tree;
	const struct conf_path *path;
};

static void wrong(const struct one *o, const char *option, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
wrong(const struct one *o, const char *option, const char *fmt, ...)
{
	struct conf_path path = {o->path, option, 0};
	va_list ap;

	va_start(ap, fmt);
	conf_say(&o->r->errors, conf_option_line(o->tree, option), &path, "%s",
	    conf_vformat(o->r->scratch, fmt, ap));
	va_end(ap);
}

/* RFC 3768 knows whole seconds and IPv4 only, RFC 5798 has no password. */
static void
fits_version(const struct one *o)
{
	const struct conf_vip *v = o->vip;
	char buf[ADDR_TEXT];

	if (v->version == 3 && *v->password != '\0')
		wrong(o, "password", "VRRP version 3 has none: remove it, or version = 2");
	if (v->version == 3 && v->advert % 10 != 0)
		wrong(o, "advert", "VRRP version 3 counts in steps of 10 ms (RFC 5798 5.2.7)");
	if (v->version != 2)
		return;
	if (v->advert % 1000 != 0)
		wrong(o, "advert", "VRRP version 2 has whole seconds only: \"1s\"");
	for (unsigned i = 0; i < v->addresses.n; i++)
		if (v->addresses.v[i].sa.sa_family == AF_INET6)
			wrong(o, "addresses", "%s: VRRP version 2 has IPv4 addresses only",
			    addr_print_ip(&v->addresses.v[i], buf, sizeof buf));
}

static void
peers_are_addresses(const struct one *o)
{
	const struct conf_strings *peers = &o->vip->peers;
	const char *why;
	struct addr a;

	if (conf_only(peers, "nodes") || conf_only(peers, "multicast"))
		return;
	for (unsigned i = 0; i < peers->n; i++) {
		why = addr_parse(&a, peers->v[i], false);
		if (why == NULL && addr_port(&a) != 0)
			why = "a port is not possible here";
		if (why != NULL)
			wrong(o, "peers", "%s: %s; or \"nodes\" alone, or \"multicast\" alone",
			    conf_text_shown(o->r->scratch, peers->v[i]), why);
	}
}

static void
order_names_nodes(const struct one *o)
{
	const struct conf *conf = o->r->conf;
	const struct conf_strings *order = &o->vip->order;
	const char *names[CONF_NODES];

	if (conf_only(order, "nodes"))
		return;
	for (unsigned i = 0; i < conf->n_nodes; i++)
		names[i] = conf->nodes[i].name;
	for (unsigned i = 0; i < order->n; i++) {
		if (conf_find_node(conf, order->v[i]) < 0)
			wrong(o, "order", "%s is not among nodes%s",
			    conf_text_shown(o->r->scratch, order->v[i]),
			    conf_did_you_mean(o->r->scratch, order->v[i], names, conf->n_nodes));
		for (unsigned k = 0; k < i; k++)
			if (strcmp(order->v[k], order->v[i]) == 0)
				wrong(o, "order", "%s stands twice",
				    conf_text_shown(o->r->scratch, order->v[i]));
	}
}

/* Weights move the priority, which VRRP keeps within 1..254 (255 owns the address, 0 leaves). */
static void
weights_fit(const struct one *o)
{
	const struct conf_track *t = &o->vip->track;
	const struct conf *conf = o->r->conf;
	int up = 0, down = 0;

	for (unsigned i = 0; i < t->n_scripts; i++) {
		up += t->scripts[i].weight > 0 ? t->scripts[i].weight : 0;
		down += t->scripts[i].weight < 0 ? t->scripts[i].weight : 0;
	}
	if ((up != 0 || down != 0) && !o->vip->preempt)
		wrong(o, "track",
		    "a weight has no effect while preempt is false: preempt = true, or "
		    "weight = 0");
	for (unsigned i = 0; i < conf->n_nodes; i++) {
		int base = conf->nodes[i].priority;

		if (base == 255)
			continue; /* weights do not move an owner */
		if (base + up > 254)
			wrong(o, "track",
			    "priority %d of node \"%s\" and the weights together are %d: "
			    "at most 254; give the nodes lower priorities",
			    base, conf->nodes[i].name, base + up);
		if (base + down < 1)
			wrong(o, "track",
			    "priority %d of node \"%s\" and the weights together are %d: "
			    "at least 1; give the nodes higher priorities",
			    base, conf->nodes[i].name, base + down);
	}
}

/* They are run without a shell, which would look for the program. */
static void
commands_are_paths(const struct one *o)
{
	const struct conf_track *t = &o->vip->track;

	if (t->n_scripts > SHM_SCRIPTS)
		wrong(o, "track", "%u scripts: at most %d", t->n_scripts, SHM_SCRIPTS);
	for (unsigned i = 0; i < t->n_scripts; i++)
		if (t->scripts[i].command[0] != '/')
			wrong(o, "track",
			    "scripts[%u].command must begin with \"/\": there is no shell to find it",
			    i);
	if (*o->vip->notify != '\0' && *o->vip->notify != '/')
		wrong(o, "notify", "must begin with \"/\": there is no shell to find it");
}

/* As the kernel has them (dev_valid_name). */
static void
interfaces_are_names(const struct one *o)
{
	const struct conf_strings *all = &o->vip->track.interfaces;

	if (conf_only(all, "auto"))
		return;
	for (unsigned i = 0; i < all->n; i++) {
		const char *name = all->v[i];

		if (strcmp(name, "auto") == 0)
			wrong(o, "track",
			    "interfaces: \"auto\" stands alone; those of the VIP and of the adverts "
			    "always count");
		else if (*name == '\0' || strlen(name) > 15 || strpbrk(name, "/: \t\n") != NULL)
			wrong(o, "track", "interfaces: %s is no name of an interface",
			    conf_text_shown(o->r->scratch, name));
	}
}

/* Else two elections would want their VIPs on two nodes. */
static void
fits_group(const struct one *o, unsigned index)
{
	static const char *const shared[] = {"order", "preempt", "preempt_delay"};
	const struct conf_vip *v = o->vip, *w;
	const struct conf_opt *opt;

	for (unsigned i = 0; i < index; i++) {
		w = &o->r->conf->vips[i];
		if (*v->group == '\0' || strcmp(v->group, w->group) != 0)
			continue;
		for (size_t k = 0; k < sizeof shared / sizeof *shared; k++) {
			opt = conf_table_find(&conf_table_vip, shared[k]);
			if (!conf_opt_equal(
				opt, conf_field_const(v, opt), conf_field_const(w, opt)))
				wrong(o, shared[k],
				    "VIP \"%s\" of the same group has another one: they move together",
				    w->name);
		}
		return; /* that one was compared with those before it */
	}
}

static bool
share_address(const struct conf_addrs *a, const struct conf_addrs *b, const struct addr **which)
{
	for (unsigned i = 0; i < a->n; i++)
		if (conf_has_address(b, *which = &a->v[i]))
			return true;
	return false;
}

static void
differs_from_others(const struct one *o, unsigned index)
{
	const struct conf *conf = o->r->conf;
	const struct conf_vip *v = o->vip, *w;
	const struct addr *a;
	char buf[ADDR_TEXT];

	for (unsigned i = 0; i < index; i++) {
		w = &conf->vips[i];
		if (*v->name != '\0' && strcmp(v->name, w->name) == 0)
			wrong(o, "name", "a second VIP of that name");
		else if (share_address(&v->addresses, &w->addresses, &a))
			wrong(o, "addresses", "%s is also an address of VIP \"%s\"",
			    addr_print_ip(a, buf, sizeof buf), w->name);
		if (v->virtual_router_id != CONF_AUTO &&
		    v->virtual_router_id == w->virtual_router_id &&
		    strcmp(v->interface, w->interface) == 0)
			wrong(o, "virtual_router_id", "%d is also that of VIP \"%s\"",
			    v->virtual_router_id, w->name);
	}
	for (unsigned i = 0; i < conf->n_nodes; i++)
		if (share_address(&v->addresses, &conf->nodes[i].addresses, &a))
			wrong(o, "addresses",
			    "%s is node \"%s\" itself: a VIP is an address of its own",
			    addr_print_ip(a, buf, sizeof buf), conf->nodes[i].name);
}

void
conf_check_vips(struct conf_reader *r)
{
	const struct conf *conf = r->conf;
	const struct conf_path list = {.name = "vips"};

	if (conf->n_vips > 0 && conf->n_nodes == 0)
		conf_say(&r->errors, r->vips[0]->line, &list,
		    "nodes is missing: nodes = ( \"ADDRESS\", ... ) of all machines that may hold it");
	for (unsigned i = 0; i < conf->n_vips; i++) {
		const struct conf_path path = conf_named(&list, conf->vips[i].name, i);
		const struct one o = {r, &conf->vips[i], r->vips[i], &path};

		fits_version(&o);
		peers_are_addresses(&o);
		order_names_nodes(&o);
		weights_fit(&o);
		commands_are_paths(&o);
		interfaces_are_names(&o);
		fits_group(&o, i);
		differs_from_others(&o, i);
	}
}
