/* SPDX-License-Identifier: BSD-2-Clause */
/* Request bytes, expected codes, and the status line in all its cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "checker/http.h"

static void
request__has_what_http_1_1_wants_and_closes(void **state)
{
	char buf[HTTP_REQUEST], want[HTTP_REQUEST];
	int n = http_request(buf, sizeof buf, "/readyz?verbose", "[fd00::1]:6443", false);

	(void)state;
	snprintf(want, sizeof want,
	    "GET /readyz?verbose HTTP/1.1\r\nHost: [fd00::1]:6443\r\nUser-Agent: kha-check/%s"
	    "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
	    KHA_VERSION);
	assert_string_equal(buf, want);
	assert_int_equal(n, strlen(want));
	/* What HTTP/1.1 does when nothing is said. */
	n = http_request(buf, sizeof buf, "/readyz?verbose", "[fd00::1]:6443", true);
	strcpy(strstr(want, "Connection: "), "\r\n");
	assert_string_equal(buf, want);
	assert_int_equal(n, strlen(want));
}

static void
request__that_would_smuggle_or_not_fit__is_refused(void **state)
{
	static const char *const bad[][2] = {
	    {"readyz", "h"},
	    {"", "h"},
	    {"/a b", "h"},
	    {"/a\r\nX: y", "h"},
	    {"/\x7f", "h"},
	    {"/\xc3\xa4", "h"},
	    {"/", "h\r\nX: y"},
	    {"/", "a b"},
	};
	char buf[HTTP_REQUEST], path[256], host[254];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(http_request(buf, sizeof buf, bad[i][0], bad[i][1], i % 2), -1);
	memset(path, '/', 255);
	memset(host, 'h', 253);
	path[255] = host[253] = '\0';
	/* The longest that the file allows fits. */
	assert_true(http_request(buf, sizeof buf, path, host, false) > 508);
	assert_int_equal(http_request(buf, 508, path, host, false), -1);
}

static void
expect__takes_codes_ranges_and_classes(void **state)
{
	struct http_expect e;

	(void)state;
	memset(&e, 0, sizeof e);
	assert_null(http_expect_add(&e, "200"));
	assert_null(http_expect_add(&e, "301-303"));
	assert_null(http_expect_add(&e, "5xx"));
	for (int status = 0; status < 1100; status++)
		assert_int_equal(http_expect_has(&e, status),
		    status == 200 || (status >= 301 && status <= 303) ||
			(status >= 500 && status <= 599));
	assert_false(http_expect_has(&e, -1));
}

static void
expect__that_is_none__is_refused(void **state)
{
	static const char *const bad[] = {"", "2", "20", "2000", "099", "600", "0xx", "6xx", "2x",
	    "2x0", "200-", "299-200", "200-600", "200_299", "abc", "-20", "200-2xx", " 200", "20a"};
	struct http_expect e, none;

	(void)state;
	memset(&e, 0, sizeof e);
	memset(&none, 0, sizeof none);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (http_expect_add(&e, bad[i]) == NULL)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_memory_equal(&e, &none, sizeof e);
}

static const struct {
	const char *answer;
	int status; /* 0: bad, -1: not there yet */
} answers[] = {
    {"HTTP/1.1 200 OK\r\n", 200},
    {"HTTP/1.0 503 Service Unavailable\r\n", 503},
    {"HTTP/1.1 404\r\n", 404},
    {"HTTP/1.1 204\n", 204},
    {"HTTP/1.1 599 ", 599},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 200},
    {"HTTP/1.1 100\r\n\r\nHTTP/1.1 401 U\r\n", 401},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 x\nA: b\n\nHTTP/1.0 500 x", 500},
    {"HTTP/1.1 20", -1},
    {"HTTP/1.1 200", -1},
    {"", -1},
    {"HTTP/1.1 100 Continue\r\n\r\n", -1},
    {"HTTP/1.1 100 Continue\r\nHTTP/1.1 200 OK\r\n", -1},
    {"HTTP/1.1 2000 OK", 0},
    {"HTTP/1.1 099 x", 0},
    {"HTTP/1.1 600 x", 0},
    {"HTTP/1.1 101 Switching Protocols\r\n", 0},
    {"HTTP/1.1  200 OK", 0},
    {"HTTP/1.1\t200 OK", 0},
    {"HTTP/1.1 2x0 OK", 0},
    {"HTTP/1.1 200OK", 0},
    {"HTTP/2 200 OK", 0},
    {"HTTP/1.2 200 OK", 0},
    {"http/1.1 200 OK", 0},
    {"\r\nHTTP/1.1 200 OK", 0},
    {"SSH-2.0-OpenSSH_9.2\r\n", 0},
    {"\x15\x03\x01", 0},
};

