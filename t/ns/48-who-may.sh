#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Who is let in, how many of one address, how often; and from where servers are connected.
. "$(dirname "$0")/lib.sh"
story "who may, how many, how often, from where"

export GLOBAL='workers = 2;'
MANY='' # more of allow
PER=3   # per_source.max_connections
SOURCES='"127.0.5.1", "127.0.5.2", "127.0.5.3"'
write() {
	conf <<-X
		services = (
		  { name = "lists"; listen = [ "127.0.0.1:8470", "[::1]:8470" ];
		    check = { type = "none"; }; servers = "127.0.0.1:9101";
		    allow = [ "127.0.2.0/24", "127.0.3.7", "fd00::/16", "127.0.0.1" $MANY ];
		    deny = [ "127.0.2.128/25", "127.0.3.7", "fd00:1::/32", "fd00:1:2::/48" ]; },
		  { name = "deny"; listen = [ "127.0.0.1:8471", "[::1]:8471" ];
		    check = { type = "none"; }; servers = "127.0.0.1:9101";
		    allow = "127.0.4.64/26"; deny = [ "127.0.4.0/24", "127.0.4.65" ]; },
		  { name = "only"; listen = [ "127.0.0.1:8472", "[::1]:8472" ];
		    check = { type = "none"; }; servers = "127.0.0.1:9101"; deny = [ "127.0.4.0/24", "fd00::2" ]; },
		  { name = "few"; listen = "127.0.0.1:8473"; check = { type = "none"; };
		    servers = "127.0.0.1:9101"; per_source = { max_connections = $PER; }; },
		  { name = "busy"; listen = "127.0.0.1:8474"; check = { type = "none"; };
		    servers = "127.0.0.1:9104"; per_source = { max_connections = 3; };
		    log_connections = "none"; },
		  { name = "rate"; listen = "127.0.0.1:8475"; check = { type = "none"; };
		    servers = "127.0.0.1:9102"; per_source = { connect_rate = 5; };
		    log_connections = "none"; },
		  { name = "from"; listen = "127.0.0.1:8476"; check = { type = "none"; };
		    servers = "127.0.0.1:9103"; source = [ $SOURCES ]; },
		  { name = "dead"; listen = "127.0.0.1:8477"; check = { type = "none"; };
		    servers = "127.0.0.1:9101"; source = "192.0.2.9"; },
		  { name = "fast"; listen = "127.0.0.1:8478"; check = { type = "none"; };
		    servers = "127.0.0.1:9102"; allow = [ "127.0.0.0/8" $MANY ]; },
		  { name = "plain"; listen = "127.0.0.1:8479"; check = { type = "none"; };
		    servers = "127.0.0.1:9102"; }
		);
	X
}
write
for a in fd00::2 fd00:1::2 fd00:1:2::2 fd00:3::2; do ip -6 addr add "$a/128" dev lo nodad; done
kha_start
web n1 9102
start echo "$TOOLS/peer" serve 127.0.0.1:9101 recv hello send world eof
plain crowd 9104
crowd=$LAST
start from "$TOOLS/peer" serve 127.0.0.1:9103 recv hello send world eof
for p in 9101 9102 9103; do until_true 5 listens $p || not_ok "a server listens on $p"; done
asked() { wc -l <"$D/echo.out"; }
asked_is() { [ "$(asked)" = "$1" ]; }
of() { stat ".services[] | select(.name == \"$1\") | .counters.$2"; }

# try FROM PORT STEP...
try() {
	local to=127.0.0.1 from=$1
	[[ $1 == *:* ]] && to='[::1]' from="[$1]"
	timeout $((30 * SLOW)) "$TOOLS/peer" connect "$to:$2" from "$from" "${@:3}" 2>"$D/try"
}
let_in() { try "$1" "$2" send hello recv world fin eof; }
kept_out() { try "$1" "$2" reset || { say "$(cat "$D/try")"; false; }; }

