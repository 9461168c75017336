#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# All clients come back at once, more than there are buffers for: each has its answer, and so has the next wave.
. "$(dirname "$0")/lib.sh"
story "thousands of clients connect and ask in one moment"

sysctl -qw net.core.somaxconn=16384 net.ipv4.ip_local_port_range="10000 60999"
webs plain n1 9101 n2 9102 n3 9103
n=$((4500 / SLOW))
export GLOBAL='workers = 1; log_level = "notice"; max_connections = 6000;'
conf <<X
services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp"; log_connections = "none"; check = { type = "none"; };
	servers = ( "127.0.0.1:9101", "127.0.0.1:9102", "127.0.0.1:9103" ); } );
X
kha_start
# Each wave asks as it connects; the second wave stays connected while the third comes.
for wave in first second; do
	load $wave -a 127.0.0.1:8443 -1 -c $n -n $n -d $((60 * SLOW))
	loaded $wave "$LAST"
	is "the $wave wave: all have an answer" "$(result $wave ok)" $n
	is "the $wave wave: errors" "$(result $wave errors)" 0
	say "the last one of $n after $(result $wave last_ms) ms"
done
load kept -a 127.0.0.1:8443 -c $((n / 2)) -i 100000000 -d 600 -y
kept=$LAST
check "half as many stay" until_true 30 grep -q ready "$D/kept.out"
load third -a 127.0.0.1:8443 -1 -c $((n / 2)) -n $((n / 2)) -d $((60 * SLOW))
loaded third "$LAST"
is "the others come once more: errors" "$(result third errors)" 0
is "who stayed is still there" "$(total active)" $((n / 2))
end "$kept"
# With nobody there the worker is idle: it does not ask in vain for buffers.
until_stat 10 .kha.totals.active 0 || not_ok "all are gone"
quiet() { local a; a=$(cpu_ms "$(worker_pid 0)"); sleep 1; [ $(($(cpu_ms "$(worker_pid 0)") - a)) -le 50 ]; }
check "afterwards the worker rests" until_true 10 quiet
finish
