#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# VIPs that move together, interfaces that are tracked, a reload that takes a VIP from a node, and a vrrp
# process that does not come back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
once_for_all_engines
story "groups of VIPs, tracked interfaces, VIPs that a reload takes away, vrrp dead for good"

export GLOBAL='workers = 1; log_level = "info";'
SECOND=10.77.0.11
vip_nodes a b
for n in a b; do
	node_web "$n" 127.0.0.1:7443
	node_run "$n" sh -c 'ip link add up0 type veth peer name up1; ip link set up1 up; ip link set up0 up' ||
		not_ok "a second interface of $n"
done
advert="$((100 * SLOW))ms"
# both [OPTIONS-OF-BOTH [OF-SECOND]]
both() { kha_file <<-X
	nodes = ( { addresses = "10.77.0.1"; priority = 150; }, { addresses = "10.77.0.2"; priority = 140; } );
	vips = ( { name = "first"; addresses = "$VIP"; virtual_router_id = $VRID; advert = "$advert"; $1 },
		{ name = "second"; addresses = "$SECOND"; virtual_router_id = 48; advert = "$advert"; $1 ${2:-} } );
	$(kha_vip_body | sed 1d)
	X
}
group='group = "g";' track='track = { interfaces = [ "up0", "eth0" ]; };'
both "$group" "$track"
for n in a b; do kha_node_start $n; done
both_are() { [ "$(who_has)" = "$1" ] && [ "$(who_has $SECOND)" = "$1" ]; }
settled() { both_are "$1" && of_is "$1" 0 state MASTER && of_is "$1" 1 state MASTER; }
of() { kha_node_stat "$1" ".vips[$2] | (.counters // {}) + . | .$3"; }
of_is() { [ "$(of "$1" "$2" "$3")" = "$4" ]; }
order() { "$KHA" vip -r "$D/$1/run" "${@:2}" >"$D/order.out" 2>&1; }
node_reload() { "$KHA" -s reload -r "$D/$1/run" >"$D/reload.out" 2>&1; }
check "a has both" until_true 5 settled a
probe_start
check "the client reaches a" answered_by a

# ---- a fault of one is one of all ----
node_run a ip link set up0 down
check "the tracked interface of one is down: b has both" until_true 3 settled b
is "a says which" "$(of a 1 fault)" "tracked interface up0 is down"
is "and why the other one moved" "$(of a 0 fault)" "another VIP of the group has a fault"
is "both are FAULT" "$(of a 0 state) $(of a 1 state)" "FAULT FAULT"
node_run a ip link set up0 up
both_wait() { of_is "$1" 0 state BACKUP && of_is "$1" 1 state BACKUP; }
check "it is up again: both wait" until_true 3 both_wait a
node_run a ip link del up0
gone() { of_is a 1 state FAULT && of_is a 0 state FAULT; }
check "it is deleted: FAULT again" until_true 3 gone
node_run a sh -c 'ip link add up0 type veth peer name up1; ip link set up1 up; ip link set up0 up'
check "one with that name comes: both wait" until_true 3 both_wait a

# ---- an address with the prefix of the subnet, as a keepalived that died may leave it ----
# Node a is no owner. As the first of a subnet it would take the node's own with it when it goes.
node_run a sh -c "ip addr add $VIP/24 dev eth0 && ip addr add 10.99.0.1/24 dev eth0"
check "beside the node's own address: it goes" until_true 3 has_not a
check "the node's own stays" has a 10.77.0.1
node_run a sh -c "ip addr add $VIP/23 dev eth0 && ip addr add 10.77.1.1/23 dev eth0"
stays() { grep -q 'cannot be deleted here without other addresses' "$D/a/kha.log"; }
check "before another address of its subnet: it stays, and that is said" until_true 3 stays
check "it is still there" has a
check "and so is the other" has a 10.77.1.1
node_run a sh -c "ip addr del 10.77.1.1/23 dev eth0"
check "without the other it goes" until_true 3 has_not a
is "said once" "$(grep -c 'cannot be deleted here' "$D/a/kha.log")" 1

# ---- orders to one are orders to all ----
t=$(now_ms)
has_owner() { of_is "$1" 0 owner "$2" && of_is "$1" 1 owner "$2"; }
check "a knows the owner of both" until_true 3 has_owner a 10.77.0.2
check "take one" order a second take
check "a has both" until_true 3 settled a
check "release one" order a first release
check "b has both" until_true 3 settled b
released() { of_is a 0 state RELEASED && of_is a 1 state RELEASED; }
check "both are released" until_true 3 released
check "ready" order a first ready
check "both wait" until_true 3 both_wait a
check "and are taken back" order a first take
check "a has both again" until_true 3 settled a
check "the client reaches a" answered_by a
is "failed connects of all this" "$(probe_failed "$t")" 0

