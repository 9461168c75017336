/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line. */
#include <ctype.h>
#include <errno.h>
#include <ev.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "checker/checker.h"
#include "conf/conf.h"
#include "master/cli.h"
#include "master/cli_signal.h"
#include "master/master.h"
#include "shm/dump.h"
#include "worker/worker.h"

#define CONF_FILE "/etc/kha/kha.conf"

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} verbs[] = {
    {"status", cli_status, "one screen: node, services, servers, warnings"},
    {"server", cli_server, "one server or all: ready, drain, maint, weight N, close"},
    {"vip", cli_vip, "the VIPs: take, release, ready"},
    {"session", cli_session, "open connections: all, who ADDR:PORT, close ID"},
    {"top", cli_top, "live: servers, VIPs, workers, with rates, sorted, filtered; -b for scripts"},
    {"stat", cli_stat, "counters, states and processes: table, csv, json, prometheus"},
};
#define VERBS (sizeof verbs / sizeof *verbs)

enum action { ACT_RUN, ACT_TEST, ACT_PRINT, ACT_SIGNAL, ACT_VERSION, ACT_HELP, ACT_DOC };

struct args {
	enum action action;
	const char *file;
	const char *node;
	const char *word; /* of -s and -d */
	const char *run_dir;
	bool background, secrets, force;
};

enum { OPTION_SECRETS = 256, OPTION_FORCE, OPTION_HELP };
static const struct option long_options[] = {
    {"secrets", no_argument, NULL, OPTION_SECRETS},
    {"force", no_argument, NULL, OPTION_FORCE},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static void
print_usage(FILE *out)
{
	fputs("usage: kha [-c FILE] [-n NODE] [-D]\n"
	      "       kha -t [-c FILE] [-n NODE]\n"
	      "       kha -T [-c FILE] [-n NODE] [--secrets]\n"
	      "       kha -s reload|stop|quit|reopen [-r DIR] [--force]\n"
	      "       kha -V\n"
	      "       kha VERB [OPTION...]\n"
	      "  -c FILE    configuration, default " CONF_FILE ", - for standard input\n"
	      "  -n NODE    be this one of nodes\n"
	      "  -D         run in the background; returns when the daemon is ready\n"
	      "  -t         test the file\n"
	      "  -T         print the effective configuration; with --secrets, passwords too\n"
	      "  -s WHAT    tell the running daemon, wait, and report; --force: reload also when\n"
	      "             a service would have no usable server\n"
	      "  -r DIR     its run directory; default $KHA_RUN_DIR, else /run/kha\n"
	      "  -V         version, engine, libraries\n"
	      "verbs (each has --help):\n",
	    out);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	fputs(
	    "exit codes: 0 good (warnings included), 1 errors or refused, 2 usage, 3 no daemon runs\n",
	    out);
}

static int
misused(void)
{
	fputs("kha --help shows how it is used\n", stderr);
	return CLI_USAGE;
}

static int
run_verb(int argc, char **argv)
{
	const char *names[VERBS], *near;

	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (strcmp(argv[0], names[i]) == 0)
			return verbs[i].run(argc, argv);
	}
	near = cli_nearest(argv[0], names, VERBS);
	if (near != NULL)
		fprintf(stderr, "kha: no verb \"%s\": did you mean \"%s\"?\n", argv[0], near);
	else
		fprintf(stderr, "kha: no verb \"%s\"\n", argv[0]);
	return misused();
}

static int
print_version(void)
{
	const char *engine;
	struct err err;
	char why[256];

	err_init(&err);
	printf("kha %s\n", KHA_VERSION);
	engine = worker_engine_choose(CONF_ENGINE_AUTO, why, sizeof why, &err);
	printf(
	    "engine: %s%s%s%s\n", engine, *why != '\0' ? " (" : "", why, *why != '\0' ? ")" : "");
	printf(
	    "libraries: libconfig, libev %d.%d, liburing, OpenSSL, jansson, libseccomp, libcap-ng, libnl, ncurses\n",
	    ev_version_major(), ev_version_minor());
	return CLI_OK;
}

/* The program prints its own documentation: rows for the manual pages. */
static int
print_doc(const char *what)
{
	bool failed = false;

	if (strcmp(what, "options") == 0)
		conf_doc(stdout);
	else if (strcmp(what, "counters") == 0)
		dump_doc(stdout);
	else if (strcmp(what, "columns") == 0)
		dump_doc_columns(stdout);
	else if (strcmp(what, "metrics") == 0)
		failed = dump_doc_metrics(stdout) < 0;
	else if (strcmp(what, "keys") == 0)
		failed = dump_doc_keys(stdout) < 0;
	else
		return misused();
	return fflush(stdout) == 0 && !failed ? CLI_OK : CLI_FAILED;
}

