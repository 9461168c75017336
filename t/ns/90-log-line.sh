#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The connection line is HAProxy's tcplog, field by field, and kha's own address after it.
. "$(dirname "$0")/lib.sh"
story "connection log lines, beside haproxy's own"

export GLOBAL='workers = 1;'
# One service for each way to end, the same in both proxies; the server of each is on 9200 + its number.
names="closes sclose crst srst dead slow idle queue waits"
number() { local i=0 n; for n in $names second; do i=$((i + 1)); [ "$n" = "$1" ] && echo $i; done; }
# What only one of them has.
kha_option() {
	case $1 in
	slow) echo 'timeout = { connect = "400ms"; };' ;;
	idle) echo 'timeout = { idle = "1s"; };' ;;
	queue) echo 'timeout = { queue = "400ms"; };' ;;
	esac
}
hap_option() {
	case $1 in
	slow) echo 'timeout connect 400ms' ;;
	idle) echo 'timeout client 1s' ;;
	queue) echo 'timeout queue 400ms' ;;
	esac
}
services='' listens=''
for n in $names; do
	i=$(number "$n") limit='' maxconn=''
	[[ "$n" = queue || $n = waits ]] && limit='max_connections = 1;' maxconn='maxconn 1'
	services="$services${services:+, }
	{ name = \"$n\"; listen = \"127.0.0.1:841$i\"; check = { type = \"none\"; }; $(kha_option "$n")
	  servers = ( { name = \"cp-1\"; address = \"127.0.0.1:920$i\"; $limit } ); }"
	listens="$listens
listen $n
	bind 127.0.0.1:851$i
	$(hap_option "$n")
	server cp-1 127.0.0.1:920$i $maxconn"
done
conf <<<"services = ( $services,
	{ name = \"quiet\"; listen = \"127.0.0.1:8420\"; check = { type = \"none\"; }; log_connections = \"none\";
	  servers = ( { name = \"cp-1\"; address = \"127.0.0.1:9101\"; } ); },
	{ name = \"both\"; listen = \"127.0.0.1:8421\"; check = { type = \"none\"; }; log_connections = \"both\";
	  servers = ( { name = \"cp-1\"; address = \"127.0.0.1:9101\"; } ); } );"
cat >"$D/haproxy.cfg" <<X
global
	log stdout format raw local0
	stats socket ipv4@127.0.0.1:8599
defaults
	mode tcp
	log global
	option tcplog
	retries 0
	timeout connect 5s
	timeout client 60s
	timeout server 60s
$listens
X

# ---- servers ----

serve() { # SERVICE STEP...: what it does with each client
	start "server-$1" "$TOOLS/peer" serve "127.0.0.1:920$(number "$1")" "${@:2}"
	until_true 5 listens "920$(number "$1")" || not_ok "the server of $1 listens"
}
serve closes recv hello send welcome eof fin
serve sclose recv hello send welcome fin eof
serve crst recv hello send welcome reset
serve srst recv hello send welcome pause 100 rst
serve idle recv hello send welcome eof fin
serve queue recv hello send welcome eof fin
serve waits recv hello send welcome eof fin
web n1 9101
# A server that does not answer at all.
nft -f - <<X || not_ok "nft"
table inet t {
	chain c {
		type filter hook input priority 0;
		tcp dport 920$(number slow) drop
	}
}
X
start haproxy haproxy -db -f "$D/haproxy.cfg"
until_true 10 listens "851$(number queue)" || not_ok "haproxy listens"
kha_start

# ---- the same through both ----

# through PROXY SERVICE STEP...: a client of 127.0.0.9 with a port that tells the two apart
port() { [ "$1" = kha ] && echo $((21000 + $(number "$2"))) || echo $((22000 + $(number "$2"))); }
listen() { [ "$1" = kha ] && echo "127.0.0.1:841$(number "$2")" || echo "127.0.0.1:851$(number "$2")"; }
through() {
	timeout 30 "$TOOLS/peer" connect "$(listen "$1" "$2")" from "127.0.0.9:$(port "$1" "$2")" "${@:3}" \
		>"$D/client.out" 2>&1
}
lines_of() { # PROXY SERVICE: without what stands before the line itself
	local file=$D/haproxy.out
	[ "$1" = kha ] && file=$D/kha.log
	grep -E " 127\.0\.0\.9:$(port "$1" "$2") \[|^127\.0\.0\.9:$(port "$1" "$2") \[" "$file" |
		sed 's/.*\(127\.0\.0\.9:[0-9]* \[.*\)/\1/'
}
has_line() { lines_of "$1" "$2" | grep -q .; }
hold() { # PROXY SERVICE: a client that has the only place
	: >"$D/server-$2.out"
	start "holder-$1-$2" "$TOOLS/peer" connect "$(listen "$1" "$2")" send hello recv welcome eof fin
	holder=$LAST
	until_true 5 grep -q . "$D/server-$2.out" || not_ok "$1: the place is taken"
}
let_go() { end "$holder"; }
# waiting PROXY N: clients of service waits in its queue
waiting() {
	if [ "$1" = kha ]; then
		stat_is '.services[] | select(.name == "waits") | .counters.queued' "$2"
	else
		exec 9<>/dev/tcp/127.0.0.1/8599 && echo 'show stat' >&9
		grep -qE "^waits,BACKEND,$2," <&9
		local rc=$?
		exec 9<&-
		return $rc
	fi
}
for p in kha haproxy; do
	through $p closes send hello recv welcome fin eof
	through $p sclose send hello recv welcome eof fin
	through $p crst send hello recv welcome rst
	through $p srst send hello recv welcome reset
	through $p dead drain
	through $p slow drain
	through $p idle send hello recv welcome drain
	# One has the only place until the other has waited in vain.
	hold $p queue
	through $p queue drain
	let_go
	# Here two wait, and are served one after the other.
	hold $p waits
	through $p waits send hello recv welcome fin eof &
	first=$!
	until_true 5 waiting $p 1 || not_ok "$p: one waits"
	start "second-$p" "$TOOLS/peer" connect "$(listen $p waits)" from "127.0.0.9:$(port $p second)" \
		send hello recv welcome fin eof
	second=$LAST
	until_true 5 waiting $p 2 || not_ok "$p: two wait"
	let_go
	wait $first $second
done

# ---- field by field ----

# fields LINE: one a line. client, its port, date, frontend, backend, server, Tw, Tc, Tt, bytes, letters,
# five numbers of connections, two of queues, and the rest.
fields() {
	sed -nE 's!^([0-9.]+):([0-9]+) \[([^]]+)\] ([^ ]+) ([^ /]+)/([^ ]+) (-?[0-9]+)/(-?[0-9]+)/([+]?[0-9]+) ([+]?[0-9]+) ([^ ]{2}) ([0-9]+)/([0-9]+)/([0-9]+)/([0-9]+)/([+]?[0-9]+) ([0-9]+)/([0-9]+)(.*)$!\1\n\2\n\3\n\4\n\5\n\6\n\7\n\8\n\9!p' <<<"$1"
	sed -nE 's!^.*\] [^ ]+ [^ ]+ [^ ]+ ([+]?[0-9]+) ([^ ]{2}) ([0-9]+)/([0-9]+)/([0-9]+)/([0-9]+)/([+]?[0-9]+) ([0-9]+)/([0-9]+)(.*)$!\1\n\2\n\3\n\4\n\5\n\6\n\7\n\8\n\9!p' <<<"$1"
	sed -nE 's!^.* [0-9]+/[0-9]+( ?[^ ]*)$!\1!p' <<<"$1"
}
declare -A letters=([closes]=-- [sclose]=-- [crst]=CD [srst]=SD [dead]=SC [slow]=sC [idle]=cD [queue]=sQ [waits]=--)
what=(address port date frontend backend server Tw Tc Tt bytes letters actconn feconn beconn srv_conn
	retries srv_queue backend_queue rest)
near() { awk -v a="$1" -v b="$2" -v by="$3" 'BEGIN { d = a - b; exit !((a < 0) == (b < 0) && d * d <= by * by) }'; }
for n in $names; do
	for p in kha haproxy; do until_true 5 has_line $p "$n" || not_ok "$n: $p writes a line"; done
	mapfile -t k < <(fields "$(lines_of kha "$n" | tail -n 1)")
	mapfile -t h < <(fields "$(lines_of haproxy "$n" | tail -n 1)")
	say "$n: $(lines_of kha "$n" | tail -n 1)"
	say "$n: $(lines_of haproxy "$n" | tail -n 1)"
	is "$n: fields of kha" "${#k[@]}" 19
	is "$n: fields of haproxy" "${#h[@]}" 19
	[ "${#k[@]}${#h[@]}" = 1919 ] || continue
	different=
	for i in "${!what[@]}"; do
		case ${what[i]} in
		port) [ "${k[i]}" = "$(port kha "$n")" ] && [ "${h[i]}" = "$(port haproxy "$n")" ] ;;
		date) near "$(date -d "$(tr '/' ' ' <<<"${k[i]}" | sed 's/:/ /')" +%s)" "$(now_ms | sed 's/...$//')" 300 &&
			[ "$(tr '[:digit:]' 9 <<<"${k[i]}" | sed 's/[A-Z][a-z][a-z]/X/')" = "$(tr '[:digit:]' 9 <<<"${h[i]}" | sed 's/[A-Z][a-z][a-z]/X/')" ] ;;
		# How long the place was taken is the script's doing.
		Tw | Tt) [ "$n" = waits ] && near "${k[i]}" "${h[i]}" 10000 || near "${k[i]}" "${h[i]}" $((400 * SLOW)) ;;
		Tc) near "${k[i]}" "${h[i]}" $((400 * SLOW)) ;;
		rest) [ -z "${h[i]}" ] && [[ "${k[i]}" =~ ^\ (-|127\.0\.0\.1:[0-9]+)$ ]] ;;
		*) [ "${k[i]}" = "${h[i]}" ] ;;
		esac || different="$different ${what[i]}(${k[i]},${h[i]})"
	done
	is "$n: fields that differ" "$different" ''
	is "$n: letters" "${k[10]}" "${letters[$n]}"
done
for p in kha haproxy; do
	until_true 5 has_line $p second || not_ok "$p: a line of the second that waited"
	is "$p: its place in the queue" "$(lines_of $p second | sed -E 's!.*/[0-9]+ ([0-9]+/[0-9]+)( .*)?$!\1!')" 0/2
done
# The last field is what the server sees as its client.
own=$(lines_of kha closes | sed 's/.* //')
check "kha's own address is the one that the server saw" grep -qF "$own" "$D/server-closes.out"
is "where nobody was connected there is none" "$(lines_of kha dead | sed 's/.* //')" -

# ---- none, close, both ----

curl -s http://127.0.0.1:8420/ >/dev/null
curl -s http://127.0.0.1:8421/ >/dev/null
lines() { grep -c " $1/" "$D/kha.log" | grep -qx "$2"; }
until_true 5 lines 'both both' 2 && ok "both: two lines" || not_ok "both: two lines"
re='127\.0\.0\.1:[0-9]+ \[[0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2}:[0-9:]{8}\.[0-9]{3}\] both both/cp-1'
like "the first with +, as with logasap" "$(grep ' both both/' "$D/kha.log" | head -n 1)" \
	"$re [0-9]+/[0-9]+/\\+[0-9]+ \\+0 -- [0-9]+/[0-9]+/[0-9]+/[0-9]+/0 0/0 127\\.0\\.0\\.1:[0-9]+\$"
like "the second at the end" "$(grep ' both both/' "$D/kha.log" | tail -n 1)" \
	"$re [0-9]+/[0-9]+/[0-9]+ [1-9][0-9]* -- [0-9]+/[0-9]+/[0-9]+/[0-9]+/0 0/0 127\\.0\\.0\\.1:[0-9]+\$"
until_stat 5 '[.services[] | select(.name == "quiet") | .counters | .accepted - .active] | .[0]' 1 ||
	not_ok "the quiet one was there"
kha_s reopen >/dev/null # everything said is written by then
is "none: no line" "$(grep -c ' quiet quiet/' "$D/kha.log")" 0
is "close: one line each" "$(lines_of kha closes | wc -l)" 1
finish
