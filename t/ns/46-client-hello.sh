#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Waiting for a TLS ClientHello: what is one, what is not, what becomes of both; and the second
# server that gets it when the first one gives no answer.
. "$(dirname "$0")/lib.sh"
story "a server only for those who say hello"

FEW=$((100 / SLOW)) QUICK=$((500 * SLOW))
export GLOBAL='workers = 2;'
conf <<E2
services = (
  { name = "none"; listen = "127.0.0.1:8480"; check = { type = "none"; }; servers = "127.0.0.1:9101";
    client_hello = { mode = "none"; }; },
  { name = "wait"; listen = "127.0.0.1:8481"; check = { type = "none"; }; servers = "127.0.0.1:9101";
    client_hello = { mode = "wait"; }; timeout = { hello = "20s"; }; },
  { name = "require"; listen = "127.0.0.1:8482"; check = { type = "none"; };
    servers = "127.0.0.1:9101"; client_hello = { mode = "require"; }; timeout = { hello = "20s"; }; },
  { name = "qwait"; listen = "127.0.0.1:8483"; check = { type = "none"; }; servers = "127.0.0.1:9101";
    client_hello = { mode = "wait"; }; timeout = { hello = "${QUICK}ms"; }; },
  { name = "qrequire"; listen = "127.0.0.1:8484"; check = { type = "none"; };
    servers = "127.0.0.1:9101"; client_hello = { mode = "require"; };
    timeout = { hello = "${QUICK}ms"; }; },
  { name = "tls"; listen = "127.0.0.1:8485"; check = { type = "none"; };
    servers = [ "127.0.0.1:9102", "127.0.0.1:9103" ]; client_hello = { mode = "require"; };
    timeout = { hello = "20s"; }; },
  { name = "names"; listen = "127.0.0.1:8486"; check = { type = "none"; }; servers = "127.0.0.1:9102";
    client_hello = { mode = "require"; sni = [ "a.example", "*.b.example" ]; }; },
  { name = "wnames"; listen = "127.0.0.1:8487"; check = { type = "none"; }; servers = "127.0.0.1:9102";
    client_hello = { mode = "wait"; sni = "a.example"; }; },
  { name = "fin"; listen = "127.0.0.1:8488"; check = { type = "none"; }; balance = "roundrobin";
    servers = [ "127.0.0.1:9104", "127.0.0.1:9102" ]; client_hello = { mode = "require"; }; },
  { name = "rst"; listen = "127.0.0.1:8489"; check = { type = "none"; }; balance = "roundrobin";
    servers = [ "127.0.0.1:9105", "127.0.0.1:9102" ]; client_hello = { mode = "wait"; }; },
  { name = "late"; listen = "127.0.0.1:8490"; check = { type = "none"; }; balance = "roundrobin";
    servers = [ "127.0.0.1:9106", "127.0.0.1:9102" ]; client_hello = { mode = "require"; }; },
  { name = "said"; listen = "127.0.0.1:8491"; check = { type = "none"; };
    servers = [ "127.0.0.1:9107", "127.0.0.1:9108" ]; client_hello = { mode = "require"; }; },
  { name = "alone"; listen = "127.0.0.1:8492"; check = { type = "none"; };
    servers = "127.0.0.1:9104"; client_hello = { mode = "require"; }; },
  { name = "crowd"; listen = "127.0.0.1:8493"; check = { type = "none"; }; servers = "127.0.0.1:9102";
    client_hello = { mode = "require"; }; timeout = { hello = "10m"; }; }
);
E2
kha_start
api one 9102
api two 9103
start fin "$TOOLS/peer" serve 127.0.0.1:9104 fin pause 200 # without a word
start rst "$TOOLS/peer" serve 127.0.0.1:9105 rst
start late "$TOOLS/peer" serve 127.0.0.1:9106 recv $'\x16\x03' pause 20 rst
start said1 "$TOOLS/peer" serve 127.0.0.1:9107 recv $'\x16\x03' send x pause 50 rst
start said2 "$TOOLS/peer" serve 127.0.0.1:9108 recv $'\x16\x03' send x pause 50 rst
for p in 9104 9105 9106 9107 9108; do until_true 5 listens $p || not_ok "a server listens on $p"; done
of() { stat ".services[] | select(.name == \"$1\") | .counters.$2"; }
failed_at() { stat ".services[] | select(.name == \"$1\") | .servers[] | select(.name == \"$2\") | .counters.connect_failed"; }

