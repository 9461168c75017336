/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "conf/check.h"
#include "conf/near.h"
#include "shm/layout.h"

/* An API server holds about 20 connections per idle cluster node (openshift-ansible issue 1497),
 * each of them for hours: fewer than this in all is a limit that small clusters reach. */
#define FEW_CONNECTIONS 1000
#define PER_NODE	20

static const struct conf_path services = {.name = "services"};

static void
names_differ(struct conf_reader *r)
{
	const struct conf *conf = r->conf;

	for (unsigned i = 0; i < conf->n_services; i++) {
		const struct conf_service *s = &conf->services[i];
		const struct conf_path path = conf_named(&services, s->name, i);

		for (unsigned k = 0; k < i; k++) {
			if (*s->name == '\0' || strcmp(conf->services[k].name, s->name) != 0)
				continue;
			conf_say(&r->errors, conf_option_line(r->services[i], "name"), &path,
			    "a second service of that name");
			break;
		}
	}
}

static void
servers_differ(struct conf_reader *r)
{
	char buf[ADDR_TEXT];

	for (unsigned i = 0; i < r->conf->n_services; i++) {
		const struct conf_service *s = &r->conf->services[i];
		const struct conf_path service = conf_named(&services, s->name, i);
		const struct conf_path list = {&service, "servers", 0};

		for (unsigned k = 1; k < s->n_servers; k++) {
			const struct conf_server *a = &s->servers[k], *b = s->servers;
			const struct conf_path path = conf_named(&list, a->name, k);

			while (
			    b < a && (*a->name == '\0' || strcmp(a->name, b->name) != 0) &&
			    (a->addr.sa.sa_family == AF_UNSPEC || !addr_equal(&a->addr, &b->addr)))
				b++;
			if (b < a && strcmp(a->name, b->name) == 0)
				conf_say(
				    &r->errors, a->line, &path, "a second server of that name");
			else if (b < a)
				conf_say(&r->warnings, a->line, &path,
				    "%s is also the address of \"%s\": it gets the shares of both",
				    addr_print(&a->addr, buf, sizeof buf), b->name);
		}
	}
}

static void
segment_has_room(struct conf_reader *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->conf->n_services; i++) {
		const struct conf_service *s = &r->conf->services[i];
		const struct conf_path path = conf_named(&services, s->name, i);

		n += s->n_servers;
		if (n <= SHM_SERVERS)
			continue;
		conf_say(&r->errors, conf_option_line(r->services[i], "servers"), &path,
		    "all services up to this one have %u servers together: at most %d", n,
		    SHM_SERVERS);
		return;
	}
}

static void
somebody_serves(struct conf_reader *r)
{
	for (unsigned i = 0; i < r->conf->n_services; i++) {
		const struct conf_service *s = &r->conf->services[i];
		const struct conf_path path = conf_named(&services, s->name, i);
		unsigned usable = 0;

		for (unsigned k = 0; k < s->n_servers; k++)
			usable += s->servers[k].opt.enabled && s->servers[k].opt.weight > 0;
		if (usable == 0 && s->n_servers > 0)
			conf_say(&r->warnings, conf_option_line(r->services[i], "servers"), &path,
			    "no server takes connections: all have enabled = false or weight = 0");
	}
}

static void
limits_are_wide(struct conf_reader *r)
{
	for (unsigned i = 0; i < r->conf->n_services; i++) {
		const struct conf_service *s = &r->conf->services[i];
		const struct conf_path path = conf_named(&services, s->name, i);
		long sum = 0;
		bool limited = s->n_servers > 0;

		if (s->preset != PRESET_KUBE_APISERVER && s->preset != PRESET_K3S)
			continue;
		for (unsigned k = 0; k < s->n_servers; k++) {
			sum += s->servers[k].opt.max_connections;
			limited &= s->servers[k].opt.max_connections > 0;
		}
		if (s->max_connections > 0 && (!limited || s->max_connections < sum))
			sum = s->max_connections;
		else if (!limited)
			continue;
		if (sum < FEW_CONNECTIONS)
			conf_say(&r->warnings, r->services[i]->line, &path,
			    "max_connections lets %ld connections in, enough for about %ld cluster "
			    "nodes (%d each); 0 is no limit",
			    sum, sum / PER_NODE, PER_NODE);
	}
}

