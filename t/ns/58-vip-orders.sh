#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What moves a VIP beside deaths: kha vip take, release and ready, scripts with weights, a reload, a node
# without workers; and who is told.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vip-lib.sh"
once_for_all_engines
vrrp_is_replaced
story "a VIP is moved: orders, scripts, no worker"

export GLOBAL='workers = 1; log_level = "info";'
vip_nodes a b
for n in a b; do node_web "$n" 127.0.0.1:7443; done
# A process that sanitizers watch takes longer to be replaced.
advert="advert = \"$((100 * SLOW))ms\";"
kha_vip "$advert"
for n in a b; do kha_node_start $n; done
v() { "$KHA" vip -r "$D/$1/run" "${@:2}" >"$D/v.out" 2>&1; }
steady() { vip_is "$1" state MASTER && owner_is "$1"; }
check "a has it" until_true 5 steady a
probe_start
check "the client reaches a" answered_by a

# ---- orders ----
# moves NAME FROM TO NODE VERB: without a failed connect, and what was open is reset
moves() {
	local t pid
	start hold nsenter -t "${NODE_PID[client]}" -n -- "$TOOLS/peer" connect $VIP:6443 reset
	pid=$LAST
	until_true 5 carries "$2" || not_ok "$1: a client holds a connection"
	t=$(now_ms)
	check "$1: done" v "$4" "$5"
	check "$1: $3 has it" until_true 2 steady "$3"
	check "$1: the client reaches $3" answered_by "$3"
	probe_moved "$1" "$t"
	check "$1: the open connection saw a RST" until_true 3 ended "$pid"
	wait "$pid" || not_ok "$1: it saw something else: $(tail -n 1 "$D/hold.err")"
}
carries() { [ "$(kha_node_stat "$1" .kha.totals.active)" -ge 1 ]; }
moves "take" a b b take
moves "take back" b a a take
moves "release" a b a release
is "it stays out" "$(vip a state)" RELEASED
"$KHA" vip -r "$D/a/run" >"$D/v.out"
like "kha vip says so" "$(cat "$D/v.out")" 'RELEASED for .*owner 10\.77\.0\.2'
node_reload() { "$KHA" -s reload -r "$D/$1/run" >"$D/reload.out" 2>&1; }
sed -i "s/$advert/$advert garp = { refresh = \"29s\"; };/" "$D"/[ab]/kha.conf
check "reload of the released node" node_reload a
check "it is still released" until_vip 2 a state RELEASED
check "ready" v a ready
is "a listens again" "$(vip a state)" BACKUP
kha_node_stop a
v b release && not_ok "b may not leave when nobody takes over"
like "b alone: refused" "$(cat "$D/v.out")" 'refused: '
check "b keeps it" steady b
kha_node_start a
check "a is back" until_vip 5 a state BACKUP
# Until then it is refused: there is nobody to outbid.
check "and has heard the owner" until_vip 5 a owner 10.77.0.2
v a nonsense; is "an unknown name: exit code" $? 1
v a take now; is "a word too many: exit code" $? 2
check "take" v a take

# ---- a reload does not move it ----
t=$(now_ms) moved=$(vip b transitions)
for i in 1 2 3; do
	sed -i "s/refresh = \"[0-9]*s\"/refresh = \"2${i}s\"/" "$D"/[ab]/kha.conf
	node_reload a || not_ok "reload $i: $(cat "$D/reload.out")"
	until_vip 2 a state MASTER || not_ok "reload $i: MASTER"
done
is "3 reloads: failed connects" "$(probe_failed "$t")" 0
is "and b saw nothing" "$(vip b transitions)" "$moved"

t=$(now_ms)
sed -i "s/addresses = \"$VIP\"/addresses = [ \"$VIP\", \"10.77.0.11\" ]/" "$D"/[ab]/kha.conf
check "reload with one address more" node_reload a
check "it comes" until_true 2 has a 10.77.0.11
sed -i "s/addresses = \[.*11\" \]/addresses = \"$VIP\"/" "$D"/[ab]/kha.conf
check "reload without it" node_reload a
check "it goes" until_true 2 has_not a 10.77.0.11
check "the other stays" steady a
is "failed connects meanwhile" "$(probe_failed "$t")" 0
is "b saw nothing" "$(vip b transitions)" "$moved"

