/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the first ones from a TLS client: a verdict holds when bytes are added, MORE means
 * that some byte may follow, and a hello means the same in records of one byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Longer input is looked at in few cuts only: all of them would take too long. */
#define ALL_CUTS 300

struct seen {
	enum hello_verdict got;
	struct hello h;
	const char *why;
};

static void
parse(struct seen *s, const uint8_t *data, size_t size)
{
	memset(&s->h, 0xff, sizeof s->h);
	s->got = hello_parse(data, size, &s->h, &s->why);
	if ((s->got == HELLO_NOT_TLS) != (s->why != NULL && s->why[0] != '\0'))
		abort();
}

static void
check_name(const char *sni)
{
	static const char taken[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.:";
	size_t len = strnlen(sni, 254);

	if (len > 253 || strspn(sni, taken) != len)
		abort();
	if (len > 0 && (sni[0] == '.' || sni[len - 1] == '.' || strstr(sni, "..") != NULL))
		abort();
}

/* What the verdict about a beginning says about the whole. */
static void
check_beginning(const uint8_t *data, size_t size, const struct seen *whole)
{
	struct seen s;

	parse(&s, data, size);
	if (s.got == HELLO_MORE)
		return;
	if (s.got != whole->got || s.why != whole->why)
		abort();
	if (s.got == HELLO_GOOD && strcmp(s.h.sni, whole->h.sni) != 0)
		abort();
}

/* With a byte added: a verdict stays (a few kinds are enough), or one of all can follow. */
static void
check_added(const uint8_t *data, size_t size, const struct seen *whole)
{
	uint8_t *longer = malloc(size + 1);
	bool can_follow = false;
	struct seen s;

	if (longer == NULL)
		abort();
	if (size > 0)
		memcpy(longer, data, size);
	for (unsigned b = 0; b < 256 && !can_follow; b += whole->got == HELLO_MORE ? 1 : 85) {
		longer[size] = (uint8_t)b;
		parse(&s, longer, size + 1);
		if (whole->got == HELLO_MORE)
			can_follow = s.got != HELLO_NOT_TLS;
		else
			check_beginning(data, size, &s);
	}
	if (whole->got == HELLO_MORE && !can_follow)
		abort();
	free(longer);
}

/* A good hello again, each byte in a record of its own. */
static void
check_recut(const uint8_t *data, size_t size, const struct seen *whole)
{
	uint8_t *out = malloc(size * 6);
	size_t n = 0, record;
	struct seen s;

	if (out == NULL)
		abort();
	while (size > 5) {
		record = (size_t)data[3] << 8 | data[4];
		data += 5;
		size -= 5;
		for (; record > 0 && size > 0; record--, size--) {
			memcpy(out + n, "\x16\3\4\0\1", 5);
			out[n + 5] = *data++;
			n += 6;
		}
	}
	parse(&s, out, n);
	if (s.got != HELLO_GOOD || strcmp(s.h.sni, whole->h.sni) != 0)
		abort();
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole;

	parse(&whole, data, size);
	if (whole.got == HELLO_GOOD) {
		check_name(whole.h.sni);
		check_recut(data, size, &whole);
	}
	if (whole.got == HELLO_MORE && size > 6 * (HELLO_MAX + 4))
		abort();
	check_added(data, size, &whole);
	for (size_t n = 0; n < size; n += size <= ALL_CUTS ? 1 : size / 16)
		check_beginning(data, n, &whole);
	return 0;
}
