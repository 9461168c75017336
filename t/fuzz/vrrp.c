/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a VRRP packet. The first one says how to read the rest (bit 0: IPv6, bit 1: a whole
 * IPv4 packet, bit 2: sent to a host, not to the group, bit 3: version 2, bit 4: with a password);
 * the receiver expects the VRID that the packet has. What is accepted, made again, is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vrrp/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
set_origin(struct vrrp_datagram *d, uint8_t how)
{
	memset(d, 0, sizeof *d);
	d->ttl = 255;
	if (how & 1) {
		d->src.in6.sin6_family = d->dst.in6.sin6_family = AF_INET6;
		memcpy(&d->src.in6.sin6_addr,
		    "\xfe\x80\0\0\0\0\0\0\x34\xa1\x6b\xff\xfe\xc5\xed\x0e", 16);
		memcpy(&d->dst.in6.sin6_addr, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\x12", 16);
		return;
	}
	d->src.in.sin_family = d->dst.in.sin_family = AF_INET;
	memcpy(&d->src.in.sin_addr, "\x0a\x4d\0\1", 4);
	memcpy(&d->dst.in.sin_addr, how & 4 ? "\x0a\x4d\0\2" : "\xe0\0\0\x12", 4);
}

static void
check_again(const struct vrrp_datagram *d, const struct vrrp_advert *a, const struct vrrp_seen *s)
{
	uint8_t out[VRRP_PACKET_MAX], in[VRRP_PACKET_MAX];
	size_t len = vrrp_packet_make(out, sizeof out, a, &d->src, &d->dst, s->dialect);

	if (a->n_addrs > VRRP_ADDRS_MAX) {
		if (len != 0)
			abort();
		return;
	}
	if (len != d->len)
		abort();
	memcpy(in, d->payload, len);
	if (a->version == 3)
		in[4] &= 0x0f;
	else if (!a->has_password)
		memset(in + len - VRRP_PASSWORD_LEN, 0, VRRP_PASSWORD_LEN);
	/* The sum covers what was cleared; and 0 can be written in two ways. */
	if (memcmp(in, d->payload, len) != 0 || (in[6] == 0xff && in[7] == 0xff))
		memcpy(in + 6, out + 6, 2);
	if (memcmp(in, out, len) != 0)
		abort();
}

static void
check(const struct vrrp_datagram *d, uint8_t how)
{
	struct vrrp_expect want = {.min_ttl = 255};
	struct vrrp_advert a;
	struct vrrp_seen seen;
	enum vrrp_verdict v;

	want.own.family = d->src.sa.sa_family;
	want.own.version = how & 8 ? 2 : 3;
	want.own.interval_us = 1000000;
	want.own.vrid = d->len > 1 ? d->payload[1] : 1;
	want.own.has_password = how & 16;
	memcpy(want.own.password, "s3cret99", 8);
	v = vrrp_packet_parse(d, &want, &a, &seen);
	if (v >= VRRP_VERDICTS || (d->len < 8 && v != VRRP_SHORT && vrrp_verdict_is_heard(v)))
		abort();
	if (v == VRRP_GOOD && want.own.vrid != 0)
		check_again(d, &a, &seen);
	/* The same message for somebody else is none of his. */
	want.own.vrid ^= 1;
	if (d->len > 1 && vrrp_packet_parse(d, &want, &a, &seen) != VRRP_VRID)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vrrp_datagram d;

	if (size == 0)
		return 0;
	set_origin(&d, data[0]);
	d.payload = data + 1;
	d.len = size - 1;
	if (data[0] & 2) {
		if (vrrp_packet_ip4(data + 1, size - 1, &d) != VRRP_GOOD)
			return 0;
		if (d.payload < data + 1 || d.payload + d.len > data + size)
			abort();
	}
	check(&d, data[0]);
	return 0;
}
