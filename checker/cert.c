/* SPDX-License-Identifier: BSD-2-Clause */
#include "checker/cert.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"

static const char more[] = "...";

/* Adds a name. False: it has no room, and "..." stands in its place. Behind each name there is
 * always room for a comma and that. */
static bool
add(struct cert_facts *f, const char *name, size_t len)
{
	size_t at = strlen(f->names);
	bool first = at == 0;

	if (at + !first + len + sizeof more > sizeof f->names - 1) {
		memcpy(f->names + at, first ? more : ",...", first ? sizeof more : sizeof ",...");
		return false;
	}
	if (!first)
		f->names[at++] = ',';
	for (size_t i = 0; i < len; i++)
		f->names[at++] =
		    (char)(name[i] > ' ' && name[i] < 0x7f && name[i] != ',' ? name[i] : '?');
	f->names[at] = '\0';
	return true;
}

static bool
add_address(struct cert_facts *f, const unsigned char *bytes, int len)
{
	struct addr a;
	char text[ADDR_TEXT];

	memset(&a, 0, sizeof a);
	if (len == 4) {
		a.in.sin_family = AF_INET;
		memcpy(&a.in.sin_addr, bytes, 4);
	} else if (len == 16) {
		a.in6.sin6_family = AF_INET6;
		memcpy(&a.in6.sin6_addr, bytes, 16);
	} else
		return true; /* none */
	addr_print_ip(&a, text, sizeof text);
	return add(f, text, strlen(text));
}

static void
read_names(struct cert_facts *f, const GENERAL_NAMES *names)
{
	const ASN1_STRING *value;
	bool room = true;
	int type;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && room; i++) {
		value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		if (type == GEN_DNS && ASN1_STRING_length(value) > 0)
			room = add(f, (const char *)ASN1_STRING_get0_data(value),
			    (size_t)ASN1_STRING_length(value));
		else if (type == GEN_IPADD)
			room =
			    add_address(f, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
	}
}

void
cert_read(struct cert_facts *f, const struct x509_st *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	struct tm tm;

	memset(f, 0, sizeof *f);
	if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		f->not_after = (int64_t)timegm(&tm);
	if (names != NULL)
		read_names(f, names);
	GENERAL_NAMES_free(names);
}
