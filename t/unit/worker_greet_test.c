/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client sends before it has a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"
#include "worker/greet.h"

#define HEADER "PROXY TCP4 10.0.0.9 192.0.2.200 5555 6443\r\n"

struct greeting {
	struct worker_world x;
	struct conf conf;
	struct conf_service service;
	char name[8];
	struct cidr allow[1], accept[1];
};

static void
open_greeting(struct greeting *g, enum conf_hello mode, bool announced)
{
	struct err err;

	memset(g, 0, sizeof *g);
	worker_world_open(&g->x, 2);
	strcpy(g->name, "api");
	g->service.name = g->name;
	g->service.client_hello.mode = mode;
	g->conf.services = &g->service;
	g->conf.n_services = 1;
	g->x.h.conf = &g->conf;
	if (announced) {
		assert_null(cidr_parse(&g->accept[0], "198.51.100.0/24"));
		g->service.proxy_protocol.accept = (struct conf_cidrs){g->accept, 1};
		assert_null(cidr_parse(&g->allow[0], "10.0.0.0/24"));
		g->service.allow = (struct conf_cidrs){g->allow, 1};
	}
	err_init(&err);
	assert_int_equal(rule_init(&g->x.w, &err), 0);
}

static void
say(struct greeting *g, struct worker_conn *c, const char *bytes)
{
	worker_conn_early(&g->x.w, c, (const uint8_t *)bytes, strlen(bytes));
}

static void
a_header__in_pieces_is_put_together_and_names_the_client(void **state)
{
	struct worker_conn *c;
	char byte[2] = "";
	char text[ADDR_TEXT];
	struct greeting g;

	(void)state;
	open_greeting(&g, HELLO_NONE, true);
	c = worker_world_client(&g.x);
	for (const char *p = HEADER; *p != '\0'; p++) {
		assert_int_equal(c->state, CONN_GREETING);
		assert_true(g.x.fake.awaits_bytes);
		byte[0] = *p;
		say(&g, c, byte);
	}
	assert_int_equal(c->state, CONN_CONNECTING);
	assert_string_equal(addr_print(&c->client, text, sizeof text), "10.0.0.9:5555");
	worker_conn_connected(&g.x.w, c, 0);
	assert_int_equal(g.x.fake.n_first, 0);
	assert_null(c->early);
	worker_world_close(&g.x);
}

static void
bytes_behind_a_header__go_to_the_server(void **state)
{
	struct worker_conn *c;
	struct greeting g;

	(void)state;
	open_greeting(&g, HELLO_NONE, true);
	c = worker_world_client(&g.x);
	say(&g, c, HEADER "hello");
	worker_conn_connected(&g.x.w, c, ECONNREFUSED); /* also to the next one */
	worker_conn_connected(&g.x.w, c, 0);
	assert_int_equal(g.x.fake.n_first, 5);
	assert_memory_equal(g.x.fake.first, "hello", 5);
	assert_int_equal(conn_bytes(c, SIDE_CLIENT), 5); /* the header is not the client's */
	assert_int_equal(STAT_GET(&g.x.w.stat->worker, bytes_in), 5);
	worker_world_close(&g.x);
}

static void
who_is_announced__is_judged_not_who_announces(void **state)
{
	struct greeting g;

	(void)state;
	open_greeting(&g, HELLO_NONE, true);
	say(&g, worker_world_client(&g.x), "PROXY TCP4 10.0.1.9 192.0.2.200 5555 6443\r\n");
	assert_int_equal(worker_world_closed(&g.x, CLOSE_denied), 1);
	/* One address, two connections: the limit is that of the announced one. */
	g.service.per_source.max_connections = 1;
	say(&g, worker_world_client(&g.x), HEADER);
	say(&g, worker_world_client(&g.x), "PROXY TCP4 10.0.0.8 192.0.2.200 5555 6443\r\n");
	assert_int_equal(worker_world_closed(&g.x, CLOSE_source_limit), 0);
	say(&g, worker_world_client(&g.x), HEADER);
	assert_int_equal(worker_world_closed(&g.x, CLOSE_source_limit), 1);
	worker_world_books(&g.x);
	worker_world_close(&g.x);
}

