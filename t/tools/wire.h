/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocking bytes over a socket, through TLS or not: for the tools' threads. */
#ifndef KHA_T_WIRE_H
#define KHA_T_WIRE_H

#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define WIRE_HEAD 8192

struct wire {
	int fd;
	SSL *ssl; /* NULL: plain */
	char *in; /* WIRE_HEAD + 1 bytes read ahead; only while there are any */
	size_t in_len;
};

/* True when there is something to read, the end included; false after so many ms (-1:
 * never). OpenSSL holds a buffer inside its read function, and none while we wait here.
 */
static inline bool
wire_wait(const struct wire *w, int ms)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN | POLLRDHUP};

	return (w->ssl != NULL && SSL_pending(w->ssl) > 0) || poll(&p, 1, ms) > 0;
}

/* Bytes read, or -1: the end, orderly or not. */
static inline ssize_t
wire_read(const struct wire *w, void *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;

	wire_wait(w, -1);
	if (w->ssl != NULL)
		return SSL_read_ex(w->ssl, buf, size, &n) == 1 ? (ssize_t)n : -1;
	got = recv(w->fd, buf, size, 0);
	return got > 0 ? got : -1;
}

/* Writes all; false: the peer is gone. */
static inline bool
wire_write(const struct wire *w, const void *buf, size_t len)
{
	const char *from = buf;
	size_t n;
	ssize_t put;

	for (; len > 0; from += n, len -= n) {
		if (w->ssl != NULL) {
			if (SSL_write_ex(w->ssl, from, len, &n) != 1)
				return false;
			continue;
		}
		put = send(w->fd, from, len, MSG_NOSIGNAL);
		if (put <= 0)
			return false;
		n = (size_t)put;
	}
	return true;
}

/* Value of a header in a 0-terminated head, or NULL. */
static inline const char *
wire_header(const char *line, const char *name)
{
	size_t len = strlen(name);

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " ");
	}
	return NULL;
}

/* Waits for a whole head and puts it, 0-terminated and without its empty line, to `text`
 * (WIRE_HEAD + 1 bytes). What came behind it stays in w->in. False: there is none. */
static inline bool
wire_read_head(struct wire *w, char *text)
{
	char *end = NULL;
	size_t len;
	ssize_t n;

	if (w->in_len == 0) {
		free(w->in);
		w->in = NULL;
		if (!wire_wait(w, -1) || (w->in = malloc(WIRE_HEAD + 1)) == NULL)
			return false;
	}
	while ((end = memmem(w->in, w->in_len, "\r\n\r\n", 4)) == NULL) {
		if (w->in_len == WIRE_HEAD)
			return false;
		n = wire_read(w, w->in + w->in_len, WIRE_HEAD - w->in_len);
		if (n < 0)
			return false;
		w->in_len += (size_t)n;
	}
	len = (size_t)(end - w->in);
	memcpy(text, w->in, len);
	text[len] = '\0';
	w->in_len -= len + 4;
	memmove(w->in, w->in + len + 4, w->in_len);
	return true;
}

/* For a server with this certificate chain and key (PEM). NULL: OpenSSL's errors say why. */
static inline SSL_CTX *
wire_tls_server(const char *cert, const char *key)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (tls == NULL || SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
		SSL_CTX_free(tls);
		return NULL;
	}
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	return tls;
}

#endif
