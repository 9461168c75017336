#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A log consumer that never reads.
. "$(dirname "$0")/lib.sh"
story "a stuck log consumer costs lines, not traffic"

for i in 1 2; do web "n$i" "910$i"; done
mkfifo "$D/fifo"
export GLOBAL='workers = 2; log_level = "info";'
pids() { [ "$1" = worker ] && stat '.workers[].pid' || process "$1"; }
# account NAME: now somebody reads. What the pipe and the rings kept comes, then how much is missing.
account() {
	local lines
	cat "$D/fifo" >"$D/late-$1" &
	PIDS="$PIDS $!"
	until_true 10 grep -q 'logger: warning: [0-9]* lines lost' "$D/late-$1" &&
		ok "$1: who comes late is told of the loss" || not_ok "$1: who comes late is told of the loss"
	settled() {
		local n
		n=$(wc -l <"$D/late-$1")
		sleep 0.2
		[ "$(wc -l <"$D/late-$1")" = "$n" ]
	}
	until_true 10 settled "$1"
	lines=$(($(grep -c ' api api/' "$D/late-$1") + $(stat .kha.log_dropped)))
	# Some of the lost ones may be about something else.
	check "$1: each of 20000 lines came or is counted ($lines)" \
		test "$lines" -ge 20000 -a "$lines" -le 20020
}
run() { # reads|stuck: requests with one connection each, logged to a pipe
	local name=$1 reader
	conf <<-X
		services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp";
		servers = ( "127.0.0.1:9101", "127.0.0.1:9102" ); } );
	X
	sed -i "s|log = \"[^\"]*\"|log = \"stderr\"|" "$D/kha.conf"
	# shellcheck disable=SC2217 # holds the pipe open and never reads it: that is the point
	if [ "$name" = reads ]; then cat "$D/fifo" >"$D/log-$name" & else sleep 1000 <"$D/fifo" & fi
	reader=$!
	PIDS="$PIDS $reader"
	"$KHA" -c "$D/kha.conf" >"$D/kha.out" 2>"$D/fifo" </dev/null &
	KHA_PID=$!
	until_true 10 kha_up || not_ok "kha starts"
	until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 2
	load "$name" -a 127.0.0.1:8443 -c 32 -n 20000 -1
	loaded "$name" "$LAST"
	is "$name: errors" "$(result "$name" errors)" 0
	result "$name" '| .answers / .seconds' >"$D/rate-$name"
	for kind in worker logger; do
		for p in $(pids $kind); do cat "/proc/$p/schedstat"; done |
			awk '{ ns += $1 } END { printf "%.1f\n", ns / 20000000 }' >"$D/cpu-$kind-$name"
	done
	stat .kha.log_dropped >"$D/dropped-$name"
	[ "$name" = reads ] || account "$name"
	check "$name: kha stops" kha_s stop
	wait "$KHA_PID"
	KHA_PID=''
	kill "$reader" 2>/dev/null
	wait "$reader" 2>/dev/null
}
run reads
run stuck
# Who waits for a reader that never comes has no rate at all; a factor of five tells that from a busy machine.
a=$(cat "$D/rate-reads") b=$(cat "$D/rate-stuck")
at_most "connections a second with a stuck consumer, at least a fifth of $a" \
	"$(awk -v a="$a" 'BEGIN { print a / 5 }')" "$b"
# The rate says little on a machine with other work; what a connection costs says more.
for kind in worker logger; do
	a=$(cat "$D/cpu-$kind-reads") b=$(cat "$D/cpu-$kind-stuck")
	say "us of CPU a connection, $kind: $a with a reader, $b without"
	[ $kind = logger ] || at_most "$kind: at most five times the CPU a connection" "$b" \
		"$(awk -v a="$a" 'BEGIN { print a * 5 }')"
done
at_most "lost lines are counted" 10000 "$(cat "$D/dropped-stuck")"
finish
