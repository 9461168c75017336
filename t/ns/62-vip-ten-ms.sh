#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# 10 ms adverts between kha and keepalived on a machine that has no CPU time to spare: nobody moves the
# VIP. 20 s; KHA_LONG: 10 minutes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
if [ $SLOW -gt 1 ]; then
	echo "1..0 # SKIP three adverts of 10 ms are less than what sanitizers cost"
	exit 77
fi
once_for_all_engines
story "10 ms adverts with keepalived, and all CPUs busy"

export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b
node_web a 127.0.0.1:7443
node_web b 0.0.0.0:6443

# soak CASE KHA'S-PRIORITY OWNER SECONDS
soak() {
	local case=$1 burners='' i
	kha_beside "$2" 'version = 3; advert = "10ms"; peers = "multicast";'
	kha_node_start a
	[ "$3" = b ] || check "$case: kha owns" until_vip 5 a state MASTER
	keepalived_conf b 150 version=3 advert=0.01
	# As kha does by itself.
	sed -i '1a vrrp_rt_priority 1\nvrrp_no_swap' "$D/b/keepalived.conf"
	keepalived_run b
	[ "$3" = a ] || check "$case: keepalived owns" until_vip 5 a state BACKUP
	check "$case: one owner" until_true 3 owner_is "$3"
	for i in $(seq "$(nproc)"); do
		start "burner-$i" sh -c 'while :; do :; done'
		burners="$burners $LAST"
	done
	local moved said
	moved=$(vip a transitions) said=$(keepalived_words)
	check "$case: for $4 s" owner_stays "$4" "$3"
	is "$case: transitions of kha" "$(($(vip a transitions) - moved))" 0
	is "$case: of keepalived" "$(($(keepalived_words) - said))" 0
	# Three adverts, and the node takes itself for one that stood still.
	at_most "$case: kha's latest turn of a deadline (ms)" "$(vip a late_ms_max)" 29
	for i in $burners; do end "$i"; done
	keepalived_stop b
	kha_node_stop a
}
keepalived_words() { keepalived_log b | grep -cE 'Entering [A-Z]+ STATE'; }
long=${KHA_LONG:+300}
soak "kha owns" 200 a "${long:-10}"
soak "keepalived owns" 100 b "${long:-10}"
vip_finish
