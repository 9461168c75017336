/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of one VIP, kept by the vrrp process, before those of received packets (vip_verdict.h,
 * vip_dialect.h). Columns as in stat_worker.h. */
STAT(became_master, COUNTER, NONE, "vip_became_master", "Times this node took the VIP")
STAT(transitions, COUNTER, NONE, "vip_transitions", "Changes of state")
STAT(adverts_sent, COUNTER, NONE, "vip_adverts_sent", "Adverts sent, one for each peer")
STAT(zero_sent, COUNTER, NONE, "vip_zero_sent", "Adverts with priority 0 sent, one for each peer")
STAT(zero_received, COUNTER, NONE, "vip_zero_received", "Adverts with priority 0 received")
STAT(send_failed, COUNTER, NONE, "vip_send_failures", "Adverts that the system did not take")
STAT(announced, COUNTER, NONE, "vip_announcements", "Gratuitous ARPs and neighbour advertisements sent")
STAT(refreshed, COUNTER, NONE, "vip_lease_refreshes", "Refreshes of an address's lifetime in the kernel")
STAT(restored, COUNTER, NONE, "vip_restores", "Addresses added again that somebody else had deleted")
STAT(removed, COUNTER, NONE, "vip_removals", "Addresses deleted")
STAT(late_ms_max, GAUGE, MSEC, "", "Latest turn of a deadline")
