#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Garbage, slow clients, scans, silence.
. "$(dirname "$0")/lib.sh"
story "bad clients: nothing leaks, nothing spins"

for i in 1 2; do web "n$i" "910$i"; done
export GLOBAL='workers = 2; log_level = "notice";'
conf <<E2
services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp"; log_connections = "none";
	servers = ( "127.0.0.1:9101", "127.0.0.1:9102" ); } );
E2
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 2 || not_ok "all UP"
# Descriptors of a kind in both workers. Pipes of splice stay for the next bulk transfer, at most as
# many as transfers went on at once: of the five here each may find the earlier ones not yet gone.
fds() { local w n=0; for w in 0 1; do
	n=$((n + $(find "/proc/$(worker_pid $w)/fd" -mindepth 1 -lname "$1" | wc -l))); done; echo $n; }
# Exact, unlike the ticks of /proc/PID/stat.
cpu_ns() { local w n=0; for w in 0 1; do
	n=$((n + $(awk '{ print $1 }' "/proc/$(worker_pid $w)/schedstat"))); done; echo $n; }
peer() { "$TOOLS/peer" "$@"; }
sockets=$(fds 'socket:*') pipes=$(fds 'pipe:*')

head -c 10000000 /dev/urandom >"$D/garbage"
peer connect 127.0.0.1:8443 sendfile "$D/garbage" drain >"$D/g.out" 2>&1
ok "10 MB of garbage: $(tail -n 1 "$D/g.out")"
for _ in 1 2 3 4; do peer connect 127.0.0.1:8443 sendfile "$D/garbage" rst; done >/dev/null 2>&1
check "the service still answers" test -n "$(curl -s -m 5 http://127.0.0.1:8443/)"

start drip "$TOOLS/peer" connect 127.0.0.1:8443 drip 'GET / HTTP/1.0' 1000
drip=$LAST
until_true 5 stat_is .kha.totals.active 1
peer scan 127.0.0.1:8443 1000 fin
peer scan 127.0.0.1:8443 1000 rst
check "a scan of 2,000 connects leaves only the slow client" until_stat 10 .kha.totals.active 1
check "which is still served" kill -0 "$drip"
end "$drip"
check "no connection is left" until_true 10 idle
sockets_back() { [ "$(fds 'socket:*')" = "$sockets" ]; }
check "sockets are back at $sockets" until_true 10 sockets_back
at_most "pipes that stay" $(($(fds 'pipe:*') - pipes)) 10

load idle -a 127.0.0.1:8443 -c 1000 -i 100000000 -d 600 -y
idle=$LAST
until_true 20 grep -q ready "$D/idle.out" || not_ok "1,000 idle connections"
t=$(cpu_ns)
s=${KHA_LONG:+30} s=${s:-10}
sleep "$s" # what is measured is time
percent=$(awk -v t=$(($(cpu_ns) - t)) -v s="$s" 'BEGIN { print t / s / 1e9 * 100 / 2 }')
at_most "CPU of a worker in percent, 1,000 idle connections over $s s" "$percent" \
	"$(awk -v s="$SLOW" 'BEGIN { print 0.5 * s }')"
end $idle
is "idle connections: errors" "$(result idle errors)" 0
finish
