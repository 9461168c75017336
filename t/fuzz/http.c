/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the answer to a check: the parser ends, stays in its bounds, and means the same
 * however the bytes were cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checker/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of each piece of its own, so that reading behind its end is seen. */
static char *
copy_of(const uint8_t *data, size_t n)
{
	char *copy = malloc(n > 0 ? n : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, n);
	return copy;
}

static enum http_feed
feed(struct http_status *s, const uint8_t *data, size_t size, size_t piece)
{
	enum http_feed got = HTTP_MORE;
	size_t n;
	char *copy;

	http_status_init(s);
	for (; size > 0 && got == HTTP_MORE; data += n, size -= n) {
		n = size < piece ? size : piece;
		copy = copy_of(data, n);
		got = http_status_feed(s, copy, n);
		free(copy);
	}
	return got;
}

/* What is behind the status. */
static enum http_feed
feed_rest(const struct http_status *s, const uint8_t *data, size_t size, size_t piece)
{
	enum http_feed got = HTTP_MORE;
	struct http_rest r;
	size_t n;
	char *copy;

	http_rest_init(&r, s);
	for (; size > 0 && got != HTTP_BAD; data += n, size -= n) {
		n = size < piece ? size : piece;
		if (got == HTTP_DONE)
			return HTTP_BAD; /* more than the answer */
		copy = copy_of(data, n);
		got = http_rest_feed(&r, copy, n);
		free(copy);
		if (got == HTTP_DONE && (r.body != 0 || r.old))
			abort();
		if (r.body > HTTP_BODY_MAX || r.seen > HTTP_HEAD_MAX + 1)
			abort();
	}
	return got;
}

/* The first byte says how the rest is cut. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_status whole, cut;
	enum http_feed got;
	size_t piece;

	if (size == 0)
		return 0;
	piece = (size_t)data[0] + 1;
	got = feed(&whole, data + 1, size - 1, size);
	if (feed(&cut, data + 1, size - 1, piece) != got)
		abort();
	switch (got) {
	case HTTP_DONE:
		if (whole.status != cut.status || whole.status < 200 || whole.status > 599 ||
		    whole.seen != cut.seen || whole.old != cut.old)
			abort();
		data += 1 + whole.seen;
		size -= 1 + whole.seen;
		if (feed_rest(&whole, data, size, size) != feed_rest(&cut, data, size, piece))
			abort();
		break;
	case HTTP_BAD:
		if (whole.why == NULL || whole.why != cut.why || whole.why[0] == '\0')
			abort();
		break;
	case HTTP_MORE:
		if (size - 1 > HTTP_HEAD_MAX)
			abort();
		break;
	}
	return 0;
}
