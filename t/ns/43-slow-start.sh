#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Slow start: what a server gets that was DOWN, or is new, grows with the time that it is UP.
. "$(dirname "$0")/lib.sh"
once_for_all_engines
story "slow start of weight and max_connections, over reloads; none at a cold start"

webs plain s1 9101 s2 9102 s3 9103
ramp=8000 # ms
places=40
s() { echo "{ name = \"s$1\"; address = \"127.0.0.1:910$1\"; ${2:-} }"; }
both="$(s 1), $(s 2)"
# services WORKERS IDLE [SERVERS]: a limit of workers needs new ones, the rest does not
services() {
	local same="preset = \"tcp\"; slow_start = \"${ramp}ms\"; log_connections = \"none\";
		check = { interval = \"100ms\"; fast_interval = \"100ms\"; down_interval = \"100ms\"; };
		timeout = { queue = \"60s\"; idle = \"$2\"; };"
	GLOBAL="workers = $1; log_level = \"info\";" conf <<-X
		services = (
		{ name = "rr"; listen = "127.0.0.1:8440"; balance = "roundrobin"; $same servers = ( $both ); },
		{ name = "least"; listen = "127.0.0.1:8441"; balance = "leastconn"; $same servers = ( $both ); },
		{ name = "places"; listen = "127.0.0.1:8442"; $same
		  servers = ( $(s 2 "max_connections = $places;") ); },
		{ name = "grown"; listen = "127.0.0.1:8443"; balance = "roundrobin"; $same
		  servers = ( ${3:-$(s 1)} ); } );
	X
}
of() { stat ".services[] | select(.name == \"$1\") | .servers[] | select(.name == \"$2\") | .counters + . | .$3"; }
of_is() { [ "$(of "$1" "$2" "$3")" = "$4" ]; }
# began SERVICE SERVER: when it came UP
began() { echo $(($(now_ms) - $(of "$1" "$2" since_ms))); }
# shares NAME PORT N: of N new connections, those of each server
shares() {
	load "$1" -a "127.0.0.1:$2" -c 4 -n "$3" -1
	loaded "$1" "$LAST"
	result "$1" 'servers | "\(.s1 // 0) \(.s2 // 0) \(.s3 // 0)"'
}
# hold NAME PORT N: N clients that stay
hold() { load "$1" -a "127.0.0.1:$2" -c "$3" -i 100000000 -d 600 -y -x; }

services 2 1h
kha_start
until_stat 5 '[.services[].servers[] | select(.state == "UP")] | length' 6 || not_ok "all UP"
is "cold start: equal shares at once" "$(shares cold 8440 200)" "100 100 0"
hold cold-places 8442 $places
check "and all places" until_true 5 grep -q ready "$D/cold-places.out"
end "$LAST"

# ---- s2 goes and comes ----
nft "table inet t { chain c { type filter hook output priority 0;
	tcp dport 9102 tcp flags & (syn|ack) == syn reject with tcp reset; }; }" || not_ok "nftables"
for each in rr least places; do
	until_true 5 of_is $each s2 state DOWN || not_ok "$each: s2 is DOWN"
done
is "DOWN: nothing for it" "$(shares down 8440 200)" "200 0 0"
nft delete table inet t
for each in rr least places; do
	until_true 5 of_is $each s2 state UP || not_ok "$each: s2 is UP"
done
rr=$(began rr s2) least=$(began least s2) filling=$(began places s2)
hold places 8442 $places
waiting=$LAST

