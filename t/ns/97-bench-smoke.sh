#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The benchmark measures what it says for every proxy, writes it down and draws it. Nothing about speed: one
# round, short windows, small numbers.
. "$(dirname "$0")/lib.sh"
[ -n "${KHA_SAN:-}" ] && skip_story "a benchmark of a program with sanitizers means nothing"
once_for_all_engines
story "a short run of the benchmark: a figure for every proxy and axis, and plots"

AXES='keepalive10-16k idle30 conn-tls bulk2 delay4 delay-half delay-bulk memory30 reload-workers burst50'
AXES=$AXES ROUNDS=1 BENCH_SECONDS=0.2 BENCH_WARM=200 BENCH_SETTLE=0.2 BENCH_OUT=$D/out FILES=3000 \
	t/bench/run >"$D/bench.out" 2>&1
rc=$?
[ $rc = 0 ] || sed 's/^/# /' "$D/bench.out"
is "exit code" $rc 0
json=$(echo "$D"/out/*.json)
j() { jq -r "$1" "$json"; }
is "failures" "$(j '.failures | length')" 0
is "axes" "$(j '[.axes[].name] | join(" ")')" "$AXES"
proxies='haproxy kha-epoll kha-uring nginx'
"$KHA" -V | grep -q '^engine: uring' || proxies='haproxy kha-epoll nginx'
for axis in $AXES; do
	is "$axis: who has a figure" \
		"$(j ".axes[] | select(.name == \"$axis\") | [.proxies | to_entries[] | select(.key != \"direct\" and
		(.value.value.median | type) == \"number\") | .key] | sort | join(\" \")")" "$proxies"
	like "$axis: its unit, its direction, what it is" \
		"$(j ".axes[] | select(.name == \"$axis\") | \"\(.unit) \(.better) \(.what)\"")" '^[^ ]+ (less|more) .+'
done
like "delays are beside those without a proxy" "$(j '.axes[] | select(.name == "delay4") | .proxies.direct.value.median')" '^[0-9]+$'
is "CPU and delays in all are above 0" \
	"$(j '[.axes[] | select(.name | test("^(delay|reload|memory)") | not) | .proxies[].value.median | select(. <= 0)] | length')" 0
is "a reload under load: failed connections with kha" \
	"$(j '[.axes[] | select(.name == "reload-workers") | .proxies | to_entries[] | select(.key | startswith("kha")) | .value.rate.median] | add')" 0
for kind in png svg; do
	check "the $kind is a picture" grep -qaE 'PNG|</svg>' "${json%.json}.$kind"
done
for axis in keepalive10-16k 'half of the rate' burst50; do
	like "the tables have $axis" "$(cat "$D/bench.out")" "^$axis"
done
is "the JSON has the machine and all versions" \
	"$(j '.versions | [.kha, .haproxy, .nginx, .wrk, .kernel, .cpu] | map(select(. == null or . == "")) | length')" 0
is "an axis that does not exist" "$(AXES=keepalive0 t/bench/run 2>&1 | grep -o 'no axis keepalive0')" 'no axis keepalive0'
finish