static enum http_feed
feed_in_pieces(struct http_status *s, const char *bytes, size_t len, size_t piece)
{
	enum http_feed got = HTTP_MORE;

	http_status_init(s);
	for (size_t i = 0; i < len && got == HTTP_MORE; i += piece)
		got = http_status_feed(s, bytes + i, len - i < piece ? len - i : piece);
	return got;
}

static void
answer__cut_into_pieces_of_any_size__means_the_same(void **state)
{
	struct http_status s;
	enum http_feed got;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		len = strlen(answers[i].answer);
		for (size_t piece = 1; piece <= len + 1; piece++) {
			got = feed_in_pieces(&s, answers[i].answer, len, piece);
			if (got != (answers[i].status > 0      ? HTTP_DONE
				       : answers[i].status < 0 ? HTTP_MORE
							       : HTTP_BAD))
				fail_msg(
				    "\"%s\" in pieces of %zu: %d", answers[i].answer, piece, got);
			if (got == HTTP_DONE)
				assert_int_equal(s.status, answers[i].status);
			if (got == HTTP_BAD)
				assert_true(strlen(s.why) > 10);
		}
	}
}

static void
answer__of_interim_replies_without_end__is_given_up(void **state)
{
	static const char hint[] = "HTTP/1.1 103 Early Hints\r\n\r\n";
	struct http_status s;
	enum http_feed got = HTTP_MORE;
	size_t fed = 0;

	(void)state;
	http_status_init(&s);
	while (got == HTTP_MORE) {
		got = http_status_feed(&s, hint, sizeof hint - 1);
		fed += sizeof hint - 1;
		assert_true(fed < HTTP_HEAD_MAX + sizeof hint);
	}
	assert_int_equal(got, HTTP_BAD);
	assert_true(fed > HTTP_HEAD_MAX);
}

#define A11 "HTTP/1.1 200 OK\r\n"

/* Answers, and whether the connection can take another request afterwards. */
static const struct {
	const char *answer;
	enum http_feed got;
} rests[] = {
    {A11 "Content-Length: 2\r\n\r\nok", HTTP_DONE},
    {A11 "content-length:2  \r\n\r\nok", HTTP_DONE},
    {A11 "Server: x\nCONTENT-LENGTH:\t2\n\nok", HTTP_DONE},
    {"HTTP/1.1 200\nContent-Length: 0\n\n", HTTP_DONE},
    {"HTTP/1.1 503 \r\nContent-Length: 3\r\n\r\nbad", HTTP_DONE},
    {"HTTP/1.1 204 No Content\r\n\r\n", HTTP_DONE},
    {"HTTP/1.1 103 Hints\r\nX: y\r\n\r\n" A11 "Content-Length: 1\r\n\r\n.", HTTP_DONE},
    {A11 "Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok", HTTP_DONE},
    {A11 "Connection: Keep-Alive \r\nContent-Length: 2\r\n\r\nok", HTTP_DONE},
    {A11 "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", HTTP_DONE},
    {A11 "Audit-Id: 0123456789012345678901234567890123456789012345678901234567890123456789012345"
	 "67890123456789012345678901234567890123456789\r\nContent-Length: 1\r\n\r\n.",
	HTTP_DONE},
    {A11, HTTP_MORE},
    {A11 "Content-Length: 2\r\n", HTTP_MORE},
    {A11 "Content-Length: 2\r\n\r\no", HTTP_MORE},
    {A11 "Content-Length: 65536\r\n\r\n", HTTP_MORE},
    {A11 "\r\n", HTTP_BAD}, /* until it closes */
    {A11 "Content-Length: 2\r\n\r\nok!", HTTP_BAD},
    {A11 "Content-Length: 0\r\n\r\n" A11, HTTP_BAD},
    {A11 "Content-Length: 65537\r\n\r\n", HTTP_BAD},
    {A11 "Content-Length: 99999999999999999999\r\n\r\n", HTTP_BAD},
    {A11 "Content-Length: -1\r\n\r\n", HTTP_BAD},
    {A11 "Content-Length: \r\n\r\n", HTTP_BAD},
    {A11 "Content-Length: 2, 2\r\n\r\nok", HTTP_BAD},
    {A11 "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", HTTP_BAD},
    {A11 "Content-Length:                                                                        "
	 "                                                          2\r\n\r\nok",
	HTTP_BAD},
    {A11 "Content-Length: 2\r\n 3\r\n\r\nok", HTTP_BAD}, /* continued */
    {A11 "Connection: close\r\nContent-Length: 2\r\n\r\nok", HTTP_BAD},
    {A11 "Connection: keep-alive, close\r\nContent-Length: 2\r\n\r\nok", HTTP_BAD},
    {A11 "Connection: keep-alives\r\nContent-Length: 2\r\n\r\nok", HTTP_BAD},
    {A11 "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", HTTP_BAD},
    {A11 "Upgrade: h2c\r\nContent-Length: 0\r\n\r\n", HTTP_BAD},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", HTTP_BAD},
};

