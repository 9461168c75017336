#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kha session: who is connected where, from what the server itself saw, and closing one.
. "$(dirname "$0")/lib.sh"
story "open connections: the table, who, close, and what a killed worker leaves"

LISTED=127.0.1.5 # sends PROXY headers
# The servers say who they see.
WEB_BODY='$remote_addr:$remote_port\n' webs plain s1 9101 s2 9102
export GLOBAL='workers = 2;'
conf <<E2
services = ( { name = "api"; listen = [ "127.0.0.1:8443", "[::1]:8443" ]; preset = "tcp"; balance = "first";
	servers = ( { name = "s1"; address = "127.0.0.1:9101"; }, { name = "s2"; address = "127.0.0.1:9102"; enabled = false; } ); },
	{ name = "in"; listen = "127.0.0.1:8450"; check = { type = "none"; };
	servers = ( { name = "n1"; address = "127.0.0.1:9103"; } ); proxy_protocol = { accept = [ "$LISTED" ]; }; },
	{ name = "full"; listen = "127.0.0.1:8451"; check = { type = "none"; }; timeout = { queue = "600s"; };
	max_connections = 1; servers = ( { name = "n1"; address = "127.0.0.1:9103"; } ); } );
E2
session() { "$KHA" session -r "$RUN" "$@"; }
# rows JQ: of the list, in JSON
rows() { session -f json 2>/dev/null | jq -r "$1"; }
rows_are() { [ "$(rows "$1")" = "$2" ]; }
# row CLIENT FIELD
row() { rows ".sessions[] | select(.client == \"$1\") | .$2"; }
row_is() { [ "$(row "$1" "$2")" = "$3" ]; }
# opened N: so many are listed
opened() { rows_are '.sessions | length' "$1"; }

out=$(session 2>&1)
is "without a daemon: exit code" $? 3
kha_start
until_stat 5 '.services[0].servers[0].state' UP || not_ok "UP"
is "nobody is connected" "$(session)" "no connection is open"

