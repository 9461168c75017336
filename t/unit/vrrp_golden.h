/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets as Keepalived 2.2.7 and FRR 8.4 sent them, or would have: message in hexadecimal. */
#ifndef KHA_T_UNIT_VRRP_GOLDEN_H
#define KHA_T_UNIT_VRRP_GOLDEN_H

#include "vrrp/packet.h"

struct golden {
	const char *name, *hex, *src, *dst;
	uint8_t version, vrid, priority;
	unsigned interval_us;
	const char *password, *address[2];
	enum vrrp_dialect dialect;
};

extern const struct golden goldens[];
extern const unsigned n_goldens;

struct addr addr_of(const char *text);
size_t bytes_of(const char *hex, uint8_t *out, size_t room);
/* The advert of a row, the datagram (payload in buf) and what its receiver expects. */
void golden_advert(const struct golden *g, struct vrrp_advert *a);
void golden_datagram(const struct golden *g, uint8_t buf[VRRP_PACKET_MAX], struct vrrp_datagram *d);
void golden_expect(const struct golden *g, struct vrrp_expect *want);

/* A golden as its receiver has it; d.payload is bytes. */
struct packet {
	uint8_t bytes[VRRP_PACKET_MAX];
	struct vrrp_datagram d;
	struct vrrp_expect want;
	struct vrrp_advert got;
	struct vrrp_seen seen;
};

const struct golden *golden(const char *name);
void packet_load(struct packet *p, const char *name);
enum vrrp_verdict packet_parse(struct packet *p);
void packet_expect(struct packet *p, const char *what, enum vrrp_verdict verdict);
/* The right checksum after a change: of the message alone, which is good in version 2, and a dialect
 * of version 3 over IPv4. */
void packet_mend(struct packet *p);

#endif
