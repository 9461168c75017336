#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Reloads while servers are on their way: at 1/2 UP, failing, in slow start, in drain, in maint.
. "$(dirname "$0")/lib.sh"
once_for_all_engines
story "a reload in the middle of anything: all goes on as if there had been none"

webs plain s1 9101 s2 9102 s3 9103 s4 9104 s5 9105 r1 9201 r2 9202 f1 9211 f2 9212 p1 9221 p2 9222
ramp=$((SLOW > 1 ? 20000 : 10000)) window=10000 # ms
s() { echo "{ name = \"$1\"; address = \"127.0.0.1:$2\"; ${3:-} }"; }
# services WORKERS IDLE WEIGHT-OF-s4: another number of workers needs new ones, the rest does not
services() {
	local more="preset = \"tcp\"; log_connections = \"none\"; timeout = { idle = \"$2\"; };"
	local fast='interval = "100ms"; down_interval = "100ms"; fast_interval ='
	GLOBAL="workers = $1; log_level = \"info\";" conf <<-X
		services = (
		{ name = "api"; listen = "127.0.0.1:8440"; $more check = { $fast "100ms"; };
		  servers = ( $(s s1 9101), $(s s2 9102), $(s s3 9103), $(s s4 9104 "weight = $3;"), $(s s5 9105) ); },
		{ name = "rises"; listen = "127.0.0.1:8441"; $more check = { $fast "${window}ms"; fall = 1; };
		  servers = ( $(s r1 9201), $(s r2 9202) ); },
		{ name = "falls"; listen = "127.0.0.1:8442"; $more check = { $fast "${window}ms"; };
		  servers = ( $(s f1 9211), $(s f2 9212) ); },
		{ name = "ramp"; listen = "127.0.0.1:8443"; $more check = { $fast "100ms"; };
		  balance = "roundrobin"; slow_start = "${ramp}ms"; servers = ( $(s p1 9221), $(s p2 9222) ); } );
	X
}
of() { stat ".services[] | select(.name == \"$1\") | .servers[] | select(.name == \"$2\") | .counters + . | .$3"; }
of_is() { [ "$(of "$1" "$2" "$3")" = "$4" ]; }
verb() { "$KHA" server "$@" -r "$RUN" >/dev/null || not_ok "kha server $*"; }
refuse() { # PORTS
	nft -f - <<-X || not_ok "nftables"
		table inet t
		delete table inet t
		table inet t { chain c { type filter hook output priority 0;
			tcp dport { $1 } tcp flags & (syn|ack) == syn reject with tcp reset; }; }
	X
}

services 2 1h 100
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 11 || not_ok "all UP"
verb s2 drain
verb s3 maint
verb s4 weight 40
verb s5 drain --for 1h
refuse 9222
until_true 5 of_is ramp p2 state DOWN || not_ok "p2 is DOWN"
refuse 9201
until_true 5 of_is ramp p2 state UP || not_ok "p2 is UP"
until_true 5 of_is rises r1 state DOWN || not_ok "r1 is DOWN"
climbed() { [ "$(of ramp p2 since_ms)" -gt $((ramp * 3 / 10)) ]; }
until_true 10 climbed || not_ok "p2 is in the middle of its slow start"
refuse 9211
until_true 5 of_is rises r1 check.health 1 || not_ok "r1 is at 1/2 UP"
begun=$(now_ms)
until_true 5 of_is falls f1 check.health 3 || not_ok "f1 has failed once"

# What must not change: all but times, and the counters of those that are checked meanwhile.
picture() {
	stat '.services[].servers[] | [.name, .state, .health, .admin, .admin_until_at_ms, .weight,
		.weight_configured, .weight_until_at_ms, .check.result, .check.text, .check.health, .check.rise,
		.check.fall, .counters.up_down, .counters.failures] | @text'
}
# Those whose next check is far away: not one was made.
checks() { echo "$(of rises r1 checks) $(of falls f1 checks) $(of api s3 checks)"; }
# Since when each is in its state, on the wall's clock.
since() { stat ".services[].servers[] | \"\(.name) \($(now_ms) - .since_ms)\"" | sort; }
was=$(picture) checked=$(checks)
since >"$D/since"
like "r1 is at 1/2 UP" "$(grep '"r1"' <<<"$was")" '"r1","DOWN","DOWN","ready",.*,"L4OK",.*,1,2,1,1,[0-9]+]'
like "f1 has failed once" "$(grep '"f1"' <<<"$was")" '"f1","UP","UP",.*,"L4CON",.*,3,2,3,0,1]'
refuse 9999

