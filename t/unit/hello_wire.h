/* SPDX-License-Identifier: BSD-2-Clause */
/* ClientHellos written byte after byte, into records of any size. */
#ifndef KHA_T_HELLO_WIRE_H
#define KHA_T_HELLO_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "worker/hello.h"

#define WIRE_ROOM (6 * (HELLO_MAX + 8)) /* the largest, in records of one byte */

/* Bytes that grow. */
struct wire {
	size_t n;
	uint8_t b[WIRE_ROOM];
};

void wire_put(struct wire *w, const void *bytes, size_t n);
void wire_number(struct wire *w, unsigned value, unsigned bytes);

/* An extension of zeros. */
void wire_extension(struct wire *w, unsigned type, unsigned len);

/* An entry of a server_name list; the extension with one host name. */
void wire_name(struct wire *w, unsigned type, const char *name);
void wire_server_name(struct wire *w, const char *name);

/* The handshake message with those extensions; NULL: without the block of extensions. */
void wire_message(struct wire *w, const struct wire *ext);

/* A message in records of `piece` bytes. */
void wire_records(struct wire *w, const uint8_t *message, size_t n, size_t piece);

/* One record of 81 bytes. At 0 the record, 5 the message, 9 the version, 43 the (empty) session id,
 * 44 one cipher suite, 48 one compression method, 50 the extensions: 52 versions, 59 server_name with
 * its list at 63, the name at 65, and from 68 to the end "Kube.Example.". */
void wire_example(struct wire *w);

#endif
