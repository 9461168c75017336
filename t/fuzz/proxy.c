/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the start of a connection that sends a PROXY header: more bytes never change a
 * verdict that is not MORE, and what is read writes as a header that reads the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same(const struct proxy_header *a, const struct proxy_header *b)
{
	return a->local == b->local && a->len == b->len && addr_equal(&a->src, &b->src) &&
	       addr_equal(&a->dst, &b->dst);
}

static enum proxy_verdict
parse(const uint8_t *data, size_t n, struct proxy_header *h, const char **why)
{
	enum proxy_verdict v;

	*why = NULL;
	v = proxy_parse(data, n, h, why);
	if ((v == PROXY_BAD) != (*why != NULL && **why != '\0') ||
	    (v == PROXY_MORE && n >= PROXY_V2_MAX) ||
	    (v == PROXY_GOOD && (h->len > n || h->len == 0)))
		abort();
	return v;
}

static void
again(const struct proxy_header *h, int version)
{
	uint8_t out[PROXY_MAKE_MAX];
	struct proxy_header back;
	const char *why = NULL;
	size_t n = proxy_make(version, &h->src, &h->dst, h->local, out, sizeof out);

	if (n == 0 || proxy_parse(out, n, &back, &why) != PROXY_GOOD || back.len != n ||
	    back.local != h->local || !addr_equal(&back.src, &h->src) ||
	    !addr_equal(&back.dst, &h->dst))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header h, part;
	const char *why, *part_why;
	enum proxy_verdict v = parse(data, size, &h, &why), cut;

	/* Cut at each byte of a line or of two TLVs, then here and there. */
	for (size_t n = 0; n < size; n += n < 120 ? 1 : 1 + size / 16) {
		cut = parse(data, n, &part, &part_why);
		if (cut == PROXY_GOOD && (v != PROXY_GOOD || !same(&h, &part)))
			abort();
		if (cut == PROXY_BAD && (v != PROXY_BAD || why != part_why))
			abort();
		if (cut == PROXY_MORE && v == PROXY_GOOD && n >= h.len)
			abort();
		if (cut != PROXY_MORE && v == PROXY_GOOD && n < h.len)
			abort();
	}
	if (v == PROXY_GOOD) {
		again(&h, 1);
		again(&h, 2);
	}
	return 0;
}
