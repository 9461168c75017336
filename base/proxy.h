/* SPDX-License-Identifier: BSD-2-Clause */
/* The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): the header that a proxy
 * sends first, so that who comes behind it learns the client's address; pure. Believe it only from
 * those that are configured to send it. */
#ifndef KHA_BASE_PROXY_H
#define KHA_BASE_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define PROXY_V1_MAX   107  /* section 2.1, with CRLF */
#define PROXY_V2_MAX   4096 /* of the 65551 that section 2.2 allows: nobody sends more TLVs */
#define PROXY_MAKE_MAX PROXY_V1_MAX

#define PROXY_V2_SIGNATURE "\r\n\r\n\0\r\nQUIT\n" /* 12 bytes */

enum proxy_verdict {
	PROXY_MORE, /* right so far */
	PROXY_GOOD,
	PROXY_BAD,
};

struct proxy_header {
	bool local;	      /* LOCAL, UNKNOWN, UNSPEC: the addresses of the TCP connection hold */
	struct addr src, dst; /* AF_UNSPEC if local; IPv4-mapped ones as IPv4; port 0 is possible */
	size_t len;	      /* bytes of the header; what follows is the client's */
};

/* The header at the start of a connection of which n bytes came. MORE only while n is less than
 * PROXY_V2_MAX; BAD as soon as a byte can no longer be right, with the reason in *why (a constant
 * sentence part). *h means something if GOOD. */
enum proxy_verdict proxy_parse(
    const uint8_t *data, size_t n, struct proxy_header *h, const char **why);

/* Writes a header of version 1 or 2; PROXY_MAKE_MAX bytes of room suffice. local: the connection
 * is the proxy's own (a health check), src and dst may be NULL. Version 1 can only say UNKNOWN
 * then, which some servers refuse: section 2.1 recommends the real addresses for checks. If one
 * address is IPv4 and the other IPv6, the former goes as IPv4-mapped; an address without family
 * makes the client unknown. Returns the length, 0: the room is too small, or no such version. */
size_t proxy_make(int version, const struct addr *src, const struct addr *dst, bool local,
    uint8_t *out, size_t room);

#endif