same() { # NAME
	is "$1: all states are the same" "$(diff <(echo "$was") <(picture))" ""
	is "$1: none was checked for it" "$(checks)" "$checked"
	at_most "$1: ms that a state's begin has moved" "$(since | join "$D/since" - |
		awk '{ d = $3 > $2 ? $3 - $2 : $2 - $3; if (d > max) max = d } END { print max + 0 }')" $((1000 * SLOW))
}

# Each reload has a new checker, and what counts is what that one makes of it: the old one is gone,
# and s1, which is checked all the time, was checked again.
checker=$(process checker)
checked_again() { [ "$(of api s1 checks)" -gt "$n" ]; }
is_another() { [ -n "$(process checker)" ] && [ "$(process checker)" != "$checker" ]; }
other_checker() {
	until_true 5 is_another && until_true 5 all_ended "$checker" || not_ok "there is another checker"
	checker=$(process checker) n=$(of api s1 checks)
	until_true 5 checked_again || not_ok "that checks"
}
services 2 2h 100
check "reload" reload
other_checker
same "reload"
services 3 2h 100
check "reload with new workers" reload
other_checker
same "new workers"
kill -KILL "$checker"
other_checker
same "checker killed"

# ---- and goes on: slow start in its middle ----
before=$(of ramp p2 since_ms)
load ramp -a 127.0.0.1:8443 -c 4 -n 300 -1
loaded ramp "$LAST"
after=$(of ramp p2 since_ms)
say "p2 is UP for $before ms, and has $(result ramp servers.p2) connections where p1 has $(result ramp servers.p1)"
at_most "slow start: percentage points that p2 is off the line" "$(awk -v from="$before" -v to="$after" \
	-v ramp=$ramp -v n="$(result ramp servers.p2)" -v of="$(result ramp servers.p1)" 'BEGIN {
		is = 100 * n / of; low = 100 * from / ramp; high = 100 * to / ramp
		if (low > 100) low = 100
		if (high > 100) high = 100
		print (is < low ? low - is : is > high ? is - high : 0) }')" 10

# ---- the other pass of r1 and f1, when it was due before ----
check "r1 is UP" until_true 25 of_is rises r1 state UP
took=$(($(now_ms) - begun))
check "not earlier than without reloads ($took ms)" test "$took" -ge $((window * 3 / 4))
at_most "nor much later" "$took" $((window * 2 * SLOW))
like "by its second pass" "$(grep 'server rises/r1 is UP' "$D/kha.log" | tail -n 1)" '2 of 2 passed'
at_top() { [ "$(of falls f1 check.health)" -ge 4 ]; }
check "f1 forgets its failure" until_true 25 at_top
is "and was never away" "$(of falls f1 '| "\(.state) \(.up_down) \(.failures)"')" "UP 0 1"

# ---- the file wins where it has changed, and only there ----
picture() {
	stat '.services[0].servers[] | [.name, .state, .health, .admin, .admin_until_at_ms, .weight,
		.weight_configured, .check.result, .check.health] | @text'
}
was=$(picture)
services 3 2h 70
out=$(reload)
is "reload with another weight" $? 0
like "it is said whose it is" "$out" 'weight of api/s4 is the file.s again: 40 -> 70'
check "by the log, too" until_true 3 grep -q "weight of api/s4 is the file's again: 40 -> 70" "$D/kha.log"
like "its weight" "$(grep '"s4"' <<<"$(picture)")" ',70,70,'
is "all others have what the operator gave them" "$(grep -v '"s4"' <<<"$(picture)")" "$(grep -v '"s4"' <<<"$was")"
is "drain and maint are still there" \
	"$(stat '[.services[0].servers[] | "\(.state) \(.admin)"] | join(", ")')" \
	"UP ready, DRAIN drain, MAINT maint, UP ready, DRAIN drain"
finish