# ---- allow, deny ----
n=0 m=0 few=4 # refused at few below
passes() { # NAME FROM PORT
	n=$((n + 1))
	check "$1" let_in "$2" "$3"
}
bounces() {
	m=$((m + 1))
	check "$1" kept_out "$2" "$3"
}
passes "allowed" 127.0.2.5 8470
bounces "in no list, and there is a list of allowed ones" 127.0.9.9 8470
bounces "the longer prefix denies" 127.0.2.129 8470
bounces "the same prefix in both: denied" 127.0.3.7 8470
bounces "IPv6 in no list" ::1 8470
passes "IPv6 allowed" fd00:3::2 8470
bounces "IPv6, the longer prefix denies" fd00:1::2 8470
bounces "IPv6, an even longer one denies as well" fd00:1:2::2 8470
bounces "denied" 127.0.4.1 8471
passes "the longer prefix allows" 127.0.4.66 8471
bounces "and a longer one denies again" 127.0.4.65 8471
bounces "who is in no list, when one of allowed ones is there" 127.0.0.1 8471
passes "with a list of denied ones only, others pass" 127.0.0.1 8472
bounces "but not these" 127.0.4.1 8472
passes "IPv6 others pass" fd00:3::2 8472
bounces "but not this one" fd00::2 8472
is "denied ones are counted" "$(total close_denied)" $m
lines=$(grep -cE 'service [a-z]+: client [0-9a-f.:]+ is denied' "$D/kha.log")
at_most "one is named in the log" 1 "$lines"
at_most "others only each 10 s, by each worker" "$lines" $((2 + m / 2))
is "and no server heard of them" "$(asked)" $n

# ---- connections of one source ----
held=''
hold() { # FROM PORT N: connections that stay
	local k
	for k in $(seq "$3"); do
		start "hold$1.$k" "$TOOLS/peer" connect "127.0.0.1:$2" from "$1" send hello recv world \
			pause 600000
		held="$held $LAST"
	done
}
release() { for p in $held; do end "$p"; done; held=''; }
has() { [ "$(of few active)" = "$1" ]; }
hold 127.0.6.1 8473 3
until_true 5 has 3 || not_ok "three of one source are open: $(of few active)"
before=$(asked)
check "the fourth of one source is refused" kept_out 127.0.6.1 8473
is "counted as source_limit" "$(total close_source_limit)" 1
is "no server heard of it" "$(asked)" "$before"
check "another source passes" let_in 127.0.6.2 8473
check "the same source passes at another service" let_in 127.0.6.1 8472
release
until_true 5 has 0
check "a place is back after a close" let_in 127.0.6.1 8473

hold 127.0.6.3 8473 3
until_true 5 has 3 || not_ok "three again: $(of few active)"
check "all places are taken again" kept_out 127.0.6.3 8473
for s in 0 1; do kill -9 "$(worker_pid $s)"; done
release
until_stat 5 '[.workers[] | select(.ready)] | length' 2 || not_ok "workers are back"
until_true 5 has 0
hold 127.0.6.3 8473 3
check "places of killed workers are free again: three of three" until_true 5 has 3
check "and no more" kept_out 127.0.6.3 8473

# ---- by reload ----
PER=5 write
check "reload: another limit" reload
let_in 127.0.6.3 8473 || not_ok "a fourth after the reload"
hold 127.0.6.3 8473 2
check "the old workers' connections count: five" until_true 5 has 5
check "and the sixth is refused" kept_out 127.0.6.3 8473
for p in $held; do ended "$p" && not_ok "an old connection ended"; done
release
until_true 5 idle

# ---- over two workers never more than the limit ----
# Whoever ends with a RST may come again before the worker has let go of the server.
for how in '' -k; do
	# shellcheck disable=SC2086 # nothing or an option
	load busy -a 127.0.0.1:8474 -c 20 -d 2 -1 -x $how
	loaded busy "$LAST"
	at_most "20 clients of one source come over and over${how:+, each ends with a RST}: served all the time" \
		100 "$(result busy answers)"
	at_most "others were refused" 100 "$(result busy reset)"
	say "$(result busy answers) served, $(result busy reset) reset"
done
end "$crowd"
is "at the server at a time" "$(result crowd most)" 3

