/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of a member of `nodes`; columns as in global.h. A bare string is addresses. */
OPT(STRING, name, 0, 63, "\"\"", NOW, RESTART, "Name of the node; default: its first address")
OPT(ADDRS, addresses, 1, 16, "()", NOW, RESTART, "Its addresses, by which it knows itself")
OPT(INT, priority, 0, 255, "0", NOW, RESTART,
    "VRRP base priority 1..254, 255: owner; 0: 254, 244, 234, ... in the order of nodes")
