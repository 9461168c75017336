# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# The proxies that t/bench/run compares. Each does the same for a client: TCP, fewest connections first,
# three servers, no checks, no log, 5 s to connect, 1 h idle, one worker. kha sets TCP keepalive and
# TCP_USER_TIMEOUT besides, as it always does. haproxy and nginx have the settings with which each was
# best where it matters: see "streams".

# NAME PORT KIND ARGUMENT. KIND_config writes the file, KIND_begin starts it, KIND_reload has it read again.
proxies() {
	cat <<-X
		kha-uring 8441 kha uring
		kha-epoll 8442 kha epoll
		haproxy   8443 haproxy
		nginx     8444 nginx
	X
}

# What an axis wants of them, as words in WITH:
#	tls, many	other servers
#	workers=N	more workers, on the first N of PROXY_CORES
#	streams		settings for bulk. haproxy: splice always, as splice-auto did not splice a single byte of
#			ours, and larger pipes; nginx cannot splice: larger buffers. Elsewhere both make them slower
#	reload		haproxy as master and worker
with() { [[ " $WITH " = *" $1 "* ]]; }
workers_wanted() { if [[ " $WITH " =~ \ workers=([0-9]+)\  ]]; then echo "${BASH_REMATCH[1]}"; else echo 1; fi; }

# proxy_start NAME [WORD...]: PROXY is its processes, PORT where it listens. "direct": there is none.
proxy_start() {
	PROXY_NAME=$1 WITH=${*:2} PROXY_JOINED='' PROXY_DENIES='' PROXY=() PROXY_PID=''
	if [ "$1" = direct ]; then PORT=9101; return; fi
	read -r _ PORT PROXY_KIND PROXY_ARG < <(proxies | grep "^$1 ")
	on "$(listed "$PROXY_CORES" | head -n "$(workers_wanted)" | paste -sd,)"
	"${PROXY_KIND}_config"
	"${PROXY_KIND}_begin"
	on "$LOAD_CORE"
	# shellcheck disable=SC2046,SC2207 # numbers
	PROXY=($(family "$PROXY_PID"))
}

proxy_stop() {
	case $PROXY_NAME in
	direct) ;;
	kha-*) kha_stop; rm -f "$D/kha.log" ;;
	*) end "$PROXY_PID"; until_true 5 all_ended "${PROXY[@]}" || not_ok "$PROXY_NAME ends" ;;
	esac
}

# proxy_reload server|workers: a fourth server joins; with "workers" kha gets an option besides that needs
# new workers. haproxy and nginx replace their processes for anything.
proxy_reload() {
	PROXY_JOINED=1
	[ "$1" = workers ] && PROXY_DENIES=1
	"${PROXY_KIND}_config"
	"${PROXY_KIND}_reload"
}
# another_child PID...: the proxy has one that is not among them
another_child() {
	local p
	for p in $(pgrep -P "$PROXY_PID"); do
		[[ " $* " = *" $p "* ]] || return 0
	done
	return 1
}
# replaced_after SIGNAL
replaced_after() {
	# shellcheck disable=SC2046 # numbers
	set -- "$1" $(pgrep -P "$PROXY_PID")
	kill -"$1" "$PROXY_PID" && until_true 10 another_child "${@:2}"
}

# backends FORMAT: once for each server, with its number and its address
backends() {
	local i list='127.0.0.1:9101 127.0.0.1:9102 127.0.0.1:9103'
	with tls && list='127.0.0.1:9111 127.0.0.1:9112 127.0.0.1:9113'
	with many && list=$(printf '127.0.1.%d:9120 ' $(seq 200))
	[ -n "$PROXY_JOINED" ] && list="$list 127.0.0.1:9104"
	i=0
	# shellcheck disable=SC2059 # a format
	for p in $list; do i=$((i + 1)); printf "$1" "$i" "$p"; done
}

# ---- kha ----

kha_config() {
	local servers deny=''
	servers=$(backends '{ name = "n%s"; address = "%s"; }, ')
	[ -n "$PROXY_DENIES" ] && deny='deny = [ "192.0.2.0/24" ];'
	ENGINE="engine = \"$PROXY_ARG\";"
	GLOBAL="workers = $(workers_wanted); log_level = \"notice\"; max_connections = $MAX;"
	conf <<-X
		services = ( { name = "bench"; listen = "127.0.0.1:$PORT"; preset = "tcp"; $deny
		balance = "leastconn"; log_connections = "none"; check = { type = "none"; };
		timeout = { connect = "5s"; idle = "1h"; }; servers = ( ${servers%, } ); } );
	X
}
kha_begin() {
	kha_start
	PROXY_PID=$KHA_PID
	if ! stat_is .kha.engine "$PROXY_ARG" || ! until_true 5 listens "$PORT"; then
		not_ok "kha runs with engine $PROXY_ARG"
		exit 1
	fi
}
kha_reload() { reload >"$D/reload.out" 2>&1; }

# ---- haproxy ----

haproxy_config() {
	{
		cat <<-X
			global
				nbthread $(workers_wanted)
				maxconn $MAX
				maxpipes 64
		X
		with streams && [ -n "$HAPROXY_PIPES" ] && printf "\ttune.pipesize %s\n" "$HAPROXY_PIPES"
		with reload && printf '\tstats socket %s mode 600 level admin expose-fd listeners\n' "$D/haproxy.sock"
		cat <<-X
			defaults
				mode tcp
				timeout connect 5s
				timeout client 1h
				timeout server 1h
		X
		if with streams; then printf '\toption splice-request\n\toption splice-response\n'
		else printf '\toption splice-auto\n'; fi
		cat <<-X
			listen bench
				bind 127.0.0.1:$PORT backlog 16384
				balance leastconn
			$(backends '\tserver n%s %s\n')
		X
	} >"$D/haproxy.cfg"
}
haproxy_begin() {
	local how=-db
	with reload && how=-W
	peer_begin haproxy haproxy $how -f "$D/haproxy.cfg"
}
haproxy_reload() { replaced_after USR2; }

# ---- nginx ----

nginx_config() {
	local dir=$D/nginx-proxy buffer=''
	mkdir -p "$dir"
	with streams && buffer='proxy_buffer_size 512k;'
	{
		stream_module
		cat <<-X
			daemon off; pid $dir/pid; error_log $dir/error.log; worker_processes $(workers_wanted);
			events { worker_connections $((2 * MAX + 100)); }
			stream {
			upstream bench { least_conn; $(backends '# n%s\nserver %s;\n')
			}
			server { listen 127.0.0.1:$PORT backlog=16384; proxy_pass bench;
			proxy_connect_timeout 5s; proxy_timeout 1h; $buffer }
			}
		X
	} >"$dir/nginx.conf"
}
nginx_begin() { peer_begin nginx-proxy nginx -p "$D/nginx-proxy" -c "$D/nginx-proxy/nginx.conf"; }
nginx_reload() { replaced_after HUP; }
# Debian has the stream module apart.
stream_module() {
	nginx -V 2>&1 | tr ' ' '\n' | awk -F= '
		$1 == "--modules-path" { path = $2 }
		$1 == "--with-stream" && $2 == "dynamic" { apart = 1 }
		END { if (apart) print "load_module " path "/ngx_stream_module.so;" }'
}

# peer_begin NAME COMMAND...
peer_begin() {
	start "$@"
	PROXY_PID=$LAST
	until_true 5 listens "$PORT" && return
	not_ok "$1 starts: $(tail -n 3 "$D/$1.err")"
	exit 1
}
