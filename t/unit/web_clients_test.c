/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/clients.h"

static struct clients c;

static struct mono
at(int64_t ms)
{
	return (struct mono){1000000 + ms * 1000};
}

static void
client__who_is_slow__goes_once(void **state)
{
	struct client *slow, *quick;

	(void)state;
	clients_init(&c);
	slow = clients_add(&c, 7, at(0));
	quick = clients_add(&c, 8, at(0));
	clients_answered(quick, at(5000));
	assert_int_equal(clients_overdue(&c, at(CLIENT_MS - 1)), -1);
	assert_int_equal(clients_overdue(&c, at(CLIENT_MS)), 7);
	assert_int_equal(clients_overdue(&c, at(CLIENT_MS)), -1);
	clients_remove(&c, slow);
	assert_int_equal(c.n, 1);
	/* One that only stays connected has had its time too. */
	assert_int_equal(clients_overdue(&c, at(5000 + CLIENT_MS - 1)), -1);
	assert_int_equal(clients_overdue(&c, at(5000 + CLIENT_MS)), 8);
	clients_remove(&c, quick);
	assert_int_equal(c.n, 0);
}

static void
clients__who_waits__is_who_has_no_answer(void **state)
{
	struct client *a, *b;

	(void)state;
	clients_init(&c);
	assert_false(clients_wait(&c));
	a = clients_add(&c, 7, at(0));
	assert_true(clients_wait(&c)); /* it has come to ask something */
	clients_answered(a, at(1));
	assert_false(clients_wait(&c));
	b = clients_add(&c, 8, at(2));
	clients_remove(&c, b);
	assert_false(clients_wait(&c));
	clients_asks(a);
	assert_true(clients_wait(&c));
	assert_int_equal(clients_overdue(&c, at(1 + CLIENT_MS)), 7);
	assert_false(clients_wait(&c)); /* its time is over */
}

static void
clients__too_many__lose_the_one_that_waits_longest(void **state)
{
	const int most = CLIENTS_MAX - CLIENTS_SPARE;

	(void)state;
	clients_init(&c);
	for (int i = 0; i < most; i++) {
		assert_non_null(clients_add(&c, 100 + i, at(i)));
		assert_int_equal(clients_overdue(&c, at(most)), -1);
	}
	clients_answered(&c.v[1], at(most));
	for (int i = most; i < CLIENTS_MAX; i++) {
		assert_non_null(clients_add(&c, 100 + i, at(i)));
		/* 100, 102, 103, ... */
		assert_int_equal(
		    clients_overdue(&c, at(most)), 100 + i - most + (i > most ? 1 : 0));
		assert_int_equal(clients_overdue(&c, at(most)), -1);
	}
	assert_null(clients_add(&c, 9999, at(most)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(client__who_is_slow__goes_once),
	    cmocka_unit_test(clients__who_waits__is_who_has_no_answer),
	    cmocka_unit_test(clients__too_many__lose_the_one_that_waits_longest),
	};

	return cmocka_run_group_tests_name("web/clients", tests, NULL, NULL);
}
