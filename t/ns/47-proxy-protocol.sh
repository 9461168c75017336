#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The PROXY protocol, both versions, both ways, with haproxy and nginx at the other end.
. "$(dirname "$0")/lib.sh"
story "PROXY protocol: who the client really is"

LISTED=127.0.1.5 # in accept
export GLOBAL='workers = 2;'
CHECK='{ type = "http"; interval = "200ms"; fast_interval = "200ms"; down_interval = "200ms"; }'
conf <<E2
services = (
  { name = "in"; listen = "127.0.0.1:8450"; check = { type = "none"; }; servers = "127.0.0.1:9101";
    proxy_protocol = { accept = [ "127.0.1.0/24" ]; }; timeout = { hello = "${SLOW}s"; }; },
  { name = "web"; listen = [ "127.0.0.1:8451", "[::1]:8451" ]; check = { type = "none"; };
    servers = "127.0.0.1:9102"; proxy_protocol = { accept = [ "127.0.1.0/24" ]; }; },
  { name = "v1"; listen = [ "127.0.0.1:8461", "[::1]:8461" ]; check = { type = "none"; };
    servers = "127.0.0.1:9101"; proxy_protocol = { send = 1; }; },
  { name = "v2"; listen = [ "127.0.0.1:8462", "[::1]:8462" ]; check = { type = "none"; };
    servers = "127.0.0.1:9101"; proxy_protocol = { send = 2; }; },
  { name = "n1"; listen = [ "127.0.0.1:8463", "[::1]:8463" ]; check = { type = "none"; };
    servers = "127.0.0.1:9103"; proxy_protocol = { send = 1; }; },
  { name = "n2"; listen = [ "127.0.0.1:8464", "[::1]:8464" ]; check = { type = "none"; };
    servers = "127.0.0.1:9103"; proxy_protocol = { send = 2; }; },
  { name = "h1"; listen = "127.0.0.1:8465"; check = { type = "none"; };
    servers = "127.0.0.1:9104"; proxy_protocol = { send = 1; }; },
  { name = "h2"; listen = "127.0.0.1:8466"; check = { type = "none"; };
    servers = "127.0.0.1:9104"; proxy_protocol = { send = 2; }; },
  { name = "chain"; listen = "127.0.0.1:8467"; check = { type = "none"; };
    servers = "127.0.0.1:9103"; proxy_protocol = { accept = [ "127.0.1.0/24" ]; send = 2; }; },
  { name = "both"; listen = "127.0.0.1:8468"; check = { type = "none"; };
    servers = "127.0.0.1:9105"; client_hello = { mode = "require"; };
    proxy_protocol = { accept = [ "127.0.1.0/24" ]; }; timeout = { hello = "${SLOW}s"; }; },
  { name = "rules"; listen = "127.0.0.1:8469"; check = { type = "none"; };
    servers = "127.0.0.1:9102"; proxy_protocol = { accept = [ "127.0.1.0/24" ]; };
    deny = [ "127.0.1.0/24", "203.0.113.66" ]; },
  { name = "c1"; listen = "127.0.0.1:8471"; check = $CHECK; servers = "127.0.0.1:9103"; proxy_protocol = { send = 1; }; },
  { name = "c2"; listen = "127.0.0.1:8472"; check = $CHECK; servers = "127.0.0.1:9103"; proxy_protocol = { send = 2; }; },
  { name = "c3"; listen = "127.0.0.1:8473"; check = $CHECK; servers = "127.0.0.1:9104"; proxy_protocol = { send = 1; }; },
  { name = "c4"; listen = "127.0.0.1:8474"; check = $CHECK; servers = "127.0.0.1:9104"; proxy_protocol = { send = 2; }; },
  { name = "cport"; listen = "127.0.0.1:8475"; check = { type = "http"; port = 9102; };
    servers = "127.0.0.1:9103"; proxy_protocol = { send = 1; }; },
  { name = "cnone"; listen = "127.0.0.1:8476"; check = $CHECK; servers = "127.0.0.1:9103"; }
);
E2
kha_start

