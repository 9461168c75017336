#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kha server: an operator takes servers out and puts them back, under load.
. "$(dirname "$0")/lib.sh"
once_for_all_engines
story "server verbs: drain, maint, ready, weight, close, over reload, crash and restart"

webs plain s1 9101 s2 9102 s3 9103
export GLOBAL='workers = 2; log_level = "info";'
# services S1 S2 S3: what stands in the groups of the three servers
services() {
	conf <<-X
		services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp"; reset_rate = 1000;
		log_connections = "close"; check = { interval = "300ms"; fast_interval = "100ms"; };
		servers = ( { name = "s1"; address = "127.0.0.1:9101"; ${1:-} },
			{ name = "s2"; address = "127.0.0.1:9102"; ${2:-} },
			{ name = "s3"; address = "127.0.0.1:9103"; ${3:-} } ); },
		{ name = "web"; listen = "127.0.0.1:8444"; preset = "tcp"; balance = "roundrobin";
		check = { interval = "300ms"; };
		servers = ( { name = "s1"; address = "127.0.0.1:9101"; },
			{ name = "w2"; address = "127.0.0.1:9102"; } ); } );
	X
}
verb() { "$KHA" server "$@" -r "$RUN"; }
# answer NAME CODE PATTERN WORD...: the verb's exit code and what it says
answer() {
	local name=$1 code=$2 pattern=$3 out rc
	shift 3
	out=$(verb "$@" 2>&1)
	rc=$?
	is "$name: exit code" "$rc" "$code"
	like "$name: answer" "$out" "$pattern"
}
all_up() { until_stat 10 '[.services[].servers[] | select(.state == "UP")] | length' 5; }
web() { stat ".services[1].servers[] | select(.name == \"$1\") | .counters + . | .$2"; }
# picks NAME: how often it was chosen
picks() { server "$1" picked; }
services
kha_start
all_up || not_ok "all UP"

# ---- looking ----
answer "all" 0 'api/s2 +127.0.0.1:9102 +UP' </dev/null
answer "one" 0 'weight: 100 \(file\)' s2
answer "an address means a server" 0 'server: api/s3, 127.0.0.1:9103' 127.0.0.1:9103
answer "no such server" 1 'no server "s7"; did you mean "s1"' s7
answer "two of that name: both are named" 1 'say api/s1 or web/s1' s1 drain
answer "no such verb" 2 'did you mean "drain"' api/s1 drian
answer "--within" 2 'comes with a later version' s2 drain --within 5m
check "nothing was changed" test ! -e "$RUN/server-state"

# ---- drain ----
load long -a 127.0.0.1:8443 -c 60 -i 50 -d 600 -y
long=$LAST
until_true 10 grep -q ready "$D/long.out" || not_ok "long connections are there"
load fast -a 127.0.0.1:8443 -c 1000 -r 300 -d 600
fast=$LAST
had=$(server s2 active)
answer "drain" 0 'api/s2: UP -> DRAIN, [0-9]+ connections stay' s2 drain
is "it is shown" "$(server s2 state) $(server s2 admin)" "DRAIN drain"
# more N: so many more connections came since $n
more() { [ "$(total accepted)" -gt $((n + $1)) ]; }
# A worker that has not looked yet may still choose it.
n=$(total accepted)
until_true 10 more 50 || not_ok "connections come"
before=$(picks s2)
n=$(total accepted)
check "300 more connections come" until_true 20 more 300
is "none of them to the drained server" "$(picks s2)" "$before"
long_on_s2=$(server s2 active)
check "its open ones stay: $long_on_s2 of $had" test "$long_on_s2" -ge 15
answer "again" 0 'is DRAIN already' s2 drain
like "the log has one line, with who asked" \
	"$(grep -E 'notice: server api/s2: UP -> DRAIN' "$D/kha.log")" "asked by uid 0, pid [0-9]+\)$"
is "the log has one line" "$(grep -cE 'notice: server api/s2: UP -> DRAIN' "$D/kha.log")" 1