static void
no_header__or_a_wrong_one_ends_it(void **state)
{
	struct greeting g;

	(void)state;
	open_greeting(&g, HELLO_NONE, true);
	say(&g, worker_world_client(&g.x), "GET / HTTP/1.1\r\n\r\n");
	assert_int_equal(worker_world_closed(&g.x, CLOSE_proxy_header), 1);
	say(&g, worker_world_client(&g.x), ""); /* its FIN */
	assert_int_equal(worker_world_closed(&g.x, CLOSE_proxy_header), 2);
	say(&g, worker_world_client(&g.x), "PROXY TCP4 10.0");
	worker_world_advance(&g.x, 4900);
	assert_int_equal(worker_world_closed(&g.x, CLOSE_proxy_header), 2);
	worker_world_advance(&g.x, 200);
	assert_int_equal(worker_world_closed(&g.x, CLOSE_proxy_header), 3);
	assert_int_equal(g.x.fake.n_connects, 0);
	worker_world_books(&g.x);
	worker_world_close(&g.x);
}

static void
silence__until_timeout_hello_is_passed_on_or_closed_by_mode(void **state)
{
	struct worker_conn *c;
	struct greeting g;

	(void)state;
	open_greeting(&g, HELLO_WAIT, false);
	c = worker_world_client(&g.x);
	assert_int_equal(c->state, CONN_GREETING);
	worker_world_advance(&g.x, 4900);
	assert_int_equal(g.x.fake.n_connects, 0);
	worker_world_advance(&g.x, 200);
	assert_int_equal(c->state, CONN_CONNECTING);
	worker_conn_connected(&g.x.w, c, 0);
	g.service.client_hello.mode = HELLO_REQUIRE;
	worker_world_client(&g.x);
	worker_world_advance(&g.x, 5100);
	assert_int_equal(worker_world_closed(&g.x, CLOSE_hello_timeout), 1);
	assert_int_equal(g.x.fake.n_connects, 1);
	worker_world_close(&g.x);
}

static void
what_is_no_hello__is_passed_on_or_closed_by_mode(void **state)
{
	struct worker_conn *c;
	struct greeting g;

	(void)state;
	open_greeting(&g, HELLO_WAIT, false);
	c = worker_world_client(&g.x);
	say(&g, c, "SSH-2.0-x\r\n");
	worker_conn_connected(&g.x.w, c, 0);
	assert_int_equal(g.x.fake.n_first, 11);
	assert_memory_equal(g.x.fake.first, "SSH-2.0-x\r\n", 11);
	g.service.client_hello.mode = HELLO_REQUIRE;
	say(&g, worker_world_client(&g.x), "SSH-2.0-x\r\n");
	assert_int_equal(worker_world_closed(&g.x, CLOSE_hello_refused), 1);
	/* Whoever only looks whether the port is open costs no server anything. */
	say(&g, worker_world_client(&g.x), "");
	assert_int_equal(worker_world_closed(&g.x, CLOSE_client_abort), 1);
	assert_int_equal(g.x.fake.n_connects, 1);
	worker_world_close(&g.x);
}

static void
our_header__goes_before_what_came_early_and_names_both_ends(void **state)
{
	struct worker_conn *c;
	struct greeting g;
	const char *all = HEADER "hello";

	(void)state;
	open_greeting(&g, HELLO_NONE, true);
	g.service.proxy_protocol.send = 1;
	c = worker_world_client(&g.x);
	say(&g, c, all);
	worker_conn_connected(&g.x.w, c, 0);
	assert_int_equal(g.x.fake.n_first, strlen(all));
	assert_memory_equal(g.x.fake.first, all, strlen(all));
	assert_int_equal(conn_bytes(c, SIDE_CLIENT), 5);
	worker_world_close(&g.x);
}

/* In relay, with n bytes of a whole hello that the server has got. */
static struct worker_conn *
with_hello(struct greeting *g)
{
	struct worker_conn *c;

	c = worker_world_client(&g->x);
	say(g, c, "hello");
	assert_int_equal(c->state, CONN_CONNECTING);
	c->early->whole = true; /* says the parser */
	worker_conn_connected(&g->x.w, c, 0);
	assert_int_equal(c->state, CONN_RELAY);
	return c;
}

