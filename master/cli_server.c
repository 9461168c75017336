/* SPDX-License-Identifier: BSD-2-Clause */
/* kha server: the command line of it, and the order to the master. */
#include "master/cli_server.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "conf/near.h"
#include "conf/opt.h"
#include "master/cli.h"
#include "master/cli_call.h"
#include "master/ctl.h"

/* Longer than the master takes when the disk is slow. */
#define ANSWER_MS 15000

static const char usage[] =
    "usage: kha server [[SERVICE/]NAME] [-r DIR]\n"
    "       kha server [SERVICE/]NAME ready|drain|maint|weight N|close [--for TIME] [--wait]\n"
    "                  [--force] [-r DIR]\n"
    "Shows one server or all, or changes what one gets until it is changed again, over reloads\n"
    "and restarts; only a new value in the file ends it. NAME may be an address, with or without\n"
    "port.\n"
    "  ready      new connections, if its checks pass: the end of drain and maint\n"
    "  drain      no new connections; open ones stay\n"
    "  maint      no new connections, no checks; open ones are closed after 10 s\n"
    "  weight N   0 to 256, 0 is no new connections; default: that of the file\n"
    "  close      close its connections now, at most reset_rate a second\n"
    "  --for TIME then back to what was before: \"90s\", \"10m\", \"1h\"\n"
    "  --wait     return when its connections have ended (drain, maint, close)\n"
    "  --force    also when the service is left without a usable server\n"
    "  -r DIR     run directory of the daemon; default $KHA_RUN_DIR, else /run/kha\n"
    "exit code: 0 good, 1 refused, 2 usage, 3 no daemon runs\n";

struct options {
	const char *run_dir, *for_text;
	bool wait, force, within;
};

/* CLI_OK, CLI_USAGE, or -1: only help was wanted, and is printed. */
static int
parse_options(struct options *o, int argc, char **argv)
{
	enum { FOR = 256, WAIT, FORCE, WITHIN };
	static const struct option longs[] = {
	    {"for", required_argument, NULL, FOR},
	    {"wait", no_argument, NULL, WAIT},
	    {"force", no_argument, NULL, FORCE},
	    {"within", required_argument, NULL, WITHIN},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	int c;

	*o = (struct options){0};
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":r:h", longs, NULL)) != -1) {
		if (c == 'r')
			o->run_dir = optarg;
		else if (c == FOR)
			o->for_text = optarg;
		else if (c == WAIT)
			o->wait = true;
		else if (c == FORCE)
			o->force = true;
		else if (c == WITHIN || (c == ':' && optopt == WITHIN))
			o->within = true;
		else if (c == ':' && optopt == FOR)
			return cli_misused("server", "--for needs a time like \"10m\"");
		else if (c == 'h')
			return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? CLI_FAILED : -1;
		else
			return cli_bad_option("server", c, argv);
	}
	if (o->within)
		return cli_misused("server", "--within comes with a later version");
	return CLI_OK;
}

static int
parse_verb(struct order *order, const char *word)
{
	const char *names[ORDER_VERBS], *near;

	for (int v = 0; v < ORDER_VERBS; v++) {
		names[v] = order_verb_name((enum order_verb)v);
		if (strcmp(names[v], word) != 0)
			continue;
		order->verb = (enum order_verb)v;
		return CLI_OK;
	}
	near = conf_nearest(word, names, ORDER_VERBS);
	if (near != NULL)
		return cli_misused("server", "no verb \"%s\": did you mean \"%s\"?", word, near);
	return cli_misused(
	    "server", "no verb \"%s\": ready, drain, maint, weight N or close", word);
}

