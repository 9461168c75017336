/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpus.h"
#include "conf/near.h"

int
conf_option_line(const struct conf_value *element, const char *option)
{
	const struct conf_value *v = conf_value_find(element, option);

	return v != NULL ? v->line : element->line;
}

static void
something_to_do(struct conf_reader *r)
{
	if (r->conf->n_services == 0 && r->conf->n_vips == 0)
		conf_say(&r->errors, 0, NULL, "has neither services nor vips: nothing to do");
}

/* Letters, digits, dots and hyphens with an optional port; or an address. */
static void
endpoint_is_host_and_port(struct conf_reader *r)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	const struct conf_path path = {.name = "endpoint"};
	const char *text = r->conf->endpoint;
	size_t host = strspn(text, letters);
	long port = 1;
	char *end;
	struct addr a;

	if (*text == '\0' || addr_parse(&a, text, false) == NULL)
		return;
	if (host > 0 && text[host] == ':' && strspn(text + host + 1, "0123456789") > 0) {
		port = strtol(text + host + 1, &end, 10);
		host = (size_t)(end - text);
	}
	if (host == 0 || text[host] != '\0' || port < 1 || port > 65535)
		conf_say(&r->errors, conf_option_line(r->root, "endpoint"), &path,
		    "%s: wants HOST:PORT, as in \"kubeapi.example.net:6443\"",
		    conf_text_shown(r->scratch, text));
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char *const log_levels[] = {"err", "warning", "notice", "info", "debug"};
enum { LOG_LEVELS = sizeof log_levels / sizeof *log_levels };

/* "" or ":level". NULL, or what is wrong. */
static const char *
level_suffix(struct conf_reader *r, const char *text)
{
	if (*text == '\0')
		return NULL;
	for (int i = 0; i < LOG_LEVELS; i++)
		if (strcmp(text + 1, log_levels[i]) == 0)
			return NULL;
	return conf_format(r->scratch, "no level %s%s", conf_text_shown(r->scratch, text + 1),
	    conf_did_you_mean(r->scratch, text + 1, log_levels, LOG_LEVELS));
}

/* What may follow "syslog" and "udp:ADDR:PORT": [:facility[:level]]. NULL, or what is wrong. */
static const char *
syslog_suffix(struct conf_reader *r, const char *text)
{
	static const char *const facilities[] = {"kern", "user", "mail", "daemon", "auth", "syslog",
	    "lpr", "news", "uucp", "cron", "authpriv", "ftp", "local0", "local1", "local2",
	    "local3", "local4", "local5", "local6", "local7"};
	const char *const *names = facilities;
	size_t n = sizeof facilities / sizeof *facilities, len, i;
	const char *what = "facility", *word;

	for (int part = 0; part < 2 && *text == ':'; part++) {
		len = strcspn(++text, ":");
		word = conf_memdup(r->scratch, text, len);
		for (i = 0; i < n && strcmp(names[i], word) != 0; i++)
			continue;
		if (i == n)
			return conf_format(r->scratch, "no syslog %s %s%s", what,
			    conf_text_shown(r->scratch, word),
			    conf_did_you_mean(r->scratch, word, names, n));
		text += len;
		names = log_levels;
		n = LOG_LEVELS;
		what = "level";
	}
	return *text == '\0' ? NULL : "nothing comes behind the level";
}

/* udp:ADDR:PORT[...] */
static const char *
udp_target(struct conf_reader *r, const char *text)
{
	const char *colon = *text == '[' ? strchr(text, ']') : text, *why;
	struct addr a;
	size_t len;

	colon = colon != NULL ? strchr(colon, ':') : NULL;
	if (colon == NULL)
		return "wants udp:ADDR:PORT";
	len = (size_t)(colon - text) + 1 + strcspn(colon + 1, ":");
	why = addr_parse(&a, conf_memdup(r->scratch, text, len), false);
	return why != NULL ? why : syslog_suffix(r, text + len);
}

/* The level behind a path: letters behind its last colon. A file with such a name cannot be meant. */
static const char *
path_level(const char *path)
{
	const char *colon = strrchr(path, ':');

	if (colon != NULL && colon[1] != '\0' && colon[1 + strspn(colon + 1, LETTERS)] == '\0')
		return colon;
	return path + strlen(path);
}

static const char *
bad_log_target(struct conf_reader *r, const char *text)
{
	if (strncmp(text, "stderr", 6) == 0 && (text[6] == '\0' || text[6] == ':'))
		return level_suffix(r, text + 6);
	if (*text == '/')
		return level_suffix(r, path_level(text));
	if (strncmp(text, "udp:", 4) == 0)
		return udp_target(r, text + 4);
	if (strncmp(text, "syslog", 6) == 0 && (text[6] == '\0' || text[6] == ':'))
		return syslog_suffix(r, text + 6);
	return "no log target: stderr[:level], syslog[:facility[:level]], "
	       "udp:ADDR:PORT[:facility[:level]], or the absolute path of a file[:level]";
}

