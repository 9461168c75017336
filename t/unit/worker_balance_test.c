/* SPDX-License-Identifier: BSD-2-Clause */
/* The algorithms that choose a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"
#include "worker/balance.h"

static void
open_world(struct worker_world *x, unsigned n, enum balance balance)
{
	worker_world_open(x, n);
	x->table.service[0].balance = balance;
	worker_world_publish(x);
	x->w.noise = 42;
}

/* The server of the next client with this address; nobody connects. */
static int
choose(struct worker_world *x, const char *client, const bool skip[])
{
	static const bool none[SHM_SERVERS];
	struct worker_conn c = {.server = NO_SERVER};
	const struct view_service *vs = &x->w.view.service[0];
	int at;

	assert_null(addr_parse(&c.client, client, false));
	at = balance_choose(&x->w, &c, vs, skip != NULL ? skip : none);
	return at >= 0 ? vs->candidates[at] : -1;
}

static void
set_active(struct worker_world *x, unsigned server, uint64_t n)
{
	STAT_SET(&x->w.stat->server[server], active, n);
}

static void
random__draws_by_weight(void **state)
{
	unsigned count[3] = {0};
	struct worker_world x;
	bool skip[SHM_SERVERS] = {false};

	(void)state;
	open_world(&x, 3, BALANCE_RANDOM);
	x.table.server[0].weight = 200;
	worker_world_publish(&x);
	/* Equal for their weight without this client: the first one drawn stays. */
	set_active(&x, 0, 200);
	set_active(&x, 1, 100);
	set_active(&x, 2, 100);
	for (int i = 0; i < 8000; i++)
		count[choose(&x, "192.0.2.1:1", NULL)]++;
	assert_in_range(count[0], 3800, 4200);
	assert_in_range(count[1], 1850, 2150);
	assert_in_range(count[2], 1850, 2150);
	skip[0] = true;
	memset(count, 0, sizeof count);
	for (int i = 0; i < 1000; i++)
		count[choose(&x, "192.0.2.1:1", skip)]++;
	assert_int_equal(count[0], 0);
	assert_in_range(count[1], 400, 600);
	for (int i = 0; i < 3; i++)
		set_active(&x, (unsigned)i, 0);
	worker_world_close(&x);
}

static void
random__never_takes_the_worse_of_two(void **state)
{
	unsigned count[4] = {0};
	struct worker_world x;

	(void)state;
	open_world(&x, 4, BALANCE_RANDOM);
	for (unsigned i = 0; i < 4; i++)
		set_active(&x, i, 10 * i);
	for (int i = 0; i < 6000; i++)
		count[choose(&x, "192.0.2.1:1", NULL)]++;
	/* Of 6 pairs the first is the better one in 3, the second in 2, the third in 1. */
	assert_in_range(count[0], 2800, 3200);
	assert_in_range(count[1], 1800, 2200);
	assert_in_range(count[2], 850, 1150);
	assert_int_equal(count[3], 0);
	for (unsigned i = 0; i < 4; i++)
		set_active(&x, i, 0);
	worker_world_close(&x);
}

static void
random__with_one_left_takes_it_and_with_none_says_so(void **state)
{
	bool skip[SHM_SERVERS] = {true, false, true};
	struct worker_world x;

	(void)state;
	open_world(&x, 3, BALANCE_RANDOM);
	for (int i = 0; i < 100; i++)
		assert_int_equal(choose(&x, "192.0.2.1:1", skip), 1);
	skip[1] = true;
	assert_int_equal(choose(&x, "192.0.2.1:1", skip), -1);
	worker_world_close(&x);
}

