/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One raw VRRP socket: one family on one interface, unicast alone or with the group (RFC 5798 5.1).
 * Bytes in and out; what they mean is vrrp/packet.h. The socket belongs to the interface that had
 * this index: if that one is deleted and comes again, close and open.
 */
#ifndef KHA_VRRP_WIRE_H
#define KHA_VRRP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "vrrp/packet.h"

/* An IPv4 header with options and a message with as many addresses as one can name: what does not
 * fit is refused for its length in any case. */
#define WIRE_BUFFER 4608

struct wire {
	int fd; /* readable: call wire_recv until it gives 0; -1: closed */
	int family;
	unsigned ifindex;
	struct addr self; /* source of what is sent */
	bool multicast;
};

/* Needs CAP_NET_RAW. family: AF_INET or AF_INET6, that of self (port 0). multicast: packets to the
 * group come too. self need not be local yet: what is sent before fails. 0, or -1 with a line in err
 * and w->fd -1. */
int wire_open(struct wire *w, int family, const char *ifname, unsigned ifindex,
    const struct addr *self, bool multicast, struct err *err);

/* A message of vrrp_packet_make() from self to a peer or the group, TTL 255; over IPv6 the kernel
 * writes the checksum. Never waits. 0, or an errno: of this destination only, others may be well. A
 * peer that does not answer, or has no IPv4 route, is no error: the kernel asks for its MAC. */
int wire_send(const struct wire *w, const struct addr *to, const uint8_t *message, size_t len);

/* 1: a datagram, in *d if *verdict is GOOD, which points into buf (WIRE_BUFFER bytes); *verdict
 * IP_HEADER: one that could not be taken apart. 0: nothing waits. Else -errno. Over IPv6 the kernel
 * drops what has a wrong checksum. Packets of our own may be among them (VRRP_SELF). */
int wire_recv(const struct wire *w, uint8_t *buf, size_t size, struct vrrp_datagram *d,
    enum vrrp_verdict *verdict);

void wire_close(struct wire *w); /* a closed one: nothing */

/* 224.0.0.18 or ff02::12 (RFC 5798 5.1.1.2, 5.1.2.2), port 0. */
const struct addr *wire_group(int family);

#endif
