/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a node stands with a VIP. STATE(name, "word", serves, "help"): word = one of Keepalived's three
 * words, for notify; serves = it holds the addresses. */
STATE(INIT, "BACKUP", 0, "takes no part: started not yet, or stopped")
STATE(BACKUP, "BACKUP", 0, "listens to the owner")
STATE(MASTER, "MASTER", 1, "owns the VIP")
STATE(FAULT, "FAULT", 0, "something that is tracked is down")
STATE(LEAVING, "MASTER", 1, "said that it stops, serves until the successor speaks")
STATE(RELEASED, "BACKUP", 0, "an operator keeps it out while somebody else is heard")
STATE(TAKING, "MASTER", 1, "serves already and outbids the owner")
