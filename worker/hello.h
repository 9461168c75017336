/* SPDX-License-Identifier: BSD-2-Clause */
/* The ClientHello, with which a TLS client begins (RFC 8446 4.1.2 and 5.1, RFC 5246 7.4.1.2,
 * RFC 6066 3): is it one, is it all there, which name does it ask for; pure. */
#ifndef KHA_WORKER_HELLO_H
#define KHA_WORKER_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest ClientHello, without the headers of its records. The caller keeps 16384 bytes, headers
 * among them; large post-quantum key shares take less than two thousand. */
#define HELLO_MAX 16000

enum hello_verdict {
	HELLO_MORE,    /* a beginning: more bytes can complete it */
	HELLO_GOOD,    /* all there; what follows is not looked at */
	HELLO_NOT_TLS, /* no bytes can make it one */
};

struct hello {
	char sni[256]; /* lower case, without trailing dot; "" = none */
};

/* Looks at the first n bytes from a client, the same ones again each time that more have come.
 * The verdict about bytes is settled by the first one that cannot belong or by the last of the
 * hello, so GOOD and NOT_TLS stay what they are when bytes are added. *h means something when
 * GOOD; *why is a constant for the rest of a sentence when NOT_TLS, else NULL. data may be NULL
 * when n is 0. */
enum hello_verdict hello_parse(const uint8_t *data, size_t n, struct hello *h, const char **why);

/* Is the name (of hello_parse) in the list? An entry is a name, or "*.example.com" for exactly one
 * more label (RFC 6125 6.4.3); case does not matter. Without a list everything is allowed; with
 * one, a client that names nothing is refused. */
bool hello_sni_allowed(const char *const *list, unsigned n, const char *sni);

#endif
