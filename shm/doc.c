/* SPDX-License-Identifier: BSD-2-Clause */
/* What the manual page says about counters, states and reasons: from their rows. */
#include <ctype.h>
#include <string.h>

#include "shm/fmt.h"

/* A sentence of a row as mdoc text: nothing at the start of a line that roff would take
 * for a request, no backslash that it would take for an escape; with a full stop. */
void
fmt_mdoc(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (const char *s = text; *s != '\0'; s++)
		if (*s == '\\')
			fputs("\\e", out);
		else if (s == text)
			fputc(toupper((unsigned char)*s), out);
		else
			fputc(*s, out);
	fputs(".\n", out);
}

static void
set_doc(FILE *out, const struct stat_set *set, const char *title)
{
	fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n", title);
	for (unsigned i = 0; i < set->n; i++) {
		const struct stat_desc *row = &set->rows[i];

		fprintf(out, ".It Sy %s\n", row->name);
		fmt_mdoc(out, row->help);
		if (row->kind == STAT_GAUGE)
			fputs("Goes up and down.\n", out);
		if (row->unit == STAT_MSEC)
			fputs("In milliseconds.\n", out);
		if (row->prom[0] != '\0')
			fprintf(out, "Prometheus:\n.Li kha_%s%s .\n", row->prom,
			    row->kind == STAT_COUNTER ? "_total" : "");
		if (row->haproxy[0] != '\0')
			fprintf(out, "CSV:\n.Li %s .\n", row->haproxy);
	}
	fputs(".El\n", out);
}

static void
states_doc(FILE *out)
{
	fputs(".Ss States of a server\n.Bl -tag -width NOTREADY\n", out);
#define STATE(name, help)                                                                          \
	fputs(".It Sy " #name "\n", out);                                                          \
	fmt_mdoc(out, help);
#include "shm/tbl/state.h"
#undef STATE
	fputs(".El\n", out);
	fputs(".Ss Results of a health check\n.Bl -tag -width SOCKERR\n", out);
#define RESULT(name, passed, accepts, mute, help)                                                  \
	fputs(".It Sy " #name "\n", out);                                                          \
	fmt_mdoc(out, help);
#include "shm/tbl/result.h"
#undef RESULT
	fputs(".El\n", out);
}

static void
reasons_doc(FILE *out)
{
	fputs(".Ss Reasons for which a connection ends\n"
	      "Each connection ends for one of these; in brackets the termination letters\n"
	      "of its log line.\n.Bl -tag -width Ds\n",
	    out);
	for (int r = 0; r < CLOSE_REASONS; r++) {
		fprintf(out, ".It Sy %s Pq Li \"%s\"\n", close_name((enum close_reason)r),
		    close_letters((enum close_reason)r));
		fmt_mdoc(out, close_help((enum close_reason)r));
	}
	fputs(".El\n", out);
}

void
dump_doc(FILE *out)
{
	static const char *const titles[STAT_SETS] = {
	    [STAT_SET_WORKER] = "Counters of the node",
	    [STAT_SET_SERVICE] = "Counters of a service",
	    [STAT_SET_SERVER] = "Counters of a server",
	    [STAT_SET_CHECK] = "Counters of a server's health checks",
	    [STAT_SET_MASTER] = "Counters of the master",
	    [STAT_SET_LOGGER] = "Counters of the logger",
	    [STAT_SET_WEB] = "Counters of the status page",
	    [STAT_SET_VIP] = "Counters of a VIP",
	};
	struct stat_set set;

	states_doc(out);
	reasons_doc(out);
	for (int s = 0; s < STAT_SETS; s++) {
		set = stat_sets[s];
		if (s == STAT_SET_WORKER)
			set.n -= CLOSE_REASONS; /* have their own list */
		set_doc(out, &set, titles[s]);
	}
}
