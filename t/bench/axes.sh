# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# What t/bench/run measures. An axis runs against the proxy that listens on PORT and calls either
#	sample VALUE [RATE]	in the units of its row, or
#	invalid WHY		when the figure would not be of what it is said to be.

# NAME|UNIT|RATE|FUNCTION ARGUMENT|WHAT. keepaliveN works for every N.
axes() {
	cat <<-X
		keepalive50|us/request|requests/s|keepalive 50|600-byte answers on 50 kept-alive connections; client: wrk
		keepalive1000|us/request|requests/s|keepalive 1000|the same on 1000
		conn|us/connection|connections/s|connections 50|a new connection for each request, 50 at a time; client: t/tools/load
		bulk|ms/GB|Gbit/s|bulk|one connection, a file of nginx (sendfile) again and again; client: t/tools/load
		memory|bytes/connection||memory 5000|private user memory that 5000 idle connections add
	X
}
axis_row() {
	if axes | grep "^$1|"; then return; fi
	[[ $1 =~ ^keepalive([1-9][0-9]{0,3})$ ]] || return 1
	echo "$1|us/request|requests/s|keepalive ${BASH_REMATCH[1]}|600-byte answers on ${BASH_REMATCH[1]} kept-alive connections; client: wrk"
}

# Before a window opens the client must have had so many answers.
WARM_REQUESTS=20000 WARM_CONNECTIONS=2000
LOAD_SECONDS=$((BENCH_SECONDS + 120)) # if nobody stops it

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
# stop_load PID: it reports
stop_load() {
	kill -INT "$1" 2>/dev/null
	until_true 15 ended "$1" || kill -KILL "$1"
	wait "$1"
}

keepalive() {
	local pid active why=''
	start client wrk -t1 -c"$1" -d"${LOAD_SECONDS}s" --timeout 10s "http://127.0.0.1:$PORT/"
	pid=$LAST
	warm $WARM_REQUESTS || why="no $WARM_REQUESTS answers in time"
	window || why=${why:-no answers}
	active=$((ACTIVE - 1)) # without the one that asked
	stop_load "$pid" || why=${why:-wrk failed: $(tail -n 1 "$D/client.err")}
	if grep -qE 'Socket errors|Non-2xx' "$D/client.out"; then
		why=$(grep -hE 'Socket errors|Non-2xx' "$D/client.out" | xargs)
	fi
	[ "$active" = "$1" ] || why=${why:-$active connections reached the servers, not $1}
	if [ -n "$why" ]; then invalid "$why"; else sample "$WINDOW_VALUE" "$WINDOW_RATE"; fi
}

connections() {
	local pid why=''
	load client -a "127.0.0.1:$PORT" -1 -c "$1" -d "$LOAD_SECONDS"
	pid=$LAST
	warm $WARM_CONNECTIONS || why="no $WARM_CONNECTIONS answers in time"
	window || why=${why:-no answers}
	stop_load "$pid" || why=${why:-$(load_errors client)}
	if [ -n "$why" ]; then invalid "$why"; else sample "$WINDOW_VALUE" "$WINDOW_RATE"; fi
}

bulk() {
	local ns t bytes
	ns=$(cpu_ns "${PROXY[@]}") t=$(now_ns)
	load client -a "127.0.0.1:$PORT" -c 1 -p /files/bulk -d "$BENCH_SECONDS"
	if ! loaded client "$LAST"; then invalid "$(load_errors client)"; return; fi
	ns=$(($(cpu_ns "${PROXY[@]}") - ns)) t=$(($(now_ns) - t))
	bytes=$(result client bytes)
	[ "${bytes:-0}" -gt 0 ] || { invalid "no bytes"; return; }
	BUSY=$(awk "BEGIN { printf \"%.3f\", $ns / $t }")
	sample "$(awk "BEGIN { printf \"%.2f\", $ns / 1e6 / ($bytes / 1e9) }")" \
		"$(awk "BEGIN { printf \"%.2f\", $bytes * 8 / $t }")"
}

memory() {
	local before after
	before=$(private "${PROXY[@]}")
	# Each has had one answer, so that it is a connection in use.
	load client -a "127.0.0.1:$PORT" -c "$1" -i 100000000 -d "$LOAD_SECONDS" -y
	if ! until_true 60 grep -q ready "$D/client.out"; then
		end "$LAST"
		invalid "not all of $1 connections had an answer: $(load_errors client)"
		return
	fi
	after=$(private "${PROXY[@]}")
	end "$LAST"
	if [ "$(result client errors)" != 0 ]; then invalid "$(load_errors client)"; return; fi
	BUSY=''
	sample "$(awk "BEGIN { printf \"%.0f\", ($after - $before) / $1 }")"
}

load_errors() {
	local said
	said=$(tail -n 1 "$D/$1.out" | jq -c '{errors, refused, reset, timeout, eof, status, other}' 2>/dev/null)
	echo "errors in the client's count: ${said:-$(tail -n 1 "$D/$1.err")}"
}
