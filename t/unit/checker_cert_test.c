/* SPDX-License-Identifier: BSD-2-Clause */
/* The names and the end of a certificate, whatever it holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "checker/cert.h"

static void
push(GENERAL_NAMES *names, int type, const void *bytes, int len)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

	assert_int_equal(ASN1_STRING_set(value, bytes, len), 1);
	GENERAL_NAME_set0_value(name, type, value);
	assert_true(sk_GENERAL_NAME_push(names, name) > 0);
}

/* What is read of a certificate with these names (they are freed), over at `not_after`. */
static struct cert_facts
facts_of(GENERAL_NAMES *names, time_t not_after)
{
	X509 *cert = X509_new();
	struct cert_facts f;

	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(cert), not_after));
	if (names != NULL)
		assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0), 1);
	memset(&f, 0xff, sizeof f);
	cert_read(&f, cert);
	GENERAL_NAMES_free(names);
	X509_free(cert);
	return f;
}

static void
names__of_each_kind__are_listed(void **state)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	unsigned char six[16] = {0xfd, [15] = 0x11};
	struct cert_facts f;

	(void)state;
	push(names, GEN_DNS, "kubernetes", 10);
	push(names, GEN_IPADD, "\x0a\x60\x00\x01", 4);
	push(names, GEN_EMAIL, "root@example.net", 16);
	push(names, GEN_DNS, "*.example.net", 13);
	push(names, GEN_IPADD, six, 16);
	push(names, GEN_IPADD, "\x0a\x60\x00", 3);
	push(names, GEN_URI, "https://example.net", 19);
	push(names, GEN_DNS, "", 0);
	f = facts_of(names, 2000000000);
	assert_string_equal(f.names, "kubernetes,10.96.0.1,*.example.net,fd00::11");
	assert_int_equal(f.not_after, 2000000000);
}

static void
certificate__without_names__has_its_end(void **state)
{
	struct cert_facts f = facts_of(NULL, 86400);

	(void)state;
	assert_string_equal(f.names, "");
	assert_int_equal(f.not_after, 86400);
	f = facts_of(sk_GENERAL_NAME_new_null(), INT64_C(253402300799)); /* 9999-12-31 */
	assert_string_equal(f.names, "");
	assert_int_equal(f.not_after, INT64_C(253402300799));
}

static void
names__with_odd_bytes__cannot_act(void **state)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	struct cert_facts f;

	(void)state;
	push(names, GEN_DNS, "a\0b", 3);
	push(names, GEN_DNS, "a,b c\r\n\x1b[2J\xff", 12);
	f = facts_of(names, 1);
	assert_string_equal(f.names, "a?b,a?b?c???[2J?");
}

/* n names of len bytes each. */
static struct cert_facts
facts_of_many(unsigned n, int len)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	char name[2 * SHM_CERT_NAMES];

	memset(name, 'n', sizeof name);
	for (unsigned i = 0; i < n; i++)
		push(names, GEN_DNS, name, len);
	return facts_of(names, 1);
}

static void
names__without_room__end_in_dots(void **state)
{
	static const struct {
		unsigned n;
		int len;
		size_t whole; /* names of which nothing is missing */
	} rows[] = {
	    {1, 507, 1},
	    {1, 508, 0},
	    {1, 1000, 0},
	    {50, 9, 50}, /* 499 bytes */
	    {51, 9, 50},
	    {52, 9, 50},
	    {1000, 1, 254},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cert_facts f = facts_of_many(rows[i].n, rows[i].len);
		size_t len = (size_t)rows[i].len,
		       commas = rows[i].whole > 0 ? rows[i].whole - 1 : 0;
		bool all = rows[i].whole == rows[i].n;

		assert_true(memchr(f.names, '\0', sizeof f.names) != NULL);
		if (!all)
			assert_string_equal(f.names + strlen(f.names) - 3, "...");
		assert_int_equal(strlen(f.names), rows[i].whole * len + commas +
						      (all		      ? 0
							  : rows[i].whole > 0 ? 4
									      : 3));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names__of_each_kind__are_listed),
	    cmocka_unit_test(certificate__without_names__has_its_end),
	    cmocka_unit_test(names__with_odd_bytes__cannot_act),
	    cmocka_unit_test(names__without_room__end_in_dots),
	};

	return cmocka_run_group_tests_name("checker/cert", tests, NULL, NULL);
}
