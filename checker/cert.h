/* SPDX-License-Identifier: BSD-2-Clause */
/* What a server's certificate says about itself; pure. */
#ifndef KHA_CHECKER_CERT_H
#define KHA_CHECKER_CERT_H

#include "shm/layout.h"

struct x509_st; /* OpenSSL's X509 */

struct cert_facts {
	int64_t not_after; /* seconds since 1970; 0: unknown */
	/* DNS names and addresses of subjectAltName, with commas between. Visible ASCII, whatever
	 * the certificate holds: other bytes, and commas in a name, are '?'. Ends with "..." when
	 * not all have room; the last name before it is whole. */
	char names[SHM_CERT_NAMES];
};

void cert_read(struct cert_facts *f, const struct x509_st *cert);

#endif
