#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What it costs when a worker hands a connection over to the other: CPU of both workers, and delay of
# the client's answer. Of two workers on two cores one dies and comes back empty, and so gets what the
# other accepts too: about half of all. Beside it a kha with one worker, on the core of that one, does the
# same work with nothing handed over. (Two level workers would be no measure: work that is spread over two
# cores costs more than the same on one.) Both ways round, loaded in turns, so that what else the machine
# does is felt by all. KHA_ENGINE chooses the engine, ROUNDS how many turns.
# shellcheck disable=SC2034 # lib.sh reads RUN and SERVER_CORE
. "$(dirname "$0")/lib.sh"
story "connections handed over between two workers"

ROUNDS=${ROUNDS:-20} RATE=1000 EACH=400 LONG=300
cores || { not_ok "needs two cores"; finish; }
namespace_tune
# Only the workers have a core each; client and servers, and kha for a start, may use both.
ONE=$LOAD_CORE OTHER=$PROXY_CORE
LOAD_CORE=$ONE,$OTHER SERVER_CORE=$ONE,$OTHER
bench_servers

declare -A MASTER
# use NAME PORT: what is said from here on is about this kha
use() { RUN=$D/$1 PORT=$2 KHA_PID=${MASTER[$1]:-}; }
# all FUNCTION: for each of them
all() { set -- "$1" one 8441 to_one 8442 other 8443 to_other 8444; while [ $# -gt 1 ]; do use "$2" "$3"; "$1" "$2"; set -- "$1" "${@:4}"; done; }
active_is() { stat_is '.kha.totals.active' "$1"; }
pids_are_new() { [ "$(worker_pid "$1")" != "$2" ] && [ "$(workers)" = 2 ]; }
begin() { # NAME
	local old slot='' workers=2 cpus="$ONE,$OTHER"
	case $1 in
	one) workers=1 cpus=$ONE ;;
	other) workers=1 cpus=$OTHER ;;
	to_one) slot=0 ;;
	to_other) slot=1 ;;
	esac
	GLOBAL="workers = $workers; worker_cpus = \"$cpus\"; log_level = \"notice\"; max_connections = 6000;" conf <<-X
		services = ( { name = "bench"; listen = "127.0.0.1:$PORT"; preset = "tcp"; log_connections = "none";
		check = { type = "none"; }; servers = ( "127.0.0.1:9101", "127.0.0.1:9102", "127.0.0.1:9103" ); } );
		status = { listen = []; };
	X
	kha_start
	MASTER[$1]=$KHA_PID
	until_true 5 listens "$PORT" || { not_ok "kha listens: $(tail -n 3 "$D/kha.err")"; exit 1; }
	until_stat 5 '[.workers[].cpu] | map(tostring) | join(",")' "$cpus" || not_ok "workers are pinned"
	load "long$1" -a "127.0.0.1:$PORT" -c $((LONG * workers)) -i 100000000 -d 600 -x -y
	until_true 10 active_is $((LONG * workers)) || not_ok "long connections are there"
	[ -n "$slot" ] || return 0
	old=$(worker_pid $slot)
	kill -KILL "$old"
	until_true 5 pids_are_new $slot "$old" || not_ok "the killed worker is back"
}
workers_ns() { # shellcheck disable=SC2046 # numbers
	cpu_ns $(stat '.workers[].pid'); }
# run OPTION...: a load; sets CPU_US, DELAY_US and SHARE (of those handed over), of each
run() {
	local ns n h
	ns=$(workers_ns)
	read -r n h < <(stat '.kha.totals | "\(.accepted) \(.handed_over)"')
	load one -a "127.0.0.1:$PORT" -n $EACH -d 60 "$@"
	loaded one "$LAST"
	ns=$(($(workers_ns) - ns))
	read -r n h < <(stat ".kha.totals | \"\\(.accepted - $n) \\(.handed_over - $h)\"")
	[ "$(result one errors)" = 0 ] || not_ok "errors of the client: $(result one errors)"
	read -r CPU_US SHARE DELAY_US < <(awk "BEGIN { print $ns / $n / 1000, $h / $n, $(result one seconds) / $EACH * 1e6 }")
}
# turn NAME: appends "cpu share delay share" to its file; CPU at a rate that both cope with easily, so that
# nothing is saved by doing many at once; the delay one after the other, where the time of each is the
# time of all by their number
turn() {
	run -r $RATE -c 64
	printf '%s %s ' "$CPU_US" "$SHARE" >>"$D/turns.$1"
	run -1 -c 1
	echo "$DELAY_US $SHARE" >>"$D/turns.$1"
}
all begin
for ((r = 0; r < ROUNDS; r++)); do all turn; done
all kha_stop
KHA_PID=''

# What a connection costs more than one of the same turn and core that stays, by the share that is handed over.
for where in one other; do
	paste -d ' ' "$D/turns.$where" "$D/turns.to_$where" | awk '$6 > 0.2 && $8 > 0.2 {
		print $1, $3, ($5 - $1) / $6, ($7 - $3) / $8, 100 * $6 }'
done >"$D/rounds"
is "turns in which many were handed over" "$(wc -l <"$D/rounds")" $((2 * ROUNDS))
# of_rounds COLUMN: its median
of_rounds() { awk -v c="$1" '{ print $c }' "$D/rounds" | median | awk '{ printf "%.1f\n", $1 }'; }
say "a connection that stays: $(of_rounds 1) us of its worker, answered after $(of_rounds 2) us"
say "one that is handed over: $(of_rounds 3) us of both workers more, answered $(of_rounds 4) us later (medians; $(of_rounds 5) % are)"
at_most "CPU for a hand-over, us" "$(of_rounds 3)" 250
at_most "delay by a hand-over, us" "$(of_rounds 4)" 500
finish