# ---- one alone cannot go over: adverts of the second one do not reach b ----
moves=$(of b 0 transitions)
node_run b nft "table ip t { chain c { type filter hook input priority 0;
	ip protocol 112 @th,8,8 48 drop; }; }" || not_ok "nftables"
check "b hears nothing of the second one, and takes it" until_true 5 of_is b 1 state MASTER
sleep $((2 * SLOW)) # many adverts: whoever wanted to pull would
is "the first one, whose owner lives, is not pulled" "$(of b 0 transitions) $(of a 0 state)" "$moves MASTER"
node_run b nft delete table ip t
check "it hears again: a has both" until_true 5 settled a

# ---- the weight of one is that of all ----
for n in a b; do kha_node_stop $n; done
printf '#!/bin/sh\ntest ! -e %s/bad\n' "$D" >"$D/script"
chmod 755 "$D/script"
both "$group preempt = true;"
sed -i "s|\(name = \"second\";\)|\1 track = { scripts = ( { command = \"$D/script\"; user = \"root\"; interval = \"100ms\"; fall = 1; weight = -30; } ); };|" \
	"$D/a/kha.conf"
for n in a b; do kha_node_start $n; done
check "preempt, a script: a has both" until_true 5 settled a
touch "$D/bad"
check "it fails: b has both" until_true 5 settled b
is "the lowest priority is that of both" "$(of a 0 priority) $(of a 1 priority)" "120 120"
rm "$D/bad"
check "it is good: a has both" until_true 5 settled a

# ---- a reload takes one away ----
check "the client reaches a" answered_by a
t=$(now_ms)
sed -i '/name = "first"/d; s/.*{ name = "second"/vips = ( { name = "second"/' "$D/a/kha.conf"
check "reload of a without the first one" node_reload a
check "it is handed over" until_true 5 owner_is b
check "the client reaches b" answered_by b
is "failed connects" "$(probe_failed "$t")" 0
is "the second one stays" "$(who_has $SECOND)" a
check "a does not show the first one any more" until_true 3 of_is a 0 name second
t=$(now_ms)
sed -i 's/"10.77.0.2"; priority/"10.77.0.3"; priority/; s/name = "second";/name = "second"; order = [ "10.77.0.3" ];/' "$D/a/kha.conf"
check "reload of a, which is not in order any more" node_reload a
owner_of() { [ "$(who_has "$2")" = "$1" ]; }
check "the second one is handed over" until_true 5 owner_of b $SECOND
sed -i '/^vips = /d; /virtual_router_id/d' "$D/a/kha.conf"
check "reload of a without any" node_reload a
no_vrrp() { [ -z "$(kha_process a vrrp)" ]; }
check "there is no vrrp process" until_true 5 no_vrrp
shows_none() { [ "$(kha_node_stat a '.vips | length')" = 0 ]; }
check "and nothing is shown" until_true 5 shows_none

# ---- a vrrp process that does not come back ----
for n in a b; do kha_node_stop $n; done
kha_vip 'advert = "1s"; lifetime = "none";'
for n in a b; do kha_node_start $n; done
check "1 s, lifetime none: a has it" until_true 8 owner_is a
answered_by a || not_ok "the client reaches a"
capture last
# Faster than it can be started again: the third death waits 100 ms, the fifth 400.
t=$(now_ms) killed=0
while [ $(($(now_ms) - t)) -lt $((4000 * SLOW)) ] && [ "$(who_has)" = a ]; do
	p=$(kha_process a vrrp)
	[ "${p:-0}" -gt 0 ] && kill -9 "$p" 2>/dev/null && killed=$((killed + 1))
done
say "killed $killed times"
check "killed over and over: the master deletes the address" until_true 5 has_not a
check "its farewell was heard: b has it before three adverts are missed" until_true $((2 * SLOW)) has b
farewells() { packets last 10.77.0.1 | awk '$5 == 0' | wc -l; }
at_most "farewells, at least" 1 "$(farewells)"
like "the log says so" "$(cat "$D/a/kha.log")" 'no vrrp process holds it any more'
check "b alone has it" until_true 5 owner_is b
check "and vrrp runs again" until_vip 10 a state BACKUP
capture_stop
vip_finish