# ---- kept over a reload, a new generation, kill -9 of a worker ----
check "reload" reload
is "kept over a reload" "$(server s2 state)" DRAIN
GLOBAL='workers = 1; log_level = "info";' services
check "reload with new workers" reload
is "kept over new workers" "$(server s2 state)" DRAIN
before=$(picks s2)
n=$(total accepted)
check "more connections come" until_true 20 more 300
is "new workers know: none to the drained server" "$(picks s2)" "$before"
pid=$(worker_pid 0)
kill -KILL "$pid"
back() { [ "$(worker_pid 0)" != "$pid" ] && [ "$(workers)" -gt 0 ]; }
check "the worker is back" until_true 10 back
n=$(total accepted)
check "more connections come to it" until_true 20 more 300
is "kept over kill -9 of a worker: none to the drained server" "$(picks s2)" "$before"
answer "ready" 0 'api/s2: DRAIN -> UP' s2 ready
used() { [ "$(picks s2)" -gt $((before + 20)) ]; }
check "it is used again" until_true 10 used
end $fast
end $long
say "fast $(tail -n 1 "$D/fast.out")"
at_most "new connections that failed: those of the killed worker" "$(result fast errors)" 20
services
check "two workers again" reload

# ---- maint ----
load maint -a 127.0.0.1:8443 -c 30 -i 50 -d 600 -x -y
maint=$LAST
until_true 10 grep -q ready "$D/maint.out" || not_ok "connections are there"
had=$(server s3 active)
checks=$(server s3 checks)
t0=$(now_ms)
out=$(verb s3 maint --wait 2>&1)
is "maint --wait: exit code" $? 0
took=$(($(now_ms) - t0))
like "maint --wait: answer" "$out" "api/s3: UP -> MAINT, checks stop, $had connections have 10 s"
like "and when it was done" "$out" 'no connections left after 1[0-9]\.'
check "they had 10 s ($took ms)" test "$took" -ge 9500
at_most "and not much more" "$took" $((10000 + 3000 * SLOW))
is "they ended as maint" "$(total close_maint)" "$had"
is "clients of others do not notice" "$(($(server s1 active) + $(server s2 active)))" $((30 - had))
like "their log lines have KD" "$(grep -cE 'api/s3 .* KD ' "$D/kha.log")" "^$had$"
at_most "checks while in MAINT" $(($(server s3 checks) - checks)) 1
is "the check says why" "$(server s3 check.text)" "not checked in MAINT"
answer "ready after maint" 0 'api/s3: MAINT -> ready' s3 ready
check "UP when its check has passed" until_true 5 server_is s3 state UP
end $maint

# ---- close ----
load close -a 127.0.0.1:8443 -c 60 -i 50 -d 600 -x -y
close=$LAST
until_true 10 grep -q ready "$D/close.out" || not_ok "connections are there"
# Those of draining workers, too.
GLOBAL='workers = 1; log_level = "info";' services
check "reload with new workers: the old ones have the connections" reload
is "draining workers" "$(stat '[.workers[] | select(.draining)] | length')" 2
had=$(server s1 active)
out=$(verb api/s1 close --wait 2>&1)
is "close --wait: exit code" $? 0
like "close: answer" "$out" "api/s1: UP, $had connections are closed, at most 1000 a second; it still"
like "close: done" "$out" 'connections left after'
is "they ended as operator" "$(total close_operator)" "$had"
is "the others stay" "$(($(server s2 active) + $(server s3 active)))" $((60 - had))
is "the server is UP all the time" "$(server s1 state)" UP
end $close
is "their clients saw a RST" "$(result close reset)" "$had"
services
check "two workers again" reload
answer "close without connections" 0 'api/s1: has no connections' api/s1 close

# ---- weight ----
# share: of 300 new connections to service web, those that s1 got
share() {
	local a b
	a=$(web s1 picked) b=$(web w2 picked)
	load share -a 127.0.0.1:8444 -c 4 -n 300 -1
	loaded share "$LAST"
	echo "$(($(web s1 picked) - a)) $(($(web w2 picked) - b)) $(result share errors)"
}
is "shares of equal weights" "$(share)" "150 150 0"
answer "weight" 0 'web/s1: weight 100 -> 50 \(file: 100\)' web/s1 weight 50
is "shares of 50 and 100" "$(share)" "100 200 0"
answer "weight 0" 0 'weight 50 -> 0 .*UP -> DRAIN' web/s1 weight 0
is "shares of 0 and 100" "$(share)" "0 300 0"
answer "weight default" 0 "weight 0 -> 100, the file's, DRAIN -> UP" web/s1 weight default
is "shares as in the file" "$(share)" "150 150 0"

