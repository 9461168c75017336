/* SPDX-License-Identifier: BSD-2-Clause */
/* ClientHellos in all cuts, each of their fields wrong, and the list of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "t/unit/hello_wire.h"
#include "worker/hello.h"

/* The verdict of a copy of its own, so that a sanitizer sees reading behind the end. */
static enum hello_verdict
parse(const uint8_t *data, size_t n, struct hello *h, const char **why)
{
	uint8_t *copy = n > 0 ? malloc(n) : NULL;
	enum hello_verdict got;

	assert_true(n == 0 || copy != NULL);
	if (n > 0)
		memcpy(copy, data, n);
	got = hello_parse(copy, n, h, why);
	free(copy);
	assert_true((got == HELLO_NOT_TLS) == (*why != NULL));
	return got;
}

/* MORE for the first `at` bytes and whatever is shorter; NOT_TLS with that reason for all that
 * is longer. */
static void
assert_wrong_at(const struct wire *w, size_t at, const char *reason)
{
	struct hello h;
	const char *why;

	for (size_t n = 0; n <= w->n; n++) {
		if (parse(w->b, n, &h, &why) != (n <= at ? HELLO_MORE : HELLO_NOT_TLS))
			fail_msg("%s: not so after %zu bytes, %s", reason, n, why ? why : "-");
		if (n > at)
			assert_string_equal(why, reason);
	}
}

static void
assert_good_in_all_cuts(const struct wire *message, const char *sni)
{
	static const size_t pieces[] = {1, 2, 7, 100, 16384};
	static struct wire w;
	struct hello h;
	const char *why;
	size_t whole;

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		w.n = 0;
		wire_records(&w, message->b, message->n, pieces[i]);
		whole = w.n;
		wire_put(&w, "\x14\x03\x03 what follows \0", 18);
		for (size_t n = 0; n <= w.n; n++) {
			if (parse(w.b, n, &h, &why) != (n < whole ? HELLO_MORE : HELLO_GOOD))
				fail_msg("%s: %zu of %zu bytes, records of %zu: %s", sni, n, whole,
				    pieces[i], why ? why : "-");
			if (n >= whole)
				assert_string_equal(h.sni, sni);
		}
	}
}

static void
hello__of_many_shapes__is_good_when_whole_and_more_before(void **state)
{
	static struct wire ext, msg;

	(void)state;
	wire_message(&msg, NULL);
	assert_good_in_all_cuts(&msg, "");
	msg.n = 0;
	wire_message(&msg, &ext); /* no extension in it */
	assert_good_in_all_cuts(&msg, "");
	wire_extension(&ext, 23, 0);
	wire_server_name(&ext, "API.Kube_1.Example-2.org.");
	wire_extension(&ext, 0xfafa, 1);
	/* A key share of X25519MLKEM768: the hello takes two segments. */
	wire_extension(&ext, 51, 1216 + 6);
	msg.n = 0;
	wire_message(&msg, &ext);
	assert_true(msg.n > 1200);
	assert_good_in_all_cuts(&msg, "api.kube_1.example-2.org");
}

