/* SPDX-License-Identifier: BSD-2-Clause */
/* Sentences for people: joined, bounded, counted, and never more than text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static void
lines__are_joined_and_counted(void **state)
{
	struct err e;

	(void)state;
	err_init(&e);
	assert_string_equal(err_end(&e), "");
	assert_int_equal(err_add(&e, "a.conf:%d: x", 3), -1);
	assert_int_equal(err_add(&e, "second"), -1);
	assert_int_equal(e.count, 2);
	assert_string_equal(err_end(&e), "a.conf:3: x\nsecond");
}

static void
errno__is_told_and_kept(void **state)
{
	struct err e;

	(void)state;
	err_init(&e);
	errno = ENOENT;
	err_addsys(&e, "%s", "/etc/x");
	assert_int_equal(errno, ENOENT);
	assert_string_equal(err_end(&e), "/etc/x: No such file or directory");
	assert_int_equal(err_add(NULL, "nobody listens"), -1);
}

static void
control_characters__become_question_marks(void **state)
{
	struct err e;

	(void)state;
	err_init(&e);
	err_add(&e, "name \"%s\" is odd", "\x1b[31m\n\x7fx\x0e");
	assert_string_equal(err_end(&e), "name \"?[31m??x?\" is odd");
	err_add(&e, "\xc3\xa4"); /* UTF-8 is text */
	assert_string_equal(err_end(&e), "name \"?[31m??x?\" is odd\n\xc3\xa4");
}

static void
too_many__are_counted_not_cut(void **state)
{
	struct err e;
	const char *end;

	(void)state;
	err_init(&e);
	for (int i = 0; i < 1000; i++)
		err_add(&e, "line %d of thirty bytes or so .", i);
	assert_int_equal(e.count, 1000);
	assert_true(e.lost > 0);
	end = strrchr(err_end(&e), '\n');
	assert_non_null(end);
	assert_int_equal(strncmp(end, "\n... and ", 9), 0);
	assert_true(strlen(e.text) < sizeof e.text);
}

static void
one_that_is_too_long__is_cut_but_told(void **state)
{
	struct err e;
	char *long_one = malloc(2 * ERR_TEXT);

	(void)state;
	memset(long_one, 'x', 2 * ERR_TEXT - 1);
	long_one[2 * ERR_TEXT - 1] = '\0';
	err_init(&e);
	err_add(&e, "%s", long_one);
	assert_true(strlen(err_end(&e)) > ERR_TEXT - 100);
	assert_true(strlen(e.text) < sizeof e.text);
	err_add(&e, "next");
	assert_non_null(strstr(err_end(&e), "... and 1 more"));
	free(long_one);
}

static void
add_all__adds_each_line(void **state)
{
	struct err a, b;

	(void)state;
	err_init(&a);
	err_init(&b);
	err_add(&a, "one");
	err_add_all(&a, &b);
	assert_int_equal(a.count, 1);
	err_add(&b, "two");
	err_add(&b, "three");
	assert_int_equal(err_add_all(&a, &b), -1);
	assert_int_equal(a.count, 3);
	assert_string_equal(err_end(&a), "one\ntwo\nthree");
	assert_string_equal(err_end(&b), "two\nthree");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines__are_joined_and_counted),
	    cmocka_unit_test(errno__is_told_and_kept),
	    cmocka_unit_test(control_characters__become_question_marks),
	    cmocka_unit_test(too_many__are_counted_not_cut),
	    cmocka_unit_test(one_that_is_too_long__is_cut_but_told),
	    cmocka_unit_test(add_all__adds_each_line),
	};

	return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
