# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# What t/bench/run measures. An axis runs against the proxy that listens on PORT and calls either
#	sample VALUE [RATE [KEY=VALUE...]]	in the units of its row, or
#	invalid WHY				when the figure would not be of what it is said to be.

# NAME|UNIT|BETTER|RATE|WITH|FUNCTION ARGUMENT...|WHAT. @ in a row is the number in place of N in a name; WITH
# are words for the proxies (t/bench/proxies.sh), and "direct" when the servers alone are measured first.
axes() {
	cat <<-X
		keepaliveN|us/request|less|requests/s||keepalive @ /|CPU of a request, 600-byte answers on @ kept-alive connections that take turns; client: wrk
		keepaliveN-16k|us/request|less|requests/s||keepalive @ /files/16k|the same with answers of 16 KB
		idleN|us/request|less|requests/s||beside_idle @|CPU of a request, 600-byte answers on 10 of @ open connections; client: wrk
		delayN|us|less|requests/s|direct|delay @|p99 of the delay that the proxy adds (of each 1,000 answers in a row, the median), @ connections as fast as they go; client: t/tools/load
		delay-half|us|less|requests/s|direct|delay_half 50|the same, 50 connections at half of the rate that the best peer reaches with them, from the moment when a request was due
		delay-bulk|us|less|Gbit/s of bulk|direct streams|delay_bulk|p99 of the delay of 1,000 small requests a second beside 4 bulk streams; clients: t/tools/load, the one that measures with priority
		conn|us/connection|less|connections/s||connections 50|CPU of a new connection for each request, 50 at a time; client: t/tools/load
		conn-tls|us/connection|less|connections/s|tls|connections 50 -t $D/ca.pem|the same with a TLS handshake with the server, which keeps the client busy: the rate is its own
		serversN|us/connection|less|connections/s|many|connections 50|conn with 200 servers
		bulkN|ms/GB|less|Gbit/s|streams|bulk @|CPU of 1 GB, @ connections, a file of nginx (sendfile) again and again; client: t/tools/load, which throws the bytes away unread
		memoryN|bytes/connection|less|kernel bytes/connection|direct|memory @|private user memory that @ idle connections add; kernel: what they add to the caches of sockets, without what client and servers need (of the whole machine, so only on a quiet one)
		workersN|requests/s|more|us/request|workers=@|throughput @|600-byte answers on 200 kept-alive connections, @ workers on as many cores, which servers and client share if there are no others; client: wrk
		reload|ms|less|failed connections|reload|reload_under_load server|longest time without an answer while 2,000 new connections come each second and a server is added by a reload
		reload-workers|ms|less|failed connections|reload|reload_under_load workers|the same, and kha gets an option that needs new workers
		burstN|ms|less|connections/s|direct|burst @|@ clients connect at once: time until the last one has its answer
	X
}
# The default (a) to (e), and what the rest of them is.
axes_default() {
	echo keepalive50 keepalive1000 keepalive50-16k keepalive1000-16k delay1 delay50 delay1000 delay-half \
		conn conn-tls bulk1 bulk8 memory1000 "memory$((MAX - 50))"
}
axes_more() {
	local w n
	n=$(listed "$PROXY_CORES" | wc -l)
	echo delay-bulk idle10 idle100 idle1000 idle5000 idle9000 keepalive10 keepalive100 keepalive5000 \
		keepalive9000 servers200 reload reload-workers burst5000
	for ((w = 1; w < n; w *= 2)); do echo "workers$w"; done
	echo "workers$n"
}
# axis_row NAME: its row with the number in place
axis_row() {
	local row n key=$1
	if [[ $1 =~ ^([a-z]+)([1-9][0-9]*)(-16k)?$ ]]; then
		key=${BASH_REMATCH[1]}N${BASH_REMATCH[3]} n=${BASH_REMATCH[2]}
		case $key in
		serversN) [ "$n" = 200 ] ;;
		workersN) [ "$n" -le "$(listed "$PROXY_CORES" | wc -l)" ] ;;
		idleN) [ "$n" -ge 10 ] && [ "$n" -le "$MAX" ] ;;
		*) [ "$n" -le "$MAX" ] ;;
		esac || return 1
	fi
	[[ $1 = *N* ]] && return 1
	row=$(axes | grep "^$key|") || return 1
	row=${row//@/${n:-}}
	echo "$1|${row#*|}"
}