# ---- the table ----
PORT=21000 # none that the kernel gives out itself
# client NAME FROM TO STEP...: one connection in the background
client() { start "$1" "$TOOLS/peer" connect "$3" from "$2" "${@:4}"; }
server() { # NAME STEP...: the server of "in" and "full": any number of clients, each by these steps
	start "$1" "$TOOLS/peer" serve 127.0.0.1:9103 "${@:2}"
	SERVER=$LAST
	until_true 5 listens 9103 || not_ok "$1 listens"
}
GET=$'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
client one 127.0.0.1:$PORT 127.0.0.1:8443 send "$GET" pause 600000
one=$LAST
client two "[::1]:$PORT" "[::1]:8443" send "$GET" pause 600000
check "two connections are listed" until_true 5 opened 2
check "what came from the client is counted" until_true 5 row_is 127.0.0.1:$PORT bytes_in ${#GET}
answered() { [ "$(row "127.0.0.1:$PORT" bytes_out)" -gt 100 ]; }
check "and from the server" until_true 5 answered
like "the table" "$(session)" "^[01]-1 +127.0.0.1:$PORT +api/s1 +open +[0-9.ms]+ +[0-9.ms]+ +${#GET} +[0-9]+\$"
like "an IPv6 client" "$(session)" "\[::1\]:$PORT +api/s1 "
is "where it came in" "$(row 127.0.0.1:$PORT listen)" 127.0.0.1:8443
at_most "columns of a line" "$(session | awk '{ if (length > m) m = length } END { print m }')" 100
idle=$(row 127.0.0.1:$PORT idle_ms)
grows() { [ "$(row 127.0.0.1:$PORT idle_ms)" -gt $((idle + 300)) ]; }
check "a silent one: its idle time grows" until_true 5 grows
check "and its bytes do not" row_is 127.0.0.1:$PORT bytes_in ${#GET}

# Bytes of a known size, by copying and by splice, as they flow.
mkdir "$D/files"
head -c 20000000 /dev/zero >"$D/files/much"
curl -s --limit-rate 4M --interface 127.0.0.9 --local-port $PORT -o "$D/got" http://127.0.0.1:8443/files/much &
curl=$!
flows() { [ "$(row 127.0.0.9:$PORT bytes_out 2>/dev/null)" -gt "$1" ] 2>/dev/null; }
check "bytes are counted as they flow" until_true 10 flows 1000000
check "largest first" test "$(session --sort bytes --limit 1 -f json | jq -r '.sessions[0].client')" = 127.0.0.9:$PORT
kill $curl && wait $curl 2>/dev/null
check "one that ended is not listed" until_true 5 opened 2
# exact: the answer of known length stays in the row of a client that does not go
printf 'GET /files/much HTTP/1.1\r\nHost: x\r\n\r\n' >"$D/get"
before=$(total bytes_out)
client big 127.0.0.8:$PORT 127.0.0.1:8443 sendfile "$D/get" drain
big=$LAST
all_there() { [ "$(row 127.0.0.8:$PORT bytes_out)" -gt 20000000 ] 2>/dev/null; }
check "20 MB through one connection" until_true 20 all_there
n=$(row 127.0.0.8:$PORT bytes_out)
is "its bytes are those that the counters grew by" "$n" "$(($(total bytes_out) - before))"
at_most "which is the file and a head" $((n - 20000000)) 400
kill $big && wait $big 2>/dev/null
check "and it is gone" until_true 5 opened 2

# ---- who ----
# nginx tells each client the address that it came from: that is what an API server has in its log.
start who "$TOOLS/peer" connect 127.0.0.1:8443 from 127.0.0.7:$PORT send "$GET" pause 600000
who=$LAST
check "a third client" until_true 5 opened 3
seen() { ss -Htn state established "( dport = :9101 )" | awk '{ print $3 }' | grep -qx "$(row 127.0.0.7:$PORT own)"; }
check "own address: the kernel has that connection" until_true 5 seen
# the server's word for it
exec 5<>/dev/tcp/127.0.0.1/8443
printf '%s' "$GET" >&5
own=''
while IFS= read -r -t 10 line <&5; do
	line=${line%$'\r'}
	case $line in 127.0.0.1:*) own=$line; break ;; esac
done
like "nginx saw a client" "$own" '^127.0.0.1:[0-9]+$'
me=$(ss -Htn state established "( dport = :8443 )" src 127.0.0.1 | awk '{ print $3 }' | grep -v ":$PORT\$")
known() { case $(row "$1" own) in '' | null) return 1 ;; esac; } # after a second
until_true 5 known "$me"
out=$(session who "$own")
is "who: exit code" $? 0
like "who: the client behind it" "$out" "^$own: client $me of api/s1, open for [0-9.ms]+, since 20[0-9-]+ [0-9:]+, id [01]-[0-9]+\$"
is "who in JSON" "$(session who "$own" -f json | jq -r '.sessions[].client')" "$me"
out=$(session who 127.0.0.1:1 2>&1)
is "who of nobody: exit code" $? 1
like "says where to look" "$out" 'stands in the log'

# ---- close ----
id=$(row 127.0.0.7:$PORT id) had=$(total close_operator)
out=$(session close "$id" 2>&1)
is "close: exit code" $? 0
like "says what it was" "$out" "connection $id \(client 127.0.0.7:$PORT of api/s1\): closed"
check "it is not listed any more" opened 3
is "exactly one was closed" "$(($(total close_operator) - had))" 1
logged() { grep -qE -- "$1" "$D/kha.log"; }
check "its log line has KD, and our own address" until_true 5 logged "127.0.0.7:$PORT .* api api/s1 .* KD .* 127.0.0.1:[0-9]+\$"
check "who asked is in the log" logged "connection $id .*closed \(close, asked by uid 0"
kill $who; wait $who 2>/dev/null
out=$(session close "$id" 2>&1)
is "once more: exit code" $? 1
like "once more" "$out" "no open connection has the id $id"
out=$(session close 1-x 2>&1)
is "no id: exit code" $? 2
check "the others still work" test -n "$(printf '%s' "$GET" >&5; IFS= read -r -t 10 line <&5 && echo "$line")"
# both sides hear a RST
server reset recv hello reset
client reset2 127.0.0.6:$PORT 127.0.0.1:8450 send hello reset
c=$LAST
waits() { row_is "127.0.0.6:$1" state "$2"; }
check "a client of another server" until_true 5 waits $PORT open
check "it is silent" until_true 5 row_is 127.0.0.6:$PORT bytes_in 5
check "close it" session close "$(row 127.0.0.6:$PORT id)"
check "the client hears a RST" wait $c
# its process per client says so by its exit; serve prints what failed
end $SERVER
is "and the server" "$(cat "$D/reset.err")" ""

