#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A vrrp process that stands still between looking at its lease and telling the kernel: the request to refresh
# comes when the address has expired and another node has it. The kernel would add it again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
once_for_all_engines
story "a refresh of the address that comes too late"

export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b
for n in a b; do node_web $n 127.0.0.1:7443; done
# As many adverts as refreshes, so that either may be the call that is held.
kha_vip "advert = \"300ms\"; lifetime = \"2s\";"
for n in a b; do kha_node_start $n; done
steady() { vip_is "$1" state MASTER && owner_is "$1"; }
check "a has it" until_true 8 steady a
node_start client arp "$TOOLS/arpwatch" $VIP

# had NODE FROM TO: how long in ms it had the address between two moments, as the kernel told
had() {
	awk -v from="$2" -v to="$3" -v vip="$VIP/" '
		function ms(s,  p) { gsub(/[][]/, "", s); split(s, p, /[-T:]/)
			return mktime(p[1] " " p[2] " " p[3] " " p[4] " " p[5] " " int(p[6])) * 1000 + (p[6] - int(p[6])) * 1000 }
		index($0, vip) { t = ms($1); if (t < from || t >= to) next
			if ($2 == "Deleted") { if (began) sum += t - began; began = 0 } else if (!began) began = t }
		END { if (began) sum += to - began; printf "%.1f\n", sum }' "$D/addresses-$1.out"
}
# Lines of both, for whoever reads what went wrong.
tell() { say "a: $(vip a state), b: $(vip b state), the address is with: $(who_has)"; }

# late OWNER OTHER ALONE: ALONE: only vrrp stands still, and its master wants to replace it
late() {
	local vrrp t gone back
	vrrp=$(kha_process "$1" vrrp)
	# The request that is held comes after one to five others: adverts and refreshes.
	start trace strace -q -p "$vrrp" -e trace=sendmsg -e "signal=none" \
		-e "inject=sendmsg:delay_enter=2700000:when=$((RANDOM % 5 + 2))" -o "$D/trace.calls"
	trace=$LAST
	[ "$3" = alone ] || kill -STOP "${NODE_KHA[$1]}"
	t=$(now_ms)
	until_true $((5 * SLOW)) has "$2" || not_ok "$2 takes over"
	until_true 4 has_not "$1" || not_ok "the address of $1 expires"
	gone=$(now_ms)
	# Its request goes out; then it is on its own again, or its successor is.
	until_true 6 grep -q DELAYED "$D/trace.calls" || not_ok "a call was held"
	back=$(now_ms)
	end "$trace"
	[ "$3" = alone ] || kill -CONT "${NODE_KHA[$1]}"
	until_true $((5 * SLOW)) settled "$1" "$2" || { not_ok "one owner in the end"; tell; }
	sleep 0.5
	say "$1, $3: $2 had it after $((gone - t)) ms; the held call: $(grep DELAYED "$D/trace.calls" | cut -c 1-60)"
	at_most "$1 had it again for so many ms" "$(had "$1" $((gone - 20)) "$(now_ms)")" $((100 * SLOW))
	at_most "two answers by ARP after that, ms" "$(twice $((gone + 20)) "$(now_ms)")" $((100 * SLOW))
	is "$2 keeps it" "$(who_has)" "$2"
	[ "$back" -ge "$gone" ] || not_ok "the call was held until the address had expired"
}
settled() { vip_is "$2" state MASTER && vip_is "$1" state BACKUP; }
# twice FROM TO: for how long questions had two answers
twice() {
	awk -v from="$1" -v to="$2" '$1 >= from && $1 < to { if ($1 != t) { t = $1; mac = $2 } else if ($2 != mac && t != last) { n++; last = t } }
		END { print n * 10 }' "$D/arp.out"
}
for ((i = 0; i < MORE; i++)); do
	late a b alone
	late b a all
	late a b all
	late b a alone
done
vip_finish
