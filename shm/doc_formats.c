/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the manual page says about the formats of a dump. The names are taken from the formats
 * themselves, by printing a sample in which there is one of everything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/fmt.h"

/* NULL: out of memory. */
static struct dump *
sample(void)
{
	struct dump *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->now.us = 1;
	d->beat_us = 1;
	d->info.start_us = 1;
	d->n_services = d->services[0].n = 1;
	d->table.n_services = d->table.n_servers = 1;
	d->table.service[0].state = d->table.server[0].state = ROW_ACTIVE;
	d->table.server[0].addr.in.sin_family = AF_INET;
	d->table.server[0].set_admin.until_wall_ms = d->table.server[0].set_weight.until_wall_ms =
	    1;
	d->table.server[0].set_admin.since_us = 1;
	d->health[0] = (struct shm_health){.since_us = 1,
	    .checked_us = 1,
	    .cert_not_after = 1,
	    .result = RESULT_L7OK,
	    .code = 200};
	d->n_vips = 1;
	d->vip[0].n_addresses = 1;
	d->vip[0].address[0].in.sin_family = d->vip[0].owner.in.sin_family = AF_INET;
	d->vip[0].since_us = d->vip[0].heard_us = d->vip[0].leased_us = 1;
	d->n_procs = 2;
	d->proc[0] = (struct dump_proc){.kind = PROC_WORKER, .pid = 1, .beat_us = 1, .kept_on = 1};
	d->proc[1] = (struct dump_proc){.kind = PROC_CHECKER, .pid = 1, .beat_us = 1};
	return d;
}

/* ---- prometheus ---- */

/* Of `name{a="x",b="y"} 1`: a, b. */
static void
labels(FILE *out, const char *line)
{
	const char *s = strchr(line, '{'), *equals;
	const char *before = ": ";

	for (; s != NULL && (equals = strchr(s, '=')) != NULL; s = strchr(equals + 2, '"')) {
		s += strcspn(s, "abcdefghijklmnopqrstuvwxyz");
		fprintf(out, "%s%.*s", before, (int)(equals - s), s);
		before = ", ";
		s = equals;
	}
}

/* Three kinds of lines: HELP, TYPE, and samples, of which the first is looked at. */
static void
metrics(FILE *out, char *text)
{
	char *save = NULL, *name = NULL, *help = NULL, *kind = NULL;

	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, "# HELP ", 7) == 0) {
			name = l + 7;
			help = strchr(name, ' ');
			*help++ = '\0';
		} else if (strncmp(l, "# TYPE ", 7) == 0) {
			kind = strrchr(l, ' ') + 1;
		} else if (name != NULL && kind != NULL) {
			fprintf(out, ".It Sy %s\n.Pq %s", name, kind);
			labels(out, l);
			fputc('\n', out);
			fmt_mdoc(out, help);
			name = NULL;
		}
	}
}

int
dump_doc_metrics(FILE *out)
{
	struct dump *d = sample();
	char *text = NULL;
	size_t size;
	FILE *mem = d != NULL ? open_memstream(&text, &size) : NULL;
	int result = -1;

	if (mem != NULL) {
		result = fmt_prometheus(d, mem);
		if (fclose(mem) != 0)
			result = -1;
	}
	if (result == 0) {
		fputs(".Bl -tag -width Ds\n", out);
		metrics(out, text);
		fputs(".El\n", out);
	}
	free(text);
	free(d);
	return result;
}

/* ---- csv ---- */

static const char *
counter_help(const char *column)
{
	for (int s = 0; s < STAT_SETS; s++)
		for (unsigned i = 0; i < stat_sets[s].n; i++)
			if (strcmp(stat_sets[s].rows[i].haproxy, column) == 0)
				return stat_sets[s].rows[i].help;
	return "";
}

void
dump_doc_columns(FILE *out)
{
	static const struct {
		const char *name, *lines, *help;
	} columns[] = {
#define COLUMN(name, lines, value, help) {#name, lines, help},
#include "shm/tbl/column.h"
#undef COLUMN
	};
	unsigned empty = 0;

	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		const char *help = columns[i].help;

		if (columns[i].lines[0] == '\0')
			continue;
		fprintf(out, ".It Sy %s Pq %s\n", columns[i].name, columns[i].lines);
		fmt_mdoc(out, *help != '\0' ? help : counter_help(columns[i].name));
	}
	fputs(".El\n.Pp\nThese stand there for their order, and are empty:\n", out);
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
		if (columns[i].lines[0] == '\0')
			fprintf(out, "%s%s", empty++ == 0 ? "" : ",\n", columns[i].name);
	fputs(".\n", out);
}

/* ---- json ---- */

static void
key(void *arg, const char *path, const char *type)
{
	fprintf(arg, ".It\n.Sy %s Pq %s\n", path, type);
}

int
dump_doc_keys(FILE *out)
{
	struct dump *d = sample();
	int result = -1;

	fputs(".Bl -item -compact\n", out);
	if (d != NULL)
		result = fmt_json_keys(d, key, out);
	fputs(".El\n", out);
	free(d);
	return result;
}