# ---- the peers ----
web n1 9102
api tls1 9105
cat >"$D/nginx.conf" <<X
daemon off; pid $D/nginx.pid; error_log $D/nginx.err; worker_processes 1;
events { }
http { access_log off; client_body_temp_path $D; proxy_temp_path $D; fastcgi_temp_path $D;
uwsgi_temp_path $D; scgi_temp_path $D;
server { listen 127.0.0.1:9103 proxy_protocol; location / { return 200
"\$proxy_protocol_addr \$proxy_protocol_port \$proxy_protocol_server_addr \$proxy_protocol_server_port\n"; } } }
X
start nginx nginx -p "$D" -c "$D/nginx.conf"
cat >"$D/haproxy.cfg" <<X
defaults
	mode http
	timeout connect 5s
	timeout client 20s
	timeout server 20s
frontend takes
	bind 127.0.0.1:9104 accept-proxy
	http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]\n"
listen sends1
	mode tcp
	bind 127.0.0.1:9001
	source 127.0.1.9
	server kha 127.0.0.1:8451 send-proxy
listen sends2
	mode tcp
	bind 127.0.0.1:9002
	source 127.0.1.9
	server kha 127.0.0.1:8451 send-proxy-v2 proxy-v2-options unique-id,crc32c
	unique-id-format %{+X}o%ci%cp%Ts
listen sends3
	mode tcp
	bind 127.0.0.1:9003
	source 127.0.1.9
	server kha 127.0.0.1:8467 send-proxy-v2
listen sends4
	mode tcp
	bind 127.0.0.1:9004
	source 127.0.1.9
	server kha 127.0.0.1:8468 send-proxy-v2
X
start haproxy haproxy -db -f "$D/haproxy.cfg"
for p in 9001 9002 9003 9004 9103 9104; do until_true 5 listens $p || not_ok "a peer listens on $p"; done

# hex BYTES...: them, spaces ignored
hex() { local h; h=$(tr -d ' \t\n' <<<"$*"); printf "$(sed 's/../\\x&/g' <<<"$h")"; }
SIGNATURE='0d0a0d0a000d0a515549540a'
# 203.0.113.7:4711 called 198.51.100.1:6443
V1=$'PROXY TCP4 203.0.113.7 198.51.100.1 4711 6443\r\n'
BLOCK='cb007107 c6336401 1267 192b'
printf %s "$V1" >"$D/v1"
hex "$SIGNATURE 21 11 000c $BLOCK" >"$D/v2"
# ALPN "h2", NOOP of 5 bytes, one of an unknown type
hex "$SIGNATURE 21 11 001d $BLOCK 01 0002 6832 04 0005 0000000000 ea 0001 ff" >"$D/v2tlv"
hex "$SIGNATURE 21 21 0024 20010db8000000000000000000000007 20010db8000000000000000000000001 1267 192b" >"$D/v2in6"

server() { # NAME STEP...: one client, then it ends
	start "$1" "$TOOLS/peer" listen 127.0.0.1:9101 accept "${@:2}"
	SERVER=$LAST
	until_true 5 listens 9101 || not_ok "$1: the server listens"
}
client() { # NAME FROM PORT STEP...
	timeout $((30 * SLOW)) "$TOOLS/peer" connect "127.0.0.1:$3" from "$2" "${@:4}" >"$D/$1.c" 2>&1 ||
		{ say "client: $(tail -n 1 "$D/$1.c")"; return 1; }
}
served() { wait "$SERVER" || { say "server: $(tail -n 1 "$D/$1.err")"; return 1; }; }
# through NAME FROM STEP...: what comes behind the header reaches the server, and back
through() {
	server "$1" recv hello send world eof fin
	client "$1" "$2" 8450 "${@:3}" && served "$1"
}
last_line() { grep -E " $1 $1/" "$D/kha.log" | tail -n 1; }
logged() { last_line "$1" | grep -qE -- "$2"; }
counts() { [ "$(total "$1")" = "$2" ]; }
seen=0
# refused NAME STEP...: its line says PR, no server was asked
refused() {
	local before picked
	before=$(total close_proxy_header) picked=$(stat '[.services[].servers[].counters.picked] | add')
	client "$1" "$LISTED" 8450 "${@:2}" reset || return 1
	until_true 5 counts close_proxy_header $((before + 1)) || { say "not counted"; return 1; }
	seen=$((seen + 1))
	[ "$(stat '[.services[].servers[].counters.picked] | add')" = "$picked" ] ||
		{ say "a server was asked"; return 1; }
	until_true 5 logged in "^.*$LISTED:[0-9]+ .* in in/<NOSRV> .* 0 PR "
}

