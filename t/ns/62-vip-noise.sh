#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# 1,000 packets a second that are broken, foreign or of a worse node: the owner speaks on time, answers
# once a second, and counts each kind. Priority 0 to an owner and to a backup.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
. "$(dirname "$0")/vip-peers.sh"
once_for_all_engines
story "VRRP under noise, and farewells"

export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b
node_web a 127.0.0.1:7443
A=10.77.0.1 B=10.77.0.2 BODY=0a4d000a
P=$(pseudo4 $B $A 12)

# ---- 28, 29: noise ----
# m PRIORITY-AND-COUNT [INTERVAL [BODY [PSEUDO-HEADER]]]: of version 3, VRID 47
m() { message "312f$1${2:-0064}" "${3:-$BODY}" "${4:-$P}"; }
good=$(m 3201)
is "a message by hand" "$(m 6401 0064 $BODY "$(pseudo4 $A $B 12)")" 312f640100644afb0a4d000a
# What is sent: COUNTER SOURCE TTL MESSAGE. 40 lines.
kinds() {
	local i
	echo "rejected_ttl $B 64 $good"
	echo "rejected_ttl $B 254 $(m c801)"
	echo "rejected_peer 10.77.0.3 255 $good"
	echo "rejected_peer 10.77.0.200 255 $(m c801)"
	echo "rejected_short $B 255 31"
	for i in 2 3 4 5 6 7 8 9 10 11; do echo "rejected_length $B 255 ${good:0:2*i}"; done
	echo "rejected_length $B 255 ${good}00000000"
	echo "rejected_length $B 255 $good$(printf '%01000d' 0)"
	echo "rejected_length $B 255 $(m c800)"
	echo "rejected_length $B 255 $(m c8ff)"
	echo "rejected_empty $B 255 $(message 312fc8000064 '' "$(pseudo4 $B $A 8)")"
	echo "rejected_type $B 255 $(message 322fc8010064 $BODY "$P")"
	echo "rejected_type $B 255 $(message 302fc8010064 $BODY "$P")"
	echo "rejected_unknown_version $B 255 $(message 112fc8010064 $BODY "$P")"
	echo "rejected_unknown_version $B 255 $(message 412fc8010064 $BODY "$P")"
	echo "rejected_version $B 255 $(message 212fc8010001 ${BODY}0000000000000000)"
	echo "foreign_vrid $B 255 $(message 3100c8010064 $BODY "$P")"
	echo "foreign_vrid $B 255 $(message 3130c8010064 $BODY "$P")"
	echo "foreign_vrid 10.77.0.3 255 $(message 31ffc8010064 $BODY "$P")"
	echo "rejected_interval_zero $B 255 $(m c801 0000)"
	echo "rejected_interval_zero $B 255 $(m c801 f000)"
	echo "rejected_checksum $B 255 312fc801006412340a4d000a"
	echo "rejected_checksum $B 255 212fc8010001ffff0a4d000a0000000000000000"
	echo "adverts_received $B 255 $(m 3201 f064)"
	echo "adverts_received $B 255 $(m fd01 0fff)"
	echo "adverts_received $B 255 $(m 0101)"
	echo "adverts_received $B 255 $(m 6401 0001)"
	echo "checksum_rfc9568 $B 255 $(message 312f32010064 $BODY)"
	echo "checksum_group $B 255 $(m 3201 0064 $BODY "$(pseudo4 $B 224.0.0.18 12)")"
	echo "other_addresses $B 255 $(m 3201 0064 0a4d000b)"
	echo "other_addresses $B 255 $(m 3202 0064 0a4d000a0a4d000b "$(pseudo4 $B $A 16)")"
}
kinds >"$D/kinds"
is "kinds of packets" "$(wc -l <"$D/kinds")" 40
awk -v to=$A '{ print $2, to, $3, $4 }' "$D/kinds" >"$D/noise"

