#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each algorithm over 4 workers: who gets a client, and who gets none.
. "$(dirname "$0")/lib.sh"
story "roundrobin, leastconn, random, hash, first; backup, weight 0"

webs plain s1 9101 s2 9102 s3 9103 s4 9104 s5 9105
# Ones that can be stopped one by one.
plain b1 9201
b1=$LAST
plain b2 9202
b2=$LAST
plain b3 9203
export GLOBAL='workers = 4; log_level = "info";'
s() { echo "{ name = \"s$1\"; address = \"127.0.0.1:910$1\"; ${2:-} }"; }
quiet='check = { type = "none"; }; slow_start = "0s"; timeout = { queue = "20s"; };'
none="$quiet log_connections = \"none\";"
fast='check = { type = "http"; interval = "100ms"; fast_interval = "100ms"; down_interval = "100ms"; };
	slow_start = "0s"; timeout = { queue = "20s"; };'
services() { # SERVERS-OF-hash [SERVERS-OF-least]
	conf <<-X
		services = (
		{ name = "rr"; listen = "127.0.0.1:8440"; balance = "roundrobin"; $quiet
		  servers = ( $(s 1 "weight = 3;"), $(s 2 "weight = 2;"), $(s 3 "weight = 1;"), $(s 4 "weight = 0;") ); },
		{ name = "least"; listen = "127.0.0.1:8441"; balance = "leastconn"; $none
		  servers = ( ${2:-$(s 1), $(s 2), $(s 3 "weight = 0;")} ); },
		{ name = "random"; listen = "127.0.0.1:8442"; balance = "random"; $none
		  servers = ( $(s 1 "weight = 150;"), $(s 2), $(s 3 "weight = 50;"), $(s 4 "weight = 0;") ); },
		{ name = "hash"; listen = "127.0.0.1:8443"; balance = "hash"; $none servers = ( $1 ); },
		{ name = "first"; listen = "127.0.0.1:8444"; balance = "first"; $none
		  servers = ( $(s 1 "max_connections = 5;"), $(s 2 "max_connections = 5;"), $(s 3) ); },
		{ name = "spare"; listen = "127.0.0.1:8445"; balance = "roundrobin"; $fast
		  servers = ( { name = "b1"; address = "127.0.0.1:9201"; }, { name = "b2"; address = "127.0.0.1:9202"; },
			{ name = "b3"; address = "127.0.0.1:9203"; backup = true; } ); },
		{ name = "pinned"; listen = "127.0.0.1:8446"; balance = "hash"; on_down = "keep"; $fast
		  server_defaults = { max_connections = 1; max_queue = 1; };
		  servers = ( { name = "b1"; address = "127.0.0.1:9201"; }, { name = "b2"; address = "127.0.0.1:9202"; },
			{ name = "b3"; address = "127.0.0.1:9203"; } ); } );
	X
}
five="$(s 1), $(s 2), $(s 3), $(s 4), $(s 5)"
services "$five"
kha_start
check "all workers are there" until_stat 5 '[.workers[] | select(.ready)] | length' 4
check "all are UP, or have weight 0" until_stat 5 \
	'[.services[].servers[] | select(.state == "UP" or .state == "DRAIN")] | length' 25

of() { stat ".services[] | select(.name == \"$1\") | .servers[] | select(.name == \"$2\") | .counters + . | .$3"; }
of_is() { [ "$(of "$1" "$2" "$3")" = "$4" ]; }
# one_by_one NAME PORT N [OPTION...]: single connections; NAME.each: "NUMBER SERVER"
one_by_one() {
	load "$1" -a "127.0.0.1:$2" -c 1 -n "$3" -1 -e "${@:4}"
	loaded "$1" "$LAST"
	grep -v '^{' "$D/$1.out" >"$D/$1.each"
	is "$1: errors" "$(result "$1" errors)" 0
}
# hold NAME PORT N [OPTION...]: N clients that stay; pid in $LAST
hold() {
	load "$1" -a "127.0.0.1:$2" -c "$3" -i 100000000 -d 600 -y -x "${@:4}"
	until_true 10 grep -q ready "$D/$1.out" || not_ok "$1: $3 clients are there"
}

