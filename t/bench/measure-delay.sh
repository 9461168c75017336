# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# How t/bench/run measures how long clients wait.

WARM_MS=300

us() { awk "BEGIN { printf \"%.0f\", $(result client "$1") * 1000 }"; }

# delays OPTION OF THE CLIENT...: in us P50, P99 of all answers, and P99_1000, the median of the P99 of each 1,000
# answers in a row: of a virtual machine that stands still for 20 ms once in two seconds, P99 tells little else.
# The client reads, so connections are up and warm first.
delays() {
	load client -a "127.0.0.1:$PORT" -w $WARM_MS -d "$BENCH_SECONDS" "$@"
	loaded client "$LAST" || { invalid "$(load_errors client)"; return 1; }
	P50=$(us p50_ms) P99=$(us p99_ms) P99_1000=$(us typical_p99_ms)
	RATE=$(awk "BEGIN { printf \"%.0f\", $(result client rate) }")
	[ "$RATE" -gt 0 ] || { invalid "no answers"; return 1; }
}
# What the proxy adds to the delay that client and server have alone, in the same round.
sample_added() {
	if [ "$PROXY_NAME" = direct ]; then
		DIRECT_P50=$P50 DIRECT_P99=$P99 DIRECT_P99_1000=$P99_1000
		sample "$P99_1000" "$RATE" p50="$P50" p99_all="$P99" max="$(us max_ms)"
	elif [ -z "${DIRECT_P99:-}" ]; then
		invalid "the delay without a proxy is not known"
	else
		sample $((P99_1000 - DIRECT_P99_1000)) "$RATE" p50=$((P50 - DIRECT_P50)) p50_whole="$P50" \
			p99_whole="$P99_1000" p99_all=$((P99 - DIRECT_P99)) max="$(us max_ms)"
	fi
}

delay() {
	[ "$PROXY_NAME" = direct ] && DIRECT_P99=''
	delays -c "$1" && sample_added
}

# calibrate CONNECTIONS: HALF_RATE, half of what the best peer reaches with this client, once for all rounds
HALF_RATE=''
calibrate() {
	local PROXY_NAME PROXY_PID PROXY PORT WITH p best=0 peers
	peers=$(xargs -n1 <<<"$PROXIES" | grep -v ^kha)
	for p in ${peers:-$PROXIES}; do
		proxy_start "$p"
		if delays -c "$1" && [ "$RATE" -gt "$best" ]; then best=$RATE; fi
		proxy_stop
	done
	HALF_RATE=$((best / 2))
}
delay_half() {
	if [ "$PROXY_NAME" = direct ]; then
		DIRECT_P99=''
		[ -n "$HALF_RATE" ] || calibrate "$1"
	fi
	[ "$HALF_RATE" -gt 0 ] || { invalid "no peer reached a rate"; return; }
	delays -c "$1" -R "$HALF_RATE" && sample_added
}

lo_bytes() { awk '$1 == "lo:" { print $2 }' /proc/net/dev; }
flowed() { [ "$(lo_bytes)" -gt "$1" ]; }
delay_bulk() {
	local pid why='' gbits nice
	load streams -a "127.0.0.1:$PORT" -c 4 -z -p /files/bulk -d "$LOAD_SECONDS"
	pid=$LAST
	until_true 20 flowed $(($(lo_bytes) + 200000000)) || why="no bulk flows"
	# The client that measures goes before the one that loads.
	nice=$(nice)
	renice -n $((nice - 10)) $$ >/dev/null 2>&1
	P99=''
	delays -c 10 -R 1000
	renice -n "$nice" $$ >/dev/null 2>&1
	stop_load "$pid" || why=${why:-$(load_errors streams)}
	[ -n "$P99" ] || return
	gbits=$(awk "BEGIN { printf \"%.2f\", $(result streams bytes) * 8e-9 / $(result streams seconds) }")
	if [ -n "$why" ]; then invalid "$why"; else sample "$P99" "$gbits" p50="$P50" max="$(us max_ms)"; fi
}

# The client needs no answer within a time here: it counts what failed, and that is the figure.
reload_under_load() {
	local pid why=''
	load client -a "127.0.0.1:$PORT" -r 2000 -c 2000 -d "$LOAD_SECONDS" -x
	pid=$LAST
	warm $WARM_CONNECTIONS || why="no $WARM_CONNECTIONS answers in time"
	proxy_reload "$1" || why=${why:-the reload did not happen}
	warm $((2 * WARM_CONNECTIONS)) || why=${why:-no answers after the reload}
	stop_load "$pid" || why=${why:-the client failed}
	# shellcheck disable=SC2046,SC2207 # numbers; some are new
	PROXY=($(family "$PROXY_PID"))
	if [ -n "$why" ]; then invalid "$why"; return; fi
	sample "$(result client gap_max_ms)" "$(result client errors)" p99="$(us p99_ms)"
}

burst() {
	load client -a "127.0.0.1:$PORT" -1 -c "$1" -n "$1" -d 60
	if ! loaded client "$LAST"; then invalid "$(load_errors client)"; return; fi
	sample "$(result client last_ms)" "$(awk "BEGIN { printf \"%.0f\", $1 * 1000 / $(result client last_ms) }")" \
		p50="$(us p50_ms)" p99="$(us p99_ms)" connect_max="$(us connect_max_ms)"
}
