#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# rsyslog, Debian's, receives through /dev/log and UDP: facility, severity, program, pid, text. It is
# started here, with its own configuration; /dev is this story's own, so that the machine's syslog hears
# nothing.
if [ "$(id -u)" = 0 ] && [ -z "${KHA_OWN_DEV:-}" ]; then
	KHA_OWN_DEV=1 exec unshare -m --propagation private -- bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
once_for_all_engines
story "syslog: a real daemon, its restart, and targets with levels"

mkdir "$D/dev" && mount -t tmpfs -o mode=755 tmpfs "$D/dev"
for f in null zero full random urandom tty; do
	: >"$D/dev/$f" && mount --bind "/dev/$f" "$D/dev/$f" || { not_ok "a /dev of our own"; exit 1; }
done
ln -s /proc/self/fd "$D/dev/fd"
mount --move "$D/dev" /dev || { not_ok "a /dev of our own"; exit 1; }

# What a line becomes: facility severity program pid text
cat >"$D/rsyslog.conf" <<X
global(workDirectory="$D" parser.permitSlashInProgramName="on")
module(load="imuxsock" SysSock.Use="off")
module(load="imudp")
input(type="imuxsock" Socket="/dev/log" UseSysTimeStamp="off" ruleset="unix" RateLimit.Interval="0")
input(type="imudp" address="127.0.0.1" port="5514" ruleset="udp")
input(type="imudp" address="::1" port="5515" ruleset="udp6")
template(name="line" type="string" string="%syslogfacility-text% %syslogseverity-text% %programname% %procid% %timereported:::date-rfc3339%%msg%\n")
ruleset(name="unix") { action(type="omfile" file="$D/unix" template="line") }
ruleset(name="udp") { action(type="omfile" file="$D/udp" template="line") }
ruleset(name="udp6") { action(type="omfile" file="$D/udp6" template="line") }
X
syslog_start() {
	start rsyslog rsyslogd -n -f "$D/rsyslog.conf" -i "$D/rsyslogd.pid"
	SYSLOG=$LAST
	until_true 10 test -S /dev/log || not_ok "rsyslog listens at /dev/log"
	until_true 10 udp_listens || not_ok "rsyslog listens at UDP"
}
udp_listens() { [ "$(ss -Hlun 'sport = :5514 or sport = :5515' | wc -l)" = 2 ]; }

web n1 9101
cat >"$D/kha.conf" <<X
global = { run_dir = "$RUN"; $ENGINE $SANDBOX workers = 1;
	log = [ "syslog:local0", "udp:127.0.0.1:5514:local1", "udp:[::1]:5515:daemon:warning",
		"$D/kha.log", "$D/important.log:warning", "stderr:err" ]; };
services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp";
	servers = ( { name = "cp-1"; address = "127.0.0.1:9101"; },
		{ name = "cp-2"; address = "127.0.0.1:9109"; } ); },
	{ name = "dead"; listen = "127.0.0.1:8444"; preset = "tcp"; servers = ( { name = "cp-9"; address = "127.0.0.1:9109"; } ); } );
X

