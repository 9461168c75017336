/* SPDX-License-Identifier: BSD-2-Clause */
/* Two network namespaces, made inside this process, with a veth pair between them. */
#ifndef KHA_T_UNIT_VRRP_NETNS_H
#define KHA_T_UNIT_VRRP_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define NETNS_IF   "kha0" /* on both sides */
#define NETNS_MAC  6
#define NETNS_WAIT 20000 /* ms until something that must come is missed */

enum side { SIDE_A, SIDE_B };

/* Side A: 10.77.0.1/24, fd77::1/64, fe80::a; side B: 10.77.0.2/24, fd77::2/64, fe80::b. Prints why and
 * exits with 77 where that is not possible. */
void netns_make(void);

/* What is opened from here on belongs to this side. */
void netns_enter(enum side side);

/* A command of iproute2 on the side that was entered; its failure is the test's. */
void netns_run(const char *command);

unsigned netns_ifindex(enum side side);
const uint8_t *netns_mac(enum side side);

/* Readable within NETNS_WAIT? */
bool netns_waits(int fd);

/* All frames of one EtherType that come in on a side. */
int netns_sniff(enum side side, uint16_t ethertype);
size_t netns_frame(int fd, uint8_t *frame, size_t size);

struct addr netns_addr(const char *text);

#endif
