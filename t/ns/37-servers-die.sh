#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A server is killed, another one falls silent: what becomes of the connections, also of those that
# an old worker holds.
. "$(dirname "$0")/lib.sh"
story "servers die: connections are reset soon, at the pace of reset_rate, or kept"

for i in 1 2 3 4; do
	api "s$i" "910$i"
	pid[i]=$LAST
done
webs plain p1 9201 p2 9202
services() { # WORKERS
	local fast='check = { type = "tcp"; interval = "100ms"; fast_interval = "100ms"; };'
	local two='servers = ( { name = "p1"; address = "127.0.0.1:9201"; }, { name = "p2"; address = "127.0.0.1:9202"; } );'
	GLOBAL="workers = $1; log_level = \"info\";" conf <<-X
		services = ( { name = "api"; listen = ( "127.0.0.1:8443", "127.0.0.1:8446" ); check = { ca = "$D/ca.pem"; };
		servers = ( { name = "s1"; address = "127.0.0.1:9101"; }, { name = "s2"; address = "127.0.0.1:9102"; },
			{ name = "s3"; address = "127.0.0.1:9103"; }, { name = "s4"; address = "127.0.0.1:9104"; } ); },
		{ name = "paced"; listen = "127.0.0.1:8444"; reset_rate = 20; $fast $two },
		{ name = "keep"; listen = "127.0.0.1:8445"; on_down = "keep"; $fast $two } );
	X
}
of() { stat ".services[] | select(.name == \"$1\") | .servers[] | select(.name == \"$2\") | .counters + . | .$3"; }
of_is() { [ "$(of "$1" "$2" "$3")" = "$4" ]; }
# mute NAME PORT N: N clients that only stay, and do not close when the other side has
mute() {
	start "$1" bash -c 'for ((i = 0; i < $2; i++)); do exec {fd}<>/dev/tcp/127.0.0.1/$1 || exit 1; done
		echo held; exec sleep 600' mute "$2" "$3"
	until_true 10 grep -q held "$D/$1.out" || not_ok "$1: $3 clients are there"
	ends="$ends $LAST"
}
ends=''
# As the clients see it: only a RST ends one of a mute.
held_is() { [ "$(ss -Htn "dport = :$1" | wc -l)" = "$2" ]; }
# talk NAME PORT N: N clients with TLS that ask once and stay
talk() {
	load "$1" -a "127.0.0.1:$2" -c "$3" -i 100000000 -d 600 -x -y -t "$D/ca.pem" -p /whoami
	until_true 10 grep -q ready "$D/$1.out" || not_ok "$1: $3 clients are there"
}
# on_each: connections of s1, s3 and s4
on_each() { stat '.services[0].servers | map(.counters.active | tostring) | "\(.[0]) \(.[2]) \(.[3])"'; }
draining() { stat '[.workers[] | select(.draining) | .active] | add'; }

services 2
kha_start
until_stat 10 '[.services[].servers[] | select(.state == "UP")] | length' 8 || not_ok "all UP"

# ---- half of the connections are held by workers that drain ----
mute m1 8446 30
read -r mute1 mute3 mute4 <<<"$(on_each)"
talk t1 8443 30
t1=$LAST
mute paced1 8444 40
mute keep1 8445 10
read -r old1 old3 old4 <<<"$(on_each)"
old_paced=$(of paced p1 active)
services 1
check "reload with new workers" reload
until_stat 5 '[.workers[] | select(.draining)] | length' 2 || not_ok "the old ones are draining"
mute m2 8446 30
read -r n1 n3 n4 <<<"$(on_each)"
mute1=$((mute1 + n1 - old1)) mute3=$((mute3 + n3 - old3)) mute4=$((mute4 + n4 - old4))
talk t2 8443 30
t2=$LAST
mute paced2 8444 40
mute keep2 8445 10
is "connections of old workers" "$(draining)" 110