counters() { kha_node_stat a '.vips[0].counters | to_entries[] | "\(.key) \(.value)"' | sort; }
# Differences between two files of counters that are not what was sent. Whatever is accepted counts as
# received too, and has one of the checksums.
miscounted() {
	join "$D/before" "$D/after" | awk -v each=$EACH '
	FILENAME != "-" { want[$1] += each; if ($1 !~ /^(rejected|foreign)/) all += each
		if ($1 == "other_addresses" || $1 == "adverts_received") plain += each; next }
	$1 !~ /^(rejected_|foreign_|adverts_rec|checksum_|other_|rivals)/ { next }
	$1 == "adverts_received" || $1 == "rivals" { want[$1] = all } $1 == "checksum_rfc5798" { want[$1] = plain }
	$3 - $2 != want[$1] + 0 { print $1, $3 - $2, "of", want[$1] + 0 }
	$3 - $2 > 0 { seen++ } END { if (seen < 16) print "only", seen, "kinds" }' "$D/kinds" -
}
# noise ADVERT_MS SECONDS
noise() {
	SECONDS_OF_NOISE=$2 EACH=$(($2 * 25))
	local case="adverts of $1 ms" vrrp cpu t0 t1 moved n m lines
	capture noise
	kha_vip "advert = \"$1ms\"; garp = { schedule = \"0s\"; refresh = \"0s\"; };"
	kha_node_start a
	check "$case: kha owns" until_vip 8 a state MASTER
	check "$case: it has sent an advert" until_true 3 advert_is_there noise "$(now_ms)" $A
	vrrp=$(kha_process a vrrp) moved=$(vip a transitions)
	counters >"$D/before"
	lines=$(wc -l <"$D/a/kha.log")
	cpu=$(cpu_ms "$vrrp") t0=$(now_ms)
	node_run b "$TOOLS/vrrpsend" - $((EACH * 40)) 1 <"$D/noise" || not_ok "$case: everything is sent"
	t1=$(now_ms)
	at_most "$case: sent $((EACH * 40)) packets in (s)" "$(((t1 - t0 + 999) / 1000))" $((SECONDS_OF_NOISE + 1 * SLOW))
	cpu=$(($(cpu_ms "$vrrp") - cpu))
	until_stat_after "$t1"
	counters >"$D/after"
	is "$case: counters that do not fit what was sent" "$(miscounted | xargs)" ''
	adverts_between noise $A "$t0" "$t1" >"$D/adverts"
	intervals <"$D/adverts" >"$D/intervals"
	n=$(wc -l <"$D/adverts") m=$(median <"$D/intervals")
	say "$case: $n in $((t1 - t0)) ms, median $m ms, worst $(tail -n 1 "$D/intervals") ms, CPU of vrrp $cpu ms"
	between "$case: the median (ms)" "$m" "$1" 5
	# An answer begins a new interval, so that there are some more.
	at_most "$case: not fewer" "$(awk -v w=$((t1 - t0)) -v i="$1" 'BEGIN { print w / i * 0.95 }')" "$n"
	at_most "$case: extra ones, one a second" "$(awk -v i="$1" '$1 < i * 0.95' "$D/intervals" | wc -l)" \
		$((SECONDS_OF_NOISE + 1))
	garps noise a "$t0" "$t1" >"$D/garps"
	at_most "$case: it announces itself in any second" "$(most_in 950 <"$D/garps")" 2
	check "$case: but it does" test -s "$D/garps"
	is "$case: transitions" "$(vip a transitions)" "$moved"
	is "$case: it is the owner" "$(vip a state) $(who_has)" "MASTER a"
	is "$case: the address was never away" "$(times_deleted a)" "$gone"
	at_most "$case: lines in the log" $(($(wc -l <"$D/a/kha.log") - lines)) 5
	capture_stop
	check "$case: DEGRADED ends" until_vip 8 a degraded ""
	kha_node_stop a
	gone=$(times_deleted a)
}
# What the socket still held is counted when a later packet is.
until_stat_after() { until_advert noise "$1" $A >/dev/null; }
# between NAME GOT WANTED PERCENT
between() {
	if awk -v g="$2" -v w="$3" -v p="$4" 'BEGIN { exit !(g >= w * (1 - p / 100) && g <= w * (1 + p / 100)) }'
	then ok "$1: $2, $3 +-$4 %"; else not_ok "$1: $2, not $3 +-$4 %"; fi
}
gone=0
noise 100 5
noise 1000 10 # in less time it sends more answers than adverts

# ---- 30: farewells ----
capture wire
zero() { node_run b "$TOOLS/vrrpsend" $B $A 255 "$(m 0001)" "$@"; }
# zero_at FROM: when it was on the wire
zero_at() { advert_after wire "$1" $B 0; }
has_zero() { [ -n "$(zero_at "$1")" ]; }
kha_beside 100 'peers = "nodes"; garp = { schedule = "0s"; refresh = "0s"; };'
kha_node_start a
check "kha owns" until_vip 8 a state MASTER
for i in 1 2 3; do
	t=$(now_ms)
	zero
	until_true 2 has_zero "$t"
	z=$(zero_at "$t")
	next=$(until_advert wire "${z:-0}" $A)
	at_most "priority 0 to the owner, $i: ms to its advert" \
		"$(awk -v a="${z:-0}" -v b="${next:-9e15}" 'BEGIN { print b - a }')" $((20 * SLOW))
done
is "it is the owner" "$(vip a state) $(vip a became_master)" "MASTER 1"
is "farewells counted" "$(vip a zero_received)" 3

node_start b owner "$TOOLS/vrrpsend" $B $A 255 "$(m c801)" -1 200
owner=$LAST
check "a better node speaks: kha is backup" until_vip 3 a state BACKUP
at_most "its priority" "$(vip a priority)" 100
end "$owner"
t=$(now_ms)
zero 2 300
z=$(zero_at "$t")
said_after wire "two farewells, 300 ms apart: from the first to the backup's advert" "${z:-0}" $A "$(skew 3 100 1000)"
is "it took over once" "$(vip a became_master) $(vip a state)" "2 MASTER"
is "and heard both" "$(vip a zero_received)" 5
kha_node_stop a
capture_stop

vip_finish
