/* SPDX-License-Identifier: BSD-2-Clause */
/* The options for kha.conf.5, in mdoc(7). */
#include <ctype.h>
#include <string.h>

#include "conf/opt.h"
#include "conf/preset.h"

/* Settings that are no rows: lists, and the names of their elements. */
static const struct {
	const struct conf_table *table;
	const char *name, *type, *help;
} beside[] = {
    {&conf_table_root, "global", "Group", "The daemon itself"},
    {&conf_table_root, "nodes", "List of groups or addresses",
	"The machines that run kha with this file, best owner of the VIPs first; may be absent when "
	"there are no vips"},
    {&conf_table_root, "vips", "List of groups or addresses", "Virtual IP addresses"},
    {&conf_table_root, "peer", "Group, or \"none\"", "Link between the nodes"},
    {&conf_table_root, "services", "List of groups", "What is listened on, and for which servers"},
    {&conf_table_root, "status", "Group", "Status page, metrics and monitor URL"},
    {&conf_table_track, "scripts", "List of groups", "Programs that are run from time to time"},
    {&conf_table_service, "name", "String, required",
	"Name of the service: letters, digits and . _ : - [ ], at most 63"},
    {&conf_table_service, "servers", "List of groups or addresses, required", "Its servers"},
    {&conf_table_service, "server_defaults", "Group",
	"Any option of a server, for all of the service"},
    {&conf_table_server, "name", "String",
	"Name of the server, as of a service; default: the address as written"},
    {&conf_table_server, "address", "IP:port, [IPv6]:port, IP, required",
	"Where it listens; without a port that of listen"},
};

static const struct {
	const struct conf_table *table;
	const char *title;
} titles[] = {
    {&conf_table_root, "Top level"},
    {&conf_table_global, "global"},
    {&conf_table_node, "nodes"},
    {&conf_table_vip, "vips"},
    {&conf_table_garp, "vips: garp"},
    {&conf_table_track, "vips: track"},
    {&conf_table_script, "vips: track.scripts"},
    {&conf_table_peer, "peer"},
    {&conf_table_service, "services"},
    {&conf_table_server, "services: servers, server_defaults"},
    {&conf_table_check, "services: check"},
    {&conf_table_timeout, "services: timeout"},
    {&conf_table_keepalive_client, "services: keepalive.client"},
    {&conf_table_keepalive_server, "services: keepalive.server"},
    {&conf_table_client_hello, "services: client_hello"},
    {&conf_table_per_source, "services: per_source"},
    {&conf_table_proxy_protocol, "services: proxy_protocol"},
    {&conf_table_rebalance, "services: rebalance"},
    {&conf_table_status, "status"},
    {&conf_table_tls, "status: tls"},
    {&conf_table_monitor, "status: monitor"},
};

/* Text for mdoc: quotes and backslashes escaped, nothing at its start that is a request, and each
 * sentence on a line of its own. */
static void
text(FILE *out, const char *s)
{
	char before = '\0';

	if (*s == '.' || *s == '\'')
		fputs("\\&", out);
	for (; *s != '\0'; before = *s++) {
		if (*s == '"')
			fputs("\\(dq", out);
		else if (*s == '\\')
			fputs("\\e", out);
		else if (*s == '-')
			fputs("\\-", out);
		else
			putc(*s, out);
		if (*s == '.' && s[1] == ' ' && isalnum((unsigned char)before)) {
			putc('\n', out);
			s++;
		}
	}
}

static void
sentence(FILE *out, const char *s)
{
	size_t len = strlen(s);

	text(out, s);
	fputs(len > 0 && s[len - 1] == '.' ? "\n" : ".\n", out);
}

static void
item(FILE *out, const char *name, const char *def)
{
	fprintf(out, ".It Ic %s", name);
	if (def != NULL) {
		fputs(" No = ", out);
		text(out, def);
	}
	putc('\n', out);
}