static void
hello__of_libssl__is_good(void **state)
{
	static struct wire msg;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *out = BIO_new(BIO_s_mem());
	uint8_t *bytes;
	long n;

	(void)state;
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
	assert_int_equal(SSL_set_tlsext_host_name(ssl, "Kubernetes.default.SVC"), 1);
	assert_int_equal(SSL_connect(ssl), -1);
	n = BIO_get_mem_data(out, &bytes);
	assert_true(n > 100);
	/* One record; its header is written anew for each cut. */
	assert_int_equal(bytes[3] << 8 | bytes[4], n - 5);
	wire_put(&msg, bytes + 5, (size_t)n - 5);
	assert_good_in_all_cuts(&msg, "kubernetes.default.svc");
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

#define RECORD	"record length is not 1 to 16384"
#define LARGE	"ClientHello larger than 16000 bytes"
#define SESSION "session id longer than 32 bytes or than the ClientHello"
#define CIPHERS "cipher suites do not fit into the ClientHello"
#define METHODS "compression methods do not fit into the ClientHello"
#define FEW	"too few bytes for extensions after the compression methods"
#define BLOCK	"extensions do not fill the rest of the ClientHello"
#define EXT	"extension does not fit into the ClientHello"
#define EXTNAME "server_name extension is empty or does not fit"
#define LIST	"server_name list does not fill its extension"
#define HOST	"host name is empty, or longer than 253 bytes or than its list"
#define BYTE	"host name with a byte that no DNS name has"
#define LABEL	"host name with an empty label"

/* One number of wire_example() replaced, and the byte at which that is known to be wrong. */
static const struct {
	unsigned at, bytes, value, known;
	const char *why;
} changes[] = {
    {0, 1, 'G', 0, "first byte is not that of a TLS handshake"},
    {0, 1, 0x80, 0, "first byte is not that of a TLS handshake"}, /* SSL 2 */
    {1, 1, 2, 1, "record version is not 3.0 to 3.4"},
    {2, 1, 5, 2, "record version is not 3.0 to 3.4"},
    {3, 2, 0, 4, RECORD},
    {3, 2, 0x4001, 4, RECORD},
    {3, 2, 0x4100, 3, RECORD},
    {5, 1, 2, 5, "handshake message is not a ClientHello"},
    {6, 3, 40, 8, "ClientHello too short for its fields"},
    {6, 3, HELLO_MAX + 1, 8, LARGE},
    {6, 3, 0x3f00, 7, LARGE},
    {6, 3, 0x10000, 6, LARGE},
    {9, 1, 2, 9, "ClientHello version is not 3.x"},
    {43, 1, 33, 43, SESSION},
    {43, 1, 32, 43, SESSION},
    {43, 1, 31, 75, CIPHERS}, /* takes what the others need */
    {44, 2, 0, 45, CIPHERS},
    {44, 2, 35, 45, CIPHERS},
    {44, 2, 3, 45, "odd length of cipher suites"},
    {48, 1, 0, 48, METHODS},
    {48, 1, 33, 48, METHODS},
    {48, 1, 31, 48, FEW},
    {48, 1, 27, 48, FEW},
    {48, 1, 26, 75, BLOCK},
    {50, 2, 28, 51, BLOCK},
    {50, 2, 30, 51, BLOCK},
    {50, 2, 0x100, 50, BLOCK},
    {54, 2, 26, 55, EXT},
    {54, 2, 22, 55, EXT}, /* leaves three bytes */
    {54, 2, 0x100, 54, EXT},
    {52, 2, 0, 55, EXTNAME},
    {61, 2, 4, 62, EXTNAME},
    {61, 2, 19, 62, EXTNAME},
    {61, 2, 17, 62, EXT},
    {63, 2, 15, 64, LIST},
    {63, 2, 17, 64, LIST},
    {63, 2, 0x100, 63, LIST},
    {66, 2, 0, 67, HOST},
    {66, 2, 14, 67, HOST},
    {66, 2, 0x100, 66, HOST},
    {66, 2, 12, 67, "name does not fit into the server_name list"},
    {68, 1, '.', 68, LABEL},
    {73, 1, '.', 73, LABEL},
    {70, 1, '\0', 70, BYTE},
    {70, 1, '*', 70, BYTE},
    {70, 1, '@', 70, BYTE},
    {70, 1, '[', 70, BYTE},
    {80, 1, 0xe4, 80, BYTE},
};

static void
field__that_is_wrong__is_named_at_its_first_impossible_byte(void **state)
{
	static struct wire w;

	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		w.n = 0;
		wire_example(&w);
		w.n = changes[i].at;
		wire_number(&w, changes[i].value, changes[i].bytes);
		w.n = 81;
		assert_wrong_at(&w, changes[i].known, changes[i].why);
	}
}

