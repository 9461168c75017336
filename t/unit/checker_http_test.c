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
	int n = http_request(buf, sizeof buf, "/readyz?verbose", "[fd00::1]:6443");

	(void)state;
	snprintf(want, sizeof want,
	    "GET /readyz?verbose HTTP/1.1\r\nHost: [fd00::1]:6443\r\nUser-Agent: kha-check/%s"
	    "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
	    KHA_VERSION);
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
		assert_int_equal(http_request(buf, sizeof buf, bad[i][0], bad[i][1]), -1);
	memset(path, '/', 255);
	memset(host, 'h', 253);
	path[255] = host[253] = '\0';
	/* The longest that the file allows fits. */
	assert_true(http_request(buf, sizeof buf, path, host) > 508);
	assert_int_equal(http_request(buf, 508, path, host), -1);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request__has_what_http_1_1_wants_and_closes),
	    cmocka_unit_test(request__that_would_smuggle_or_not_fit__is_refused),
	    cmocka_unit_test(expect__takes_codes_ranges_and_classes),
	    cmocka_unit_test(expect__that_is_none__is_refused),
	    cmocka_unit_test(answer__cut_into_pieces_of_any_size__means_the_same),
	    cmocka_unit_test(answer__of_interim_replies_without_end__is_given_up),
	};

	return cmocka_run_group_tests_name("checker/http", tests, NULL, NULL);
}