# ---- rate ----
refused=$(total close_source_limit)
began=$(now_ms)
load rate -a 127.0.0.1:8475 -c 4 -d 2 -1 -x
rate=$LAST
sleep 0.5
is "another source passes meanwhile" "$(curl -s -m 10 --interface 127.0.7.2 http://127.0.0.1:8475/)" n1
loaded rate "$rate"
took=$(($(now_ms) - began)) got=$(result rate answers)
at_most "connect_rate 5: let in within $took ms" "$got" $((took / 200 + 2))
at_most "but as many as that" 8 "$got"
refused=$(($(total close_source_limit) - refused))
# Of those that were under way at the end the client does not know.
at_most "all others are refused" "$(result rate reset)" $refused
at_most "and counted once" $refused $(($(result rate reset) + 4))
is "nothing else happens to anybody" "$(result rate errors)" "$(result rate reset)"
say "$got let in, $(result rate reset) reset"

# ---- from where ----
: >"$D/seen"
for _ in $(seq 12); do let_in 127.0.0.1 8476 || not_ok "through a source address: $(cat "$D/try")"; done
cut -d: -f1 "$D/from.out" | sort | uniq -c | awk '{ print $2, $1 }' >"$D/seen"
is "servers see all source addresses" "$(cut -d' ' -f1 "$D/seen" | tr '\n' ' ')" "127.0.5.1 127.0.5.2 127.0.5.3 "
at_most "in turn: the least of 12" 2 "$(cut -d' ' -f2 "$D/seen" | sort -n | head -n 1)"
at_most "in turn: the most of 12" "$(cut -d' ' -f2 "$D/seen" | sort -n | tail -n 1)" 6
kept_out 127.0.0.1 8477 || not_ok "a source address that is not ours: $(cat "$D/try")"
is "a source address that is not ours: close_resource" "$(of dead active)/$(total close_resource)" 0/1
is "is no fault of the server" "$(of dead connect_failed)" 0
like "letters" "$(grep ' dead dead/' "$D/kha.log" | tail -n 1)" ' RC '
like "and somebody says which address" "$(grep -v info: "$D/kha.log")" '192\.0\.2\.9'
SOURCES='"127.0.5.9"' write
hold 127.0.0.1 8476 1
until_stat 5 '.services[] | select(.name == "from") | .counters.active' 1
check "reload: another source" reload
let_in 127.0.0.1 8476
like "new connections come from there" "$(tail -n 1 "$D/from.out")" '^127\.0\.5\.9:'
for p in $held; do ended "$p" && not_ok "an old connection ended"; done
release

# ---- 5,000 entries ----
worker_cpu() { echo $(($(cpu_ms "$(worker_pid 0)") + $(cpu_ms "$(worker_pid 1)"))); }
ms_each() { # PORT: us of the workers for each connection
	local a
	a=$(worker_cpu)
	load each -a "127.0.0.1:$1" -c 10 -n $((3000 / SLOW)) -1
	loaded each "$LAST"
	[ "$(result each errors)" = 0 ] || not_ok "port $1: errors: $(result each errors)"
	echo $((($(worker_cpu) - a) * 1000 / (3000 / SLOW)))
}
MANY=$(for i in $(seq 0 4999); do printf ', "10.%d.%d.0/%d"' $((i / 250)) $((i % 250)) $((20 + i % 13)); done)
MANY=$(sed -E 's/"10\.([0-9]+)\.([0-9]+)\.0\/(2[0-3])"/"10.\1.\2.0\/24"/g' <<<"$MANY") write
began=$(now_ms)
check "reload with 5,000 entries" reload >"$D/reload" 2>&1
grep '^\(not \)\?ok' "$D/reload"
like "it says how many, not all of them" "$(grep fast.allow "$D/reload")" '5001 networks, 5000 only here'
at_most "in so many bytes" "$(wc -c <"$D/reload")" 2000
took=$(($(now_ms) - began))
at_most "takes ms" $took $((5000 * SLOW))
check "they hold" let_in 127.0.2.5 8470
check "and keep out" kept_out 127.0.2.129 8470
plain=$(ms_each 8479) fast=$(ms_each 8478)
say "reload $took ms; CPU of the workers for one connection: $plain us without, $fast us with 5,000 entries"
at_most "a connection costs little more with them: us" "$fast" $((plain * 2 + 50))

# ---- letters ----
like "source_limit: PR, no server" "$(grep ' few few/' "$D/kha.log" | grep ' PR ' | head -n 1)" \
	' 127\.0\.6\.1:[0-9]+ \[.* few few/<NOSRV> -1/-1/[0-9]+ 0 PR '
is "one line for each client refused for its number" "$(grep -c ' few few/.* PR ' "$D/kha.log")" $few
finish
