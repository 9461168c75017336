/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Section 2.2 */
#define V2_HEAD	      16
#define V2_INET	      12 /* address blocks */
#define V2_INET6      36
#define TLV_HEAD      3
#define TLV_AUTHORITY 0x02
#define TLV_CRC32C    0x03
#define TLV_UNIQUE_ID 0x05

static const char no_header[] = "the connection begins without a PROXY header",
		  no_protocol[] = "after PROXY comes TCP4, TCP6 or UNKNOWN",
		  no_end[] = "the line does not end with CR LF",
		  too_long[] = "the header is longer than 4096 bytes",
		  cut_tlv[] = "the header ends inside a TLV";

/* What came and is not read yet. A function that takes from it says GOOD, BAD (with the reason),
 * or MORE: all is right, but it ends too early. */
struct bytes {
	const uint8_t *at, *end;
	const char *why;
};

static size_t
left(const struct bytes *b)
{
	return (size_t)(b->end - b->at);
}

static enum proxy_verdict
bad(struct bytes *b, const char *why)
{
	b->why = why;
	return PROXY_BAD;
}

static enum proxy_verdict
literal(struct bytes *b, const void *want, size_t len, const char *why)
{
	size_t n = left(b) < len ? left(b) : len;

	if (memcmp(b->at, want, n) != 0)
		return bad(b, why);
	b->at += n;
	return n == len ? PROXY_GOOD : PROXY_MORE;
}

/* ---- version 1, section 2.1 ---- */

/* Whether the beginning of an address can become one: if one of these behind it makes it whole. */
static bool
may_become(int family, const char *text, size_t len)
{
	static const char *const ends[] = {
	    "", "0", ":", "::", ":0", ".0", "0.0", ".0.0", "0.0.0", ".0.0.0", "0.0.0.0"};
	char whole[INET6_ADDRSTRLEN + 8];
	struct in6_addr ip;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(whole, sizeof whole, "%.*s%s", (int)len, text, ends[i]);
		if (inet_pton(family, whole, &ip) == 1)
			return true;
	}
	return false;
}

/* The word up to `end`, which is read as well. */
static enum proxy_verdict
word(struct bytes *b, char end, char *text, size_t room, const char *why)
{
	size_t n = 0;

	for (; n < left(b) && b->at[n] != (uint8_t)end; n++) {
		/* A zero byte would end the text for inet_pton() before its end. */
		if (n + 1 >= room || b->at[n] == '\0')
			return bad(b, why);
		text[n] = (char)b->at[n];
	}
	text[n] = '\0';
	if (n == left(b))
		return PROXY_MORE;
	b->at += n + 1;
	return PROXY_GOOD;
}

static enum proxy_verdict
address(struct bytes *b, int family, struct addr *a)
{
	static const char why[] = "an address is not one of the family that is announced";
	char text[INET6_ADDRSTRLEN];
	enum proxy_verdict v = word(b, ' ', text, sizeof text, why);

	memset(a, 0, sizeof *a);
	a->sa.sa_family = (sa_family_t)family;
	if (v == PROXY_MORE)
		return may_become(family, text, strlen(text)) ? PROXY_MORE : bad(b, why);
	if (v == PROXY_GOOD &&
	    inet_pton(family, text,
		family == AF_INET ? (void *)&a->in.sin_addr : (void *)&a->in6.sin6_addr) != 1)
		return bad(b, why);
	return v;
}

static enum proxy_verdict
port(struct bytes *b, char end, struct addr *a)
{
	static const char why[] = "a port is not 0..65535";
	char text[6];
	enum proxy_verdict v = word(b, end, text, sizeof text, why);
	unsigned value = 0;

	if (v == PROXY_BAD)
		return v;
	for (const char *p = text; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || (p > text && text[0] == '0'))
			return bad(b, why);
		value = value * 10 + (unsigned)(*p - '0');
	}
	if (value > 65535 || (v == PROXY_GOOD && text[0] == '\0'))
		return bad(b, why);
	addr_set_port(a, (uint16_t)value);
	return v;
}

/* Behind "PROXY UNKNOWN": what stands before the end of the line is not for us. */
static enum proxy_verdict
unknown(struct bytes *b)
{
	if (left(b) > 0 && *b->at != ' ' && *b->at != '\r')
		return bad(b, no_protocol);
	while (left(b) > 0 && *b->at != '\r') {
		if (*b->at < ' ' || *b->at > '~')
			return bad(b, "the line has a byte that is not text");
		b->at++;
	}
	return literal(b, "\r\n", 2, no_end);
}

