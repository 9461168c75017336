/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the answer to a check: the parser ends, stays in its bounds, and means the same
 * however the bytes were cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checker/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says how the rest is cut. A copy of each piece of its own, so that reading
 * behind its end is seen. */
static enum http_feed
feed(struct http_status *s, const uint8_t *data, size_t size, size_t piece)
{
	enum http_feed got = HTTP_MORE;
	size_t n;
	char *copy;

	http_status_init(s);
	for (; size > 0 && got == HTTP_MORE; data += n, size -= n) {
		n = size < piece ? size : piece;
		copy = malloc(n);
		if (copy == NULL)
			abort();
		memcpy(copy, data, n);
		got = http_status_feed(s, copy, n);
		free(copy);
	}
	return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_status whole, cut;
	enum http_feed got;

	if (size == 0)
		return 0;
	got = feed(&whole, data + 1, size - 1, size);
	if (feed(&cut, data + 1, size - 1, (size_t)data[0] + 1) != got)
		abort();
	switch (got) {
	case HTTP_DONE:
		if (whole.status != cut.status || whole.status < 200 || whole.status > 599)
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
