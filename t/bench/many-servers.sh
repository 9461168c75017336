#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What 200 servers in one service cost: CPU of the worker for a new connection, beside 3 servers, with
# each way of balancing (fails above 1.5 x), and CPU of all processes while only TCP checks run at the
# default interval (fails above 2 % of a core). KHA_ENGINE chooses the engine, ROUNDS how often.
. "$(dirname "$0")/lib.sh"
story "200 servers in one service"

ROUNDS=${ROUNDS:-5} MANY=200
BENCH_SECONDS=${BENCH_SECONDS:-2}
. t/bench/measure.sh
cores || { not_ok "needs two cores"; finish; }
namespace_tune
bench_servers

# begin N BALANCE CHECK: kha with N servers on its core
begin() {
	local servers
	servers=$(for i in $(seq "$1"); do printf '{ name = "n%d"; address = "127.0.1.%d:9120"; }, ' "$i" "$i"; done)
	export GLOBAL='workers = 1; log_level = "notice"; max_connections = 6000;'
	conf <<-X
		services = ( { name = "bench"; listen = "127.0.0.1:8440"; preset = "tcp"; balance = "$2";
		log_connections = "none"; check = { type = "$3"; }; servers = ( ${servers%, } ); } );
	X
	on "$PROXY_CORE"
	kha_start
	on "$LOAD_CORE"
	until_true 5 listens 8440 || not_ok "kha listens"
}
# cost N BALANCE: appends us per connection to the samples
cost() {
	begin "$1" "$2" none
	PROXY=("$(worker_pid 0)")
	load client -a 127.0.0.1:8440 -1 -c 50 -d "$LOAD_SECONDS"
	warm 1000 || not_ok "the load runs"
	window || not_ok "connections in the window"
	stop_load "$LAST"
	is "$2, $1 servers: errors of the client" "$(result client errors)" 0
	echo "$WINDOW_VALUE" >>"$D/$2.$1"
	kha_stop
}
for balance in leastconn roundrobin random hash; do
	for ((r = 0; r < ROUNDS; r++)); do
		cost 3 $balance
		cost $MANY $balance
		paste "$D/$balance.3" "$D/$balance.$MANY" | tail -n 1 | awk '{ print 100 * $2 / $1 }' >>"$D/$balance.ratio"
	done
	ratio=$(median <"$D/$balance.ratio" | cut -d. -f1)
	say "$balance: $(median <"$D/$balance.3") us a connection with 3 servers, $(median <"$D/$balance.$MANY") with $MANY: $ratio %"
	at_most "$balance: a connection with $MANY servers, in percent of one with 3" "$ratio" 150
done

# ---- only checks ----
begin $MANY leastconn tcp
checks() { stat '[.services[].servers[].counters.checks] | add'; }
more_checks() { [ "$(checks)" -ge "$1" ]; }
until_true 10 more_checks $MANY || not_ok "each was checked"
# The second ones are spread over the interval.
until_true 20 more_checks $((3 * MANY)) || not_ok "and again"
# shellcheck disable=SC2046 # numbers
ns=$(cpu_ns $(family "$KHA_PID")) t=$(now_ns) n=$(checks)
: >"$D/pace"
for _ in $(seq 40); do
	sleep 0.25
	checks >>"$D/pace"
done
# shellcheck disable=SC2046 # numbers
ns=$(($(cpu_ns $(family "$KHA_PID")) - ns)) t=$(($(now_ns) - t)) n=$(($(checks) - n))
say "$n checks in $((t / 1000000)) ms, most in a quarter of a second: $(awk 'NR > 1 && $1 - last > max { max = $1 - last } { last = $1 } END { print max }' "$D/pace")"
say "CPU of all processes: $((ns * 10000 / t)) / 100 % of a core"
at_most "CPU of all processes with 200 TCP checks, in 1/100 % of a core" $((ns * 10000 / t)) 200
# 200 in 3 s are 17 in a quarter; jitter is an eighth.
at_most "checks in the busiest quarter of a second" \
	"$(awk 'NR > 1 && $1 - last > max { max = $1 - last } { last = $1 } END { print max }' "$D/pace")" 60
finish
