/* SPDX-License-Identifier: BSD-2-Clause */
/* The vrrp process: holds the VIPs of the configuration, see DESIGN sections 3 and 7. */
#ifndef KHA_VRRP_VRRP_H
#define KHA_VRRP_VRRP_H

#include "base/err.h"
#include "base/heritage.h"

/* What needs the rights of root: sockets that announce, memory, scheduling. 0, or -1 with lines in
 * err. */
int vrrp_prepare(const struct heritage *h, struct err *err);

/* Runs until the segment says WANT_STOP (hands the VIPs over first) or WANT_DRAIN (leaves them as they
 * are to its successor), or until the master is dead (lets go of them at once). Exit code. */
int vrrp_main(const struct heritage *h);

#endif
