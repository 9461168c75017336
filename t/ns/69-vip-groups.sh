#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# VIPs that move together, interfaces that are tracked, a reload that takes a VIP from a node, and a vrrp
# process that does not come back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
once_for_all_engines
vrrp_is_replaced
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
# It must not see the first before the second is there.
kill -STOP "$(kha_process a vrrp)"
node_run a sh -c "ip addr add $VIP/23 dev eth0 && ip addr add 10.77.1.1/23 dev eth0"
kill -CONT "$(kha_process a vrrp)"
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
probe_moved "all this" "$t" 4

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

# ---- a group that was split comes together on the better of its owners ----
for n in a b; do kha_node_stop $n; done
both "$group"
for n in a b; do sed -i '/name = "second"/d; s/\(name = "first";.*\) },$/\1 } );/' "$D/$n/kha.conf"; done
for n in a b; do kha_node_start $n; done
check "a group of one: a has it" until_true 5 owner_is a
both "$group"
check "reload of b with a second one in it" node_reload b
check "b alone has that" until_true 5 of_is b 1 state MASTER
is "and leaves the first one where it is" "$(of b 0 state) $(who_has)" "BACKUP a"
check "reload of a" node_reload a
check "a, the better one, has both" until_true 5 settled a

# ---- an owner that is not understood is left alone ----
sed -i '/name = "first"/s/checksum = "[a-z0-9]*";//; /name = "first"/s/advert = /version = 2; password = "other"; advert = "1s"; xadvert = /; s/xadvert = "[0-9a-z]*";//' "$D/a/kha.conf"
check "reload of a: the first one has version 2 now" node_reload a
split() { of_is a 0 state BACKUP && of_is a 1 state MASTER && of_is b 0 state MASTER; }
check "b has it, whose adverts a rejects; the second one is at a" until_true 8 split
sleep $((2 * SLOW)) # many adverts
check "the second one does not pull it" split
like "a says what it rejects" "$(of a 0 degraded)" 'version'

# ---- a reload takes one away ----
for n in a b; do kha_node_stop $n; done
for n in a b; do
	printf '#!/bin/sh\necho "$2 $3" >>%s/told-%s\n' "$D" $n >"$D/notify-$n"
	chmod 755 "$D/notify-$n"
done
both "notify = \"$D/notify-NODE\";"
for n in a b; do sed -i "s/NODE/$n/g" "$D/$n/kha.conf"; done
for n in a b; do kha_node_start $n; done
check "without a group: a has both" until_true 5 settled a
check "the client reaches a" answered_by a
owner_of() { [ "$(who_has "$2")" = "$1" ]; }
# handed NAME ADDRESS INDEX-AT-B: b has it after a's farewell, and no connect failed
handed() {
	check "$1: it is handed over" until_true 5 owner_of b "$2"
	is "$1: by a farewell" "$(of b "$3" reason)" "the owner stopped"
	like "$1: and said" "$(cat "$D/a/kha.log")" "vip $1: the new configuration does not have it here"
}
t=$(now_ms)
sed -i 's/name = "first";/name = "first"; order = "10.77.0.2";/' "$D/a/kha.conf"
check "reload of a, which is not in order any more" node_reload a
handed first $VIP 0
check "the client reaches b" answered_by b
probe_moved "out of order" "$t"
is "the second one stays" "$(who_has $SECOND)" a
check "a takes no part" until_true 3 of_is a 0 fault "this node is not in order"
sed -i 's/"10.77.0.2"; priority = 140/"10.77.0.3"; priority = 140/; s/order = "10.77.0.2"/order = "10.77.0.3"/' "$D/a/kha.conf"
node_reload a && not_ok "an order of nodes that need a restart is refused"
like "it says so" "$(cat "$D/reload.out")" 'order names node 10.77.0.3, which is known after a restart only'
sed -i 's/10.77.0.3/10.77.0.2/g; /name = "first"/d; s/.*{ name = "second"/vips = ( { name = "second"/' "$D/a/kha.conf"
check "reload of a without the first one" node_reload a
check "a does not show it any more" until_true 3 of_is a 0 name second
is "the second one stays again" "$(who_has $SECOND)" a
# What a was told of it last.
last_word() { [ "$(awk -v v="$1" '$1 == v { w = $2 } END { print w }' "$D/told-a")" = "$2" ]; }
# Taken away and put back while it is being handed over.
cp "$D/a/kha.conf" "$D/a/kha.before"
sed -i 's/name = "second";/name = "second"; order = "10.77.0.2";/' "$D/a/kha.conf"
check "reload: it is taken away" node_reload a
cp "$D/a/kha.before" "$D/a/kha.conf"
check "reload: it is put back" node_reload a
one_has() { [ "$(who_has $SECOND)" = a ] || [ "$(who_has $SECOND)" = b ]; }
check "one of them has it" until_true 8 one_has
takes_part() { [[ $(of a 0 state) = MASTER || $(of a 0 state) = BACKUP ]]; }
check "and a takes part" until_true 5 takes_part
until_true 5 of_is a 0 owner 10.77.0.2
[ "$(who_has $SECOND)" = a ] || check "taken again" order a take
check "a has it" until_true 5 owner_of a $SECOND
check "notify has heard of it" until_true 5 last_word second MASTER
sed -i '/^vips = /d' "$D/a/kha.conf"
check "reload of a without any" node_reload a
handed_over() { owner_of b $SECOND; }
check "second: it is handed over" until_true 5 handed_over
is "second: by a farewell" "$(of b 1 reason)" "the owner stopped"
no_vrrp() { [ -z "$(kha_process a vrrp)" ]; }
check "there is no vrrp process" until_true 5 no_vrrp
shows_none() { [ "$(kha_node_stat a '.vips | length')" = 0 ]; }
check "and nothing is shown" until_true 5 shows_none
check "notify has heard the end of it" until_true 5 last_word second BACKUP

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
check "b has it" until_true 5 has b
check "its farewell was heard" until_vip 3 b reason "the owner stopped"
farewells() { packets last 10.77.0.1 | awk '$5 == 0' | wc -l; }
at_most "farewells, at least" 1 "$(farewells)"
like "the log says so" "$(cat "$D/a/kha.log")" 'no vrrp process holds it any more'
check "b alone has it" until_true 5 owner_is b
check "and vrrp runs again" until_vip 10 a state BACKUP
capture_stop
vip_finish
