/* SPDX-License-Identifier: BSD-2-Clause */
/* kha server without a verb: what the segment says about servers. It asks no process. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "master/cli.h"
#include "master/cli_cells.h"
#include "master/cli_server.h"
#include "master/which.h"

static int
print_all(const struct dump *d)
{
	struct grid *g = grid_new();
	struct dump_look look;
	int result = CLI_FAILED;
	char name[WHICH_TEXT];

	cli_look(&look);
	if (g != NULL) {
		cli_cells_head(g, "server");
		for (unsigned s = 0; s < d->n_services; s++)
			for (unsigned k = 0; k < d->services[s].n; k++) {
				unsigned i = d->servers[d->services[s].first + k];

				cli_cells(g, d, i, which_name(&d->table, i, name));
			}
	}
	if (g != NULL && cli_print_grid(g, &look) == 0)
		result = CLI_OK;
	else
		fprintf(stderr, "kha server: out of memory\n");
	grid_free(g);
	return result;
}

/* " until 2026-11-24 15:04:05 (59m58s left), then ready": what was said for a time. */
static void
print_until(const struct dump *d, const struct shm_setting *s, bool is_admin)
{
	uint32_t then = s->base != SETTING_NONE ? s->base : s->file;
	time_t t = (time_t)(s->until_wall_ms / 1000);
	char span[FMT_HUMAN], date[32] = "?";
	const char *left = fmt_left(d, s, span);
	struct tm tm;

	if (left == NULL)
		return;
	if (localtime_r(&t, &tm) != NULL)
		strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
	printf(" until %s (%s left), then ", date, left);
	if (is_admin)
		printf("%s", server_admin_name((enum server_admin)then));
	else
		printf("%" PRIu32, then);
}

static bool
is_set(const struct shm_setting *s)
{
	return s->base != SETTING_NONE || s->timed != SETTING_NONE;
}

static void
print_settings(const struct dump *d, const struct shm_server *row)
{
	printf("admin: %s", server_admin_name((enum server_admin)row->admin));
	print_until(d, &row->set_admin, true);
	if (is_set(&row->set_admin))
		printf(" (operator; the file says %s)\n",
		    server_admin_name((enum server_admin)row->set_admin.file));
	else
		printf(" (file)\n");
	printf("weight: %" PRIu32, row->weight);
	print_until(d, &row->set_weight, false);
	if (is_set(&row->set_weight))
		printf(" (operator; the file says %" PRIu32 ")\n", row->set_weight.file);
	else
		printf(" (file)\n");
}

static void
print_one(const struct dump *d, unsigned i)
{
	const struct shm_server *row = &d->table.server[i];
	const struct shm_health *h = &d->health[i];
	char name[WHICH_TEXT], addr[ADDR_TEXT], span[FMT_HUMAN], check[FMT_CHECK_TEXT];
	int64_t since_us = fmt_since_us(d, i);

	printf("server: %s, %s%s\n", which_name(&d->table, i, name),
	    addr_print(&row->addr, addr, sizeof addr), row->backup ? ", backup" : "");
	printf("state: %s", server_state_name((enum server_state)d->shown[i]));
	if (since_us != 0)
		printf(", since %s", fmt_span(fmt_age_ms(d, since_us), span));
	putchar('\n');
	print_settings(d, row);
	printf("connections: %" PRIu64, STAT_GET(&d->sum.server[i], active));
	if (row->max_connections != 0)
		printf(" of %" PRIu32, row->max_connections);
	printf("\nhealth: %s", server_state_name((enum server_state)h->state));
	printf(" %s", fmt_progress(h, span));
	printf("\nlast check: %s", fmt_check_text(h, check));
	if (h->checked_us != 0)
		printf(", %s ago", fmt_span(fmt_age_ms(d, h->checked_us), span));
	putchar('\n');
}

static int
print(const struct dump *d, const char *word)
{
	struct err err;
	int row, result = CLI_OK;

	err_init(&err);
	/* What is shown may be old: first that. */
	if (d->daemon == DAEMON_GONE)
		printf("daemon is not running (pid %" PRId32 " is gone); this is what it left\n",
		    d->info.pid);
	else if (d->daemon == DAEMON_SILENT)
		printf("master does not answer; this is what stands in shared memory\n");
	if (word == NULL) {
		result = print_all(d);
	} else if ((row = which_server(&d->table, word, &err)) >= 0) {
		print_one(d, (unsigned)row);
	} else {
		fprintf(stderr, "kha server: %s\n", err_end(&err));
		return CLI_FAILED;
	}
	if (ferror(stdout) || fflush(stdout) != 0) {
		perror("kha server: standard output");
		return CLI_FAILED;
	}
	return result == CLI_OK && d->daemon == DAEMON_GONE ? CLI_NO_DAEMON : result;
}

int
cli_show(const char *run_dir, const char *word)
{
	struct dump *d;
	int result = cli_dump("server", run_dir, &d);

	if (result != CLI_OK)
		return result;
	result = print(d, word);
	free(d);
	return result;
}
