#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Private user memory of an idle connection: 10,000 of them on two workers, Private_Clean +
# Private_Dirty of smaps_rollup, before and after. Fails above 512 bytes.
. "$(dirname "$0")/lib.sh"
story "private memory of 10,000 idle connections on two workers"

ulimit -n 20000
for i in 1 2; do web "n$i" "910$i"; done
export GLOBAL='workers = 2; log_level = "notice"; max_connections = 12000;'
conf <<E2
services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp"; log_connections = "none";
	servers = ( "127.0.0.1:9101", "127.0.0.1:9102" ); } );
E2
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 2 || not_ok "all UP"
n=10000
before=$(private "$(worker_pid 0)" "$(worker_pid 1)")
load a -a 127.0.0.1:8443 -c $((n / 2)) -i 100000000 -d 600 -y
a=$LAST
load b -a 127.0.0.1:8443 -c $((n / 2)) -i 100000000 -d 600 -y
b=$LAST
until_stat 30 .kha.totals.active $n || not_ok "$n connections"
# Buffers of the time when they came are given back after some seconds.
both() { private "$(worker_pid 0)" "$(worker_pid 1)"; }
settled() { local p; p=$(both); sleep 4; [ "$(both)" -ge "$p" ]; }
until_true 20 settled
after=$(both)
say "workers: $before bytes before, $after with $n idle connections"
at_most "bytes of private user memory per idle connection" $(((after - before) / n)) 512
end $a
end $b
finish
