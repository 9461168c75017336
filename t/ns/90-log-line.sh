#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The connection line is HAProxy's tcplog, and kha's own address after it.
. "$(dirname "$0")/lib.sh"
story "connection log lines"

web n1 9101
export GLOBAL='workers = 1;'
conf <<E2
services = ( { name = "api"; listen = "127.0.0.1:8443"; check = { type = "none"; }; log_connections = "both";
	servers = ( { name = "cp-1"; address = "127.0.0.1:9101"; } ); },
	{ name = "dead"; listen = "127.0.0.1:8444"; check = { type = "none"; };
	servers = ( { name = "cp-9"; address = "127.0.0.1:9109"; } ); } );
E2
kha_start
curl -s http://127.0.0.1:8443/ >/dev/null
lines() { grep -c " $1/" "$D/kha.log" | grep -qx "$2"; }
until_true 5 lines 'api api' 2
end_line=$(grep ' api api/' "$D/kha.log" | tail -n 1)
first=$(grep ' api api/' "$D/kha.log" | head -n 1)
re='127\.0\.0\.1:[0-9]+ \[[0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2}:[0-9:]{8}\.[0-9]{3}\] api api/cp-1 [0-9]+/[0-9]+/[0-9]+ [0-9]+ -- [0-9]+/[0-9]+/[0-9]+/[0-9]+/0 0/0 127\.0\.0\.1:[0-9]+$'
like "a line at the end" "$end_line" "$re"
like "one at the start, with +" "$first" ' [0-9]+/[0-9]+/\+[0-9]+ \+0 -- '
bytes=$(sed -E 's/.* ([0-9]+) -- .*/\1/' <<<"$end_line")
is "its bytes are those to the client" "$bytes" "$(total bytes_out)"
curl -s -m 5 http://127.0.0.1:8444/ >/dev/null
until_true 5 lines 'dead dead' 1
like "a server that refuses: SC, its name, no connect time" "$(grep ' dead dead/' "$D/kha.log")" \
	' dead dead/cp-9 0/-1/[0-9]+ 0 SC '
"$TOOLS/peer" connect 127.0.0.1:8443 send x pause 50 rst
until_true 5 lines 'api api' 4
like "a RST of the client: CD" "$(grep ' api api/' "$D/kha.log" | tail -n 1)" ' CD '
finish
