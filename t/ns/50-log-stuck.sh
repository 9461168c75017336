#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A log consumer that never reads.
. "$(dirname "$0")/lib.sh"
story "a stuck log consumer costs lines, not traffic"

for i in 1 2; do web "n$i" "910$i"; done
mkfifo "$D/fifo"
export GLOBAL='workers = 2; log_level = "info";'
run() { # NAME READER: requests a second with one connection each, logged to a pipe
	local name=$1 reader
	conf <<-X
		services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp";
		servers = ( "127.0.0.1:9101", "127.0.0.1:9102" ); } );
	X
	sed -i "s|log = \"[^\"]*\"|log = \"stderr\"|" "$D/kha.conf"
	# shellcheck disable=SC2217 # holds the pipe open and never reads it: that is the point
	if [ "$2" = reads ]; then cat "$D/fifo" >"$D/log-$name" & else sleep 1000 <"$D/fifo" & fi
	reader=$!
	PIDS="$PIDS $reader"
	"$KHA" -c "$D/kha.conf" >"$D/kha.out" 2>"$D/fifo" </dev/null &
	KHA_PID=$!
	until_true 10 kha_up || not_ok "kha starts"
	until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 2
	load "$name" -a 127.0.0.1:8443 -c 32 -n 20000 -1
	loaded "$name" "$LAST"
	is "$name: errors" "$(result "$name" errors)" 0
	result "$name" '| .answers / .seconds' >>"$D/rate-$2"
	stat .kha.log_dropped >"$D/dropped-$2"
	check "$name: kha stops" kha_s stop
	wait "$KHA_PID"
	KHA_PID=''
	kill "$reader" 2>/dev/null
	wait "$reader" 2>/dev/null
}
for i in 1 2 3; do
	run "reads$i" reads
	run "stuck$i" stuck
done
median() { sort -n "$1" | sed -n 2p; }
a=$(median "$D/rate-reads") b=$(median "$D/rate-stuck")
say "connections a second: $a with a reader, $b without"
at_most "with a stuck consumer at least 0.8 of the rate" "$(awk -v a="$a" 'BEGIN { print a * 0.8 }')" "$b"
at_most "lost lines are counted" 10000 "$(cat "$D/dropped-stuck")"
finish
