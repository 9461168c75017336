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

#include "shm/dump.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(doc__names_every_row_once_and_is_mdoc),
	};

	return cmocka_run_group_tests_name("shm/doc", tests, NULL, NULL);
}