# ---- roundrobin: smooth, the same order whichever worker takes the client ----
one_by_one rr 8440 120
is "3:2:1 is s1 s2 s1 s3 s2 s1, over and over" \
	"$(awk '{ printf "%s ", $2 } NR % 6 == 0 { print "" }' "$D/rr.each" | sort | uniq -c | xargs)" \
	"20 s1 s2 s1 s3 s2 s1"
at_most "servers off their share by more than one pick, at any prefix" "$(awk '
	{ n[$2]++
	  for (s = 1; s <= 3; s++) { d = n["s" s] - NR * (4 - s) / 6; if (d > 1 || d < -1) bad++ } }
	END { print bad + 0 }' "$D/rr.each")" 0
load rrmany -a 127.0.0.1:8440 -c 40 -n 600 -1
loaded rrmany "$LAST"
is "40 at a time: exactly the shares" \
	"$(result rrmany 'servers | "\(.s1) \(.s2) \(.s3) \(.s4)"')" "300 200 100 null"
at_most "workers that took a part in it, at least" 3 \
	"$(grep ' rr rr/' "$D/kha.log" | grep -o ' worker/[0-9]*' | sort | uniq -c | awk '$1 > 20' | wc -l)"

# ---- leastconn ----
hold level 8441 10
is "10 connections: 5 and 5" "$(of least s1 active) $(of least s2 active)" "5 5"
end "$LAST"
until_true 5 idle || not_ok "they are gone"
is "weight 0 gets nothing" "$(of least s3 picked)" 0
services "$five" "$(s 1)"
check "reload: s1 alone" reload
hold busy 8441 10
busy=$LAST
services "$five" "$(s 1), $(s 2)"
check "reload: s2 is new, and idle" reload
hold idle 8441 10
idle=$LAST
is "all to the idle one while the other holds connections" "$(of least s1 active) $(of least s2 active)" "10 10"
hold more 8441 10
is "and evenly from there on" "$(of least s1 active) $(of least s2 active)" "15 15"
for p in $LAST "$idle" "$busy"; do end "$p"; done

# ---- random ----
# share NAME SERVER PERCENT OFF: its part of the answers
share() {
	local n all
	n=$(result "$1" "servers.$2 // 0") all=$(result "$1" ok)
	at_most "$1: $2 has $n of $all, percentage points from its share of $3 %" "$(awk -v n="$n" -v all="$all" \
		-v p="$3" 'BEGIN { d = 100 * n / all - p; print d < 0 ? -d : d }')" "$4"
}
# With nobody there the draw alone decides. 400 draws: 2.5 points are one standard deviation.
load alone -a 127.0.0.1:8442 -c 20 -n 400 -r 200
loaded alone "$LAST"
# With many the fuller of two is left out, which keeps all close to their shares.
load many -a 127.0.0.1:8442 -c 90 -n 1500 -1
loaded many "$LAST"
for each in "s1 50" "s2 33.3" "s3 16.7"; do
	# shellcheck disable=SC2086 # two words
	set -- $each
	share alone "$1" "$2" 10
	share many "$1" "$2" 5
done
is "weight 0 gets nothing" "$(of random s4 picked)" 0
hold rand 8442 300
for each in "s1 150" "s2 100" "s3 50"; do
	# shellcheck disable=SC2086
	set -- $each
	n=$(of random "$1" active)
	at_most "random, 300 that stay: $1 has $n of $2, off by" $((n > $2 ? n - $2 : $2 - n)) $(($2 / 10))
done
end "$LAST"

# ---- first ----
hold f1 8444 5
f1=$LAST
is "the first one until it is full" "$(of first s1 active) $(of first s2 active)" "5 0"
hold f2 8444 8
f2=$LAST
is "then the second, then the third" \
	"$(of first s1 active) $(of first s2 active) $(of first s3 active)" "5 5 3"
end "$f1"
until_true 5 of_is first s1 active 0 || not_ok "the first one is free"
one_by_one again 8444 5
is "the first one again when it is free" "$(result again servers.s1)" 5
end "$f2"

