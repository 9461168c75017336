/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of global.log (master/sink.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "master/sink.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const struct {
	const char *name;
	int value;
} facilities[] = {
    {"kern", LOG_KERN},
    {"user", LOG_USER},
    {"mail", LOG_MAIL},
    {"daemon", LOG_DAEMON},
    {"auth", LOG_AUTH},
    {"syslog", LOG_SYSLOG},
    {"lpr", LOG_LPR},
    {"news", LOG_NEWS},
    {"uucp", LOG_UUCP},
    {"cron", LOG_CRON},
    {"authpriv", LOG_AUTHPRIV},
    {"ftp", LOG_FTP},
    {"local0", LOG_LOCAL0},
    {"local1", LOG_LOCAL1},
    {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3},
    {"local4", LOG_LOCAL4},
    {"local5", LOG_LOCAL5},
    {"local6", LOG_LOCAL6},
    {"local7", LOG_LOCAL7},
};

static int
parse_level(struct sink_spec *spec, const char *word, const char *text, struct err *err)
{
	for (int level = LOG_LEVEL_ERR; level <= LOG_LEVEL_DEBUG; level++)
		if (strcmp(word, log_level_name((enum log_level)level)) == 0) {
			spec->level = (enum log_level)level;
			return 0;
		}
	return err_add(err, "global.log: %s: no level \"%s\" (err, warning, notice, info or debug)",
	    text, word);
}

/* "" or ":facility" or ":facility:level" */
static int
parse_tail(struct sink_spec *spec, const char *tail, const char *text, struct err *err)
{
	size_t n = strcspn(*tail == ':' ? tail + 1 : tail, ":");
	const char *word;

	if (*tail == '\0')
		return 0;
	word = ++tail;
	spec->facility = -1;
	for (size_t i = 0; i < sizeof facilities / sizeof *facilities; i++)
		if (strlen(facilities[i].name) == n && strncmp(facilities[i].name, word, n) == 0)
			spec->facility = facilities[i].value;
	if (spec->facility < 0)
		return err_add(err,
		    "global.log: %s: no facility \"%.*s\" (daemon, local0 .. local7, ...)", text,
		    (int)n, word);
	if (word[n] == '\0')
		return 0;
	return parse_level(spec, word + n + 1, text, err);
}

static int
parse_udp(struct sink_spec *spec, const char *text, struct err *err)
{
	const char *start = text + strlen("udp:"), *port, *end, *wrong;
	char addr[ADDR_TEXT];

	port = *start == '[' ? strchr(start, ']') : start;
	port = port != NULL ? strchr(port, ':') : NULL;
	if (port == NULL)
		return err_add(err, "global.log: %s: udp:ADDRESS:PORT is expected", text);
	end = port + 1 + strcspn(port + 1, ":");
	if (snprintf(addr, sizeof addr, "%.*s", (int)(end - start), start) >= (int)sizeof addr)
		return err_add(err, "global.log: %s: not an address", text);
	wrong = addr_parse(&spec->addr, addr, false);
	if (wrong == NULL && addr_port(&spec->addr) == 0)
		wrong = "the port is missing";
	if (wrong != NULL)
		return err_add(err, "global.log: %s: %s", text, wrong);
	return parse_tail(spec, end, text, err);
}

static int
parse_path(struct sink_spec *spec, const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':');
	size_t n = strlen(text);

	spec->kind = SINK_FILE;
	if (colon != NULL && colon[1] != '\0' && colon[1 + strspn(colon + 1, LETTERS)] == '\0')
		n = (size_t)(colon - text);
	if (n >= sizeof spec->path)
		return err_add(err, "global.log: %.40s...: too long a name", text);
	memcpy(spec->path, text, n); /* zeroed: it ends */
	return text[n] == '\0' ? 0 : parse_level(spec, colon + 1, text, err);
}

int
sink_parse(struct sink_spec *spec, const char *text, struct err *err)
{
	*spec = (struct sink_spec){.facility = LOG_DAEMON, .level = LOG_LEVEL_DEBUG};
	if (strncmp(text, "stderr", 6) == 0 && (text[6] == ':' || text[6] == '\0')) {
		spec->kind = SINK_STDERR;
		return text[6] == '\0' ? 0 : parse_level(spec, text + 7, text, err);
	}
	if (text[0] == '/')
		return parse_path(spec, text, err);
	if (strncmp(text, "udp:", 4) == 0) {
		spec->kind = SINK_UDP;
		return parse_udp(spec, text, err);
	}
	if (strncmp(text, "syslog", 6) == 0 && (text[6] == ':' || text[6] == '\0')) {
		spec->kind = SINK_SYSLOG;
		return parse_tail(spec, text + 6, text, err);
	}
	return err_add(err,
	    "global.log: \"%s\" is none of stderr[:level], syslog[:facility[:level]], "
	    "udp:ADDR:PORT[:facility[:level]], /path[:level]",
	    text);
}
