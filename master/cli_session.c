/* SPDX-License-Identifier: BSD-2-Clause */
/* kha session: open connections. Looking reads the segment and asks no process; closing one is an
 * order to the master. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "master/cli.h"
#include "master/cli_call.h"
#include "master/ctl.h"
#include "master/which.h"
#include "shm/fmt.h"
#include "shm/session.h"

#define ANSWER_MS 15000

static const char usage[] =
    "usage: kha session [-s SERVICE/NAME] [--sort age|bytes|idle] [--limit N] [-f table|json]\n"
    "                   [-r DIR]\n"
    "       kha session who ADDR:PORT [-s SERVICE/NAME] [-f table|json] [-r DIR]\n"
    "       kha session close ID [-r DIR]\n"
    "Lists the open connections; works while the daemon hangs, and after it died.\n"
    "  who ADDR:PORT  the client behind an address that a server has in its log\n"
    "  close ID       resets one, on both sides; ID is the first column\n"
    "  -s NAME        those of one server, as in kha server, or of a service\n"
    "  --sort WHAT    age (default): the oldest first; bytes: the largest; idle: the most silent\n"
    "  --limit N      the first N of them\n"
    "  -f FORMAT      table (default) or json\n"
    "  -r DIR         run directory of the daemon; default $KHA_RUN_DIR, else /run/kha\n"
    "exit code: 0 good, 1 error or not found, 2 usage, 3 no daemon runs (what it left is printed)\n";

struct options {
	const char *run_dir, *which;
	enum session_order order;
	size_t limit; /* 0: all */
	bool json;
	const char *own_text; /* of "who" */
	struct addr own;
};

/* ---- the command line ---- */

static int
parse_format(struct options *o, const char *word)
{
	o->json = strcmp(word, "json") == 0;
	if (o->json || strcmp(word, "table") == 0)
		return CLI_OK;
	return cli_misused("session", "no format \"%s\": table or json", word);
}

static int
parse_sort(struct options *o, const char *word)
{
	for (int i = 0; i < SESSION_ORDERS; i++) {
		if (strcmp(word, session_order_name((enum session_order)i)) != 0)
			continue;
		o->order = (enum session_order)i;
		return CLI_OK;
	}
	return cli_misused("session", "cannot sort by \"%s\": age, bytes or idle", word);
}

static int
parse_limit(struct options *o, const char *word)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	if (word[0] < '1' || word[0] > '9' || *end != '\0' || n > UINT32_MAX)
		return cli_misused("session", "--limit %s is not a number from 1 on", word);
	o->limit = n;
	return CLI_OK;
}

/* CLI_OK, CLI_USAGE, or -1: only help was wanted, and is printed. */
static int
parse(struct options *o, int argc, char **argv)
{
	enum { SORT = 256, LIMIT };
	static const struct option longs[] = {
	    {"sort", required_argument, NULL, SORT},
	    {"limit", required_argument, NULL, LIMIT},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	int c, result = CLI_OK;

	*o = (struct options){.order = SESSION_BY_AGE};
	optind = 0;
	opterr = 0;
	while (result == CLI_OK && (c = getopt_long(argc, argv, ":f:s:r:h", longs, NULL)) != -1) {
		if (c == 'f')
			result = parse_format(o, optarg);
		else if (c == SORT)
			result = parse_sort(o, optarg);
		else if (c == LIMIT)
			result = parse_limit(o, optarg);
		else if (c == 's')
			o->which = optarg;
		else if (c == 'r')
			o->run_dir = optarg;
		else if (c == ':' && optopt >= SORT)
			result = cli_misused("session", "%s needs a value", argv[optind - 1]);
		else if (c != 'h')
			result = cli_bad_option("session", c, argv);
		else
			return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? CLI_FAILED : -1;
	}
	return result;
}

static int
parse_who(struct options *o, const char *word)
{
	const char *why = addr_parse(&o->own, word, false);

	if (why != NULL)
		return cli_misused("session", "%s: %s", word, why);
	if (addr_port(&o->own) == 0)
		return cli_misused("session", "%s: the port is missing: \"%s\"", word,
		    o->own.sa.sa_family == AF_INET6 ? "[ADDR]:PORT" : "ADDR:PORT");
	o->own_text = word;
	return CLI_OK;
}

/* ---- looking ---- */

/* A removed server or service of that name counts as well: it may have connections still. */
static int
choose(const struct shm_table *t, const char *word, struct session_filter *f, struct err *err)
{
	const struct shm_server *s;
	int row;

	for (unsigned i = 0; i < t->n_services; i++) {
		f->service[i] =
		    t->service[i].state != ROW_FREE && strcmp(t->service[i].name, word) == 0;
		f->by_service = f->by_service || f->service[i];
	}
	if (f->by_service)
		return 0;
	row = which_server(t, word, err);
	if (row < 0)
		return -1;
	s = &t->server[row];
	f->by_server = true;
	for (unsigned i = 0; i < t->n_servers; i++)
		f->server[i] =
		    t->server[i].state != ROW_FREE && strcmp(t->server[i].name, s->name) == 0 &&
		    strcmp(t->service[t->server[i].service].name, t->service[s->service].name) == 0;
	return 0;
}

static void
print_who(const struct dump *d, const struct options *o, const struct session_list *list)
{
	char text[FMT_SESSION], id[SESSION_ID], date[32];
	const struct session *s;
	struct tm tm;
	time_t t;

	for (size_t i = 0; i < list->n; i++) {
		s = &list->v[i];
		t = (time_t)((d->wall_ms - fmt_age_ms(d, s->who.started_us)) / 1000);
		if (localtime_r(&t, &tm) == NULL ||
		    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm) == 0)
			snprintf(date, sizeof date, "?");
		printf("%s: %s, since %s, id %s\n", o->own_text, fmt_session(d, s, text), date,
		    session_id_print(&s->id, id));
	}
}