static int
parse_for(struct order *order, const char *text)
{
	if (text == NULL)
		return CLI_OK;
	order->for_ms = conf_duration(text);
	if (order->for_ms < 0 && text[strspn(text, "0123456789")] == '\0')
		return cli_misused("server",
		    "--for %s: a time needs a unit: \"%ss\", \"%sm\" or \"%sh\"", text, text, text,
		    text);
	if (order->for_ms < 0)
		return cli_misused("server",
		    "--for %s: a time is a whole number and s, m or h, like \"10m\"", text);
	if (order->for_ms < ORDER_FOR_MIN_MS || order->for_ms > ORDER_FOR_MAX_MS)
		return cli_misused("server", "--for %s: a time is from 1s to 8784h", text);
	return CLI_OK;
}

/* Options that make no sense with the verb. */
static int
check_together(const struct order *order, const struct options *o)
{
	const char *verb = order_verb_name(order->verb);
	bool is_default = order->verb == ORDER_WEIGHT && order->weight == SETTING_NONE;

	if (order->for_ms > 0 && (order->verb == ORDER_CLOSE || is_default))
		return cli_misused("server", "--for does not go with %s%s: it has no end", verb,
		    is_default ? " default" : "");
	if (o->wait && (order->verb == ORDER_READY || order->verb == ORDER_WEIGHT))
		return cli_misused(
		    "server", "--wait goes with drain, maint and close, not with %s", verb);
	return CLI_OK;
}

static bool
is_verb(const char *word)
{
	for (int v = 0; v < ORDER_VERBS; v++)
		if (strcmp(order_verb_name((enum order_verb)v), word) == 0)
			return true;
	return false;
}

/* The words behind "server": NAME VERB [N]. */
static int
parse_order(struct order *order, const struct options *o, int n, char **words)
{
	int result;

	*order = (struct order){.force = o->force};
	if (is_verb(words[0]) && !is_verb(words[1]))
		return cli_misused(
		    "server", "the server comes first: kha server %s %s", words[1], words[0]);
	if (strlen(words[0]) >= sizeof order->server || words[0][strcspn(words[0], " ")] != '\0')
		return cli_misused("server", "\"%s\" is no name of a server", words[0]);
	snprintf(order->server, sizeof order->server, "%s", words[0]);
	result = parse_verb(order, words[1]);
	if (result == CLI_OK && order->verb == ORDER_WEIGHT &&
	    (n < 3 || !order_weight(words[2], &order->weight)))
		result =
		    cli_misused("server", "weight needs a number from 0 to 256, or \"default\"");
	if (result == CLI_OK && n > (order->verb == ORDER_WEIGHT ? 3 : 2))
		result = cli_misused("server", "%s is one word too many", words[n - 1]);
	if (result == CLI_OK)
		result = parse_for(order, o->for_text);
	return result == CLI_OK ? check_together(order, o) : result;
}

static int
send_order(const char *run_dir, const struct order *order)
{
	char request[CTL_REQUEST];
	size_t head = (size_t)snprintf(request, sizeof request, "%s ", ctl_verb_name(CTL_SERVER));

	_Static_assert(CTL_REQUEST >= ORDER_TEXT + sizeof "server ", "there is room");
	return cli_ask(
	    "kha server", run_dir, request, head + order_print(order, request + head), ANSWER_MS);
}

int
cli_server(int argc, char **argv)
{
	struct options o;
	struct order order;
	const char *run_dir;
	int result = parse_options(&o, argc, argv), n = argc - optind;

	if (result != CLI_OK)
		return result < 0 ? CLI_OK : result;
	run_dir = cli_run_dir(o.run_dir);
	if (n < 2) {
		if (o.wait || o.force || o.for_text != NULL)
			return cli_misused(
			    "server", "a verb is missing: --for, --wait and --force go with one");
		return cli_show(run_dir, n == 1 ? argv[optind] : NULL);
	}
	result = parse_order(&order, &o, n, argv + optind);
	if (result != CLI_OK)
		return result;
	result = send_order(run_dir, &order);
	if (result != CLI_OK || !o.wait)
		return result;
	fflush(stdout);
	return cli_wait(run_dir, &order);
}