/* The whole of an answer, in pieces. */
static enum http_feed
rest_in_pieces(const char *bytes, size_t len, size_t piece)
{
	enum http_feed got = HTTP_MORE;
	struct http_status s;
	struct http_rest r;
	size_t i = 0;

	http_status_init(&s);
	while (i < len && got == HTTP_MORE) {
		got = http_status_feed(&s, bytes + i, len - i < piece ? len - i : piece);
		i += piece;
	}
	assert_int_equal(got, HTTP_DONE);
	http_rest_init(&r, &s);
	/* Of the piece with the status as much as is left, perhaps nothing. */
	i = i < len ? i : len;
	got = http_rest_feed(&r, bytes + s.seen, i - s.seen);
	while (i < len && got != HTTP_BAD) {
		/* A whole answer and more is no use, wherever it is cut. */
		if (got == HTTP_DONE)
			return HTTP_BAD;
		got = http_rest_feed(&r, bytes + i, len - i < piece ? len - i : piece);
		i += piece;
	}
	return got;
}

static void
rest__cut_into_pieces_of_any_size__means_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
		size_t len = strlen(rests[i].answer);

		for (size_t piece = 1; piece <= len + 1; piece++) {
			enum http_feed got = rest_in_pieces(rests[i].answer, len, piece);

			if (got != rests[i].got)
				fail_msg(
				    "\"%s\" in pieces of %zu: %d", rests[i].answer, piece, got);
		}
	}
}

static void
rest__with_a_zero_byte_or_without_end__is_given_up(void **state)
{
	static const char zero[] = A11 "X: a\0Content-Length: 2\r\n\r\nok";
	static char long_head[HTTP_HEAD_MAX + 100];

	(void)state;
	assert_int_equal(rest_in_pieces(zero, sizeof zero - 1, 7), HTTP_BAD);
	memset(long_head, 'x', sizeof long_head);
	memcpy(long_head, A11, sizeof A11 - 1);
	assert_int_equal(rest_in_pieces(long_head, sizeof A11 + 4000, 1000), HTTP_MORE);
	assert_int_equal(rest_in_pieces(long_head, sizeof long_head, 1000), HTTP_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request__has_what_http_1_1_wants_and_closes),
	    cmocka_unit_test(request__that_would_smuggle_or_not_fit__is_refused),
	    cmocka_unit_test(expect__takes_codes_ranges_and_classes),
	    cmocka_unit_test(expect__that_is_none__is_refused),
	    cmocka_unit_test(answer__cut_into_pieces_of_any_size__means_the_same),
	    cmocka_unit_test(rest__cut_into_pieces_of_any_size__means_the_same),
	    cmocka_unit_test(rest__with_a_zero_byte_or_without_end__is_given_up),
	    cmocka_unit_test(answer__of_interim_replies_without_end__is_given_up),
	};

	return cmocka_run_group_tests_name("checker/http", tests, NULL, NULL);
}
