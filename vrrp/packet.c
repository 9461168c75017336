/* SPDX-License-Identifier: BSD-2-Clause */
#include "vrrp/packet.h"

#include <arpa/inet.h>
#include <string.h>

#define HEAD	   8 /* bytes before the addresses, in both versions */
#define ADVERT	   1 /* the only type */
#define AUTH_NONE  0
#define AUTH_PASS  1
#define GROUP4	   0xe0000012u /* 224.0.0.18 */
#define SECOND_US  1000000u
#define CENTI_US   10000u
#define CENTI_MAX  0x0fffu /* of 16 bits: above are reserved ones */
#define IP4_HEADER 20

static size_t
ip_size(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

static size_t
message_size(unsigned version, int family, unsigned n_addrs)
{
	return HEAD + n_addrs * ip_size(family) + (version == 2 ? VRRP_PASSWORD_LEN : 0);
}

/* Sum of 16-bit words (RFC 1071); n is even. */
static uint32_t
add(uint32_t sum, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return sum;
}

static uint16_t
fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Of a message and what belongs to it. Its own field included, a right one gives 0xffff. */
static uint16_t
sum_of(const uint8_t *message, size_t len, const struct addr *src, const struct addr *dst,
    enum vrrp_dialect dialect)
{
	const uint32_t group = htonl(GROUP4);
	uint32_t sum = add(0, message, len);

	if (message[0] >> 4 == 2)
		return fold(sum);
	if (src->sa.sa_family == AF_INET6) {
		sum = add(sum, &src->in6.sin6_addr, 16);
		sum = add(sum, &dst->in6.sin6_addr, 16);
		return fold(sum + VRRP_PROTOCOL + (uint32_t)len);
	}
	if (dialect == VRRP_SUM_RFC9568)
		return fold(sum);
	sum = add(sum, &src->in.sin_addr, 4);
	sum = add(sum, dialect == VRRP_SUM_GROUP ? (const void *)&group : &dst->in.sin_addr, 4);
	return fold(sum + VRRP_PROTOCOL + (uint32_t)len);
}

/* Bytes 4 and 5: false if there is no such interval. */
static bool
put_interval(uint8_t *out, const struct vrrp_advert *a)
{
	unsigned unit = a->version == 2 ? SECOND_US : CENTI_US, n = a->interval_us / unit;

	if (n == 0 || n > (a->version == 2 ? 255u : CENTI_MAX) || a->interval_us % unit != 0)
		return false;
	out[4] = a->version == 2 ? (a->has_password ? AUTH_PASS : AUTH_NONE) : (uint8_t)(n >> 8);
	out[5] = (uint8_t)n;
	return true;
}

size_t
vrrp_packet_make(uint8_t *out, size_t size, const struct vrrp_advert *a, const struct addr *src,
    const struct addr *dst, enum vrrp_dialect dialect)
{
	size_t each = ip_size(a->family), len = message_size(a->version, a->family, a->n_addrs);
	uint16_t sum;

	if (a->version != 3 && (a->version != 2 || a->family != AF_INET))
		return 0;
	if (src->sa.sa_family != a->family || dst->sa.sa_family != a->family)
		return 0;
	if (a->n_addrs == 0 || a->n_addrs > VRRP_ADDRS_MAX || a->vrid == 0 || len > size)
		return 0;
	memset(out, 0, len);
	out[0] = (uint8_t)(a->version << 4 | ADVERT);
	out[1] = a->vrid;
	out[2] = a->priority;
	out[3] = a->n_addrs;
	if (!put_interval(out, a))
		return 0;
	for (unsigned i = 0; i < a->n_addrs; i++)
		memcpy(out + HEAD + i * each, &a->address[i], each);
	if (a->version == 2 && a->has_password)
		memcpy(out + len - VRRP_PASSWORD_LEN, a->password, VRRP_PASSWORD_LEN);
	sum = (uint16_t)~sum_of(out, len, src, dst, dialect);
	out[6] = (uint8_t)(sum >> 8);
	out[7] = (uint8_t)sum;
	return len;
}

/* Who sends to which virtual router: says nothing about the message yet. */
static enum vrrp_verdict
check_origin(const struct vrrp_datagram *d, const struct vrrp_expect *want)
{
	unsigned i;

	if (d->len < 2)
		return VRRP_SHORT;
	/* The same number in the other family is another router (RFC 5798 section 1.4). */
	if (d->payload[1] != want->own.vrid || d->src.sa.sa_family != want->own.family)
		return VRRP_VRID;
	if (addr_equal_ip(&d->src, &want->self))
		return VRRP_SELF;
	for (i = 0; want->peers != NULL && i < want->n_peers; i++)
		if (addr_equal_ip(&d->src, &want->peers[i]))
			break;
	if (want->peers != NULL && i == want->n_peers)
		return VRRP_PEER;
	return d->ttl < want->min_ttl ? VRRP_TTL : VRRP_GOOD;
}

static bool
find_dialect(const struct vrrp_datagram *d, struct vrrp_seen *seen)
{
	for (int i = 0; i < VRRP_DIALECTS; i++) {
		seen->dialect = (enum vrrp_dialect)i;
		if (sum_of(d->payload, d->len, &d->src, &d->dst, seen->dialect) == 0xffff)
			return true;
	}
	return false;
}

/* Is it a whole advert of any version, as its sender wrote it? */
static enum vrrp_verdict
check_message(const struct vrrp_datagram *d, struct vrrp_seen *seen)
{
	int family = d->src.sa.sa_family;
	unsigned version = d->payload[0] >> 4;

	if (version != 3 && (version != 2 || family != AF_INET))
		return VRRP_UNKNOWN_VERSION;
	if (d->len < HEAD || d->len != message_size(version, family, d->payload[3]))
		return VRRP_LENGTH;
	if ((d->payload[0] & 0x0f) != ADVERT)
		return VRRP_TYPE;
	return d->dst.sa.sa_family == family && find_dialect(d, seen) ? VRRP_GOOD : VRRP_CHECKSUM;
}

static void
read_advert(const struct vrrp_datagram *d, struct vrrp_advert *out)
{
	const uint8_t *p = d->payload;
	unsigned kept = p[3] < VRRP_ADDRS_MAX ? p[3] : VRRP_ADDRS_MAX;
	size_t each;

	memset(out, 0, sizeof *out);
	out->version = p[0] >> 4;
	out->vrid = p[1];
	out->priority = p[2];
	out->n_addrs = p[3];
	out->family = d->src.sa.sa_family;
	each = ip_size(out->family);
	for (unsigned i = 0; i < kept; i++)
		memcpy(&out->address[i], p + HEAD + i * each, each);
	if (out->version == 3) {
		out->interval_us = (((unsigned)p[4] << 8 | p[5]) & CENTI_MAX) * CENTI_US;
		return;
	}
	out->interval_us = p[5] * SECOND_US;
	out->has_password = p[4] == AUTH_PASS;
	if (out->has_password)
		memcpy(out->password, p + d->len - VRRP_PASSWORD_LEN, VRRP_PASSWORD_LEN);
}

/* In a time that does not tell how much of it was right. */
static bool
is_password(const uint8_t *a, const uint8_t *b)
{
	uint8_t differs = 0;

	for (int i = 0; i < VRRP_PASSWORD_LEN; i++)
		differs |= a[i] ^ b[i];
	return differs == 0;
}

/* A whole advert of a peer: is it set up as we are? */
static enum vrrp_verdict
check_settings(const uint8_t *p, const struct vrrp_advert *a, const struct vrrp_advert *own)
{
	if (a->n_addrs == 0)
		return VRRP_EMPTY; /* RFC 5798 erratum 8299 */
	if (a->interval_us == 0)
		return VRRP_INTERVAL_ZERO; /* erratum 8301 */
	if (a->version != own->version)
		return VRRP_VERSION;
	if (a->version == 3)
		return VRRP_GOOD;
	if (p[4] != (own->has_password ? AUTH_PASS : AUTH_NONE))
		return VRRP_AUTH_TYPE;
	if (own->has_password && !is_password(a->password, own->password))
		return VRRP_PASSWORD;
	return a->interval_us == own->interval_us ? VRRP_GOOD : VRRP_INTERVAL;
}

/* Is each address of a one of b's? */
static bool
is_part(const struct vrrp_advert *a, const struct vrrp_advert *b)
{
	unsigned i, k;

	for (i = 0; i < a->n_addrs; i++) {
		for (k = 0; k < b->n_addrs; k++)
			if (memcmp(&a->address[i], &b->address[k], ip_size(a->family)) == 0)
				break;
		if (k == b->n_addrs)
			return false;
	}
	return true;
}

static bool
same_addresses(const struct vrrp_advert *a, const struct vrrp_advert *own)
{
	return a->n_addrs == own->n_addrs && a->n_addrs <= VRRP_ADDRS_MAX && is_part(a, own) &&
	       is_part(own, a);
}

enum vrrp_verdict
vrrp_packet_parse(const struct vrrp_datagram *d, const struct vrrp_expect *want,
    struct vrrp_advert *out, struct vrrp_seen *seen)
{
	enum vrrp_verdict v = check_origin(d, want);

	if (v == VRRP_GOOD)
		v = check_message(d, seen);
	if (v != VRRP_GOOD)
		return v;
	read_advert(d, out);
	v = check_settings(d->payload, out, &want->own);
	if (v == VRRP_GOOD)
		seen->other_addresses = !same_addresses(out, &want->own);
	return v;
}

enum vrrp_verdict
vrrp_packet_ip4(const uint8_t *buf, size_t len, struct vrrp_datagram *d)
{
	size_t header, total;

	if (len < IP4_HEADER || buf[0] >> 4 != 4 || buf[9] != VRRP_PROTOCOL)
		return VRRP_IP_HEADER;
	header = (size_t)(buf[0] & 0x0f) * 4;
	total = (size_t)buf[2] << 8 | buf[3];
	if (header < IP4_HEADER || total < header || total > len)
		return VRRP_IP_HEADER;
	memset(d, 0, sizeof *d);
	d->src.in.sin_family = d->dst.in.sin_family = AF_INET;
	memcpy(&d->src.in.sin_addr, buf + 12, 4);
	memcpy(&d->dst.in.sin_addr, buf + 16, 4);
	d->ttl = buf[8];
	d->payload = buf + header;
	d->len = total - header;
	return VRRP_GOOD;
}

static const struct {
	const char *name, *help;
	bool heard;
} verdicts[] = {
#define VERDICT(name, counter, heard, help) {#counter, help, heard},
#include "shm/tbl/vip_verdict.h"
#undef VERDICT
};

const char *
vrrp_verdict_name(enum vrrp_verdict v)
{
	return verdicts[v].name;
}

const char *
vrrp_verdict_help(enum vrrp_verdict v)
{
	return verdicts[v].help;
}

bool
vrrp_verdict_is_heard(enum vrrp_verdict v)
{
	return verdicts[v].heard;
}
