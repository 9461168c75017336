/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about health checks. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf/check.h"

/* A service's check, for the rules about one. */
struct one {
	struct conf_reader *r;
	const struct conf_check *check;
	const struct conf_value *tree; /* of the service */
	const struct conf_path *path;  /* of check */
};

static void
say(const struct one *o, struct conf_says *says, const char *option, const char *text)
{
	struct conf_path path = {o->path, option, 0};
	const char *dotted = conf_format(o->r->scratch, "check.%s", option);

	conf_say(says, conf_option_line(o->tree, dotted), &path, "%s", text);
}

static bool
present(const struct one *o, const char *option)
{
	return conf_value_find(conf_value_find(o->tree, "check"), option) != NULL;
}

/* The status code of three digits at text, or -1. */
static int
code(const char *text)
{
	if (strspn(text, "0123456789") != 3 || *text < '1' || *text > '5')
		return -1;
	return (text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0';
}

/* "200", "200-299" or "2xx" */
static bool
is_expect(const char *text)
{
	if (*text >= '1' && *text <= '5' && strcmp(text + 1, "xx") == 0)
		return true;
	/* Not strlen() alone: "200-299" is looked at in two halves. */
	if (strlen(text) == 3)
		return code(text) > 0;
	if (strlen(text) != 7 || text[3] != '-')
		return false;
	return code(text) > 0 && code(text + 4) >= code(text);
}

static void
expects_status_codes(const struct one *o)
{
	const struct conf_strings *expect = &o->check->expect;

	for (unsigned i = 0; i < expect->n; i++)
		if (!is_expect(expect->v[i]))
			say(o, &o->r->errors, "expect",
			    conf_format(o->r->scratch,
				"%s is no status code: \"200\", \"200-299\" or \"2xx\"",
				conf_text_shown(o->r->scratch, expect->v[i])));
}

static void
path_is_one(const struct one *o)
{
	const char *path = o->check->path;

	if (*path != '/' || strpbrk(path, " \"#") != NULL)
		say(o, &o->r->errors, "path",
		    conf_format(o->r->scratch,
			"%s: the path of a request begins with \"/\" and has no blanks",
			conf_text_shown(o->r->scratch, path)));
}

static void
timeouts_fit(const struct one *o)
{
	/* Only when it was written: a short timeout alone is clear enough. */
	if (present(o, "connect_timeout") && o->check->timeout < o->check->connect_timeout)
		say(o, &o->r->warnings, "connect_timeout",
		    "is longer than timeout, which ends the whole check before");
}

static void
file_is_there(const struct one *o, const char *option, const char *file)
{
	bool absent;

	if (*file == '\0' || access(file, R_OK) == 0)
		return;
	absent = errno == ENOENT || errno == ENOTDIR;
	say(o, absent ? &o->r->errors : &o->r->warnings, option,
	    conf_format(o->r->scratch, "%s: %s", file, strerror(errno)));
}

static void
files_are_there(const struct one *o)
{
	const struct conf_check *c = o->check;

	file_is_there(o, "ca", c->ca);
	file_is_there(o, "cert", c->cert);
	file_is_there(o, "key", c->key);
	if (*c->cert != '\0' && !present(o, "key"))
		say(o, &o->r->errors, "cert", "key is missing: both are needed");
	if (*c->key != '\0' && !present(o, "cert"))
		say(o, &o->r->errors, "key", "cert is missing: both are needed");
}

/* Options of TLS or HTTP in a check that does not go so far. Defaults do not count: -T prints
 * them all. */
static void
options_are_used(const struct one *o)
{
	const struct conf_check *c = o->check;
	bool http = c->type == CHECK_HTTPS || c->type == CHECK_HTTP;
	bool tls = c->type == CHECK_HTTPS || c->type == CHECK_TLS;
	static const char text[] = "has no effect on a check of this type";

	if (!http && *c->host != '\0')
		say(o, &o->r->warnings, "host", text);
	if (tls)
		return;
	if (*c->sni != '\0')
		say(o, &o->r->warnings, "sni", text);
	if (*c->ca != '\0')
		say(o, &o->r->warnings, "ca", text);
	if (*c->cert != '\0')
		say(o, &o->r->warnings, "cert", text);
	if (c->verify == VERIFY_REQUIRED)
		say(o, &o->r->warnings, "verify", text);
}

static void
required_has_ca(const struct one *o)
{
	bool tls = o->check->type == CHECK_HTTPS || o->check->type == CHECK_TLS;

	if (tls && o->check->verify == VERIFY_REQUIRED && *o->check->ca == '\0')
		say(o, &o->r->warnings, "verify",
		    "ca is not set: only certificates of public authorities pass; for an API server "
		    "ca = \"/etc/kubernetes/pki/ca.crt\"");
}

void
conf_check_probes(struct conf_reader *r)
{
	const struct conf_path services = {.name = "services"};

	for (unsigned i = 0; i < r->conf->n_services; i++) {
		const struct conf_service *s = &r->conf->services[i];
		const struct conf_path service = conf_named(&services, s->name, i);
		const struct conf_path path = {&service, "check", 0};
		const struct one o = {r, &s->check, r->services[i], &path};

		expects_status_codes(&o);
		path_is_one(&o);
		timeouts_fit(&o);
		files_are_there(&o);
		options_are_used(&o);
		required_has_ca(&o);
	}
}
