#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What systemd hears of a service of Type=notify, with a receiver in its place.
. "$(dirname "$0")/lib.sh"
once_for_all_engines
story "systemd is told"

export GLOBAL='workers = 2;'
# A node alone with its VIP. Behind the wire is nobody: the second server leaves its check without an
# answer, and the start waits for it.
ip link add net0 type veth peer name net1
ip link set net1 up
ip link set net0 up
ip addr add 10.77.0.1/24 dev net0
ip neigh add 10.77.0.99 lladdr 02:00:00:00:00:99 dev net0
one() { conf <<-X
	nodes = "10.77.0.1";
	vips = { name = "api"; addresses = "10.77.0.10"; advert = "100ms"; };
	services = { name = "web"; listen = "*:8443"; preset = "tcp"; balance = "${1:-leastconn}";
		servers = ( "127.0.0.1:9101", "10.77.0.99:1" ); 
		check = { interval = "300ms"; fast_interval = "100ms"; down_interval = "300ms"; }; };
	X
}
start notified "$TOOLS/notified" "$D/notify"
until_true 5 grep -q listening "$D/notified.out" || not_ok "the receiver listens"
heard() { grep -qE -- "$1" "$D/notified.out"; }
count() { grep -cE -- "$1" "$D/notified.out"; }
# heard_again N PATTERN: in the lines behind the first N
heard_again() { tail -n "+$(($1 + 1))" "$D/notified.out" | grep -qE -- "$2"; }
lines() { wc -l <"$D/notified.out"; }
status_is() { grep -oE 'STATUS=.*' "$D/notified.out" | tail -n 1 | grep -qE -- "$1"; }
# gaps FROM-LINE: milliseconds between signs of life
gaps() { tail -n "+$1" "$D/notified.out" | awk -F '\t' '$2 == "WATCHDOG=1" { if (t) print int(($1 - t) / 1000); t = $1 }'; }
kha_start_told() {
	export NOTIFY_SOCKET=$D/notify WATCHDOG_USEC=1000000
	kha_start
	unset NOTIFY_SOCKET WATCHDOG_USEC
}

# ---- start ----
start n1 "$TOOLS/apiserver" -l 127.0.0.1:9101 -n n1
n1=$LAST
one
kha_start_told
check "READY=1" until_true 10 heard $'\tREADY=1\t'
is "once" "$(count READY=1)" 1
like "with a sentence" "$(grep READY=1 "$D/notified.out")" $'\tSTATUS=1 service, 1 of 2 servers up'
check "before it, as the start waits: more time is asked for" \
	grep -q EXTEND_TIMEOUT_USEC= <(sed '/READY=1/,$d' "$D/notified.out")
is "and nothing else" "$(sed '1d; /READY=1/,$d' "$D/notified.out" | grep -vc 'EXTEND_TIMEOUT_USEC=[0-9]*$')" 0
check "the VIP is in the sentence" until_true 10 status_is '^STATUS=1 service, 1 of 2 servers up; vip api MASTER$'
end "$n1"
check "and servers that go" until_true 20 status_is '0 of 2 servers up \(none of web\); vip api MASTER$'
start n1 "$TOOLS/apiserver" -l 127.0.0.1:9101 -n n1
check "and come" until_true 20 status_is '1 of 2 servers up; vip'

# ---- reload ----
told=$(lines)
check "a good reload" reload >"$D/reload.out"
check "RELOADING=1, then READY=1" until_true 5 heard_again "$told" READY=1
like "RELOADING=1 has its moment" "$(tail -n "+$((told + 1))" "$D/notified.out" | grep RELOADING=1)" \
	$'\tRELOADING=1\tMONOTONIC_USEC=[0-9]+\tSTATUS='
is "each once" "$(tail -n "+$((told + 1))" "$D/notified.out" | grep -oE 'RELOADING=1|READY=1' | tr '\n' ' ')" \
	'RELOADING=1 READY=1 '
