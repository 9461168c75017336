#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Long-lived connections are level over the workers, through deaths and reloads, and none is lost.
. "$(dirname "$0")/lib.sh"
story "workers are level: 64 connections within 2, 1,000 within 5 %"

for i in 1 2; do web "n$i" "910$i"; done
services() { # WORKERS
	GLOBAL="workers = $1; log_level = \"notice\"; drain_timeout = \"5m\";" conf <<-X
		services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp"; log_connections = "none";
		servers = ( "127.0.0.1:9101", "127.0.0.1:9102" ); } );
	X
}
services 2
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 2 || not_ok "all UP"
generation() { stat .kha.generation; }
# of the workers that accept
active_is() { stat_is "[.workers[] | select(.draining == false) | .active] | add" "$1"; }
apart() { stat "[.workers[] | select(.draining == false) | .active] | max - min"; }

# Opened one by one, and all in the same moment.
for round in 1 2 3; do
	load "some$round" -a 127.0.0.1:8443 -c 64 -i 100000000 -d 600 -y
	some=$LAST
	check "64 connections ($round)" until_true 10 active_is 64
	at_most "the workers differ by" "$(apart)" 2
	end $some
	until_true 5 idle || not_ok "they are gone"
done
load many -a 127.0.0.1:8443 -c 1000 -i 100 -d 600 -y
many=$LAST
check "1,000 connections" until_true 20 active_is 1000
at_most "the workers differ by (5 % of 500)" "$(apart)" 25
say "handed over: $(total handed_over), taken: $(total taken_over)"
is "whoever was given was taken" "$(total handed_over)" "$(total taken_over)"
end $many
is "errors" "$(result many errors)" 0
until_true 5 idle || not_ok "they are gone"

# A worker dies and comes back empty: the next ones are its.
load first -a 127.0.0.1:8443 -c 100 -i 100000000 -d 600 -y
first=$LAST
until_true 10 active_is 100 || not_ok "100 connections"
old=$(worker_pid 0)
kill -KILL "$old"
back() { [ "$(worker_pid 0)" != "$old" ] && [ "$(workers)" = 2 ]; }
check "a killed worker is back" until_true 5 back
now=$(total active)
load second -a 127.0.0.1:8443 -c 40 -i 100 -d 600 -y
second=$LAST
check "40 more are there" until_true 10 active_is $((now + 40))
at_most "the new worker gets most of them: apart" "$(apart)" 20
end $second
is "errors of the 40" "$(result second errors)" 0
end $first
until_true 5 idle || not_ok "they are gone"

# Reloads change the number of workers while clients come and are handed over.
load churn -a 127.0.0.1:8443 -c 300 -r 1500 -d 600
churn=$LAST
until_true 5 grep -q . "$D/churn.out" || true
for n in 3 1 4 2; do
	services $n
	check "reload to $n workers" reload
done
end $churn
is "errors under reloads" "$(result churn errors)" 0
check "all of it is gone" until_true 10 idle
is "nobody was lost between two workers" "$(total handed_over)" "$(total taken_over)"
finish
