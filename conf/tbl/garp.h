/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `garp` of a VIP; columns as in global.h. */
OPT(MSECS, schedule, 1, 16, "[ \"0s\", \"100ms\", \"1100ms\", \"5s\" ]", NOW, LIVE,
    "When gratuitous ARPs or neighbour advertisements go out after taking the VIP, two each time")
OPT(MSEC, refresh, 0, 86400000, "\"30s\"", NOW, LIVE, "How often they are repeated; 0s: never")