late=$(awk -F '\t' '/RELOADING=1/ { sub(/.*=/, "", $3); print int(($1 - $3) / 1000) }' "$D/notified.out" | tail -n 1)
at_most "the moment is that of the message (ms ago)" "$late" $((1000 * SLOW))
at_most "and not to come" 0 "$late"

one bogus
told=$(lines)
reload >"$D/reload.out" 2>&1
is "a bad reload: exit code" $? 1
check "READY=1 again" until_true 5 heard_again "$told" READY=1
is "RELOADING=1 before it, each once" \
	"$(tail -n "+$((told + 1))" "$D/notified.out" | grep -oE 'RELOADING=1|READY=1' | tr '\n' ' ')" 'RELOADING=1 READY=1 '
like "the sentence says why" "$(tail -n "+$((told + 1))" "$D/notified.out" | grep $'\tREADY=1')" \
	"the last reload was refused: $D/kha.conf:[0-9]+: .*bogus"
one roundrobin
check "a good one" reload >>"$D/reload.out"
check "the refusal is forgotten" until_true 5 status_is 'servers up; vip api MASTER$'

# ---- signs of life ----
from=$(lines)
fed() { [ "$(tail -n "+$from" "$D/notified.out" | grep -c WATCHDOG=1)" -ge "$1" ]; }
check "WATCHDOG=1 comes again and again" until_true 20 fed 9
pace=$(gaps "$from" | sort -n | sed -n 4p)
at_most "twice in the time that is given, or a little later (ms)" "$pace" 750
at_most "and not all the time" 250 "$pace"
from=$(lines)
workers_pids() { stat '[.workers[].pid] | sort | join(" ")'; }
before=$(workers_pids)
# shellcheck disable=SC2046,SC2086
kill -STOP $before
others() { [ "$(workers)" = 2 ] && [ -z "$(stat '.workers[].pid' | grep -xF "${before// /$'\n'}")" ]; }
check "all workers are stopped, and replaced" until_true 20 others
check "then WATCHDOG=1 comes again" until_true 10 heard_again "$(lines)" WATCHDOG=1
at_most "with none served, nothing came (ms)" 1000 "$(gaps "$from" | sort -n | tail -n 1)"

# ---- end ----
told=$(lines)
kha_stop
check "STOPPING=1" heard_again "$told" $'\tSTOPPING=1\tSTATUS=stopping'
is "once" "$(count STOPPING=1)" 1

# One that waits for a client is not killed for it.
kha_start_told
start hold "$TOOLS/peer" connect 127.0.0.1:8443 eof
hold=$LAST
connected() { stat_is .kha.totals.active 1; }
check "a client is connected" until_true 5 connected
told=$(lines)
kha_s quit >"$D/quit.out" 2>&1 &
quit=$!
check "quit: STOPPING=1" until_true 5 heard_again "$told" STOPPING=1
check "the sentence says what is waited for" until_true 5 status_is '^STATUS=quitting: waits for connections to end$'
told=$(lines)
check "more time is asked for" until_true 5 heard_again "$told" EXTEND_TIMEOUT_USEC=
check "and signs of life go on" until_true 5 heard_again "$told" WATCHDOG=1
end "$hold"
wait "$quit"
is "quit: exit code" $? 0
wait "$KHA_PID"
is "exit code of the daemon" $? 0
KHA_PID=''

# ---- a start that fails ----
start n2 "$TOOLS/apiserver" -l 127.0.0.1:8443 -n n2
until_true 5 listens 8443 || not_ok "somebody has the port"
told=$(lines)
NOTIFY_SOCKET=$D/notify "$KHA" -c "$D/kha.conf" >"$D/kha.out" 2>"$D/kha.err"
is "a start that fails: exit code" $? 1
check "the sentence says why" until_true 5 heard_again "$told" $'\tSTATUS=failed: .*8443'
check "it was never ready" test -z "$(tail -n "+$((told + 1))" "$D/notified.out" | grep READY=1)"
finish
