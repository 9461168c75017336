#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kha on one node, keepalived on the other: who owns the VIP when either starts, stops, is better, or
# dies; VRRP 2 over multicast, 3 over unicast, and with KHA_LONG each over both. Times are those of the packets
# on the wire.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
once_for_all_engines
story "VRRP with keepalived: elections, stops and deaths"

export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b c
node_web a 127.0.0.1:7443
node_web b 0.0.0.0:6443
capture wire
probe_start
A=10.77.0.1 B=10.77.0.2

# kha has 200 and preempts, keepalived 100.
kha_is_better() {
	kha_beside 200 "$kha preempt = true;"
	kha_node_start a
	check "$name: kha, first and alone, owns" until_vip 5 a state MASTER
	keepalived_start b 100 $keepalived
	check "$name: keepalived, which is worse, stays away" owner_stays 1 a
	check "$name: the client reaches kha" answered_by a

	t=$(now_ms)
	kha_node_stop a
	zero=$(advert_after wire "$t" $A 0)
	check "$name: kha's stop says priority 0" test -n "$zero"
	said_after wire "$name: kha stops, keepalived's advert" "${zero:-0}" $B "$(skew $version 100 $advert)"
	check "$name: the client reaches keepalived" answered_by b
	probe_moved "$name: kha's stop" "$t"
	check "$name: keepalived has the address" until_true 2 owner_is b

	kha_node_start a
	t=$(now_ms)
	check "$name: kha, which is better, takes over" until_vip 6 a state MASTER
	at_most "$name: within three adverts and the skew (ms)" $(($(now_ms) - t)) \
		$((3 * advert + $(skew $version 200 $advert) + 300 * SLOW))
	check "$name: keepalived gives way" until_true 2 owner_is a
	check "$name: and says why" keepalived_said b 'higher priority 200'

	link_cut a
	kha_node_kill a
	killed=$(now_ms)
	said_after wire "$name: kha dies, keepalived's advert" "$(last_advert wire $A)" $B \
		$((3 * advert + $(skew $version 100 $advert)))
	check "$name: the dead node's address went by itself" until_true 6 has_not a
	at_most "$name: after its death (ms)" $(($(now_ms) - killed)) $((lifetime + 1000 * SLOW))
	link_join a
	keepalived_stop b
}

# kha has 100, keepalived 200.
kha_is_worse() {
	keepalived_start b 200 $keepalived
	check "$name: keepalived, first and alone, owns" until_true 5 owner_is b
	kha_beside 100 "$kha preempt = true;"
	kha_node_start a
	check "$name: kha, which is worse, waits" until_vip 3 a state BACKUP
	check "$name: and stays away" owner_stays 1 b

	t=$(now_ms)
	keepalived_stop b
	zero=$(advert_after wire "$t" $B 0)
	said_after wire "$name: keepalived stops, kha's advert" "${zero:-0}" $A "$(skew $version 100 $advert)"
	check "$name: kha has the address" until_true 2 owner_is a
	check "$name: the client reaches kha" answered_by a

	keepalived_start b 200 $keepalived
	check "$name: keepalived, which is better, takes over" until_vip 6 a state BACKUP
	check "$name: kha gives way" until_true 2 owner_is b

	link_cut b
	keepalived_crash b
	said_after wire "$name: keepalived dies, kha's advert" "$(last_advert wire $B)" $A \
		$((3 * advert + $(skew $version 100 $advert)))
	check "$name: kha has the address" until_true 2 owner_is a
	link_join b
	kha_node_stop a
	is "$name: nobody has it after the stop" "$(who_has)" ''
}

# round NAME VERSION ADVERT_MS KHA'S-OPTIONS KEEPALIVED'S...
round() {
	name=$1 version=$2 advert=$3 kha="version = $2; advert = \"$3ms\"; $4"
	keepalived="version=$2 advert=$(awk -v ms="$3" 'BEGIN { print ms / 1000 }') $5"
	lifetime=$((3 * advert)) since=$(now_ms)
	[ $lifetime -ge 2000 ] || lifetime=2000
	kha_is_better
	kha_is_worse
	say "$name: $(($(now_ms) - since)) ms"
}
round "v2 multicast" 2 1000 'peers = "multicast";' ''
if [ -n "${KHA_LONG:-}" ]; then
	round "v2 unicast" 2 1000 'peers = "nodes";' "peers=$A"
	round "v3 multicast" 3 100 'peers = "multicast";' ''
fi
round "v3 unicast" 3 100 'peers = "nodes";' "peers=$A"

# The messages themselves, as reference implementations have them.
check "v2, priority 100" has_packet wire $A 212f6401000170770a4d000a0000000000000000
check "v2, priority 0" has_packet wire $A 212f00010001d4770a4d000a0000000000000000
is "TTL 255 in all" "$(packets wire | awk '$4 != 255' | head -n 3)" ''
probe_stop
capture_stop
is "a dissector has nothing against them" "$(faults wire | head -n 3)" ''
vip_finish
