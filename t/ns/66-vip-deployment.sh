#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2034,SC2154 # PROBE is vip-lib.sh's
# The deployment that kha replaces: three API servers with TLS, two balancers before them, one VIP. First
# both are kha, with the file of README; then one is keepalived with haproxy, as operators run them. A
# client goes on through the loss of either. KHA_LONG: with keepalived's adverts each 3 s, as they do.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
. "$(dirname "$0")/vip-peers.sh"
once_for_all_engines
long_with_sanitizers
story "curl through a VIP to three API servers: the loss of either balancer"

export GLOBAL='workers = 1; log_level = "notice";'
vip_nodes a b
for n in c d e; do node_make $n; done
sh t/tools/mkcert.sh "$D" "IP:$VIP$(for n in c d e; do printf ',IP:%s' "$(node_ip $n)"; done)" ||
	{ not_ok "certificates"; exit 1; }
for n in c d e; do
	node_start $n "api-$n" "$TOOLS/apiserver" -l 0.0.0.0:6443 -c "$D/server.pem" -k "$D/key.pem" -n $n
	until_true 5 grep -q listening "$D/api-$n.out" || not_ok "API server $n listens"
done
# Beside it port 6444, where each balancer says its own name.
for n in a b; do node_web $n 127.0.0.1:7443; done
who='{ name = "who"; listen = "*:6444"; preset = "tcp"; servers = "127.0.0.1:7443"; log_connections = "none"; }'
services="services = (
	{ name    = \"kube-apiserver\";
	  listen  = \"*:6443\";
	  check   = { ca = \"$D/ca.pem\"; verify = \"required\"; };
	  servers = ( \"10.77.0.3:6443\", \"10.77.0.4:6443\", \"10.77.0.5:6443\" ); }, $who );"

# ---- clients: vipprobe to 6444, curl to the API servers; both write the same lines ----

cat >"$D/curls" <<'X'
while :; do
	t=${EPOCHREALTIME/./}
	who=$(curl -sf --cacert "$1/ca.pem" --connect-timeout "$3" -m "$4" -o "$1/body" -w '%header{x-server}' "https://$2:6443/healthz")
	rc=$?
	case $rc in 0) r=ok ;; 7) r=refused ;; 28) r=timeout ;; 35 | 52 | 55 | 56) r=reset ;; *) r=other-$rc ;; esac
	echo "$((t / 1000)) $(((${EPOCHREALTIME/./} - t) / 1000)) $r ${who:--}"
	sleep 0.02
done
X
clients_start() {
	PROBE='who' probe_start -a $VIP:6444
	node_start client curl bash "$D/curls" "$D" $VIP "$(awk "BEGIN { print 0.4 * $SLOW }")" $((5 * SLOW))
	PROBE_PID[curl]=$LAST
}
clients_stop() { for p in who curl; do PROBE=$p probe_stop; done; }
PROBE='who'
count_since() { awk -v from="$2" '$1 >= from && $3 == "ok" { n++ } END { print n + 0 }' "$D/$1.out"; }
both_answer() { [ "$(count_since who "$1")" -ge 50 ] && [ "$(count_since curl "$1")" -ge 5 ]; }
# go_on: from now on both have answers
go_on() { until_true 10 both_answer "$(now_ms)"; }
curl_results() { PROBE=curl probe_results "$@"; }
# calm NAME FROM [FAILURES]: no connect failed, or so many; what was open when the VIP moved may be cut
calm() {
	local PROBE cut
	check "$1: the clients go on" go_on
	for PROBE in who curl; do
		cut=$(probe_cut "$2")
		at_most "$1: $PROBE: failed connects" $(($(probe_failed "$2") - cut)) "${3:-0}"
		at_most "$1: $PROBE: cut" "$cut" 5
	done
}
# outage NAME FROM MS NODE: failures then, none after; the node answers
outage() {
	local end=$(($2 + $3 + 500 * SLOW))
	until_true 20 answers "$2" "$4" || not_ok "$1: $4 does not answer"
	at_most "$1: ms to the first answer of $4" "$(probe_first "$2" "$4")" $((end - $2))
	until_true 20 both_answer $end || not_ok "$1: the clients do not go on"
	is "$1: failures after that" "$(probe_failed $end) $(PROBE=curl probe_failed $end)" "0 0"
	at_most "$1: it was seen" 1 "$(probe_failed $(($2 - 300)))"
	say "$1: $(probe_results "$2"), curl: $(curl_results "$2")"
}
owns() { owner_is "$1" && answers "$2" "$1"; }
# moved NAME FROM NODE [FAILURES]
moved() {
	check "$1: $3 has the VIP" until_true 15 owns "$3" "$2"
	calm "$1" "$2" "${4:-0}"
}
# When keepalived takes over, the address comes some time after its advert, at which kha lets go.
keepalived_moved() { moved "$1" "$2" b $((20 * SLOW)); }
# One node is gone as with a power-off: its addresses, too.
kha_crash() { link_cut "$1"; kha_node_kill "$1"; }
kha_return() { until_true 8 has_not "$1"; link_join "$1"; kha_node_start "$1"; }

