#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# API servers stop, return, are not ready, or show the wrong certificate.
. "$(dirname "$0")/lib.sh"
story "servers fail and return"

for i in 1 2 3; do api "s$i" "910$i"; done
s1=$(awk '{print $1}' <<<"$PIDS")
export GLOBAL='workers = 2; log_level = "info";'
services() { # CA VERIFY
	conf <<-X
		services = ( { name = "api"; listen = "127.0.0.1:8443"; slow_start = "0s";
		check = { ca = "$1"; verify = "$2"; interval = "300ms"; fast_interval = "100ms";
			down_interval = "300ms"; };
		servers = ( { name = "s1"; address = "127.0.0.1:9101"; }, { name = "s2"; address = "127.0.0.1:9102"; },
			{ name = "s3"; address = "127.0.0.1:9103"; } ); } );
	X
}
services "$D/ca.pem" required
kha_start
until_stat 5 '[.services[0].servers[] | select(.state == "UP")] | length' 3 || not_ok "all UP"
is "the check says what it saw" "$(server s1 check.result)" L7OK

# ---- one stops ----
load long -a 127.0.0.1:8443 -t "$D/ca.pem" -c 60 -i 5000 -d 600 -x -y
long=$LAST
until_true 10 grep -q ready "$D/long.out" || not_ok "long connections are there"
on_s1=$(server s1 active)
kill -STOP "$s1" # its connections stay open: only kha can end them
check "a server that no longer answers is NOTREADY" until_true 30 server_is s1 state NOTREADY
is "its connections are kept" "$(server s1 active)" "$on_s1"
kill -KILL "$s1"
check "a dead server is DOWN" until_true 10 server_is s1 state DOWN
check "and has no connection" until_true 3 server_is s1 active 0
load after -a 127.0.0.1:8443 -t "$D/ca.pem" -c 10 -n 300 -1 -p /whoami
loaded after "$LAST"
is "new connections avoid it: errors" "$(result after errors)" 0
is "new connections avoid it: its answers" "$(result after 'servers.s1 // 0')" 0
end $long
like "the log says why" "$(grep 'server api/s1 is DOWN' "$D/kha.log")" 'L4CON connection refused'

# ---- and returns ----
api s1 9101
s1=$LAST
check "it is UP again" until_true 10 server_is s1 state UP
load back -a 127.0.0.1:8443 -t "$D/ca.pem" -c 10 -n 300 -1 -p /whoami
loaded back "$LAST"
check "and used again" test "$(result back 'servers.s1 // 0')" -gt 50
is "with no errors" "$(result back errors)" 0

# ---- connections of a server that is found DOWN while others live ----
load paced -a 127.0.0.1:8443 -t "$D/ca.pem" -c 60 -i 5000 -d 600 -x -y
paced=$LAST
until_true 10 grep -q ready "$D/paced.out" || not_ok "paced connections are there"
nft -f - <<-X || not_ok "nftables"
	table inet t {
		chain c {
			type filter hook output priority 0;
			tcp dport 9101 tcp flags & (syn|ack) == syn reject with tcp reset
		}
	}
X
had=$(server s1 active)
check "a port that refuses is DOWN" until_true 10 server_is s1 state DOWN
t0=$(now_ms)
check "its living connections are reset" until_true 3 server_is s1 active 0
say "$had connections reset within $(($(now_ms) - t0)) ms of the state's change"
is "counted as server_down" "$(total close_server_down)" "$had"
nft delete table inet t
check "UP again" until_true 10 server_is s1 state UP
end $paced
check "their clients saw a RST: $(result paced reset) of $had" test "$(result paced reset)" -eq "$had"

# ---- not ready ----
kill -USR1 "$s1"
check "/readyz 500 is NOTREADY" until_true 10 server_is s1 state NOTREADY
is "with HAProxy's word" "$(server s1 check.result)" L7STS
kill -USR1 "$s1"
check "UP again" until_true 10 server_is s1 state UP

# ---- the wrong CA for all ----
load open -a 127.0.0.1:8443 -t "$D/ca.pem" -c 30 -i 100 -d 600 -y -p /whoami
open=$LAST
until_true 10 grep -q ready "$D/open.out" || not_ok "connections are there"
services "$D/other-ca.pem" required
out=$(reload 2>&1)
is "a reload that makes all servers unusable is refused" $? 1
like "with the reason" "$out" 'L6RSP.*not from a CA'
check "--force does it" reload --force
check "all NOTREADY" until_stat 10 '[.services[0].servers[] | select(.state == "NOTREADY")] | length' 3
load wrong -a 127.0.0.1:8443 -t "$D/ca.pem" -c 10 -n 300 -1 -p /whoami
loaded wrong "$LAST"
is "fail-open: errors" "$(result wrong errors)" 0
check "there is an alarm" until_true 3 grep -q 'FAIL-OPEN' "$D/kha.log"
like "kha status shows it" "$("$KHA" status -r "$RUN")" 'FAIL.OPEN|fail.open'
end $open
is "no open connection was lost" "$(result open errors)" 0
finish
