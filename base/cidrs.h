/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of allowed and denied prefixes, prepared for look-ups: one binary search for each length of
 * prefix that occurs, so that thousands of entries cost what a few do. */
#ifndef KHA_BASE_CIDRS_H
#define KHA_BASE_CIDRS_H

#include "base/addr.h"

struct cidrs;

/* The lists stay the caller's. NULL: no memory. */
struct cidrs *cidrs_new(
    const struct cidr *allow, unsigned n_allow, const struct cidr *deny, unsigned n_deny);
void cidrs_free(struct cidrs *set); /* NULL: nothing */

/* The longest prefix that has the address decides; denied wins a tie. None has it: allowed if nothing
 * is on the list of allowed ones. ::ffff:1.2.3.4 is 1.2.3.4. */
bool cidrs_allows(const struct cidrs *set, const struct addr *a);

#endif
