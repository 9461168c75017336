/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS of a check against real servers: handshakes, certificates, quiet ends, bad files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "checker/checker.h"
#include "shm/health.h"
#include "t/unit/checker_peer.h"
#include "t/unit/checker_pki.h"
#include "t/unit/checker_run.h"

static void
tls_server__checked_by_tls__sees_a_clean_end(void **state)
{
	struct peer p = {.kind = PEER_HTTPS};
	struct probe_outcome o;
	struct conf *conf;

	(void)state;
	peer_start(&p);
	conf = peer_conf(&p.addr);
	check_of(conf)->type = CHECK_TLS;
	for (int i = 1; i <= 20; i++) {
		o = run(conf);
		expect(o, RESULT_L6OK, 0, "TLSv1.3");
		assert_int_equal(o.cert.not_after, peer_not_after("server"));
		assert_int_equal(o.warn, 0);
		assert_true(peer_await(&p.seen->clean, i));
	}
	assert_int_equal(p.seen->unclean, 0);
	assert_int_equal(p.seen->handshake_errors, 0);
	assert_string_equal(p.seen->sni, "");
	/* The names of mkcert.sh, of which all have room. */
	assert_ptr_equal(strstr(o.cert.names, "127.0.0.1,::1,localhost,kubernetes,"), o.cert.names);
	assert_string_equal(o.cert.names + strlen(o.cert.names) - 22, ",10.99.0.19,10.99.0.20");
	peer_stop(&p);
}

static void
server_without_a_word__is_l6tout(void **state)
{
	struct peer p = {.kind = PEER_MUTE};
	struct probe_outcome o;
	struct conf *conf;

	(void)state;
	peer_start(&p);
	conf = peer_conf(&p.addr);
	check_of(conf)->timeout = 200;
	o = run_last(&p, conf);
	expect(o, RESULT_L6TOUT, 0, "no TLS handshake in 200ms");
	assert_in_range(o.check_ms, 190, 2000);
}