/* The kernel's TCP_KEEPIDLE and TCP_KEEPINTVL are in seconds. */
static void
keepalive_is_whole_seconds(struct conf_reader *r)
{
	static const char *const options[] = {"keepalive.client.idle", "keepalive.client.interval",
	    "keepalive.server.idle", "keepalive.server.interval"};

	for (unsigned i = 0; i < r->conf->n_services; i++) {
		const struct conf_service *s = &r->conf->services[i];
		const struct conf_path service = conf_named(&services, s->name, i);
		const int ms[] = {s->keepalive.client.idle, s->keepalive.client.interval,
		    s->keepalive.server.idle, s->keepalive.server.interval};

		for (unsigned k = 0; k < 4; k++) {
			const struct conf_path path = {&service, options[k], 0};

			if (ms[k] % 1000 != 0)
				conf_say(&r->errors, conf_option_line(r->services[i], options[k]),
				    &path, "wants whole seconds, as the kernel does: \"%ds\"",
				    ms[k] / 1000 + 1);
		}
	}
}

static void
rebalance_can_end(struct conf_reader *r)
{
	for (unsigned i = 0; i < r->conf->n_services; i++) {
		const struct conf_service *s = &r->conf->services[i];
		const struct conf_path service = conf_named(&services, s->name, i);
		const struct conf_path path = {&service, "rebalance", 0};

		if (s->rebalance.target >= s->rebalance.threshold)
			conf_say(&r->errors, conf_option_line(r->services[i], "rebalance"), &path,
			    "target %d must be less than threshold %d", s->rebalance.target,
			    s->rebalance.threshold);
	}
}

/* What is wrong with a name of client_hello.sni, which is compared with what clients send (RFC 6066
 * section 3, without a dot at the end); NULL: nothing. */
static const char *
wrong_name(const char *name)
{
	static const char known[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	const char *rest = strncmp(name, "*.", 2) == 0 ? name + 2 : name;
	size_t len = strlen(rest);

	if (strchr(rest, '*') != NULL)
		return "\"*\" stands for one whole label, the first: \"*.example.net\"; an empty "
		       "list lets all in";
	if (len == 0 || len > 253 || rest[strspn(rest, known)] != '\0')
		return "no host name";
	if (rest[0] == '.' || strstr(rest, "..") != NULL)
		return "a label is empty";
	if (rest[len - 1] == '.')
		return "without the dot at the end: clients send none";
	return NULL;
}

static void
sni_are_names(struct conf_reader *r)
{
	for (unsigned i = 0; i < r->conf->n_services; i++) {
		const struct conf_service *s = &r->conf->services[i];
		const struct conf_path service = conf_named(&services, s->name, i);
		const struct conf_path path = {&service, "client_hello.sni", 0};
		int line = conf_option_line(r->services[i], "client_hello.sni");
		const char *why;

		if (s->client_hello.sni.n > 0 && s->client_hello.mode == HELLO_NONE)
			conf_say(&r->warnings, line, &path,
			    "without effect: client_hello.mode is \"none\"");
		for (unsigned k = 0; k < s->client_hello.sni.n; k++) {
			why = wrong_name(s->client_hello.sni.v[k]);
			if (why != NULL)
				conf_say(&r->errors, line, &path, "\"%s\": %s",
				    s->client_hello.sni.v[k], why);
		}
	}
}

void
conf_check_services(struct conf_reader *r)
{
	static conf_rule *const rules[] = {
	    names_differ,
	    servers_differ,
	    segment_has_room,
	    somebody_serves,
	    limits_are_wide,
	    keepalive_is_whole_seconds,
	    rebalance_can_end,
	    sni_are_names,
	};

	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		rules[i](r);
}
