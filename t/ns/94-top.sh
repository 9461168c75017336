#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kha top in a terminal (tmux), key by key.
. "$(dirname "$0")/lib.sh"
once_for_all_engines
story "kha top: keys, sizes, restarts, and what it leaves behind"

# One nginx on all of 127.0.0.0/8; the twelfth server is a port without anybody.
web n1 9101
sed -i 's/listen 127.0.0.1:9101/listen 0.0.0.0:9102/' "$D/nginx-n1/nginx.conf"
start all nginx -p "$D/nginx-n1" -c "$D/nginx-n1/nginx.conf"
until_true 5 listens 9102 || not_ok "nginx listens"
for i in 1 2 3 4 5 6 7 8 9 10 11; do servers="${servers:-}{ name = \"cp-$i\"; address = \"127.0.0.$i:9102\"; }, "; done
conf <<-X
	services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp"; balance = "roundrobin";
	servers = ( $servers { name = "cp-12"; address = "127.0.0.12:9109"; } ); } );
X
kha_start
until_stat 10 '[.services[].servers[] | select(.state == "DOWN")] | length' 1 || not_ok "one is DOWN"
until_stat 10 '[.services[].servers[] | select(.state == "UP")] | length' 11 || not_ok "eleven are UP"

# ---- the terminal ----

export LC_ALL=C.UTF-8
tm() { tmux -S "$D/tmux" -f /dev/null "$@"; }
# Its server is ours to end, whatever happens.
tm new-session -d -x 80 -y 24 -s t "bash --norc" || { not_ok "tmux starts"; exit 1; }
PIDS="$PIDS $(tm display -p -t t '#{pid}')"
screen() { tm capture-pane -p -t t; }
keys() { tm send-keys -t t "$@"; }
text() { tm send-keys -l -t t "$1"; }
# line N: of the screen, from 1
line() { screen | sed -n "$1p"; }
line_is() { line "$1" | grep -qE -- "$2"; }
# at NAME LINE REGEX: waits for it
at() { until_true 10 line_is "$2" "$3" && ok "$1" || not_ok "$1: line $2 is '$(line "$2")', not like '$3'"; }
run() { keys "PS1='> '; clear; TERM=screen-256color $*" Enter; }
prompt() { screen | grep -v '^$' | tail -n 1 | grep -q '^> $\|^>$'; }
# No line is wider than the pane, and whatever stands there is text.
clean() {
	screen | sed 's/…/~/g' |
		LC_ALL=C awk -v w="$1" 'length($0) > w || /[^ -~]/ { bad = 1; print "# " $0 } END { exit bad }'
}
top_pid() { pgrep -P "$(tm display -p -t t '#{pane_pid}')" -f ' top '; }
there() { top_pid >/dev/null; }
gone() { ! there; }

keys "PS1='> '; stty -a >$D/stty.before; clear" Enter
until_true 5 test -s "$D/stty.before" || not_ok "a shell runs there"
run "$KHA top -r $RUN -d 0.5"
at "title: connections" 1 '^kha [0-9.]+, 0 of [0-9]+ connections, 0\.0/s, in 0/s, out 0/s, up '
at "services" 2 '^api UP 11/12$'
at "warnings" 3 '^no warnings$'
at "panes" 4 '^\[servers 12\]  vips 0   workers [0-9]+   by file$'
at "headings" 5 '^server +state +active +conn/s +in/s +out/s +errors +check$'
at "the first server" 6 '^api/cp-1  +UP +0 +0\.0 +0 +0 +0  L4OK in [0-9]+ms$'
at "the twelfth" 17 '^api/cp-12 +DOWN +0 +0\.0 +0 +0 +0  L4CON in [0-9]+ms$'
at "keys on the last line" 24 '^\? help  q quit  / filter  Tab pane  sort f n s c r b t e  \+ - every 0\.5 s'
check "no garbage in 80 columns" clean 80
# 31: red, 32: green
colour() { tm capture-pane -e -p -t t | grep 'cp-12' | grep -q '\[[0-9;]*31m.*DOWN'; }
check "DOWN is red" until_true 5 colour

