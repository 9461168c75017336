#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Real TLS traffic: nginx behind kha; curl, wrk and the counting client.
. "$(dirname "$0")/lib.sh"
story "100,000 requests on 64 connections, 20,000 with one each: no error, evenly spread"

webs tls n1 9101 n2 9102 n3 9103
servers='servers = ( { name = "n1"; address = "127.0.0.1:9101"; },
	{ name = "n2"; address = "127.0.0.1:9102"; }, { name = "n3"; address = "127.0.0.1:9103"; } );
	check = { type = "https"; path = "/"; ca = "'$D'/ca.pem"; verify = "required"; };'
export GLOBAL='workers = 2; log_level = "notice";'
conf <<E2
services = (
  { name = "least"; listen = "127.0.0.1:8443"; balance = "leastconn"; $servers },
  { name = "round"; listen = "127.0.0.1:8444"; balance = "roundrobin"; $servers }
);
E2
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 6 || not_ok "all UP"

like "curl verifies the server's certificate through kha" \
	"$(curl -s --cacert "$D/ca.pem" https://127.0.0.1:8443/)" '^n[123]$'
check "wrk sees no error" bash -c \
	"wrk -t2 -c50 -d2 https://127.0.0.1:8443/ >'$D/wrk' && ! grep -E 'errors|Non-2xx' '$D/wrk'"

until_true 5 idle || not_ok "wrk's connections are gone"
n=$((100000 * MORE)) m=$((20000 * MORE))
[ -n "${KHA_SAN:-}" ] && n=20000 m=2000
load keep -a 127.0.0.1:8443 -t "$D/ca.pem" -c 64 -n $n -d $((120 * SLOW * MORE))
client=$LAST
until_true 20 bash -c "'$KHA' stat -r '$RUN' -f json | jq -e '.services[0].counters.active == 64'" >/dev/null
spread=$(stat '[.services[0].servers[].counters.active] | max - min')
at_most "leastconn: 64 connections at a time differ by no more than the workers" "$spread" 2
loaded keep "$client"
is "$n requests on 64 connections: errors" "$(result keep errors)" 0
at_most "$n requests were answered" $n "$(result keep answers)"

before=$(stat '[.services[0].servers[].counters.connected] | @json')
load each -a 127.0.0.1:8443 -t "$D/ca.pem" -c 16 -n $m -1 -d $((120 * SLOW * MORE))
loaded each "$LAST"
is "$m connections: errors" "$(result each errors)" 0
say "each $(cat "$D/each.out")"
share=$(stat "[.services[0].servers[].counters.connected] as \$a | $before as \$b |
	[range(3)] | map(\$a[.] - \$b[.]) | (max - min) * 100 / add")
at_most "leastconn: shares of $m connections, percent apart" "$share" 2

order=$(for _ in $(seq 12); do curl -s --cacert "$D/ca.pem" https://127.0.0.1:8444/; done | tr -d '\n')
like "roundrobin, one after the other, is exact" "$order$order" '(n1n2n3n1n2n3n1n2n3n1n2n3)'
finish
