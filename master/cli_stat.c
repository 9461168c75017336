/* SPDX-License-Identifier: BSD-2-Clause */
/* kha stat: the segment, printed. It asks no process, so it works while all of them hang.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "master/cli.h"
#include "shm/dump.h"

static const char usage[] =
    "usage: kha stat [-f table|csv|json|prometheus] [-a] [-w SEC] [-r DIR]\n"
    "Prints counters, states and processes; works while the daemon hangs, and after it died.\n"
    "  -f FORMAT  table (default; what one looks at first, 100 columns or those of the terminal),\n"
    "             csv (HAProxy's columns), json, prometheus (these three have everything)\n"
    "  -a, --all  the table followed by all counters that are not 0\n"
    "  -w SEC     again every SEC seconds (0.1 to 86400); the table then shows rates\n"
    "  -r DIR     run directory of the daemon; default $KHA_RUN_DIR, else /run/kha\n"
    "exit code: 0 good, 1 error, 2 usage, 3 no daemon runs (what it left is printed)\n";

struct options {
	enum dump_format format;
	double watch_s; /* 0: once */
	const char *run_dir;
	struct dump_look look;
};

static int
parse_format(struct options *o, const char *word)
{
	const char *names[DUMP_FORMATS], *near;

	if (dump_format_parse(word, &o->format))
		return CLI_OK;
	for (int i = 0; i < DUMP_FORMATS; i++)
		names[i] = dump_format_name((enum dump_format)i);
	near = cli_nearest(word, names, DUMP_FORMATS);
	if (near != NULL)
		return cli_misused("stat", "no format \"%s\": did you mean \"%s\"?", word, near);
	return cli_misused("stat", "no format \"%s\": table, csv, json or prometheus", word);
}

static int
parse_watch(struct options *o, const char *word)
{
	if (cli_seconds(word, &o->watch_s))
		return CLI_OK;
	return cli_misused("stat", "-w %s is not a number of seconds from 0.1 to 86400", word);
}

/* CLI_OK, CLI_USAGE, or -1: only help was wanted, and is printed. */
static int
parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"all", no_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
	int c, result = CLI_OK;

	*o = (struct options){.format = DUMP_TABLE};
	cli_look(&o->look);
	optind = 0;
	opterr = 0;
	while (result == CLI_OK && (c = getopt_long(argc, argv, ":f:aw:r:h", longs, NULL)) != -1) {
		if (c == 'f')
			result = parse_format(o, optarg);
		else if (c == 'a')
			o->look.all = true;
		else if (c == 'w')
			result = parse_watch(o, optarg);
		else if (c == 'r')
			o->run_dir = optarg;
		else if (c != 'h')
			result = cli_bad_option("stat", c, argv);
		else
			return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? CLI_FAILED : -1;
	}
	if (result == CLI_OK && o->look.all && o->format != DUMP_TABLE)
		result = cli_misused("stat", "--all goes with the table; %s always has all",
		    dump_format_name(o->format));
	if (result == CLI_OK && optind < argc)
		result = cli_misused("stat", "%s is one word too many", argv[optind]);
	return result;
}

static int
failed(struct err *err)
{
	fprintf(stderr, "kha stat: %s\n", err_end(err));
	return CLI_FAILED;
}

/* A copy of the segment of the daemon that runs there at this moment: after a restart it
 * is another file, so it is opened each time. */
static int
take(const struct options *o, struct dump **d)
{
	return cli_dump("stat", cli_run_dir(o->run_dir), d);
}

static int
print(const struct options *o, const struct dump *d, const struct dump *before)
{
	struct err err;

	err_init(&err);
	/* Counters of another daemon say nothing about rates. */
	if (before != NULL &&
	    (before->info.pid != d->info.pid || before->info.start_us != d->info.start_us))
		before = NULL;
	if (dump_print(d, before, o->format, &o->look, stdout, &err) < 0)
		return failed(&err);
	if (ferror(stdout) || fflush(stdout) != 0) {
		err_addsys(&err, "standard output");
		return failed(&err);
	}
	return d->daemon == DAEMON_GONE ? CLI_NO_DAEMON : CLI_OK;
}

/* Until a signal ends the process, or nothing can be printed any more. A daemon that is
 * away for a while (a restart) is waited for. */
static int
watch(const struct options *o)
{
	struct dump *d, *before = NULL;
	bool screen = o->format == DUMP_TABLE && o->look.screen;
	int result;

	for (bool first = true;; first = false) {
		result = take(o, &d);
		if (d == NULL && (first || result == CLI_FAILED))
			break;
		if (d != NULL) {
			if (screen)
				fputs("\033[H\033[2J", stdout);
			else if (!first && o->format == DUMP_TABLE)
				fputc('\n', stdout);
			result = print(o, d, before);
			free(before);
			before = d;
			if (result == CLI_FAILED)
				break;
		}
		cli_sleep(o->watch_s);
	}
	free(before);
	return result;
}

int
cli_stat(int argc, char **argv)
{
	struct options o;
	struct dump *d;
	int result = parse(&o, argc, argv);

	if (result != CLI_OK)
		return result < 0 ? CLI_OK : result;
	if (o.watch_s > 0)
		return watch(&o);
	result = take(&o, &d);
	if (d == NULL)
		return result;
	result = print(&o, d, NULL);
	free(d);
	return result;
}
