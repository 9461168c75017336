#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kha on a, FRR's vrrpd on b: elections, stops, returns; VRRP 2 and 3, IPv4 and IPv6, multicast.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
once_for_all_engines
long_only
story "VRRP with FRR"

FRR=/usr/lib/frr VIP6=fd77::10
[ -x $FRR/vrrpd ] || { not_ok "vrrpd is there (t/deps test)"; exit 1; }
export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b
capture wire
node_web a 127.0.0.1:7443
mkdir -p "$D/frr"
chmod 755 "$D"
chown frr "$D/frr"
A=10.77.0.1 B=10.77.0.2

# macvlan VERSION MAC ADDRESS: where FRR puts the virtual address; up when it is the owner
macvlan() {
	node_run b ip link add "vrrp$1" link eth0 type macvlan mode bridge
	node_run b ip link set "vrrp$1" addrgenmode random
	node_run b ip link set "vrrp$1" address "$2"
	node_run b ip addr add "$3" dev "vrrp$1"
	node_run b ip link set "vrrp$1" up
}
macvlan 4-47 00:00:5e:00:01:2f $VIP/24
macvlan 6-47 00:00:5e:00:02:2f $VIP6/64

daemon() { # NAME OPTION...
	node_start b "$1" $FRR/"$1" -u frr -g frr -i "$D/frr/$1.pid" -z "$D/frr/zserv" \
		--vty_socket "$D/frr" -A 127.0.0.1 -P 0 "${@:2}"
}
printf 'log stdout\n' >"$D/frr/zebra.conf"
daemon zebra -f "$D/frr/zebra.conf"
zebra=$LAST
until_true 5 test -S "$D/frr/zserv" || not_ok "zebra runs"
# frr_start PRIORITY VERSION 'ip ADDRESS'
frr_start() {
	printf 'log stdout\ninterface eth0\n vrrp 47 version %s\n vrrp 47 priority %s\n vrrp 47 advertisement-interval 1000\n vrrp 47 %s\nexit\n' \
		"$2" "$1" "$3" >"$D/frr/vrrpd.conf"
	daemon vrrpd -f "$D/frr/vrrpd.conf"
	vrrpd=$LAST
	until_true 5 test -S "$D/frr/vrrpd.vty" || not_ok "vrrpd runs"
}
frr() { node_run b vtysh --vty_socket "$D/frr" -d vrrpd -c 'show vrrp json' 2>/dev/null |
	jq -r ".[0] | .[\"$family\"] | .$1"; }
frr_is() { [ "$(frr "status // .state")" = "$1" ]; }
frr_end() { kill -"$1" "$vrrpd"; until_true 5 ended "$vrrpd" || not_ok "vrrpd ends"; wait "$vrrpd" 2>/dev/null; }
kha() { # PRIORITY OPTIONS ADDRESS
	kha_file <<-X
		nodes = ( { addresses = [ "$A", "fd77::1" ]; priority = $1; }, { addresses = [ "$B", "fd77::2" ]; priority = 90; } );
		vips = ( { name = "api"; addresses = "$3"; virtual_router_id = 47; peers = "multicast"; $2 } );
		services = ( { name = "web"; listen = "*:6443"; preset = "tcp"; servers = "127.0.0.1:7443";
			log_connections = "none"; check = { type = "none"; }; } );
	X
	kha_node_start a
}
kha_said() { until_vip "$1" a state "$2"; }

# elections CASE VERSION FAMILY 'ip ADDRESS' ADDRESS
elections() {
	local case=$1 version=$2 t zero
	family=$3
	# ---- FRR is better, and stops ----
	frr_start 200 "$version" "$4"
	check "$case: FRR alone owns" until_true 6 frr_is Master
	kha 100 "version = $version;" "$5"
	check "$case: kha listens" kha_said 3 BACKUP
	check "$case: it hears FRR" until_true 3 heard
	check "$case: and stays there for three adverts and more" stays BACKUP 4
	t=$(now_ms)
	frr_end TERM
	check "$case: FRR stops: kha has it" kha_said 3 MASTER
	if [ "$family" = v4 ]; then
		zero=$(advert_after wire "$t" $B 0)
		said_after wire "$case: from FRR's farewell to kha's advert" "${zero:-0}" $A "$(skew "$version" 100 1000)"
	fi
	# ---- a worse FRR joins, and inherits ----
	frr_start 50 "$version" "$4"
	check "$case: a worse FRR is backup" until_true 5 frr_is Backup
	check "$case: kha keeps it" stays MASTER 4
	t=$(now_ms)
	kha_node_stop a
	check "$case: kha stops: FRR has it" until_true 3 frr_is Master
	if [ "$family" = v4 ]; then
		zero=$(advert_after wire "$t" $A 0)
		said_after wire "$case: from kha's farewell to FRR's advert" "${zero:-0}" $B "$(skew "$version" 50 1000)"
	fi
	# ---- kha is back and better ----
	kha 100 "version = $version; preempt = true;" "$5"
	check "$case: kha is back and takes it" kha_said 6 MASTER
	check "$case: FRR gives way" until_true 3 frr_is Backup
	is "$case: kha rejected nothing" "$(rejected)" 0
	kha_node_stop a
	frr_end TERM
}
counts() { [ "$(vip a "$1")" -gt 0 ]; }
heard() { [ "$(vip a adverts_received)" -ge 2 ]; }
rejected() { kha_node_stat a '.vips[0].counters | to_entries | map(select(.key | startswith("rejected"))) | map(.value) | add'; }
stays() { # STATE SECONDS
	local end=$(($(now_ms) + $2 * 1000))
	while [ "$(now_ms)" -lt $end ]; do
		vip_is a state "$1" || return 1
		sleep 0.2
	done
}
elections "v3" 3 v4 "ip $VIP" $VIP
elections "v2" 2 v4 "ip $VIP" $VIP
elections "v3 IPv6" 3 v6 "ipv6 $VIP6" $VIP6

# ---- 26: FRR has no passwords ----
family=v4
# kha first: an owner that it does not understand would keep it from promoting itself.
kha 100 'version = 2; password = "s3cret99";' $VIP
check "password: kha owns" kha_said 5 MASTER
frr_start 50 2 "ip $VIP"
check "FRR too: it does not take ours" until_true 6 frr_is Master
check "kha counts it" until_true 3 counts rejected_auth_type
check "and is DEGRADED" test -n "$(vip a degraded)"
kha_node_stop a
frr_end TERM
end "$zebra"
is "the dissector finds no fault in our packets" "$(faults wire "ip.src == $A")" ""
vip_finish
