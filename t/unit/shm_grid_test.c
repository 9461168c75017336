/* SPDX-License-Identifier: BSD-2-Clause */
/* Text in columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/grid.h"

static void
assert_printed(struct grid *g, const char *expect)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	assert_non_null(mem);
	assert_true(grid_ok(g));
	grid_print(g, mem, false);
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

/* A name that may be cut to 7, a number that may go first, a word that may go second, a text that may
 * be cut to 4. */
static struct grid *
flexible(void)
{
	struct grid *g = grid_new();

	grid_cell(g, "name");
	grid_cut(g, GRID_MIDDLE, 7);
	grid_cell(g, "n");
	grid_drop(g, 2);
	grid_cell(g, "state");
	grid_drop(g, 1);
	grid_cell(g, "text");
	grid_cut(g, GRID_END, 4);
	grid_row(g);
	grid_cell(g, "a-long-name-of-21-ch1");
	grid_cell(g, "123");
	grid_cell(g, "UP");
	grid_cell(g, "t\xc3\xbcxt that goes on");
	grid_row(g);
	return g;
}

static void
fit__wide_enough__changes_nothing(void **state)
{
	struct grid *g = flexible();

	(void)state;
	grid_fit(g, 52);
	assert_printed(g, "name                     n  state  text\n"
			  "a-long-name-of-21-ch1  123  UP     t\xc3\xbcxt that goes on\n");
}

static void
fit__a_little_too_wide__cuts_what_has_most_to_give(void **state)
{
	struct grid *g = flexible();

	(void)state;
	grid_fit(g, 47);
	assert_printed(g, "name                  n  state  text\n"
			  "a-long-na\xe2\x80\xa6"
			  "f-21-ch1  123  UP     t\xc3\xbcxt that goes\xe2\x80\xa6\n");
}

static void
fit__much_too_wide__drops_the_highest_rank_first(void **state)
{
	struct grid *g = flexible();

	(void)state;
	grid_fit(g, 22); /* 7 + 3 + 5 + 4 and gaps are 25 */
	assert_printed(g, "name      state  text\n"
			  "a-lo\xe2\x80\xa6"
			  "ch1  UP     t\xc3\xbcxt\xe2\x80\xa6\n");
	g = flexible();
	grid_fit(g, 14);
	assert_printed(g, "name     text\n"
			  "a-l\xe2\x80\xa6"
			  "ch1  t\xc3\xbcxt\xe2\x80\xa6\n");
	g = flexible();
	grid_fit(g, 1); /* less than nothing: as narrow as it gets */
	assert_printed(g, "name     text\n"
			  "a-l\xe2\x80\xa6"
			  "ch1  t\xc3\xbcx\xe2\x80\xa6\n");
}

static void
print__in_colour__marks_headings_and_cells_with_a_tone(void **state)
{
	struct grid *g = grid_new();
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	(void)state;
	grid_cell(g, "a");
	grid_row(g);
	grid_cell(g, "DOWN");
	grid_tone(g, TONE_BAD);
	grid_cell(g, "x");
	grid_row(g);
	assert_true(grid_ok(g));
	grid_print(g, mem, true);
	fclose(mem);
	assert_string_equal(text, "\033[1ma\033[0m\n\033[1;31mDOWN\033[0m  x\n");
	free(text);
	grid_free(g);
}

static void
grid__of_many_rows__keeps_them_all(void **state)
{
	struct grid *g = grid_new();
	char *text = NULL, *at;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		grid_cell(g, "%04d", i);
		grid_cell(g, "x");
		grid_row(g);
	}
	assert_int_equal(grid_rows(g), 1000);
	assert_true(grid_ok(g));
	grid_print(g, mem, false);
	fclose(mem);
	assert_int_equal(size, 1000 * strlen("0000  x\n"));
	at = strstr(text, "0999  x\n");
	assert_ptr_equal(at, text + 999 * strlen("0000  x\n"));
	free(text);
	grid_free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fit__wide_enough__changes_nothing),
	    cmocka_unit_test(fit__a_little_too_wide__cuts_what_has_most_to_give),
	    cmocka_unit_test(fit__much_too_wide__drops_the_highest_rank_first),
	    cmocka_unit_test(print__in_colour__marks_headings_and_cells_with_a_tone),
	    cmocka_unit_test(grid__of_many_rows__keeps_them_all),
	    cmocka_unit_test(grid__aligns_words_left_and_numbers_right_without_blanks_at_the_end),
	    cmocka_unit_test(grid__counts_characters_not_bytes),
	    cmocka_unit_test(grid__with_an_overlong_cell_and_too_many_columns__stays_whole),
	};

	return cmocka_run_group_tests_name("shm/grid", tests, NULL, NULL);
}