# ---- for a time ----
answer "drain --for" 0 'UP -> DRAIN, .*until [0-9-]+ [0-9:]+, then ready' s2 drain --for 4s
like "until when: kha server" "$(verb s2)" 'admin: drain until .*left\), then ready'
like "until when: kha status" "$("$KHA" status -r "$RUN")" 's2 .*DRAIN, [0-9.]+m?s left'
at=$(server s2 admin_until_at_ms)
check "until when: kha stat -f json" test "$at" -gt "$(now_ms)"
answer "weight --for" 0 'weight 100 -> 20 .*, then 100' s3 weight 20 --for 4s
check "it keeps it over a reload" reload
is "over a reload" "$(server s2 state) $(server s2 admin_until_at_ms)" "DRAIN $at"
check "it ends by itself" until_true 10 server_is s2 state UP
check "and not too early ($(($(now_ms) - at)) ms later)" test "$(now_ms)" -ge "$at"
check "the weight, too" until_true 3 server_is s3 weight 100
check "the log says so" until_true 3 grep -q 'server api/s2: DRAIN -> UP: its time is over' "$D/kha.log"
nothing_kept() { ! grep -qE '^(api|web) ' "$RUN/server-state"; }
check "nothing is kept of it" until_true 3 nothing_kept
# bounded wait: the time is over while connections stay
load wait -a 127.0.0.1:8443 -c 9 -i 50 -d 600 -y
wait=$LAST
until_true 10 grep -q ready "$D/wait.out" || not_ok "connections are there"
answer "--wait ends with --for" 1 'is UP again, with [0-9]+ connection' s2 drain --for 1s --wait
end $wait
answer "drain --wait with no connections" 0 'no connections left' s2 drain --wait
verb s2 ready >/dev/null

# ---- the last usable server ----
verb s2 maint >/dev/null && verb s3 drain >/dev/null || not_ok "maint and drain"
answer "the last one: refused" 1 'refused: api/s1 is the last usable server of service api' api/s1 drain
like "what would be left" "$(verb api/s1 maint 2>&1)" 'left would be: s2 is MAINT, s3 is DRAIN'
is "refused: nothing happened" "$(server s1 state)" UP
GLOBAL="$GLOBAL" services 'enabled = false;'
out=$(reload 2>&1)
is "a reload that takes it away is refused, too" $? 1
like "with what the operator did" "$out" 's2, 127.0.0.1:9102: is in MAINT'
services
answer "--force" 0 'UP -> DRAIN' api/s1 drain --force
check "clients are refused now" bash -c '! curl -s -m 2 http://127.0.0.1:8443/ >/dev/null'
verb api/s1 ready >/dev/null
check "and served again" until_true 5 curl -s -m 2 -o /dev/null http://127.0.0.1:8443/

# ---- stop and start ----
verb s2 drain >/dev/null
verb s3 ready >/dev/null
verb s3 weight 40 >/dev/null
verb web/w2 maint --for 1h >/dev/null
at=$(web w2 admin_until_at_ms)
check "state file: for root alone" test "$(command stat -c %a "$RUN/server-state")" = 600
kha_stop
kha_start
is "kept over stop and start" "$(server s2 state) $(server s3 weight) $(web w2 state)" "DRAIN 40 MAINT"
is "with its end" "$(web w2 admin_until_at_ms)" "$at"
like "and said" "$(cat "$D/kha.log")" 'state of api/s2 is drain, as before the restart'
kill -KILL "$KHA_PID"
wait "$KHA_PID" 2>/dev/null
KHA_PID=''
kha_start
is "kept over kill -9 of the daemon" "$(server s2 state) $(server s3 weight) $(web w2 state)" "DRAIN 40 MAINT"

