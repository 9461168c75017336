#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Deaths of a part of the owner: of its master, and of each worker that is born. The other node has the VIP
# before its adverts are missed, and no two nodes answer for it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
once_for_all_engines
story "death of the master, death of all workers"

export GLOBAL='workers = 1; log_level = "notice";'
advert=$((100 * SLOW))
vip_nodes a b
for n in a b; do node_web $n 127.0.0.1:7443; done
kha_vip "advert = \"${advert}ms\";"
for n in a b; do kha_node_start $n; done
other() { case $1 in a) echo b ;; *) echo a ;; esac; }
# steady OWNER: and the other one has heard it
steady() { owner_is "$1" && vip_is "$1" state MASTER && vip_is "$(other "$1")" state BACKUP &&
	vip_is "$(other "$1")" owner "$(node_ip "$1")"; }
check "a has the VIP" until_true 8 steady a

# ---- who answers ARP: the client forgets and asks, each 10 ms ----

asks() { node_start client asks bash -c "while :; do ip neigh flush to $VIP dev eth0; sleep 0.01; done"; ASKS=$LAST; }
mac() { node_run "$1" ip -j link show eth0 | jq -r '.[0].address'; }
declare -A MAC
for n in a b; do MAC[$n]=$(mac $n); done
CLIENT_MAC=$(mac client)
# answers_arp NODE: moments of its answers to the client, in ms
answers_arp() {
	tcpdump -r "$D/wire.pcap" -nn -tt -e "arp[6:2] = 2 and ether src ${MAC[$1]} and ether dst $CLIENT_MAC" 2>/dev/null |
		awk -v vip=$VIP 'index($0, "Reply " vip " is-at") { printf "%.3f\n", $1 * 1000 }'
}
answers_count() { answers_arp "$1" | awk -v from="$2" -v to="${3:-9e15}" '$1 >= from && $1 < to { n++ } END { print n + 0 }'; }
# both_answered FROM OLD NEW: how long the old owner went on after the new one's first answer, in ms
both_answered() {
	local first last
	first=$(answers_arp "$3" | awk -v from="$1" '$1 >= from { print; exit }')
	last=$(answers_arp "$2" | tail -n 1)
	awk -v a="${first:-0}" -v b="${last:-0}" 'BEGIN { if (a == 0) print "none"; else printf "%.1f\n", (b > a ? b - a : 0) }'
}

# ---- the master ----

capture wire
probe_start
asks
owner=a times=''
for i in 1 2 3 4 5 6; do
	peer=$(other $owner)
	check "$i: the client reaches $owner" answered_by $owner
	kids=$(descendants "${NODE_KHA[$owner]}")
	# Anywhere between two adverts.
	sleep "0.0$((RANDOM % 100 + 100))"
	t=$(now_ms)
	kill -KILL "${NODE_KHA[$owner]}"
	wait "${NODE_KHA[$owner]}" 2>/dev/null
	check "$i: death of the master: $peer has the VIP" until_true 5 owner_is $peer
	check "$i: the client reaches $peer" answered_by $peer
	outage=$(probe_outage $((t - 200)))
	times="$times $outage"
	# 20 ms is what it takes on a quiet machine.
	at_most "$i: longest time between two answers (ms)" "$outage" $((100 * SLOW))
	# shellcheck disable=SC2086 # a list
	check "$i: no process of $owner is left" until_true 3 all_ended $kids
	NODE_KHA[$owner]=''
	kha_node_start $owner
	check "$i: $owner returns as backup" until_true 8 steady $peer
	at_most "$i: $owner answered ARP before" 2 "$(answers_count $owner $((t - 100)) "$t")"
	at_most "$i: $peer answers ARP" 10 "$(answers_count $peer "$t")"
	at_most "$i: both answered (ms)" "$(both_answered "$t" $owner $peer)" 0
	owner=$peer
done
say "death of the master, longest time between two answers (ms):$times"
end "$ASKS"

# ---- no worker lives ----

peer=$(other $owner)
check "the client reaches $owner" answered_by $owner
master=${NODE_KHA[$owner]}
worker=$(kha_node_stat $owner '.workers[0].pid')
others=" $(pgrep -P "$master" | grep -vx "$worker" | xargs) "
# kill_born SECONDS: what the master starts in this time, and the worker that there is. The first two
# successors come at once and live for some milliseconds.
kill_born() {
	local end=$(($(now_ms) + $1 * 1000)) p
	while [ "$(now_ms)" -lt $end ]; do
		for p in $(pgrep -P "$master"); do
			case $others in *" $p "*) ;; *) kill -KILL "$p" 2>/dev/null && echo "$p" ;; esac
		done
	done >"$D/killed"
}
t=$(now_ms)
kill_born 3 &
killer=$!
check "all workers killed over and over: $peer has the VIP" until_true 5 owner_is $peer
# But for the moments in which one lives.
check "$owner says why" until_vip 3 $owner fault "no worker lives and accepts"
wait $killer
say "killed: $(sort -u "$D/killed" | wc -l) workers; first answer of $peer after $(probe_first "$t" $peer) ms, $(probe_results "$t")"
at_most "workers that were killed" 2 "$(sort -u "$D/killed" | wc -l)"
at_most "ms to the first answer of $peer" "$(probe_first "$t" $peer)" $((500 * SLOW))
is "it stayed there: failures after that" "$(probe_failed $((t + 500 * SLOW)))" 0
check "with a worker $owner is a backup" until_true 15 steady $peer
probe_stop
capture_stop
vip_finish
