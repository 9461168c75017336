#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The status page's process: who may see what, in which formats, what other machines are told, reloads,
# certificates, slow clients; and Prometheus as it scrapes.
. "$(dirname "$0")/lib.sh"
once_for_all_engines
story "status page, metrics, ready and monitor"

export GLOBAL='workers = 2;'
plain one 9101
plain two 9102
certs
printf 'from a file\n' >"$D/password"
conf_with() { # the group status
	conf <<X2
status = { $1 };
services = (
  { name = "api"; preset = "tcp"; listen = "127.0.0.1:8480"; servers = ( "127.0.0.1:9101", "127.0.0.1:9102" );
    check = { type = "tcp"; interval = "200ms"; down_interval = "200ms"; fall = 1; }; },
  { name = "gone"; preset = "tcp"; listen = "127.0.0.1:8481"; servers = "127.0.0.1:9109";
    check = { type = "tcp"; interval = "200ms"; fall = 1; }; }
);
X2
}
get() { curl -s --max-time 10 "$@"; }
code() { get -o /dev/null -w '%{http_code}' "$@"; }
page=http://127.0.0.1:9000

# ---- without a password ----
conf_with 'listen = [ "127.0.0.1:9000", "[::1]:9000" ]; monitor = { listen = "127.0.0.1:33305"; };'
kha_start
web_ready() { [ "$(stat '.processes[] | select(.kind == "web") | .ready')" = true ]; }
check "the process is ready" until_true 5 web_ready
until_stat 5 '.services[] | select(.name == "gone") | .serving' NONE
is "the page" "$(code $page/stats)" 200
is "and on IPv6" "$(code 'http://[::1]:9000/stats')" 200
like "it is HTML of UTF-8" "$(get -I $page/stats)" '^Content-Type: text/html; charset=utf-8'
like "nothing may be loaded or run" "$(get -I $page/stats)" "^Content-Security-Policy: default-src 'none'"
is "/ leads there" "$(code -L $page/)" 200
is "the style sheet" "$(get -o /dev/null -w '%{http_code} %{content_type}' $page/stats/style.css)" "200 text/css; charset=utf-8"
for n in api gone 127.0.0.1:9101 127.0.0.1:9109; do
	check "the page shows $n" grep -qE ">$n( |<)" <<<"$(get $page/stats)"
done
is "what there is not" "$(code $page/nope)" 404
is "POST" "$(code -d x=1 $page/stats)" 405
is "a body in a GET does no harm" "$(code -X GET -d "$(head -c 100000 /dev/zero | tr '\0' x)" $page/healthz)" 200
is "csv as HAProxy has it" "$(get "$page/stats;csv" | head -n 1 | cut -c 1-15)" '# pxname,svname'
is "json" "$(get "$page/stats?format=json" | jq -r '.services[0].name')" api
is "an unknown format" "$(code "$page/stats?format=xml")" 404
is "the same numbers as kha stat" "$(get "$page/stats;csv" | cut -d, -f1,2,18)" "$("$KHA" stat -r "$RUN" -f csv | cut -d, -f1,2,18)"
is "alive" "$(get $page/healthz)" ok
is "ready" "$(get -w ' %{http_code}' $page/readyz)" $'ready\n 200'
is "ready, asked about a service" "$(code "$page/readyz?service=api")" 200
is "ready, a service without servers" "$(code "$page/readyz?service=gone")" 503
is "ready, no such service" "$(code "$page/readyz?service=nope")" 404
is "no such VIP" "$(code $page/vip/nope)" 404
is "the monitor" "$(code http://127.0.0.1:33305/monitor)" 200
is "the monitor shows no page" "$(code http://127.0.0.1:33305/stats)$(code http://127.0.0.1:33305/metrics)" 404404
is "a head that is too long" "$(code -H "X: $(head -c 20000 /dev/zero | tr '\0' x)" $page/healthz)" 431
is "one connection for several requests" "$(get -w '%{num_connects}\n' -o /dev/null $page/healthz -o /dev/null $page/metrics | xargs)" "1 0"

# ---- not ready ----
for s in 0 1; do kill -STOP "$(worker_pid $s)"; done
not_ready() { [ "$(code $page/readyz)" = 503 ]; }
STOPPED="$(worker_pid 0) $(worker_pid 1)"
check "not ready when all workers stand still" until_true 4 not_ready
# The master kills and replaces them.
is_ready() { [ "$(code $page/readyz)" = 200 ]; }
check "ready with their successors" until_true 8 is_ready
for p in $STOPPED; do kill -CONT "$p" 2>/dev/null; done