static void
field__at_its_limit__is_taken(void **state)
{
	static const struct {
		unsigned at, bytes, value;
	} limits[] = {{1, 2, 0x0300}, {1, 2, 0x0304}, {3, 2, 16384}, {9, 2, 0x037f}};
	static struct wire w, ext, msg;
	struct hello h;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		w.n = 0;
		wire_example(&w);
		w.n = limits[i].at;
		wire_number(&w, limits[i].value, limits[i].bytes);
		assert_int_equal(parse(w.b, 81, &h, &why), HELLO_GOOD);
		assert_string_equal(h.sni, "kube.example");
	}
	wire_extension(&ext, 21, HELLO_MAX - 41 - 2 - 4);
	wire_message(&msg, &ext);
	assert_int_equal(msg.n, HELLO_MAX + 4);
	for (size_t piece = 1; piece <= 16384; piece *= 128) {
		w.n = 0;
		wire_records(&w, msg.b, msg.n, piece);
		assert_int_equal(parse(w.b, w.n - 1, &h, &why), HELLO_MORE);
		assert_int_equal(parse(w.b, w.n, &h, &why), HELLO_GOOD);
	}
}

static void
record__of_another_kind_in_between__is_wrong(void **state)
{
	static struct wire one, w;

	(void)state;
	wire_example(&one);
	wire_records(&w, one.b + 5, one.n - 5, 7);
	w.b[3 * 12] = 21;
	assert_wrong_at(&w, 36, "record of another kind within the ClientHello");
	w.b[3 * 12] = 22;
	w.b[4 * 12 + 4] = 0;
	assert_wrong_at(&w, 52, RECORD);
}

static void
server_name__twice__is_wrong(void **state)
{
	static struct wire ext, msg, w;

	(void)state;
	wire_server_name(&ext, "a.example");
	wire_server_name(&ext, "a.example");
	wire_message(&msg, &ext);
	wire_records(&w, msg.b, msg.n, msg.n);
	assert_wrong_at(&w, 52 + 18 + 1, "more than one server_name extension");

	ext.n = msg.n = w.n = 0;
	wire_number(&ext, 0, 2);
	wire_number(&ext, 2 + 4 + 4, 2);
	wire_number(&ext, 4 + 4, 2);
	wire_name(&ext, 0, "a");
	wire_name(&ext, 0, "b");
	wire_message(&msg, &ext);
	wire_records(&w, msg.b, msg.n, msg.n);
	assert_wrong_at(&w, 52 + 6 + 4, "more than one host name");
}

static void
name__of_another_type__is_skipped(void **state)
{
	static struct wire ext, msg;

	(void)state;
	wire_number(&ext, 0, 2);
	wire_number(&ext, 2 + 7 + 5 + 3, 2);
	wire_number(&ext, 7 + 5 + 3, 2);
	wire_name(&ext, 7, "\xff..\n");
	wire_name(&ext, 0, "Hi");
	wire_name(&ext, 9, "");
	wire_message(&msg, &ext);
	assert_good_in_all_cuts(&msg, "hi");
	ext.n = msg.n = 0;
	wire_number(&ext, 0, 2);
	wire_number(&ext, 2 + 3, 2);
	wire_number(&ext, 3, 2);
	wire_name(&ext, 255, "");
	wire_message(&msg, &ext);
	assert_good_in_all_cuts(&msg, "");
}