static void
a_server_that_closes_without_an_answer__is_followed_by_another(void **state)
{
	struct worker_conn *c;
	struct greeting g;
	unsigned first;

	(void)state;
	open_greeting(&g, HELLO_WAIT, false);
	c = with_hello(&g);
	first = c->server;
	assert_true(worker_conn_retried(&g.x.w, c));
	assert_int_equal(c->state, CONN_CONNECTING);
	assert_int_not_equal(c->server, first);
	assert_int_equal(conn_bytes(c, SIDE_CLIENT), 0);
	assert_int_equal(STAT_GET(&g.x.w.stat->server[first], connect_failed), 1);
	assert_int_equal(STAT_GET(&g.x.w.stat->server[first], active), 0);
	worker_conn_connected(&g.x.w, c, 0);
	assert_int_equal(g.x.fake.n_first, 5);
	assert_memory_equal(g.x.fake.first, "hello", 5);
	assert_int_equal(conn_bytes(c, SIDE_CLIENT), 5);
	/* A reset is the same to the client; after the last one it hears it. */
	worker_conn_ended(&g.x.w, c, SIDE_SERVER, END_RESET, ECONNRESET);
	assert_int_equal(worker_world_closed(&g.x, CLOSE_server_reset), 1);
	worker_world_books(&g.x);
	worker_world_close(&g.x);
}

static void
the_last_servers_end__is_the_clients_as_it_is(void **state)
{
	struct worker_conn *c;
	struct greeting g;

	(void)state;
	open_greeting(&g, HELLO_WAIT, false);
	c = with_hello(&g);
	assert_true(worker_conn_retried(&g.x.w, c));
	worker_conn_connected(&g.x.w, c, 0);
	assert_false(worker_conn_retried(&g.x.w, c)); /* there is no third one */
	assert_int_equal(c->state, CONN_RELAY);
	worker_conn_ended(&g.x.w, c, SIDE_SERVER, END_FIN, 0);
	worker_conn_ended(&g.x.w, c, SIDE_CLIENT, END_FIN, 0);
	assert_int_equal(worker_world_closed(&g.x, CLOSE_done), 1);
	assert_int_equal(g.x.fake.n_resets, 0);
	worker_world_books(&g.x);
	worker_world_close(&g.x);
}

static void
after_an_answer_or_more_bytes__there_is_no_other_server(void **state)
{
	struct worker_conn *c;
	struct greeting g;

	(void)state;
	open_greeting(&g, HELLO_WAIT, false);
	c = with_hello(&g);
	worker_conn_moved(&g.x.w, c, SIDE_SERVER, 1, false);
	assert_null(c->early);
	assert_false(worker_conn_retried(&g.x.w, c));
	c = with_hello(&g);
	worker_conn_moved(&g.x.w, c, SIDE_CLIENT, 1, false);
	assert_false(worker_conn_retried(&g.x.w, c));
	c = with_hello(&g);
	worker_conn_ended(&g.x.w, c, SIDE_CLIENT, END_FIN, 0);
	assert_false(worker_conn_retried(&g.x.w, c));
	g.service.client_hello.mode = HELLO_NONE;
	c = worker_world_relay(&g.x); /* nothing came early */
	assert_false(worker_conn_retried(&g.x.w, c));
	worker_world_close(&g.x);
}

static void
much_before_a_server__is_bounded(void **state)
{
	static uint8_t bytes[ENGINE_BYTES];
	struct worker_conn *c;
	struct greeting g;

	(void)state;
	open_greeting(&g, HELLO_REQUIRE, false);
	c = worker_world_client(&g.x);
	/* The start of a handshake record, which never ends. */
	memcpy(bytes, "\x16\x03\x01\x40\x00\x01\x00\xff\xff\x03\x03", 11);
	for (int i = 0; i < 10 && c->state == CONN_GREETING; i++)
		worker_conn_early(&g.x.w, c, bytes, sizeof bytes);
	assert_int_equal(worker_world_closed(&g.x, CLOSE_hello_refused), 1);
	worker_world_close(&g.x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header__in_pieces_is_put_together_and_names_the_client),
	    cmocka_unit_test(bytes_behind_a_header__go_to_the_server),
	    cmocka_unit_test(who_is_announced__is_judged_not_who_announces),
	    cmocka_unit_test(no_header__or_a_wrong_one_ends_it),
	    cmocka_unit_test(silence__until_timeout_hello_is_passed_on_or_closed_by_mode),
	    cmocka_unit_test(what_is_no_hello__is_passed_on_or_closed_by_mode),
	    cmocka_unit_test(our_header__goes_before_what_came_early_and_names_both_ends),
	    cmocka_unit_test(a_server_that_closes_without_an_answer__is_followed_by_another),
	    cmocka_unit_test(the_last_servers_end__is_the_clients_as_it_is),
	    cmocka_unit_test(after_an_answer_or_more_bytes__there_is_no_other_server),
	    cmocka_unit_test(much_before_a_server__is_bounded),
	};

	return cmocka_run_group_tests_name("worker/greet", tests, NULL, NULL);
}
