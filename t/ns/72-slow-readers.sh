#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Servers push without end, clients do not read: memory stays bounded, others do not notice.
. "$(dirname "$0")/lib.sh"
story "slow readers: bounded memory, others are served as before"

web n1 9102
export GLOBAL='workers = 2; log_level = "notice";'
patient='keepalive = { client = { user_timeout = "0s"; }; server = { user_timeout = "0s"; }; };'
conf <<E2
services = (
  { name = "push"; listen = "127.0.0.1:8443"; preset = "tcp"; check = { type = "none"; };
    servers = ( "127.0.0.1:9101" ); log_connections = "none"; timeout = { idle = "1h"; }; $patient },
  { name = "api"; listen = "127.0.0.1:8444"; preset = "tcp"; check = { type = "none"; };
    servers = ( "127.0.0.1:9102" ); log_connections = "none"; }
);
E2
# KB of both workers
private() { local w n=0; for w in 0 1; do
	n=$((n + $(awk '/^Private/ { s += $2 } END { print s }' "/proc/$(worker_pid $w)/smaps_rollup")))
done; echo $n; }
# KB in all TCP sockets. The kernel counts for all namespaces together; others only add to it.
kernel() { awk -v page="$(getconf PAGESIZE)" '/^TCP:/ { print $11 * page / 1024 }' /proc/net/sockstat; }
highest() { awk '{ print $3 / 1024 }' "/proc/sys/net/ipv4/tcp_$1"; }
# What N connections may have there: two pairs of sockets each, in a pair one sends and one receives;
# and what each CPU holds in advance.
kernel_bound() { echo $(($1 * 2 * ($(highest rmem) + $(highest wmem)) + 1024 * $(nproc))); }
# A buffer of 32 KB (what does not fit into it waits in a pipe or in the socket) and state, and
# something to begin with.
own_bound() { echo $((($1 * 36 + 2048) * SLOW)); }
bytes() { stat '.services[] | select(.name == "push") | .counters.bytes_out'; }
# For a second. A sender's probes may fill what is left of a window once more.
still() {
	local b k
	b=$(bytes) k=$(kernel)
	sleep 1
	[ "$b" -gt 0 ] && [ "$(bytes)" = "$b" ] && [ "$(kernel)" -le $((k + 512)) ]
}
costs() {
	at_most "$1: KB of TCP memory" $(($(kernel) - tcp)) "$(kernel_bound "$2")"
	at_most "$1: KB of kha's private memory" $(($(private) - own)) "$(own_bound "$2")"
}
# slow NAME MODE N: so many slow clients
slow() {
	tcp=$(kernel) own=$(private)
	start "$1" "$TOOLS/stream" -m "$2" -l 127.0.0.1:9101 -a 127.0.0.1:8443 -n "$3" -c "$3" -d 3000
	slow=$LAST
	check "$1: $3 are there" until_true 20 grep -q ready "$D/$1.out"
}
stopped() {
	check "$1: bytes and memory stop growing" until_true 30 still
	costs "$1" "$2"
	is "$1: kha carries them all" "$(total active)" "$2"
}
# reads NAME: the clients read at last, and check every byte
reads() {
	end "$slow"
	say "$1: $(tail -n 1 "$D/$1.out")"
	is "$1: when they read: errors" "$(result "$1" errors)" 0
	is "$1: everything arrives" "$(result "$1" server.arrived)" "$(result "$1" server.sent)"
	check "$1: no connection is left" until_true 10 idle
}
# others NAME: 50 other clients; sets p99
others() {
	load "$1" -a 127.0.0.1:8444 -c 50 -i 20 -d $((5 * MORE))
	loaded "$1" "$LAST"
	is "$1: 50 others: errors" "$(result "$1" errors)" 0
	p99=$(result "$1" p99_ms)
	say "$1: 50 others: $(result "$1" answers) answers, ms: p50 $(result "$1" p50_ms), p99 $p99, max $(result "$1" max_ms)"
}
# noticed NAME BEFORE DURING: the ratio is for reading, the limit is for a busy machine
noticed() {
	say "$1: p99 is $(awk -v a="$2" -v b="$3" 'BEGIN { printf "%.2f", b / a }') times that before"
	at_most "$1: p99 of others in ms" "$3" \
		"$(awk -v a="$2" 'BEGIN { print (a * 5 > a + 100 ? a * 5 : a + 100) }')"
}
kha_start

# ---- one, as the system is ----
say "a socket may hold $(highest rmem) KB in, $(highest wmem) KB out"
slow one stuck 1
stopped one 1
reads one

# ---- many, in less memory each: 2,000 times 256 KB at most ----
for k in rmem wmem; do echo "4096 16384 65536" >/proc/sys/net/ipv4/tcp_$k; done
say "a socket may hold $(highest rmem) KB in, $(highest wmem) KB out"
n=$((2000 / SLOW)) # 10,000 descriptors: MORE of them there cannot be
others before
before=$p99
slow stuck stuck $n
stopped stuck $n
others "during stuck"
noticed stuck "$before" "$p99"
costs "stuck, later" $n
reads stuck

# ---- the same, but they read a little now and then, so that kha has work with each ----
slow trickle slow $n
others "during trickle"
noticed trickle "$before" "$p99"
costs trickle $n
is "trickle: kha carries them all" "$(total active)" "$n"
reads trickle
finish
