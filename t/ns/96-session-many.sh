#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The commands that look, with 200 servers and many open connections: 18,000 with KHA_LONG=1, else 3,000.
. "$(dirname "$0")/lib.sh"
story "kha session and kha stat with 200 servers and thousands of open connections"

MANY=200 CONNS=3000
[ -n "${KHA_LONG:-}" ] && CONNS=18000
ulimit -n 20000 || { not_ok "20,000 open files"; finish; }
# One nginx is all of them: 127.0.1.N has the port as well.
mkdir -p "$D/web"
cat >"$D/web/nginx.conf" <<X
daemon off; pid $D/web/pid; error_log $D/web/err; worker_processes 2; worker_rlimit_nofile 20000;
events { worker_connections 19000; }
http { access_log off; keepalive_timeout 600s; keepalive_requests 1000000; client_body_temp_path $D/web;
proxy_temp_path $D/web; fastcgi_temp_path $D/web; uwsgi_temp_path $D/web; scgi_temp_path $D/web;
server { listen 9101 reuseport backlog=4096; location / { return 200 "ok\n"; } } }
X
start nginx nginx -p "$D/web" -c "$D/web/nginx.conf"
until_true 5 listens 9101 || not_ok "nginx listens"
servers=$(for i in $(seq $MANY); do printf '{ name = "n%d"; address = "127.0.1.%d:9101"; }, ' "$i" "$i"; done)
export GLOBAL='workers = 4; log_level = "warning"; max_connections = 18500;'
conf <<X
services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp"; log_connections = "none";
	check = { type = "none"; }; servers = ( ${servers%, } ); } );
X
kha_start
room() { du -k "$RUN/kha.shm" | cut -f1; }
before=$(room)
CLIENTS=''
for i in 1 2 3; do
	load "c$i" -a 127.0.0.1:8443 -c $((CONNS / 3)) -i 100000000 -d 600 -x -y -s "127.0.0.$((i * 10))/4"
	CLIENTS="$CLIENTS $LAST"
	until_stat 60 .kha.totals.active $((CONNS / 3 * i)) || not_ok "connections of client $i"
done
for i in 1 2 3; do until_true 30 grep -q ready "$D/c$i.out" || not_ok "client $i is ready"; done
say "the segment takes $before kB, and with $CONNS connections $(room) kB"
at_most "bytes of the segment per connection" $((($(room) - before) * 1024 / CONNS)) 200

# took NAME LIMIT-MS COMMAND...: the best of five, so that other work of the machine does not count
took() {
	local name=$1 limit=$2 t best=1000000
	shift 2
	for _ in 1 2 3 4 5; do
		t=$(date +%s%N)
		"$@" >"$D/out"
		t=$((($(date +%s%N) - t) / 100000))
		[ $t -lt $best ] && best=$t
	done
	say "$name: $((best / 10)).$((best % 10)) ms, $(wc -c <"$D/out") bytes"
	at_most "$name: ms" $((best / 10)) $((limit * 5 * SLOW))
}
took "kha stat" 100 "$KHA" stat -r "$RUN"
took "kha stat -f prometheus" 100 "$KHA" stat -r "$RUN" -f prometheus
took "kha stat -f json" 100 "$KHA" stat -r "$RUN" -f json
took "kha session" 1000 "$KHA" session -r "$RUN"
is "it lists all" "$(wc -l <"$D/out")" $((CONNS + 1))
is "each once" "$(awk 'NR > 1 { print $1 }' "$D/out" | sort | uniq -d | wc -l)" 0
at_most "columns of a line" "$(awk '{ if (length > m) m = length } END { print m }' "$D/out")" 100
all_known() { [ "$("$KHA" session -r "$RUN" -f json | jq '[.sessions[] | select(.own == null)] | length')" = 0 ]; }
until_true 10 all_known || not_ok "each has its own address after a second"
took "kha session -f json" 1000 "$KHA" session -r "$RUN" -f json
is "in JSON as well" "$(jq '.sessions | length' "$D/out")" "$CONNS"
is "all with their bytes" "$(jq '[.sessions[] | select(.bytes_in > 0 and .bytes_out > 0)] | length' "$D/out")" "$CONNS"
own=$(jq -r ".sessions[$((CONNS / 2))].own" "$D/out")
took "kha session who" 1000 "$KHA" session -r "$RUN" who "$own"
like "it finds one" "$(cat "$D/out")" "^$own: client 127.0.0.[0-9]+:[0-9]+ of api/n[0-9]+,"
is "each worker has some" "$("$KHA" session -r "$RUN" | awk 'NR > 1 { split($1, p, "-"); print p[1] }' | sort -u | wc -l)" 4
is "none is unlisted" "$(total unlisted)" 0
took "kha session --limit 20" 1000 "$KHA" session -r "$RUN" --sort bytes --limit 20
for c in $CLIENTS; do end "$c"; done
until_true 20 idle || not_ok "all have ended"
is "and the list is empty" "$("$KHA" session -r "$RUN")" "no connection is open"
finish
