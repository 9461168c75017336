/* SPDX-License-Identifier: BSD-2-Clause */
/* kha top without a terminal: screens of many sizes, and keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/unit/shm_fixture.h" /* the build links what a test includes */
#include "t/unit/top_world.h"

#define WIDTH  240
#define HEIGHT 60

/* The screen: a character of several bytes is '~'. */
static char cell[HEIGHT][WIDTH + 1];
static enum tone tone_of_cell[HEIGHT][WIDTH];
static unsigned width, height;

static void
put(void *arg, unsigned y, unsigned x, const char *text, enum tone tone)
{
	(void)arg;
	assert_true(y < height);
	for (; *text != '\0'; text++) {
		if (((unsigned char)*text & 0xc0) == 0x80)
			continue;
		assert_true(x < width); /* beyond it a terminal would wrap */
		assert_int_equal(cell[y][x], ' ');
		cell[y][x] = (unsigned char)*text < 0x80 ? *text : '~';
		tone_of_cell[y][x++] = tone;
	}
}

static void
draw(unsigned w, unsigned h, const char *notice)
{
	const struct top_frame frame = {now, before, notice};

	width = w;
	height = h;
	memset(cell, ' ', sizeof cell);
	memset(tone_of_cell, 0, sizeof tone_of_cell);
	for (unsigned y = 0; y < HEIGHT; y++)
		cell[y][w] = '\0';
	assert_int_equal(top_draw(&frame, &view, w, h, put, NULL), 0);
	for (unsigned y = 0; y < HEIGHT; y++)
		for (int x = (int)w - 1; x >= 0 && cell[y][x] == ' '; x--)
			cell[y][x] = '\0';
}

static void
screen__of_80_by_24__is_as_it_was(void **state)
{
	static const char *const lines[] = {
	    "kha 0.1.0, 15 of 20000 connections, 5.0/s, in 0/s, out 0/s, up 3h02m, node lb-1",
	    "web FAIL-OPEN 1/1  api UP 2/4",
	    "6 warnings: service web fails open: no server is UP, 1 that may still work get ~",
	    "[servers 5]  vips 1   workers 2   by file",
	    "server       state     active  conn/s  in/s  out/s  errors  check",
	    "api/cp-1     UP             0     0.0     0      0       0  L7OKC/401 in 7ms",
	    "api/cp-2     UP            12     0.0     0      0       1  L7OK/200 in 7ms",
	    "api/cp-3     DOWN           0     0.0     0      0       0  L4CON in 7ms",
	    "api/spare    UP             0     0.0     0      0       0  L4OK in 7ms",
	    "web/a\"b,c\\d  NOTREADY       0     0.0     0      0       0  L7STS/503 in 7ms",
	    "",
	};

	(void)state;
	before->sum.worker.accepted -= 10;
	draw(80, 24, "");
	for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
		assert_string_equal(cell[i], lines[i]);
	assert_string_equal(
	    cell[23], "? help  q quit  / filter  Tab pane  sort f n s c r b t e  + - every 2 s");
	assert_int_equal(tone_of_cell[7][14], TONE_BAD);
	assert_int_equal(tone_of_cell[4][0], TONE_HEAD);
	view.pane = TOP_VIPS;
	draw(80, 24, "");
	assert_string_equal(
	    cell[5], "web  MASTER   5.0s       254  192.0.2.2       0.0      0.0         4");
	view.pane = TOP_WORKERS;
	draw(80, 24, "");
	assert_string_equal(
	    cell[7], "worker/0  ready     4245    2   20ms      12     0.0     0      0");
}

static void
screen__news_of_the_daemon__stand_instead_of_warnings(void **state)
{
	(void)state;
	draw(80, 24, "the daemon (pid 1) is gone");
	assert_string_equal(cell[2], "the daemon (pid 1) is gone");
	draw(80, 6, "the daemon (pid 1) is gone"); /* also where there is hardly room */
	assert_string_equal(cell[1], "the daemon (pid 1) is gone");
	free(before);
	before = NULL; /* the first look: no rates */
	draw(80, 24, "");
	assert_string_equal(cell[0], "kha 0.1.0, 15 of 20000 connections, up 3h02m, node lb-1");
	assert_string_equal(
	    cell[6], "api/cp-2     UP            12       -     -      -       1  L7OK/200 in 7ms");
}