# ---- accept: good ones ----
step() { # NAME CLIENT: the line shows that client
	until_true 5 logged in "(info|: )?.* $2 \[.* in in/127.0.0.1:9101 .* -- " ||
		not_ok "$1: in the log: $(last_line in)"
}
check "version 1, data in the same segment" \
	through v1 $LISTED send "${V1}hello" recv world fin eof
step "version 1" 203.0.113.7:4711
check "version 2" through v2 $LISTED sendfile "$D/v2" send hello recv world fin eof
step "version 2" 203.0.113.7:4711
cat "$D/v2tlv" <(printf hello) >"$D/v2tlv.hello"
check "version 2 with TLVs and data in the same segment" \
	through v2tlv $LISTED sendfile "$D/v2tlv.hello" recv world fin eof
step "version 2 with TLVs" 203.0.113.7:4711
check "version 2, IPv6" through v2in6 $LISTED sendfile "$D/v2in6" send hello recv world fin eof
step "version 2, IPv6" '\[2001:db8::7\]:4711'
check "version 1, byte by byte" through slow1 $LISTED sendslow "$D/v1" 3 send hello recv world fin eof
step "byte by byte" 203.0.113.7:4711
check "version 2 with TLVs, byte by byte" \
	through slow2 $LISTED sendslow "$D/v2tlv" 3 send hello recv world fin eof
step "version 2 byte by byte" 203.0.113.7:4711
hex "$SIGNATURE 20 00 0000" >"$D/local"
check "LOCAL" through local $LISTED sendfile "$D/local" send hello recv world fin eof
step "LOCAL: the connection's own address" "$LISTED:[0-9]+"
check "UNKNOWN" through unknown $LISTED send $'PROXY UNKNOWN\r\nhello' recv world fin eof
step "UNKNOWN" "$LISTED:[0-9]+"
check "who is not listed needs none" through unlisted 127.0.2.5 send hello recv world fin eof
step "not listed" "127.0.2.5:[0-9]+"
server untouched recv "${V1}hello" eof fin
check "and its header is not believed: it passes as it is" \
	client untouched 127.0.2.5 8450 send "${V1}hello" fin eof
check "to the server, byte by byte" served untouched
step "not believed" "127.0.2.5:[0-9]+"
head -c 300000 /dev/zero | tr '\0' x >"$D/much"
cat "$D/v2" "$D/much" >"$D/v2much"
server much recvfile "$D/much" eof fin
check "a header with 300,000 bytes behind it" client much $LISTED 8450 sendfile "$D/v2much" fin eof
check "no byte is lost or added" served much

