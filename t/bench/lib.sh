# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# What the programs of t/bench share: the proxies, and what they cost. On t/ns/lib.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../ns/lib.sh"

FILES=${FILES:-20000}	      # open files of each process, which bounds its connections
MAX=$(((FILES - 900) / 2))    # connections that each proxy is configured for
STATUS_PORT=9101	      # where the servers tell what they served

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

# median: of numbers on standard input
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR > 0) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# socket_slab: bytes of the kernel's caches that sockets and what hangs on them come from. Directory
# entries (192 bytes a socket) are left out: whoever looks through /proc makes them too.
socket_slab() {
	awk '$1 ~ /^(TCP|TCPv6|sock_inode_cache|filp|lsm_file_cache|ep_head|eventpoll_.*|io_.*|skbuff_.*|kmalloc-.*)$/ {
		s += $2 * $4 } END { printf "%d\n", s }' /proc/slabinfo
}

# dropped: sets DROPPED, packets that the kernel threw away so far because a core had more of them waiting
# than net.core.netdev_max_backlog, which is the whole machine's. Each costs a connection 200 ms.
dropped() {
	local n
	DROPPED=0
	while read -r _ n _; do DROPPED=$((DROPPED + 16#$n)); done </proc/net/softnet_stat
}

# ---- cores ----

# Scripts and clients are on LOAD_CORE, the proxy is on PROXY_CORE, or, with several workers, on the first
# of PROXY_CORES. Without a wish they are the first one that we may use, the last one, and the last one
# with all others after it. LAYOUT says where the servers are, if SERVER_CORES does not. "apart": with the
# client, so that the proxy has its core alone; it then wakes for few requests at a time, and wakes its peers
# across cores. "together": with the proxy, as where API servers and proxy share a node; requests come to it
# many at a time.
LAYOUT=${LAYOUT:-together}
cores() {
	local list c
	# shellcheck disable=SC2207 # numbers
	list=($(listed "$(taskset -cp $$ | sed 's/.*: //')"))
	LOAD_CORE=${LOAD_CORE:-${list[0]}} PROXY_CORE=${PROXY_CORE:-${list[-1]}}
	if [ -z "${PROXY_CORES:-}" ]; then
		PROXY_CORES=$PROXY_CORE
		for c in "${list[@]}"; do [ "$c" = "$PROXY_CORE" ] || PROXY_CORES=$PROXY_CORES,$c; done
	fi
	case $LAYOUT in
	together) SERVER_CORES=${SERVER_CORES:-$PROXY_CORE} ;;
	*) SERVER_CORES=${SERVER_CORES:-$LOAD_CORE} ;;
	esac
	[ "$LOAD_CORE" != "$PROXY_CORE" ]
}
# listed 0,2-4: 0 2 3 4, each on a line
listed() { tr ',' '\n' <<<"$1" | awk -F- '{ for (i = $1; i <= $NF; i++) print i }'; }
# on CORES: this shell, and with it what it starts from now on
on() { taskset -cp "$1" $$ >/dev/null; }

# ---- servers ----

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
# connections leaves in TIME_WAIT; room for all who come at once; a congestion control that does not pace
# (BBR sets a timer for each send): CONGESTION. A namespace may choose reno always, cubic where it is the
# machine's.
namespace_tune() {
	sysctl -qw net.ipv4.ip_local_port_range="10000 60999" net.core.somaxconn=16384 \
		net.ipv4.tcp_max_syn_backlog=16384 || return 1
	for CONGESTION in cubic reno; do
		sysctl -qw net.ipv4.tcp_congestion_control=$CONGESTION 2>/dev/null && return
	done
	CONGESTION=$(sysctl -n net.ipv4.tcp_congestion_control)
}

# bench_servers: one nginx with a process for each of SERVER_CORES is all servers. Each of its addresses
# has the answers / (600 bytes), /files/16k and /files/bulk (sent from memory).
#	127.0.0.1:9101-9104	the servers; 9104 joins at a reload
#	127.0.0.1:9111-9113	the same with TLS
#	127.0.1.1-254:9120	as many as one likes
bench_servers() {
	local dir=$D/nginx-servers
	mkdir -p "$dir" "$D/files"
	certs
	head -c 16384 /dev/zero >"$D/files/16k"
	head -c 268435456 /dev/zero >"$D/files/bulk"
	{
		cat <<-X
			daemon off; pid $dir/pid; error_log $dir/error.log;
			worker_processes $(listed "$SERVER_CORES" | wc -l);
			events { worker_connections $((FILES - 900)); }
			http { access_log off; sendfile on; open_file_cache max=10;
			keepalive_requests 100000000; keepalive_timeout 3600s; client_header_timeout 3600s;
			client_body_temp_path $dir; proxy_temp_path $dir; fastcgi_temp_path $dir;
			uwsgi_temp_path $dir; scgi_temp_path $dir;
			ssl_certificate $D/server.pem; ssl_certificate_key $D/key.pem;
			server {
		X
		printf 'listen 127.0.0.1:%d backlog=16384;\n' 9101 9102 9103 9104
		printf 'listen 127.0.0.1:%d ssl backlog=16384;\n' 9111 9112 9113
		cat <<-X
			listen 9120 backlog=16384;
			location / { return 200 "$(printf '%0600d' 0)"; }
			location /files/ { alias $D/files/; }
			location = /status { stub_status; }
			} }
		X
	} >"$dir/nginx.conf"
	on "$SERVER_CORES"
	start servers nginx -p "$dir" -c "$dir/nginx.conf"
	on "$LOAD_CORE"
	for p in 9101 9113 9120; do until_true 5 listens $p && continue
		not_ok "nginx listens on $p: $(tail -n 3 "$D/servers.err")"; exit 1; done
}