# ---- both are kha ----

kha_file <<X
nodes = ( "10.77.0.1", "10.77.0.2" );
vips  = ( "$VIP" );
$services
X
for n in a b; do kha_node_start $n; done
check "kha: a has the VIP" until_vip 8 a state MASTER
servers_up() { [ "$(kha_node_stat "$1" '[.services[].servers[] | select(.state == "UP")] | length')" = 4 ]; }
for n in a b; do check "kha: all servers are UP on $n" until_true 10 servers_up $n; done
clients_start
check "kha: the clients have answers" go_on
like "kha: all three API servers answer curl" "$(awk '{ print $4 }' "$D/curl.out" | sort -u | xargs)" '^c d e$'

takeover=$((3000 + $(skew 3 244 1000)))
t=$(now_ms)
kha_crash a
outage "kha: crash of the owner" "$t" $takeover b
t=$(now_ms)
kha_return a
check "kha: its return: it waits" until_vip 10 a state BACKUP
calm "kha: its return" "$t"
is "kha: b keeps the VIP" "$(who_has)" b
t=$(now_ms)
kha_node_stop b
moved "kha: planned stop of the owner" "$t" a
t=$(now_ms)
kha_node_start b
check "kha: its return: it waits" until_vip 10 b state BACKUP
kha_crash b
calm "kha: crash of the backup" "$t"
kha_return b
check "kha: and it is back" until_vip 10 b state BACKUP
calm "kha: its return" "$t"
clients_stop
for n in a b; do kha_node_stop $n; done
[ $BAD = 0 ] || exit 1

# ---- a is kha, b is keepalived and haproxy ----

advert=1
[ -n "${KHA_LONG:-}" ] && advert=3
# kha_priority NUMBER: the file of a. preempt, as keepalived does it.
kha_priority() { kha_file_of a <<-X
	nodes = ( { name = "a"; addresses = "10.77.0.1"; priority = $1; }, { name = "b"; addresses = "10.77.0.2"; } );
	vips  = ( { addresses = "$VIP"; virtual_router_id = $VRID; version = 2; advert = "${advert}s";
		password = "k8s-vip"; preempt = true; } );
	$services
	X
	chmod o-r "$D/a/kha.conf"
}
# bind *: on a node without the VIP a bind to it fails, but for net.ipv4.ip_nonlocal_bind.
cat >"$D/b/haproxy.cfg" <<X
global
	user haproxy
	group haproxy
	pidfile $D/b/haproxy.pid
	stats socket $D/b/haproxy.sock
defaults
	mode tcp
	timeout connect 5000
	timeout client 50000
	timeout server 50000
frontend kube-apiserver
	bind *:6443
	tcp-request inspect-delay 5s
	tcp-request content accept if { req.ssl_hello_type 1 }
	default_backend kube-apiserver
backend kube-apiserver
	option tcp-check
	balance roundrobin
	default-server inter 10s downinter 5s rise 2 fall 2 slowstart 60s maxconn 250 maxqueue 256 weight 100
$(for n in c d e; do echo "	server $n $(node_ip $n):6443 check"; done)
listen who
	bind *:6444
	server b 127.0.0.1:7443
