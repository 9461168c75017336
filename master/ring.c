/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/ring.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* In front of each message, in the machine's order. */
#define LENGTH sizeof(uint16_t)

bool
ring_init(struct ring *r)
{
	r->first = r->used = 0;
	r->buf = malloc(RING_SIZE);
	return r->buf != NULL;
}

void
ring_fini(struct ring *r)
{
	free(r->buf);
	*r = (struct ring){0};
}

static void
copy_in(struct ring *r, const void *data, size_t n)
{
	size_t at = (r->first + r->used) % RING_SIZE;
	size_t head = n < RING_SIZE - at ? n : RING_SIZE - at;

	memcpy(r->buf + at, data, head);
	memcpy(r->buf, (const char *)data + head, n - head);
	r->used += n;
}

static void
copy_out(const struct ring *r, size_t offset, void *out, size_t n)
{
	size_t at = (r->first + offset) % RING_SIZE;
	size_t head = n < RING_SIZE - at ? n : RING_SIZE - at;

	memcpy(out, r->buf + at, head);
	memcpy((char *)out + head, r->buf, n - head);
}

bool
ring_put(struct ring *r, const void *data, size_t n)
{
	uint16_t len = (uint16_t)n;

	if (n == 0 || n > UINT16_MAX || RING_SIZE - r->used < n + sizeof len)
		return false;
	copy_in(r, &len, sizeof len);
	copy_in(r, data, n);
	return true;
}

size_t
ring_next(const struct ring *r)
{
	uint16_t len;

	if (r->used == 0)
		return 0;
	copy_out(r, 0, &len, sizeof len);
	return len;
}

void
ring_get(struct ring *r, void *out)
{
	size_t n = ring_next(r);

	copy_out(r, LENGTH, out, n);
	r->first = (r->first + LENGTH + n) % RING_SIZE;
	r->used -= LENGTH + n;
}
