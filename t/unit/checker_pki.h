/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates of the test servers. */
#ifndef KHA_T_CHECKER_PKI_H
#define KHA_T_CHECKER_PKI_H

#include <stdint.h>

/* Directory with what t/tools/mkcert.sh makes; made once, removed at exit. */
const char *peer_pki(void);
/* Path of a file in it. */
const char *peer_pki_file(char buf[128], const char *name);
/* notAfter of a certificate in it, seconds since 1970. */
int64_t peer_not_after(const char *cert);

#endif
