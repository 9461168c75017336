#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Clients wait for a free place in the order of their arrival, over all workers; none is lost.
. "$(dirname "$0")/lib.sh"
story "max_connections, max_queue, timeout.queue, connect_rate"

WORKERS=4
# slow: answers after 20 ms, and says who came. n1, n2: at once.
plain slow 9101 --delay 20 --trace
slow=$LAST
plain n1 9102
n1=$LAST
export GLOBAL="workers = $WORKERS; log_level = \"info\";"
services() { # MAX_OF_SERVER_one MAX_QUEUE TIMEOUT
	conf <<-X
		services = (
		{ name = "fair"; listen = "127.0.0.1:8440"; check = { type = "none"; }; timeout = { queue = "60s"; };
		  servers = ( { name = "slow"; address = "127.0.0.1:9101"; max_connections = 1; } ); },
		{ name = "whole"; listen = "127.0.0.1:8441"; check = { type = "none"; }; timeout = { queue = "60s"; };
		  max_connections = 1; servers = ( { name = "slow"; address = "127.0.0.1:9101"; } ); },
		{ name = "one"; listen = "127.0.0.1:8442"; check = { type = "none"; }; timeout = { queue = "$3"; };
		  max_queue = $2; servers = ( { name = "n1"; address = "127.0.0.1:9102"; max_connections = $1; } ); },
		{ name = "two"; listen = "127.0.0.1:8443"; timeout = { queue = "60s"; }; slow_start = "0s";
		  check = { type = "http"; interval = "100ms"; fast_interval = "100ms"; down_interval = "100ms"; };
		  servers = ( { name = "n1"; address = "127.0.0.1:9102"; max_connections = 1; },
			{ name = "n2"; address = "127.0.0.1:9103"; } ); },
		{ name = "rate"; listen = "127.0.0.1:8444"; check = { type = "none"; }; timeout = { queue = "60s"; };
		  servers = ( { name = "n1"; address = "127.0.0.1:9102"; connect_rate = 20; } ); } );
	X
}
services 1 0 60s
kha_start
check "all workers are there" until_stat 5 '[.workers[] | select(.ready)] | length' $WORKERS

