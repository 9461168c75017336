/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes for spreading, the same on every node, in every build and for ever: what is chosen by them
 * must not move with an upgrade. Not for secrets, and not against somebody who chooses the input. */
#ifndef KHA_BASE_HASH_H
#define KHA_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* n bytes; other seeds give unrelated hashes. */
uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed);

/* An address without its port; ::ffff:1.2.3.4 is 1.2.3.4. */
uint64_t hash_addr_ip(const struct addr *a, uint64_t seed);

/* Score of a server (hash of its name, weight) for a key; the highest of all has the key. When a server
 * comes or goes, only its own keys move; each has keys in proportion to its weight (the logarithmic
 * method: C. Schindelhauer, G. Schomaker, Weighted Distributed Hash Tables, 2005). */
double hash_rendezvous(uint64_t key, uint64_t server, unsigned weight);

#endif
