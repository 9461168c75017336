/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VRRP packets: bytes to values and back; pure. Version 2 (RFC 3768) over IPv4, version 3 (RFC 5798,
 * RFC 9568) over IPv4 and IPv6. Reading is bound by the received length and by nothing that a packet
 * says about itself.
 */
#ifndef KHA_VRRP_PACKET_H
#define KHA_VRRP_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define VRRP_PROTOCOL	  112
#define VRRP_ADDRS_MAX	  20 /* of one VIP: conf/tbl/vip.h */
#define VRRP_PASSWORD_LEN 8
#define VRRP_PACKET_MAX	  (8 + 16 * VRRP_ADDRS_MAX)

enum vrrp_verdict {
#define VERDICT(name, counter, heard, help) VRRP_##name,
#include "shm/tbl/vip_verdict.h"
#undef VERDICT
	VRRP_VERDICTS
};

enum vrrp_dialect {
#define DIALECT(name, counter, help) VRRP_SUM_##name,
#include "shm/tbl/vip_dialect.h"
#undef DIALECT
	VRRP_DIALECTS
};

union vrrp_ip {
	struct in_addr in;
	struct in6_addr in6;
};

struct vrrp_advert {
	uint8_t version;  /* 2 or 3 */
	uint8_t vrid;	  /* 1..255 */
	uint8_t priority; /* 0: the owner stops; 255: it has the addresses as its own */
	uint8_t
	    n_addrs; /* of a received one up to 255, of which the first VRRP_ADDRS_MAX are kept */
	bool has_password; /* version 2 only */
	int family;	   /* AF_INET or AF_INET6 */
	unsigned
	    interval_us; /* version 2: whole seconds 1..255; version 3: whole 10 ms, 10 ms..40.95 s */
	uint8_t password[VRRP_PASSWORD_LEN]; /* padded with zeros */
	union vrrp_ip address[VRRP_ADDRS_MAX];
};

/* A received VRRP message and what the IP header said about it. */
struct vrrp_datagram {
	struct addr src, dst; /* port 0 */
	uint8_t ttl;	      /* or hop limit */
	const uint8_t *payload;
	size_t len;
};

/* What one virtual router expects: the fields of its own advert, and from whom. */
struct vrrp_expect {
	struct vrrp_advert
	    own;	  /* version, vrid, family, password; version 2: interval; addresses */
	struct addr self; /* our source address, AF_UNSPEC: none yet */
	const struct addr *peers; /* n_peers of them, the caller's; NULL: anybody (multicast) */
	unsigned n_peers;
	uint8_t min_ttl; /* 1..255 */
};

struct vrrp_seen {
	enum vrrp_dialect dialect;
	bool other_addresses; /* accepted, but the list is not ours as a set */
};

/* Writes the message of *a as it goes from src to dst (of a's family; ports are not looked at). size:
 * room, VRRP_PACKET_MAX suffices. dialect matters to version 3 over IPv4 alone. Returns the length,
 * or 0 if there is no room or no such packet: version 2 over IPv6, a value out of its range, no
 * address. Checksum: RFC 3768 5.3.8 (no pseudo header), RFC 5798 5.2.8, RFC 9568 5.2.8. */
size_t vrrp_packet_make(uint8_t *out, size_t size, const struct vrrp_advert *a,
    const struct addr *src, const struct addr *dst, enum vrrp_dialect dialect);

/* All checks (RFC 3768 7.1, RFC 5798 7.1), cheapest first: a packet of another virtual router is told
 * after one byte. Reserved bits are ignored, all dialects are good. *out and *seen are meant if GOOD;
 * for the verdicts from EMPTY on *out is what the packet says. */
enum vrrp_verdict vrrp_packet_parse(const struct vrrp_datagram *d, const struct vrrp_expect *want,
    struct vrrp_advert *out, struct vrrp_seen *seen);

/* Takes apart what a raw IPv4 socket gives: a whole packet, with options, perhaps with padding behind
 * its total length. GOOD, or IP_HEADER; *d points into buf. */
enum vrrp_verdict vrrp_packet_ip4(const uint8_t *buf, size_t len, struct vrrp_datagram *d);

/* The columns of the tables. */
const char *vrrp_verdict_name(enum vrrp_verdict v);
const char *vrrp_verdict_help(enum vrrp_verdict v);
bool vrrp_verdict_is_heard(enum vrrp_verdict v);

#endif