of() { stat ".services[] | select(.name == \"$1\") | .counters.$2"; }
of_is() { [ "$(of "$1" "$2")" = "$3" ]; }
server_of() { stat ".services[] | select(.name == \"$1\") | .servers[] | select(.name == \"$2\") | .$3"; }
server_of_is() { [ "$(server_of "$1" "$2" "$3")" = "$4" ]; }
# hold SERVICE PORT: somebody has the only place, until end $held
hold() {
	load held -a "127.0.0.1:$2" -p /whoami -c 1 -i 100000000 -d 600 -y -x
	held=$LAST
	until_true 5 grep -q ready "$D/held.out" || not_ok "somebody has the place of $1"
}
# waiting NAME PORT N RATE: N clients, one after the other
waiting() { load "$1" -a "127.0.0.1:$2" -p /whoami -c "$3" -n "$3" -r "${4:-200}" -x; }
held_by() { stat '.workers[] | select(.active > 0) | .pid'; }
qcur() { "$KHA" stat -r "$RUN" -f csv | awk -F, -v s="$1" '
	NR == 1 { for (i = 1; i <= NF; i++) if ($i == "qcur") col = i }
	$1 == s && $2 == "BACKEND" { print $col }'; }

# ---- N clients for one place: half of them come while others are served, which takes longer ----
fair() { # NAME PORT N
	local before pid half=$(($3 / 2))
	hold "$1" "$2"
	before=$(wc -l <"$D/slow.out")
	waiting "$1" "$2" "$3" 50
	pid=$LAST
	until_true 10 half_wait "$1" $half || not_ok "$1: half of them wait"
	end $held
	loaded "$1" $pid
	is "$1: all are served: errors" "$(result "$1" errors)" 0
	is "$1: answers" "$(result "$1" answers)" "$3"
	tail -n "+$((before + 1))" "$D/slow.out" >"$D/$1.order"
	is "$1: the server saw each once" "$(sort -nu "$D/$1.order" | wc -l) $(wc -l <"$D/$1.order")" "$3 $3"
	at_most "$1: turns that somebody came too early or too late" \
		"$(awk '{ d = $1 > NR ? $1 - NR : NR - $1; if (d > max) max = d } END { print max + 0 }' \
			"$D/$1.order")" $WORKERS
	is "$1: nobody waits any more" "$(of "$1" queued)" 0
}
half_wait() { local q; q=$(of "$1" queued); [ "${q:-0}" -ge "$2" ]; }
fair fair 8440 100
fair whole 8441 40

# ---- kill -9 of the worker that has the place ----
until_true 5 idle || not_ok "nobody is left"
hold one 8442
victim=$(held_by)
waiting many 8442 40
many=$LAST
check "40 wait" until_true 10 of_is one queued 40
is "kha stat -f csv has them as qcur" "$(qcur one)" 40
mine=$(stat ".workers[] | select(.pid == $victim) | .active")
kill -KILL "$victim"
loaded many $many
is "whoever was not with the killed worker is served" "$(result many ok)" $((40 - mine + 1))
is "its own clients are lost with it" "$(($(result many reset) + $(result many eof)))" $((mine - 1))
is "counted as worker_died" "$(total close_worker_died)" "$mine"
end $held
back() { [ "$(workers)" = $WORKERS ] && [ -z "$(stat ".workers[] | select(.pid == $victim) | .pid")" ]; }
check "the worker is back" until_true 5 back
check "the place is free again" timeout 5 curl -s -o /dev/null http://127.0.0.1:8442/whoami

# ---- max_queue ----
services 1 3 60s
check "reload: max_queue = 3" reload
until_true 5 idle
hold one 8442
waiting three 8442 3
three=$LAST
check "3 wait" until_true 5 of_is one queued 3
"$TOOLS/peer" connect 127.0.0.1:8442 reset >"$D/fourth" 2>&1
is "one too many sees a RST at once" $? 0
is "counted as limit" "$(total close_limit)" 1
until_true 3 grep -q ' PQ ' "$D/kha.log"
like "its letters" "$(grep ' one one/' "$D/kha.log" | grep ' PQ ')" ' one one/<NOSRV> -?[0-9]+/-1/[0-9]+ 0 PQ '
is "the others still wait" "$(of one queued)" 3

# ---- a raised limit ----
services 4 3 60s
t0=$(now_ms)
check "reload: max_connections = 4" reload
check "those that wait are served while the first one stays" until_stat 3 \
	'.services[] | select(.name == "one") | .counters.queued' 0
say "$(($(now_ms) - t0)) ms after the reload began"
loaded three $three
is "answers" "$(result three ok)" 3
is "the first one has its place" "$(ended $held; echo $?)" 1
end $held

# ---- timeout.queue; a client that leaves ----
services 1 0 500ms
check "reload: timeout.queue = 500ms" reload
until_true 5 idle
hold one 8442
t0=$(now_ms)
"$TOOLS/peer" connect 127.0.0.1:8442 reset >"$D/late" 2>&1
is "it waits in vain and sees a RST" $? 0
took=$(($(now_ms) - t0))
at_most "not before timeout.queue" 490 $took
at_most "nor long after" $took $((1500 * SLOW))
is "counted as queue_timeout" "$(total close_queue_timeout)" 1
until_true 3 grep -q ' sQ ' "$D/kha.log"
like "its letters, how long it waited, and that it was the first" "$(grep ' sQ ' "$D/kha.log")" \
	' one one/<NOSRV> [0-9]{3,}/-1/[0-9]+ 0 sQ [0-9/]+ 0/1 -$'
services 1 0 60s
check "reload: timeout.queue = 60s" reload
waiting before 8442 1
before=$LAST
until_true 5 of_is one queued 1 || not_ok "one waits"
start leaver "$TOOLS/peer" connect 127.0.0.1:8442 send x pause $((1500 * SLOW)) rst
leaver=$LAST
check "two wait" until_true 5 of_is one queued 2
waiting behind 8442 2
behind=$LAST
check "four wait" until_true 5 of_is one queued 4
wait $leaver
check "one leaves" until_true 5 of_is one queued 3
is "counted as queue_abort" "$(total close_queue_abort)" 1
until_true 3 grep -q ' CQ ' "$D/kha.log"
like "its letters, how long it waited, and behind whom" "$(grep ' CQ ' "$D/kha.log")" \
	' one one/<NOSRV> [0-9]{4,}/-1/[0-9]+ 0 CQ [0-9/]+ 0/2 -$'
end $held
loaded before $before
loaded behind $behind
is "those before and behind it are served" "$(result before ok) $(result behind ok)" "1 2"
waited() { grep ' one one/n1 ' "$D/kha.log" | grep -qE " [1-9][0-9]+/[0-9]+/[0-9]+ [0-9]+ -- [0-9/]+ 0/$1 127"; }
check "the line of one that was served says that it waited behind three" until_true 5 waited 3

# ---- a server comes UP ----
check "n2 is not UP" server_of_is two n2 state DOWN
check "n1 is" until_true 5 server_of_is two n1 state UP
hold two 8443
waiting up 8443 10
up=$LAST
check "10 wait" until_true 5 of_is two queued 10
plain n2 9103
loaded up $up
is "a server that comes UP serves them" "$(result up ok)" 10
is "all of them" "$(result up servers.n2)" 10
end $held

# ---- connect_rate ----
load rate -a 127.0.0.1:8444 -p /whoami -c 60 -n 60 -1 -x
loaded rate "$LAST"
is "connect_rate = 20: none of 60 is lost" "$(result rate ok)" 60
at_most "seconds at least" 1.9 "$(result rate seconds)"
at_most "seconds at most" "$(result rate seconds)" $((8 * SLOW))

for p in $slow $n1; do end $p; done
is "never two at a time at the server" "$(result slow most)" 1
until_true 5 idle
finish
