/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS of a check, over OpenSSL: TLS 1.2 and later, never blocking. */
#ifndef KHA_CHECKER_TLS_H
#define KHA_CHECKER_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "checker/cert.h"
#include "conf/conf.h"

struct tls_ctx; /* what all checks of a service share: CA, certificate, key */
struct tls;	/* one connection */

/* Loads everything that OpenSSL would otherwise look for in files when it is first needed:
 * after chroot there are none. Once in a process, before any other function. */
void tls_init(void);

/* Reads the files that `check` names; `where` ("kha.conf:7: services.api") begins the error
 * lines. Without a ca the system's CA certificates are read; none being there is no error, but
 * no certificate verifies then. NULL with the reasons in err. Freed by tls_ctx_free(). */
struct tls_ctx *tls_ctx_new(const struct conf_check *check, const char *where, struct err *err);
void tls_ctx_free(struct tls_ctx *ctx);

/* A connection over `fd` (non-blocking, connected; not owned) to `server`, whose address or,
 * when check.sni is set, that name the certificate must have. NULL: no memory. tls_close()
 * frees it without a word to the peer. */
struct tls *tls_open(struct tls_ctx *ctx, int fd, const struct addr *server);
void tls_close(struct tls *t);

enum tls_io {
	TLS_OK,
	TLS_WANT_READ,
	TLS_WANT_WRITE,
	TLS_EOF,    /* the peer ended it (tls_read), with or without close_notify */
	TLS_FAILED, /* struct tls_failure says why; only tls_close() is possible now */
};

struct tls_failure {
	char text[120];
	int alert;    /* TLS alert that the peer sent, RFC 8446 section 6; 0: none */
	bool not_tls; /* the peer does not seem to speak TLS, or hung up on the ClientHello */
};

/* Facts about the server. */
struct tls_facts {
	struct cert_facts cert; /* all 0: none was seen */
	const char *version;	/* "TLSv1.3" */
	bool verified;
	char why[120]; /* of verified = false */
};

enum tls_io tls_handshake(struct tls *t, struct tls_failure *f);
enum tls_io tls_write(struct tls *t, const void *buf, size_t len, size_t *n, struct tls_failure *f);
enum tls_io tls_read(struct tls *t, void *buf, size_t size, size_t *n, struct tls_failure *f);

/* After a handshake, also one that failed: then only cert is of use. verified says what
 * verify = "required" would say, whatever is set. */
void tls_facts(struct tls *t, struct tls_facts *facts);

/* Sends close_notify, if it fits into the socket's buffer. */
void tls_bye(struct tls *t);

#endif
