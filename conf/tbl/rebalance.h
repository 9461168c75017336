/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `rebalance` of a service; columns as in global.h. */
WORDS(mode, "auto|on|dry_run|off", "\"auto\"", LATER, LIVE, "Move long-lived connections to a server that returned; preset = \"tcp\" makes it off")
OPT(MSEC, wait, 0, 86400000, "\"120s\"", LATER, LIVE, "Time after its return before it starts")
OPT(MSEC, spread, 1000, 86400000, "\"10m\"", LATER, LIVE, "Over how long the moves are spread")
OPT(INT, threshold, 1, 100, "10", LATER, LIVE, "Imbalance in percent at which it starts")
OPT(INT, target, 0, 100, "3", LATER, LIVE, "Imbalance in percent at which it ends")
OPT(CIDRS, protect, 0, 64, "[]", LATER, LIVE, "Clients that are never moved")