static void
complain(struct err *e)
{
	if (e->count > 0)
		fprintf(stderr, "%s\n", err_end(e));
}

/* NULL: has errors, which were printed. */
static struct conf *
load(const struct args *a)
{
	struct err errors, warnings;
	struct conf *conf;

	err_init(&errors);
	err_init(&warnings);
	conf = conf_load(a->file, a->node, &errors, &warnings);
	complain(&warnings);
	complain(&errors);
	return conf;
}

static int
test(const struct args *a, struct conf *conf)
{
	struct err err;

	err_init(&err);
	/* Files that are named in it are part of it. */
	if (checker_prepare(conf, &err) < 0) {
		complain(&err);
		return CLI_FAILED;
	}
	printf("%s: ok\n", a->file);
	return CLI_OK;
}

static int
print(const struct args *a, const struct conf *conf)
{
	if (conf_print(conf, stdout, a->secrets) == 0 && fflush(stdout) == 0)
		return CLI_OK;
	fprintf(stderr, "kha: %s\n", strerror(errno));
	return CLI_FAILED;
}

static int
with_conf(const struct args *a)
{
	const struct master_options opt = {.node = a->node, .background = a->background};
	struct conf *conf;
	int code;

	if (a->run_dir != NULL) {
		fprintf(stderr,
		    "kha: -r is where commands find a running kha; where it runs is global.run_dir of "
		    "%s\n",
		    a->file);
		return misused();
	}
	conf = load(a);
	if (conf == NULL)
		return CLI_FAILED;
	if (a->action == ACT_RUN)
		return master_main(conf, &opt);
	code = a->action == ACT_TEST ? test(a, conf) : print(a, conf);
	conf_free(conf);
	return code;
}

/* 0 or CLI_USAGE */
static int
parse_option(struct args *a, int option, char **argv)
{
	switch (option) {
	case 'c':
		a->file = optarg;
		return 0;
	case 'n':
		a->node = optarg;
		return 0;
	case 'D':
		a->background = true;
		return 0;
	case 'r':
		a->run_dir = optarg;
		return 0;
	case 't':
		a->action = ACT_TEST;
		return 0;
	case 'T':
		a->action = ACT_PRINT;
		return 0;
	case 'V':
		a->action = ACT_VERSION;
		return 0;
	case 's':
	case 'd':
		a->action = option == 's' ? ACT_SIGNAL : ACT_DOC;
		a->word = optarg;
		return 0;
	case OPTION_SECRETS:
		a->secrets = true;
		return 0;
	case OPTION_FORCE:
		a->force = true;
		return 0;
	case OPTION_HELP:
		a->action = ACT_HELP;
		return 0;
	case ':':
		fprintf(stderr, "kha: option -%c needs a value\n", optopt);
		return misused();
	default:
		if (isprint(optopt))
			fprintf(stderr, "kha: unknown option -%c\n", optopt);
		else
			fprintf(stderr, "kha: unknown option %s\n", argv[optind - 1]);
		return misused();
	}
}

static int
act(const struct args *a)
{
	switch (a->action) {
	case ACT_HELP:
		print_usage(stdout);
		return CLI_OK;
	case ACT_VERSION:
		return print_version();
	case ACT_DOC:
		return print_doc(a->word);
	case ACT_SIGNAL:
		return cli_signal(a->word, a->run_dir, a->force);
	case ACT_RUN:
	case ACT_TEST:
	case ACT_PRINT:
		return with_conf(a);
	}
	return CLI_USAGE;
}

int
main(int argc, char **argv)
{
	struct args a = {.file = CONF_FILE};
	int option;

	if (argc > 1 && argv[1][0] != '-')
		return run_verb(argc - 1, argv + 1);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:c:n:Dr:tTs:Vd:", long_options, NULL)) != -1)
		if (parse_option(&a, option, argv) != 0)
			return CLI_USAGE;
	if (optind < argc) {
		fprintf(stderr, "kha: \"%s\" is too much%s\n", argv[optind],
		    optind > 1 ? " (a verb comes first)" : "");
		return misused();
	}
	return act(&a);
}
