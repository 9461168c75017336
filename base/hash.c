/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hash.h"

#include <math.h>
#include <string.h>

/* The finalizer of splitmix64 (S. Vigna, after D. Stafford's variant 13). */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

uint64_t
hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
	const uint8_t *p = bytes;
	uint64_t h = mix(seed + UINT64_C(0x9e3779b97f4a7c15)), word;

	/* Byte by byte into words, so that the machine's order does not matter. */
	for (size_t i = 0; i < n; i += 8) {
		word = 0;
		for (size_t k = 0; k < 8 && i + k < n; k++)
			word |= (uint64_t)p[i + k] << 8 * k;
		h = mix(h ^ word) + UINT64_C(0x9e3779b97f4a7c15);
	}
	return mix(h ^ n);
}

uint64_t
hash_addr_ip(const struct addr *a, uint64_t seed)
{
	struct addr plain = *a;

	addr_unmap(&plain);
	if (plain.sa.sa_family == AF_INET)
		return hash_bytes(&plain.in.sin_addr, sizeof plain.in.sin_addr, seed);
	return hash_bytes(&plain.in6.sin6_addr, sizeof plain.in6.sin6_addr, seed);
}

double
hash_rendezvous(uint64_t key, uint64_t server, unsigned weight)
{
	/* Uniform in (0, 1): 52 bits and the half are what a double holds. With one bit more the
	 * largest would become 1, and its score, which should be the best, minus infinity. */
	double u = ((double)(mix(key ^ mix(server)) >> 12) + 0.5) / 4503599627370496.0;

	return -(double)weight / log(u);
}
