#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kha on a, keepalived on b: kha stands still, its address and its link go and come; and three nodes of which
# the best dies, twice. Each time there is one owner, the right one, and keepalived knows.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
. "$(dirname "$0")/vip-peers.sh"
once_for_all_engines
story "VRRP with keepalived: a frozen node, lost addresses, cut wires, succession"

export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b c
node_web a 127.0.0.1:7443
node_web b 0.0.0.0:6443
node_web c 0.0.0.0:6443
A=10.77.0.1 B=10.77.0.2 C=10.77.0.3
fast='version = 3; advert = "100ms"; peers = "multicast"; garp = { schedule = "0s"; refresh = "0s"; };'
lifetime=2000 # ms: 3 adverts are less
kha_owns() { vip_is a state MASTER && keepalived_is b BACKUP && owner_is a; }
kha_waits() { vip_is a state BACKUP && keepalived_is b MASTER && owner_is b; }
passed() { [ "$(now_ms)" -ge "$1" ]; }
elapsed() { echo $(($(now_ms) - $1)); }

# ---- 31: all processes of kha stand still ----
capture wire
kha_beside 200 "$fast preempt = false;"
kha_node_start a
check "frozen: kha owns" until_vip 5 a state MASTER
keepalived_start b 100 version=3 advert=0.1
check "frozen: keepalived waits" until_true 3 kha_owns
probe_start
check "frozen: the client reaches kha" answered_by a
t=$(now_ms)
kha_node_freeze a
check "frozen for 2 s: keepalived has the address" until_true 2 has b
say "frozen: keepalived had it after $(elapsed "$t") ms"
check "frozen: the client reaches keepalived" answered_by b
until_true 3 passed $((t + 2000))
thawed=$(now_ms)
kha_node_thaw a
check "thawed: kha is backup, and the address is gone there" until_true 2 kha_waits
at_most "thawed: at once (ms)" "$(elapsed "$thawed")" $((500 * SLOW))
at_most "thawed: gone since it was frozen (ms)" "$(elapsed "$t")" $((lifetime + 500 * SLOW))
check "thawed: for good" owner_stays 2 b
is "thawed: kha did not speak" "$(adverts_between wire $A "$thawed" 9e15 | wc -l)" 0
is "thawed: and did not announce itself" "$(garps wire a "$thawed" | wc -l)" 0
is "thawed: failed connects since" "$(probe_failed $((thawed + 500 * SLOW)))" 0

keepalived_stop b
check "frozen again: kha owns" until_vip 3 a state MASTER
t=$(now_ms)
kha_node_freeze a
check "frozen for longer: the address goes by itself" until_true 4 has_not a
at_most "frozen for longer: in its lifetime (ms)" "$(elapsed "$t")" $((lifetime + 500 * SLOW))
thawed=$(now_ms)
kha_node_thaw a
check "thawed, alone: kha owns again" until_vip 4 a state MASTER
first=$(advert_after wire "$thawed" $A -)
at_most "thawed, alone: it listened for three adverts first (ms)" 300 \
	"$(awk -v a="$thawed" -v b="${first:-0}" 'BEGIN { print b - a }')"
kha_node_stop a

kha_beside 200 "$fast preempt = true;"
kha_node_start a
check "preempt: kha owns" until_vip 5 a state MASTER
keepalived_start b 100 version=3 advert=0.1
check "preempt: keepalived waits" until_true 3 kha_owns
kha_node_freeze a
check "preempt: frozen: keepalived has it" until_true 2 has b
until_true 4 has_not a
thawed=$(now_ms)
kha_node_thaw a
check "preempt: thawed: kha has it back" until_true 3 kha_owns
check "preempt: for good" owner_stays 1 a
is "preempt: one set of announcements" "$(garps wire a "$thawed" | wc -l)" 2
check "preempt: the client reaches kha" answered_by a

# ---- 32: addresses and links ----
moved=$(vip a transitions) words=$(keepalived_log b | grep -c Entering)
back=0
for i in 1 2 3 4 5; do
	t=$(now_ms)
	node_run a ip addr del $VIP/32 dev eth0
	until_true 2 has a || not_ok "deleted $i: it is back"
	t=$(elapsed "$t")
	[ "$t" -le "$back" ] || back=$t
