# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# How t/bench/run measures what a proxy costs: CPU and memory.

# Before a window opens the client must have had so many answers. BENCH_WARM and BENCH_SETTLE are for the test
# of the benchmark (t/ns/97-bench-smoke.sh), which must be quick.
WARM_REQUESTS=${BENCH_WARM:-5000} WARM_CONNECTIONS=${BENCH_WARM:-500}
SETTLE_SECONDS=${BENCH_SETTLE:-4}
LOAD_SECONDS=$((${BENCH_SECONDS%.*} + 120)) # if nobody stops it

# window: CPU of the proxy over BENCH_SECONDS while a load runs, divided by what the servers served
# meanwhile. Setting up and tearing down of the load are outside.
WINDOW_VALUE='' WINDOW_RATE=''
window() {
	local n0 ns0 t0 n ns t
	served && n0=$SERVED
	ns0=$(cpu_ns "${PROXY[@]}") t0=$(now_ns)
	sleep "$BENCH_SECONDS"
	served && n=$((SERVED - n0 - 1)) # the second look at it is a request too
	ns=$(($(cpu_ns "${PROXY[@]}") - ns0)) t=$(($(now_ns) - t0))
	BUSY=$(awk "BEGIN { printf \"%.3f\", $ns / $t }")
	[ "$n" -gt 0 ] || return 1
	WINDOW_VALUE=$(awk "BEGIN { printf \"%.3f\", $ns / $n / 1000 }")
	WINDOW_RATE=$(awk "BEGIN { printf \"%.0f\", $n * 1e9 / $t }")
}

# warm N: until the servers served N more
warm() { served && until_true 20 served_more_than $((SERVED + $1)); }
# so_many_open N: at the servers, without the one that asks
so_many_open() { served && [ $((ACTIVE - 1)) -ge "$1" ]; }
# stop_load PID: it reports
stop_load() {
	kill -INT "$1" 2>/dev/null
	until_true 15 ended "$1" || kill -KILL "$1"
	wait "$1"
}
load_errors() {
	local said
	said=$(tail -n 1 "$D/$1.out" | jq -c '{errors, refused, reset, timeout, eof, status, tls, other}' 2>/dev/null)
	echo "errors in the client's count: ${said:-$(tail -n 1 "$D/$1.err")}"
}
# window_sampled WHY: the figures of the window, unless there is a reason against them
window_sampled() {
	if [ -n "$1" ]; then invalid "$1"; else sample "$WINDOW_VALUE" "$WINDOW_RATE"; fi
}

# wrk_window OPEN BUSY PATH: BUSY connections ask, and OPEN are open at the servers all the time
wrk_window() {
	local pid why=''
	start client wrk -t"$(listed "$LOAD_CORE" | wc -l)" -c"$2" -d"${LOAD_SECONDS}s" --timeout 10s \
		"http://127.0.0.1:$PORT$3"
	pid=$LAST
	until_true 20 so_many_open "$1" || why="$((ACTIVE - 1)) connections reached the servers in time, not $1"
	warm $WARM_REQUESTS || why=${why:-no $WARM_REQUESTS answers in time}
	window || why=${why:-no answers}
	[ $((ACTIVE - 1)) = "$1" ] || why=${why:-$((ACTIVE - 1)) connections were at the servers, not $1}
	stop_load "$pid" || why=${why:-wrk failed: $(tail -n 1 "$D/client.err")}
	if grep -qE 'Socket errors|Non-2xx' "$D/client.out"; then
		why=$(grep -hE 'Socket errors|Non-2xx' "$D/client.out" | xargs)
	fi
	WHY=$why
}

keepalive() {
	wrk_window "$1" "$1" "$2"
	window_sampled "$WHY"
}

throughput() {
	wrk_window 200 200 /
	if [ -n "$WHY" ]; then invalid "$WHY"; else sample "$WINDOW_RATE" "$WINDOW_VALUE"; fi
}