X
# Operators have killall -0 haproxy here, which any haproxy of this machine would please.
printf '#!/bin/sh\nkill -0 "$(cat %s)"\n' "$D/b/haproxy.pid" >"$D/b/alive"
chmod 755 "$D/b/alive"
# keepalived_priority NUMBER: 20 more with haproxy
keepalived_priority() {
	keepalived_conf b "$1" advert=$advert peers=10.77.0.1 password=k8s-vip 'more=track_script {
		haproxy
	}'
	# What is tracked must stand before.
	cat - "$D/b/keepalived.conf" >"$D/b/conf" <<-X
		global_defs {
			script_user root
		}
		vrrp_script haproxy {
			script "$D/b/alive"
			interval 2
			weight 20
		}
	X
	mv "$D/b/conf" "$D/b/keepalived.conf"
}
haproxy_listens() { node_run b ss -Hltn 'sport = :6443' | grep -q .; }
haproxy_start() {
	node_start b haproxy haproxy -W -f "$D/b/haproxy.cfg"
	HAPROXY=$LAST
	until_true 5 haproxy_listens || not_ok "haproxy listens"
}
b_start() { haproxy_start; keepalived_run b; }
b_stop() { keepalived_stop b; end "$HAPROXY"; }
b_crash() { link_cut b; keepalived_crash b; kill_tree "$HAPROXY"; }
b_return() { link_join b; b_start; }
b_priority_is() { keepalived_log b | grep -oE 'Changing effective priority from [0-9]+ to [0-9]+' | tail -n 1 |
	grep -q "to $1\$"; }

# kha is the better one, 121 to 120.
kha_priority 121
keepalived_priority 100
kha_node_start a
check "mixed: kha, alone, has the VIP" until_vip 8 a state MASTER
b_start
check "mixed: keepalived is content with haproxy" until_true 5 b_priority_is 120
clients_start
check "mixed: the clients have answers" go_on
[ $BAD = 0 ] || exit 1
is "mixed: keepalived, which is worse, waits" "$(who_has)" a

takeover=$((advert * 3000 + $(skew 2 120 1000)))
t=$(now_ms)
kha_crash a
outage "mixed: crash of kha, the owner" "$t" $takeover b
t=$(now_ms)
kha_return a
# keepalived deletes the address when it hears kha's advert; under a sanitizer that was once too early.
moved "mixed: return of kha" "$t" a $((5 * (SLOW - 1)))
t=$(now_ms)
b_crash
calm "mixed: crash of the other" "$t"
b_return
check "mixed: keepalived is back" until_true 5 b_priority_is 120
calm "mixed: return of the other" "$t"
is "mixed: kha keeps the VIP" "$(who_has)" a
t=$(now_ms)
kha_node_stop a
moved "mixed: planned stop of kha" "$t" b


# Now keepalived is the better one, 121 to 120.
kha_priority 120
t=$(now_ms)
kha_node_start a
check "mixed: return of kha: it waits" until_vip 5 a state BACKUP
calm "mixed: return of kha" "$t"
# keepalived deletes the address at once and leaves a gap of its successor's skew.
t=$(now_ms)
b_stop
outage "mixed: planned stop of keepalived" "$t" "$(skew 2 120 1000)" a
keepalived_priority 101
t=$(now_ms)
b_start
keepalived_moved "mixed: return of keepalived" "$t"
check "mixed: kha waits" until_vip 2 a state BACKUP

t=$(now_ms)
kill_tree "$HAPROXY"
# Its script is asked each 2 s.
outage "mixed: death of haproxy alone" "$t" $((2000 + takeover)) a
t=$(now_ms)
haproxy_start
keepalived_moved "mixed: return of haproxy" "$t"
t=$(now_ms)
b_crash
outage "mixed: crash of keepalived, the owner" "$t" $takeover a
t=$(now_ms)
b_return
keepalived_moved "mixed: return of keepalived" "$t"
# With an order to kha first, keepalived's planned stop leaves no gap.
capture take
t=$(now_ms)
"$KHA" vip -r "$D/a/run" take >"$D/take" 2>&1
is "mixed: kha vip take: exit code" $? 0
moved "mixed: kha vip take" "$t" a
# keepalived announces itself once more a second after it became the owner, maybe after it has let go.
capture_stop
garps take a "$t" | sort -n >"$D/garps"
at_most "mixed: kha announces itself again after (ms)" \
	"$(awk 'NR == 1 { first = $1 } $1 > first + 20 { print $1 - first; exit }' "$D/garps")" $((1000 * advert))
b_stop
calm "mixed: planned stop of keepalived after kha vip take" "$t"
clients_stop
vip_finish