# ---- the file wins when it changed ----
services '' 'weight = 90;' 'weight = 90;'
out=$(reload)
is "reload with another weight" $? 0
like "it is said whose it is" "$out" "weight of api/s3 is the file's again: 40 -> 90"
is "the file's weight" "$(server s3 weight)" 90
is "about the rest the file says the same" "$(server s2 state) $(server s2 weight)" "DRAIN 90"
services '' 'weight = 90; enabled = false;' 'weight = 90;'
out=$(reload)
like "enabled = false: it is said" "$out" "state of api/s2 is the file's again: drain -> maint"
is "MAINT by the file" "$(server s2 state)" MAINT
answer "ready overrides it" 0 'MAINT -> ready' s2 ready
check "UP" until_true 5 server_is s2 state UP
check "and a reload leaves it so" reload
is "still UP" "$(server s2 state)" UP
like "-T prints the file's value" "$("$KHA" -T -c "$D/kha.conf" | grep -c 'enabled = false')" '^1$'
services
out=$(reload)
is "enabled again: UP" "$(server s2 state)" UP
# while kha does not run
verb s3 weight 40 >/dev/null
kha_stop
services '' '' 'weight = 70;'
kha_start
is "changed while kha did not run" "$(server s3 weight)" 70
like "that is said" "$(cat "$D/kha.log")" "weight of api/s3 is the file's again: 40 -> 70"
forgotten() { ! grep -q '^api s3 ' "$RUN/server-state"; }
check "and it is forgotten" until_true 5 forgotten
services
reload >/dev/null || not_ok "reload"

# ---- state directory; what is no state file ----
kha_stop
mkdir "$D/state"
printf 'kha server-state 1\napi s2 state ready dra' >"$D/state/server-state"
export STATE_DIRECTORY=$D/state:/nonexistent
kha_start
like "a broken file: one warning" "$(grep -c 'state/server-state is ignored: it is cut' "$D/kha.log")" '^1$'
check "it is not lost" grep -q 'api s2 state ready dra' "$D/state/server-state.bad"
is "it changes nothing" "$(server s2 admin)" ready
rm "$RUN/server-state"
verb s2 drain >/dev/null
check "the state directory is used" grep -q '^api s2 state ready drain' "$D/state/server-state"
check "and not the run directory" test ! -e "$RUN/server-state"
# A directory that is gone: the order holds, and the warning says what is missing.
mv "$D/state" "$D/gone"
answer "a state that cannot be written: done, with a warning" 0 'warning: a restart would forget this: .*No such file' \
	s3 drain
is "the order holds" "$(server s3 state)" DRAIN
mv "$D/gone" "$D/state"
check "it is written later" until_true 15 grep -q '^api s3 state ready drain' "$D/state/server-state"
verb s2 ready >/dev/null
verb s3 ready >/dev/null
unset STATE_DIRECTORY

# ---- without the daemon, and while it hangs ----
# shellcheck disable=SC2046
kill -STOP "$KHA_PID" $(children)
like "looking works while all are stopped" "$(timeout 5 "$KHA" server s2 -r "$RUN")" 'server: api/s2'
# shellcheck disable=SC2046
kill -CONT "$KHA_PID" $(children)
kha_up
check "no connection is left" until_true 5 idle
kha_stop
answer "a verb without a daemon" 3 'no daemon runs' s2 drain
answer "looking without a daemon: what it left" 3 'is gone\)' s2

# ---- a quit that waits for connections is hurried ----
services
kha_start
all_up || not_ok "all UP"
load quit -a 127.0.0.1:8443 -c 9 -i 50 -d 600 -x -y
quit=$LAST
until_true 10 grep -q ready "$D/quit.out" || not_ok "connections are there"
kha_s quit >"$D/quit.txt" 2>&1 &
asked=$!
check "quit waits" until_true 5 grep -q 'quitting' "$D/kha.log"
answer "an order comes too late" 1 'kha is being stopped' s2 drain
for s in api/s1 s2 s3; do answer "close does not: $s" 0 'connections? (is|are) closed' $s close; done
wait $asked
is "quit has ended" $? 0
wait "$KHA_PID"
is "with 0" $? 0
KHA_PID=''
end $quit
kha_start
finish