static void
log_targets_are_known(struct conf_reader *r)
{
	const struct conf_path global = {.name = "global"}, path = {&global, "log", 0};
	const struct conf_value *v = conf_value_find(r->root, "global.log");
	const struct conf_strings *log = &r->conf->global.log;
	const char *why;

	/* Elements that are no strings are not in log. */
	for (unsigned i = 0; v != NULL && i < log->n; i++) {
		int line = conf_value_count(v) == log->n ? conf_value_at(v, i)->line : v->line;

		why = bad_log_target(r, log->v[i]);
		if (why != NULL)
			conf_say(&r->errors, line, &path, "%s: %s",
			    conf_text_shown(r->scratch, log->v[i]), why);
		for (unsigned k = 0; k < i; k++)
			if (strcmp(log->v[k], log->v[i]) == 0)
				conf_say(&r->errors, line, &path, "%s stands twice",
				    conf_text_shown(r->scratch, log->v[i]));
	}
}

/* That a machine lacks one is no error: the file is the same on all nodes, and CPUs come and go. */
static void
worker_cpus_are_cpus(struct conf_reader *r)
{
	const struct conf_path global = {.name = "global"}, path = {&global, "worker_cpus", 0};
	const char *text = r->conf->global.worker_cpus, *why;
	const long have = sysconf(_SC_NPROCESSORS_CONF);
	struct cpus c;
	int line;

	why = cpus_parse(&c, text);
	if (why == NULL && c.how != CPUS_LIST)
		return;
	line = conf_option_line(r->root, "global.worker_cpus");
	if (why != NULL)
		conf_say(&r->errors, line, &path, "%s: %s", conf_text_shown(r->scratch, text), why);
	/* As another node: what is here says nothing. */
	for (unsigned i = 0; i < c.n && have > 0 && r->node == NULL; i++)
		if (c.v[i] >= have) {
			conf_say(&r->warnings, line, &path,
			    "this machine has no CPU %u: a worker for it runs on any", c.v[i]);
			break;
		}
}

static void
nodes_differ(struct conf_reader *r)
{
	const struct conf *conf = r->conf;
	const struct conf_path list = {.name = "nodes"};
	char buf[ADDR_TEXT];

	for (unsigned i = 0; i < conf->n_nodes; i++) {
		const struct conf_node *n = &conf->nodes[i];
		const struct conf_path path = conf_named(&list, n->name, i);

		for (unsigned k = 0; k < i; k++) {
			const struct conf_node *other = &conf->nodes[k];

			if (*n->name != '\0' && strcmp(other->name, n->name) == 0) {
				conf_say(&r->errors, n->line, &path, "a second node of that name");
				break;
			}
			for (unsigned x = 0; x < n->addresses.n * other->addresses.n; x++) {
				const struct addr *a = &n->addresses.v[x % n->addresses.n];

				if (addr_equal_ip(a, &other->addresses.v[x / n->addresses.n]))
					conf_say(&r->errors, n->line, &path,
					    "%s is also an address of node \"%s\"",
					    addr_print_ip(a, buf, sizeof buf), other->name);
			}
		}
	}
}

static void
secret_is_real(struct conf_reader *r, const char *secret, int line, const struct conf_path *path)
{
	if (strcmp(secret, "***") == 0)
		conf_say(&r->warnings, line, path,
		    "is \"***\", as -T prints it: put the real one there, or print with --secrets");
}

static void
secrets_are_real(struct conf_reader *r)
{
	const struct conf_path vips = {.name = "vips"}, status = {.name = "status"};
	const struct conf_path password = {&status, "password", 0};

	secret_is_real(
	    r, r->conf->status.password, conf_option_line(r->root, "status.password"), &password);
	for (unsigned i = 0; i < r->conf->n_vips; i++) {
		const struct conf_vip *vip = &r->conf->vips[i];
		const struct conf_path element = conf_named(&vips, vip->name, i);
		const struct conf_path path = {&element, "password", 0};

		secret_is_real(r, vip->password, conf_option_line(r->vips[i], "password"), &path);
	}
}

void
conf_check(struct conf_reader *r)
{
	static conf_rule *const rules[] = {
	    something_to_do,
	    endpoint_is_host_and_port,
	    log_targets_are_known,
	    worker_cpus_are_cpus,
	    nodes_differ,
	    secrets_are_real,
	    conf_check_status,
	    conf_check_vips,
	    conf_check_services,
	    conf_check_probes,
	    conf_check_listens,
	};

	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		rules[i](r);
}
