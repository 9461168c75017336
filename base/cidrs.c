/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cidrs.h"

#include <stdlib.h>
#include <string.h>

#define LENGTHS 129 /* 0..128 bits */

/* IPv4 in the first 4 bytes, the rest 0. */
struct entry {
	uint8_t bytes[16];
	uint8_t v6;
	uint8_t bits;
	uint8_t deny;
};

struct cidrs {
	bool any_allowed; /* the list of allowed ones is not empty */
	unsigned n;
	/* By family and length: entries first..first+n-1, sorted by bytes. */
	struct {
		unsigned first, n;
	} of[2][LENGTHS];
	struct entry entry[];
};

static void
bytes_of(const struct addr *a, uint8_t bytes[16], uint8_t *v6)
{
	struct addr plain = *a;

	addr_unmap(&plain);
	memset(bytes, 0, 16);
	*v6 = plain.sa.sa_family == AF_INET6;
	if (*v6)
		memcpy(bytes, &plain.in6.sin6_addr, 16);
	else
		memcpy(bytes, &plain.in.sin_addr, 4);
}

static struct entry
entry_of(const struct cidr *c, bool deny)
{
	struct entry e = {.bits = c->bits, .deny = deny};

	bytes_of(&c->addr, e.bytes, &e.v6);
	/* A mapped prefix became an IPv4 one. */
	if (!e.v6 && c->addr.sa.sa_family == AF_INET6)
		e.bits = c->bits > 96 ? (uint8_t)(c->bits - 96) : 0;
	return e;
}

static void
cut(uint8_t bytes[16], unsigned bits)
{
	for (unsigned i = 0; i<16; i++, bits = bits> 8 ? bits - 8 : 0)
		if (bits < 8)
			bytes[i] &= (uint8_t)(0xff00 >> bits);
}

static int
compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = memcmp(x->bytes, y->bytes, sizeof x->bytes);

	if (x->v6 != y->v6)
		return x->v6 - y->v6;
	if (x->bits != y->bits)
		return x->bits - y->bits;
	/* Denied first: of two of the same prefix that one stays. */
	return d != 0 ? d : y->deny - x->deny;
}

static bool
is_same(const struct entry *a, const struct entry *b)
{
	return a->v6 == b->v6 && a->bits == b->bits &&
	       memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static void
index_entries(struct cidrs *set)
{
	unsigned n = 0;

	qsort(set->entry, set->n, sizeof *set->entry, compare);
	for (unsigned i = 0; i < set->n; i++)
		if (n == 0 || !is_same(&set->entry[n - 1], &set->entry[i]))
			set->entry[n++] = set->entry[i];
	set->n = n;
	for (unsigned i = n; i-- > 0;) {
		set->of[set->entry[i].v6][set->entry[i].bits].first = i;
		set->of[set->entry[i].v6][set->entry[i].bits].n++;
	}
}

struct cidrs *
cidrs_new(const struct cidr *allow, unsigned n_allow, const struct cidr *deny, unsigned n_deny)
{
	struct cidrs *set =
	    calloc(1, sizeof *set + ((size_t)n_allow + n_deny) * sizeof set->entry[0]);

	if (set == NULL)
		return NULL;
	set->any_allowed = n_allow > 0;
	for (unsigned i = 0; i < n_allow; i++)
		set->entry[set->n++] = entry_of(&allow[i], false);
	for (unsigned i = 0; i < n_deny; i++)
		set->entry[set->n++] = entry_of(&deny[i], true);
	index_entries(set);
	return set;
}

void
cidrs_free(struct cidrs *set)
{
	free(set);
}

static const struct entry *
find(const struct cidrs *set, unsigned first, unsigned n, const uint8_t bytes[16])
{
	unsigned low = first, high = first + n, mid;
	int d;

	while (low < high) {
		mid = low + (high - low) / 2;
		d = memcmp(set->entry[mid].bytes, bytes, 16);
		if (d == 0)
			return &set->entry[mid];
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool
cidrs_allows(const struct cidrs *set, const struct addr *a)
{
	const struct entry *e;
	uint8_t bytes[16], v6;

	bytes_of(a, bytes, &v6);
	for (unsigned bits = v6 ? 128 : 32;; bits--) {
		if (set->of[v6][bits].n > 0) {
			cut(bytes, bits);
			e = find(set, set->of[v6][bits].first, set->of[v6][bits].n, bytes);
			if (e != NULL)
				return !e->deny;
		}
		if (bits == 0)
			return !set->any_allowed;
	}
}
