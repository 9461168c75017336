# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# What t/bench/run says at the end: the samples as JSON, and tables of it.

versions() {
	jq -n --arg kha "$("$KHA" -V | head -n 1), commit $(git describe --always --dirty 2>/dev/null || echo unknown)" \
		--arg haproxy "$(haproxy -v | sed -n '1s/HAProxy version \([^ ]*\).*/\1/p')" \
		--arg nginx "$(nginx -v 2>&1 | sed 's/^nginx version: //')" \
		--arg wrk "$(wrk -v 2>&1 | head -n 1 | cut -d' ' -f1,2)" \
		--arg kernel "$(uname -sr)" \
		--arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc --all) cores, $(uname -m)" \
		--arg memory "$(awk '/^MemTotal/ { printf "%.0f MB", $2 / 1024 }' /proc/meminfo)" \
		'{kha: $kha, haproxy: $haproxy, nginx: $nginx, wrk: $wrk, kernel: $kernel, cpu: $cpu, memory: $memory}'
}

summary() {
	local x about
	for x in $AXES; do axis_row "$x"; done >"$D/axes"
	about=$(jq -n --arg proxies "$PROXIES" --arg when "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
		--argjson versions "$(versions)" --argjson rounds "$ROUNDS" --arg seconds "$BENCH_SECONDS" \
		--arg proxy_core "$PROXY_CORE" --arg load_core "$LOAD_CORE" --arg server_cores "$SERVER_CORES" \
		--arg layout "$LAYOUT" --arg congestion "$CONGESTION" --argjson load "$LOAD_AVERAGE" --arg half "$HALF_RATE" '
		{ proxies: $proxies, when: $when, versions: $versions, rounds: $rounds, seconds: ($seconds | tonumber),
		  layout: $layout, proxy_core: $proxy_core, load_core: $load_core, server_cores: $server_cores,
		  congestion_control: $congestion, load_average_before: $load,
		  half_rate: (if $half == "" then null else $half | tonumber end) }')
	jq -n --rawfile samples "$D/samples" --rawfile axes "$D/axes" --rawfile failures "$D/failures" \
		--argjson about "$about" -f t/bench/report.jq
}

# The object as tables. Of delays and the like there is more than a value and a rate: the third one.
print_tables() {
	local short='def short: if . == null then "-" elif fabs >= 1000 then round | tostring
		elif fabs >= 100 then (. * 10 | round) / 10 | tostring else (. * 100 | round) / 100 | tostring end;
		([ .axes[].proxies | keys_unsorted[] | select(. != "direct") ] | reduce .[] as $x ([]; if index($x) then . else . + [ $x ] end)) as $p |'
	jq -r "$short"'
	($p | map(select(startswith("kha")))) as $k |
	([ "axis", "unit", $p[], ($k[] | sub("kha-"; "") + "/best"), "best peer" ] | @tsv),
	(.axes[] | . as $a | [ .name, .unit + (if .better == "more" then " (more is better)" else "" end),
		($p[] | $a.proxies[.].value | if . == null then "-" else "\(.median | short) (\(.min | short)-\(.max | short))" end),
		($k[] | $a.ratio_to_best_peer[.] | short), .best_peer // "-" ] | @tsv)' "$1" | column -t -s $'\t'
	echo "Below 1 in a column /best: kha is better."
	echo
	jq -r "$short"'
	([ "beside it, and share of a core", "unit", "direct", $p[] ] | @tsv),
	(.axes[] | select(.rate_unit != "") | . as $a | [ .name, .rate_unit, (("direct", $p[]) | $a.proxies[.] |
		if .rate == null then "-" else "\(.rate.median | short)" +
		if .core_share == null then "" else "  \(.core_share.median * 100 | round)%" end end) ] | @tsv)' \
		"$1" | column -t -s $'\t'
	echo
	jq -r "$short"'
	([ "besides", "", "direct", $p[] ] | @tsv),
	(.axes[] | . as $a | [ .proxies[] | keys[] ] | unique - [ "value", "rate", "core_share" ] | .[] | . as $key |
		[ $a.name, $key, (("direct", $p[]) | $a.proxies[.][$key].median | short) ] | @tsv),
	(.axes[] | select(.proxies.direct) | [ .name, "value of direct", (.proxies.direct.value.median | short) ] | @tsv),
	(.growth[] | . as $g | [ "\(.to) / \(.from)", "times", "-", ($p[] | $g.ratio[.] | short) ] | @tsv)' \
		"$1" | column -t -s $'\t'
	echo
	jq -r '(.axes[] | "\(.name): \(.what)"), "", (.versions | to_entries[] | "\(.key): \(.value)"),
		"\(.rounds) rounds, windows of \(.seconds) s, servers \(.layout), congestion control \(.congestion_control)",
		"cores: proxy \(.proxy_core), servers \(.server_cores), client \(.load_core)",
		(if .half_rate then "half of the rate of the best peer: \(.half_rate) requests/s" else empty end),
		([ .axes[].proxies[].dropped | select(. != null) | .by_round[] ] | add // 0 | if . > 0 then
			"packets that the kernel dropped (net.core.netdev_max_backlog is small, or others were at work): \(.); they cost 200 ms each" else empty end),
		"load average before: \(.load_average_before)\(if .load_average_before > 0.5 then ": others were at work, mistrust the figures" else "" end)"' "$1"
}
