#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Checks against nginx, haproxy and openssl s_server: what they show, and what the peers log of it.
. "$(dirname "$0")/lib.sh"
once_for_all_engines
story "checks with real TLS servers: each result code, certificates, no noise in their logs"

certs
cat "$D/server.pem" "$D/key.pem" >"$D/both.pem"
cp "$D/server.pem" "$D/mine.pem"
limit=1000 # ms, of one check; half of it to connect

# ---- nginx: each port with a log of its own ----
mkdir "$D/nginx"
ng() { # PORT CERTIFICATE [LINE]
	cat <<-X
		server { listen 127.0.0.1:$1 ${2:+ssl}; listen 127.0.0.2:$1 ${2:+ssl};
		${2:+ssl_certificate $D/$2; ssl_certificate_key $D/key.pem;}
		error_log $D/nginx/$1.log info; access_log $D/nginx/$1.access who;
		location / { return 404; } location /readyz { return 200 ok; } ${3:-} }
	X
}
{
	cat <<-X
		daemon off; pid $D/nginx/pid; error_log $D/nginx/error.log info; worker_processes 1;
		events { } http { log_format who '\$status \$ssl_client_s_dn';
		client_body_temp_path $D/nginx; proxy_temp_path $D/nginx; fastcgi_temp_path $D/nginx;
		uwsgi_temp_path $D/nginx; scgi_temp_path $D/nginx;
	X
	ng 9201 server.pem
	ng 9202 wrong.pem
	ng 9203 expired.pem
	ng 9204 ''
	ng 9205 server.pem "ssl_verify_client on; ssl_client_certificate $D/ca.pem;"
	ng 9206 server.pem "location /ill { return 503; } location /locked { return 403; }"
	ng 9207 server.pem
	ng 9208 server.pem
	ng 9209 server.pem "ssl_verify_client on; ssl_client_certificate $D/ca.pem;"
	ng 9210 server.pem
	ng 9211 mine.pem
	echo '}'
} >"$D/nginx/nginx.conf"
start nginx nginx -p "$D/nginx" -c "$D/nginx/nginx.conf"
nginx=$LAST

# ---- haproxy: with TLS, one that never answers, and two that hold the ClientHello back ----
ha() { # PORT MORE
	cat <<-X
		frontend p$1
			bind 127.0.0.1:$1 ssl crt $D/both.pem ${2:-}
			http-request return status 200 content-type text/plain string ok
	X
}
late() { # PORT DELAY
	cat <<-X
		frontend p$1
			mode tcp
			bind 127.0.0.1:$1
			tcp-request inspect-delay $2
			tcp-request content accept if WAIT_END
			default_backend nginx
	X
}
{
	cat <<-X
		global
			log stdout format raw daemon
		defaults
			mode http
			log global
			option httplog
			timeout connect 5s
			timeout client 60s
			timeout server 60s
			timeout tarpit 60s
		frontend p9303
			bind 127.0.0.1:9303 ssl crt $D/both.pem
			http-request tarpit
		backend nginx
			mode tcp
			server n 127.0.0.1:9210
	X
	ha 9301
	ha 9302 "verify required ca-file $D/ca.pem"
	ha 9306
	ha 9307
	ha 9309 "verify required ca-file $D/ca.pem"
	late 9304 300ms
	late 9305 50s
} >"$D/haproxy.cfg"
start haproxy haproxy -db -f "$D/haproxy.cfg"

# ---- openssl s_server: one client at a time, therefore a port for each service ----
ssl() { # PORT OPTION...
	start "s$1" openssl s_server -accept "127.0.0.1:$1" -cert "$D/server.pem" -key "$D/key.pem" "${@:2}"
}
ssl 9401 -www
ssl 9402 -www
ssl 9403 -www -Verify 1 -CAfile "$D/ca.pem" -verify_return_error
ssl 9404 -www -no_tls1_3
ssl 9405 -rev
ssl 9406 -www
ssl 9407 -www
plain hang 9501 --hang
for p in {9201..9211} {9301..9307} 9309 {9401..9407}; do
	until_true 10 listens "$p" || not_ok "something listens on $p"
done
nft "table inet t { chain c { type filter hook output priority 0; tcp dport 9598 drop; }; }" ||
	not_ok "nftables"

# service NAME LISTEN CHECK SERVER...: a server is NAME:PORT, at 127.0.0.1 or @ADDRESS
first=yes
service() {
	local s list='' address
	for s in "${@:4}"; do
		address=127.0.0.1
		[[ $s == *@* ]] && address=${s#*@} s=${s%@*}
		list="$list${list:+, }{ name = \"${s%:*}\"; address = \"$address:${s#*:}\"; }"
	done
	[ -n "$first" ] || echo ,
	first=
	echo "{ name = \"$1\"; listen = \"127.0.0.1:$2\"; slow_start = \"0s\"; servers = ( $list );
		check = { interval = \"200ms\"; fast_interval = \"100ms\"; down_interval = \"200ms\";
		connect_timeout = \"$((limit / 2))ms\"; timeout = \"${limit}ms\"; ca = \"$D/ca.pem\"; $3 }; }"
}
must='verify = "required";'
mine="cert = \"$D/client.pem\"; key = \"$D/client.key\";"
other="ca = \"$D/other-ca.pem\";"
# libconfig takes a name once.
without_ca() { sed "s|ca = \"$D/ca.pem\"; ca = |ca = |"; }
{
	echo 'services = ('
	service good 8401 "$must" nginx:9201 haproxy:9301 s_server:9401 late:9304
	service tls 8402 "$must type = \"tls\";" nginx:9201 haproxy:9301 s_server:9402 tls1.2:9404
	service named 8403 "$must sni = \"kubernetes.default\";" nginx:9201 haproxy:9301 s_server:9407
	service client 8404 "$must $mine" nginx:9205 haproxy:9302 s_server:9403
	service warn 8405 'verify = "warn";' name:9202 expired:9203 right:9201
	service warn-ca 8406 "$other verify = \"warn\";" nginx:9208 haproxy:9306
	service bad-ca 8407 "$other $must" nginx:9207 haproxy:9307 s_server:9406
	service bad-name 8408 "$must" cert:9202 address:9207@127.0.0.2
	service bad-sni 8409 "$must sni = \"wrong.example\";" nginx:9207
	service old 8410 "$must" expired:9203
	service no-tls 8411 "$must" plain:9204 silent:9501 late:9305 closed:9599 dropped:9598
	service no-http 8412 "$must" mute:9303 garbage:9405
	service status 8413 "$must path = \"/ill\";" ill:9206
	service locked 8414 "$must path = \"/locked\";" locked:9206
	service no-client 8415 "$must" nginx:9209 haproxy:9309
	service no-answer 8416 "$must type = \"tls\";" plain:9204 silent:9501
	service replaced 8417 "$must" nginx:9211
	echo ');'
} | without_ca >"$D/services"
export GLOBAL='workers = 1; log_level = "info";'
conf <"$D/services"

of() { stat ".services[] | select(.name == \"$1\") | .servers[] | select(.name == \"$2\") | .counters + . | .$3"; }
of_is() { [ "$(of "$1" "$2" "$3")" = "$4" ]; }
t0=$(now_ms)
kha_start
unknown='[.services[].servers[] | select(.check.result == "UNK" or .check.result == "INI")] | length'
check "each check has a result" until_stat 10 "$unknown" 0
at_most "ms until then; the longest may take $limit" $(($(now_ms) - t0)) $((limit * 5 * SLOW))

# ---- result codes ----
# shows SERVICE SERVER STATE CODE [TEXT [MS]]: the time that it has
shows() {
	is "$1/$2" "$(of "$1" "$2" '| "\(.state) \(.check.result)"')" "$3 $4"
	[ -z "${5:-}" ] || like "$1/$2: why" "$(of "$1" "$2" '| "\(.check.text) \(.check.warnings)"')" "$5"
	[ -n "${6:-}" ] || return 0
	# Its clock starts at the last look at the time, which is earlier when many checks start at once.
	at_most "$1/$2: ms at least" $(($6 * 3 / 4)) "$(of "$1" "$2" check.duration_ms)"
	at_most "$1/$2: and not long after" "$(of "$1" "$2" check.duration_ms)" $((5 * $6 * SLOW))
}
for each in nginx haproxy s_server; do
	shows good $each UP L7OK '^GET /readyz: 200 \[\]$'
	shows tls $each UP L6OK '^TLSv1.[23] \[\]$'
	shows named $each UP L7OK '^GET /readyz: 200 \[\]$'
	shows client $each UP L7OK '^GET /readyz: 200 \[\]$'
	shows bad-ca $each NOTREADY L6RSP "not from a CA in $D/other-ca.pem"
done
shows good late UP L7OK
shows tls tls1.2 UP L6OK '^TLSv1.2'
shows bad-name cert NOTREADY L6RSP 'not for 127.0.0.1'
shows bad-name address NOTREADY L6RSP 'not for 127.0.0.2'
shows bad-sni nginx NOTREADY L6RSP 'not for wrong.example'
shows old expired NOTREADY L6RSP 'expired'
shows no-tls plain NOTREADY L6RSP 'not TLS'
shows no-tls silent NOTREADY L6TOUT 'no TLS handshake' $limit
shows no-tls late NOTREADY L6TOUT 'no TLS handshake' $limit
shows no-answer plain NOTREADY L6RSP 'not TLS'
shows no-answer silent NOTREADY L6TOUT 'no TLS handshake' $limit
shows no-tls closed DOWN L4CON 'connection refused'
shows no-tls dropped DOWN L4TOUT 'no answer to the connect' $((limit / 2))
shows no-http mute NOTREADY L7TOUT 'no answer to GET /readyz' $limit
shows no-http garbage NOTREADY L7RSP 'not HTTP'
shows status ill NOTREADY L7STS 'GET /ill: 503'
is "with the status" "$(of status ill check.code)" 503
shows locked locked UP L7OKC 'GET /locked: 403 \["auth"\]'
shows no-client nginx NOTREADY L7STS '400'
shows no-client haproxy NOTREADY L6RSP 'alert certificate required'

# ---- verify = "warn": served, and said ----
shows warn right UP L7OK '\[\]$'
for each in "warn name" "warn expired" "warn-ca nginx" "warn-ca haproxy"; do
	# shellcheck disable=SC2086 # two words
	shows $each UP L7OK '\["cert"\]$'
	like "${each/ //}: the log warns" "$(grep -E "warning: server ${each/ //}\b" "$D/kha.log")" 'certificate'
done

# ---- what is known of the certificates, also of those that are refused ----
cert() { # SERVICE SERVER FILE NAMES
	is "$1/$2: end of its certificate" "$(of "$1" "$2" cert_not_after)" \
		"$(date -d "$(openssl x509 -noout -enddate -in "$D/$3" | cut -d= -f2)" +%s)"
	like "$1/$2: its names" "$(of "$1" "$2" cert_names)" "$4"
}
for each in nginx haproxy s_server; do
	cert good $each server.pem '^127.0.0.1,::1,localhost,kubernetes,.*,10.99.0.20$'
done
cert old expired expired.pem '^127.0.0.1,'
cert bad-name cert wrong.pem '^192.0.2.1,wrong.example$'
cert warn name wrong.pem '^192.0.2.1,wrong.example$'
is "no TLS: none" "$(of no-tls plain cert_not_after) $(of no-tls plain cert_names)" "null null"

# ---- a certificate is replaced while it runs ----
replace() { cp "$D/$1" "$D/mine.pem" && kill -HUP "$nginx"; }
replace wrong.pem || not_ok "nginx has another certificate"
check "a certificate for somebody else is noticed" until_true 10 of_is replaced nginx state NOTREADY
shows replaced nginx NOTREADY L6RSP 'not for 127.0.0.1'
replace server.pem || not_ok "nginx has its certificate again"
check "and the right one" until_true 10 of_is replaced nginx state UP
named_right() { [[ $(of replaced nginx cert_names) == 127.0.0.1,* ]]; }
until_true 3 named_right
cert replaced nginx server.pem '^127.0.0.1,'

# ---- 20 checks later: what the peers have logged of those that pass ----
passing='[.services[] | select(.name | IN("good", "tls", "named", "client", "warn", "warn-ca")) | .servers[].counters'
many() { [ "$(stat "$passing.checks] | min")" -ge 20 ]; }
check "each was checked 20 times" until_true 20 many
is "and passed each time" "$(stat "$passing.failures] | add")" 0
# complaints WANTED NAME PATTERN FILE...: lines about TLS
complaints() {
	local n
	n=$(cat "${@:4}" | grep -ciE "$3")
	if [ "$1" = none ]; then is "$2: complaints about TLS" "$n" 0; else
		check "$2: it would have been seen ($n)" test "$n" -gt 0
	fi
}
nginx_says='SSL|TLS|handshak|alert'
complaints none nginx "$nginx_says" "$D"/nginx/92{01,05,06,08,10}.log
complaints some nginx "$nginx_says" "$D/nginx/9207.log"
haproxy_says='handshak|SSL'
complaints none haproxy "p930[1246]/.*($haproxy_says)" "$D/haproxy.out"
complaints some haproxy "p9307/.*($haproxy_says)" "$D/haproxy.out"
complaints none s_server 'error|alert' "$D"/s940{1,2,3,4,7}.{err,out}
complaints some s_server 'error|alert' "$D/s9406.err"
is "nginx: whose certificate each check has shown" "$(sort -u "$D/nginx/9205.access")" "200 CN=kha-check"
check "haproxy saw it, too" grep -q '"GET /readyz HTTP/1.1"' <(grep p9302 "$D/haproxy.out")
check "and s_server" grep -q 'CN = kha-check' "$D/s9403.err"
finish
