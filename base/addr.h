/* SPDX-License-Identifier: BSD-2-Clause */
/* Internet addresses with and without port, and CIDR prefixes: parse, print, compare.
 * Only literals: kha never resolves names. */
#ifndef KHA_BASE_ADDR_H
#define KHA_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* 28 bytes, no padding, may stand in the segment. family AF_UNSPEC: no address. */
struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
};

struct cidr {
	struct addr addr; /* host bits zero */
	uint8_t bits;	  /* 0..32 or 0..128 */
};

/* Longest text: [IPv6%scope]:65535 */
#define ADDR_TEXT 72

/* Parses "IP", "[IPv6]" (no port: 0) or "IP:port", "[IPv6]:port". With any_ok also
 * "*:port" and "*": family AF_INET6, address ::, which stands for both families. Port
 * range 1..65535. Returns NULL, or a constant sentence part that says what is wrong
 * ("port is not 1..65535"); *a is undefined then. */
const char *addr_parse(struct addr *a, const char *text, bool any_ok);

/* Parses "IP/bits" or "IP" (a host). Host bits that are set are an error. Returns as
 * addr_parse. */
const char *cidr_parse(struct cidr *c, const char *text);

/* Print into buf (size bytes, ADDR_TEXT is enough) and return buf. Without a port (0)
 * only the address is printed; addr_print_ip never prints the port. :: prints "*" when
 * it has a port. */
const char *addr_print(const struct addr *a, char *buf, size_t size);
const char *addr_print_ip(const struct addr *a, char *buf, size_t size);
const char *cidr_print(const struct cidr *c, char *buf, size_t size);

socklen_t addr_len(const struct addr *a);
uint16_t addr_port(const struct addr *a); /* host byte order */
void addr_set_port(struct addr *a, uint16_t port);
bool addr_is_any(const struct addr *a); /* 0.0.0.0 or :: */
/* An IPv4-mapped IPv6 address (::ffff:1.2.3.4), as a dual-stack listener reports its
 * IPv4 clients, becomes that IPv4 address; others stay. */
void addr_unmap(struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b);	/* with port */
bool addr_equal_ip(const struct addr *a, const struct addr *b); /* without */
bool cidr_has(const struct cidr *c, const struct addr *a);

#endif
