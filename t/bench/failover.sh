#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# How long clients of a VIP wait when its owner goes: kha and keepalived on the same two nodes, one after
# the other in each round, same interval of adverts. A client connects every 5 ms; counted is the time from
# the event to the first answer of the other node, and how many attempts failed.
#
#	RUNS=10				of each
#	SETS="kha-100ms keepalived-100ms"	some of the sets
#	EVENTS="stop kill cut"		some of the events: planned stop; kill -9 of all processes of the
#					owner; its wire is pulled
if [ "${1:-}" = --help ]; then sed -n '3,/^# *owner/s/^# \{0,1\}//p' "$0"; exit 0; fi
. "$(dirname "$0")/../ns/lib.sh"
. "$(dirname "$0")/../ns/vip-lib.sh"
story "failover: kha beside keepalived"
RUNS=${RUNS:-10} SETS=${SETS:-kha-1s kha-100ms keepalived-1s keepalived-100ms} EVENTS=${EVENTS:-stop kill cut}

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
		until_vip 8 a state MASTER && until_vip 5 b state BACKUP
		;;
	keepalived-*)
		for n in a b; do
			node_web_stop $n
			node_web $n 0.0.0.0:6443
		done
		# As tuned as it gets: small skews (254, 253), version 3.
		keepalived_start a 254 version=3 advert="$(interval_of "$1")" peers=10.77.0.2
		keepalived_start b 253 version=3 advert="$(interval_of "$1")" peers=10.77.0.1
		until_true 8 owner_is a
		;;
	esac && answered_by a
}
event() { # SET EVENT
	case $1-$2 in
	kha-*-stop) kha_node_stop a ;;
	kha-*-kill) kha_node_kill a ;;
	keepalived-*-stop) keepalived_stop a ;;
	# The proxy beside it as well, as with kha.
	keepalived-*-kill) node_web_stop a; kill_tree "${NODE_K[a]}"; NODE_K[a]='' ;;
	*-cut) link_cut a ;;
	esac
}
finish_run() { # SET
	local n
	link_join a
	case $1 in
	kha-*) for n in a b; do kha_node_stop $n; done ;;
	*) for n in a b; do
		keepalived_stop $n
		node_run $n ip addr flush to $VIP/32
		node_web_stop $n
		node_web $n 127.0.0.1:7443
	done ;;
	esac
	until_true 8 owner_is ''
}
: >"$D/samples"
for ((run = 1; run <= RUNS; run++)); do
	for set in $SETS; do
		for event in $EVENTS; do
			probe_start
			if begin "$set"; then
				# Anywhere between two adverts.
				sleep "$(awk -v i="$(interval_of "$set")" -v r=$RANDOM 'BEGIN { print i * r / 32768 }')"
				t=$(now_ms)
				event "$set" "$event"
				until_true 8 answers "$t" b || say "run $run, $set, $event: the other node did not answer"
				sleep 0.3
				echo "$set $event $(probe_first "$t" b) $(probe_failed "$t")" >>"$D/samples"
			else
				not_ok "run $run, $set: a owns"
			fi
			probe_stop
			finish_run "$set" || say "run $run, $set: somebody still has the address"
		done
	done
done
printf '%-18s %-6s %22s %8s %8s %16s\n' set event "ms to the first answer" p95 max "failed (median)"
for event in $EVENTS; do
	for set in $SETS; do
		awk -v s="$set" -v e="$event" '$1 == s && $2 == e { print $3, $4 }' "$D/samples" | sort -n | awk -v s="$set" -v e="$event" '
			{ ms[NR] = $1; f[NR] = $2 }
			END { if (NR == 0) exit
			n = asort_failed(); p = int(NR * 0.95 + 0.5); if (p < 1) p = 1
			printf "%-18s %-6s %22.0f %8.0f %8.0f %16d\n", s, e, ms[int((NR + 1) / 2)], ms[p], ms[NR], f[int((NR + 1) / 2)] }
			function asort_failed(  i, j, x) { for (i = 2; i <= NR; i++) { x = f[i]
				for (j = i - 1; j > 0 && f[j] > x; j--) f[j + 1] = f[j]; f[j + 1] = x } return NR }'
	done
done
BAD=${BAD:-0}
vip_finish
