/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes over loopback through the engines, turn by turn: whatever comes together in one event, or stays
 * behind after one, arrives without anything else happening that could wake the worker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t/unit/shm_fixture.h"
#include "t/unit/worker_world.h"

#define TURNS 5000 /* of 1 ms at most */

struct route {
	struct worker_world x;
	int end[2]; /* enum side: what the client and the server have */
};

/* The client has come and the server has taken it; the engine has not turned yet. */
static void
route_open(struct route *r, const struct engine *engine)
{
	int server;

	worker_world_open(&r->x, 1);
	worker_world_engine(&r->x, engine);
	server = worker_world_port(&r->x.table.server[0].addr, true);
	worker_world_publish(&r->x);
	r->end[SIDE_CLIENT] = worker_world_dial(&r->x);
	if (engine == &engine_uring)
		engine->turn(&r->x.w, 0); /* only then the kernel hears of the connect */
	r->end[SIDE_SERVER] = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_true(r->end[SIDE_SERVER] >= 0);
	close(server);
}

static void
turn(struct route *r)
{
	r->x.w.engine->turn(&r->x.w, 1);
}

static void
route_close(struct route *r)
{
	struct worker *w = &r->x.w;

	for (int s = 0; s < 2; s++)
		close(r->end[s]);
	for (int i = 0; i < TURNS && w->pool.used > 0; i++)
		turn(r);
	assert_int_equal(w->pool.used, 0); /* the ends were seen */
	worker_world_engine_end(&r->x);
	worker_world_books(&r->x);
	worker_world_close(&r->x);
}

/* Byte number n of every stream. */
static uint8_t
byte(size_t n)
{
	return (uint8_t)(n * 7 + n / 251);
}

/* As much as the kernel takes now, at most `most`. */
static size_t
send_some(int fd, size_t from, size_t most)
{
	static uint8_t bytes[65536];
	size_t sent = 0;
	ssize_t n;

	while (sent < most) {
		size_t part = most - sent < sizeof bytes ? most - sent : sizeof bytes;

		for (size_t i = 0; i < part; i++)
			bytes[i] = byte(from + sent + i);
		n = send(fd, bytes, part, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			break;
		}
		sent += (size_t)n;
	}
	return sent;
}

/* What is there now, each byte looked at. eof: its end was seen. */
static size_t
take_some(int fd, size_t from, bool *eof)
{
	static uint8_t bytes[65536];
	size_t got = 0;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(bytes[i], byte(from + got + (size_t)i));
		got += (size_t)n;
	}
	if (n < 0)
		assert_int_equal(errno, EAGAIN);
	*eof = n == 0;
	return got;
}

/* Turns until all of it arrived at `side`, and its end if there is one. */
static void
arrives(struct route *r, enum side side, size_t from, size_t to, bool end)
{
	bool eof = false;

	for (int i = 0; i < TURNS && (from < to || (end && !eof)); i++) {
		turn(r);
		from += take_some(r->end[side], from, &eof);
	}
	assert_int_equal(from, to);
	assert_int_equal(eof, end);
}

static void
finish(struct route *r, enum side side)
{
	assert_int_equal(shutdown(r->end[side], SHUT_WR), 0);
}

/* ---- one event with everything ---- */

static void
server__that_speaks_first__is_heard(void **state)
{
	struct route r;

	route_open(&r, *state);
	assert_int_equal(send_some(r.end[SIDE_SERVER], 0, 100), 100);
	arrives(&r, SIDE_CLIENT, 0, 100, false);
	route_close(&r);
}

static void
server__that_says_one_word_and_goes__is_heard(void **state)
{
	struct route r;

	route_open(&r, *state);
	assert_int_equal(send_some(r.end[SIDE_SERVER], 0, 100), 100);
	finish(&r, SIDE_SERVER);
	arrives(&r, SIDE_CLIENT, 0, 100, true);
	route_close(&r);
}

static void
fin__behind_bytes_before_there_is_a_server__is_passed_on(void **state)
{
	struct route r;

	route_open(&r, *state);
	assert_int_equal(send_some(r.end[SIDE_CLIENT], 0, 100), 100);
	finish(&r, SIDE_CLIENT);
	arrives(&r, SIDE_SERVER, 0, 100, true);
	/* The other direction goes on. */
	assert_int_equal(send_some(r.end[SIDE_SERVER], 0, 100), 100);
	finish(&r, SIDE_SERVER);
	arrives(&r, SIDE_CLIENT, 0, 100, true);
	route_close(&r);
}

