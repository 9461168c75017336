#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The virtual address on two nodes, both kha: who has it, whatever happens.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
[ -n "${KHA_LONG:-}" ] || once_for_all_engines
story "a VIP on two nodes: stop, death, deletion, a cut wire"

export GLOBAL='workers = 1; log_level = "info";'
lifetime=3 # s: 3 adverts of 1 s
vip_nodes a b
kha_vip ''
for n in a b; do node_web "$n" 127.0.0.1:7443; done
other() { case $1 in a) echo b ;; *) echo a ;; esac; }
one_owner() { [[ $(who_has) = [ab] ]]; }
# moved NODE: it has the address, alone, and says so
moved() { owner_is "$1" && vip_is "$1" state MASTER; }
steady() { vip_is "$1" state MASTER && vip_is "$2" state BACKUP && owner_is "$1"; }

# ---- start ----
kha_node_start a
kha_node_start b
check "one of them has the address" until_true 5 one_owner
owner=$(who_has)
check "the better one" until_true 5 steady a b
say "first: $owner"
owner=a peer=b
is "a host address" "$(address $owner .prefixlen)" 32
is "without a route of its own" "$(address $owner .noprefixroute)" true
left=$(address $owner .valid_life_time)
at_most "it lives, at most (s)" "$left" $lifetime
probe_start
check "the client reaches it" answered_by $owner
is "the peer shows the owner" "$(vip $peer owner)" "$(node_ip $owner)"

# ---- planned stop, and return ----
t=$(now_ms)
kha_node_stop $owner
check "stop: the peer has it" until_true 5 moved $peer
check "the client reaches the peer" answered_by $peer
say "stop: $(probe_failed "$t") failed, longest gap $(probe_outage "$t") ms, $(probe_results "$t")"
probe_moved "stop" "$t"
t=$(now_ms)
kha_node_start $owner
check "the better node is back" until_vip 10 $owner state BACKUP
check "it does not take the address from a living owner" owner_stays 5 $peer
is "its return: failed connects" "$(probe_failed "$t")" 0
owner=b peer=a

# ---- the address is deleted by hand ----
restored=$(vip $owner restored)
t=$(now_ms)
node_run $owner ip addr del $VIP/32 dev eth0
check "deleted by hand: it is back" until_true 5 has $owner
took=$(($(now_ms) - t))
at_most "ms until it was back, as a poll saw it" $took $((250 * SLOW))
is "and counted" "$(vip $owner restored)" $((${restored:-0} + 1))
check "no move because of it" owner_stays 1 $owner
is "the peer saw nothing" "$(vip $peer state)" BACKUP

# ---- the vrrp process alone dies ----
gone=$(times_deleted $owner) moves=$(vip $peer transitions) t=$(now_ms)
old=$(kha_process $owner vrrp)
kill -KILL "$old"
new_vrrp() { local p; p=$(kha_process $owner vrrp); [ -n "$p" ] && [ "$p" != "$old" ] && [ "$p" != 0 ]; }
check "kill -9 of the vrrp process: there is a new one" until_true 5 new_vrrp
check "it owns" until_vip 5 $owner state MASTER
check "the address stays" owner_stays 4 $owner
is "the address was never away" "$(times_deleted $owner)" "$gone"
is "no transition of the peer" "$(vip $peer transitions)" "$moves"
is "failed connects" "$(probe_failed "$t")" 0

# ---- no server ----
moves=$(vip $peer transitions)
all_down() { [ "$(kha_node_stat "$1" '[.services[].servers[] | select(.state == "DOWN")] | length')" = 1 ]; }
for n in a b; do node_web_stop $n; done
for n in a b; do check "its server is DOWN on $n" until_true 20 all_down $n; done
check "without servers the address stays" owner_stays 2 $owner
is "no transition of the peer because of them" "$(vip $peer transitions)" "$moves"
for n in a b; do node_web "$n" 127.0.0.1:7443; done
check "servers return" answered_by $owner

# ---- every process of the owner is killed ----
t=$(now_ms)
kha_node_kill $owner
killed=$(now_ms)
check "kill -9 of everything: the peer has it" until_true 6 has $peer
check "the dead node's address went by itself" until_true 6 has_not $owner
at_most "ms after its death" $(($(now_ms) - killed)) $(((lifetime + 1) * 1000 * SLOW))
check "the client reaches the peer" answered_by $peer
say "kill -9: first answer of the peer after $(probe_first "$t" $peer) ms, $(probe_failed "$t") failed"
kha_node_start $owner
check "it returns as backup" until_vip 10 $owner state BACKUP
owner=a peer=b
check "and all is steady" until_true 5 steady $owner $peer

# ---- the wire is cut, and joined ----
t=$(now_ms)
link_cut $owner
check "cut off: the peer has it" until_true 6 vip_is $peer state MASTER
check "the client reaches the peer" answered_by $peer
say "cut: first answer of the peer after $(probe_first "$t" $peer) ms, $(probe_failed "$t") failed"
link_join $owner
check "joined: one owner within 5 s" until_true 5 one_owner
owner=$(who_has) peer=$(other "$owner")
check "and never two after that" owner_stays 3 "$owner"
check "both say the same" steady "$owner" "$peer"
t=$(now_ms)
check "the client reaches it" answered_by "$owner"
# Whoever speaks first after the cut.
for i in 1 2 3 4; do
	link_cut "$owner"
	check "cut $i: the client reaches the other" answered_by "$peer"
	sleep 0.$((RANDOM % 9))
	link_join "$owner"
	until_true 5 one_owner || not_ok "joined $i: one owner"
	owner=$(who_has) peer=$(other "$owner")
	t=$(now_ms)
	check "joined $i: the client reaches the owner" until_true 3 answers "$t" "$owner"
done

probe_stop
kha_node_stop "$peer"
kha_node_stop "$owner"
is "nobody has it after both stopped" "$(who_has)" ''
vip_finish