# ---- hash: of the source address ----
sources=300
one_by_one before 8443 $((2 * sources)) -s 127.1.0.1/$sources
moved() { # FILE FILE: "SOURCES-THAT-MOVED OF-THEM-FROM-s3 SOURCES-OF-s3"
	awk -v n=$sources 'FNR == NR { if ($1 <= n) was[$1] = $2; next }
		$1 <= n { all += was[$1] == "s3" }
		$1 <= n && was[$1] != $2 { moved++; mine += was[$1] == "s3" }
		END { print moved + 0, mine + 0, all + 0 }' "$1" "$2"
}
is "a source stays with its server" "$(awk -v n=$sources '{ s = ($1 - 1) % n }
	s in was && was[s] != $2 { bad++ } { was[s] = $2 } END { print bad + 0 }' "$D/before.each")" 0
for each in s1 s2 s3 s4 s5; do
	n=$(awk -v n=$sources -v s=$each '$1 <= n && $2 == s' "$D/before.each" | wc -l)
	# Binomial, 300 of 1/5: 7 is one standard deviation. The addresses are always the same.
	at_most "hash: $each has $n of 60, off by" $((n > 60 ? n - 60 : 60 - n)) 25
done
services "$(s 1), $(s 2), $(s 4), $(s 5)"
check "reload without s3" reload
one_by_one without 8443 $sources -s 127.1.0.1/$sources
read -r all mine of_s3 <<<"$(moved "$D/before.each" "$D/without.each")"
say "$all of $sources sources moved"
is "only the sources of s3 moved, and all of them" "$all $mine" "$of_s3 $of_s3"
services "$five"
check "reload with s3" reload
one_by_one with 8443 $sources -s 127.1.0.1/$sources
is "they come back to it" "$(moved "$D/before.each" "$D/with.each" | cut -d' ' -f1)" 0

# ---- hash with one place, and one to wait for it ----
pinned() { load "$1" -a 127.0.0.1:8446 -c 1 -n 1 -1 -s 127.2.0.1/1 -p /whoami; }
hold p1 8446 1 -s 127.2.0.1/1 -p /whoami
p1=$LAST
own=$(stat '.services[] | select(.name == "pinned") | .servers[] | select(.counters.active == 1) | .name')
pinned p2
p2=$LAST
check "the second waits for the server of the first" until_true 5 of_is pinned "$own" queued 1
pinned p3
loaded p3 "$LAST"
is "the third goes elsewhere" "$(result p3 "ok, (.servers.$own // 0)" | xargs)" "1 0"
is "the second still waits" "$(of pinned "$own" queued)" 1
end "$p1"
loaded p2 "$p2"
is "and has its server when the first leaves" "$(result p2 "servers.$own")" 1
hold p4 8446 1 -s 127.2.0.1/1 -p /whoami
p4=$LAST
pinned p5
p5=$LAST
check "one waits for a server" until_true 5 of_is pinned "$own" queued 1
# The check keeps a connection: it has to be cut as well. The one of the client is silent meanwhile.
port=920${own#b}
nft "table inet t { chain c { type filter hook output priority 0;
	tcp dport $port reject with tcp reset; }; }" || not_ok "nftables"
loaded p5 "$p5"
is "that goes DOWN: another one serves him" "$(result p5 "ok, (.servers.$own // 0)" | xargs)" "1 0"
is "while its connection is kept" "$(of pinned "$own" state) $(of pinned "$own" active)" "DOWN 1"
nft delete table inet t
end "$p4"
until_true 5 of_is spare "$own" state UP || not_ok "$own is UP again"
until_true 5 idle || not_ok "they are gone"

# ---- backup ----
one_by_one main 8445 20 -p /whoami
is "a backup gets nothing while others are UP" "$(result main 'servers | "\(.b1) \(.b2) \(.b3)"')" "10 10 null"
end "$b1"
until_true 5 of_is spare b1 state DOWN || not_ok "b1 is DOWN"
one_by_one main2 8445 20 -p /whoami
is "nor while one of them is" "$(result main2 'servers | "\(.b1) \(.b2) \(.b3)"')" "null 20 null"
end "$b2"
until_true 5 of_is spare b2 state DOWN || not_ok "b2 is DOWN"
one_by_one main3 8445 20 -p /whoami
is "all others DOWN: the backup serves" "$(result main3 servers.b3)" 20
plain b1 9201
until_true 5 of_is spare b1 state UP || not_ok "b1 is UP again"
one_by_one main4 8445 20 -p /whoami
is "one of them UP: it again" "$(result main4 servers.b1)" 20
finish