static void
fin__with_the_last_bytes__is_passed_on(void **state)
{
	struct route r;

	for (enum side from = SIDE_CLIENT; from <= SIDE_SERVER; from++) {
		route_open(&r, *state);
		assert_int_equal(send_some(r.end[from], 0, 10), 10);
		arrives(&r, OTHER_SIDE(from), 0, 10, false);
		assert_int_equal(send_some(r.end[from], 10, 5000), 5000);
		finish(&r, from);
		arrives(&r, OTHER_SIDE(from), 10, 5010, true);
		route_close(&r);
	}
}

static void
rst__behind_bytes__comes_after_them(void **state)
{
	const struct linger now = {.l_onoff = 1};
	struct route r;
	bool eof;

	route_open(&r, *state);
	assert_int_equal(send_some(r.end[SIDE_CLIENT], 0, 10), 10);
	arrives(&r, SIDE_SERVER, 0, 10, false);
	assert_int_equal(
	    setsockopt(r.end[SIDE_CLIENT], SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
	close(r.end[SIDE_CLIENT]);
	r.end[SIDE_CLIENT] = -1;
	for (int i = 0; i < TURNS && r.x.w.pool.used > 0; i++)
		turn(&r);
	assert_int_equal(r.x.w.pool.used, 0);
	assert_int_equal(worker_world_closed(&r.x, CLOSE_client_reset), 1);
	turn(&r); /* io_uring closes with the next one */
	assert_int_equal(recv(r.end[SIDE_SERVER], &eof, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, ECONNRESET);
	route_close(&r);
}

/* ---- more than one event is worth ---- */

static void
bytes__more_than_a_turn_takes__all_arrive(void **state)
{
	struct route r;
	size_t sent;

	for (enum side from = SIDE_CLIENT; from <= SIDE_SERVER; from++)
		for (size_t most = 16384; most <= 1u << 21; most *= 2) {
			route_open(&r, *state);
			/* Nothing is sent later that could wake anybody. */
			sent = send_some(r.end[from], 0, most);
			assert_true(sent >= 16384);
			finish(&r, from);
			arrives(&r, OTHER_SIDE(from), 0, sent, true);
			route_close(&r);
		}
}

static void
reader__that_was_slow__gets_all(void **state)
{
	const int small = 65536;
	struct route r;
	size_t sent, last;
	int idle;

	for (enum side from = SIDE_CLIENT; from <= SIDE_SERVER; from++) {
		route_open(&r, *state);
		(void)setsockopt(
		    r.end[OTHER_SIDE(from)], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
		sent = 0;
		for (idle = 0; idle < 20;) {
			last = send_some(r.end[from], sent, 1u << 20);
			idle = last == 0 ? idle + 1 : 0;
			sent += last;
			turn(&r);
			if (sent > 1u << 24)
				break;
		}
		finish(&r, from);
		arrives(&r, OTHER_SIDE(from), 0, sent, true);
		route_close(&r);
	}
}

static void
both_directions__at_once__all_arrive(void **state)
{
	size_t sent[2] = {0}, got[2] = {0};
	struct route r;
	bool eof;

	srand(1);
	route_open(&r, *state);
	for (int i = 0; i < 300; i++) {
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
			if (rand() % 3 == 0)
				sent[s] += send_some(r.end[s], sent[s], (size_t)(rand() % 300000));
		turn(&r);
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
			if (rand() % 4 == 0)
				got[OTHER_SIDE(s)] += take_some(r.end[s], got[OTHER_SIDE(s)], &eof);
	}
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		arrives(&r, OTHER_SIDE(s), got[s], sent[s], false);
	route_close(&r);
}

#define EPOLL(name)                                                                                \
	{                                                                                          \
		"epoll: " #name, name, NULL, NULL, (void *)(uintptr_t)&engine_epoll                \
	}
#define URING(name)                                                                                \
	{                                                                                          \
		"uring: " #name, name, NULL, NULL, (void *)(uintptr_t)&engine_uring                \
	}
#define ALL(with)                                                                                  \
	with(server__that_speaks_first__is_heard),                                                 \
	    with(server__that_says_one_word_and_goes__is_heard),                                   \
	    with(fin__behind_bytes_before_there_is_a_server__is_passed_on),                        \
	    with(fin__with_the_last_bytes__is_passed_on),                                          \
	    with(rst__behind_bytes__comes_after_them),                                             \
	    with(bytes__more_than_a_turn_takes__all_arrive),                                       \
	    with(reader__that_was_slow__gets_all), with(both_directions__at_once__all_arrive)

int
main(void)
{
	const struct CMUnitTest epoll[] = {ALL(EPOLL)}, uring[] = {ALL(URING)};
	struct err err;
	int failed;

	err_init(&err);
	failed = cmocka_run_group_tests_name("worker/edges", epoll, NULL, NULL);
	if (uring_try(&err) == 0)
		failed += cmocka_run_group_tests_name("worker/edges uring", uring, NULL, NULL);
	return failed;
}
