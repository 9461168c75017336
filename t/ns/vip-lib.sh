# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Stories about virtual addresses: several nodes and a client, each in a network namespace of its
# own, on one bridge in the story's. Sourced after lib.sh:
#
#	story "..."
#	vip_nodes a b		a: 10.77.0.1 and fd77::1, b: .2, c: .3, ...; client: 10.77.0.100
#	...
#	vip_finish
#
# The VIP is 10.77.0.10, its VRID 47. On each node a server on 127.0.0.1:7443, or for keepalived on
# *:6443, says the node's name, so that a client sees who answers. What happens to addresses is
# written down by `ip monitor` on each node, and what goes over the bridge by tcpdump.

VIP=10.77.0.10 VRID=47
NODES=''
declare -A NODE_PID NODE_KHA NODE_K NODE_WEB

# ---- nodes and wires ----

node_number() { case $1 in client) echo 100 ;; *) printf '%d\n' $(($(printf '%d' "'$1") - 96)) ;; esac; }
node_ip() { echo "10.77.0.$(node_number "$1")"; }
# node_run NODE COMMAND...
node_run() { nsenter -t "${NODE_PID[$1]}" -n -- "${@:2}"; }
# node_start NODE LOGNAME COMMAND...: in the background; its pid in $LAST
node_start() { start "$2" nsenter -t "${NODE_PID[$1]}" -n -- "${@:3}"; }

own_ns() { [ "$(readlink "/proc/$1/ns/net" 2>/dev/null)" != "$(readlink /proc/$$/ns/net)" ] &&
	[ "$(cat "/proc/$1/comm" 2>/dev/null)" = sleep ]; }
node_make() {
	local n=$1 k
	k=$(node_number "$n")
	mkdir -p "$D/$n"
	start "ns-$n" unshare -n -- sleep 1000000
	NODE_PID[$n]=$LAST
	until_true 5 own_ns "$LAST" || { not_ok "namespace $n"; exit 1; }
	ip link add "to-$n" type veth peer name eth0 netns "${NODE_PID[$n]}"
	ip link set "to-$n" master br0 up
	node_run "$n" sh -c "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
		echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
		ip link set lo up; ip addr add 10.77.0.$k/24 dev eth0; ip link set eth0 up
		ip addr add fd77::$k/64 dev eth0 nodad"
}
# From the client, by the answer of a port where nobody listens.
reaches() { node_run client timeout 1 bash -c "echo >/dev/tcp/$1/1" 2>&1 | grep -q refused; }
# vip_nodes NODE...: makes them, and the client
vip_nodes() {
	local n
	NODES=$*
	trap 'vip_leave; leave' EXIT
	ip link add br0 type bridge forward_delay 0 mcast_snooping 0
	ip link set br0 up
	for n in $NODES client; do node_make "$n"; done
	for n in $NODES; do
		node_start "$n" "addresses-$n" ip -ts -o monitor address
		until_true 5 reaches "$(node_ip "$n")" ||
			not_ok "the client reaches $n"
	done
}
# The wire is pulled at the other end: no node sees its link go down.
link_cut() { ip link set "to-$1" nomaster; }
link_join() { ip link set "to-$1" master br0; }
link_down() { node_run "$1" ip link set eth0 down; }
link_up() { node_run "$1" ip link set eth0 up; }

# ---- who has the address ----

has() { [ -n "$(node_run "$1" ip -o addr show to "${2:-$VIP}")" ]; }
has_not() { ! has "$@"; }
# who_has [ADDRESS]: names of nodes, in order
who_has() {
	local n list=''
	for n in $NODES; do has "$n" "$@" && list="$list${list:+ }$n"; done
	echo "$list"
}
owner_is() { [ "$(who_has)" = "$1" ]; }
# owner_stays SECONDS NODE: nobody else has the address meanwhile, and NODE all the time
owner_stays() {
	local end who=$2
	end=$(($(now_ms) + $1 * 1000))
	while [ "$(now_ms)" -lt "$end" ]; do
		owner_is "$who" || { say "the address is with: $(who_has)"; return 1; }
		sleep 0.05
	done
}
# address NODE JQ [ADDRESS]: of what the kernel knows about it
address() {
	node_run "$1" ip -j addr show to "${3:-$VIP}" |
		jq -r ".[] | .addr_info // [] | .[] | select(.local == \"${3:-$VIP}\") | $2"
}
# times_deleted NODE [ADDRESS]: as the kernel told, expired lifetimes too
times_deleted() { grep -c "Deleted .* ${2:-$VIP}/" "$D/addresses-$1.out"; }