# Traffic that one can see: only to be counted, not to be fast.
load traffic -a 127.0.0.1:8443 -c 4 -i 20 -d 600 -1
traffic=$LAST
at "the rate of the node moves" 1 ' of [0-9]+ connections, [1-9][0-9.]*/s, in [0-9.]+K?/s, out [1-9][0-9.]*[KM]?/s'
at "and that of a server" 6 '^api/cp-1 +UP +[0-9]+ +[1-9][0-9.]* '

keys s
at "s: the worst state first" 6 '^api/cp-12 +DOWN'
line_is 4 'by state$' && ok "s: said" || not_ok "s: '$(line 4)'"
keys s
at "s again: last" 17 '^api/cp-12 +DOWN'
keys n
at "n: names, with numbers in their order" 7 '^api/cp-2 '
at "n: to the end" 17 '^api/cp-12 '
keys n
at "n again: from the end" 6 '^api/cp-12 '
for k in "c connections" "r rate" "b bytes" "t check" "e errors"; do
	keys "${k% *}"
	at "$k" 4 "by ${k#* }\$"
done
keys r
at "r: who gets nothing comes last" 17 '^api/cp-12 '
keys f
at "f: as in the file" 6 '^api/cp-1 '

keys /
at "/: the last line asks" 24 '^filter: _'
text down
at "/down: one row" 7 '^$'
at "/down: the one that is DOWN" 6 '^api/cp-12 '
keys Enter
at "Enter keeps it" 4 '/down: 1 of 12$'
keys Escape
at "Esc: all again" 7 '^api/cp-2 '
keys /
text CP-1
at "part of a name, in any case" 10 '^$'
keys BSpace BSpace BSpace BSpace Enter
at "backspace" 7 '^api/cp-2 '

keys +
at "+" 24 'every 1 s'
keys -
keys -
at "-" 24 'every 0\.2 s'
keys '?'
at "? help" 5 '^1 2 3 Tab +servers, VIPs, workers$'
keys x
at "any key ends it" 5 '^server '
keys Tab
at "Tab: VIPs" 4 '^ servers 12  \[vips 0\]'
keys Tab
at "Tab: workers" 5 '^process +state +pid +gen +beat +active +conn/s +in/s +out/s$'
until_true 10 bash -c "tmux -S '$D/tmux' capture-pane -p -t t | grep -qE '^worker/0 +ready +$(worker_pid 0) '" &&
	ok "the worker and its pid" || not_ok "the worker and its pid"
keys 1
at "1: servers" 4 '^\[servers 12\]'

# ---- sizes ----

tm resize-window -t t -x 60 -y 15
at "60x15: fewer columns" 5 '^server +state +active +conn/s +in/s +out/s +errors$'
at "60x15: a part of the list" 4 '1-9 of 12$'
at "60x15: the keys" 15 '^\? help  q quit  / filter  Tab pane'
check "no garbage in 60 columns" clean 60
keys Down
at "down" 6 '^api/cp-2 '
keys End
at "End" 14 '^api/cp-12 '
keys Home
at "Home" 6 '^api/cp-1 '
keys NPage
at "page down" 14 '^api/cp-12 '
for size in "30 8" "12 4" "5 2" "2 1" "200 50" "80 24"; do
	tm resize-window -t t -x "${size% *}" -y "${size#* }"
	at "${size/ /x}: something stands there" 1 '^k'
	check "${size/ /x}: no garbage" clean "${size% *}"
	[ "$size" = "80 24" ] || check "${size/ /x}: it runs on" there
done
keys g
at "back at 80x24" 6 '^api/cp-1 '
at "the last line" 24 '^\? help'

# ---- its cost ----

keys + +
at "once a second" 24 'every 1 s'
cpu_us() { awk '{ print int($1 / 1000) }' "/proc/$(top_pid)/schedstat"; }
before=$(cpu_us) since=$(now_ms)
until_true 20 bash -c "[ \$((\$(date +%s%N) / 1000000 - $since)) -ge 5000 ]"
used=$(($(cpu_us) - before)) took=$(($(now_ms) - since))
say "kha top every second, 12 servers: $used us of CPU in $took ms"
[ -n "${KHA_SAN:-}" ] || at_most "CPU, percent of one" \
	"$(awk -v u="$used" -v ms="$took" 'BEGIN { printf "%.2f", u / ms / 10 }')" 5

# ---- the daemon dies and comes back ----

