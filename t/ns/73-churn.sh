#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Connections that come and go in every way: the books balance, nothing is left.
. "$(dirname "$0")/lib.sh"
story "churn: every way to end, in turn, and everything is given back"

seed=${KHA_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
say "seed $seed: KHA_SEED=$seed repeats sizes and endings"
# Many ports, and none that a server has: a connect to a dead server could reach itself.
echo "10000 65000" >/proc/sys/net/ipv4/ip_local_port_range
# write WORKERS
write() {
	export GLOBAL="workers = $1; log_level = \"notice\"; drain_timeout = \"1m\";"
	conf <<-X
		services = (
		  { name = "all"; listen = "127.0.0.1:8443"; preset = "tcp"; check = { type = "none"; };
		    servers = ( { name = "a"; address = "127.0.0.1:9101"; },
		                { name = "b"; address = "127.0.0.1:9102"; } ); log_connections = "none"; },
		  { name = "silent"; listen = "127.0.0.1:8444"; preset = "tcp"; check = { type = "none"; };
		    servers = ( "127.0.0.1:9101" ); log_connections = "none";
		    timeout = { idle = "200ms"; half_closed = "100ms"; }; },
		  { name = "refused"; listen = "127.0.0.1:8445"; preset = "tcp"; check = { type = "none"; };
		    servers = ( "127.0.0.1:9103", "127.0.0.1:9104" ); log_connections = "none"; }
		);
	X
}
sockets() { find "/proc/$(worker_pid "$1")/fd" -mindepth 1 -lname 'socket:*' | wc -l; }
requests() { stat '.kha.totals.engine_requests // "none"'; }
settled() { stat_is '[.workers[] | select(.ready and (.draining | not))] | length' 2 &&
	stat_is '[.workers[] | select(.pid > 0)] | length' 2; }
is_back() { [ "$(sockets 0) $(sockets 1) $(requests)" = "$start_values" ]; }
# stream NAME OPTION...: one end or both; every 10 connections have each kind of ending
stream() { start "$1" "$TOOLS/stream" -m churn -s "$seed" -b 2000 -d $((60 * SLOW * MORE)) "${@:2}"; }
to_kha="-a 127.0.0.1:8443 -i 127.0.0.1:8444 -x 127.0.0.1:8445"
second() { stream "second$1" -l 127.0.0.1:9102; second=$LAST; until_true 5 listens 9102; }
said() {
	[ ! -s "$D/$1.err" ] || sed 's/^/# /' "$D/$1.err"
	say "$1: $(tail -n 1 "$D/$1.out")"
}
say_closed() { say "$(stat '[.kha.totals | to_entries[] | select((.key | startswith("close_")) and .value > 0) |
	"\(.key) \(.value)"] | join(", ")')"; }
workers_now=2
change_workers() { workers_now=$((3 - workers_now)); write $workers_now; reload >"$D/reload.txt" 2>&1; }
slot_ready() { local p; p=$(worker_pid 0); [ -n "$p" ] && [ "$p" != "$1" ] && [ "$p" != 0 ] &&
	stat_is '.workers[] | select(.slot == 0 and .draining == false) | .ready' true; }

accepted_are() { [ "$(total accepted)" -ge "$1" ]; }
goes_on() { until_true 5 accepted_are "$1"; }

write 2
kha_start
check "two workers" until_true 5 settled
second 1
start_values="$(sockets 0) $(sockets 1) $(requests)"
say "to begin with, sockets of each worker, requests of the engine: $start_values"

# ---- everything as planned, while reloads replace the workers ----
n=60000; [ -n "${KHA_SAN:-}" ] && n=6000
n=$((n * MORE))
t0=$(now_ms)
# shellcheck disable=SC2086 # options
stream strict -l 127.0.0.1:9101 $to_kha -n $n -c 400
strict=$LAST
reloads=0 failed=0
until ended "$strict"; do
	change_workers && reloads=$((reloads + 1)) || { failed=$((failed + 1)); sed 's/^/# /' "$D/reload.txt"; }
done
loaded strict "$strict"
end "$second"
said strict
said second1
say "$n connections in $(($(now_ms) - t0)) ms, $reloads reloads meanwhile"
is "each connection ended as planned, reload or not: errors" "$(result strict errors)" 0
is "and at the second server: errors" "$(result second1 errors)" 0
is "reloads that failed" $failed 0
at_most "reloads that started or drained workers" 2 "$reloads"
is "clients that saw a good end, or broke it" "$(result strict client.done)" $((n / 10 * 6))
is "clients that saw a RST" "$(result strict client.reset)" $((n / 10 * 4))
is "servers that saw a good end, or broke it" \
	$(($(result strict server.done) + $(result second1 server.done))) $((n / 10 * 6))
check "no connection is left" until_true 10 idle
say_closed
is "kha: good ends" "$(total close_done)" $((n / 10 * 5))
is "kha: RST by clients" $(($(total close_client_reset) + $(total close_client_abort))) $((n / 10))
is "kha: RST by servers" "$(total close_server_reset)" $((n / 10))
is "kha: refused by servers" "$(total close_connect_failed)" $((n / 10))
is "kha: silent ones" $(($(total close_idle) + $(total close_half_closed))) $((n / 10 * 2))
check "books balance" books_balance

# ---- the same, while also servers and workers are killed ----
n=40000; [ -n "${KHA_SAN:-}" ] && n=4000
n=$((n * MORE + $(total accepted)))
second 2
# shellcheck disable=SC2086 # options
stream tolerant -l 127.0.0.1:9101 $to_kha -n 1000000000 -c 400 -t
tolerant=$LAST
rounds=0 slow=0 failed=0
while [ $rounds -lt 3 ] || [ "$(total accepted)" -lt $n ]; do
	ended "$tolerant" && break
	rounds=$((rounds + 1))
	change_workers || { failed=$((failed + 1)); sed 's/^/# /' "$D/reload.txt"; }
	kill -KILL "$second"
	wait "$second" 2>/dev/null
	goes_on $(($(total accepted) + 500)) || slow=$((slow + 1))
	second "$((rounds + 2))"
	old=$(worker_pid 0)
	kill -KILL "$old"
	until_true 15 slot_ready "$old" || slow=$((slow + 1))
done
[ $workers_now = 2 ] || change_workers || failed=$((failed + 1))
end "$tolerant"
end "$second"
said tolerant
say "$rounds rounds: a reload, a server killed, a worker killed in each"
is "nothing stood still for long" $slow 0
is "reloads that failed" $failed 0
is "bytes at wrong places, connects that were not possible: errors" "$(result tolerant errors)" 0
at_most "clients whose end was another than planned: those under way" \
	"$(result tolerant client.broken)" $((rounds * 2 * 400))

# ---- the end ----
check "no connection is left" until_true 10 idle
say_closed
for why in "done" client_reset server_reset connect_failed idle half_closed worker_died; do
	check "close_$why was counted" test "$(total close_$why)" -gt 0
done
check "a dead server's connects went to the other" test "$(server b retried)" -gt 0
at_most "connections" "$n" "$(total accepted)"
check "two workers again" until_true 10 settled
check "sockets and requests are back at $start_values" until_true 10 is_back
say "at the end: $(sockets 0) $(sockets 1) $(requests)"
finish
