/* SPDX-License-Identifier: BSD-2-Clause */
#include "checker/http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

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
http_request(char *buf, size_t size, const char *path, const char *host, bool keep)
{
	int n;

	/* A blank or line end would end the request line or add a header. */
	if (*path != '/' || !is_visible(path) || !is_visible(host))
		return -1;
	n = snprintf(buf, size,
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kha-check/" KHA_VERSION
	    "\r\nAccept: */*\r\n%s\r\n",
	    path, host, keep ? "" : "Connection: close\r\n");
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
	s->old = s->old || (at == 7 && c == '0');
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
	s->line_over = c == '\n';
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

/* ---- the rest ---- */

void
http_rest_init(struct http_rest *r, const struct http_status *s)
{
	memset(r, 0, sizeof *r);
	r->status = s->status;
	r->old = s->old;
	r->in_status = !s->line_over;
	r->body = -1;
}

static bool
take_length(struct http_rest *r, const char *value)
{
	int n = 0;

	if (*value < '0' || *value > '9')
		return false;
	for (; *value >= '0' && *value <= '9'; value++) {
		n = n * 10 + (*value - '0');
		if (n > HTTP_BODY_MAX)
			return false;
	}
	value += strspn(value, " \t");
	if (*value != '\0' || (r->body >= 0 && r->body != n))
		return false;
	r->body = n;
	return true;
}

static bool
is_keep_alive(const char *value)
{
	static const char word[] = "keep-alive";
	size_t len = sizeof word - 1;

	return strncasecmp(value, word, len) == 0 &&
	       value[len + strspn(value + len, " \t")] == '\0';
}

/* One header line; `len` is its length in the answer, of which r->line has the beginning. False:
 * the connection is of no use any more. */
static bool
take_header(struct http_rest *r, size_t len)
{
	static const char *const names[] = {
	    "Content-Length:", "Connection:", "Transfer-Encoding:", "Upgrade:"};
	const char *value;
	size_t i = 0;

	/* A continued line (RFC 9112 section 5.2), or a zero byte that would hide something. */
	if (r->line[0] == ' ' || r->line[0] == '\t' ||
	    strlen(r->line) < (len < HTTP_LINE ? len : HTTP_LINE - 1))
		return false;
	while (i < 4 && strncasecmp(r->line, names[i], strlen(names[i])) != 0)
		i++;
	if (i == 4)
		return true;
	if (i > 1 || len >= HTTP_LINE)
		return false;
	value = r->line + strlen(names[i]);
	value += strspn(value, " \t");
	return i == 0 ? take_length(r, value) : is_keep_alive(value);
}

/* One byte before the body. DONE: that was the last one. */
static enum http_feed
head_byte(struct http_rest *r, char c)
{
	size_t len = r->at;

	if (c != '\n') {
		if (r->at < HTTP_LINE - 1)
			r->line[r->at] = c;
		r->at++;
		return HTTP_MORE;
	}
	r->at = 0;
	if (r->in_status) {
		r->in_status = false;
		return HTTP_MORE;
	}
	r->line[len < HTTP_LINE ? len : HTTP_LINE - 1] = '\0';
	if (len > 0 && len < HTTP_LINE && r->line[len - 1] == '\r')
		r->line[--len] = '\0';
	if (len > 0)
		return take_header(r, len) ? HTTP_MORE : HTTP_BAD;
	if (r->status == 204 || r->status == 304)
		r->body = 0;
	return r->old || r->body < 0 ? HTTP_BAD : HTTP_DONE;
}

enum http_feed
http_rest_feed(struct http_rest *r, const char *bytes, size_t n)
{
	enum http_feed got = HTTP_MORE;
	size_t i = 0;

	for (; i < n && !r->in_body; i++) {
		if (r->seen++ >= HTTP_HEAD_MAX)
			return HTTP_BAD;
		got = head_byte(r, bytes[i]);
		if (got == HTTP_BAD)
			return HTTP_BAD;
		r->in_body = got == HTTP_DONE;
	}
	if (!r->in_body)
		return HTTP_MORE;
	/* More than the answer: whatever it is, it was not asked for. */
	if (n - i > (size_t)r->body)
		return HTTP_BAD;
	r->body -= (int)(n - i);
	return r->body == 0 ? HTTP_DONE : HTTP_MORE;
}
