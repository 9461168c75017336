/* SPDX-License-Identifier: BSD-2-Clause */
#include "checker/tls.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct tls_ctx {
	SSL_CTX *ssl;
	const struct conf_check *check;
};

struct tls {
	SSL *ssl;
	struct tls_ctx *ctx;
	struct addr server;
	struct cert_facts cert;
};

/* Where distributions keep all CA certificates in one file; those of Go's crypto/x509, whose
 * programs stand next to us. (OpenSSL's own default is a directory that it searches when a
 * certificate comes, which is too late after chroot.) */
static const char *const system_ca[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

void
tls_init(void)
{
	unsigned char byte;
	time_t now = 0;
	struct tm tm;

	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
			     OPENSSL_INIT_LOAD_CONFIG,
	    NULL);
	(void)RAND_bytes(&byte, 1);
	/* Dates of certificates: glibc looks for the time zone at the first call. */
	(void)gmtime_r(&now, &tm);
}

/* ---- a service's files ---- */

/* Why the last call failed, in words; OpenSSL's queue is empty afterwards. The first entry is
 * the cause, later ones only say who was on the way ("PEM lib"). */
static const char *
reason(char *buf, size_t size)
{
	unsigned long e = ERR_peek_error();
	const char *text = ERR_GET_LIB(e) == ERR_LIB_SYS ? strerror(ERR_GET_REASON(e))
							 : ERR_reason_error_string(e);

	snprintf(buf, size, "%s", text != NULL ? text : "unknown error");
	ERR_clear_error();
	return buf;
}

static int
fail_file(struct err *err, const char *where, const char *option, const char *file)
{
	char why[120];

	return err_add(err, "%s.check.%s: %s: %s", where, option, file, reason(why, sizeof why));
}

/* A daemon cannot be asked on a terminal, where OpenSSL would ask. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	bool *asked = arg;

	(void)buf, (void)size, (void)writing;
	*asked = true;
	return -1;
}

static int
load_ca(SSL_CTX *ssl, const struct conf_check *check, const char *where, struct err *err)
{
	if (check->ca[0] != '\0') {
		if (SSL_CTX_load_verify_file(ssl, check->ca) == 1)
			return 0;
		return fail_file(err, where, "ca", check->ca);
	}
	for (size_t i = 0; i < sizeof system_ca / sizeof *system_ca; i++)
		if (access(system_ca[i], R_OK) == 0 &&
		    SSL_CTX_load_verify_file(ssl, system_ca[i]) == 1)
			return 0;
	ERR_clear_error();
	return 0;
}

static int
load_key(SSL_CTX *ssl, const char *cert, const char *key, const char *where, struct err *err)
{
	bool asked = false;
	unsigned long e;

	SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(ssl, &asked);
	if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) == 1)
		return 0;
	e = ERR_peek_error();
	if (ERR_GET_LIB(e) == ERR_LIB_SYS)
		return fail_file(err, where, "key", key);
	ERR_clear_error();
	if (asked)
		return err_add(err, "%s.check.key: %s: has a passphrase, which nobody could enter",
		    where, key);
	if (ERR_GET_LIB(e) == ERR_LIB_X509)
		return err_add(err, "%s.check.key: %s: is not the key of %s", where, key, cert);
	return err_add(err, "%s.check.key: %s: holds no private key in PEM form", where, key);
}

static int
load_cert(SSL_CTX *ssl, const struct conf_check *check, const char *where, struct err *err)
{
	const char *cert = check->cert, *key = check->key[0] != '\0' ? check->key : cert;

	if (cert[0] == '\0' && check->key[0] == '\0')
		return 0;
	if (cert[0] == '\0')
		return err_add(
		    err, "%s.check.key: there is no check.cert that it belongs to", where);
	if (SSL_CTX_use_certificate_chain_file(ssl, cert) != 1)
		return fail_file(err, where, "cert", cert);
	return load_key(ssl, cert, key, where, err);
}

/* Keeps the facts of the server's certificate even when the handshake is about to fail. Called for
 * each certificate of the chain. */
static int
on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = SSL_get_app_data(ssl);
	const X509 *leaf = X509_STORE_CTX_get0_cert(store);

	if (leaf != NULL && t->cert.not_after == 0)
		cert_read(&t->cert, leaf);
	return ok;
}

static void
set_options(SSL_CTX *ssl, const struct conf_check *check)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ssl);

	SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	/* Go, and not only Go, hangs up without close_notify: that is no error. */
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Without SSL_VERIFY_PEER the chain is verified all the same, only nothing follows. */
	SSL_CTX_set_verify(
	    ssl, check->verify == VERIFY_REQUIRED ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, on_verify);
	/* ca may hold an intermediate, or the server's certificate itself. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (check->type == CHECK_HTTPS)
		SSL_CTX_set_alpn_protos(ssl, (const unsigned char *)"\x08http/1.1", 9);
}

struct tls_ctx *
tls_ctx_new(const struct conf_check *check, const char *where, struct err *err)
{
	struct tls_ctx *ctx = calloc(1, sizeof *ctx);

	if (ctx != NULL)
		ctx->ssl = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL || ctx->ssl == NULL) {
		err_add(err, "%s.check: no memory for TLS", where);
		free(ctx);
		return NULL;
	}
	ctx->check = check;
	set_options(ctx->ssl, check);
	ERR_clear_error();
	if (load_ca(ctx->ssl, check, where, err) < 0 ||
	    load_cert(ctx->ssl, check, where, err) < 0) {
		tls_ctx_free(ctx);
		return NULL;
	}
	return ctx;
}

void
tls_ctx_free(struct tls_ctx *ctx)
{
	if (ctx == NULL)
		return;
	SSL_CTX_free(ctx->ssl);
	free(ctx);
}

/* ---- a connection ---- */

