/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/checker_pki.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "peer: %s: %s\n", what, errno != 0 ? strerror(errno) : "failed");
	ERR_print_errors_fp(stderr);
	_exit(99);
}

static char pki[64];
static pid_t pki_owner;

static void
remove_pki(void)
{
	char command[128];

	if (getpid() != pki_owner)
		return;
	snprintf(command, sizeof command, "rm -rf %s", pki);
	(void)!system(command);
}

const char *
peer_pki(void)
{
	char command[128];

	if (pki[0] != '\0')
		return pki;
	snprintf(pki, sizeof pki, "/tmp/kha-pki-XXXXXX");
	need(mkdtemp(pki) != NULL, pki);
	pki_owner = getpid();
	atexit(remove_pki);
	/* Tests run in the project's top folder. */
	snprintf(command, sizeof command, "t/tools/mkcert.sh %s", pki);
	need(system(command) == 0, command);
	return pki;
}

const char *
peer_pki_file(char buf[128], const char *name)
{
	snprintf(buf, 128, "%s/%s", peer_pki(), name);
	return buf;
}

int64_t
peer_not_after(const char *cert)
{
	char path[128], name[32];
	struct tm tm;
	X509 *x;
	FILE *f;

	snprintf(name, sizeof name, "%s.pem", cert);
	f = fopen(peer_pki_file(path, name), "re");
	need(f != NULL, path);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	need(x != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1, path);
	X509_free(x);
	return (int64_t)timegm(&tm);
}
