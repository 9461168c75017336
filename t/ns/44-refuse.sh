#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Without a server to give a client to, the kernel refuses him; and accepts again when there is one.
. "$(dirname "$0")/lib.sh"
story "all servers DOWN: connection refused"

plain a 9101
a=$LAST
plain b 9102
b=$LAST
web n1 9103
services() { # WORKERS
	GLOBAL="workers = $1; log_level = \"info\"; drain_timeout = \"5s\";" conf <<-X
		services = (
		{ name = "api"; listen = [ "127.0.0.1:8443", "127.0.0.2:8443", "[::1]:8444" ]; slow_start = "0s";
		  check = { type = "http"; interval = "100ms"; fast_interval = "100ms"; down_interval = "100ms"; };
		  servers = ( { name = "a"; address = "127.0.0.1:9101"; }, { name = "b"; address = "127.0.0.1:9102"; } ); },
		{ name = "other"; listen = "127.0.0.1:8445"; preset = "tcp"; servers = ( "127.0.0.1:9103" ); } );
	X
}
LISTENERS='127.0.0.1:8443 127.0.0.2:8443 [::1]:8444'
services 4
kha_start
check "all are UP" until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 3

# try NAME: 40 clients at each listener; prints how often "answers refused reset others" came out
try() {
	local l i=0
	for l in $LISTENERS; do
		i=$((i + 1))
		load "$1$i" -a "$l" -p /whoami -c 4 -n 40 -1 -x
		loaded "$1$i" "$LAST"
		tail -n 1 "$D/$1$i.out" | jq -r '"\(.ok) \(.refused) \(.reset) \(.errors - .refused - .reset)"'
	done | sort | uniq -c | xargs
}
state_is() { [ "$(stat ".services[0].servers[] | select(.name == \"$1\") | .state")" = "$2" ]; }
both() { state_is a "$1" && state_is b "$1"; }
# Without a byte: of a server that sent one in the last 10 s it is not believed that it is DOWN.
accepts() { "$TOOLS/peer" connect "$1" fin 2>/dev/null; }
# The listeners refuse a moment after the state is seen: wait for a refusal of all, then none may slip
# through.
refuses() {
	local l
	for l in $LISTENERS; do "$TOOLS/peer" connect "$l" fin 2>&1 | grep -q refused || return 1; done
}
other_is_served() { # NAME
	load "$1" -a 127.0.0.1:8445 -c 4 -n 100 -1
	loaded "$1" "$LAST"
	is "the other service is served: errors" "$(result "$1" errors)" 0
}
for l in $LISTENERS; do check "before: $l accepts" accepts "$l"; done

# ---- all DOWN ----
load other -a 127.0.0.1:8445 -c 10 -i 20 -d 600 -y
other=$LAST
until_true 5 grep -q ready "$D/other.out" || not_ok "the other service has clients"
end $a
end $b
check "both are DOWN" until_true 10 both DOWN
check "each listener refuses" until_true 3 refuses
had=$(stat '.services[0].counters.accepted')
is "refused by the kernel, none accepted and reset" "$(try down)" "3 0 40 0 0"
is "nothing of that reached a worker" "$(stat '.services[0].counters.accepted')" "$had"
other_is_served other2
is "nor lost one that it had" "$(ended "$other"; echo $?)" 1

# ---- a worker dies meanwhile ----
victim=$(worker_pid 1)
kill -KILL "$victim"
# Its connections of the other service go with it.
back() { [ "$(workers)" = 4 ] && [ "$(worker_pid 1)" != "$victim" ]; }
check "a killed worker is back" until_true 10 back
is "and refuses too" "$(try killed)" "3 0 40 0 0"
end $other
other_is_served other3

# ---- a reload that starts new workers meanwhile ----
before=$(stat .kha.generation)
services 3
check "reload: 3 workers" reload --force
check "they are there" until_stat 10 '[.workers[] | select(.ready and .draining == false)] | length' 3
check "of a new generation" test "$(stat .kha.generation)" -gt "$before"
is "and refuse too" "$(try reloaded)" "3 0 40 0 0"
other_is_served other4

# ---- the first one is UP ----
ups() { grep -c "server api/a is UP" "$D/kha.log"; }
# Without a process of its own, which on a busy machine would take longer than kha does.
connects() { { :; } 3<>"/dev/tcp/$1/$2"; } 2>/dev/null
# return_ms N: ms from the N+1st such line in the log until all listeners accept
return_ms() {
	local end=$((SECONDS + 20 * SLOW)) at up
	until connects 127.0.0.1 8443 && connects 127.0.0.2 8443 && connects ::1 8444; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.01
	done
	at=${EPOCHREALTIME/./}
	[ "$(ups)" -gt "$1" ] || return 1
	up=$(grep "server api/a is UP" "$D/kha.log" | tail -n 1 | cut -d' ' -f1)
	echo $((at / 1000 - $(date -d "$up" +%s%N) / 1000000))
}
n=$(ups)
plain a 9101
a=$LAST
at_most "ms from UP until every listener accepts" "$(return_ms "$n")" $((1000 * SLOW))
is "all are served" "$(try up)" "3 40 0 0 0"

# ---- and again, when it sent bytes a moment ago: it is tried for 10 s more ----
bytes=$(now_ms)
end $a
check "DOWN again" until_true 10 both DOWN
check "each listener refuses again" until_true 15 refuses
say "$(($(now_ms) - bytes)) ms after the server's death"
is "refused" "$(try again)" "3 0 40 0 0"
n=$(ups)
plain a 9101
a=$LAST
at_most "ms from UP until every listener accepts" "$(return_ms "$n")" $((1000 * SLOW))
is "all are served" "$(try upagain)" "3 40 0 0 0"

# ---- NOTREADY everywhere is served ----
plain b 9102
b=$LAST
check "both are UP" until_true 10 both UP
kill -USR1 $a $b
check "both are NOTREADY" until_true 10 both NOTREADY
is "fail-open: all are served" "$(try notready)" "3 40 0 0 0"
check "there is an alarm" until_true 3 grep -q 'FAIL-OPEN' "$D/kha.log"
finish