static int
print_table(
    const struct dump *d, const struct options *o, const struct session_list *list, struct err *err)
{
	uint64_t unlisted = STAT_GET(&d->sum.worker, unlisted);

	if (list->n > 0 && fmt_sessions(d, list, o->limit, stdout, err) < 0)
		return -1;
	if (list->n == 0)
		printf("no connection is open\n");
	if (o->limit != 0 && o->limit < list->n)
		printf("%zu of %zu connections\n", o->limit, list->n);
	if (unlisted > 0)
		printf("%" PRIu64 " more are open, for which a worker has no row (kha-stat(8), "
		       "unlisted)\n",
		    unlisted);
	if (list->torn > 0)
		printf("%u more cannot be read: their worker stopped while it wrote them\n",
		    list->torn);
	return 0;
}

static int
print(
    const struct dump *d, const struct options *o, const struct session_list *list, struct err *err)
{
	if (o->json)
		return fmt_sessions_json(d, list, o->limit, stdout, err);
	/* What is shown may be old: first that. */
	if (d->daemon == DAEMON_GONE)
		printf("daemon is not running (pid %" PRId32 " is gone); this is what it left\n",
		    d->info.pid);
	else if (d->daemon == DAEMON_SILENT)
		printf("master does not answer; this is what stands in shared memory\n");
	if (o->own_text == NULL)
		return print_table(d, o, list, err);
	print_who(d, o, list);
	return 0;
}

/* The exit code. */
static int
show(const struct seg *seg, const struct dump *d, const struct options *o)
{
	static struct session_filter filter; /* all */
	struct session_list list;
	int result = CLI_FAILED;
	struct err err;

	err_init(&err);
	filter.own = o->own_text != NULL ? &o->own : NULL;
	if ((o->which != NULL && choose(&d->table, o->which, &filter, &err) < 0) ||
	    session_take(seg, &filter, &list, &err) < 0) {
		fprintf(stderr, "kha session: %s\n", err_end(&err));
		return CLI_FAILED;
	}
	session_sort(&list, o->order);
	if (print(d, o, &list, &err) < 0) {
		fprintf(stderr, "kha session: %s\n", err_end(&err));
	} else if (ferror(stdout) || fflush(stdout) != 0) {
		perror("kha session: standard output");
	} else if (d->daemon == DAEMON_GONE) {
		result = CLI_NO_DAEMON;
	} else if (o->own_text != NULL && list.n == 0) {
		fprintf(stderr,
		    "kha session: no open connection comes from %s; if it has ended, it stands "
		    "in the log, in a line that ends with that\n",
		    o->own_text);
	} else {
		result = CLI_OK;
	}
	session_free(&list);
	return result;
}

static int
look(const struct options *o)
{
	struct dump *d;
	struct err err;
	struct seg seg;
	int result = cli_attach("session", &seg, cli_run_dir(o->run_dir));

	if (result != CLI_OK)
		return result;
	err_init(&err);
	d = dump_take(&seg, mono_now(), wall_ms(), &err);
	if (d != NULL) {
		result = show(&seg, d, o);
	} else {
		fprintf(stderr, "kha session: %s\n", err_end(&err));
		result = CLI_FAILED;
	}
	free(d);
	seg_close(&seg);
	return result;
}

/* ---- closing ---- */

static int
close_one(const struct options *o, const char *word)
{
	char request[CTL_REQUEST], id[SESSION_ID];
	struct session_id parsed;
	int n;

	if (!session_id_parse(word, strlen(word), &parsed))
		return cli_misused(
		    "session", "\"%s\" is no id of a connection: they look like 2-18213", word);
	if (o->which != NULL || o->json || o->limit != 0)
		return cli_misused("session", "close takes an id and -r DIR, nothing else");
	n = snprintf(request, sizeof request, "%s close %s", ctl_verb_name(CTL_SESSION),
	    session_id_print(&parsed, id));
	return cli_ask("kha session", cli_run_dir(o->run_dir), request, (size_t)n, ANSWER_MS);
}

int
cli_session(int argc, char **argv)
{
	static const char *const verbs[] = {"who", "close"};
	struct options o;
	int result = parse(&o, argc, argv), n = argc - optind;
	const char *verb = n > 0 ? argv[optind] : NULL, *near;
	bool closes = verb != NULL && (strcmp(verb, "close") == 0 || strcmp(verb, "kill") == 0);

	if (result != CLI_OK)
		return result < 0 ? CLI_OK : result;
	if (verb == NULL)
		return look(&o);
	if (!closes && strcmp(verb, "who") != 0) {
		near = cli_nearest(verb, verbs, sizeof verbs / sizeof *verbs);
		if (near != NULL)
			return cli_misused(
			    "session", "no verb \"%s\": did you mean \"%s\"?", verb, near);
		return cli_misused("session", "no verb \"%s\": who or close", verb);
	}
	if (n > 2)
		return cli_misused("session", "%s is one word too many", argv[optind + 2]);
	if (n < 2)
		return cli_misused("session", closes ? "close needs an id" : "who needs ADDR:PORT");
	if (closes)
		return close_one(&o, argv[optind + 1]);
	result = parse_who(&o, argv[optind + 1]);
	return result == CLI_OK ? look(&o) : result;
}