# ---- PROXY protocol ----
server proxied recv hello reset
client proxied1 $LISTED:$PORT 127.0.0.1:8450 send $'PROXY TCP4 203.0.113.7 198.51.100.1 4711 6443\r\nhello' pause 600000
c=$LAST
check "the announced client is the client" until_true 5 row_is 203.0.113.7:4711 state open
is "and who sent the header is shown" "$(row 203.0.113.7:4711 peer)" $LISTED:$PORT
is "of others there is none" "$(row "$me" peer)" null
check "its own address comes" until_true 5 known 203.0.113.7:4711
like "who" "$(session who "$(row 203.0.113.7:4711 own)")" "client 203.0.113.7:4711 \(through $LISTED:$PORT\) of in/n1"
client silent $LISTED:$((PORT + 1)) 127.0.0.1:8450 pause 600000
check "one whose header has not come" until_true 5 row_is $LISTED:$((PORT + 1)) state hello
kill $c $LAST
end $SERVER

# ---- the queue ----
server full recv hello reset
client full1 127.0.0.5:$PORT 127.0.0.1:8451 send hello pause 600000
full1=$LAST
check "one has the place" until_true 5 row_is 127.0.0.5:$PORT state open
client full2 127.0.0.5:$((PORT + 1)) 127.0.0.1:8451 reset
full2=$LAST
check "the other waits" until_true 5 row_is 127.0.0.5:$((PORT + 1)) state queue
is "and has no server" "$(row 127.0.0.5:$((PORT + 1)) server)" null
check "it can be closed" session close "$(row 127.0.0.5:$((PORT + 1)) id)"
check "and hears a RST" wait $full2
kill $full1
end $SERVER
check "the first three are left" until_true 5 opened 3

# ---- filters ----
is "-s of a server" "$(session -s api/s1 -f json | jq '.sessions | length')" 3
is "-s of a service" "$(session -s in -f json | jq '.sessions | length')" 0
out=$(session -s s7 2>&1)
is "-s of nobody: exit code" $? 1

# ---- processes stop and die ----
session -f json | jq -r '.sessions[].id' | sort >"$D/ids"
master=$KHA_PID
kill -STOP "$master"
is "while the master is stopped it lists the same" "$(session -f json | jq -r '.sessions[].id' | sort)" "$(cat "$D/ids")"
kill -CONT "$master"
# More of them, so that each worker has some.
load many -a 127.0.0.1:8443 -c 40 -i 100000000 -d 600 -x -y
many=$LAST
check "40 more" until_true 10 opened 43
of() { rows "[.sessions[] | select(.id | startswith(\"$1-\"))] | length"; }
of_is() { [ "$(of "$1")" = "$2" ]; }
stays=$(of 1)
say "worker 0 has $(of 0), worker 1 has $stays"
old=$(worker_pid 0)
last=$(rows '[.sessions[].id | select(startswith("0-")) | split("-")[1] | tonumber] | max')
kill -KILL "$old"
check "the rows of a killed worker vanish" until_true 5 of_is 0 0
is "those of the other stay" "$(of 1)" "$stays"
again() { local p; p=$(worker_pid 0); [ -n "$p" ] && [ "$p" != "$old" ] && [ "$p" != 0 ] && stat_is '.workers[] | select(.slot == 0) | .ready' true; }
check "it has a successor" until_true 5 again
load later -a 127.0.0.1:8443 -c 40 -i 100000000 -d 600 -x -y
later=$LAST
check "whose clients are listed" until_true 10 opened $((stays + 40))
first=$(rows '[.sessions[].id | select(startswith("0-")) | split("-")[1] | tonumber] | min')
check "with ids that nobody had ($first after $last)" test "$first" -gt "$last"
# A worker that is stopped is read all the same, and does not answer orders.
w=$(worker_pid 1)
kill -STOP "$w"
is "a worker is stopped: all are listed" "$(rows '.sessions | length')" $((stays + 40))
kill -CONT "$w"
check "it goes on" session close "$(rows '[.sessions[].id | select(startswith("1-"))][0]')"

# ---- everything dies ----
session -f json | jq -r '.sessions[].id' | sort >"$D/ids"
# shellcheck disable=SC2046 # a list
kill -KILL "$KHA_PID" $(children)
wait "$KHA_PID" 2>/dev/null
KHA_PID=''
out=$(session -f json)
is "after kill -9 of all: exit code" $? 3
is "the list is still there" "$(jq -r '.sessions[].id' <<<"$out" | sort)" "$(cat "$D/ids")"
is "and says that it is old" "$(jq .running <<<"$out")" false
like "the table as well" "$(session)" 'daemon is not running'
end $many
end $later
exec 5>&-
kill $one 2>/dev/null
finish
