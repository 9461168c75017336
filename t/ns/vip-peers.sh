# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# More for stories about VRRP beside other daemons: messages made by hand, announcements and IPv6
# adverts in a capture, processes that stand still. Sourced after vip-lib.sh.

# ---- messages ----

# sum HEX...: Internet checksum
sum() {
	local hex s=0 i
	printf -v hex %s "$@"
	for ((i = 0; i < ${#hex}; i += 4)); do s=$((s + 16#${hex:i:4})); done
	while [ $s -gt 65535 ]; do s=$(((s & 65535) + (s >> 16))); done
	printf '%04x\n' $((65535 - s))
}
# message HEAD BODY [PSEUDO-HEADER]: HEAD is what comes before the checksum
message() { printf '%s%s%s\n' "$1" "$(sum "$1" 0000 "$2" "${3:-}")" "$2"; }
# pseudo4 SOURCE DESTINATION LENGTH
pseudo4() {
	local IFS=.
	# shellcheck disable=SC2086 # its four numbers
	printf '%02x%02x%02x%02x%02x%02x%02x%02x0070%04x\n' $1 $2 "$3"
}

# ---- counters ----

# rejected: adverts by kha on a, for whatever reason
rejected() { kha_node_stat a '[.vips[0].counters | to_entries[] | select(.key | startswith("rejected")) | .value] | add'; }

# ---- a node's processes stand still ----

# kha_node_freeze, kha_node_thaw NODE: all its processes, as a machine that is not scheduled
kha_node_freeze() {
	FROZEN=$(descendants "${NODE_KHA[$1]}")
	# shellcheck disable=SC2086 # a list
	kill -STOP $FROZEN
}
# shellcheck disable=SC2086
kha_node_thaw() { kill -CONT $FROZEN; }

# ---- captures ----

node_mac() { node_run "$1" ip -j link show eth0 | jq -r ".[0].address"; }
# garps NAME NODE [FROM [TO]]: moments (ms) of gratuitous ARPs for the VIP, of both forms
garps() {
	local hex
	hex=$(pseudo4 "$VIP" "$VIP" 0)
	tcpdump -r "$D/$1.pcap" -nn -tt "ether src $(node_mac "$2") and arp[14:4] = 0x${hex:0:8}
		and arp[24:4] = 0x${hex:0:8}" 2>/dev/null |
		awk -v from="${3:-0}" -v to="${4:-9e15}" '{ t = $1 * 1000 } t >= from && t < to { printf "%.3f\n", t }'
}
# most_in MS: of moments on standard input, the most within so long
most_in() {
	awk -v ms="$1" '{ t[NR] = $1; while (t[NR] - t[first + 1] >= ms) first++
		if (NR - first > most) most = NR - first } END { print most + 0 }'
}
# adverts_between NAME SOURCE FROM TO: moments of its adverts to one peer
adverts_between() { packets "$1" "$2" | awk -v from="$3" -v to="$4" '$1 >= from && $1 < to && $5 > 0 { print $1 }'; }
# intervals: of moments on standard input, the differences, in order of size
intervals() { awk 'NR > 1 { printf "%.3f\n", $1 - last } { last = $1 }' | sort -n; }
median() { awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "none" }'; }
# packets6 NAME [SOURCE]: as packets, of adverts over IPv6, but for the message
packets6() {
	tshark -r "$D/$1.pcap" -n -Y "vrrp && ipv6${2:+ && ipv6.src == $2}" -T fields -e frame.time_epoch \
		-e ipv6.src -e ipv6.dst -e ipv6.hlim -e vrrp.prio 2>/dev/null | awk '{ $1 *= 1000 } 1'
}
