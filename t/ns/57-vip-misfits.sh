#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kha beside a keepalived that is set otherwise: interval, password, addresses, checksum, equal
# priority, priority 255.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
. "$(dirname "$0")/vip-peers.sh"
once_for_all_engines
long_only
story "VRRP with a keepalived that is set otherwise"

export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b c
node_web a 127.0.0.1:7443
node_web b 0.0.0.0:6443
node_web c 127.0.0.1:7443
capture wire
A=10.77.0.1 B=10.77.0.2
# kha on a, alone, until it owns
kha_owns() {
	kha_beside "$@"
	kha_node_start a
	check "$case: kha owns" until_vip 5 a state MASTER
}
both_own() { owner_is "a b"; }
counted() { [ "$(vip "$1" "$2")" -gt "${3:-0}" ] 2>/dev/null; }
# two_masters COUNTER TEXT: keepalived does not hear kha, kha sees why
two_masters() {
	check "$case: keepalived does not accept kha, both own" until_true 9 both_own
	check "$case: kha counts $1" until_true 2 counted a "$1"
	check "$case: kha says so" until_true 2 says_degraded "$2"
	check "$case: and logs it" grep -q "adverts of a peer do not fit.*$2, the first from $B" "$D/a/kha.log"
}
says_degraded() { vip a degraded | grep -q "$1"; }
stop_both() { keepalived_stop b; kha_node_stop a; }
# holds_back COUNTER KEEPALIVED'S...: who is rejected but heard keeps the VIP
holds_back() {
	local before
	kha_node_start a
	check "$case: kha waits" until_vip 3 a state BACKUP
	check "$case: and does not promote itself" owner_stays 4 b
	check "$case: it counts $1" counted a "$1"
}

# ---- 8: intervals of version 3 are the owner's; 11: messages ----
case="v3, own 1s, keepalived 100ms"
kha_owns 100 'version = 3; advert = "1s"; peers = "nodes";'
keepalived_start b 50 version=3 advert=0.1 peers=$A
check "$case: keepalived adopts" owner_stays 1 a
check "v3 unicast, priority 100, 1 s" has_packet wire $A 312f640100644afb0a4d000a

# ---- 13: checksums of version 3 over IPv4 ----
# inject COUNTER [PSEUDO-HEADER]: priority 50, 1 s, from b
inject() {
	local before own
	before=$(vip a "$1")
	own=$(vip a adverts_received)
	node_run b "$TOOLS/vrrpsend" $B $A 255 "$(message 312f32010064 0a4d000a "${2:-}")"
	check "a message is counted as $1" until_true 2 counted a "$1" "${before:-0}"
	check "and accepted" until_true 2 counted a adverts_received "${own:-0}"
}
keepalived_stop b
inject checksum_rfc5798 "$(pseudo4 $B $A 12)"
inject checksum_rfc9568
inject checksum_group "$(pseudo4 $B 224.0.0.18 12)"
t=$(now_ms)
until_advert wire "$t" $A >/dev/null
is "our own messages to b are all alike" \
	"$(packets wire $A | awk -v b=$B '$3 == b && $5 == 100 { print $6 }' | sort -u | wc -l)" 1
kha_node_stop a

case="v3, own 100ms, keepalived 1s"
keepalived_start b 200 version=3 advert=1 peers=$A
check "$case: keepalived owns" until_true 5 owner_is b
kha_beside 100 'version = 3; advert = "100ms"; peers = "nodes";'
kha_node_start a
# Until it has heard an advert it can but wait by its own interval (RFC 5798 6.4.1): it may own once.
check "$case: kha hears keepalived" until_vip 5 a owner $B
check "$case: it waits" until_vip 2 a state BACKUP
check "$case: it adopts the interval" owner_stays 2 b
kha_node_stop a

# ---- 19: the owner ----
keepalived_stop b
kha_beside 255 'version = 2; peers = "multicast";'
keepalived_start b 100
check "priority 255: keepalived owns" until_true 5 owner_is b
kha_node_start a
check "priority 255: kha owns at once" until_true 1 vip_is a state MASTER
check "priority 255: keepalived gives way" until_true 2 owner_is a
stop_both

# ---- 14: passwords ----
multicast='version = 2; advert = "1s"; peers = "multicast";'
case="wrong password"
kha_owns 100 "$multicast password = \"s3cret99\";"
check "v2, password" has_packet wire $A 212f64010101fa230a4d000a7333637265743939
keepalived_start b 50 password=otherone
two_masters rejected_password "another password"
keepalived_stop b
case="no password"
keepalived_start b 50
two_masters rejected_auth_type "another kind of authentication"
keepalived_stop b
case="password"
keepalived_start b 50 password=s3cret99
until_advert wire "$(now_ms)" $A >/dev/null
t=$(now_ms)
kha_node_stop a
zero=$(advert_after wire "$t" $A 0)
said_after wire "$case: kha stops, keepalived's advert" "${zero:-0}" $B "$(skew 2 50 1000)"
keepalived_stop b

# ---- 15: intervals of version 2 ----
case="v2, other interval"
kha_owns 200 "$multicast"
keepalived_start b 100 advert=2
two_masters rejected_interval "another interval"
kha_node_stop a
check "$case: keepalived owns" owner_is b
holds_back rejected_interval
stop_both

# ---- 16: addresses ----
case="other addresses"
kha_owns 200 "$multicast"
keepalived_start b 100 "vips=$VIP/32 10.77.0.11/32"
check "$case: keepalived does not accept kha, both own" until_true 6 both_own
check "$case: kha counts them" until_true 2 counted a other_addresses
check "$case: and accepts them" counted a adverts_received
stop_both

# ---- 18: equal priorities ----
# equal NODE WINNER: kha there
equal() {
	link_cut b
	kha_beside 100 "$multicast"
	kha_node_start "$1"
	keepalived_start b 100
	check "equal, cut off: both own" until_true 6 test_owners "$(printf '%s\n' "$1" b | sort | xargs)"
	link_join b
	check "equal: the higher address, $2, keeps it" until_true 3 owner_is "$2"
	check "equal: for good" owner_stays 1 "$2"
	keepalived_stop b
	kha_node_stop "$1"
}
test_owners() { owner_is "$1"; }
equal a b
equal c c

capture_stop
check "a dissector sees the checksums that we injected" test -n "$(faults wire "ip.src == $B")"
is "a dissector has nothing against our messages" "$(faults wire "ip.src != $B" | head -n 3)" ''
vip_finish
