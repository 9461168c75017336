/* SPDX-License-Identifier: BSD-2-Clause */
/* kha status: one screen for a person. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/cli.h"
#include "master/cli_cells.h"
#include "shm/dump.h"
#include "shm/fmt.h"

static const char usage[] =
    "usage: kha status [-r DIR]\n"
    "Shows the daemon, its workers, services and servers, and what is wrong, on one screen.\n"
    "  -r DIR  run directory of the daemon; default $KHA_RUN_DIR, else /run/kha\n"
    "exit code: 0 good, 1 error, 2 usage, 3 no daemon runs (what it left is shown)\n";

static const char *
serving(enum candidates c)
{
	static const char *const words[] = {
	    [CANDIDATES_NONE] = "NONE: connections are refused",
	    [CANDIDATES_UP] = "UP",
	    [CANDIDATES_BACKUP] = "backups",
	    [CANDIDATES_FAIL_OPEN] = "FAIL-OPEN",
	};

	return words[c];
}

static void
print_reload(const struct dump *d)
{
	char ago[FMT_HUMAN];

	if (d->info.reload_wall_ms == 0) {
		printf("last reload: none since the start\n");
		return;
	}
	printf("last reload: %s ago, %s\n", fmt_span(d->wall_ms - d->info.reload_wall_ms, ago),
	    d->info.reload_ok ? "succeeded" : "FAILED: the configuration before it is in effect");
}

static void
print_daemon(const struct dump *d)
{
	const struct shm_info *info = &d->info;
	char span[FMT_HUMAN];

	if (d->daemon == DAEMON_GONE)
		printf("daemon is not running (pid %" PRId32 " is gone); this is what it left\n",
		    info->pid);
	else if (d->daemon == DAEMON_SILENT)
		printf("master does not answer: heartbeat %s old\n",
		    fmt_span(fmt_age_ms(d, d->beat_us), span));
	printf("kha %s, node %s, pid %" PRId32 ", up %s, generation %" PRIu32 "\n", info->version,
	    info->node[0] != '\0' ? info->node : "-", info->pid,
	    fmt_span(fmt_age_ms(d, info->start_us), span), info->generation);
	printf("configuration: %s\n", info->config);
	print_reload(d);
	printf("connections: %" PRIu64 " of %" PRIu32 ", accepted %" PRIu64 "\n",
	    STAT_GET(&d->sum.worker, active), info->max_connections,
	    STAT_GET(&d->sum.worker, accepted));
}

static void
fill_workers(struct grid *g, const struct dump *d)
{
	char span[FMT_HUMAN];

	grid_cell(g, "worker");
	grid_cell(g, "pid");
	grid_cell(g, "generation");
	grid_cell(g, "state");
	grid_cell(g, "heartbeat");
	grid_cell(g, "connections");
	grid_cell(g, "cpu");
	grid_row(g);
	for (unsigned i = 0; i < d->n_procs; i++) {
		const struct dump_proc *p = &d->proc[i];

		if (p->kind != PROC_WORKER)
			continue;
		grid_cell(g, "%" PRIu32, p->slot);
		grid_cell(g, "%" PRId32, p->pid);
		grid_cell(g, "%" PRIu32, p->generation);
		grid_cell(g, "%s", fmt_doing(p));
		grid_cell(
		    g, "%s", p->beat_us != 0 ? fmt_span(fmt_age_ms(d, p->beat_us), span) : "-");
		grid_cell(g, "%" PRIu64, p->active);
		if (p->kept_on != 0)
			grid_cell(g, "%" PRIu32, p->kept_on - 1);
		else
			grid_cell(g, "any");
		grid_row(g);
	}
}

static void
fill_servers(struct grid *g, const struct dump *d, const struct dump_service *s)
{
	char name[SHM_NAME + 2];
	unsigned i;

	cli_cells_head(g, "  server");
	for (unsigned k = 0; k < s->n; k++) {
		i = d->servers[s->first + k];
		snprintf(name, sizeof name, "  %s", d->table.server[i].name);
		cli_cells(g, d, i, name);
	}
}

/* service: NULL, the workers. -1: no memory. */
static int
print_grid(const struct dump *d, const struct dump_look *look, const struct dump_service *service)
{
	struct grid *g = grid_new();
	int result;

	if (g == NULL)
		return -1;
	if (service != NULL)
		fill_servers(g, d, service);
	else
		fill_workers(g, d);
	result = cli_print_grid(g, look);
	grid_free(g);
	return result;
}

static int
print_service(const struct dump *d, const struct dump_look *look, const struct dump_service *s)
{
	const struct shm_service *row = &d->table.service[s->index];
	bool there = row->state == ROW_ACTIVE;
	char line[SHM_NAME + 160], what[96] = "REMOVED";

	if (there)
		snprintf(what, sizeof what, "serving %s, %u of %u servers", serving(s->serving),
		    s->candidates, s->n);
	snprintf(line, sizeof line, "service %s (%s): %s, connections %" PRIu64, row->name,
	    dump_balance_name(row->balance), what, STAT_GET(&d->sum.service[s->index], active));
	putchar('\n');
	cli_sentence(look, there ? fmt_serving_tone(s->serving) : TONE_DIM, 0, line);
	return s->n > 0 ? print_grid(d, look, s) : 0;
}

struct warnings {
	const struct dump_look *look;
	unsigned n;
};

static void
print_warning(void *arg, const char *text)
{
	struct warnings *w = arg;

	if (w->n++ == 0)
		printf("\nwarnings:\n");
	cli_sentence(w->look, TONE_WARN, 2, text);
}

static int
print_status(const struct dump *d)
{
	struct dump_look look;
	struct warnings warnings = {&look, 0};
	int result;

	cli_look(&look);
	print_daemon(d);
	putchar('\n');
	result = print_grid(d, &look, NULL);
	if (d->n_vips > 0)
		putchar('\n');
	for (unsigned i = 0; i < d->n_vips; i++)
		cli_vip_line(d, &d->vip[i], &look);
	for (unsigned i = 0; i < d->n_services && result == 0; i++)
		result = print_service(d, &look, &d->services[i]);
	if (result < 0) {
		fprintf(stderr, "kha status: out of memory\n");
		return CLI_FAILED;
	}
	dump_warnings(d, print_warning, &warnings);
	if (warnings.n == 0)
		printf("\nno warnings\n");
	if (ferror(stdout) || fflush(stdout) != 0) {
		perror("kha status: standard output");
		return CLI_FAILED;
	}
	return d->daemon == DAEMON_GONE ? CLI_NO_DAEMON : CLI_OK;
}

static int
show(const char *run_dir)
{
	struct dump *d;
	int result = cli_dump("status", run_dir, &d);

	if (result != CLI_OK)
		return result;
	result = print_status(d);
	free(d);
	return result;
}

int
cli_status(int argc, char **argv)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
	const char *run_dir = NULL;
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":r:h", longs, NULL)) != -1) {
		if (c == 'h')
			return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? CLI_FAILED
									       : CLI_OK;
		if (c != 'r')
			return cli_bad_option("status", c, argv);
		run_dir = optarg;
	}
	if (optind < argc)
		return cli_misused("status", "%s is one word too many", argv[optind]);
	return show(cli_run_dir(run_dir));
}