# sample SERIES BEGAN FROM TO GOT OF: at some moment between FROM and TO, GOT of OF
sample() {
	awk -v from=$(($3 - $2)) -v to=$(($4 - $2)) -v ramp=$ramp -v got="$5" -v of="$6" 'BEGIN {
		low = 100 * from / ramp; high = 100 * to / ramp
		if (low > 100) low = 100
		if (high > 100) high = 100
		is = of > 0 ? 100 * got / of : 999
		off = is < low ? low - is : is > high ? is - high : 0
		printf "%d %.1f %.1f %.1f %.1f\n", to, low, high, is, off }' >>"$D/$1.samples"
}
# Shares of new connections: of roundrobin exactly, therefore a few hundred are enough.
sample_shares() { # SERIES PORT BEGAN SERVER
	local from n1 n2 n3
	from=$(now_ms)
	read -r n1 n2 n3 <<<"$(shares "$1" "$2" 300)"
	is_ok "$1"
	sample "$1" "$3" "$from" "$(now_ms)" $((n2 + n3)) "$n1"
}
is_ok() { [ "$(result "$1" errors)" = 0 ] || not_ok "$1: errors: $(result "$1" errors)"; }
sample_held() {
	local from n
	from=$(now_ms)
	hold least 8441 80
	until_true 10 grep -q ready "$D/least.out" || not_ok "least: all are there"
	n=$(stat '.services[1].servers | "\(.[1].counters.active) \(.[0].counters.active)"')
	# shellcheck disable=SC2086 # two numbers
	sample least "$least" "$from" "$(now_ms)" $n
	end "$LAST"
	until_true 5 stat_is '[.services[1].servers[].counters.active] | add' 0 || not_ok "least: they are gone"
}
sample_places() {
	local from n
	from=$(now_ms)
	n=$(of places s2 active)
	sample places "$filling" "$from" "$(now_ms)" "$n" $places
}

for ((i = 1; i <= 16; i++)); do
	due=$((rr + i * ramp / 17)) now=$(now_ms)
	[ "$due" -gt "$now" ] && sleep "$(awk -v ms=$((due - now)) 'BEGIN { print ms / 1000 }')"
	sample_shares rr 8440 "$rr" s2
	sample_places
	((i % 2)) && sample_held
	case $i in
	6)
		generation=$(stat .kha.generation)
		services 2 2h "$(s 1), $(s 3)"
		check "reload in the middle, without new workers" reload
		is "the workers stay" "$(stat .kha.generation)" "$generation"
		until_true 5 of_is grown s3 state UP || not_ok "s3 is UP"
		grown=$(began grown s3)
		;;
	8 | 12 | 16) sample_shares grown 8443 "$grown" s3 ;;
	10)
		services 3 2h "$(s 1), $(s 3)"
		check "reload in the middle, with new workers" reload
		check "the workers are new" test "$(stat .kha.generation)" -gt "$generation"
		;;
	esac
done
until_true 5 grep -q ready "$D/places.out" || not_ok "places: all are there in the end"
end "$waiting"

# worst SERIES LIMIT: what the worst of its samples is off
worst() {
	say "$1, at ms: $(awk '{ printf "%s%d %.0f %%", (NR > 1 ? ", " : ""), $1, $4 }' "$D/$1.samples")"
	at_most "$1: percentage points that the worst of $(wc -l <"$D/$1.samples") samples is off the line" \
		"$(awk '$5 > max { max = $5 } END { print max + 0 }' "$D/$1.samples")" "$2"
}
# By more than what two samples may be off: a busy machine takes some that are close to each other, and new
# workers begin the round robin anew.
falls() { awk 'NR > 1 && $4 < last - 8 { n++ } { last = $4 } END { print n + 0 }' "$D/$1.samples"; }
# In points of its weight. In points of all new connections, which is what users see, it is half of that.
worst rr 15
worst places 10
worst least 15
is "rr: times that its share fell" "$(falls rr)" 0
is "least: times that its share fell" "$(falls least)" 0
is "places: times that they became fewer" "$(falls places)" 0
check "places: one at least from the first moment" \
	awk 'NR == 1 { exit !($4 > 0) }' "$D/places.samples"
worst grown 10

# ---- the end of it ----
# Workers look at what changes with time alone each 250 ms: until then some have the old shares.
over() { [ "$(now_ms)" -gt $(($1 + ramp + 1000)) ]; }
until_true 20 over "$rr" || not_ok "that time passes"
# Each worker may be in the middle of a turn.
equal() { # NAME PORT
	local n
	n=$(shares "$1" "$2" 200 | cut -d' ' -f1)
	at_most "$1 equal shares, 100 of 200, but for" $((n > 100 ? n - 100 : 100 - n)) 4
}
equal afterwards 8440
until_true 20 over "$grown" || not_ok "that time passes"
equal added 8443
finish
