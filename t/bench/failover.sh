#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# How long clients of a VIP wait when its owner goes: kha and keepalived on the same two nodes, one after
# the other in each round. A client connects every 5 ms: counted is the time from the event to the first
# answer of the other node, the longest time without any answer, and how many attempts failed. A third
# machine asks by ARP every 10 ms who has the address: counted is the longest time with two answers.
#
#	RUNS=10				of each
#	SETS="kha-100ms keepalived-100ms"	some of the sets; keepalived-1s is as the reference deployment
#					has it, the other one as tuned as it gets
#	EVENTS="stop kill cut"		some of the events
#
# Events: stop (planned), release and take (kha vip), kill (-9 of all processes of the owner), freeze
# (SIGSTOP of all, and SIGCONT after 4 s), cut (its wire is pulled), master, vrrp (kill -9 of this process
# alone), workers (kill -9 of all, and none can be started again).
if [ "${1:-}" = --help ]; then sed -n '3,/^# alone/s/^# \{0,1\}//p' "$0"; exit 0; fi
. "$(dirname "$0")/../ns/lib.sh"
. "$(dirname "$0")/../ns/vip-lib.sh"
story "failover: kha beside keepalived"
RUNS=${RUNS:-10} SETS=${SETS:-kha-1s kha-100ms keepalived-1s keepalived-100ms}
EVENTS=${EVENTS:-stop release take kill freeze cut master vrrp workers}

export GLOBAL='workers = 1; log_level = "notice";'
vip_nodes a b
# keepalived's listeners are there with or without the address, as haproxy's are.
for n in a b; do node_web $n 127.0.0.1:7443; done
interval_of() { case $1 in *100ms) echo 0.1 ;; *) echo 1 ;; esac; }
begin() { # SET: a owns, b waits
	local n
	case $1 in
	kha-*)
		kha_vip "advert = \"${1#kha-}\";"
		for n in a b; do kha_node_start $n; done
		until_vip 8 a state MASTER && until_vip 5 b state BACKUP && until_vip 5 b owner 10.77.0.1
		;;
	keepalived-*)
		for n in a b; do
			node_web_stop $n
			node_web $n 0.0.0.0:6443
		done
		case $1 in
		*100ms) # small skews, version 3
			keepalived_start a 254 version=3 advert=0.1 peers=10.77.0.2
			keepalived_start b 253 version=3 advert=0.1 peers=10.77.0.1
			;;
		*) # multicast, version 2, 101 and 100
			keepalived_start a 101 version=2 advert=1
			keepalived_start b 100 version=2 advert=1
			;;
		esac
		until_true 8 owner_is a
		;;
	esac && answered_by a
}
# aim SET EVENT: finds the processes before the event, so that its moment is that of the signal: walking
# through a tree of processes takes a shell 100 ms. keepalived's proxy dies beside it, as kha's does.
aim() {
	case $1-$2 in
	kha-*-vrrp) AIM=$(kha_process a vrrp) ;;
	kha-*-master) AIM=${NODE_KHA[a]} ;;
	kha-*-workers) AIM=$(kha_node_stat a ".workers[].pid") ;;
	kha-*-kill | kha-*-freeze) AIM=$(descendants "${NODE_KHA[a]}") ;;
	keepalived-*-kill | keepalived-*-freeze) AIM=$(descendants "${NODE_K[a]}"; echo "${NODE_WEB[a]}") ;;
	*) AIM='' ;;
	esac
}
# Anybody's frozen processes go on in the end.
# shellcheck disable=SC2086 # a list
thaw() { kill -CONT $AIM; }
event() { # SET EVENT
	# shellcheck disable=SC2086 # lists
	case $1-$2 in
	kha-*-stop) kha_node_stop a ;;
	kha-*-release) "$KHA" vip -r "$D/a/run" release >/dev/null ;;
	kha-*-take) "$KHA" vip -r "$D/b/run" take >/dev/null ;;
	# New ones find no descriptor for what they need.
	kha-*-workers) prlimit --pid "${NODE_KHA[a]}" --nofile=1: && kill -9 $AIM ;;
	# All at the same time: none sees another die.
	*-kill) kill -STOP $AIM && kill -9 $AIM ;;
	kha-*-master | kha-*-vrrp) kill -9 $AIM ;;
	*-freeze) kill -STOP $AIM ;;
	keepalived-*-stop) keepalived_stop a ;;
	*-cut) link_cut a ;;
	*) return 1 ;;
	esac
}
buried() { # SET EVENT: who was killed is forgotten
	case $1-$2 in
	kha-*-kill | kha-*-master) wait "${NODE_KHA[a]}" 2>/dev/null; NODE_KHA[a]='' ;;
	keepalived-*-kill)
		wait "${NODE_K[a]}" "${NODE_WEB[a]}" 2>/dev/null
		NODE_K[a]='' NODE_WEB[a]=''
		;;
	esac
}
# gone MS: when the address of a went, or "-": it is still there 4 s later
gone() { until_true 4 has_not a && awk -v f="$1" -v n="$(now_ms)" 'BEGIN { print n - f }' || echo -; }
settle() { # SET EVENT MS: what becomes of the old owner; sets STALE: when its address went
	STALE=0
	case $2 in
	kill | freeze) STALE=$(gone "$3") ;;
	workers) prlimit --pid "${NODE_KHA[a]}" --nofile=20000: ;;
	*) sleep 0.3 ;;
	esac
	[ "$2" = freeze ] || return
	until_true 5 later $(($3 + 4000))
	thaw
	sleep 1
}
later() { [ "$(now_ms)" -ge "$1" ]; }
finish_run() { # SET
	local n
	link_join a
	case $1 in
	kha-*) for n in a b; do kha_node_stop $n; done ;;
	*) for n in a b; do
		keepalived_stop $n
		node_run $n ip addr flush to $VIP/32
		[ -z "${NODE_WEB[$n]}" ] || node_web_stop $n
		node_web $n 127.0.0.1:7443
	done ;;
	esac
	until_true 8 owner_is ''
}
# two_owners FROM TO: longest time in ms in which each question had two answers
two_owners() {
	awk -v from="$1" -v to="$2" '$1 >= from && $1 < to { if ($1 != t) { t = $1; mac = $2; next }
		if ($2 != mac) { if (t - last > 15) began = t; last = t; if (t - began + 10 > max) max = t - began + 10 } }
	END { print max + 0 }' "$D/arp.out"
}
: >"$D/samples"
sample() { # SET EVENT
	local t first end
	node_start client arp "$TOOLS/arpwatch" $VIP
	ARP=$LAST
	probe_start
	if begin "$1"; then
		aim "$1" "$2"
		# Anywhere between two adverts.
		sleep "$(awk -v i="$(interval_of "$1")" -v r=$RANDOM 'BEGIN { print i * r / 32768 }')"
		t=$(now_ms)
		event "$1" "$2"
		buried "$1" "$2"
		if [ "$2" = vrrp ]; then
			sleep 1
			first=0
		else
			until_true 8 answers "$t" b || say "$1, $2: the other node did not answer"
			first=$(probe_first "$t" b)
		fi
		end=$(now_ms)
		settle "$1" "$2" "$t"
		echo "$1 $2 $first $(probe_outage $((t - 100)) "$end") $(probe_failed "$t" "$end") $(two_owners "$t" "$(now_ms)") $STALE" >>"$D/samples"
	else
		not_ok "$1: a owns"
	fi
	probe_stop
	end "$ARP"
	finish_run "$1" || say "$1, $2: somebody still has the address"
}
for ((run = 1; run <= RUNS; run++)); do
	for event in $EVENTS; do
		for set in $SETS; do
			case $set-$event in
			keepalived-*-release | keepalived-*-take | keepalived-*-master | keepalived-*-vrrp | \
				keepalived-*-workers) ;;
			*) sample "$set" "$event" ;;
			esac
		done
	done
