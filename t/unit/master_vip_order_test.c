/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders about VIPs as words, which VIP they mean, and commands as words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "master/command.h"
#include "master/vip_order.h"

static void
order__printed_and_read__is_the_same(void **state)
{
	struct vip_order o = {.vip = "web"}, back;
	char text[SHM_NAME + 16];
	size_t n;

	(void)state;
	for (int v = VIP_NOTHING + 1; v < VIP_VERBS; v++) {
		o.verb = (enum vip_verb)v;
		n = vip_order_print(&o, text);
		assert_null(vip_order_parse(text, n, &back));
		assert_int_equal(back.verb, v);
		assert_string_equal(back.vip, "web");
	}
	assert_string_equal(text, "web ready");
}

static void
words_that_are_no_order__are_refused(void **state)
{
	static const char *const bad[] = {"", " ", "web", "web ", " take", "web sing", "web take ",
	    "web  take", "web TAKE", "web take now"};
	char text[SHM_NAME + 16];
	struct vip_order o;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(vip_order_parse(bad[i], strlen(bad[i]), &o));
	assert_non_null(vip_order_parse("w\0b take", 8, &o));
	memset(text, 'x', SHM_NAME);
	memcpy(text + SHM_NAME - 1, " take", 5);
	assert_null(vip_order_parse(text, SHM_NAME + 4, &o));
	memset(text, 'x', SHM_NAME);
	memcpy(text + SHM_NAME, " take", 5);
	assert_non_null(vip_order_parse(text, SHM_NAME + 5, &o));
}

static void
vip__is_found_by_name_by_address_and_alone(void **state)
{
	struct shm_vip v[4] = {{.name = "web"}, {.name = ""}, {.name = "10.77.0.10"}};
	const char *why = NULL;

	(void)state;
	v[0].n_addresses = 2;
	assert_null(addr_parse(&v[0].address[0], "192.0.2.1", false));
	assert_null(addr_parse(&v[0].address[1], "2001:db8::1", false));
	assert_int_equal(vip_which(v, 4, "web", &why), 0);
	assert_int_equal(vip_which(v, 4, "2001:db8:0::1", &why), 0);
	assert_int_equal(vip_which(v, 4, "10.77.0.10", &why), 2);
	assert_int_equal(vip_which(v, 4, "-", &why), -1);
	assert_non_null(strstr(why, "several"));
	assert_int_equal(vip_which(v, 4, "nobody", &why), -1);
	assert_non_null(strstr(why, "no such"));
	assert_int_equal(vip_which(v, 2, "-", &why), 0);
	assert_int_equal(vip_which(v + 1, 1, "-", &why), -1);
	assert_string_equal(why, "there is no VIP");
}

static void
command__is_cut_at_blanks_alone(void **state)
{
	char text[] = "  /bin/x -a\t'b c'  ", none[] = " \t ", many[200], *words[COMMAND_WORDS];

	(void)state;
	assert_int_equal(command_split(text, words), 4);
	assert_string_equal(words[0], "/bin/x");
	assert_string_equal(words[2], "'b");
	assert_null(words[4]);
	assert_int_equal(command_split(none, words), 0);
	many[0] = '\0';
	for (int i = 0; i < COMMAND_WORDS; i++)
		strcat(many, "w ");
	assert_int_equal(command_split(many, words), 0);
	many[2 * (COMMAND_WORDS - 1)] = '\0';
	for (char *c = many; c < many + 2 * (COMMAND_WORDS - 1); c += 2)
		memcpy(c, "w ", 2);
	assert_int_equal(command_split(many, words), COMMAND_WORDS - 1);
	assert_null(words[COMMAND_WORDS - 1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(order__printed_and_read__is_the_same),
	    cmocka_unit_test(words_that_are_no_order__are_refused),
	    cmocka_unit_test(vip__is_found_by_name_by_address_and_alone),
	    cmocka_unit_test(command__is_cut_at_blanks_alone),
	};

	return cmocka_run_group_tests_name("master/vip_order, master/command", tests, NULL, NULL);
}
