#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Half-close, RST for RST, back-pressure, bulk, timeouts, limits, retries.
. "$(dirname "$0")/lib.sh"
story "every byte, every ending"

# Without the sandbox the test may lower the worker's limit of descriptors.
export SANDBOX='sandbox = false;'
export GLOBAL='workers = 1; log_level = "info";'
conf <<E2
services = (
  { name = "raw"; listen = "127.0.0.1:8443"; check = { type = "none"; };
    servers = ( { name = "s"; address = "127.0.0.1:9101"; } );
    timeout = { idle = "1h"; half_closed = "20s"; }; },
  { name = "short"; listen = "127.0.0.1:8444"; check = { type = "none"; };
    servers = ( { name = "s"; address = "127.0.0.1:9101"; } );
    timeout = { idle = "500ms"; half_closed = "300ms"; }; },
  { name = "retry"; listen = "127.0.0.1:8445"; check = { type = "none"; }; balance = "roundrobin";
    servers = ( "127.0.0.1:9102", "127.0.0.1:9103", "127.0.0.1:9104" ); },
  { name = "limit"; listen = "127.0.0.1:8446"; check = { type = "none"; }; max_connections = 3;
    servers = ( "127.0.0.1:9102" ); },
  { name = "slimit"; listen = "127.0.0.1:8447"; check = { type = "none"; };
    servers = ( { name = "a"; address = "127.0.0.1:9102"; max_connections = 2; },
                { name = "b"; address = "127.0.0.1:9104"; max_connections = 1; } ); }
);
E2
kha_start
web n2 9102
web n4 9104 # 9103: nobody
# pair NAME SERVER-STEPS -- CLIENT-STEPS [PORT]: one connection with a scripted peer on both ends
pair() {
	local name=$1 server=$2 client=$3 port=${4:-8443}
	# shellcheck disable=SC2086
	start "$name" "$TOOLS/peer" listen 127.0.0.1:9101 accept $server
	local pid=$LAST
	until_true 5 listens 9101 || not_ok "$name: peer listens"
	# shellcheck disable=SC2086
	timeout $((30 * SLOW)) "$TOOLS/peer" connect "127.0.0.1:$port" $client >"$D/$name.c" 2>&1
	local c=$?
	wait $pid
	local s=$?
	[ $c = 0 ] && [ $s = 0 ] || {
		say "client $c: $(tail -n 2 "$D/$name.c" | tr '\n' ' ')"
		say "server $s: $(tail -n 2 "$D/$name.err" | tr '\n' ' ')"
		return 1
	}
}
check "half-close by the client: data still flows back" \
	pair half1 "recv hello eof send world fin" "send hello fin recv world eof"
check "half-close by the server: data still flows there" \
	pair half2 "send hello fin recv world eof" "recv hello eof send world fin"
check "both at once" pair half3 "send ab fin recv cd eof" "send cd fin recv ab eof"
check "RST by the client reaches the server as RST" pair rst1 "recv hello reset" "send hello pause 50 rst"
check "RST by the server reaches the client as RST" pair rst2 "recv x pause 50 rst" "send x reset"
check "the bytes before a RST come first" \
	pair rst3 "recv x pattern 300000 pause 300 rst" "send x pause 100 expect 300000 reset"
check "FIN, then RST" pair rst4 "recv hello eof pause 50 rst" "send hello fin reset"

# ---- bulk and back-pressure ----
mb=$((1000 * 1000))
size=$((200 * mb))
[ -n "${KHA_SAN:-}" ] && size=$((30 * mb))
check "$size bytes to the server, each in its place" \
	pair up "expect $size eof send ok fin" "pattern $size fin recv ok eof"
check "$size bytes to the client" pair down "recv x pattern $size fin eof" "send x expect $size eof fin"
check "both directions at once" \
	pair duplex "duplex $((50 * mb / SLOW))" "duplex $((50 * mb / SLOW))"
at_most "bulk went through splice: bytes" "$size" "$(total spliced)"
check "half close behind bulk" \
	pair bulkfin "pattern $((20 * mb)) fin expect $((20 * mb)) eof" \
	"expect $((20 * mb)) eof pattern $((20 * mb)) fin"
private() { awk '/^Private/ { s += $2 } END { print s }' "/proc/$(worker_pid 0)/smaps_rollup"; }
start sink "$TOOLS/peer" listen 127.0.0.1:9101 accept recv x pattern $((100 * mb)) fin eof
sink=$LAST
until_true 5 listens 9101
before=$(private)
start reader "$TOOLS/peer" connect 127.0.0.1:8443 send x pause $((2000 * SLOW)) expect $((100 * mb)) eof fin
reader=$LAST
grows() { local a b; a=$(total bytes_out); sleep 0.3; b=$(total bytes_out); [ "$a" -gt $mb ] && [ "$a" = "$b" ]; }
check "a reader that does not read stops the sender" until_true 10 grows
at_most "and costs the worker KB" "$(($(private) - before))" 600
wait $reader
is "then everything arrives" $? 0
wait $sink

# ---- timeouts ----
check "idle: both ends see a RST" pair idle "recv x reset" "send x reset" 8444
is "idle: closed once, for that reason" "$(total close_idle)" 1
check "half-closed and silent: both ends see a RST" pair half "recv x eof reset" "send x fin reset" 8444
is "half_closed likewise" "$(total close_half_closed)" 1

# ---- retry, limits ----
for _ in $(seq 30); do curl -s -m 5 http://127.0.0.1:8445/ || echo fail; done >"$D/retry"
is "one dead server of three: answers" "$(grep -c '^n[24]$' "$D/retry")" 30
at_most "its connects failed and went elsewhere" 5 \
	"$(stat '.services[] | select(.name == "retry") | .counters.retries')"
load held -a 127.0.0.1:8446 -c 3 -i 100000 -d 600 -y
held=$LAST
until_true 5 grep -q ready "$D/held.out"
# One more waits in the queue, for timeout.queue; after that it would be served.
curl -s -m 20 http://127.0.0.1:8446/ >/dev/null
is "over max_connections of the service: it waits in vain" "$(total close_queue_timeout)" 1
end $held
load held2 -a 127.0.0.1:8447 -c 3 -i 100000 -d 600 -y
held=$LAST
until_true 5 grep -q ready "$D/held2.out" || not_ok "three fit into 2 + 1"
curl -s -m 20 http://127.0.0.1:8447/ >/dev/null
is "over max_connections of all servers: it waits in vain" "$(total close_queue_timeout)" 2
start waits curl -s -m $((10 * SLOW)) http://127.0.0.1:8447/
waits=$LAST
check "and one that waits" until_stat 5 '[.services[].counters.queued] | add' 1
end $held
wait $waits
is "is served when a place is free: exit code" $? 0

# ---- shortage of descriptors ----
until_true 5 idle
w=$(worker_pid 0)
used=$(find "/proc/$w/fd" -mindepth 1 | wc -l)
old=$(prlimit -n --raw --noheadings -o SOFT -p "$w")
prlimit -n$((used + 20)): -p "$w"
load many -a 127.0.0.1:8445 -c 40 -i 100 -d 3 -x
loaded many "$LAST"
at_most "out of descriptors: accept paused" 1 "$(total accept_paused)"
prlimit -n"$old": -p "$w"
load again -a 127.0.0.1:8445 -c 40 -n 400
loaded again "$LAST"
is "with descriptors again: errors" "$(result again errors)" 0
at_most "the line about it stands once" "$(grep -c 'accept on .* pauses' "$D/kha.log")" 2
finish