# ---- its death is nobody else's ----
t=$(total accepted)
old=$(process web)
kill -9 "$old"
successor() { local p; p=$(process web); [ "$p" != "$old" ] && [ "$p" -gt 0 ] 2>/dev/null && web_ready; }
check "killed: a successor" until_true 5 successor
is "which answers" "$(code $page/stats)" 200
like "and counts on" "$(get $page/metrics | grep '^kha_web_requests_total')" ' [0-9]{2,}$'
is "nothing else changed" "$(total accepted)" "$t"

# ---- a password, by a reload; nobody is refused meanwhile ----
( for ((i = 0; i < 200; i++)); do code $page/healthz; echo; done ) >"$D/codes" &
ASK=$!
conf_with "listen = [ \"127.0.0.1:9000\" ]; user = \"admin\"; password_file = \"$D/password\"; realm = \"the cluster\"; path = \"/haproxy\";
	monitor = { listen = \"127.0.0.1:33306\"; path = \"/up\"; };"
check "a reload" reload
check "the page has moved" until_true 5 test 401 = "$(code $page/haproxy)"
wait $ASK
is "no request failed meanwhile" "$(sort "$D/codes" | uniq -c | xargs)" "200 200"
like "it asks for a password" "$(get -I -X GET $page/haproxy)" '^WWW-Authenticate: Basic realm="the cluster"'
is "the right one" "$(code -u 'admin:from a file' $page/haproxy)" 200
for u in 'admin:from a fil' 'admin:from a file ' 'admin:' 'x:from a file' ':'; do
	is "a wrong one: $u" "$(code -u "$u" $page/haproxy)" 401
done
is "metrics too" "$(code $page/metrics)$(code -u 'admin:from a file' $page/metrics)" 401200
is "formats too" "$(code "$page/haproxy;csv")$(code "$page/haproxy?format=json")$(code $page/haproxy/style.css)" 401401401
is "machines are told without" "$(code $page/healthz)$(code $page/readyz)$(code $page/vip/x)" 200200404
is "the monitor has moved" "$(code http://127.0.0.1:33306/up)" 200
check "the old address is closed" test 000 = "$(code http://127.0.0.1:33305/monitor)"
is "the password file is read at a reload" "$(printf 'new one\n' >"$D/password"; reload >/dev/null; until_true 5 test 200 = "$(code -u 'admin:new one' $page/haproxy)"; code -u 'admin:new one' $page/haproxy)" 200
rm "$D/password"
check "a reload without the file is refused" test 1 = "$(reload >"$D/reload.out" 2>&1; echo $?)"
like "and says why" "$(cat "$D/reload.out")" "status.password_file: $D/password: No such file"
is "the page goes on" "$(code -u 'admin:new one' $page/haproxy)" 200
kha_stop

# ---- HTTPS ----
conf_with "listen = \"127.0.0.1:9000\"; tls = { cert = \"$D/server.pem\"; key = \"$D/key.pem\"; }; monitor = { listen = \"127.0.0.1:33305\"; };"
kha_start
until_true 5 web_ready
is "HTTPS, verified" "$(code --cacert "$D/ca.pem" --resolve localhost:9000:127.0.0.1 https://localhost:9000/stats)" 200
is "the monitor stays plain" "$(code http://127.0.0.1:33305/monitor)" 200
is "not with TLS 1.1" "$(code -k --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 https://127.0.0.1:9000/stats)" 000
openssl genrsa -out "$D/other.pem" 2048 2>/dev/null
cp "$D/kha.conf" "$D/pair.conf"
conf_with "listen = \"127.0.0.1:9000\"; tls = { cert = \"$D/server.pem\"; key = \"$D/other.pem\"; };"
reload >"$D/reload.out" 2>&1
is "a key of another certificate: refused" $? 1
like "and says why" "$(cat "$D/reload.out")" 'status.tls: cert and key are no pair'
cp "$D/pair.conf" "$D/kha.conf"
check "plain HTTP there: no answer" test 000 = "$(code $page/stats)"
kha_stop

# ---- the port is somebody else's ----
start other "$TOOLS/apiserver" -l 127.0.0.1:9000 -n other
until_true 5 listens 9000
conf_with 'listen = [ "127.0.0.1:9000", "127.0.0.1:9001" ];'
"$KHA" -c "$D/kha.conf" >"$D/kha.out" 2>"$D/busy.err" </dev/null
is "asked for and taken: no start" $? 1
like "which says who has it" "$(cat "$D/busy.err")" 'status: cannot listen on 127.0.0.1:9000: apiserver \(pid [0-9]+\) listens on 127.0.0.1:9000; stop it, or change status.listen'
conf_with ''
: >"$D/kha.log"
kha_start
like "the default is taken: a warning" "$(cat "$D/kha.log" "$D/kha.err")" 'warning: the status page is off: status: cannot listen on 127.0.0.1:9000'
is "and no process" "$(process web)" ''
is "but a load balancer" "$(code http://127.0.0.1:8480/readyz)" 200
end "$LAST"
check "free again: the next reload with new workers has it" \
	test 200 = "$(sed -i 's/workers = 2/workers = 1/' "$D/kha.conf"; reload >/dev/null; until_true 5 web_ready; code $page/stats)"

# ---- slow clients ----
rate_of() { # NAME: of requests through the proxy
	load "$1" -a 127.0.0.1:8480 -p /readyz -c 10 -n 4000
	loaded "$1" "$LAST" || return 1
	awk -v n="$(result "$1" answers)" -v s="$(result "$1" seconds)" 'BEGIN { printf "%.0f\n", n / s }' >"$D/rate.$1"
}
check "the data path alone" rate_of alone
slow_clients() { # a byte each 2 s, and never the end
	local fds=() fd k
	for ((k = 0; k < 200; k++)); do
		exec {fd}<>/dev/tcp/127.0.0.1/9000 || return
		fds+=("$fd")
	done
	for ((k = 0; k < 30; k++)); do
		for fd in "${fds[@]}"; do printf G >&"$fd"; done
		sleep 2
	done
}
slow_clients 2>/dev/null &
SLOWS=$!
held() { [ "$(get $page/metrics | awk '$1 == "kha_web_current_connections" { print $2 }')" -gt 200 ]; }
until_true 10 held && ok "200 slow clients are connected" || { not_ok "200 slow clients are connected: $(get $page/metrics | grep kha_web | grep -v "^#" | xargs), $(ss -Htn "sport = :9000" | wc -l)"; }
most=0
for ((i = 0; i < 20; i++)); do
	t=$(now_ms)
	[ "$(code $page/stats)" = 200 ] || not_ok "the page beside them"
	t=$(($(now_ms) - t))
	[ $t -le $most ] || most=$t
done
at_most "the page beside them, slowest of 20 (ms)" $most $((1000 * SLOW))
check "the data path beside them, without an error" rate_of beside
say "requests a second: alone $(cat "$D/rate.alone"), beside 200 slow clients $(cat "$D/rate.beside")"
at_most "alone / beside them" "$(awk -v a="$(cat "$D/rate.alone")" -v b="$(cat "$D/rate.beside")" 'BEGIN { printf "%.2f", a / b }')" 2
cut() { [ "$(get $page/metrics | awk '$1 == "kha_web_connections_cut_total" { print $2 }')" -ge 200 ]; }
check "all are cut after 15 s" until_true 25 cut
kill $SLOWS
wait $SLOWS 2>/dev/null

# ---- Prometheus ----
like "promtool has nothing against the metrics" "$(get $page/metrics | promtool check metrics 2>&1; echo "exit $?")" '^exit 0$'
cat >"$D/prometheus.yml" <<X2
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs: [ { job_name: kha, static_configs: [ { targets: [ "127.0.0.1:9000" ] } ] } ]
X2
start prometheus prometheus --config.file="$D/prometheus.yml" --storage.tsdb.path="$D/tsdb" --web.listen-address=127.0.0.1:9090
for ((i = 0; i < 7; i++)); do get http://127.0.0.1:8480/ >/dev/null; done
until_true 5 idle
wanted=$(stat '.services[] | select(.name == "api") | .counters.accepted')
query() { get -G http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" | jq -r '.data.result[0].value[1]'; }
answers() { [ "$(query "$1")" = "$2" ]; }
check "Prometheus knows how many connections there were" \
	until_true 20 answers 'kha_service_sessions_total{service="api"}' "$wanted"
is "and that a server is DOWN" "$(query 'kha_server_status{service="gone",state="DOWN"}')" 1
# ---- a reader of HAProxy's CSV ----
start exporter prometheus-haproxy-exporter --web.listen-address=127.0.0.1:9091 "--haproxy.scrape-uri=$page/stats;csv"
until_true 10 listens 9091
exported() { get http://127.0.0.1:9091/metrics | awk -v m="$1" '$1 == m { print $2 }'; }
is "HAProxy's exporter finds the page" "$(exported haproxy_up)" 1
is "and nothing wrong in it" "$(exported haproxy_exporter_csv_parse_failures_total)" 0
is "it knows the connections of the service" "$(exported 'haproxy_frontend_connections_total{frontend="api"}')" "$wanted"
is "a server that is UP" "$(exported 'haproxy_server_up{backend="api",server="127.0.0.1:9101"}')" 1
is "one that is not" "$(exported 'haproxy_server_up{backend="gone",server="127.0.0.1:9109"}')" 0
is "and both servers' connections" "$(exported 'haproxy_backend_sessions_total{backend="api"}')" "$wanted"
is "Prometheus knows how old the daemon is" "$(query 'time() - kha_start_time_seconds < bool 600')" 1
finish
