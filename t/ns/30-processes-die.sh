#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Workers, checker, logger and master are killed or stopped under load.
. "$(dirname "$0")/lib.sh"
story "processes die: only what they carried is lost"

for i in 1 2 3; do web "n$i" "910$i"; done
export GLOBAL='workers = 2; log_level = "notice";'
conf <<E2
services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp"; log_connections = "none";
	check = { interval = "500ms"; };
	servers = ( "127.0.0.1:9101", "127.0.0.1:9102", "127.0.0.1:9103" ); } );
E2
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 3 || not_ok "all UP"

# ---- a worker is killed ----
load long -a 127.0.0.1:8443 -c 100 -i 50 -d 600 -x -y
long=$LAST
until_true 10 grep -q ready "$D/long.out" || not_ok "long connections are there"
carried=$(stat '.workers[] | select(.slot == 0) | .active')
load fast -a 127.0.0.1:8443 -c 1000 -r 500 -d 600 -x
fast=$LAST
steps=$D/steps
(last=0; while :; do
	v=$("$KHA" stat -r "$RUN" -f json | jq .kha.totals.accepted) || continue
	[ "$v" -ge "$last" ] || echo "$last -> $v"
	last=$v
done >"$steps") &
poller=$!
sleep 0.3
old=$(worker_pid 0)
t0=$(now_ms)
kill -KILL "$old"
slot_ready() { local p; p=$(worker_pid 0); [ -n "$p" ] && [ "$p" != "$old" ] && [ "$p" != 0 ] &&
	stat_is '.workers[] | select(.slot == 0) | .ready' true; }
check "the slot has a new worker" until_true 5 slot_ready
say "worker 0 was killed and its slot accepts again after $(($(now_ms) - t0)) ms (poll included)"
sleep 0.5
kill $poller 2>/dev/null
wait $poller 2>/dev/null
is "totals never step back" "$(cat "$steps")" ""
end $fast
say "fast $(tail -n 1 "$D/fast.out")"
is "refused or timed out" "$(($(result fast refused) + $(result fast timeout)))" 0
until_stat 5 .kha.totals.active "$((100 - carried))" &&
	ok "gauges tell the truth: $((100 - carried)) of 100 long connections stay" ||
	not_ok "gauges: $(total active) active, $((100 - carried)) expected"
end $long
at_most "long connections that ended: those of the dead worker" "$(result long errors)" "$carried"
check "they are counted as worker_died" test "$(total close_worker_died)" -ge "$carried"

# ---- a worker hangs ----
old=$(worker_pid 1)
kill -STOP "$old"
load slow -a 127.0.0.1:8443 -c 300 -r 100 -d 6
loaded slow "$LAST"
say "slow $(tail -n 1 "$D/slow.out")"
is "while a worker hangs: failed connects" "$(result slow errors)" 0
at_most "ms until an answer, at worst" "$(result slow max_ms)" 4000
check "the hung worker was replaced" until_true 5 ended "$old"
is "and counted" "$(stat .kha.master.child_hung)" 1

# ---- checker and logger ----
for kind in checker logger; do
	pid=$(process $kind)
	died=$(stat .kha.master.child_died)
	load during -a 127.0.0.1:8443 -c 50 -r 200 -d 2
	kill -KILL "$pid" || not_ok "$kind has a pid"
	loaded during "$LAST"
	is "$kind killed: errors" "$(result during errors)" 0
	check "$kind: its death was counted" until_stat 5 .kha.master.child_died $((died + 1))
	back() { [ "$(process $kind)" != "$pid" ] && stat_is ".processes[] | select(.kind == \"$kind\") | .ready" true; }
	check "$kind runs again" until_true 5 back
done
books_balance && ok "books balance" || not_ok "books balance: $(stat .kha.totals)"

# ---- everything stopped, then the master killed ----
all="$KHA_PID $(children | tr '\n' ' ')"
# shellcheck disable=SC2086
kill -STOP $all
for f in table csv json prometheus; do
	check "kha stat -f $f while all are stopped" bash -c \
		"timeout 5 '$KHA' stat -r '$RUN' -f $f | grep -q api"
done
check "kha status while all are stopped" bash -c "timeout 5 '$KHA' status -r '$RUN' | grep -q api"
# shellcheck disable=SC2086
kill -CONT $all
kids=$(children)
t0=$(now_ms)
kill -KILL "$KHA_PID"
wait "$KHA_PID" 2>/dev/null
# shellcheck disable=SC2086
check "kill -9 of the master: nothing is left" until_true 2 all_ended $kids
at_most "ms until all were gone" $(($(now_ms) - t0)) $((1000 * SLOW))
KHA_PID=''
out=$("$KHA" stat -r "$RUN" -f json)
is "kha stat of a dead daemon: exit code" $? 3
like "and its numbers" "$(jq .kha.totals.accepted <<<"$out")" '^[1-9]'
kha_start
ok "it starts again over what is left"
finish