# ---- s1 is killed; clients go on to come ----
load fresh -a 127.0.0.1:8443 -c 100 -r 30 -d 600 -t "$D/ca.pem" -p /whoami
fresh=$LAST
until_true 10 grep -q ' api/s2 ' "$D/kha.log" || not_ok "clients come"
t0=$(now_ms)
kill -KILL "${pid[1]}"
gone1() { of_is api s1 active 0 && held_is 8446 $((60 - mute1)); }
check "killed: nothing is left of it" until_true 10 gone1
took=$(($(now_ms) - t0))
at_most "killed: ms until the last of its $mute1 mute clients had a RST" "$took" $((5000 * SLOW))
is "those of old workers, too" "$(draining)" $((110 - old1))
end "$fresh"
# But for who was in the middle of a handshake with it in that moment: bytes were on their way.
at_most "nobody who came meanwhile has noticed: errors" "$(result fresh errors)" 2

# ---- s4 is killed, and nobody comes: the checker's own connection tells ----
watched() { ss -Htnp state established "dport = :9104" | grep -q "pid=$(process checker),"; }
until_true 20 watched || not_ok "the checker has a connection to s4"
t0=$(now_ms)
kill -KILL "${pid[4]}"
gone4() { of_is api s4 active 0 && held_is 8446 $((60 - mute1 - mute4)); }
check "killed, without new clients: nothing is left of it" until_true 10 gone4
took=$(($(now_ms) - t0))
at_most "killed: ms until the last of its $mute4 mute clients had a RST" "$took" $((2500 * SLOW))
is "those of old workers, too" "$(draining)" $((110 - old1 - old4))

# ---- s3 falls silent; at the same time p1 refuses ----
had=$(of api s3 active) had2=$(of api s2 active)
t0=$(now_ms)
nft "table inet silent { chain c { type filter hook input priority 0; tcp dport 9103 drop; tcp sport 9103 drop; }; }" ||
	not_ok "nftables"
gone3() { of_is api s3 active 0 && held_is 8446 $((60 - mute1 - mute3 - mute4)); }
{ until_true 40 gone3; echo $(($(now_ms) - t0)) >"$D/silent.ms"; } &
watcher=$!
nft "table inet refuse { chain c { type filter hook output priority 0;
	tcp dport 9201 tcp flags & (syn|ack) == syn reject with tcp reset; }; }" || not_ok "nftables"
had_paced=$(of paced p1 active) had_keep=$(of keep p1 active)
until_true 10 of_is paced p1 state DOWN || not_ok "p1 is DOWN"
begun=$(now_ms)
until_true 20 of_is paced p1 active 0 || not_ok "paced: its connections end"
took=$(($(now_ms) - begun)) wanted=$(((had_paced - 1) * 1000 / 20))
# Some may have gone before the new state was seen here.
at_most "paced: $had_paced connections at 20 a second: ms at least" $((wanted - 500)) "$took"
at_most "paced: and at most" "$took" $((wanted * 5 * SLOW))
is "keep: they stay" "$(of keep p1 state) $(of keep p1 active)" "DOWN $had_keep"
is "of another one nothing is closed" "$(of paced p2 active)" $((80 - had_paced))
wait $watcher
took=$(cat "$D/silent.ms")
at_most "silent: ms until all of its $had connections had a RST" "$took" $((15000 * SLOW))
# By the checks, or by the keepalive of the connections, which is about as fast.
check "silent: it is DOWN" until_true 20 of_is api s3 state DOWN
is "with HAProxy's word" "$(of api s3 check.result)" L4TOUT
is "those of old workers, too" "$(draining)" $((110 - old1 - old3 - old4 - old_paced))
is "of another one nothing is closed" "$(of api s2 active)" "$had2"
for p in $ends $t1 $t2; do end "$p"; done
is "talking clients saw a RST" $(($(result t1 reset) + $(result t2 reset))) $((had - mute3))
finish
