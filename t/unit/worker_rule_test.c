/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is let in, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "shm/source.h"
#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"
#include "worker/evict.h"

/* A configuration with one service "api", to be filled in. */
struct rules {
	struct worker_world x;
	struct conf conf;
	struct conf_service service;
	char name[8];
	struct cidr allow[2], deny[2], accept[1];
	struct addr source[3];
};

static void
open_rules(struct rules *r)
{
	memset(r, 0, sizeof *r);
	worker_world_open(&r->x, 2);
	strcpy(r->name, "api");
	r->service.name = r->name;
	r->conf.services = &r->service;
	r->conf.n_services = 1;
	r->x.h.conf = &r->conf;
}

static void
apply(struct rules *r)
{
	struct err err;

	rule_fini(&r->x.w);
	err_init(&err);
	assert_int_equal(rule_init(&r->x.w, &err), 0);
}

static bool
lets_in(struct rules *r, const char *client)
{
	struct addr a;

	assert_null(addr_parse(&a, client, false));
	return rule_lets_in(&r->x.w, 0, &a);
}

static void
lists__belong_to_the_service_of_that_name(void **state)
{
	struct rules r;

	(void)state;
	open_rules(&r);
	assert_null(cidr_parse(&r.allow[0], "10.0.0.0/8"));
	assert_null(cidr_parse(&r.deny[0], "10.1.0.0/16"));
	r.service.allow = (struct conf_cidrs){r.allow, 1};
	r.service.deny = (struct conf_cidrs){r.deny, 1};
	apply(&r);
	assert_true(lets_in(&r, "10.2.0.1:1"));
	assert_false(lets_in(&r, "10.1.0.1:1"));
	assert_false(lets_in(&r, "192.0.2.1:1"));
	strcpy(r.name, "apis");
	apply(&r);
	assert_null(r.x.w.rule[0].conf);
	worker_world_close(&r.x);
}

static void
without_a_configuration__everybody_is_let_in(void **state)
{
	struct rules r;
	struct addr a;

	(void)state;
	open_rules(&r);
	r.x.h.conf = NULL;
	apply(&r);
	assert_true(lets_in(&r, "192.0.2.1:1"));
	assert_null(addr_parse(&a, "192.0.2.1:1", false));
	assert_false(rule_wants_header(&r.x.w, 0, &a));
	worker_world_relay(&r.x);
	worker_world_close(&r.x);
}

static void
an_address__has_so_many_connections_and_another_its_own(void **state)
{
	struct worker_conn *first;
	struct rules r;

	(void)state;
	open_rules(&r);
	r.service.per_source.max_connections = 2;
	apply(&r);
	first = worker_world_client_from(&r.x, "10.0.0.1:1");
	assert_non_null(worker_world_client_from(&r.x, "10.0.0.1:2"));
	worker_world_client_from(&r.x, "10.0.0.1:3");
	assert_int_equal(worker_world_closed(&r.x, CLOSE_source_limit), 1);
	worker_world_client_from(&r.x, "[::ffff:10.0.0.1]:3"); /* the same one */
	assert_int_equal(worker_world_closed(&r.x, CLOSE_source_limit), 2);
	assert_non_null(worker_world_client_from(&r.x, "10.0.0.2:1"));
	assert_int_equal(worker_world_closed(&r.x, CLOSE_source_limit), 2);
	worker_conn_close(&r.x.w, first, CLOSE_client_abort);
	worker_world_advance(&r.x, 1);
	assert_int_equal(worker_world_client_from(&r.x, "10.0.0.1:4")->state, CONN_CONNECTING);
	assert_int_equal(worker_world_closed(&r.x, CLOSE_source_limit), 2);
	worker_world_books(&r.x);
	evict_all(&r.x.w, CLOSE_shutdown);
	for (unsigned i = 0; i < SHM_SOURCES; i++) /* all were taken off again */
		assert_int_equal(r.x.w.seg->worker->source[i].n, 0);
	worker_world_close(&r.x);
}

static void
connections_of_other_workers__count_with_ours(void **state)
{
	struct rules r;
	struct addr a;

	(void)state;
	open_rules(&r);
	r.service.per_source.max_connections = 2;
	apply(&r);
	fixture_worker(&r.x.f, ENTRY_WORKER0 + 1, 1, 99999);
	worker_world_advance(&r.x, 300);
	assert_null(addr_parse(&a, "10.0.0.1:1", false));
	source_add(r.x.f.all->worker[1].r.source, hash_addr_ip(&a, r.x.table.service[0].id) | 1);
	assert_non_null(worker_world_client_from(&r.x, "10.0.0.1:2"));
	worker_world_client_from(&r.x, "10.0.0.1:3");
	assert_int_equal(worker_world_closed(&r.x, CLOSE_source_limit), 1);
	worker_world_close(&r.x);
}

static void
an_address__comes_only_so_often(void **state)
{
	struct rules r;

	(void)state;
	open_rules(&r);
	r.service.per_source.connect_rate = 10;
	apply(&r);
	assert_non_null(worker_world_client_from(&r.x, "10.0.0.1:1"));
	worker_world_client_from(&r.x, "10.0.0.1:2");
	assert_int_equal(worker_world_closed(&r.x, CLOSE_source_limit), 1);
	assert_non_null(worker_world_client_from(&r.x, "10.0.0.2:1"));
	worker_world_advance(&r.x, 100);
	worker_world_client_from(&r.x, "10.0.0.1:3");
	assert_int_equal(worker_world_closed(&r.x, CLOSE_source_limit), 1);
	worker_world_close(&r.x);
}

static void
source_addresses__take_turns_within_their_family(void **state)
{
	static const char *const own[] = {"127.0.0.2", "::1", "127.0.0.3"};
	struct addr to, got;
	char text[ADDR_TEXT];
	struct rules r;
	socklen_t len;
	int fd;

	(void)state;
	open_rules(&r);
	for (int i = 0; i < 3; i++)
		assert_null(addr_parse(&r.source[i], own[i], false));
	r.service.source = (struct conf_addrs){r.source, 3};
	apply(&r);
	assert_null(addr_parse(&to, "127.0.0.1:80", false));
	for (int i = 0; i < 4; i++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(rule_bind(&r.x.w, 0, fd, &to), 0);
		len = sizeof got;
		assert_int_equal(getsockname(fd, &got.sa, &len), 0);
		assert_string_equal(
		    addr_print_ip(&got, text, sizeof text), i % 2 == 0 ? own[0] : own[2]);
		close(fd);
	}
	worker_world_close(&r.x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists__belong_to_the_service_of_that_name),
	    cmocka_unit_test(without_a_configuration__everybody_is_let_in),
	    cmocka_unit_test(an_address__has_so_many_connections_and_another_its_own),
	    cmocka_unit_test(connections_of_other_workers__count_with_ours),
	    cmocka_unit_test(an_address__comes_only_so_often),
	    cmocka_unit_test(source_addresses__take_turns_within_their_family),
	};

	return cmocka_run_group_tests_name("worker/rule", tests, NULL, NULL);
}