static enum proxy_verdict
line(struct bytes *b, struct proxy_header *h)
{
	enum proxy_verdict v = literal(b, "PROXY ", 6, no_header);
	int family;

	if (v != PROXY_GOOD || left(b) == 0)
		return v == PROXY_GOOD ? PROXY_MORE : v;
	if (*b->at == 'U') {
		h->local = true;
		v = literal(b, "UNKNOWN", 7, no_protocol);
		return v == PROXY_GOOD ? unknown(b) : v;
	}
	v = literal(b, "TCP", 3, no_protocol);
	if (v != PROXY_GOOD || left(b) == 0)
		return v == PROXY_GOOD ? PROXY_MORE : v;
	family = *b->at == '4' ? AF_INET : AF_INET6;
	v = literal(b, family == AF_INET ? "4 " : "6 ", 2, no_protocol);
	if (v == PROXY_GOOD)
		v = address(b, family, &h->src);
	if (v == PROXY_GOOD)
		v = address(b, family, &h->dst);
	if (v == PROXY_GOOD)
		v = port(b, ' ', &h->src);
	if (v == PROXY_GOOD)
		v = port(b, '\r', &h->dst);
	return v == PROXY_GOOD ? literal(b, "\n", 1, no_end) : v;
}

static enum proxy_verdict
parse_v1(struct bytes *b, struct proxy_header *h)
{
	const uint8_t *start = b->at;
	enum proxy_verdict v;

	if (left(b) > PROXY_V1_MAX)
		b->end = start + PROXY_V1_MAX;
	v = line(b, h);
	if (v == PROXY_MORE && (size_t)(b->end - start) >= PROXY_V1_MAX)
		return bad(b, "the line is longer than 107 bytes");
	return v;
}

/* ---- version 2, section 2.2 ---- */

static unsigned
u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Nothing, or at least one more TLV. */
static bool
may_be_tlvs(size_t room)
{
	return room == 0 || room >= TLV_HEAD;
}

/* One TLV in front of what is left of the header, of which `room` bytes are announced. */
static const char *
tlv_wrong(const struct bytes *b, size_t room)
{
	size_t came = left(b), len, most = SIZE_MAX;

	if (came < 2)
		return NULL;
	/* The high byte alone may be enough to know. */
	len = came > 2 ? u16(b->at + 1) : (size_t)b->at[1] << 8;
	if (*b->at == TLV_UNIQUE_ID)
		most = 128; /* section 2.2.5 */
	else if (*b->at == TLV_AUTHORITY)
		most = 255; /* a host name; HAProxy's limit */
	if (len > most)
		return "a TLV is longer than its type allows";
	if (*b->at == TLV_CRC32C && (b->at[1] != 0 || (came > 2 && len != 4)))
		return "the checksum is not of four bytes";
	if (len > room - TLV_HEAD)
		return "a TLV is longer than the header";
	if (came > 2 && !may_be_tlvs(room - TLV_HEAD - len))
		return cut_tlv;
	return NULL;
}

/* The TLVs fill the rest of the header, of `room` bytes, exactly. *crc: the value of the checksum. */
static enum proxy_verdict
tlvs(struct bytes *b, size_t room, const uint8_t **crc)
{
	const char *why;
	size_t len;

	while (room > 0) {
		if (left(b) > 0 && *b->at == TLV_CRC32C && *crc != NULL)
			return bad(b, "there are two checksums");
		why = tlv_wrong(b, room);
		if (why != NULL)
			return bad(b, why);
		if (left(b) < TLV_HEAD)
			return PROXY_MORE;
		if (*b->at == TLV_CRC32C)
			*crc = b->at + TLV_HEAD;
		len = TLV_HEAD + u16(b->at + 1);
		if (left(b) < len)
			return PROXY_MORE;
		b->at += len;
		room -= len;
	}
	return PROXY_GOOD;
}

/* The remainders of all half bytes for the polynomial 0x1edc6f41, bits reversed (RFC 4960,
 * Appendix B). */