# ---- a ClientHello of openssl, taken apart ----
binary() { local h; h=$(tr -d ' \t\n' <<<"$*"); printf "$(sed 's/../\\x&/g' <<<"$h")"; }
HELLO=$(openssl s_client -msg -connect 127.0.0.1:9102 -servername a.example </dev/null 2>/dev/null |
	awk '/ClientHello/ { on = 1; next } /^[<>]/ { on = 0 } on' | tr -d ' \n')
like "openssl shows its ClientHello" "$HELLO" '^0100[0-9a-f]{200,}$'
# record MESSAGE-BYTES: with the header of a record
record() { printf '160301%04x%s' $((${#1} / 2)) "$1"; }
binary "$(record "$HELLO")" >"$D/hello"
binary "$(record "${HELLO:0:2}") $(record "${HELLO:2:200}") $(record "${HELLO:202}")" >"$D/records"
binary "$(for ((i = 0; i < ${#HELLO}; i += 2)); do record "${HELLO:i:2}"; done)" >"$D/tiny"
# padded N: with an extension padding (RFC 7685) to N bytes
padded() {
	local at=$((2 * (4 + 2 + 32))) ext pad
	at=$((at + 2 + 2 * 0x${HELLO:at:2}))    # the session
	at=$((at + 4 + 2 * 0x${HELLO:at:4}))    # cipher suites
	at=$((at + 2 + 2 * 0x${HELLO:at:2}))    # compression
	ext=$((0x${HELLO:at:4})) pad=$(($1 - ${#HELLO} / 2 - 4))
	printf '010%05x%s%04x%s0015%04x%s' $(($1 - 4)) "${HELLO:8:at-8}" $((ext + pad + 4)) "${HELLO:at+4}" $pad \
		"$(head -c $pad /dev/zero | tr '\0' '\1' | sed 's/\x01/00/g')"
}
binary "$(record "$(padded 15000)")" >"$D/long"
binary "$(record "$(padded 40000)" | head -c 32768)" >"$D/longer"

# pair NAME PORT SERVER-STEPS -- CLIENT-STEPS
pair() {
	local name=$1 port=$2 server=$3 client=$4
	# shellcheck disable=SC2086
	start "$name" "$TOOLS/peer" listen 127.0.0.1:9101 accept $server
	local pid=$LAST
	until_true 5 listens 9101 || not_ok "$name: the server listens"
	# shellcheck disable=SC2086
	timeout $((30 * SLOW)) "$TOOLS/peer" connect "127.0.0.1:$port" $client >"$D/$name.c" 2>&1
	local c=$?
	wait $pid
	local s=$?
	[ $c = 0 ] && [ $s = 0 ] || {
		say "client $c: $(tail -n 2 "$D/$name.c" | tr '\n' ' ')"
		say "server $s: $(tail -n 2 "$D/$name.err" | tr '\n' ' ')"
		return 1
	}
}
talk="send world eof fin"
for m in none:8480 wait:8481 require:8482; do
	p=${m#*:} m=${m%:*}
	check "$m: a ClientHello in one piece" \
		pair "$m" $p "recvfile $D/hello $talk" "sendfile $D/hello recv world fin eof"
	check "$m: byte by byte" pair "$m.1" $p "recvfile $D/hello $talk" "sendslow $D/hello 3 recv world fin eof"
	check "$m: in three records" \
		pair "$m.3" $p "recvfile $D/records $talk" "sendfile $D/records recv world fin eof"
	check "$m: in a record for each byte" \
		pair "$m.t" $p "recvfile $D/tiny $talk" "sendfile $D/tiny recv world fin eof"
	check "$m: one of 15,000 bytes" \
		pair "$m.l" $p "recvfile $D/long $talk" "sendfile $D/long recv world fin eof"
	check "$m: with bulk behind it" \
		pair "$m.b" $p "recvfile $D/hello expect 3000000 $talk" \
		"sendfile $D/hello pattern 3000000 recv world fin eof"
	check "$m: and FIN at once" pair "$m.f" $p "recvfile $D/hello eof $talk" "sendfile $D/hello fin recv world eof"
done

# ---- what is none ----
head -c 100 "$D/hello" >"$D/half"
check "wait: something else passes byte by byte" \
	pair other 8481 "recv SSH-2.0-x $talk" "send SSH-2.0-x recv world fin eof"
check "wait: half a ClientHello and FIN passes" \
	pair half 8481 "recvfile $D/half eof send world fin" "sendfile $D/half fin recv world eof"
check "wait: too long a ClientHello passes" \
	pair longer 8481 "recvfile $D/longer eof send world fin" "sendfile $D/longer fin recv world eof"
check "wait: after timeout.hello a silent client gets a server" \
	pair silent 8483 "send hello recv world eof fin" "recv hello send world fin eof"
check "wait: half a ClientHello passes after timeout.hello" \
	pair half2 8483 "recvfile $D/half send hello eof fin" "sendfile $D/half recv hello fin eof"
start seen "$TOOLS/peer" serve 127.0.0.1:9101 drain
until_true 5 listens 9101
asked() { stat '[.services[].servers[].counters.picked] | add'; }
before=$(asked)
# bad NAME PORT REASON N STEP...
bad() {
	timeout $((30 * SLOW)) "$TOOLS/peer" connect "127.0.0.1:$2" "${@:5}" reset 2>"$D/bad" ||
		{ say "client: $(cat "$D/bad")"; return 1; }
	until_stat 5 ".kha.totals.close_$3" "$4"
}
last() { grep " $1 $1/" "$D/kha.log" | tail -n 1; }
lines() { grep " $1 $1/" "$D/kha.log" | grep -cE " $2 "; }
check "require: something else is refused" bad other 8482 hello_refused 1 send SSH-2.0-x
check "require: HTTP is refused" bad http 8482 hello_refused 2 send "GET / HTTP/1.1"
check "require: half a ClientHello and FIN is refused" bad half 8482 hello_refused 3 sendfile "$D/half" fin
check "require: too long a ClientHello is refused" bad long 8482 hello_refused 4 sendfile "$D/longer"
is "letters: PR, no server" "$(lines require '-1/-1/[0-9]+ 0 PR')" 4
began=$(now_ms)
check "require: silence ends with timeout.hello" bad silent 8484 hello_timeout 1
at_most "not before: ms" $QUICK $(($(now_ms) - began))
check "require: half a ClientHello as well" bad half2 8484 hello_timeout 2 sendfile "$D/half"
is "letters: cR" "$(lines qrequire '-1/-1/[0-9]+ 0 cR')" 2
"$TOOLS/peer" scan 127.0.0.1:8482 $FEW fin
"$TOOLS/peer" scan 127.0.0.1:8482 $FEW rst
"$TOOLS/peer" scan 127.0.0.1:8481 $FEW fin
"$TOOLS/peer" scan 127.0.0.1:8481 $FEW rst
until_true 5 idle
is "connect and close: client_abort" "$(total close_client_abort)" $((4 * FEW))
like "letters: CC" "$(last wait)" 'wait/<NOSRV> -1/-1/[0-9]+ 0 CC '
is "none of them got a server" "$(asked)" "$before"
is "no server saw a connection" "$(wc -l <"$D/seen.out")" 0

# ---- names ----
ask() { curl -sk -m 10 --resolve "$1:$2:127.0.0.1" -o /dev/null -w '%{http_code}' "https://$1:$2/whoami"; }
r=''
for h in a.example x.b.example A.Example X.B.EXAMPLE; do r="$r$h=$(ask $h 8486) "; done
is "sni: who is in the list" "$r" "a.example=200 x.b.example=200 A.Example=200 X.B.EXAMPLE=200 "
refused=$(total close_hello_refused)
r=''
for h in other.example b.example x.y.b.example xa.example a.example.org; do r="$r$h=$(ask $h 8486) "; done
is "sni: who is not" "$r" \
	"other.example=000 b.example=000 x.y.b.example=000 xa.example=000 a.example.org=000 "
is "sni: a client that names nothing" \
	"$(curl -sk -m 10 -o /dev/null -w '%{http_code}' https://127.0.0.1:8486/whoami)" 000
until_stat 5 .kha.totals.close_hello_refused $((refused + 6)) || not_ok "six are counted"
is "letters: PR" "$(lines names PR)" 6
is "wait with sni: in the list" "$(ask a.example 8487)" 200
is "wait with sni: another name is closed" "$(ask b.example 8487)" 000
is "wait with sni: what is no TLS passes" "$("$TOOLS/peer" connect 127.0.0.1:8487 send x$'\r\n\r\n' drain |
	grep -c bytes)" 1

# ---- in bulk ----
load bulk -a 127.0.0.1:8485 -t "$D/ca.pem" -p /whoami -c 20 -n $((2000 / SLOW)) -1
loaded bulk "$LAST"
[ "$(result bulk errors)" = 0 ] || say "$(tail -n 1 "$D/bulk.out")"
is "TLS connections in bulk: errors" "$(result bulk errors)" 0
load kept -a 127.0.0.1:8485 -t "$D/ca.pem" -p /bytes/70000 -c 20 -n $((2000 / SLOW))
loaded kept "$LAST"
is "TLS requests on kept connections: errors" "$(result kept errors)" 0

# ---- another server ----
for s in fin:8488:9104 rst:8489:9105 late:8490:9106; do
	p=${s#*:} bad=${s##*:} s=${s%%:*} p=${p%:*}
	load "r$s" -a "127.0.0.1:$p" -t "$D/ca.pem" -p /whoami -c 4 -n $FEW -1
	loaded "r$s" "$LAST"
	is "first server ends ($s): errors" "$(result "r$s" errors)" 0
	is "first server ends ($s): all are answered" "$(result "r$s" answers)" $FEW
	at_most "first server ends ($s): it was asked" $((FEW / 4)) "$(wc -l <"$D/$s.out")"
	at_most "first server ends ($s): and others instead: retries" $((FEW / 4)) "$(of $s retries)"
	at_most "first server ends ($s): counted as its failures" $((FEW / 4)) "$(failed_at $s "127.0.0.1:$bad")"
done
check "but not after a byte of its answer" "$TOOLS/peer" connect 127.0.0.1:8491 sendfile "$D/hello" recv x reset
is "no second server was asked" "$(cat "$D/said1.out" "$D/said2.out" | wc -l)/$(of said retries)" 1/0
check "letters: SD" until_true 5 eval 'grep " said said/" "$D/kha.log" | grep -q " 1 SD "'
resets=$(total close_server_reset)
check "no other server: its end is passed on as it is" \
	"$TOOLS/peer" connect 127.0.0.1:8492 sendfile "$D/hello" eof fin
is "no other server: nobody was reset" "$(total close_server_reset)" "$resets"

# ---- memory ----
padded 15900 >"$D/hex"
PIECE=$(sed 's/../\\x&/g' <<<"$(record "$(cat "$D/hex")" | head -c 31000)")
private() {
	for s in 0 1; do awk '/^Private/ { s += $2 } END { print s }' "/proc/$(worker_pid $s)/smaps_rollup"; done |
		awk '{ s += $1 } END { print s }'
}
all_read() { ! ss -Htn state established '( sport = :8493 )' | awk '$1 > 0' | grep -q .; }
crowd() { # N clients that never come to the end of 15 KB
	local f fds=()
	for _ in $(seq "$1"); do
		exec {f}<>/dev/tcp/127.0.0.1/8493 || return 1
		# shellcheck disable=SC2059
		printf "$PIECE" >&"$f"
		fds+=("$f")
	done
	until_stat 5 '.services[] | select(.name == "crowd") | .counters.active' "$1" || return 1
	until_true 20 all_read || return 1
	private >"$D/most"
	for f in "${fds[@]}"; do exec {f}>&-; done
}
n=$((500 / SLOW))
quiet=$(private)
crowd $n || not_ok "$n clients"
first=$(($(cat "$D/most") - quiet))
at_most "$n clients with 15 KB of a ClientHello: KB for each" $((first / n)) $((40 * SLOW))
until_true 20 idle
# AddressSanitizer keeps what was freed for a while.
if [ -z "${KHA_SAN:-}" ]; then
	crowd $n || not_ok "$n clients again"
	at_most "as many again cost no more: KB" $(($(cat "$D/most") - quiet)) $((first * 5 / 4 + 1000))
	until_true 20 idle
fi
say "memory: $first KB more for $n clients, $(($(private) - quiet)) KB more after them"
finish