# hold N: N connections that had an answer and wait; the client's pid in HOLDER
hold() {
	load holder -a "127.0.0.1:$PORT" -c "$1" -i 100000000 -d "$LOAD_SECONDS" -y
	HOLDER=$LAST
	until_true 60 grep -q ready "$D/holder.out" && return
	let_go
	return 1
}
let_go() {
	end "$HOLDER"
	[ "$(result holder errors)" = 0 ]
}

beside_idle() {
	local why=''
	if [ "$1" -gt 10 ] && ! hold $(($1 - 10)); then
		invalid "not all of $(($1 - 10)) idle connections had an answer: $(load_errors holder)"
		return
	fi
	wrk_window "$1" 10 /
	if [ "$1" -gt 10 ]; then let_go || why=$(load_errors holder); fi
	window_sampled "${WHY:-$why}"
}

# connections AT_A_TIME [OPTION OF THE CLIENT...]
connections() {
	local pid why=''
	load client -a "127.0.0.1:$PORT" -1 -c "$1" -d "$LOAD_SECONDS" "${@:2}"
	pid=$LAST
	warm $WARM_CONNECTIONS || why="no $WARM_CONNECTIONS answers in time"
	window || why=${why:-no answers}
	stop_load "$pid" || why=${why:-$(load_errors client)}
	window_sampled "$why"
}

bulk() {
	local ns t bytes
	ns=$(cpu_ns "${PROXY[@]}") t=$(now_ns)
	load client -a "127.0.0.1:$PORT" -c "$1" -z -p /files/bulk -d "$BENCH_SECONDS"
	if ! loaded client "$LAST"; then invalid "$(load_errors client)"; return; fi
	ns=$(($(cpu_ns "${PROXY[@]}") - ns)) t=$(($(now_ns) - t))
	bytes=$(result client bytes)
	[ "${bytes:-0}" -gt 0 ] || { invalid "no bytes"; return; }
	BUSY=$(awk "BEGIN { printf \"%.3f\", $ns / $t }")
	sample "$(awk "BEGIN { printf \"%.2f\", $ns / 1e6 / ($bytes / 1e9) }")" \
		"$(awk "BEGIN { printf \"%.2f\", $bytes * 8 / $t }")"
}

# What just ended gives its sockets back a little later.
slab_is_still() {
	local d
	d=$(socket_slab)
	sleep 0.2
	d=$((d - $(socket_slab)))
	[ "${d#-}" -lt 65536 ]
}
# Buffers of the start and of the time when all came are given back after some seconds, by who does.
user_is_still() {
	local before
	before=$(private "${PROXY[@]}")
	sleep "$SETTLE_SECONDS"
	[ "$(private "${PROXY[@]}")" -ge "$before" ]
}
memory_is_still() {
	[ "$PROXY_NAME" = direct ] || until_true 20 user_is_still
	until_true 5 slab_is_still
}
# memory N: idle long enough to be so. The kernel's part beside what the same connections cost client and servers without a proxy
memory() {
	local user slab
	[ "$PROXY_NAME" = direct ] && DIRECT_SLAB=''
	memory_is_still
	slab=$(socket_slab) user=$(private "${PROXY[@]}")
	if ! hold "$1"; then
		invalid "not all of $1 connections had an answer: $(load_errors holder)"
		return
	fi
	memory_is_still
	slab=$((($(socket_slab) - slab) / $1)) user=$((($(private "${PROXY[@]}") - user) / $1))
	if ! let_go; then invalid "$(load_errors holder)"; return; fi
	BUSY=''
	if [ "$PROXY_NAME" = direct ]; then
		DIRECT_SLAB=$slab
		sample 0 "$slab"
	elif [ -z "$DIRECT_SLAB" ]; then
		invalid "what client and servers need is not known"
	else
		slab=$((slab - DIRECT_SLAB))
		# The caches are the whole machine's: others may have given back more than we took.
		if [ $slab -gt 0 ]; then sample "$user" $slab total=$((user + slab)); else sample "$user"; fi
	fi
}
