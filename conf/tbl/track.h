/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `track` of a VIP; columns as in global.h. `scripts` is a list beside them. */
OPT(BOOL, workers, 0, 0, "true", NOW, LIVE, "Give the VIP up when no worker lives, or none could accept for 2s")
OPT(STRINGS, interfaces, 0, 32, "\"auto\"", NOW, LIVE,
    "Further interfaces whose loss is a fault. auto: only that of the VIP and that of the adverts, which always count")