static void
server_that_does_not_speak_tls__is_l6rsp(void **state)
{
	static const struct {
		enum peer_kind kind;
		unsigned code;
		bool foreign;
		const char *text;
	} rows[] = {
	    {PEER_SPEAKS, 0, true, "the answer is not TLS"},
	    {PEER_HTTP, 0, true, "the answer is not TLS"},
	    {PEER_HANGS_UP, 0, true, "connection reset by peer during the TLS handshake"},
	    {PEER_TLS_OLD, 70, false, "the server refuses: tlsv1 alert protocol version"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct peer p = {.kind = rows[i].kind};
		struct probe_outcome o;

		peer_start(&p);
		o = run_last(&p, peer_conf(&p.addr));
		/* Whether a FIN or a RST comes first when it hangs up is a matter of luck. */
		if (strcmp(o.text, "connection closed during the TLS handshake") == 0 &&
		    rows[i].kind == PEER_HANGS_UP)
			strcpy(o.text, rows[i].text);
		expect(o, RESULT_L6RSP, rows[i].code, rows[i].text);
		assert_int_equal(o.warn, rows[i].foreign ? HEALTH_WARN_FOREIGN : 0);
	}
}

static void
client_certificate__is_shown_when_there_is_one(void **state)
{
	struct peer p = {.kind = PEER_TLS_STRICT};
	struct conf *conf;

	(void)state;
	peer_start(&p);
	conf = peer_conf(&p.addr);
	expect(
	    run(conf), RESULT_L6RSP, 116, "the server refuses: tlsv13 alert certificate required");
	check_of(conf)->cert = pki("client.pem");
	check_of(conf)->key = pki("client.key");
	expect(run_last(&p, conf), RESULT_L7OK, 200, "GET /readyz: 200");
}

/* ---- certificates ---- */

static void
certificate__is_judged_as_verify_says(void **state)
{
	static const struct {
		const char *cert, *ca, *sni, *wrong; /* wrong: NULL, or why it does not verify */
	} rows[] = {
	    {"server", "ca.pem", "", NULL},
	    {"server", "server.pem", "", NULL}, /* the certificate itself is trusted */
	    {"server", "ca.pem", "kubernetes.default", NULL},
	    {"server", "ca.pem", "other.example", "the certificate is not for other.example"},
	    {"wrong", "ca.pem", "wrong.example", NULL},
	    {"wrong", "ca.pem", "", "the certificate is not for 127.0.0.1"},
	    {"server", "other-ca.pem", "", "the certificate is not from a CA in "},
	    {"server", "", "", "the certificate is from a CA that this system does not know"},
	    {"expired", "ca.pem", "", "certificate has expired"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct peer p = {.kind = PEER_HTTPS, .cert = rows[i].cert};
		struct probe_outcome o;
		struct conf *conf;

		peer_start(&p);
		conf = peer_conf(&p.addr);
		if (rows[i].ca[0] != '\0')
			check_of(conf)->ca = pki(rows[i].ca);
		else
			check_of(conf)->ca[0] = '\0';
		check_of(conf)->sni = (char *)(uintptr_t)rows[i].sni;

		check_of(conf)->verify = VERIFY_NONE;
		o = run(conf);
		expect(o, RESULT_L7OK, 200, "GET /readyz: 200");
		assert_int_equal(o.warn, 0);
		assert_int_equal(o.cert.not_after, peer_not_after(rows[i].cert));
		assert_string_equal(p.seen->sni, rows[i].sni);

		check_of(conf)->verify = VERIFY_WARN;
		o = run(conf);
		expect(o, RESULT_L7OK, 200, "GET /readyz: 200");
		assert_int_equal(o.warn, rows[i].wrong != NULL ? HEALTH_WARN_CERT : 0);
		if (rows[i].wrong != NULL &&
		    strncmp(o.warning, rows[i].wrong, strlen(rows[i].wrong)) != 0)
			fail_msg("row %u: \"%s\"", i, o.warning);

		check_of(conf)->verify = VERIFY_REQUIRED;
		o = run_last(&p, conf);
		assert_int_equal(o.result, rows[i].wrong != NULL ? RESULT_L6RSP : RESULT_L7OK);
		if (rows[i].wrong != NULL &&
		    strncmp(o.text, rows[i].wrong, strlen(rows[i].wrong)) != 0)
			fail_msg("row %u: \"%s\"", i, o.text);
		assert_int_equal(o.cert.not_after, peer_not_after(rows[i].cert));
		assert_int_equal(o.warn & HEALTH_WARN_FOREIGN, 0);
	}
}

/* ---- files ---- */

static void
files__that_are_wrong__are_all_named_before_anything_runs(void **state)
{
	static char missing[] = "/nonexistent/ca.pem", bad[] = "20x", *codes[] = {bad};
	static char blank[] = "/a b";
	struct addr a;
	struct conf *conf;
	struct err err;

	(void)state;
	peer_refusing(&a);
	conf = peer_conf(&a);
	check_of(conf)->ca = missing;
	check_of(conf)->expect = (struct conf_strings){codes, 1};
	check_of(conf)->path = blank;
	err_init(&err);
	assert_int_equal(checker_prepare(conf, &err), -1);
	assert_string_equal(err_end(&err),
	    "kha.conf:7: services.api.check: path must begin with \"/\", and path and host must be "
	    "visible ASCII without blanks\n"
	    "kha.conf:7: services.api.check.expect: \"20x\": a status is 200, 200-299 or 2xx, from "
	    "100 to 599\n"
	    "kha.conf:7: services.api.check.ca: /nonexistent/ca.pem: No such file or directory");
	assert_null(plan_conf());
}

static void
one_wrong_file__is_explained(void **state)
{
	static const struct {
		const char *ca, *cert, *key, *why;
	} rows[] = {
	    {"key.pem", "", "", "check.ca: DIR/key.pem: no certificate or crl found"},
	    {"ca.pem", "", "key.pem", "check.key: there is no check.cert that it belongs to"},
	    {"ca.pem", "none.pem", "", "check.cert: DIR/none.pem: No such file or directory"},
	    {"ca.pem", "client.pem", "key.pem", "check.key: DIR/key.pem: is not the key of "},
	    {"ca.pem", "client.pem", "ca.pem",
		"check.key: DIR/ca.pem: holds no private key in PEM form"},
	    {"ca.pem", "client.pem", "locked.key",
		"check.key: DIR/locked.key: has a passphrase, which nobody could enter"},
	};
	char want[256], *dir;
	struct addr a;
	struct conf *conf;
	struct err err;

	(void)state;
	peer_refusing(&a);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		conf = peer_conf(&a);
		check_of(conf)->ca = pki(rows[i].ca);
		if (rows[i].cert[0] != '\0')
			check_of(conf)->cert = pki(rows[i].cert);
		if (rows[i].key[0] != '\0')
			check_of(conf)->key = pki(rows[i].key);
		err_init(&err);
		assert_int_equal(checker_prepare(conf, &err), -1);
		assert_int_equal(err.count, 1);
		dir = strstr(rows[i].why, "DIR");
		snprintf(want, sizeof want, "kha.conf:7: services.api.%.*s%s%s",
		    dir != NULL ? (int)(dir - rows[i].why) : 99, rows[i].why,
		    dir != NULL ? peer_pki() : "", dir != NULL ? dir + 3 : "");
		if (strncmp(err_end(&err), want, strlen(want)) != 0)
			fail_msg("%s", err_end(&err));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tls_server__checked_by_tls__sees_a_clean_end),
	    cmocka_unit_test(server_without_a_word__is_l6tout),
	    cmocka_unit_test(server_that_does_not_speak_tls__is_l6rsp),
	    cmocka_unit_test(client_certificate__is_shown_when_there_is_one),
	    cmocka_unit_test(certificate__is_judged_as_verify_says),
	    cmocka_unit_test(files__that_are_wrong__are_all_named_before_anything_runs),
	    cmocka_unit_test(one_wrong_file__is_explained),
	};

	signal(SIGPIPE, SIG_IGN); /* as checker_main() does */
	return cmocka_run_group_tests_name("checker/tls", tests, NULL, NULL);
}
