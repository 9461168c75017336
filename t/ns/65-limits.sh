#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# max_connections of the node, and too few descriptors: clients wait in the backlog, none is lost.
. "$(dirname "$0")/lib.sh"
story "limits: clients wait, nobody is refused"

for i in 1 2; do web "n$i" "910$i"; done
paused_is_said() { [ "$(total accept_paused)" -gt 0 ] && grep -q "accept pauses" "$D/kha.log"; }
services() {
	conf <<-X
		services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp";
		servers = ( "127.0.0.1:9101", "127.0.0.1:9102" ); } );
	X
}
fds() { find "/proc/$(worker_pid 0)/fd" -mindepth 1 | wc -l; }

# ---- more files than the system allows are an error that names both numbers ----
export GLOBAL='workers = 1; max_connections = 900000;'
services
(ulimit -n 2000; exec setpriv --bounding-set=-sys_resource "$KHA" -c "$D/kha.conf") >"$D/many" 2>&1
is "max_connections that the limit does not allow: exit" $? 1
like "with both numbers" "$(cat "$D/many")" '900000 connections need 1800[0-9]+ open files .* limit is [0-9]+'

# ---- the node is full ----
GLOBAL='workers = 2; max_connections = 40; log_level = "notice";' services
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 2 || not_ok "all UP"
# 200 clients that stay half a second each: at most 40 at a time are served.
load many -a 127.0.0.1:8443 -c 200 -n 2000 -i 50 -d $((60 * SLOW))
many=$LAST
check "accept pauses" until_true 10 paused_is_said
most=0
for _ in $(seq 40); do
	a=$(total active)
	[ "${a:-0}" -gt "$most" ] && most=$a
done
at_most "connections at a time" "$most" 44
loaded many "$many"
is "clients beyond it wait: errors" "$(result many errors)" 0
at_most "all were served" 2000 "$(result many answers)"
check "no connection is left" until_true 5 idle
kha_stop

# ---- one worker has files for few connections, and the option asks for no more than it may ----
GLOBAL='workers = 1; log_level = "notice";' services
: >"$D/kha.log"
ulimit -S -n 700
ulimit -H -n 700
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 2 || not_ok "all UP"
like "auto is what the files allow, and said" "$(cat "$D/kha.log")" 'ready: 1 workers, up to [0-9]+ connections'
free=$(grep -o 'up to [0-9]*' "$D/kha.log" | tail -n 1 | tr -dc 0-9)
before=$(fds)
load few -a 127.0.0.1:8443 -c 400 -n 4000 -i 20 -d $((60 * SLOW))
few=$LAST
check "accept pauses again" until_true 10 paused_is_said
at_most "connections at a time" "$(total active)" $((free + 2))
loaded few "$few"
is "nobody is refused: errors" "$(result few errors)" 0
is "for want of files nothing was closed" "$(total close_resource)" 0
files_back() { [ "$(fds)" -le "$before" ]; }
check "descriptors are back" until_true 5 files_back
finish