# ---- servers ----

# node_web NODE ADDR:PORT
node_web() {
	node_start "$1" "web-$1" "$TOOLS/apiserver" -l "$2" -n "$1"
	NODE_WEB[$1]=$LAST
	until_true 5 grep -q listening "$D/web-$1.out" || not_ok "the server of $1 listens"
}
node_web_stop() { end "${NODE_WEB[$1]}"; }

# ---- the client ----

# probe_start [OPTION...]: attempts in $D/$PROBE.out. 200 ms for one, 800 under sanitizers: a lost packet is
# sent again after a second and so still counts, a busy machine does not. Who probes several addresses sets
# PROBE before each of these functions.
PROBE=probe
declare -A PROBE_PID
probe_start() {
	node_start client "$PROBE" "$TOOLS/vipprobe" -a "$VIP:6443" -t $((200 * SLOW)) "$@"
	PROBE_PID[$PROBE]=$LAST
	until_true 5 test -s "$D/$PROBE.out" || not_ok "the client tries"
}
probe_stop() { end "${PROBE_PID[$PROBE]}"; }
# Everything about attempts that began at FROM (ms since 1970, default: all), until TO.
# probe_failed [FROM [TO]]: how many had no answer
probe_failed() { awk -v from="${1:-0}" -v to="${2:-9e15}" -v told="$D/failed" '$1 >= from && $1 < to && $3 != "ok" {
	if (n++ < 5) print >>told } END { print n + 0 }' "$D/$PROBE.out"; }