# ---- accept: bad ones ----
check "no header: refused" refused none send "GET / HTTP/1.0"
check "a wrong port" refused port send $'PROXY TCP4 203.0.113.7 198.51.100.1 70000 6443\r\nhello'
check "TCP4 with an IPv6 address" refused mixed send $'PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n'
check "a line that does not end" refused endless send "PROXY UNKNOWN $(head -c 100 "$D/much")"
hex "$SIGNATURE 21 11 0010 $BLOCK 01 0002 68" >"$D/b1"
check "a TLV longer than the header" refused tlv sendfile "$D/b1"
hex "$SIGNATURE 21 11 0008 cb007107 c6336401" >"$D/b2"
check "an address block cut short" refused block sendfile "$D/b2"
hex "$SIGNATURE 11 11 000c $BLOCK" >"$D/b3"
check "version 1 in a binary header" refused version sendfile "$D/b3"
hex "$SIGNATURE 21 11 0013 $BLOCK 03 0004 01020304" >"$D/b4"
check "a wrong checksum" refused crc sendfile "$D/b4"
hex "$SIGNATURE 21 11 ffff $BLOCK" >"$D/b5"
check "a header of 64 KB" refused huge sendfile "$D/b5"
check "half a header, then FIN" refused half send "PROXY TCP4 203.0" fin
began=$(now_ms)
check "half a header, then nothing for timeout.hello" refused silent send "PROXY TCP4 203.0"
at_most "not before timeout.hello: ms" $((1000 * SLOW)) $(($(now_ms) - began))
is "each counted once, as close_proxy_header" "$(total close_proxy_header)" $seen
is "and for nothing else" "$(total close_client_reset)/$(total close_client_abort)" 0/0

# ---- who may, by the announced address ----
client rules1 127.0.1.5 8469 send "$V1"$'GET / HTTP/1.0\r\n\r\n' recv "HTTP/1.1 200" ||
	not_ok "a listed proxy may send others, though it is denied itself"
client rules2 127.0.1.5 8469 send $'PROXY TCP4 203.0.113.66 198.51.100.1 1 2\r\n' reset ||
	not_ok "the announced client is denied: reset"
check "announced and denied: counted" until_stat 5 .kha.totals.close_denied 1
check "announced and denied: PR in the log" until_true 5 logged rules '203.0.113.66:1 .* PR '

# ---- checks ----
for c in c1 c2 c3 c4; do
	check "checks send the header too: $c is UP" \
		until_stat 10 ".services[] | select(.name == \"$c\") | .servers[0].check.result" L7OK
done
check "not to a port of their own" \
	until_stat 10 '.services[] | select(.name == "cport") | .servers[0].check.result' L7OK
check "a server that waits for one and gets none fails" \
	until_stat 10 '.services[] | select(.name == "cnone") | .servers[0].check.result' L7RSP

# ---- real haproxy in front ----
for v in 1 2; do
	is "haproxy sends version $v: answer" \
		"$(curl -s -m 10 --interface 127.0.0.7$v http://127.0.0.1:900$v/)" n1
	check "haproxy sends version $v: the log names the client" \
		until_true 5 logged web " 127.0.0.7$v:[0-9]+ \["
done
load lots -a 127.0.0.1:9002 -c 10 -n $((1000 / SLOW)) -1
loaded lots "$LAST"
is "many connections of haproxy: errors" "$(result lots errors)" 0

# ---- send: what a server sees ----
port=21000 # none that the kernel gives out itself
# sends NAME SERVICE-PORT FILE: the server gets exactly FILE, then hello
sends() {
	server "$1" recvfile "$3" recv hello send world eof fin
	client "$1" 127.0.0.42:$port "$2" send hello recv world fin eof && served "$1"
}
printf 'PROXY TCP4 127.0.0.42 127.0.0.1 %d 8461\r\n' $port >"$D/s1"
check "send = 1: exact bytes" sends s1 8461 "$D/s1"
hex "$SIGNATURE 21 11 000c 7f00002a 7f000001 $(printf %04x%04x $port 8462)" >"$D/s2"
check "send = 2: exact bytes" sends s2 8462 "$D/s2"
server first recvfile "$D/s1" send world eof fin
printf 'PROXY TCP4 127.0.0.42 127.0.0.1 %d 8461\r\n' $((port + 1)) >"$D/s1"
check "the header comes though the client is silent" \
	client first 127.0.0.42:$((port + 1)) 8461 recv world fin eof
