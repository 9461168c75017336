/* SPDX-License-Identifier: BSD-2-Clause */
#include "checker/http.h"

#include <stdio.h>
#include <string.h>

#ifndef KHA_VERSION
#	define KHA_VERSION "0"
#endif

static bool
is_visible(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x21 || *text > 0x7e)
			return false;
	return true;
}

int
http_request(char *buf, size_t size, const char *path, const char *host)
{
	int n;

	/* A blank or line end would end the request line or add a header. */
	if (*path != '/' || !is_visible(path) || !is_visible(host))
		return -1;
	n = snprintf(buf, size,
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kha-check/" KHA_VERSION
	    "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
	    path, host);
	return n > 0 && (size_t)n < size ? n : -1;
}

static int
digits(const char *text, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

const char *
http_expect_add(struct http_expect *e, const char *text)
{
	static const char wrong[] = "a status is 200, 200-299 or 2xx, from 100 to 599";
	size_t len = strlen(text);
	int from, to;

	if (len == 3 && (strcmp(text + 1, "xx") == 0 || strcmp(text + 1, "XX") == 0)) {
		from = digits(text, 1) * 100;
		to = from + 99;
	} else if (len == 3) {
		from = to = digits(text, 3);
	} else if (len == 7 && text[3] == '-') {
		from = digits(text, 3);
		to = digits(text + 4, 3);
	} else
		return wrong;
	if (from < 100 || to > 599 || from > to)
		return wrong;
	for (int i = from; i <= to; i++)
		e->bits[i / 64] |= UINT64_C(1) << (i % 64);
	return NULL;
}

bool
http_expect_has(const struct http_expect *e, int status)
{
	return status >= 100 && status <= 599 && (e->bits[status / 64] >> (status % 64) & 1) != 0;
}

void
http_status_init(struct http_status *s)
{
	memset(s, 0, sizeof *s);
}

static enum http_feed
bad(struct http_status *s, const char *why)
{
	s->why = why;
	return HTTP_BAD;
}

/* One byte of "HTTP/1.x NNN". */
static enum http_feed
line_byte(struct http_status *s, char c)
{
	static const char head[] = "HTTP/1.";
	unsigned at = s->at++;

	if (at < 7)
		return c == head[at] ? HTTP_MORE : bad(s, "the answer is not HTTP");
	if (at == 7)
		return c == '0' || c == '1' ? HTTP_MORE
					    : bad(s, "the answer is not HTTP/1.0 or HTTP/1.1");
	if (at == 8)
		return c == ' ' ? HTTP_MORE : bad(s, "the answer has no status");
	if (at < 12) {
		if (c < '0' || c > '9')
			return bad(s, "the status is not a number");
		s->status = s->status * 10 + (c - '0');
		return HTTP_MORE;
	}
	if (c != ' ' && c != '\r' && c != '\n')
		return bad(s, "the status has more than three digits");
	if (s->status < 100 || s->status > 599)
		return bad(s, "the status is not 100..599");
	if (s->status == 101)
		return bad(s, "the server switches to another protocol");
	if (s->status >= 200)
		return HTTP_DONE;
	s->skipping = true;
	s->blank = c == '\n';
	return HTTP_MORE;
}

/* One byte of an interim answer, up to its empty line. */
static void
skip_byte(struct http_status *s, char c)
{
	if (c == '\n')
		s->blank++;
	else if (c != '\r')
		s->blank = 0;
	if (s->blank < 2)
		return;
	s->skipping = false;
	s->at = 0;
	s->status = 0;
}

enum http_feed
http_status_feed(struct http_status *s, const char *bytes, size_t n)
{
	enum http_feed got;

	for (size_t i = 0; i < n; i++) {
		if (s->seen++ >= HTTP_HEAD_MAX)
			return bad(s, "the answer has no end of interim replies");
		if (s->skipping) {
			skip_byte(s, bytes[i]);
			continue;
		}
		got = line_byte(s, bytes[i]);
		if (got != HTTP_MORE)
			return got;
	}
	return HTTP_MORE;
}
