/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became of a received VRRP packet. VERDICT(name, counter, heard, "help"): heard = such a packet
 * of a configured peer shows that somebody lives there who may own the VIP, so that a backup does not
 * promote because of it. The order is the order of the checks: whatever counts as heard stands below
 * the checksum, so that only a packet that came whole and from a peer holds us back. ADDRESSES and
 * RIVAL are never a reason to drop: they count accepted packets.
 */
VERDICT(GOOD, adverts_received, 1, "Adverts accepted")
VERDICT(IP_HEADER, rejected_ip_header, 0, "Packets without a whole IPv4 header")
VERDICT(SHORT, rejected_short, 0, "Packets too short to name a virtual router")
VERDICT(VRID, foreign_vrid, 0, "Packets of another virtual router")
VERDICT(SELF, rejected_self, 0, "Packets with our own source address")
VERDICT(PEER, rejected_peer, 0, "Packets from an address that is not a peer")
VERDICT(TTL, rejected_ttl, 0, "Packets with a TTL or hop limit below min_ttl")
VERDICT(UNKNOWN_VERSION, rejected_unknown_version, 0, "Packets that are neither VRRP version 2 nor 3")
VERDICT(LENGTH, rejected_length, 0, "Packets whose length is not that of their address list")
VERDICT(TYPE, rejected_type, 0, "Packets that are no advert")
VERDICT(CHECKSUM, rejected_checksum, 0, "Adverts with a wrong checksum")
VERDICT(EMPTY, rejected_empty, 0, "Adverts without an address")
VERDICT(INTERVAL_ZERO, rejected_interval_zero, 1, "Adverts with interval 0")
VERDICT(VERSION, rejected_version, 1, "Adverts of the other VRRP version")
VERDICT(AUTH_TYPE, rejected_auth_type, 1, "Adverts with another kind of authentication")
VERDICT(PASSWORD, rejected_password, 1, "Adverts with another password")
VERDICT(INTERVAL, rejected_interval, 1, "Version 2 adverts with another interval")
VERDICT(ADDRESSES, other_addresses, 1, "Adverts accepted although their address list is not ours")
VERDICT(RIVAL, rivals, 1, "Adverts of a worse owner beside this one, which does not hear ours or rejects them")
