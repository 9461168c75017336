#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2034 # PROBE and NODES are vip-lib.sh's
# Several VIPs with crossed `order`, so that no node idles: two on two nodes, each with a port of its own,
# then three on three. And both families in one VIP.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
once_for_all_engines
story "VIPs with crossed order: each node owns one, and all that are left"

export GLOBAL='workers = 1; log_level = "notice";'
# What sanitizers watch takes longer to start.
advert=$((100 * SLOW))
vip_nodes a b c
for n in a b c; do node_web $n 127.0.0.1:7443; done
declare -A ADDRESS=([one]=10.77.0.10 [two]=10.77.0.11 [three]=10.77.0.12)
declare -A PORT=([one]=6443 [two]=9345 [three]=22623)

# vip_group NAME 'ORDER' [KEY-VALUES]; the virtual router is the last byte of the address
vip_group() { echo "{ name = \"$1\"; addresses = [ \"${ADDRESS[$1]}\"${MORE_ADDRESS[$1]:+, \"${MORE_ADDRESS[$1]}\"} ];
	virtual_router_id = ${ADDRESS[$1]##*[.:]}; advert = \"${advert}ms\"; order = [ $2 ]; ${3:-} }"; }
declare -A MORE_ADDRESS
# Each service listens on its VIP alone; the name of a VIP stands for all its addresses.
service() { echo "{ name = \"$1\"; listen = \"$1:${PORT[$1]}\"; preset = \"tcp\"; servers = \"127.0.0.1:7443\";
	log_connections = \"none\"; }"; }
# Of one VIP as a node sees it.
state() { kha_node_stat "$1" ".vips[] | select(.name == \"$2\") | .state"; }
# owns NODE VIP: alone, and says so
owns() { [ "$(who_has "${ADDRESS[$2]}")" = "$1" ] && [ "$(state "$1" "$2")" = MASTER ]; }
nobody_has() { [ -z "$(who_has "${ADDRESS[$1]}")" ]; }
# shares NODE-OF-ONE NODE-OF-TWO [NODE-OF-THREE]
shares() { owns "$1" one && owns "$2" two && { [ -z "${3:-}" ] || owns "$3" three; }; }
probes_start() { local p; for p; do PROBE=$p probe_start -a "${ADDRESS[$p]}:${PORT[$p]}"; done; PROBES=$*; }
probes_stop() { local p; for p in $PROBES; do PROBE=$p probe_stop; done; }
# answer T NODE...: the VIPs in their order by these nodes, all after that moment
answer() {
	local t=$1 p
	shift
	for p in $PROBES; do PROBE=$p answers "$t" "$1" || return 1; shift; done
}
# now_shared NAME NODE...: so it is, and so the clients see it
now_shared() {
	local name=$1
	shift
	check "$name: each VIP where it belongs: $*" until_true 8 shares "$@"
	until_true 5 answer "$(now_ms)" "$@" || not_ok "$name: the clients reach $*"
}
# no_failure NAME T VIP...: no connect failed; one that was open when the VIP moved may be cut
no_failure() {
	local name=$1 t=$2 PROBE
	shift 2
	for PROBE; do
		is "$name: $PROBE: failed connects" $(($(probe_failed "$t") - $(probe_cut "$t"))) 0
		at_most "$name: $PROBE: cut" "$(probe_cut "$t")" 5
	done
}
# outage NAME T NODE VIP: failures only until another node can know of the death
outage() {
	local limit=$((4 * advert + 300 * SLOW)) PROBE=$4
	at_most "$1: $4: ms to the first answer of $3" "$(probe_first "$2" "$3")" $limit
	is "$1: $4: failures after that" "$(probe_failed $(($2 + limit)))" 0
	say "$1: $4: $(probe_results "$2")"
}
take() { "$KHA" vip -r "$D/$1/run" "$2" take >"$D/take" 2>&1; }

# ---- two nodes ----

NODES='a b'
kha_file <<X
nodes = ( { name = "a"; addresses = "10.77.0.1"; }, { name = "b"; addresses = "10.77.0.2"; } );
vips = ( $(vip_group one '"a", "b"'), $(vip_group two '"b", "a"') );
services = ( $(service one), $(service two) );
X
for n in a b; do kha_node_start $n; done
probes_start one two
# Who starts first has what nobody had, and may not be known yet.
for v in "a one" "b two"; do check "${v#* }: the node that is first in its order may take it" until_true 8 take $v; done
now_shared "start" a b
wrong_port() { node_run client timeout 2 bash -c "echo >/dev/tcp/$1/$2" 2>&1 | grep -q refused; }
check "one has no port of two" wrong_port ${ADDRESS[one]} ${PORT[two]}
check "two has no port of one" wrong_port ${ADDRESS[two]} ${PORT[one]}

t=$(now_ms)
kha_node_stop a
now_shared "a stops" b b
no_failure "a stops" "$t" one two
t=$(now_ms)
kha_node_start a
knows_owner() { [ "$(kha_node_stat a '.vips[] | select(.name == "one") | .owner')" = 10.77.0.2 ]; }
until_true 8 knows_owner || not_ok "a returns: it knows the owner of one"
check "a returns: without preempt one stays" owns b one
check "a returns: kha vip one take" take a one
now_shared "a returns" a b
no_failure "a returns" "$t" one two
t=$(now_ms)
kha_node_kill b
now_shared "kill -9 of b" a a
outage "kill -9 of b" "$t" a two
no_failure "kill -9 of b" "$t" one
probes_stop
kha_node_stop a

# ---- three nodes; a better node takes what is its own ----

NODES='a b c'
kha_file <<X
nodes = ( { name = "a"; addresses = "10.77.0.1"; }, { name = "b"; addresses = "10.77.0.2"; },
	{ name = "c"; addresses = "10.77.0.3"; } );
vips = ( $(vip_group one '"a", "b", "c"' 'preempt = true;'), $(vip_group two '"b", "c", "a"' 'preempt = true;'),
	$(vip_group three '"c", "a", "b"' 'preempt = true;') );
services = ( $(service one), $(service two), $(service three) );
X
until_true 8 nobody_has two || not_ok "the killed node's address went"
for n in a b c; do kha_node_start $n; done
check "three: each VIP has its node" until_true 8 shares a b c
probes_start one two three
now_shared "three" a b c
for n in a b c; do
	# The next one in the order of what it owned.
	case $n in
	a) lost=one new=(b b c) heir=b rest='two three' ;;
	b) lost=two new=(a c c) heir=c rest='one three' ;;
	c) lost=three new=(a b a) heir=a rest='one two' ;;
	esac
	t=$(now_ms)
	kha_node_kill $n
	now_shared "kill -9 of $n" "${new[@]}"
	outage "kill -9 of $n" "$t" $heir $lost
	no_failure "kill -9 of $n" "$t" $rest
	t=$(now_ms)
	kha_node_start $n
	now_shared "$n returns" a b c
	no_failure "$n returns" "$t" one two three
