/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of an HTTP check (RFC 9112): the request, and the status of the answer; pure. */
#ifndef KHA_CHECKER_HTTP_H
#define KHA_CHECKER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest request: path 255, host 253, and the rest. */
#define HTTP_REQUEST 768

/* Writes GET `path` HTTP/1.1, unless `keep` with Connection: close, so that the server is the one
 * who closes. Returns its length, or -1: path does not begin with '/', path or host has a blank, a
 * control character or a byte above 126, or it is longer than `size`. */
int http_request(char *buf, size_t size, const char *path, const char *host, bool keep);

/* A set of status codes. */
struct http_expect {
	uint64_t bits[10]; /* bit n: status n */
};

/* Adds "200", "200-299" or "2xx" (100..599). NULL, or what is wrong with it. */
const char *http_expect_add(struct http_expect *e, const char *text);
bool http_expect_has(const struct http_expect *e, int status);

enum http_feed {
	HTTP_MORE, /* not there yet */
	HTTP_DONE, /* s->status */
	HTTP_BAD,  /* s->why */
};

/* Interim answers (1xx) may come first; an answer that is not there after so many bytes
 * never comes. */
#define HTTP_HEAD_MAX 16384

struct http_status {
	int status; /* 200..599 */
	const char *why;
	unsigned at;	/* position in the status line */
	unsigned seen;	/* bytes of all */
	bool old;	/* HTTP/1.0 */
	bool line_over; /* DONE, and nothing of the status line is left */
	bool skipping;	/* the rest of an interim answer */
	unsigned blank; /* line feeds since its last other byte */
};

void http_status_init(struct http_status *s);

/* Takes the next n bytes of the answer, cut anywhere. DONE as soon as the status is certain:
 * after the three digits of HTTP/1.0 or HTTP/1.1 and the blank or line end behind them; what
 * follows is not looked at. Not to be called again after DONE or BAD. */
enum http_feed http_status_feed(struct http_status *s, const char *bytes, size_t n);

/* ---- the rest of the answer, for those who want to ask again on the same connection ---- */

/* Longest body that is worth reading to its end. */
#define HTTP_BODY_MAX 65536
/* Longest line of a header that matters. */
#define HTTP_LINE 128

struct http_rest {
	int status;
	bool old, in_status, in_body;
	int body;      /* bytes of it that are to come; -1: Content-Length was not there */
	unsigned seen; /* bytes before the body */
	unsigned at;   /* length of the line so far */
	char line[HTTP_LINE];
};

/* After DONE of *s: what follows the last byte that it took. */
void http_rest_init(struct http_rest *r, const struct http_status *s);

/* Takes the next n bytes, cut anywhere. DONE: the answer has ended, and the server agreed to take
 * another request. BAD: the connection is of no use for that. Not to be called again after DONE or
 * BAD. Only answers with a Content-Length are followed: that is what servers give to GET /readyz. */
enum http_feed http_rest_feed(struct http_rest *r, const char *bytes, size_t n);

#endif
