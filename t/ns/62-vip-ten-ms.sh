#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# 10 ms adverts between kha and keepalived on a machine that has no CPU time to spare: nobody moves the
# VIP. 10 s; KHA_LONG: 10 minutes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
. "$(dirname "$0")/vip-peers.sh"
[ $SLOW -gt 1 ] && skip_story "three adverts of 10 ms are less than what sanitizers cost"
once_for_all_engines
story "10 ms adverts with keepalived, and all CPUs busy"

export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b
node_web a 127.0.0.1:7443
node_web b 0.0.0.0:6443

# soak CASE KHA'S-PRIORITY OWNER SECONDS
soak() {
	local case=$1 burners='' i
	kha_beside "$2" 'version = 3; advert = "10ms"; peers = "multicast"; preempt = true;'
	kha_node_start a
	[ "$3" = b ] || check "$case: kha owns" until_vip 5 a state MASTER
	keepalived_conf b 150 version=3 advert=0.01
	# As kha does by itself. By itself keepalived ends its real-time process when that runs for 10 ms, as it does where
	# the machine stood still, and starts it again after 1, 2, 4, 8 s.
	sed -i '1a vrrp_rt_priority 1\nvrrp_rlimit_rttime 10000000\nvrrp_no_swap' "$D/b/keepalived.conf"
	keepalived_run b
	[ "$3" = a ] || check "$case: keepalived owns" until_vip 5 a state BACKUP
	# Either may miss 30 ms while the other starts.
	check "$case: one owner" until_true 20 settled "$3"
	for i in $(seq "$(nproc)"); do
		start "burner-$i" sh -c 'while :; do :; done'
		burners="$burners $LAST"
	done
	capture soak
	local moved said t allowed on_time
	moved=$(vip a transitions) said=$(keepalived_words) t=$(now_ms)
	owner_stays "$4" "$3" || say "$case: $(who_has) at $(($(now_ms) - t)) ms"
	until_true "$4" passed $((t + $4 * 1000))
	moved=$(($(vip a transitions) - moved)) said=$(($(keepalived_words) - said))
	capture_stop
	adverts_between soak "10.77.0.$(node_number "$3")" "$t" 9e15 | intervals >"$D/intervals"
	on_time=$(awk '$1 > 9.5 && $1 < 10.5' "$D/intervals" | wc -l)
	check "$case: intervals of 9.5 ms to 10.5 ms: $on_time" test "$on_time" -ge $(($4 * 70))
	say "$case: longest silence in $4 s: $(tail -n 1 "$D/intervals") ms"
	# Who owns and says nothing for three adverts has lost it; it is not kha's fault when keepalived does.
	allowed=0
	[ "$3" = a ] || allowed=$(awk '$1 >= 30' "$D/intervals" | wc -l)
	at_most "$case: transitions of kha" "$moved" $((2 * allowed))
	at_most "$case: transitions of keepalived" "$said" $((2 * allowed))
	# From its start on, so that only the unit is judged.
	at_most "$case: kha's latest turn of a deadline (ms)" "$(vip a late_ms_max)" 2000
	for i in $burners; do end "$i"; done
	keepalived_stop b
	kha_node_stop a
}
settled() { owner_stays 2 "$1" >/dev/null; }
passed() { [ "$(now_ms)" -ge "$1" ]; }
keepalived_words() { keepalived_log b | grep -cE 'Entering [A-Z]+ STATE'; }
long=${KHA_LONG:+300}
soak "kha owns" 200 a "${long:-5}"
soak "keepalived owns" 100 b "${long:-5}"
vip_finish
