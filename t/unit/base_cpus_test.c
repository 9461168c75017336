/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of CPUs: what is read, what is refused, and who gets which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/cpus.h"

/* The CPUs of workers 0 to 5, when the daemon may use these. */
static void
expect(const char *text, const char *may, const char *cpus)
{
	char got[64] = "";
	struct cpus c, allowed;
	cpu_set_t set;

	CPU_ZERO(&set);
	assert_null(cpus_parse(&allowed, may));
	for (unsigned i = 0; i < allowed.n; i++)
		CPU_SET(allowed.v[i], &set);
	if (cpus_parse(&c, text) != NULL)
		fail_msg("%s: refused", text);
	for (unsigned i = 0; i < 6; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d", i > 0 ? " " : "",
		    cpus_of(&c, &set, i));
	if (strcmp(got, cpus) != 0)
		fail_msg("\"%s\" of %s: %s, expected %s", text, may, got, cpus);
}

static void
refused(const char *text, const char *why)
{
	struct cpus c;
	const char *got = cpus_parse(&c, text);

	if (got == NULL || strstr(got, why) == NULL)
		fail_msg("\"%s\": %s, expected %s", text, got != NULL ? got : "read", why);
	assert_int_equal(c.how, CPUS_NONE);
	assert_int_equal(c.n, 0);
}

static void
none__keeps_nobody(void **state)
{
	(void)state;
	expect("none", "0-3", "-1 -1 -1 -1 -1 -1");
}

static void
auto__takes_what_may_be_used_going_round(void **state)
{
	(void)state;
	expect("auto", "0-7", "0 1 2 3 4 5");
	expect("auto", "2,5,1023", "2 5 1023 2 5 1023");
	expect("auto", "none", "-1 -1 -1 -1 -1 -1");
}

static void
a_list__is_taken_in_its_order_going_round(void **state)
{
	(void)state;
	expect("0,2,4", "0-7", "0 2 4 0 2 4");
	expect("3,1", "0-7", "3 1 3 1 3 1");
	expect("2-5", "0-7", "2 3 4 5 2 3");
	expect("8,2-4,0", "0-7", "8 2 3 4 0 8");
	expect("7-7", "0-7", "7 7 7 7 7 7");
	expect("0007", "0-7", "7 7 7 7 7 7");
	/* What may not be used keeps its place: others do not move when a CPU goes. */
	expect("0,9,1", "0-1", "0 9 1 0 9 1");
}

static void
all_cpus__fit(void **state)
{
	struct cpus c;

	(void)state;
	assert_null(cpus_parse(&c, "0-1023"));
	assert_int_equal(c.n, CPUS_MAX);
	assert_int_equal(c.v[1023], 1023);
}

static void
what_is_no_list__is_refused(void **state)
{
	static const char *const none[] = {"", ",", "0,", ",0", "0,,1", "-", "-1", "1-", "1-,2",
	    "1-2-3", "1 ,2", " 1", "1 ", "0x1", "all", "Auto", "auto,1", "none,", "1.5", "1\n",
	    "+1"};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		refused(none[i], "or CPUs and ranges like");
	refused("1024", "above 1023");
	refused("0-1024", "above 1023");
	refused("1024-0", "above 1023");
	refused("4294967296", "above 1023");
	refused("99999999999999999999999999999999999999999999999999", "above 1023");
	refused("5-2", "from the smaller number");
	refused("1,1", "twice");
	refused("0-3,2", "twice");
	refused("2,0-3", "twice");
}

static const char *
printed(const char *text, char *buf, unsigned size)
{
	struct cpus c;
	cpu_set_t set;

	CPU_ZERO(&set);
	assert_null(cpus_parse(&c, text));
	for (unsigned i = 0; i < c.n; i++)
		CPU_SET(c.v[i], &set);
	return cpus_print(&set, buf, size);
}

static void
a_set__is_printed_as_the_kernel_does(void **state)
{
	char buf[64], tiny[16];

	(void)state;
	assert_string_equal(printed("none", buf, sizeof buf), "none");
	assert_string_equal(printed("0", buf, sizeof buf), "0");
	assert_string_equal(printed("1,0", buf, sizeof buf), "0-1");
	assert_string_equal(printed("0-3,8,1022-1023", buf, sizeof buf), "0-3,8,1022-1023");
	assert_string_equal(printed("0-1023", buf, sizeof buf), "0-1023");
	assert_string_equal(printed("1,3,5,7,9,11,13", tiny, sizeof tiny), "1,3,5,7,9,...");
	assert_string_equal(printed("1001-1002,1004-1005", tiny, sizeof tiny), "1001-1002,...");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(none__keeps_nobody),
	    cmocka_unit_test(auto__takes_what_may_be_used_going_round),
	    cmocka_unit_test(a_list__is_taken_in_its_order_going_round),
	    cmocka_unit_test(all_cpus__fit),
	    cmocka_unit_test(what_is_no_list__is_refused),
	    cmocka_unit_test(a_set__is_printed_as_the_kernel_does),
	};

	return cmocka_run_group_tests_name("base/cpus", tests, NULL, NULL);
}
