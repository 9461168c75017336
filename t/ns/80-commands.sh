#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Start, stop, refusals, and what the commands say.
. "$(dirname "$0")/lib.sh"
story "commands and refusals"

web n1 9101
one() { conf <<-X
	services = ( { name = "api"; listen = "127.0.0.1:${1:-8443}"; preset = "tcp"; servers = ( "127.0.0.1:9101" ); } );
	X
}
one
out=$(kha_s stop 2>&1)
is "-s without a daemon: exit code" $? 3
out=$("$KHA" stat -r "$RUN" 2>&1)
is "stat without a daemon: exit code" $? 3
out=$("$KHA" stauts 2>&1)
is "an unknown verb: exit code" $? 2
like "names the nearest" "$out" 'status'
out=$("$KHA" -t -c "$D/kha.conf" 2>&1)
is "-t of a good file" $? 0
"$KHA" -T -c "$D/kha.conf" >"$D/T1"
"$KHA" -T -c "$D/T1" >"$D/T2"
check "-T of -T is the same" cmp "$D/T1" "$D/T2"
like "-V" "$("$KHA" -V)" '^kha [0-9]'
out=$("$KHA" -c "$D/kha.conf" -r "$D/elsewhere" 2>&1)
is "-r without a command: exit code" $? 2
like "says where the daemon has it from" "$out" "run_dir of $D/kha.conf"

kha_start
check "the run directory was made" test -S "$RUN/ctl"
is "kha.pid" "$(cat "$RUN/kha.pid")" "$KHA_PID"
out=$("$KHA" -c "$D/kha.conf" 2>&1)
is "a second start: exit code" $? 1
like "names the pid" "$out" "$KHA_PID"
sed "s|$RUN|$D/run2|" "$D/kha.conf" >"$D/kha2.conf"
out=$("$KHA" -c "$D/kha2.conf" 2>&1)
is "a port that is taken: exit code" $? 1
like "names program and pid" "$out" "kha.*$KHA_PID|$KHA_PID.*kha"
sed "s|8443|9101|; s|\"127.0.0.1:9101\" );|\"127.0.0.1:9999\" );|" "$D/kha2.conf" >"$D/kha3.conf"
out=$("$KHA" -c "$D/kha3.conf" 2>&1)
like "a foreign listener is named" "$out" 'nginx'
kill -0 "$KHA_PID" && ok "the first one runs on" || not_ok "the first one runs on"
check "-s reload, nothing changed" reload
mv "$D/kha.log" "$D/kha.log.1"
check "-s reopen" kha_s reopen
check "a new log file is there" until_true 3 test -e "$D/kha.log"

# quit: connections go on, new ones are refused
load long -a 127.0.0.1:8443 -c 5 -i 100 -d 600 -y
long=$LAST
until_true 5 grep -q ready "$D/long.out"
kha_s quit >"$D/quit.out" 2>&1 &
quit=$!
refused() { ! curl -s -m 2 http://127.0.0.1:8443/ >/dev/null; }
check "quit: new connections are refused" until_true 5 refused
check "quit: it waits for the others" kill -0 "$KHA_PID"
end $long
is "quit: they were not touched" "$(result long errors)" 0
wait $quit
is "quit: exit code of the command" $? 0
wait "$KHA_PID"
is "quit: exit code of the daemon" $? 0
KHA_PID=''

# -D
"$KHA" -D -c "$D/kha.conf" </dev/null >"$D/kha.out" 2>"$D/kha.err"
is "-D: exit code" $? 0
daemon=$(cat "$RUN/kha.pid")
check "-D: it is ready when the command returns" test -n "$(curl -s -m 5 http://127.0.0.1:8443/)"
"$KHA" -D -c "$D/kha2.conf" </dev/null >"$D/d2" 2>&1
is "-D that cannot start: exit code" $? 1
like "and says why" "$(cat "$D/d2")" '8443'
kids=$(pgrep -P "$daemon")
check "-s stop" kha_s stop
check "nobody is left" all_ended "$daemon" $kids

# without root
mkdir "$D/own" && chown nobody "$D/own"
chmod 711 "$D"
one 8450
sed -i "s|$RUN|$D/own/run|; s|log = \"[^\"]*\"|log = \"stderr\"|" "$D/kha.conf"
setpriv --reuid nobody --regid nogroup --clear-groups "$KHA" -c "$D/kha.conf" 2>"$D/kha.err" &
own=$!
PIDS="$PIDS $own"
answers() { curl -s -m 2 http://127.0.0.1:8450/ | grep -q n1; }
check "it serves without root" until_true 5 answers
[ -n "$SANDBOX" ] || like "and says so once" "$(grep -ci 'not root' "$D/kha.err")" '^1$'
is "and stops" "$(setpriv --reuid nobody --regid nogroup --clear-groups "$KHA" -s stop -r "$D/own/run" >/dev/null 2>&1; echo $?)" 0
finish
