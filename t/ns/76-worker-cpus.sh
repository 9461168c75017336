#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# global.worker_cpus keeps workers, and nobody else, on CPUs; what cannot be is said and serves on.
. "$(dirname "$0")/lib.sh"

mask() { awk '/^Cpus_allowed_list:/ { print $2 }' "/proc/$1/status"; }
ALL=$(mask $$)
# shellcheck disable=SC2207 # numbers
cpus=($(tr ',' '\n' <<<"$ALL" | awk -F- '{ for (i = $1; i <= $NF; i++) print i }'))
A=${cpus[0]} B=${cpus[-1]}
[ "$A" = "$B" ] && skip_story "needs two CPUs"
story "workers stay on the CPUs of the list, through deaths and reloads; bad lists are refused"

web n1 9101
services() { # OPTIONS of global
	GLOBAL="log_level = \"notice\"; drain_timeout = \"1s\"; $1" conf <<-X
		services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp"; log_connections = "none";
		check = { type = "none"; }; servers = ( "127.0.0.1:9101" ); } );
	X
}
# cpu SLOT: as the segment has it; "null": any
cpu() { stat ".workers[] | select(.slot == $1 and .draining == false) | .cpu"; }
# on_cpu SLOT CPU: the segment and the kernel agree
on_cpu() { is "worker $1: $3" "$(cpu "$1") $(mask "$(worker_pid "$1")")" "$2 $2"; }
on_any() { is "worker $1: $3" "$(cpu "$1") $(mask "$(worker_pid "$1")")" "null $2"; }
accepting() { stat '[.workers[] | select(.ready and .draining == false)] | length'; }
accepting_are() { [ "$(accepting)" = "$1" ]; }
answers() { curl -s -m 5 http://127.0.0.1:8443/; }
said() { grep -cE "$1" "$D/kha.log"; }

services "worker_cpus = \"$B,$A\";"
kha_start
until_true 5 accepting_are 2
is "workers = \"auto\" are as many as the list has" "$(accepting)" 2
on_cpu 0 "$B" "the first of the list"
on_cpu 1 "$A" "the second"
is "the master is not kept" "$(mask "$KHA_PID")" "$ALL"
for kind in checker logger web; do
	is "nor is its $kind" "$(mask "$(process $kind)")" "$ALL"
done
like "kha status shows it" "$("$KHA" status -r "$RUN" | grep -E '^0 ')" " $B\$"
is "it serves" "$(answers)" n1

# ---- a death ----
old=$(worker_pid 0)
kill -KILL "$old"
back() { [ "$(worker_pid 0)" != "$old" ] && [ "$(accepting)" = 2 ]; }
check "a killed worker is back" until_true 5 back
on_cpu 0 "$B" "where it was"

# ---- reloads ----
load churn -a 127.0.0.1:8443 -c 20 -1 -d 600
churn=$LAST
services 'workers = 3; worker_cpus = "auto";'
check "reload to auto" reload
on_cpu 0 "$A" "the first that kha may use"
on_cpu 1 "${cpus[1]}" "the next"
on_cpu 2 "${cpus[2]:-$A}" "the next, going round"
services 'workers = 2;'
check "reload to none" reload
on_any 0 "$ALL" "runs on all again"
on_any 1 "$ALL" "runs on all again"
services "workers = 2; worker_cpus = \"$A\";"
check "reload to one CPU" reload
on_cpu 0 "$A" "on it"
on_cpu 1 "$A" "on it as well"
end $churn
is "errors of clients under reloads" "$(result churn errors)" 0

# ---- what is no list ----
before=$(worker_pid 0)
refused() { # VALUE WHY
	services "workers = 2; worker_cpus = $1;"
	if out=$(reload 2>&1); then not_ok "reload with $1 is refused"
	else like "$1 is refused" "$out" "kha.conf:1: global.worker_cpus: .*$2"; fi
	if "$KHA" -t -c "$D/kha.conf" >/dev/null 2>&1; then not_ok "kha -t finds $1"; fi
}
refused '"all"' 'wants "none", "auto", or CPUs and ranges like'
refused '""' 'must not be empty'
refused '"0-"' 'wants "none", "auto", or CPUs and ranges like'
refused '"5-2"' 'from the smaller number to the greater'
refused '"1,0-1"' 'stands twice'
refused '"0,1024"' 'no CPU has a number above 1023'
refused '0' 'wants a string in quotes'
is "the workers are those of before" "$(worker_pid 0)" "$before"
on_cpu 0 "$A" "and stay where they were"

# ---- a CPU that is not there ----
if [ "$(getconf _NPROCESSORS_CONF)" -le 1023 ]; then
	services "workers = 2; worker_cpus = \"$A,1023\";"
	like "a CPU that this machine has not is said by kha -t" "$("$KHA" -t -c "$D/kha.conf" 2>&1)" \
		'global.worker_cpus: this machine has no CPU 1023'
	like "and by the reload, which goes on" "$(reload 2>&1)" 'no CPU 1023'
	on_cpu 0 "$A" "on its CPU"
	on_any 1 "$ALL" "on any"
	like "its log line says what to do" "$(grep 'worker/1' "$D/kha.log")" \
		"warning: .*CPU 1023 of global.worker_cpus is not among them \(.*\); change worker_cpus"
	is "it serves" "$(answers)" n1
fi
check "the last generation is gone" until_true 10 stat_is '.workers | length' 2
kha_stop

# ---- a CPU that others took away ----
: >"$D/kha.log"
services "worker_cpus = \"$B,$A\";"
taskset -cp "$A" $$ >/dev/null
kha_start
taskset -cp "$ALL" $$ >/dev/null
until_true 5 accepting_are 2
on_any 0 "$A" "does not take what it may not have"
on_cpu 1 "$A" "keeps to the one that is left"
is "one warning" "$(said "worker/0: warning: .*CPU $B of global.worker_cpus is not among them \($A\)")" 1
is "it serves" "$(answers)" n1
finish