static int
set_peer(struct tls *t)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
	const char *sni = t->ctx->check->sni;

	if (sni[0] != '\0')
		return SSL_set_tlsext_host_name(t->ssl, sni) == 1 &&
		       X509_VERIFY_PARAM_set1_host(param, sni, 0) == 1;
	/* No SNI for an address (RFC 6066 section 3). */
	if (t->server.sa.sa_family == AF_INET)
		return X509_VERIFY_PARAM_set1_ip(
		    param, (const unsigned char *)&t->server.in.sin_addr, 4);
	return X509_VERIFY_PARAM_set1_ip(
	    param, (const unsigned char *)&t->server.in6.sin6_addr, 16);
}

struct tls *
tls_open(struct tls_ctx *ctx, int fd, const struct addr *server)
{
	struct tls *t = calloc(1, sizeof *t);

	ERR_clear_error();
	if (t == NULL)
		return NULL;
	t->ctx = ctx;
	t->server = *server;
	t->ssl = SSL_new(ctx->ssl);
	if (t->ssl == NULL || SSL_set_fd(t->ssl, fd) != 1 || set_peer(t) != 1) {
		tls_close(t);
		return NULL;
	}
	SSL_set_app_data(t->ssl, t);
	SSL_set_connect_state(t->ssl);
	return t;
}

void
tls_close(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	free(t);
}

void
tls_bye(struct tls *t)
{
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

/* ---- what went wrong, in words ---- */

static void
verify_text(const struct tls *t, long code, char *buf, size_t size)
{
	const char *ca = t->ctx->check->ca, *sni = t->ctx->check->sni;
	char ip[ADDR_TEXT];

	switch (code) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		snprintf(buf, size, "the certificate is not for %s",
		    sni[0] != '\0' ? sni : addr_print_ip(&t->server, ip, sizeof ip));
		return;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		if (ca[0] == '\0')
			snprintf(buf, size,
			    "the certificate is from a CA that this system "
			    "does not know (check.ca)");
		else
			snprintf(buf, size, "the certificate is not from a CA in %s", ca);
		return;
	default:
		snprintf(buf, size, "%s", X509_verify_cert_error_string(code));
	}
}

/* The peer that hangs up in the handshake, as a plain-text service does. */
static void
hung_up(struct tls *t, int error, struct tls_failure *f)
{
	bool shaking = SSL_in_init(t->ssl) != 0;

	f->not_tls = shaking;
	snprintf(f->text, sizeof f->text, "%s%s",
	    error == 0 ? "connection closed" : strerror(error),
	    shaking ? " during the TLS handshake" : "");
	f->text[0] = (char)tolower((unsigned char)f->text[0]);
}

static enum tls_io
explain(struct tls *t, int error, struct tls_failure *f)
{
	unsigned long e = ERR_peek_error();
	const char *text = ERR_reason_error_string(e);
	int why = ERR_GET_REASON(e);

	if (e == 0 || why == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		hung_up(t, e == 0 ? error : 0, f);
	} else if (why == SSL_R_CERTIFICATE_VERIFY_FAILED) {
		verify_text(t, SSL_get_verify_result(t->ssl), f->text, sizeof f->text);
	} else if (ERR_GET_LIB(e) == ERR_LIB_SSL && why > SSL_AD_REASON_OFFSET &&
		   why < SSL_AD_REASON_OFFSET + 256) {
		f->alert = why - SSL_AD_REASON_OFFSET;
		/* "tlsv13 alert certificate required" */
		snprintf(f->text, sizeof f->text, "the server refuses: %s",
		    text != NULL ? text : "unknown TLS alert");
	} else if (why == SSL_R_WRONG_VERSION_NUMBER) {
		f->not_tls = true;
		snprintf(f->text, sizeof f->text, "the answer is not TLS");
	} else
		snprintf(f->text, sizeof f->text, "TLS: %s", text != NULL ? text : "error");
	ERR_clear_error();
	return TLS_FAILED;
}

static enum tls_io
outcome(struct tls *t, int ret, struct tls_failure *f)
{
	int error = errno;

	memset(f, 0, sizeof *f);
	switch (SSL_get_error(t->ssl, ret)) {
	case SSL_ERROR_NONE:
		return TLS_OK;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		if (!SSL_in_init(t->ssl))
			return TLS_EOF;
		hung_up(t, 0, f);
		return TLS_FAILED;
	default:
		return explain(t, error, f);
	}
}

enum tls_io
tls_handshake(struct tls *t, struct tls_failure *f)
{
	ERR_clear_error();
	errno = 0;
	return outcome(t, SSL_do_handshake(t->ssl), f);
}

enum tls_io
tls_write(struct tls *t, const void *buf, size_t len, size_t *n, struct tls_failure *f)
{
	ERR_clear_error();
	errno = 0;
	return outcome(t, SSL_write_ex(t->ssl, buf, len, n), f);
}

enum tls_io
tls_read(struct tls *t, void *buf, size_t size, size_t *n, struct tls_failure *f)
{
	ERR_clear_error();
	errno = 0;
	return outcome(t, SSL_read_ex(t->ssl, buf, size, n), f);
}

void
tls_facts(struct tls *t, struct tls_facts *facts)
{
	long code = SSL_get_verify_result(t->ssl);

	memset(facts, 0, sizeof *facts);
	facts->cert = t->cert;
	facts->version = SSL_get_version(t->ssl);
	facts->verified = code == X509_V_OK && t->cert.not_after != 0;
	if (!facts->verified)
		verify_text(t, code, facts->why, sizeof facts->why);
}