static uint32_t
crc32c(uint32_t crc, const uint8_t *data, size_t n)
{
	static const uint32_t half[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
	    0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6,
	    0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

	for (; n > 0; data++, n--) {
		crc ^= *data;
		crc = crc >> 4 ^ half[crc & 15];
		crc = crc >> 4 ^ half[crc & 15];
	}
	return crc;
}

/* Section 2.2.3: of the whole header, its own four bytes as zeros. */
static bool
checksum_is_right(const uint8_t *head, size_t len, const uint8_t *value)
{
	static const uint8_t zeros[4];
	uint32_t crc = crc32c(UINT32_MAX, head, (size_t)(value - head));

	crc = crc32c(crc, zeros, 4);
	crc = crc32c(crc, value + 4, len - (size_t)(value + 4 - head));
	return ~crc == ((uint32_t)u16(value) << 16 | u16(value + 2));
}

static void
addresses(const uint8_t *p, struct proxy_header *h, bool inet6)
{
	size_t size = inet6 ? 16 : 4;
	struct addr *side[2] = {&h->src, &h->dst};

	for (int i = 0; i < 2; i++) {
		side[i]->sa.sa_family = inet6 ? AF_INET6 : AF_INET;
		memcpy(inet6 ? (void *)&side[i]->in6.sin6_addr : (void *)&side[i]->in.sin_addr,
		    p + (size_t)i * size, size);
		addr_set_port(side[i], (uint16_t)u16(p + 2 * size + 2 * (size_t)i));
	}
}

/* Byte 13, version and command, and byte 14, family and protocol. */
static const char *
kind_wrong(const uint8_t *head, size_t came, bool *local)
{
	unsigned family, protocol;

	if (came > 12 && head[12] >> 4 != 2)
		return "the version is not 2";
	if (came > 12 && (head[12] & 15) > 1)
		return "the command is neither LOCAL nor PROXY";
	if (came < 14)
		return NULL;
	family = head[13] >> 4;
	protocol = head[13] & 15;
	/* "discard the protocol block including the family" */
	*local = (head[12] & 15) == 0;
	if (*local)
		return NULL;
	if (family > 2)
		return "the family is neither IPv4 nor IPv6";
	if (protocol > 1)
		return "the protocol is not TCP";
	*local = family == 0 || protocol == 0;
	return NULL;
}

static enum proxy_verdict
parse_v2(struct bytes *b, struct proxy_header *h)
{
	const uint8_t *head = b->at, *crc = NULL;
	enum proxy_verdict v = literal(b, PROXY_V2_SIGNATURE, 12, no_header);
	size_t came = (size_t)(b->end - head), body, block;
	const char *why;

	if (v != PROXY_GOOD)
		return v;
	why = kind_wrong(head, came, &h->local);
	if (why != NULL)
		return bad(b, why);
	if (came > 14 && V2_HEAD + ((size_t)head[14] << 8) > PROXY_V2_MAX)
		return bad(b, too_long);
	if (came < V2_HEAD)
		return PROXY_MORE;
	body = u16(head + 14);
	h->len = V2_HEAD + body;
	if (h->len > PROXY_V2_MAX)
		return bad(b, too_long);
	/* Without an address block of known size the TLVs cannot be found: all is skipped. */
	if (h->local)
		return came < h->len ? PROXY_MORE : PROXY_GOOD;
	block = head[13] >> 4 == 1 ? V2_INET : V2_INET6;
	if (body < block)
		return bad(b, "the header is shorter than its addresses");
	if (!may_be_tlvs(body - block))
		return bad(b, cut_tlv);
	if (came < V2_HEAD + block)
		return PROXY_MORE;
	addresses(head + V2_HEAD, h, block == V2_INET6);
	b->at = head + V2_HEAD + block;
	v = tlvs(b, body - block, &crc);
	if (v == PROXY_GOOD && crc != NULL && !checksum_is_right(head, h->len, crc))
		return bad(b, "the checksum is wrong");
	return v;
}

enum proxy_verdict
proxy_parse(const uint8_t *data, size_t n, struct proxy_header *h, const char **why)
{
	struct bytes b;
	enum proxy_verdict v;

	memset(h, 0, sizeof *h);
	if (n == 0)
		return PROXY_MORE;
	b = (struct bytes){.at = data, .end = data + n};
	if (*data == PROXY_V2_SIGNATURE[0]) {
		v = parse_v2(&b, h);
	} else {
		v = parse_v1(&b, h);
		h->len = (size_t)(b.at - data);
	}
	addr_unmap(&h->src);
	addr_unmap(&h->dst);
	if (v == PROXY_BAD)
		*why = b.why;
	return v;
}
