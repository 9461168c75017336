/* SPDX-License-Identifier: BSD-2-Clause */
/* Text in columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "shm/fmt.h"

static void
assert_printed(struct grid *g, const char *expect)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	assert_non_null(mem);
	assert_true(grid_ok(g));
	grid_print(g, mem);
	fclose(mem);
	assert_string_equal(text, expect);
	free(text);
	grid_free(g);
}

static void
grid__aligns_words_left_and_numbers_right_without_blanks_at_the_end(void **state)
{
	struct grid *g = grid_new();

	(void)state;
	grid_cell(g, "name");
	grid_cell(g, "n");
	grid_cell(g, "what");
	grid_cell(g, "more");
	grid_row(g);
	grid_cell(g, "a");
	grid_cell(g, "%d", 12345);
	grid_cell(g, "x");
	grid_cell(g, "%s", "");
	grid_row(g);
	grid_cell(g, "longer");
	grid_cell(g, "%d", 1);
	grid_cell(g, "%s", "");
	grid_cell(g, "end");
	grid_row(g);
	assert_printed(g, "name        n  what  more\n"
			  "a       12345  x\n"
			  "longer      1        end\n");
}

static void
grid__counts_characters_not_bytes(void **state)
{
	struct grid *g = grid_new();

	(void)state;
	grid_cell(g, "\xc3\xbc");
	grid_cell(g, "x");
	grid_row(g);
	grid_cell(g, "ab");
	grid_cell(g, "y");
	grid_row(g);
	assert_printed(g, "\xc3\xbc   x\nab  y\n");
}

static void
grid__with_an_overlong_cell_and_too_many_columns__stays_whole(void **state)
{
	struct grid *g = grid_new();
	char expect[512];

	(void)state;
	grid_cell(g, "%0300d", 0);
	for (int i = 0; i < 100; i++)
		grid_cell(g, "%s", "");
	grid_row(g);
	snprintf(expect, sizeof expect, "%0255d\n", 0);
	assert_printed(g, expect);
	grid_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grid__aligns_words_left_and_numbers_right_without_blanks_at_the_end),
	    cmocka_unit_test(grid__counts_characters_not_bytes),
	    cmocka_unit_test(grid__with_an_overlong_cell_and_too_many_columns__stays_whole),
	};

	return cmocka_run_group_tests_name("shm/grid", tests, NULL, NULL);
}
