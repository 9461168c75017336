#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What 200 listeners (50 services with 4 addresses) cost one worker beside 1: its CPU while nothing
# comes, for a new connection, and for a request on open connections (each fails above 1.5 x).
# KHA_ENGINE chooses the engine, ROUNDS how often.
. "$(dirname "$0")/lib.sh"
story "200 listeners"

ROUNDS=${ROUNDS:-5} MANY=200 EACH=4
BENCH_SECONDS=${BENCH_SECONDS:-2}
LOADS=8 CONNS=6 # of each
. t/bench/measure.sh
cores || { not_ok "needs two cores"; finish; }
namespace_tune
bench_servers

# Listeners are 127.0.3.1, 127.0.3.2 and so on.
listening() { [ "$(ss -Hltn 'sport = :8440' | wc -l)" = "$1" ]; }
# begin LISTENERS: kha on its core
begin() {
	local n=$1 i k list services=''
	for ((i = 1; i <= n; i += EACH)); do
		list=''
		for ((k = i; k < i + EACH && k <= n; k++)); do list="$list\"127.0.3.$k:8440\", "; done
		services="$services { name = \"s$i\"; listen = [ ${list%, } ]; preset = \"tcp\";
		log_connections = \"none\"; check = { type = \"none\"; }; servers = ( \"127.0.0.1:9101\" ); },"
	done
	export GLOBAL='workers = 1; log_level = "notice"; max_connections = 1000;'
	conf <<<"services = ( ${services%,} );"
	on "$PROXY_CORE"
	kha_start
	on "$LOAD_CORE"
	until_true 5 listening "$n" && return
	not_ok "kha listens $n times: $(tail -n 3 "$D/kha.err")"
	exit 1
}
# under WHAT LISTENERS OPTION...: the same loads for both, spread over what there is
under() {
	local what=$1 n=$2 i pids=''
	for ((i = 0; i < LOADS; i++)); do
		load "client$i" -a "127.0.3.$((i * n / LOADS + 1)):8440" -c $CONNS -d "$LOAD_SECONDS" "${@:3}"
		pids="$pids $LAST"
	done
	warm 1000 || not_ok "the load runs"
	window || not_ok "requests in the window"
	echo "$WINDOW_VALUE" >>"$D/$what.$n"
	i=0
	for p in $pids; do
		end "$p"
		[ "$(result "client$i" errors)" = 0 ] || not_ok "$what, $n listeners: client $i sees errors"
		i=$((i + 1))
	done
	until_true 5 idle || not_ok "the load is gone"
}
round() { # LISTENERS
	local ns t
	begin "$1"
	PROXY=("$(worker_pid 0)")
	ns=$(cpu_ns "${PROXY[@]}") t=$(now_ns)
	sleep "$BENCH_SECONDS"
	ns=$(($(cpu_ns "${PROXY[@]}") - ns)) t=$(($(now_ns) - t))
	awk "BEGIN { printf \"%.3f\n\", $ns * 1e6 / $t }" >>"$D/idle.$1" # us in a second
	under connection "$1" -1
	under request "$1"
	kha_stop
}
for ((r = 0; r < ROUNDS; r++)); do
	round 1
	round $MANY
	for what in idle connection request; do
		paste "$D/$what.1" "$D/$what.$MANY" | tail -n 1 | awk '{ print 100 * $2 / $1 }' >>"$D/$what.ratio"
	done
done
for what in idle connection request; do
	case $what in
	idle) unit='us in a second' ;;
	*) unit="us a $what" ;;
	esac
	ratio=$(median <"$D/$what.ratio" | cut -d. -f1)
	say "$what: $(median <"$D/$what.1") $unit with 1 listener, $(median <"$D/$what.$MANY") with $MANY: $ratio %"
	at_most "$what: with $MANY listeners, in percent of 1" "$ratio" 150
done
finish
