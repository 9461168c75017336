/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders about servers as words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "master/order.h"

static struct order o;

static const char *
parse(const char *text)
{
	return order_parse(text, strlen(text), &o);
}

static void
order__each_verb__is_understood(void **state)
{
	(void)state;
	assert_null(parse("api/cp-1 ready"));
	assert_int_equal(o.verb, ORDER_READY);
	assert_string_equal(o.server, "api/cp-1");
	assert_int_equal(o.for_ms, 0);
	assert_false(o.force);
	assert_null(parse("cp-1 drain for 3600000"));
	assert_int_equal(o.verb, ORDER_DRAIN);
	assert_int_equal(o.for_ms, 3600000);
	assert_null(parse("cp-1 maint for 1000 force"));
	assert_int_equal(o.verb, ORDER_MAINT);
	assert_true(o.force);
	assert_null(parse("192.0.2.1:6443 weight 256 force"));
	assert_int_equal(o.verb, ORDER_WEIGHT);
	assert_int_equal(o.weight, 256);
	assert_null(parse("cp-1 weight default"));
	assert_int_equal(o.weight, SETTING_NONE);
	assert_null(parse("cp-1 close"));
	assert_int_equal(o.verb, ORDER_CLOSE);
}

static void
order__anything_else__is_refused_with_a_sentence(void **state)
{
	static const char *const bad[] = {"", " ", "cp-1", "cp-1 ", "cp-1 drian", "cp-1  drain",
	    " cp-1 drain", "cp-1 drain ", "cp-1 drain for", "cp-1 drain for 999",
	    "cp-1 drain for 31622400001", "cp-1 drain for 1h", "cp-1 drain for 01000",
	    "cp-1 drain force force", "cp-1 drain force for 1000", "cp-1 weight", "cp-1 weight -1",
	    "cp-1 weight 257", "cp-1 weight 1e2", "cp-1 weight default for 1000",
	    "cp-1 close for 1000", "cp-1 ready now"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (parse(bad[i]) == NULL)
			fail_msg("\"%s\" was understood", bad[i]);
	assert_non_null(order_parse("cp-1 drain\0", 11, &o));
}

static void
order__printed__is_what_was_read(void **state)
{
	static const char *const good[] = {"api/cp-1 ready", "cp-1 drain for 1000 force",
	    "cp-1 weight 0 for 31622400000", "cp-1 weight default force", "cp-1 close"};
	char text[ORDER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_null(parse(good[i]));
		assert_int_equal(order_print(&o, text), strlen(good[i]));
		assert_string_equal(text, good[i]);
	}
}

static void
order__longest__fits(void **state)
{
	char text[ORDER_TEXT];
	size_t n;

	(void)state;
	memset(&o, 0, sizeof o);
	memset(o.server, 'x', sizeof o.server - 1);
	o.verb = ORDER_WEIGHT;
	o.weight = WEIGHT_MAX;
	o.for_ms = ORDER_FOR_MAX_MS;
	o.force = true;
	n = order_print(&o, text);
	assert_true(n < sizeof text);
	assert_null(order_parse(text, n, &o));
	assert_int_equal(o.for_ms, ORDER_FOR_MAX_MS);
	memmove(text + 1, text, n); /* a name that is longer than any */
	assert_non_null(order_parse(text, n + 1, &o));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(order__each_verb__is_understood),
	    cmocka_unit_test(order__anything_else__is_refused_with_a_sentence),
	    cmocka_unit_test(order__printed__is_what_was_read),
	    cmocka_unit_test(order__longest__fits),
	};

	return cmocka_run_group_tests_name("master/order", tests, NULL, NULL);
}