static void
host_name__has_253_bytes_and_one_dot_at_most(void **state)
{
	static struct wire ext, msg, w;
	char name[256], want[256];

	(void)state;
	for (unsigned len = 253; len <= 255; len++)
		for (unsigned dots = 0; dots <= 2; dots++) {
			ext.n = msg.n = w.n = 0;
			memset(name, 'X', len);
			memset(name + len - dots, '.', dots);
			name[len] = '\0';
			wire_server_name(&ext, name);
			wire_message(&msg, &ext);
			wire_records(&w, msg.b, msg.n, msg.n);
			memset(want, 'x', len - dots);
			want[len - dots] = '\0';
			if (len > 254) /* the extension is at 52, the name at 61 */
				assert_wrong_at(&w, 60, HOST);
			else if (dots == 2) /* at the first that only an empty label can follow */
				assert_wrong_at(&w, 61 + 252, LABEL);
			else if (len == 254 && dots == 0)
				assert_wrong_at(&w, 61 + 253, "host name longer than 253 bytes");
			else
				assert_good_in_all_cuts(&msg, want);
		}
	ext.n = msg.n = w.n = 0;
	wire_server_name(&ext, ".");
	wire_message(&msg, &ext);
	wire_records(&w, msg.b, msg.n, msg.n);
	assert_wrong_at(&w, 61, LABEL);
}

/* MORE is a promise: some byte can follow, then another, up to GOOD. Walks at random through what
 * the parser still takes; small numbers are likely, else few walks would get far. */
static void
more__is_said_only_while_bytes_can_complete_it(void **state)
{
	static const unsigned masks[] = {0, 0, 3, 255};
	unsigned seed = 1, names = 0, tried;
	struct hello h;
	enum hello_verdict got;
	const char *why;
	uint8_t b[1700];
	size_t n;

	(void)state;
	for (unsigned walk = 0; walk < 1000; walk++) {
		memcpy(b, "\x16\3\1\0\0\1\0\0", 8);
		b[4] = (uint8_t)(4 + (walk * 7) % 252);
		b[8] = (uint8_t)(41 + walk % 215);
		n = 9;
		do {
			seed = seed * 1664525 + 1013904223;
			b[n] = (uint8_t)(seed >> 16 & masks[seed >> 30]);
			for (tried = 0; tried < 256; tried++, b[n]++)
				if ((got = hello_parse(b, n + 1, &h, &why)) != HELLO_NOT_TLS)
					break;
			if (tried == 256)
				fail_msg("walk %u, after %zu bytes: %s", walk, n, why);
		} while (++n < sizeof b && got == HELLO_MORE);
		assert_int_equal(got, HELLO_GOOD);
		names += h.sni[0] != '\0';
	}
	assert_true(names > 20);
}

static void
list__of_names__lets_in_what_it_names(void **state)
{
	static const char *const list[] = {"API.example.org", "*.Kube.example"};
	static const char *const in[] = {
	    "api.example.org", "a.kube.example", "API.EXAMPLE.ORG", "1-_.kube.EXAMPLE"};
	static const char *const out[] = {"", "example.org", "b.api.example.org", "kube.example",
	    "a.b.kube.example", ".kube.example", "akube.example", "api.example.or",
	    "api.example.orgs", "api", "*"};

	(void)state;
	for (size_t i = 0; i < sizeof in / sizeof *in; i++)
		if (!hello_sni_allowed(list, 2, in[i]))
			fail_msg("\"%s\" was refused", in[i]);
	for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
		if (hello_sni_allowed(list, 2, out[i]))
			fail_msg("\"%s\" was let in", out[i]);
		assert_true(hello_sni_allowed(NULL, 0, out[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hello__of_many_shapes__is_good_when_whole_and_more_before),
	    cmocka_unit_test(hello__of_libssl__is_good),
	    cmocka_unit_test(field__that_is_wrong__is_named_at_its_first_impossible_byte),
	    cmocka_unit_test(field__at_its_limit__is_taken),
	    cmocka_unit_test(record__of_another_kind_in_between__is_wrong),
	    cmocka_unit_test(server_name__twice__is_wrong),
	    cmocka_unit_test(name__of_another_type__is_skipped),
	    cmocka_unit_test(host_name__has_253_bytes_and_one_dot_at_most),
	    cmocka_unit_test(more__is_said_only_while_bytes_can_complete_it),
	    cmocka_unit_test(list__of_names__lets_in_what_it_names),
	};

	return cmocka_run_group_tests_name("worker/hello", tests, NULL, NULL);
}
