/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the manual page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/unit/shm_fixture.h"

static void
doc__names_every_row_once_and_is_mdoc(void **state)
{
	char item[128], *text, *save = NULL;
	unsigned open = 0;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	(void)state;
	assert_non_null(mem);
	dump_doc(mem);
	fclose(mem);
	for (int r = 0; r < CLOSE_REASONS; r++) {
		snprintf(item, sizeof item, "\n.It Sy %s Pq Li \"%s\"\n",
		    close_name((enum close_reason)r), close_letters((enum close_reason)r));
		assert_non_null(strstr(text, item));
	}
	for (int s = 0; s < STAT_SETS; s++)
		for (unsigned i = 0; i < stat_sets[s].n; i++) {
			const char *name = stat_sets[s].rows[i].name;

			snprintf(item, sizeof item, "\n.It Sy %s\n", name);
			assert_int_equal(
			    strstr(text, item) == NULL, strncmp(name, "close_", 6) == 0);
		}
	assert_non_null(strstr(text, "\n.Li kha_server_bytes_in_total .\n"));
	assert_non_null(strstr(text, "\n.It Sy NOTREADY\n"));
	assert_non_null(strstr(text, "\n.It Sy L7STS\n"));
	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		open += strncmp(l, ".Bl ", 4) == 0;
		assert_true(open > 0 || l[0] != '.' || strncmp(l, ".It", 3) != 0);
		open -= strcmp(l, ".El") == 0;
		assert_true(open <= 1);
	}
	assert_int_equal(open, 0);
	free(text);
}

/* What fn writes; free() it. */
static char *
text_of(int (*fn)(FILE *out))
{
	char *text;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	assert_non_null(mem);
	assert_int_equal(fn(mem), 0);
	fclose(mem);
	return text;
}

static int
columns(FILE *out)
{
	dump_doc_columns(out);
	return 0;
}

static void
has(const char *text, const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, text);
}

/* Every metric that a daemon in mid-life prints, with its labels, and with a sentence. */
static void
metrics__are_all_there(void **state)
{
	char *text = text_of(dump_doc_metrics), *prom, *save = NULL, item[256];
	struct fixture f;
	struct dump *d;
	unsigned n = 0;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	fixture_vip(&f);
	d = fixture_dump(&f);
	prom = fixture_text(d, NULL, DUMP_PROMETHEUS);
	for (char *l = strtok_r(prom, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, "# HELP ", 7) != 0)
			continue;
		snprintf(item, sizeof item, "\n.It Sy %.*s\n.Pq ", (int)strcspn(l + 7, " "), l + 7);
		has(text, item);
		n++;
	}
	assert_true(n > 90);
	has(text, "\n.It Sy kha_server_status\n.Pq gauge: service, server, state\nState of ");
	has(text, "\n.It Sy kha_connections_closed_total\n.Pq counter: reason\nConnections ");
	has(text, "\n.It Sy kha_up\n.Pq gauge\n1: the daemon");
	free(prom);
	free(d);
	fixture_close(&f);
	free(text);
}

static void
columns__have_their_lines_and_a_sentence(void **state)
{
	char *text = text_of(columns);

	(void)state;
	has(text, "\n.It Sy pxname Pq FBS\nService.\n");
	/* Of a counter: its own. */
	has(text, "\n.It Sy bin Pq FBS\nBytes ");
	has(text, "\nreq_tot,\n");
	assert_null(strstr(text, "\n.\n"));
	free(text);
}

static void
keys__are_all_there_with_their_types(void **state)
{
	char *text = text_of(dump_doc_keys);

	(void)state;
	has(text, "\n.It\n.Sy kha.node Pq string\n");
	has(text, "\n.Sy kha.totals Pq counters\n");
	has(text, "\n.Sy services[].servers[].check.passed Pq boolean\n");
	has(text, "\n.Sy services[].servers[].counters Pq counters\n");
	has(text, "\n.Sy vips[].addresses[] Pq string\n");
	has(text, "\n.Sy workers[].slot Pq number\n");
	has(text, "\n.Sy processes[].kind Pq string\n");
	/* There is one of everything in the sample. */
	assert_null(strstr(text, "null"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(doc__names_every_row_once_and_is_mdoc),
	    cmocka_unit_test(metrics__are_all_there),
	    cmocka_unit_test(columns__have_their_lines_and_a_sentence),
	    cmocka_unit_test(keys__are_all_there_with_their_types),
	};

	return cmocka_run_group_tests_name("shm/doc", tests, NULL, NULL);
}