static void
words(FILE *out, const char *list)
{
	char word[32];
	int n = 0;

	fputs("One of", out);
	for (const char *w = list; *w != '\0'; n++) {
		fprintf(out, "%s \\(dq", n > 0 ? "," : "");
		text(out, conf_word_name(list, n, word, sizeof word));
		fputs("\\(dq", out);
		w += strcspn(w, "|");
		w += *w == '|';
	}
	fputs(".\n", out);
}

/* What values are possible, as a sentence. */
static void
range(FILE *out, const struct conf_opt *o)
{
	char least[24], most[24];

	switch (o->kind) {
	case KIND_BOOL:
		fputs("true or false.\n", out);
		break;
	case KIND_INT:
	case KIND_AUTO_INT:
	case KIND_NONE_INT:
		fprintf(out, "%s%d to %d.\n",
		    o->kind == KIND_AUTO_INT   ? "\\(dqauto\\(dq, or "
		    : o->kind == KIND_NONE_INT ? "\\(dqnone\\(dq, or "
					       : "",
		    o->min, o->max);
		break;
	case KIND_MSEC:
	case KIND_AUTO_MSEC:
		fprintf(out, "%s\\(dq%s\\(dq to \\(dq%s\\(dq.\n",
		    o->kind == KIND_AUTO_MSEC ? "\\(dqauto\\(dq, \\(dqnone\\(dq, or " : "",
		    conf_duration_print(o->min, least, sizeof least),
		    conf_duration_print(o->max, most, sizeof most));
		break;
	case KIND_STRING:
	case KIND_SECRET:
		fprintf(out, "String of %d to %d characters.\n", o->min, o->max);
		break;
	case KIND_PATH:
		fputs("Absolute path.\n", out);
		break;
	case KIND_WORDS:
		words(out, o->words);
		break;
	default:
		fprintf(out, "List of %d to %d %s.\n", o->min, o->max,
		    o->kind == KIND_MSECS     ? "durations"
		    : o->kind == KIND_STRINGS ? "strings"
		    : o->kind == KIND_CIDRS   ? "networks or addresses"
					      : "addresses");
		break;
	}
}

static void
presets(FILE *out, const struct conf_table *t, const struct conf_opt *o)
{
	const struct conf_opt *preset = conf_table_find(&conf_table_service, "preset");
	char word[32];

	for (unsigned i = 0; i < n_conf_presets; i++) {
		if (strcmp(conf_presets[i].group, t->name) != 0 ||
		    strcmp(conf_presets[i].option, o->name) != 0)
			continue;
		fputs("With preset \\(dq", out);
		text(out,
		    conf_word_name(preset->words, (int)conf_presets[i].preset, word, sizeof word));
		fputs("\\(dq the default is ", out);
		text(out, conf_presets[i].def);
		fputs(".\n", out);
	}
}

static void
option(FILE *out, const struct conf_table *t, const struct conf_opt *o)
{
	static const char *const applies[] = {
	    [CONF_LIVE] = "A reload changes it at once.",
	    [CONF_WORKERS] = "A reload that changes it starts new workers.",
	    [CONF_RESTART] = "A change needs a restart.",
	};

	item(out, o->name, o->kind == KIND_GROUP ? NULL : o->def);
	sentence(out, o->help);
	if (o->kind == KIND_GROUP) {
		fputs("A group, see below.\n", out);
		return;
	}
	range(out, o);
	presets(out, t, o);
	if (conf_opt_required(o))
		fputs("Required.\n", out);
	fprintf(out, "%s\n", o->later ? "Not yet in effect." : applies[o->apply]);
}

void
conf_doc(FILE *out)
{
	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
		const struct conf_table *t = titles[i].table;

		fputs(".Ss ", out);
		text(out, titles[i].title);
		fputs("\n.Bl -tag -width Ds\n", out);
		for (size_t k = 0; k < sizeof beside / sizeof beside[0]; k++) {
			if (beside[k].table != t)
				continue;
			item(out, beside[k].name, NULL);
			sentence(out, beside[k].help);
			sentence(out, beside[k].type);
		}
		for (unsigned k = 0; k < t->n; k++)
			option(out, t, &t->opts[k]);
		fputs(".El\n", out);
	}
}