static void
screen__of_any_size__stays_within_it(void **state)
{
	(void)state;
	for (int pane = 0; pane < TOP_PANES; pane++)
		for (unsigned w = 1; w <= 200; w += w < 30 ? 1 : 17)
			for (unsigned h = 1; h <= 30; h++) {
				view.pane = (enum top_pane)pane;
				view.first = 190;
				view.help = h % 7 == 6;
				draw(w, h, h % 3 == 0 ? "something has happened to it" : "");
				assert_true(view.page == 0 || view.first + view.page <= view.rows ||
					    view.first == 0);
			}
}

static void
screen__narrow__leaves_out_what_matters_least(void **state)
{
	(void)state;
	draw(60, 15, "");
	assert_memory_equal(cell[4], "server", 6);
	assert_non_null(strstr(cell[4], "  state  active  conn/s  in/s  out/s  errors"));
	assert_null(strstr(cell[4], "check"));
	assert_int_equal(strlen(cell[5]), 60);
	assert_non_null(strchr(cell[5], '~'));
	draw(40, 15, "");
	assert_non_null(strstr(cell[4], "  state  active  conn/s"));
	assert_null(strstr(cell[4], "in/s"));
	draw(200, 15, "");
	assert_null(strchr(cell[5], '~')); /* the whole name */
}

static void
scroll__stays_between_first_and_last_row(void **state)
{
	(void)state;
	draw(80, 24, "");
	assert_int_equal(view.page, 18);
	assert_non_null(strstr(cell[3], "  1-18 of 200"));
	top_key(&view, TOP_KEY_UP);
	assert_int_equal(view.first, 0);
	top_key(&view, TOP_KEY_DOWN);
	top_key(&view, TOP_KEY_PAGE_DOWN);
	assert_int_equal(view.first, 18);
	draw(80, 24, "");
	assert_non_null(strstr(cell[3], "  19-36 of 200"));
	top_key(&view, TOP_KEY_END);
	assert_int_equal(view.first, 182);
	top_key(&view, TOP_KEY_DOWN);
	assert_int_equal(view.first, 182);
	draw(80, 24, "");
	assert_non_null(strstr(cell[3], "  183-200 of 200"));
	/* The list gets shorter than what was scrolled to. */
	snprintf(view.filter, sizeof view.filter, "name-000000001");
	draw(80, 24, "");
	assert_int_equal(view.rows, 100);
	assert_int_equal(view.first, 82);
	top_key(&view, TOP_KEY_HOME);
	assert_int_equal(view.first, 0);
	type("G");
	assert_int_equal(view.first, 82);
	type("n"); /* another order begins at its top */
	assert_int_equal(view.first, 0);
}

static void
keys__interval_help_read_and_quit(void **state)
{
	(void)state;
	type("+");
	assert_int_equal(view.interval_ms, 5000);
	type("+++++++");
	assert_int_equal(view.interval_ms, TOP_INTERVAL_MAX_MS);
	type("-----------------");
	assert_int_equal(view.interval_ms, TOP_INTERVAL_MIN_MS);
	view.interval_ms = 700; /* -d 0.7 */
	type("-");
	assert_int_equal(view.interval_ms, 500);
	type("?");
	draw(80, 24, "");
	assert_string_equal(cell[4], "1 2 3 Tab     servers, VIPs, workers");
	type("n"); /* any key leaves it, and is no order */
	assert_false(view.help);
	assert_int_equal(view.sort, TOP_FILE);
	assert_int_equal(top_key(&view, ' '), TOP_READ);
	assert_int_equal(top_key(&view, 'x'), TOP_DRAW);
	assert_int_equal(top_key(&view, 'q'), TOP_QUIT);
	type("?");
	assert_int_equal(top_key(&view, 'q'), TOP_QUIT);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, open_world, close_world)
#define CROWD(name) cmocka_unit_test_setup_teardown(name, open_crowd, close_world)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(screen__of_80_by_24__is_as_it_was),
	    TEST(screen__news_of_the_daemon__stand_instead_of_warnings),
	    CROWD(screen__of_any_size__stays_within_it),
	    CROWD(screen__narrow__leaves_out_what_matters_least),
	    CROWD(scroll__stays_between_first_and_last_row),
	    TEST(keys__interval_help_read_and_quit),
	};

	return cmocka_run_group_tests_name("master/top", tests, NULL, NULL);
}