done
t=$(now_ms)
kha_node_stop a
kha_node_stop b
now_shared "a and b stop" c c c
no_failure "a and b stop" "$t" one two three
probes_stop
kha_node_stop c

# ---- both families in one VIP; the first one elects ----

NODES='a b'
MORE_ADDRESS=([one]=fd77::10 [two]=10.77.0.11)
ADDRESS[two]=fd77::11
kha_file <<X
nodes = ( { name = "a"; addresses = [ "10.77.0.1", "fd77::1" ]; }, { name = "b"; addresses = [ "10.77.0.2", "fd77::2" ]; } );
vips = ( $(vip_group one '"a", "b"' 'preempt = true;'), $(vip_group two '"b", "a"' 'preempt = true;') );
services = ( $(service one), $(service two) );
X
capture families
for n in a b; do kha_node_start $n; done
# all_of VIP NODE: both addresses there, and none elsewhere
all_of() { [ "$(who_has "${ADDRESS[$1]}") $(who_has "${MORE_ADDRESS[$1]}")" = "$2 $2" ]; }
# together NAME NODE-OF-ONE NODE-OF-TWO
together() {
	check "$1: both addresses of one on $2" until_true 8 all_of one "$2"
	check "$1: both addresses of two on $3" until_true 8 all_of two "$3"
}
together "both families" a b
# From here on those of two change places, so that each client has one family.
ADDRESS+=([one6]='[fd77::10]' [two]=10.77.0.11 [two6]='[fd77::11]') MORE_ADDRESS[two]=fd77::11
PORT+=([one6]=${PORT[one]} [two6]=${PORT[two]})
probes_start one one6 two two6
until_true 5 answer "$(now_ms)" a a b b || not_ok "both families: the clients reach a by one, b by two"
t=$(now_ms)
kha_node_stop a
together "a stops" b b
until_true 5 answer "$(now_ms)" b b b b || not_ok "a stops: the clients reach b"
no_failure "a stops" "$t" one one6 two two6
t=$(now_ms)
kha_node_start a
together "a returns" a b
until_true 5 answer "$(now_ms)" a a b b || not_ok "a returns: the clients reach a by one, b by two"
no_failure "a returns" "$t" one one6 two two6
t=$(now_ms)
kha_node_kill b
check "kill -9 of b: the clients reach a" until_true 8 answer "$t" a a a a
together "kill -9 of b" a a
probes_stop
capture_stop
# vrids FILTER: in the second byte of what goes over the wire
vrids() { tshark -r "$D/families.pcap" -n -Y "vrrp && $1" -T fields -e vrrp.virt_rtr_id 2>/dev/null | sort -u | xargs; }
is "adverts over IPv4" "$(vrids ip)" 10
is "adverts over IPv6" "$(vrids ipv6)" 11
vip_finish