static void
hash__is_of_the_address_and_moves_only_who_must(void **state)
{
	unsigned count[10] = {0}, moved = 0;
	struct worker_world x;
	static int before[1000];
	char text[32];

	(void)state;
	open_world(&x, 10, BALANCE_HASH);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "10.0.%u.%u:%u", i / 250, i % 250, 1000 + i);
		before[i] = choose(&x, text, NULL);
		count[before[i]]++;
		snprintf(text, sizeof text, "10.0.%u.%u:7", i / 250, i % 250);
		assert_int_equal(choose(&x, text, NULL), before[i]); /* whatever the port */
	}
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(count[i], 60, 140);
	worker_world_health(&x, 4, STATE_DOWN, RESULT_L4CON);
	worker_world_advance(&x, 1);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "10.0.%u.%u:1", i / 250, i % 250);
		if (before[i] != 4)
			assert_int_equal(choose(&x, text, NULL), before[i]);
		else
			assert_int_not_equal(choose(&x, text, NULL), 4);
		moved += before[i] == 4;
	}
	assert_int_equal(moved, count[4]);
	worker_world_close(&x);
}

static void
hash__depends_on_names_not_on_places_in_the_file(void **state)
{
	struct worker_world x;
	int before[50], now;
	char text[32];

	(void)state;
	open_world(&x, 5, BALANCE_HASH);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "10.1.0.%u:1", i);
		before[i] = choose(&x, text, NULL);
	}
	for (unsigned i = 0; i < 5; i++)
		x.table.server[i].position = 4 - i;
	worker_world_publish(&x);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "10.1.0.%u:1", i);
		assert_int_equal(choose(&x, text, NULL), before[i]);
	}
	/* The same name at another index is the same server. */
	snprintf(x.table.server[0].name, SHM_NAME, "s4");
	snprintf(x.table.server[4].name, SHM_NAME, "s0");
	worker_world_publish(&x);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "10.1.0.%u:1", i);
		now = choose(&x, text, NULL);
		assert_int_equal(now == 0 || now == 4 ? 4 - now : now, before[i]);
	}
	worker_world_close(&x);
}

static void
first__fills_one_after_the_other(void **state)
{
	bool skip[SHM_SERVERS] = {true};
	struct worker_world x;

	(void)state;
	open_world(&x, 3, BALANCE_FIRST);
	assert_int_equal(choose(&x, "192.0.2.1:1", NULL), 0);
	assert_int_equal(choose(&x, "192.0.2.1:1", skip), 1);
	x.table.server[2].position = 0;
	x.table.server[0].position = 2;
	worker_world_publish(&x);
	assert_int_equal(choose(&x, "192.0.2.1:1", NULL), 2); /* the order of the file */
	x.table.server[2].max_connections = 2;
	x.table.server[1].max_connections = 1;
	worker_world_publish(&x);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(worker_world_relay(&x)->server, i < 2 ? 2 : i < 3 ? 1 : 0);
	worker_world_close(&x);
}

static void
leastconn__fills_a_server_in_slow_start_slowly(void **state)
{
	struct shm_health cell = {.id = 11, .state = STATE_UP, .result = RESULT_L7OK};
	struct worker_world x;

	(void)state;
	open_world(&x, 2, BALANCE_LEASTCONN);
	x.table.service[0].slow_start_ms = 100000;
	cell.slow_us = x.w.now.us - 25000000; /* a quarter is over */
	health_store(&x.f.seg, 1, &cell, true);
	worker_world_publish(&x);
	for (int i = 0; i < 50; i++)
		worker_world_relay(&x);
	assert_int_equal(STAT_GET(&x.w.stat->server[0], active), 40);
	assert_int_equal(STAT_GET(&x.w.stat->server[1], active), 10);
	worker_world_advance(&x, 75000);
	for (int i = 0; i < 30; i++)
		worker_world_relay(&x);
	assert_int_equal(STAT_GET(&x.w.stat->server[1], active), 40);
	worker_world_close(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random__draws_by_weight),
	    cmocka_unit_test(random__never_takes_the_worse_of_two),
	    cmocka_unit_test(random__with_one_left_takes_it_and_with_none_says_so),
	    cmocka_unit_test(hash__is_of_the_address_and_moves_only_who_must),
	    cmocka_unit_test(hash__depends_on_names_not_on_places_in_the_file),
	    cmocka_unit_test(first__fills_one_after_the_other),
	    cmocka_unit_test(leastconn__fills_a_server_in_slow_start_slowly),
	};

	return cmocka_run_group_tests_name("worker/balance", tests, NULL, NULL);
}