# syslog comes later than kha, as at a boot: nothing is lost
kha_start
until_true 10 grep -q 'has no usable server' "$D/kha.log" || not_ok "it has something to say"
check "nobody listens at /dev/log" test ! -e /dev/log
syslog_start
curl -s http://127.0.0.1:8443/ >/dev/null
got() { grep -qE -- "$2" "$D/$1"; }
# arrives FILE NAME REGEX
arrives() { until_true 10 got "$1" "$3" && ok "$1: $2" || { not_ok "$1: $2"; sed 's/^/# /' "$D/$1" | head -n 5; }; }
master=$KHA_PID checker=$(process checker) worker=$(worker_pid 0)
when='20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+\+00:00'
arrives unix "what was said before syslog came" "^local0 notice kha $master $when master: kha [0-9.]+ ready"
arrives unix "err" "^local0 err kha $checker $when checker: service dead has no usable server$"
arrives unix "warning" "^local0 warning kha $checker $when checker: server api/cp-2 is DOWN: L4CON "
arrives unix "notice" "^local0 notice kha $checker $when checker: server api/cp-1 is UP: L4OK "
arrives unix "info: a connection" "^local0 info kha $worker $when worker/0: 127\.0\.0\.1:[0-9]+ \[.*\] api api/cp-1 .* -- .* 127\.0\.0\.1:[0-9]+$"
curl -s http://127.0.0.1:8443/ >/dev/null
arrives udp "info: a connection" "^local1 info kha $worker $when worker/0: 127\.0\.0\.1:[0-9]+ \[.*\] api api/cp-1 .* -- "
"$KHA" server api/cp-1 maint --force -r "$RUN" >/dev/null
arrives udp "an operator's order" "^local1 [a-z]+ kha $master $when master: .*api/cp-1: UP -> MAINT"
"$KHA" server api/cp-1 ready -r "$RUN" >/dev/null
until_stat 10 '.services[0].servers[0].state' UP || not_ok "cp-1 returns"
# A change of state over IPv6, and nothing less than a warning.
web n2 9109
until_stat 10 '.services[1].servers[0].state' UP || not_ok "cp-9 comes"
: >"$D/udp6"
end "$LAST"
arrives udp6 "warning" "^daemon warning kha $checker $when checker: server dead/cp-9 is DOWN: L4CON "
arrives udp6 "err" "^daemon err kha $checker $when checker: service dead has no usable server$"
is "udp6: nothing that is less" "$(grep -cvE '^daemon (err|warning) ' "$D/udp6")" 0
is "a file with a level: nothing that is less" "$(grep -cvE ': (err|warning): ' "$D/important.log")" 0
check "and all that is not" grep -qE ' checker: warning: server dead/cp-9 is DOWN' "$D/important.log"
is "stderr with a level: errors alone, behind the start" \
	"$(sed '1,/ready/d' "$D/kha.err" | grep -cvE ': err: ')" 0
check "stderr has them" grep -q 'checker: err: service dead has no usable server' "$D/kha.err"
is "stderr is not the journal: no <N>" "$(grep -c '^<' "$D/kha.err")" 0

# ---- syslog restarts: kha finds it again, and what came meanwhile waits ----

until_stat 5 .kha.log_dropped 0 && ok "nothing was lost" || not_ok "nothing was lost"
end "$SYSLOG"
rm -f /dev/log
for _ in 1 2 3 4 5; do curl -s http://127.0.0.1:8443/ >/dev/null; done
lines_at() { grep -c ' api api/cp-1 ' "$D/$1"; }
want=$(total accepted)
file_has_all() { [ "$(lines_at kha.log)" = "$want" ]; }
until_true 5 file_has_all || not_ok "the file has all lines"
syslog_start
all_there() { [ "$(lines_at unix)" = "$want" ]; }
until_true 10 all_there && ok "all lines of the time without syslog arrive at /dev/log" ||
	not_ok "of $want lines $(lines_at unix) arrive at /dev/log"
curl -s http://127.0.0.1:8443/ >/dev/null
want=$((want + 1))
until_true 10 all_there && ok "and go on" || not_ok "and go on"
is "none was counted as lost" "$(stat .kha.log_dropped)" 0

# ---- reopen ----

mv "$D/kha.log" "$D/kha.log.1"
check "reopen" kha_s reopen >/dev/null
old=$(wc -l <"$D/kha.log.1")
curl -s http://127.0.0.1:8443/ >/dev/null
until_true 5 grep -q ' api api/cp-1 ' "$D/kha.log" && ok "the file is a new one" || not_ok "the file is a new one"
is "and the old one got no more" "$(wc -l <"$D/kha.log.1")" "$old"

# ---- the journal: priorities on stderr, when and only when it is that stream ----

journal() { # NAME JOURNAL_STREAM: the daemon's stderr is the file NAME
	kha_stop
	JOURNAL_STREAM=$2 "$KHA" -c "$D/kha.conf" 2>"$D/$1" >/dev/null </dev/null &
	KHA_PID=$!
	until_true 10 kha_up || not_ok "$1: kha starts"
	until_true 10 grep -q 'has no usable server' "$D/$1" || not_ok "$1: it says something"
}
: >"$D/journal"
journal journal "$(command stat -c %d:%i "$D/journal")"
check "the journal gets priorities, and no dates" grep -qx '<3>checker: service dead has no usable server' "$D/journal"
journal other "$(command stat -c %d:%i "$D/journal")"
check "what is not its stream gets none" grep -qE '^20.* checker: err: service dead has no usable server$' "$D/other"
is "not one" "$(grep -c '^<' "$D/other")" 0
finish