check "and the server speaks first" served first
printf 'PROXY TCP6 ::1 ::1 %d 8461\r\n' $((port + 2)) >"$D/s6"
server in6 recvfile "$D/s6" recv hello eof fin
"$TOOLS/peer" connect "[::1]:8461" from "[::1]:$((port + 2))" send hello fin eof
check "send = 1, IPv6: exact bytes" served in6
hex "$SIGNATURE 21 21 0024 00000000000000000000000000000001 00000000000000000000000000000001 \
	$(printf %04x%04x $((port + 3)) 8462)" >"$D/s6"
server in6b recvfile "$D/s6" recv hello eof fin
"$TOOLS/peer" connect "[::1]:8462" from "[::1]:$((port + 3))" send hello fin eof
check "send = 2, IPv6: exact bytes" served in6b
server bulk recvfile "$D/s1" recvfile "$D/much" eof fin
printf 'PROXY TCP4 127.0.0.42 127.0.0.1 %d 8461\r\n' $((port + 4)) >"$D/s1"
check "300,000 bytes behind the header" \
	client bulk 127.0.0.42:$((port + 4)) 8461 sendfile "$D/much" fin eof
check "arrive behind it" served bulk
for v in 1 2; do
	port=$((port + 10))
	is "nginx behind send = $v" \
		"$(curl -s -m 10 --interface 127.0.0.43 --local-port $port http://127.0.0.1:846$((v + 2))/)" \
		"127.0.0.43 $port 127.0.0.1 846$((v + 2))"
	port=$((port + 10))
	is "nginx behind send = $v, IPv6" \
		"$(curl -s -m 10 --interface ::1 --local-port $port "http://[::1]:846$((v + 2))/")" "::1 $port ::1 846$((v + 2))"
	port=$((port + 10))
	is "haproxy behind send = $v" \
		"$(curl -s -m 10 --interface 127.0.0.44 --local-port $port http://127.0.0.1:846$((v + 4))/)" \
		"127.0.0.44 $port 127.0.0.1 846$((v + 4))"
	load "bulk$v" -a 127.0.0.1:846$((v + 2)) -c 10 -n $((1000 / SLOW)) -1
	loaded "bulk$v" "$LAST"
	is "send = $v, many connections: errors" "$(result "bulk$v" errors)" 0
done

# ---- accept and send ----
client chain $LISTED 8467 send "$V1"$'GET / HTTP/1.0\r\n\r\n' drain || not_ok "chain: $(cat "$D/chain.c")"
printf 'GET / HTTP/1.0\r\n\r\n' >"$D/get"
client chain2 $LISTED 8467 sendfile "$D/v2" sendfile "$D/get" recv "HTTP/1.1 200" || not_ok "chain, version 2"
is "chained: nginx is told the first client" \
	"$(curl -s -m 10 --interface 127.0.0.45 --local-port 21777 http://127.0.0.1:9003/)" \
	"127.0.0.45 21777 127.0.0.1 9003"

# ---- accept and client_hello ----
load tls -a 127.0.0.1:9004 -t "$D/ca.pem" -p /whoami -c 10 -n $((400 / SLOW)) -1
loaded tls "$LAST"
is "header, then ClientHello: errors" "$(result tls errors)" 0
check "header, then garbage: reset" client garbage $LISTED 8468 send "${V1}GET / HTTP/1.0" reset
is "header, then garbage: reason" "$(total close_hello_refused)" 1
check "header, then garbage: PR, with the announced client" until_true 5 logged both '203.0.113.7:4711 .* PR '
check "header, then silence: reset" client mute $LISTED 8468 send "$V1" reset
is "header, then silence: reason" "$(total close_hello_timeout)" 1
check "header, then silence: cR" until_true 5 logged both '203.0.113.7:4711 .* cR '
finish
