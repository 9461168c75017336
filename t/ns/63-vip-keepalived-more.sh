#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kha on a, keepalived on b: checksums that keepalived does not take, nopreempt on either side, IPv6, and
# two VIPs crossed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
. "$(dirname "$0")/vip-peers.sh"
once_for_all_engines
long_only
story "VRRP with keepalived: checksums, nopreempt, IPv6, two VIPs"

export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b
node_web a 127.0.0.1:7443
node_web b '[::]:6443'
A=10.77.0.1 B=10.77.0.2
fast='version = 3; advert = "100ms";'
both_own() { owner_is "a b"; }
is_master() { vip_is a state MASTER && keepalived_is b BACKUP && owner_is a; }
is_backup() { vip_is a state BACKUP && keepalived_is b MASTER && owner_is b; }
degraded() { vip a degraded | grep -q "$1"; }
stat_warns() { "$KHA" stat -r "$D/a/run" | grep -q 'vip api: DEGRADED: .*worse owner'; }
node_reload() { "$KHA" -s reload -r "$D/$1/run" >"$D/reload.out" 2>&1; }

# ---- 12: kha's checksums are those of RFC 9568, which this keepalived does not know ----
# Whatever keepalived gets, also what it rejects, begins its interval anew: it is heard only when it is the
# faster one.
kha_beside 200 "version = 3; advert = \"1s\"; peers = \"nodes\"; checksum = \"rfc9568\";"
kha_node_start a
check "checksum: kha owns" until_vip 5 a state MASTER
keepalived_start b 100 version=3 advert=0.1 peers=$A
check "checksum: keepalived says what it does not like" until_true 3 \
	keepalived_said b 'Invalid VRRPv3 checksum'
check "checksum: both own" until_true 3 both_own
check "checksum: kha sees that keepalived goes on beside it" until_true 6 degraded 'worse owner beside'
check "checksum: and logs it" grep -q "DEGRADED: .*worse owner beside.*, the first from $B" "$D/a/kha.log"
check "checksum: kha stat warns" stat_warns
is "checksum: rejected by kha" "$(rejected)" 0
sed -i 's/rfc9568/rfc5798/' "$D/a/kha.conf"
check "checksum: a reload with the other one" node_reload a
check "checksum: keepalived gives way" until_true 3 is_master
check "checksum: nothing is DEGRADED any more" until_vip 3 a degraded ""
check "checksum: for good" owner_stays 1 a
keepalived_stop b
kha_node_stop a

# ---- 17: nopreempt ----
kha_beside 200 "$fast peers = \"multicast\"; preempt = false;"
keepalived_start b 100 version=3 advert=0.1
check "nopreempt: keepalived, which is worse, owns" until_true 5 owner_is b
kha_node_start a
check "nopreempt: kha, which is better, is backup" until_vip 3 a state BACKUP
check "nopreempt: and leaves it there" owner_stays 2 b
is "nopreempt: keepalived never changed" "$(keepalived_log b | grep -c 'Entering BACKUP STATE')" 1
keepalived_stop b
check "nopreempt: keepalived stops: kha owns" until_vip 2 a state MASTER
kha_node_stop a
kha_beside 100 "$fast peers = \"multicast\";"
kha_node_start a
check "keepalived's nopreempt: kha, which is worse, owns" until_vip 3 a state MASTER
keepalived_start b 200 version=3 advert=0.1 more=nopreempt
check "keepalived's nopreempt: it leaves it there" owner_stays 2 a
kha_node_stop a
check "keepalived's nopreempt: kha stops: keepalived owns" until_true 2 owner_is b
keepalived_stop b

