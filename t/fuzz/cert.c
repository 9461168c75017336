/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a server's certificate: what is read of it is text in its bounds. */
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checker/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned char *at = data;
	X509 *cert = d2i_X509(NULL, &at, (long)size);
	struct cert_facts f;

	if (cert == NULL)
		return 0;
	memset(&f, 0xff, sizeof f);
	cert_read(&f, cert);
	X509_free(cert);
	if (memchr(f.names, '\0', sizeof f.names) == NULL)
		abort();
	for (const char *s = f.names; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' ||
		    (*s == ',' && (s == f.names || s[1] == ',' || s[1] == '\0')))
			abort();
	return 0;
}
