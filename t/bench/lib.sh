# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# What the programs of t/bench share: the proxies, and what they cost. On t/ns/lib.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../ns/lib.sh"

SERVERS='9101 9102 9103'
STATUS_PORT=9101      # nginx tells what all three served
MAX=6000	      # connections that each proxy is configured for

# ---- what processes cost ----

# private PID...: their private memory in bytes
private() {
	local p
	for p; do cat "/proc/$p/smaps_rollup"; done |
		awk '/^Private/ { s += $2 } END { printf "%d\n", s * 1024 }'
}

# family PID: it and all below it
family() {
	local p
	echo "$1"
	for p in $(pgrep -P "$1"); do family "$p"; done
}

# cpu_ns PID...: CPU time of all their threads so far. The kernel has it in nanoseconds, or else
# in ticks.
cpu_ns() {
	local p file ns sum=0 rest
	if [ -r /proc/self/schedstat ]; then
		for p; do
			for file in /proc/"$p"/task/*/schedstat; do
				{ read -r ns rest <"$file"; } 2>/dev/null && sum=$((sum + ns))
			done
		done
	else
		for p; do
			read -r -a rest < <(sed 's/.*) //' "/proc/$p/stat") # from the state on
			sum=$((sum + (rest[11] + rest[12]) * (1000000000 / $(getconf CLK_TCK))))
		done
	fi
	echo $sum
}

now_ns() { date +%s%N; }

# ---- cores ----

# The first and the last one that we may use: client and these scripts on one, the proxy on the other.
# LAYOUT says where the servers are. "apart": with the client, so that the proxy has its core alone; it
# then wakes for few requests at a time, and wakes its peers across cores. "together": with the proxy,
# as where API servers and proxy share a node; requests come to it many at a time.
cores() {
	local list
	# shellcheck disable=SC2207 # numbers
	list=($(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' |
		awk -F- '{ for (i = $1; i <= $NF; i++) print i }'))
	LOAD_CORE=${list[0]} PROXY_CORE=${list[-1]}
	case $LAYOUT in
	together) SERVER_CORE=$PROXY_CORE ;;
	*) SERVER_CORE=$LOAD_CORE ;;
	esac
	[ "$LOAD_CORE" != "$PROXY_CORE" ]
}
LAYOUT=${LAYOUT:-together}
# on CORE: this shell, and with it what it starts from now on
on() { taskset -cp "$1" $$ >/dev/null; }

# ---- servers ----

# bench_servers: three servers in one nginx, and a file for bulk, which is sent from memory
bench_servers() {
	local p args=()
	WEB_BODY=$(printf '%0600d' 0)
	WEB_MORE='sendfile on; location = /status { stub_status; }'
	for p in $SERVERS; do args+=("n${p: -1}" "$p"); done
	on "$SERVER_CORE"
	webs plain "${args[@]}"
	on "$LOAD_CORE"
	mkdir -p "$D/files"
	head -c 268435456 /dev/zero >"$D/files/bulk"
	cat "$D/files/bulk" >/dev/null
}

# served: sets SERVED, the requests of all servers so far, and ACTIVE, their open connections
served() {
	local line
	exec 3<>"/dev/tcp/127.0.0.1/$STATUS_PORT" || return 1
	printf 'GET /status HTTP/1.0\r\n\r\n' >&3
	while read -r line; do
		case $line in
		'Active connections: '*) read -r _ _ ACTIVE <<<"$line" ;;
		[0-9]*) read -r _ _ SERVED <<<"$line" ;;
		esac
	done <&3
	exec 3>&-
}
served_more_than() { served && [ "$SERVED" -gt "$1" ]; }

# namespace_tune: the same everywhere, whatever the machine is set to. More ports than a round of new
# connections leaves in TIME_WAIT; a congestion control that does not pace (BBR sets a timer for each
# send): CONGESTION. A namespace may choose reno always, cubic where it is the machine's.
namespace_tune() {
	sysctl -qw net.ipv4.ip_local_port_range="10000 60999" || return 1
	for CONGESTION in cubic reno; do
		sysctl -qw net.ipv4.tcp_congestion_control=$CONGESTION 2>/dev/null && return
	done
	CONGESTION=$(sysctl -n net.ipv4.tcp_congestion_control)
}

# ---- proxies ----
# A row: name, port, how it starts. Each does the same for a client: TCP, fewest connections first,
# three servers, no checks, no log, 5 s to connect, 1 h idle. kha sets TCP keepalive and
# TCP_USER_TIMEOUT besides, as it always does. haproxy may splice, or it would copy all bulk.

proxies() {
	cat <<-X
		kha-uring 8441 kha_begin uring
		kha-epoll 8442 kha_begin epoll
		haproxy   8443 haproxy_begin
		nginx     8444 nginx_begin
	X
}

# proxy_start NAME: on its core; PROXY is its processes, PORT where it listens
proxy_start() {
	local name begin arg
	read -r name PORT begin arg < <(proxies | grep "^$1 ")
	PROXY_NAME=$name
	on "$PROXY_CORE"
	# shellcheck disable=SC2086 # it may be empty
	$begin $arg
	on "$LOAD_CORE"
	# shellcheck disable=SC2046,SC2207 # numbers
	PROXY=($(family "$PROXY_PID"))
}

proxy_stop() {
	case $PROXY_NAME in
	kha-*) kha_stop; rm -f "$D/kha.log" ;;
	*) end "$PROXY_PID"; until_true 5 all_ended "${PROXY[@]}" || not_ok "$PROXY_NAME ends" ;;
	esac
}

# backends FORMAT: once for each server, with its number and its port
backends() {
	local p
	# shellcheck disable=SC2059 # a format
	for p in $SERVERS; do printf "$1" "${p: -1}" "$p"; done
}

kha_begin() {
	local servers
	servers=$(backends '{ name = "n%s"; address = "127.0.0.1:%s"; }, ')
	ENGINE="engine = \"$1\";"
	GLOBAL="workers = 1; log_level = \"notice\"; max_connections = $MAX;"
	conf <<-X
		services = ( { name = "bench"; listen = "127.0.0.1:$PORT"; preset = "tcp";
		balance = "leastconn"; log_connections = "none"; check = { type = "none"; };
		timeout = { connect = "5s"; idle = "1h"; }; servers = ( ${servers%, } ); } );
	X
	kha_start
	PROXY_PID=$KHA_PID
	if ! stat_is .kha.engine "$1" || ! until_true 5 listens "$PORT"; then
		not_ok "kha runs with engine $1"
		exit 1
	fi
}

# peer_begin NAME COMMAND...
peer_begin() {
	start "$@"
	PROXY_PID=$LAST
	until_true 5 listens "$PORT" && return
	not_ok "$1 starts: $(tail -n 3 "$D/$1.err")"
	exit 1
}

haproxy_begin() {
	cat >"$D/haproxy.cfg" <<-X
		global
			nbthread 1
			maxconn $MAX
		defaults
			mode tcp
			option splice-auto
			timeout connect 5s
			timeout client 1h
			timeout server 1h
		listen bench
			bind 127.0.0.1:$PORT
			balance leastconn
		$(backends '\tserver n%s 127.0.0.1:%s\n')
	X
	peer_begin haproxy haproxy -db -f "$D/haproxy.cfg"
}

nginx_begin() {
	local dir=$D/nginx-proxy
	mkdir -p "$dir"
	{
		stream_module
		cat <<-X
			daemon off; pid $dir/pid; error_log $dir/error.log; worker_processes 1;
			events { worker_connections $((2 * MAX)); }
			stream {
			upstream bench { least_conn; $(backends '# n%s\nserver 127.0.0.1:%s;\n')
			}
			server { listen 127.0.0.1:$PORT backlog=4096; proxy_pass bench;
			proxy_connect_timeout 5s; proxy_timeout 1h; }
			}
		X
	} >"$dir/nginx.conf"
	peer_begin nginx-proxy nginx -p "$dir" -c "$dir/nginx.conf"
}
# Debian has the stream module apart.
stream_module() {
	nginx -V 2>&1 | tr ' ' '\n' | awk -F= '
		$1 == "--modules-path" { path = $2 }
		$1 == "--with-stream" && $2 == "dynamic" { apart = 1 }
		END { if (apart) print "load_module " path "/ngx_stream_module.so;" }'
}
