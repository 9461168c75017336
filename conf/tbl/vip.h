/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of a member of `vips`; columns as in global.h. A bare string is addresses. */
OPT(STRING, name, 0, 63, "\"\"", NOW, RESTART, "Name; default: the first address")
OPT(VADDRS, addresses, 1, 20, "()", NOW, LIVE,
    "Virtual addresses; the first one's family elects, the others follow")
OPT(STRING, interface, 1, 15, "\"auto\"", NOW, LIVE,
    "Where they are added. auto: the interface whose subnet holds the first address, else the node's")
OPT(AUTO_INT, virtual_router_id, 1, 255, "\"auto\"", NOW, LIVE,
    "VRRP's VRID. auto: hashed from the first address")
OPT(INT, version, 2, 3, "3", NOW, LIVE, "VRRP version")
OPT(MSEC, advert, 10, 40950, "\"1s\"", NOW, LIVE,
    "Interval of adverts; version 2: whole seconds")
OPT(STRINGS, peers, 1, 16, "\"nodes\"", NOW, LIVE,
    "Where adverts go: nodes (unicast to all others), multicast, or addresses")
OPT(STRINGS, order, 1, 16, "\"nodes\"", NOW, LIVE,
    "Names of nodes, best first; one not listed takes no part")
OPT(STRING, group, 0, 63, "\"\"", NOW, LIVE,
    "VIPs of one group move together: a fault, an order, a weight of one is that of all")
OPT(BOOL, preempt, 0, 0, "false", NOW, LIVE, "A better node takes the VIP from a living owner")
OPT(MSEC, preempt_delay, 0, 3600000, "\"0s\"", NOW, LIVE, "How long it waits before")
OPT(SECRET, password, 0, 8, "\"\"", NOW, LIVE, "VRRP version 2 simple password")
OPT(AUTO_MSEC, lifetime, 2000, 3600000, "\"auto\"", NOW, LIVE,
    "Lifetime of the address in the kernel. auto: 3 adverts, at least 2s; none: permanent")
WORDS(checksum, "rfc5798|rfc9568", "\"rfc5798\"", NOW, LIVE, "Checksum of version 3 over IPv4 as sent; both are accepted")
OPT(INT, min_ttl, 1, 255, "255", NOW, LIVE, "Adverts with a lower TTL are ignored")
GROUP(garp, garp, "Gratuitous ARP and unsolicited neighbour advertisements")
GROUP(track, track, "What makes the node give the VIP up")
OPT(STRING, notify, 0, 1023, "\"\"", NOW, LIVE,
    "Run on every change as COMMAND INSTANCE NAME STATE PRIORITY, without a shell")