end $traffic
kids=$(children)
kill -KILL "$KHA_PID"
wait "$KHA_PID" 2>/dev/null
old=$KHA_PID
at "a dead daemon is named" 3 "^the daemon \(pid $old\) is gone, this is what it left; waiting for another$"
at "what it left stays" 17 '^api/cp-12 +DOWN'
check "its children end" until_true 5 all_ended $kids
: >"$D/kha.log"
kha_start
at "another one is followed" 3 "^another daemon runs now \(pid $KHA_PID\): its counters began at 0"
at "and shown" 4 '^\[servers 12\]'

# ---- the terminal afterwards ----

sane() { # NAME
	until_true 5 gone || not_ok "$1: it ends"
	until_true 5 prompt && ok "$1: the old screen is back" || { not_ok "$1: the old screen is back"; screen; }
	is "$1: cursor and screen" "$(tm display -p -t t '#{cursor_flag} #{alternate_on} #{keypad_cursor_flag}')" "1 0 0"
	rm -f "$D/stty.after"
	keys "clear; stty -a >$D/stty.after; echo rc=\$rc" Enter
	until_true 5 test -s "$D/stty.after"
	check "$1: settings of the terminal" cmp "$D/stty.before" "$D/stty.after"
}
keys q
sane q
rc() { keys "clear; echo rc=\$rc." Enter; until_true 5 bash -c "tmux -S '$D/tmux' capture-pane -p -t t | grep -q '^rc=$1\\.'" && ok "$2" || { not_ok "$2"; screen | head -n 5; }; }
run "$KHA top -r $RUN; rc=\$?"
at "it runs again" 4 '^\[servers 12\]'
kill -TERM "$(top_pid)"
sane TERM
rc 143 "TERM: its parent hears of it"
run "$KHA top -r $RUN; rc=\$?"
at "and again" 4 '^\[servers 12\]'
keys C-c
sane ^C
rc 0 "^C: exit code"
run "$KHA top -r $RUN -n 1 -d 0.1; rc=\$?"
sane "-n 1"
rc 0 "-n 1: exit code"
run "NO_COLOR=1 $KHA top -r $RUN; rc=\$?"
at "NO_COLOR" 17 '^api/cp-12 +DOWN'
check "NO_COLOR: no colour" test -z "$(tm capture-pane -e -p -t t | grep -E '\[[0-9;]*3[0-7]m')"
keys q
sane NO_COLOR
run "TERM=nonsense $KHA top -r $RUN; rc=\$?"
rc 1 "an unknown terminal is an error"
run "LC_ALL=C $KHA top -r $RUN -d 0.5; rc=\$?"
tm resize-window -t t -x 40 -y 12
at "without UTF-8 a cut is a ~" 1 '^kha .*~$'
tm resize-window -t t -x 80 -y 24
at "80x24 again" 24 '^\? help'
keys q
sane C
# The end of the terminal is its end.
run "$KHA top -r $RUN"
at "once more" 4 '^\[servers 12\]'
pid=$(top_pid)
tm kill-server
check "it ends with its terminal" until_true 5 ended "$pid"

# ---- batch ----

out=$("$KHA" top -b -n 2 -d 0.2 -o state -r "$RUN" 2>&1)
is "batch: exit code" $? 0
is "batch: two screens" "$(grep -c '^kha ' <<<"$out")" 2
is "batch: in order" "$(grep '^api/' <<<"$out" | head -n 1 | cut -d' ' -f1)" api/cp-12
is "batch: no escape sequences" "$(grep -c $'\033' <<<"$out")" 0
out=$("$KHA" top -r "$RUN" </dev/null 2>&1)
is "no terminal: exit code" $? 1
like "no terminal: -b is named" "$out" 'kha top -b'
"$KHA" top -b -n 1 -d 0.1 -r "$RUN" >/dev/full 2>&1
is "a full disk: exit code" $? 1
"$KHA" top -b -r "$D/nowhere" >/dev/null 2>&1
is "no daemon: exit code" $? 3
"$KHA" top -x >/dev/null 2>&1
is "usage: exit code" $? 2
for v in status server vip stat top; do
	"$KHA" "$v" --help >"$D/help" 2>&1
	is "$v --help: exit code" $? 0
	like "$v --help" "$(head -n 1 "$D/help")" "^usage: kha $v "
done
finish