# probe_cut [FROM [TO]]: how many of them were open when the VIP moved: the new owner answers with a RST
probe_cut() { awk -v from="${1:-0}" -v to="${2:-9e15}" '$1 >= from && $1 < to && $3 == "reset" { n++ }
	END { print n + 0 }' "$D/$PROBE.out"; }
# probe_moved NAME FROM [MOVES]: no connect failed since; of those that were open when clients were told of
# the new owner, which does not know them and says so, at most two a move
probe_moved() {
	at_most "$1: failed connects" $(($(probe_failed "$2") - $(probe_cut "$2"))) 0
	at_most "$1: cut in the middle" "$(probe_cut "$2")" $((2 * ${3:-1}))
}
# probe_outage [FROM [TO]]: longest time between two answers, in ms; "inf" when there was none
probe_outage() { awk -v from="${1:-0}" -v to="${2:-9e15}" '$1 >= from && $1 < to && $3 == "ok" { printf "%.3f\n", $1 + $2 }' \
	"$D/$PROBE.out" | sort -n | awk 'NR > 1 && $1 - last > max { max = $1 - last } { last = $1 }
	END { if (NR) printf "%.1f\n", max; else print "inf" }'; }
# probe_first FROM [NODE]: from then to the first answer (of that node), in ms
probe_first() { awk -v from="$1" -v node="${2:-}" '$1 >= from && $3 == "ok" && (node == "" || $4 == node) {
	t = $1 + $2 - from; if (best == "" || t < best) best = t }
	END { if (best == "") print "inf"; else printf "%.1f\n", best }' "$D/$PROBE.out"; }
# probe_results [FROM [TO]]: how many of each result and node
probe_results() { awk -v from="${1:-0}" -v to="${2:-9e15}" '$1 >= from && $1 < to { n[$3 " " $4]++ }
	END { for (k in n) printf "%s: %d  ", k, n[k] }' "$D/$PROBE.out"; }
answers() { [ "$(awk -v from="$1" -v node="$2" '$1 >= from && $4 == node' "$D/$PROBE.out" | head -c 1)" ]; }
# answered_by NODE: within 5 s
answered_by() { until_true 5 answers "$(now_ms)" "$1"; }

# ---- the wire ----

# capture NAME: VRRP and ARP on the bridge. By default a buffer has room for 32 packets, whatever their
# size, and a busy machine loses some.
capture() {
	start "$1" tcpdump -i br0 -s 2000 -U --immediate-mode -n -w "$D/$1.pcap" \
		'ip proto 112 or ip6 proto 112 or arp or icmp6'
	CAPTURE=$LAST
	until_true 5 grep -qs 'listening on' "$D/$1.err" || not_ok "tcpdump listens"
}
capture_stop() { end "$CAPTURE"; }
# packets NAME [SOURCE]: "MS SOURCE DESTINATION TTL PRIORITY MESSAGE-IN-HEX" of each advert over IPv4.
# A capture may still be running.
packets() {
	tcpdump -r "$D/$1.pcap" -nn -tt -x ip proto 112 ${2:+and src host "$2"} 2>/dev/null | awk '
	function hex(s, i, n) { for (i = 1; i <= length(s); i++) n = n * 16 + index(D, substr(s, i, 1)) - 1
		return n }
	function ip(s) { return hex(substr(s, 1, 2)) "." hex(substr(s, 3, 2)) "." hex(substr(s, 5, 2)) "." \
		hex(substr(s, 7, 2)) }
	function tell(  head) { if (p == "") return
		head = hex(substr(p, 2, 1)) * 8
		printf "%.3f %s %s %d %d %s\n", ms, ip(substr(p, 25, 8)), ip(substr(p, 33, 8)),
			hex(substr(p, 17, 2)), hex(substr(p, head + 5, 2)),
			substr(p, head + 1, hex(substr(p, 5, 4)) * 2 - head); p = "" }
	BEGIN { D = "0123456789abcdef" }
	/^[0-9]/ { tell(); ms = $1 * 1000; next }
	{ for (i = 2; i <= NF; i++) p = p $i }
	END { tell() }'
}
# advert_after NAME MS SOURCE PRIORITY: time of the first such advert after a moment; - : any priority
# but 0
advert_after() { packets "$1" "$3" | awk -v from="$2" -v prio="$4" '$1 >= from && (prio == "-" ? $5 > 0 : $5 == prio) {
	print $1; exit }'; }
# faults NAME [FILTER]: what tshark's dissector has against VRRP in it
faults() { tshark -r "$D/$1.pcap" -n -o vrrp.v3_checksum_as_in_v2:FALSE -Y "vrrp
	&& (_ws.malformed || _ws.expert.severity >= 0x600000 || vrrp.checksum.status == 0) ${2:+&& $2}" \
	2>/dev/null || echo "tshark fails"; }

# ---- keepalived ----

# keepalived_conf NODE PRIORITY [KEY=VALUE...]: version, advert (s), vips, peers (unicast),
# password, id, more (lines of the instance)
keepalived_conf() {
	local node=$1 priority=$2 version=2 advert=1 vips=$VIP/32 peers='' password='' id=$VRID more=''
	shift 2
	while [ $# -gt 0 ]; do local "$1"; shift; done
	{
		cat <<-X
			global_defs {
				vrrp_garp_master_repeat 2
				vrrp_garp_master_delay 1
			}
			vrrp_instance k {
				interface eth0
				state BACKUP
				virtual_router_id $id
				priority $priority
				advert_int $advert
				version $version
				virtual_ipaddress {
		X
		for v in $vips; do echo "$v dev eth0"; done
		echo '}'
		[ -z "$peers" ] || printf 'unicast_src_ip %s\nunicast_peer {\n%s\n}\n' "$(node_ip "$node")" \
			"$(printf '%s min_ttl 255 max_ttl 255\n' $peers)"
		[ -z "$password" ] || printf 'authentication {\nauth_type PASS\nauth_pass %s\n}\n' "$password"
		printf '%s\n}\n' "$more"
	} >"$D/$node/keepalived.conf"
}
# keepalived_start NODE PRIORITY [KEY=VALUE...]
keepalived_start() { keepalived_conf "$@"; keepalived_run "$1"; }
# keepalived_run NODE: with the file that is there
keepalived_run() {
	node_start "$1" "keepalived-$1" keepalived -f "$D/$1/keepalived.conf" -n -l -D -P --no_bfd \
		-p "$D/$1/keepalived.pid" -r "$D/$1/vrrp.pid"
	NODE_K[$1]=$LAST
	until_true 5 keepalived_said "$1" 'Entering [A-Z]+ STATE' || not_ok "keepalived on $1 starts"
}
keepalived_log() { cat "$D/keepalived-$1.out" "$D/keepalived-$1.err"; }
keepalived_said() { keepalived_log "$1" | grep -qE -- "$2"; }
# master, backup: by its last word
keepalived_is() { keepalived_log "$1" | grep -oE 'Entering [A-Z]+ STATE' | tail -n 1 | grep -q "$2"; }
keepalived_stop() { [ -z "${NODE_K[$1]:-}" ] || end "${NODE_K[$1]}"; NODE_K[$1]=""; }
# Without a last word; what it leaves behind goes as with a power-off.
keepalived_crash() {
	kill_tree "${NODE_K[$1]}"
	NODE_K[$1]=''
	rm -f "$D/$1/keepalived.pid" "$D/$1/vrrp.pid"
	node_run "$1" ip addr flush to "$VIP"
}

# descendants PID: it and all below
descendants() { local p; echo "$1"; for p in $(pgrep -P "$1"); do descendants "$p"; done; }
# All at the same time: none sees another die.
kill_tree() {
	local all
	all=$(descendants "$1")
	# shellcheck disable=SC2086 # a list
	kill -STOP $all && kill -KILL $all
	wait "$1" 2>/dev/null
	# shellcheck disable=SC2086
	until_true 3 all_ended $all || not_ok "all are dead"
}

# ---- kha on a node ----

# vrrp_is_replaced: before story, in one where the process of the owner is replaced. While a sanitizer looks for
# leaks at its end it says no advert, for as long as three of them on a busy machine; other stories look.
vrrp_is_replaced() { export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"; }

# kha_file: standard input becomes the file of all nodes, but for group global.
kha_file() {
	local n
	cat >"$D/kha.body"
	for n in $NODES; do kha_file_of "$n" <"$D/kha.body"; done
}
# kha_file_of NODE: the same for one
kha_file_of() {
	{
		echo "global = { run_dir = \"$D/$1/run\"; log = \"$D/$1/kha.log\"; $ENGINE $SANDBOX ${GLOBAL:-} };"
		cat
	} >"$D/$1/kha.conf"
}
# kha_vip KEY-VALUES...: the usual file: nodes a and b, the VIP with these options, a service
kha_vip() { kha_file <<-X
	nodes = ( "10.77.0.1", "10.77.0.2" );
	$(kha_vip_body "$@")
	X
}
kha_vip_body() { cat <<-X
	vips = ( { name = "api"; addresses = "$VIP"; virtual_router_id = $VRID; $* } );
	services = ( { name = "web"; listen = "*:6443"; preset = "tcp"; servers = "127.0.0.1:7443";
		log_connections = "none"; check = { interval = "300ms"; fast_interval = "100ms"; }; } );
	X
}
kha_node_stat() { "$KHA" stat -r "$D/$1/run" -f json 2>/dev/null | jq -r "$2"; }
# vip NODE FIELD: of the first VIP; a counter's name, or a path
vip() { kha_node_stat "$1" ".vips[0] | (.counters // {}) + . | .$2"; }
vip_is() { [ "$(vip "$1" "$2")" = "$3" ]; }
# until_vip SECONDS NODE FIELD VALUE
until_vip() { until_true "$1" vip_is "$2" "$3" "$4" || { say "$2: $3 stays $(vip "$2" "$3")"; return 1; }; }
kha_node_up() {
	kill -0 "${NODE_KHA[$1]}" 2>/dev/null || return 0
	[ "$(kha_node_stat "$1" '[.workers[] | select(.ready)] | length')" -gt 0 ] 2>/dev/null
}
kha_node_start() {
	[ -f "$D/$1/kha.log" ] && cat "$D/$1/kha.log" >>"$D/$1/kha.log.before" && : >"$D/$1/kha.log"
	# shellcheck disable=SC2086 # words
	nsenter -t "${NODE_PID[$1]}" -n -- $(wall_clock "$1") "$KHA" -c "$D/$1/kha.conf" >>"$D/$1/kha.out" 2>>"$D/$1/kha.err" \
		</dev/null &
	NODE_KHA[$1]=$!
	until_true 10 kha_node_up "$1" && kill -0 "${NODE_KHA[$1]}" 2>/dev/null || {
		not_ok "kha on $1 starts"
		sed 's/^/# /' "$D/$1/kha.err"
		exit 1
	}
}
# wall_clock_set NODE SECONDS: its kha, started afterwards, has a wall clock that is so much ahead
wall_clock_set() { perl -e 'print pack("q", $ARGV[0])' -- "$2" | dd of="$D/$1/wallclock" conv=notrunc status=none; }
wall_clock() {
	[ ! -e "$D/$1/wallclock" ] ||
		echo "env LD_PRELOAD=$TOOLS/wallclock.so KHA_WALLCLOCK=$D/$1/wallclock ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0"
}
kha_process() { kha_node_stat "$1" ".processes[] | select(.kind == \"$2\") | .pid"; }
kha_node_stop() {
	local pid=${NODE_KHA[$1]:-} rc kids
	[ -n "$pid" ] || return 0
	kids=$(descendants "$pid")
	kill -TERM "$pid" 2>/dev/null
	wait "$pid"
	rc=$?
	NODE_KHA[$1]=''
	[ $rc = 0 ] || not_ok "kha on $1 ends with 0: $rc"
	# shellcheck disable=SC2086
	until_true 2 all_ended $kids || not_ok "no kha process is left on $1"
}
kha_node_kill() { kill_tree "${NODE_KHA[$1]}"; NODE_KHA[$1]=''; }

# ---- the end ----

vip_leave() {
	local rc=$? n
	for n in $NODES; do
		[ -z "${NODE_KHA[$n]:-}" ] || kill_tree "${NODE_KHA[$n]}"
		if [ $BAD -gt 0 ] || [ $rc -ne 0 ]; then
			for f in "$D/$n/kha.err" "$D/$n/kha.log.before" "$D/$n/kha.log" "$D/addresses-$n.out" \
				"$D/keepalived-$n.out" "$D/failed"; do
				[ -s "$f" ] || continue
				echo "# ---- ${f#"$D/"}"
				grep -vE 'kha\[[0-9]+\] worker/[0-9]+: info:' "$f" | tail -n 25 | sed 's/^/# /'
			done
		fi
	done
	return $rc
}
vip_finish() {
	local n
	for n in $NODES; do
		kha_node_stop "$n"
		[ -z "${NODE_K[$n]:-}" ] || keepalived_stop "$n"
		cat "$D/$n/kha.log.before" "$D/$n/kha.log" "$D/$n/kha.err" 2>/dev/null
	done >"$D/kha.out"
	finish
}

# ---- kha beside keepalived ----

# kha_beside PRIORITY KEY-VALUES...: kha's file when the node b is keepalived
kha_beside() { kha_file <<-X
	nodes = ( { name = "a"; addresses = "10.77.0.1"; priority = $1; },
		{ name = "b"; addresses = "10.77.0.2"; priority = 90; },
		{ name = "c"; addresses = "10.77.0.3"; priority = $1; } );
	$(kha_vip_body "${@:2}")
	X
}
# skew VERSION PRIORITY ADVERT_MS: RFC 3768 5.3.6 and RFC 5798 6.1, in ms
skew() { echo $(((256 - $2) * ($1 == 2 ? 1000 : $3) / 256)); }
# said_after NAME TEXT FROM SOURCE WANTED_MS: from one moment to the next advert of a node in a capture
said_after() {
	local next
	next=$(until_advert "$1" "$3" "$4") || { not_ok "$2: no advert of $4"; return; }
	next=$(awk -v a="$3" -v b="$next" 'BEGIN { printf "%.1f", b - a }')
	if awk -v got="$next" -v want="$5" -v slow=$SLOW 'BEGIN { exit !(got > want - 10 && got < want + 100 * slow) }'
	then ok "$2: $next ms, $5 by the RFC"
	else not_ok "$2: $next ms, $5 by the RFC"; fi
}
# until_advert NAME FROM SOURCE: the first one, which may be still to come
until_advert() { until_true 5 advert_is_there "$@" && advert_after "$1" "$2" "$3" -; }
advert_is_there() { [ -n "$(advert_after "$1" "$2" "$3" -)" ]; }
last_advert() { packets "$1" "$2" | awk -v to="${3:-9e15}" '$1 < to { t = $1 } END { print t }'; }
# has_packet NAME SOURCE HEX: byte for byte
has_packet() { packets "$1" "$2" | grep -q " $3\$"; }