done
# middle COLUMN SHARE: of the samples on standard input
middle() { cut -d' ' -f"$1" | sort -n | awk -v q="$2" '{ v[NR] = $1 } END { i = int(NR * q + 0.9999); if (i < 1) i = 1; print v[i] }'; }
printf '%-9s %-18s %4s | %-23s | %-15s | %-15s | %-13s | %s\n' event set runs "first answer, ms: median" \
	"no answer, ms:" "failed:" "two owners, ms:" "old address gone, ms:"
printf '%-9s %-18s %4s | %7s %7s %7s | %7s %7s | %7s %7s | %7s %7s | %7s %7s\n' '' '' '' median p95 max median p95 median max median max median max
for event in $EVENTS; do
	for set in $SETS; do
		grep "^$set $event " "$D/samples" >"$D/one" || continue
		printf '%-9s %-18s %4d | %7.0f %7.0f %7.0f | %7.0f %7.0f | %7d %7d | %7.0f %7.0f | %7s %7s\n' "$event" "$set" \
			"$(wc -l <"$D/one")" "$(middle 3 .5 <"$D/one")" "$(middle 3 .95 <"$D/one")" "$(middle 3 1 <"$D/one")" \
			"$(middle 4 .5 <"$D/one")" "$(middle 4 .95 <"$D/one")" "$(middle 5 .5 <"$D/one")" "$(middle 5 1 <"$D/one")" \
			"$(middle 6 .5 <"$D/one")" "$(middle 6 1 <"$D/one")" "$(middle 7 .5 <"$D/one")" "$(middle 7 1 <"$D/one")"
	done
done
# ratio EVENT SET PEER COLUMN
ratio() {
	local a b
	a=$(grep "^$2 $1 " "$D/samples" | middle "$4" .5) b=$(grep "^$3 $1 " "$D/samples" | middle "$4" .5)
	[ -n "$a" ] && [ -n "$b" ] && awk -v a="$a" -v b="$b" -v e="$1" -v p="$2/$3" 'BEGIN { if (b > 0) printf "%s %s: first answer %.2f\n", e, p, a / b }'
}
for event in stop kill freeze cut; do ratio $event kha-100ms keepalived-100ms 3; ratio $event kha-1s keepalived-1s 3; done
BAD=${BAD:-0}
vip_finish
