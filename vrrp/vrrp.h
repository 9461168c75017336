/* SPDX-License-Identifier: BSD-2-Clause */
/* The vrrp process: holds the VIPs of the configuration, see DESIGN sections 3 and 7. */
#ifndef KHA_VRRP_VRRP_H
#define KHA_VRRP_VRRP_H

#include "base/err.h"
#include "base/heritage.h"
#include "conf/conf.h"
#include "shm/seg.h"

/* What needs the rights of root: sockets that announce, memory, scheduling. 0, or -1 with lines in
 * err. */
int vrrp_prepare(const struct heritage *h, struct err *err);

/* Runs until the segment says WANT_STOP (hands the VIPs over first) or WANT_DRAIN (leaves them as they
 * are to its successor), or until the master is dead (lets go of them at once). Exit code. */
int vrrp_main(const struct heritage *h);

/* ---- for the master, about what a vrrp process says in its cells ---- */

/* This node serves the virtual router of that cell, and by conf it does not any more. */
bool vrrp_goes(const struct shm_vip *cell, const struct conf *conf);

/* No vrrp process is there: for each VIP that one held a farewell (priority 0) to its peers, if conf
 * still has it; its addresses are deleted, and its cell says so. Waits for the kernel alone. Needs
 * CAP_NET_RAW and CAP_NET_ADMIN. What fails is logged: the lifetime of the addresses ends it then. How
 * many there were. */
unsigned vrrp_bury(struct seg *seg, const struct conf *conf);

#endif