# ---- 20: IPv6 ----
VIP=fd77::10
capture wire6
link_local() { node_run "$1" ip -j -6 addr show dev eth0 scope link | jq -r '.[].addr_info[].local // empty'; }
A6=$(link_local a) B6=$(link_local b)
kha6() { kha_file <<-X
	nodes = ( { addresses = [ "$A", "fd77::1" ]; priority = $1; }, { addresses = [ "$B", "fd77::2" ]; priority = 90; } );
	vips = ( { name = "api"; addresses = "$VIP"; virtual_router_id = $VRID; $fast peers = "multicast"; preempt = true; } );
	services = ( { name = "web"; listen = "*:6443"; preset = "tcp"; servers = "127.0.0.1:7443";
		log_connections = "none"; check = { interval = "300ms"; fast_interval = "100ms"; }; } );
	X
}
keepalived6() { keepalived_start b "$1" version=3 advert=0.1 "vips=$VIP/128"; }
# serves NODE: to a new client
serves() { node_run client curl -s -m 1 -o /dev/null -D - "http://[$VIP]:6443/whoami" | grep -qi "X-Server: $1"; }
kha6 200
kha_node_start a
check "IPv6: kha, first and alone, owns" until_vip 5 a state MASTER
keepalived6 100
check "IPv6: keepalived, which is worse, stays away" owner_stays 1 a
check "IPv6: the client reaches kha" until_true 3 serves a
kha_node_stop a
check "IPv6: kha stops: keepalived owns" until_true 2 owner_is b
check "IPv6: the client reaches keepalived" until_true 3 serves b
kha_node_start a
check "IPv6: kha, which is better, takes over" until_vip 3 a state MASTER
check "IPv6: keepalived gives way" until_true 2 is_master
check "IPv6: the client reaches kha again" until_true 3 serves a
link_cut a
kha_node_kill a
check "IPv6: kha dies: keepalived has it" until_true 3 has b
check "IPv6: the dead node's address went by itself" until_true 4 has_not a
link_join a
kha6 100
kha_node_start a
check "IPv6: kha, worse now, waits" until_vip 3 a state BACKUP
check "IPv6: and stays away" owner_stays 1 b
keepalived_stop b
check "IPv6: keepalived stops: kha owns" until_vip 2 a state MASTER
check "IPv6: the client reaches kha, the third time" until_true 3 serves a
keepalived6 200
check "IPv6: keepalived, which is better, takes over" until_vip 3 a state BACKUP
check "IPv6: kha gives way" until_true 2 owner_is b
link_cut b
keepalived_crash b
check "IPv6: keepalived dies: kha owns" until_vip 3 a state MASTER
link_join b
is "IPv6: kha rejected nothing" "$(rejected)" 0
kha_node_stop a
is "IPv6: nobody has it after the stop" "$(who_has)" ''
capture_stop
packets6 wire6 "$A6" >"$D/adverts6"
say "IPv6: $(wc -l <"$D/adverts6") adverts of kha, from $A6, of keepalived from $B6"
check "IPv6: adverts of all three priorities" test "$(awk '{ print $5 }' "$D/adverts6" | sort -nu | xargs)" = "0 100 200"
is "IPv6: to ff02::12 with hop limit 255" "$(awk '{ print $3, $4 }' "$D/adverts6" | sort -u)" "ff02::12 255"
tshark -r "$D/wire6.pcap" -n -Y "icmpv6.type == 136 && icmpv6.nd.na.target_address == $VIP && eth.src == $(node_mac a)
	&& ipv6.dst == ff02::1" -T fields -e ipv6.dst -e ipv6.hlim -e icmpv6.nd.na.flag.o -e icmpv6.nd.na.flag.s \
	-e icmpv6.opt.linkaddr 2>/dev/null | tr '\t' ' ' >"$D/na6"
check "IPv6: kha announces itself" test -s "$D/na6"
is "IPv6: to all nodes with hop limit 255, O, not S, its MAC" "$(sort -u "$D/na6")" \
	"ff02::1 255 1 0 $(node_mac a)"
is "IPv6: a dissector has nothing against our adverts" "$(faults wire6 "ipv6.src == $A6" | head -n 3)" ''
VIP=10.77.0.10

# ---- 21: two VIPs crossed ----
OTHER=10.77.0.11
kha_file <<X
nodes = ( { name = "a"; addresses = "$A"; }, { name = "b"; addresses = "$B"; } );
vips = ( { name = "first"; addresses = "$VIP"; virtual_router_id = 47; $fast peers = "multicast"; preempt = true; },
	{ name = "second"; addresses = "$OTHER"; virtual_router_id = 48; $fast peers = "multicast"; preempt = true;
	order = ( "b", "a" ); } );
services = ( { name = "web"; listen = "*:6443"; preset = "tcp"; servers = "127.0.0.1:7443";
	log_connections = "none"; check = { type = "none"; }; } );
X
keepalived_conf b 254 version=3 advert=0.1 "vips=$OTHER/32" id=48
sed -n '/^vrrp_instance/,$p' "$D/b/keepalived.conf" >"$D/second"
keepalived_conf b 244 version=3 advert=0.1
sed 's/instance k /instance k2 /' "$D/second" >>"$D/b/keepalived.conf"
# split FIRST SECOND: who has which
split() { [ "$(who_has $VIP) $(who_has $OTHER)" = "$1 $2" ]; }
split_stays() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do split "$@" || return 1; sleep 0.1; done
}
kha_node_start a
check "crossed: kha, alone, has both" until_true 5 split a a
keepalived_run b
check "crossed: each has its own" until_true 3 split a b
check "crossed: for good" split_stays a b
probe_start
check "crossed: the client reaches kha" answered_by a
t=$(now_ms)
kha_node_stop a
check "crossed: kha stops: keepalived has both" until_true 3 split b b
probe_moved "crossed" "$t" 2
kha_node_start a
check "crossed: kha is back: each has its own" until_true 5 split a b
check "crossed: for good again" split_stays a b
keepalived_stop b
check "crossed: keepalived stops: kha has both" until_true 3 split a a
keepalived_run b
check "crossed: keepalived is back: each has its own" until_true 5 split a b
link_cut a
kha_node_kill a
check "crossed: kha dies: keepalived has both, and the dead node nothing" until_true 5 split b b
link_join a
kha_node_start a
check "crossed: and each has its own in the end" until_true 5 split a b
probe_stop
vip_finish
