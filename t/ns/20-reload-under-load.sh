#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# 2,000 new connections a second and 200 long ones, while 20 reloads run.
. "$(dirname "$0")/lib.sh"
story "20 reloads under load: none refused, none reset, long ones stay"

for i in 1 2 3 4; do web "n$i" "910$i"; done
export GLOBAL='log_level = "notice"; drain_timeout = "5m";'
# write WORKERS LISTEN SERVERS...: a file with those
write() {
	local workers=$1 listen=$2 s list=''
	shift 2
	for s; do list="$list${list:+, }{ name = \"${s%:*}\"; address = \"127.0.0.1:910${s:1:1}\"; weight = ${s#*:}; }"; done
	GLOBAL="log_level = \"notice\"; workers = $workers;" conf <<-X
		services = ( { name = "api"; listen = $listen; preset = "tcp"; servers = ( $list );
		check = { interval = "500ms"; }; log_connections = "none"; } );
	X
}
one='"127.0.0.1:8443"' two='( "127.0.0.1:8443", "127.0.0.1:8444" )'
write 2 "$one" n1:100 n2:100 n3:100
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 3 || not_ok "all UP"

rate=2000
[ -n "${KHA_SAN:-}" ] && rate=300
load long -a 127.0.0.1:8443 -c 200 -i 50 -d 600 -y
long=$LAST
until_true 10 grep -q ready "$D/long.out" || not_ok "long connections are there"
load fast -a 127.0.0.1:8443 -c 2000 -r $rate -d 600
fast=$LAST

bad=0
for ((i = 0; i < 4 * MORE; i++)); do
	for file in "2 $one n1:100 n2:100 n3:100 n4:100" "2 $one n1:100 n2:50 n3:100 n4:100" \
		"1 $one n1:100 n2:50 n3:100" "2 $two n1:100 n2:100 n3:100" "2 $one n1:100 n2:100 n3:100"; do
		# shellcheck disable=SC2086
		eval "write $(sed 's/^\([0-9]\) \(.*\) n1/\1 '"'"'\2'"'"' n1/' <<<"$file")"
		reload >"$D/reload.txt" 2>&1 || { bad=$((bad + 1)); sed 's/^/# /' "$D/reload.txt"; }
	done
done
is "$((20 * MORE)) reloads: exit codes not 0" "$bad" 0
at_most "reloads that were counted" $((20 * MORE)) "$(stat .kha.master.reload_ok)"

# A broken file, and one whose servers are all wrong.
generation=$(stat .kha.generation)
accepted=$(total accepted)
cp "$D/kha.conf" "$D/good.conf"
echo 'services = ( { nmae = "x"' >"$D/kha.conf"
out=$(reload 2>&1)
is "a broken file: exit code" "$?" 1
like "a broken file: the reason" "$out" 'kha.conf:[0-9]+'
GLOBAL='log_level = "notice"; workers = 2;' conf <<E2
services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp";
	servers = ( "127.0.0.1:9998", "127.0.0.1:9999" ); } );
E2
out=$(reload 2>&1)
is "only wrong servers: exit code" "$?" 1
like "only wrong servers: each with its reason" "$out" '9998.*refused|refused.*9998'
is "nothing changed" "$(stat .kha.generation)" "$generation"
until_true 5 bash -c "[ \$('$KHA' stat -r '$RUN' -f json | jq .kha.totals.accepted) -gt $accepted ]" &&
	ok "traffic goes on" || not_ok "traffic goes on"
cp "$D/good.conf" "$D/kha.conf"

end $fast
end $long
say "fast $(tail -n 1 "$D/fast.out")"
say "long $(tail -n 1 "$D/long.out")"
is "new connections refused" "$(result fast refused)" 0
is "new connections: all errors" "$(result fast errors)" 0
is "long connections: errors" "$(result long errors)" 0
is "long connections: connects" "$(tail -n 1 "$D/long.out" | jq .connects)" 200
finish
