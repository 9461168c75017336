#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every byte at its place: one large connection, then many with half-closes and resets.
. "$(dirname "$0")/lib.sh"
story "integrity: random sizes, pauses, half-closes and resets, every byte checked"

export GLOBAL='workers = 2; log_level = "notice";'
conf <<E2
services = ( { name = "raw"; listen = "127.0.0.1:8443"; preset = "tcp"; check = { type = "none"; };
	servers = ( "127.0.0.1:9101" ); log_connections = "none";
	timeout = { idle = "1h"; half_closed = "1h"; }; } );
E2
kha_start
seed=${KHA_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
say "seed $seed: KHA_SEED=$seed repeats sizes and endings"
# stream NAME OPTION...: to its end; its answer for result
stream() {
	start "$1" "$TOOLS/stream" -l 127.0.0.1:9101 -a 127.0.0.1:8443 -s "$seed" "${@:2}"
	local t0
	t0=$(now_ms)
	loaded "$1" "$LAST" || sed 's/^/# /' "$D/$1.err"
	say "$1: $(($(now_ms) - t0)) ms: $(tail -n 1 "$D/$1.out" | jq -c 'del(.[] | objects | .digest_sent, .digest_arrived)')"
}
counts() { stat '.kha.totals | to_entries[] | select(.key | startswith("close_")) | select(.value > 0) |
	"\(.key)=\(.value)"' | tr '\n' ' '; }

# ---- one connection, both directions at once ----
bytes=$((1 << 30))
[ -n "${KHA_SAN:-}" ] && bytes=$((1 << 28))
bytes=$((bytes * MORE))
stream whole -m whole -b $bytes -d $((30 * SLOW * MORE))
is "$bytes bytes each way in one connection: errors" "$(result whole errors)" 0
for side in client server; do
	is "$side: its bytes that arrived" "$(result whole $side.arrived)" $bytes
	is "$side: their digest at the other end" "$(result whole $side.digest_arrived)" \
		"$(result whole $side.digest_sent)"
	like "$side: which is one" "$(result whole $side.digest_sent)" '^[0-9a-f]{64}$'
	is "$side: saw the end in good order" "$(result whole $side.done)" 1
done
check "no connection is left" until_true 5 idle
is "kha saw it so too" "$(counts)" "close_done=1 "
at_most "both directions were counted: bytes" $((2 * bytes)) "$(($(total bytes_in) + $(total bytes_out)))"

# ---- many, of random sizes, with random endings ----
n=$((500 * MORE))
stream mixed -m mixed -n $n -c 20 -b $((4 << 20)) -d $((30 * SLOW * MORE))
is "$n connections of up to 4 MB: errors" "$(result mixed errors)" 0
is "all were made" "$(result mixed started)" $n
is "each client knows its end" $(($(result mixed client.done) + $(result mixed client.reset))) $n
is "each server too" $(($(result mixed server.done) + $(result mixed server.reset))) $n
check "some ended with a RST of the client" test "$(result mixed server.reset)" -gt 0
check "some with a RST of the server" test "$(result mixed client.reset)" -gt 0
check "no connection is left" until_true 5 idle
is "kha: ends of clients' resets" "$(total close_client_reset)" "$(result mixed server.reset)"
is "kha: ends of servers' resets" "$(total close_server_reset)" "$(result mixed client.reset)"
is "kha: ends in good order" "$(total close_done)" \
	$((n + 1 - $(result mixed server.reset) - $(result mixed client.reset)))

# ---- many small ones: most of their life is beginning and end ----
n=$((5000 * MORE / SLOW))
stream small -m mixed -n $n -c 50 -b 2000 -d $((30 * SLOW * MORE))
is "$n connections of up to 2 KB: errors" "$(result small errors)" 0
is "each client knows its end" $(($(result small client.done) + $(result small client.reset))) $n
is "each server too" $(($(result small server.done) + $(result small server.reset))) $n
finish
