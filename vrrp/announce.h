/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling the segment where an address lives now: gratuitous ARP (RFC 5227 section 3, RFC 5944 4.6)
 * and unsolicited neighbour advertisements (RFC 4861 7.2.6).
 */
#ifndef KHA_VRRP_ANNOUNCE_H
#define KHA_VRRP_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define ANNOUNCE_MAC	 6
#define ANNOUNCE_ARP_LEN 42
#define ANNOUNCE_NA_LEN	 32

enum announce_form {
	ANNOUNCE_REQUEST, /* target MAC ff:ff:ff:ff:ff:ff, as Keepalived */
	ANNOUNCE_REPLY	  /* target MAC our own: some caches learn from replies alone */
};

struct announcer {
	int packet_fd; /* both are -1 when closed */
	int icmp6_fd;  /* -1 also where there is no IPv6 */
	bool router;   /* the R flag of neighbour advertisements: this node forwards IPv6 */
};

/* A broadcast Ethernet frame of ANNOUNCE_ARP_LEN bytes; vip is IPv4. */
void announce_arp(uint8_t out[ANNOUNCE_ARP_LEN], enum announce_form form,
    const uint8_t mac[ANNOUNCE_MAC], const struct addr *vip);

/* An ICMPv6 message of ANNOUNCE_NA_LEN bytes, Override set, Solicited not, checksum 0: the kernel
 * writes it; vip is IPv6. */
void announce_na(uint8_t out[ANNOUNCE_NA_LEN], const uint8_t mac[ANNOUNCE_MAC],
    const struct addr *vip, bool router);

/* Needs CAP_NET_RAW; router is false. 0, or an errno. The sockets receive nothing. */
int announcer_open(struct announcer *a);

/* n times, now, without waiting: ARP requests and replies in turn, or neighbour advertisements to
 * ff02::1, which come from the VIP if it is local and else from the link-local address. All n are
 * tried; 0, or the errno of the last that failed. mac: that of the Ethernet interface ifindex. */
int announcer_send(const struct announcer *a, unsigned ifindex, const uint8_t mac[ANNOUNCE_MAC],
    const struct addr *vip, unsigned n);

void announcer_close(struct announcer *a); /* a closed one: nothing */

#endif