# ---- nobody serves ----
stopped=$(kha_process a checker)
check "the checker of a is there" test -n "$stopped"
worker=$(kha_node_stat a '.workers[0].pid')
t=$(now_ms)
kill -STOP "$worker"
check "the only worker of a stands still: b has it" until_true 5 steady b
say "moved $(probe_first "$t" b) ms after the worker stopped"
check "a says why" until_vip 3 a fault "no worker lives and accepts"
kill -CONT "$worker" 2>/dev/null
check "a is well again" until_vip 8 a state BACKUP
check "and takes it" v a take
check "the client reaches a" answered_by a
t=$(now_ms)
# A worker inherits that: as many as it has when it is ready, and none for clients. The least of many looks is
# one without a client.
first_free() {
	local n least=100000
	for _ in $(seq 50); do
		n=0
		while [ -e "/proc/$1/fd/$n" ]; do n=$((n + 1)); done
		[ $n -lt $least ] && least=$n
	done
	echo $least
}
prlimit --pid "${NODE_KHA[a]}" --nofile="$(first_free "$(kha_node_stat a '.workers[0].pid')"):"
kill -9 "$(kha_node_stat a '.workers[0].pid')"
check "the only worker of a has no descriptors left: b has it" until_true 8 steady b
say "moved $(probe_first "$t" b) ms after the limit"
check "a says why" until_vip 3 a fault "no worker lives and accepts"
prlimit --pid "${NODE_KHA[a]}" --nofile=4096:
kill -9 "$(kha_node_stat a '.workers[0].pid')"
check "a is well again" until_vip 8 a state BACKUP
probe_stop
for n in a b; do kha_node_stop $n; done

# ---- scripts and notify ----
for n in a b; do
	printf '#!/bin/sh\necho "$*" >>%s/told-%s\n' "$D" "$n" >"$D/notify-$n"
	chmod 755 "$D/notify-$n"
done
cat >"$D/script" <<X
#!/bin/sh
# script NODE NAME: of its own namespace
test -e $D/\$2-\$1
X
chmod 755 "$D/script"
script() { echo "{ command = \"$D/script NODE $1\"; user = \"root\"; interval = \"100ms\"; rise = $2; fall = $3; weight = $4; timeout = \"1s\"; }"; }
kha_file <<X
nodes = ( { addresses = "10.77.0.1"; priority = 150; }, { addresses = "10.77.0.2"; priority = 140; } );
$(kha_vip_body "advert = \"100ms\"; preempt = true; notify = \"$D/notify-NODE\";
	track = { scripts = ( $(script zero 1 1 0), $(script plus 2 2 20), $(script minus 1 3 -30) ); };")
X
for n in a b; do sed -i "s/NODE/$n/g" "$D/$n/kha.conf"; done
touch "$D"/{minus,zero}-{a,b}
for n in a b; do kha_node_start $n; done
priority_is() { vip_is "$1" priority "$2"; }
check "scripts: a has it" until_true 5 steady a
base=$(vip a base_priority) other=$(vip b base_priority)
touch "$D/plus-b"
check "weight 20, good: added" until_true 3 priority_is b $((other + 20))
check "and b takes it" until_true 3 steady b
touch "$D/plus-a"
check "a is the better one again" until_true 3 steady a
rm "$D/minus-a"
check "weight -30, failing: taken away" until_true 3 priority_is a $((base + 20 - 30))
check "b has it" until_true 3 steady b
touch "$D/minus-a"
check "and back" until_true 3 steady a
rm "$D/zero-a"
check "weight 0, failing: FAULT" until_vip 3 a state FAULT
is "with a reason" "$(vip a fault)" "a tracked script fails"
check "b has it at once" until_true 2 steady b
touch "$D/zero-a"
check "a again" until_true 3 steady a
# Replaced: one that is being executed cannot be written.
script_is() {
	printf '#!/bin/sh\n%s\n' "$1" >"$D/script.new"
	chmod 755 "$D/script.new"
	mv "$D/script.new" "$D/script"
}
script_is 'sleep 600'
check "a script that does not end: FAULT on both, nobody has it" until_true 8 owner_is ""
script_is 'exit 0'
check "and back" until_true 8 steady a
for n in a b; do kha_node_stop $n; done
check "no script is left" test -z "$(pgrep -f "$D/script")"
told() { awk '{ print $1, $3 }' "$D/told-$1" | uniq -d | wc -l; }
is "notify: INSTANCE NAME STATE PRIORITY" \
	"$(awk '$1 == "INSTANCE" && $2 == "'"$(awk '{ print $2; exit }' "$D/told-a")"'" && $3 ~ /^(MASTER|BACKUP|FAULT)$/ && $4 > 0 { n++ } END { print n == NR }' "$D/told-a")" 1
is "each change once, in order: repeated words" "$(told a) $(told b)" "0 0"
is "the last word at the end" "$(tail -n 1 "$D/told-a" | cut -d' ' -f3)" BACKUP
vip_finish
