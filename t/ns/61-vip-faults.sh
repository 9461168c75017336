#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Random faults on three nodes: after each there is one owner again, and never a second one for longer than
# the lifetime of an address. The seed is printed; KHA_SEED repeats it. KHA_LONG: ten times as many.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
once_for_all_engines
story "a VIP on three nodes under random faults"

seed=${KHA_SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
RANDOM=$seed
say "seed $seed: KHA_SEED=$seed repeats the faults"
export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b c
for n in a b c; do node_web $n 127.0.0.1:7443; done
kha_file <<X
nodes = ( "10.77.0.1", "10.77.0.2", "10.77.0.3" );
$(kha_vip_body 'advert = "100ms"; preempt = true; garp = { refresh = "30s"; };')
X
for n in a b c; do
	wall_clock_set $n 0
	kha_node_start $n
done
one_owner() { [[ $(who_has) = [abc] ]]; }
# one_and_says NODES...: one of them has the address and is MASTER, the others are not
settled() {
	local n owner
	one_owner || return 1
	owner=$(who_has)
	for n in "$@"; do
		case $n-$(vip "$n" state) in
		"$owner"-MASTER) ;;
		"$owner"-* | *-MASTER | *-TAKING | *-LEAVING) return 1 ;;
		esac
	done
}
check "one of three has it" until_true 8 settled a b c

# ---- the wall clock moves nothing ----
moves() { for n in a b c; do vip $n transitions; done | xargs; }
moved=$(moves) owner=$(who_has)
# ahead NODE SECONDS: so much later than now its last log line was written, give or take a minute
ahead() {
	local t
	"$KHA" -s reload -r "$D/$1/run" >/dev/null 2>&1 || return 1
	t=$(($(date -d "$(tail -n 1 "$D/$1/kha.log" | cut -d' ' -f1)" +%s) - $(date +%s) - $2))
	[ ${t#-} -lt 60 ]
}
for step in 3600 -3600 315360000 -86400 0; do
	for n in a b c; do wall_clock_set $n $step; done
	until_true 3 ahead "$owner" $step || not_ok "wall clock: $step s, the log of the owner has it"
	sleep 0.$((5 + RANDOM % 5))
	settled a b c || not_ok "wall clock $step s: settled"
done
is "steps of the wall clock: transitions" "$(moves)" "$moved"
is "and the owner" "$(who_has)" "$owner"

pick() { echo "${@:RANDOM % $# + 1:1}"; }
vrrp_of() { kha_process "$1" vrrp; }
fault() { # NAME NODE
	case $1 in
	delete) has "$2" && node_run "$2" ip addr del $VIP/32 dev eth0 ;;
	vrrp-killed) kill -KILL "$(vrrp_of "$2")" ;;
	vrrp-stopped)
		local pid
		pid=$(vrrp_of "$2")
		kill -STOP "$pid"
		sleep 0.$((RANDOM % 9))
		kill -CONT "$pid"
		;;
	worker-killed) kill -KILL "$(kha_node_stat "$2" '.workers[0].pid')" ;;
	link-down) link_down "$2"; sleep 0.$((RANDOM % 9)); link_up "$2" ;;
	link-cut) link_cut "$2"; sleep 0.$((RANDOM % 9)); link_join "$2" ;;
	reload)
		sed -i "s/refresh = \"[0-9]*s\"/refresh = \"$((20 + RANDOM % 40))s\"/" "$D/$2/kha.conf"
		"$KHA" -s reload -r "$D/$2/run" >/dev/null
		;;
	node-killed) kha_node_kill "$2"; sleep 0.$((RANDOM % 9)); kha_node_start "$2" ;;
	take) "$KHA" vip -r "$D/$2/run" take >/dev/null 2>&1 ;;
	release) "$KHA" vip -r "$D/$2/run" release >/dev/null 2>&1; "$KHA" vip -r "$D/$2/run" ready >/dev/null 2>&1 ;;
	clock) wall_clock_set "$2" "$(pick -86400 -3600 -5 0 5 3600 86400 315360000)" ;;
	loss)
		node_run "$2" nft "table ip t { chain o { type filter hook output priority 0;
			ip protocol 112 numgen random mod 2 == 0 drop; }; }"
		sleep 0.$((RANDOM % 9))
		node_run "$2" nft delete table ip t
		;;
	esac
}
n=$((20 * MORE)) worst=0
for ((i = 1; i <= n; i++)); do
	what=$(pick delete vrrp-killed vrrp-stopped worker-killed link-down link-cut reload node-killed take release loss clock)
	node=$(pick a b c)
	fault "$what" "$node"
	t=$(now_ms)
	# A lease of 2 s may have to run out first, then 3 adverts and the skew.
	if ! until_true $((6 * SLOW)) settled a b c; then
		not_ok "$i: $what on $node: $(for k in a b c; do echo "$k $(vip $k state) $(vip $k fault)"; done | xargs), the address is with: $(who_has)"
		continue
	fi
	took=$(($(now_ms) - t))
	[ $took -gt $worst ] && worst=$took
	say "$i: $what on $node: settled in $took ms, $(who_has) has it"
done
ok "$n faults, settled again after at most $worst ms"
sleep 1
check "and one owner in the end" settled a b c
vip_finish
