/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about the status page. */
#include <string.h>

#include "conf/check.h"

static const struct conf_path status = {.name = "status"};
static const struct conf_path monitor = {&status, "monitor", 0};

/* option: as in the file, below status. */
static int
line_of(const struct conf_reader *r, const char *option)
{
	return conf_option_line(r->root, conf_format(r->scratch, "status.%s", option));
}

static void
user_has_password(struct conf_reader *r)
{
	const struct conf_status *s = &r->conf->status;
	const struct conf_path user = {&status, "user", 0}, file = {&status, "password_file", 0};
	const bool any = *s->password != '\0' || *s->password_file != '\0';

	if (*s->user != '\0' && !any)
		conf_say(&r->errors, line_of(r, "user"), &user,
		    "has no password: password or password_file is missing");
	if (*s->user == '\0' && any)
		conf_say(&r->errors,
		    line_of(r, *s->password != '\0' ? "password" : "password_file"), &user,
		    "is missing: a password alone asks nobody for anything");
	if (*s->password != '\0' && *s->password_file != '\0')
		conf_say(&r->errors, line_of(r, "password_file"), &file,
		    "password is set too: one of them is enough");
	/* RFC 7617 section 2: the first colon ends the user. */
	if (strchr(s->user, ':') != NULL)
		conf_say(&r->errors, line_of(r, "user"), &user, "must not hold a colon");
}

static void
key_has_certificate(struct conf_reader *r)
{
	const struct conf_tls *tls = &r->conf->status.tls;
	const struct conf_path path = {&status, "tls", 0};

	if ((*tls->cert == '\0') != (*tls->key == '\0'))
		conf_say(&r->errors, line_of(r, "tls"), &path,
		    "cert and key belong together: one of them is missing");
}

/* Of a URL as it is compared: a request for it must be possible. */
static void
path_is_one(struct conf_reader *r, const char *value, const struct conf_path *path, int line)
{
	if (*value != '/' || strpbrk(value, " ?#;%\"<>\\") != NULL)
		conf_say(&r->errors, line, path,
		    "%s: a path begins with \"/\" and has no blanks and none of ? # ; %% \" < > \\",
		    conf_text_shown(r->scratch, value));
}

static void
paths_are_free(struct conf_reader *r)
{
	static const char *const taken[] = {"/", "/metrics", "/healthz", "/readyz"};
	const struct conf_status *s = &r->conf->status;
	const struct conf_path page = {&status, "path", 0}, url = {&monitor, "path", 0};

	path_is_one(r, s->path, &page, line_of(r, "path"));
	path_is_one(r, s->monitor.path, &url, line_of(r, "monitor.path"));
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcmp(s->path, taken[i]) == 0 || strncmp(s->path, "/vip/", 5) == 0) {
			conf_say(&r->errors, line_of(r, "path"), &page,
			    "%s is taken: /, /metrics, /healthz, /readyz and /vip/ have answers "
			    "of their own",
			    s->path);
			break;
		}
}

/* It stands in quotes in a header. */
static void
realm_is_quotable(struct conf_reader *r)
{
	const struct conf_path path = {&status, "realm", 0};

	if (strpbrk(r->conf->status.realm, "\"\\") != NULL)
		conf_say(&r->errors, line_of(r, "realm"), &path,
		    "must hold neither a quote nor a backslash");
}

static bool
is_loopback(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

static void
others_need_password(struct conf_reader *r)
{
	const struct conf_status *s = &r->conf->status;
	const struct conf_path listen = {&status, "listen", 0};
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < s->listen.n; i++) {
		if (*s->user != '\0' || is_loopback(&s->listen.v[i].addr))
			continue;
		conf_say(&r->warnings, line_of(r, "listen"), &listen,
		    "%s: anybody who reaches it sees the page and /metrics: set user and password",
		    addr_print(&s->listen.v[i].addr, text, sizeof text));
		return;
	}
}

void
conf_check_status(struct conf_reader *r)
{
	user_has_password(r);
	key_has_certificate(r);
	paths_are_free(r);
	realm_is_quotable(r);
	others_need_password(r);
}