done
at_most "deleted five times: back after (ms, a poll included)" "$back" $((250 * SLOW))
is "deleted: restored" "$(vip a restored)" 5
is "deleted: transitions of kha" "$(($(vip a transitions) - moved))" 0
is "deleted: words of keepalived" "$(($(keepalived_log b | grep -c Entering) - words))" 0

node_run a sh -c "ip addr flush dev eth0; ip addr add $A/24 dev eth0; ip addr add fd77::1/64 dev eth0 nodad"
check "flushed, and the node's own restored: kha owns" until_true 5 kha_owns
check "flushed: for good" owner_stays 1 a
node_run a ip addr flush dev eth0
check "flushed: without an address of its own kha is in FAULT" until_vip 3 a state FAULT
check "flushed: keepalived has it" until_true 2 owner_is b
node_run a sh -c "ip addr add $A/24 dev eth0; ip addr add fd77::1/64 dev eth0 nodad"
check "flushed: the node's own is back, and with it kha" until_true 5 kha_owns

t=$(now_ms)
link_down a
check "link down: kha is in FAULT" until_vip 2 a state FAULT
check "link down: keepalived alone has it" until_true 2 owner_is b
check "link down: the client reaches keepalived" answered_by b
link_up a
check "link up: kha has it back" until_true 5 kha_owns
check "link up: the client reaches kha" answered_by a

# A worse owner that gives way says so: kha by itself, keepalived if it is told to. Who speaks first after a
# cut would else not hear that there was another one, and its clients not until the next announcement.
keepalived_stop b
keepalived_start b 100 version=3 advert=0.1 "more=higher_prio_send_advert true"
check "cut: first keepalived waits" until_true 3 kha_owns
link_cut a
check "cut: keepalived has it as well" until_true 2 owner_is "a b"
check "cut: the client reaches keepalived" answered_by b
t=$(now_ms)
link_join a
check "joined: kha, which is better, has it" until_true 3 kha_owns
say "joined: one owner after $(elapsed "$t") ms"
check "joined: for good" owner_stays 1 a
t=$(now_ms)
check "joined: the client reaches kha" until_true 3 answers "$t" a
say "joined: the client after $(elapsed "$t") ms"
is "rejected by kha" "$(rejected)" 0
probe_stop
keepalived_stop b
kha_node_stop a
capture_stop

# ---- 33: three nodes, unicast, version 2 ----
node_web_stop b
node_web b 127.0.0.1:7443
kha_file <<X
nodes = ( { addresses = "$A"; priority = 254; }, { addresses = "$B"; priority = 253; },
	{ addresses = "$C"; priority = 252; } );
$(kha_vip_body 'version = 2; advert = "1s"; peers = "nodes"; preempt = true;')
X
capture three
keepalived_start c 252 "peers=$A $B"
kha_node_start b
kha_node_start a
check "three nodes: the first has it" until_true 9 owner_is a
check "three nodes: the second waits" until_vip 4 b state BACKUP
check "three nodes: for good" owner_stays 1 a
probe_start
check "three nodes: the client reaches the first" answered_by a
# dies NODE SOURCE NEXT NEXT-SOURCE NEXT-PRIORITY
dies() {
	local last
	link_cut "$1"
	kha_node_kill "$1"
	check "$1 dies: $3 has it" until_true 6 has "$3"
	last=$(last_advert three "$2")
	said_after three "$1 dies: the advert of $3" "$last" "$4" $((3000 + $(skew 2 "$5" 1000)))
	check "$1 dies: its address goes by itself" until_true 6 owner_is "$3"
	check "$1 dies: the client reaches $3" answered_by "$3"
}
t=$(now_ms)
dies a $A b $B 253
is "a dies: the third said nothing" "$(adverts_between three $C "$t" 9e15 | wc -l)" 0
dies b $B c $C 252
link_join a
kha_node_start a
check "the first is back, and has it" until_true 9 owner_is a
check "the first is back: the client reaches it" answered_by a
probe_stop
capture_stop
is "a dissector has nothing against all these messages" "$(faults three | head -n 3)" ''
vip_finish
