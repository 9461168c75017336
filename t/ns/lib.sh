# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Integration tests: each runs in a network namespace of its own, as root, so that ports never
# clash and everything ends with it. Speaks TAP. A test file is:
#
#	. "$(dirname "$0")/lib.sh"
#	story "what it shows"
#	...
#	finish
#
# Waits are for facts (until_true, until_stat), bounded, and longer under a sanitizer.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 99
KHA=${KHA:-kha}
case $KHA in /*) ;; *) KHA=$PWD/$KHA ;; esac
TOOLS=${TOOLS_DIR:-o/std/t/tools}
case $TOOLS in /*) ;; *) TOOLS=$PWD/$TOOLS ;; esac
SLOW=${KHA_SAN:+4} SLOW=${SLOW:-1}
[ -n "${KHA_SAN:-}" ] && SANDBOX='sandbox = false;' || SANDBOX=
# make check-long does more of everything that has a number.
MORE=${KHA_LONG:+10} MORE=${MORE:-1}
# KHA_ENGINE chooses the engine of every configuration; without it "auto" does.
ENGINE=${KHA_ENGINE:+engine = \"$KHA_ENGINE\";}
export LC_ALL=C TZ=UTC UBSAN_OPTIONS=print_stacktrace=1

# skip_story WHY: before story
skip_story() { echo "1..0 # SKIP $1"; exit 77; }

[ "$(id -u)" = 0 ] || skip_story "needs root (network namespaces)"
if [ "${KHA_ENGINE:-}" = uring ] && "$KHA" -V | grep -q '^engine: epoll'; then
	skip_story "$("$KHA" -V | grep '^engine:')"
fi
if [ -z "${KHA_NS:-}" ]; then
	KHA_NS=1 exec unshare -n -- bash "$(readlink -f "$0" 2>/dev/null || echo "$0")" "$@"
fi

N=0 BAD=0 PIDS='' KHA_PID='' D=''

# once_for_all_engines: before story, in one that takes long and does not touch the data path
once_for_all_engines() {
	case ${KHA_ENGINE:-}$("$KHA" -V | grep '^engine: uring') in
	epollengine*) skip_story "ran with uring; what it shows does not depend on the engine" ;;
	esac
}

# cpu_ms PID: CPU time of a process so far
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$1/stat"; }

# long_only: before story, in one that waits for minutes for real peers; what it shows of packets and elections
# is in the unit tests and the corpora, too
long_only() {
	[ -n "${KHA_LONG:-}" ] || skip_story "takes a minute or more: in make check-long only"
}

# long_with_sanitizers: before story, in one that waits for minutes for real peers, whose packets the unit
# tests and the corpora show to the sanitizers too
long_with_sanitizers() {
	[ -z "${KHA_SAN:-}" ] || [ -n "${KHA_LONG:-}" ] || skip_story "with sanitizers in make check-long only"
}

story() {
	D=$(mktemp -d /tmp/kha-test.XXXXXX) || exit 99
	chmod 755 "$D"
	RUN=$D/run
	trap 'leave' EXIT
	trap 'exit 99' INT TERM
	ip link set lo up
	echo "# $1"
}

say() { echo "# $*"; }
ok() { N=$((N + 1)); echo "ok $N - $*"; }
not_ok() { N=$((N + 1)) BAD=$((BAD + 1)); echo "not ok $N - $*"; }
# check NAME COMMAND...
check() { local name=$1; shift; if "$@"; then ok "$name"; else not_ok "$name"; fi; }
# is NAME GOT WANTED
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: got '$2', wanted '$3'"; fi; }
# at_most NAME GOT LIMIT, also for fractions
at_most() {
	if [[ ! $2 =~ ^-?[0-9.]+$ || ! $3 =~ ^-?[0-9.]+$ ]]; then
		not_ok "$1: '$2' and '$3' are not both numbers"
	elif awk -v a="$2" -v b="$3" 'BEGIN { exit !(a <= b) }'; then ok "$1 ($2 of at most $3)"
	else not_ok "$1: $2, more than $3"; fi
}
like() { if grep -qE -- "$3" <<<"$2"; then ok "$1"; else not_ok "$1: '$2' is not like '$3'"; fi; }

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# until_true SECONDS COMMAND...: polls.
until_true() {
	local end=$(($(now_ms) + $1 * 1000 * SLOW)); shift
	until "$@"; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.02
	done
}

# start LOGNAME COMMAND...: in the background; its pid in $LAST.
start() {
	local log=$1; shift
	"$@" >"$D/$log.out" 2>"$D/$log.err" </dev/null &
	LAST=$!
	PIDS="$PIDS $LAST"
}
ended() { ! kill -0 "$1" 2>/dev/null || [ "$(awk '{print $3}' "/proc/$1/stat" 2>/dev/null)" = Z ]; }
# end PID: TERM, then wait. CONT goes first: LeakSanitizer stops what ends, and a CONT then leaves it
# stuck for ever.
end() { kill -CONT "$1" 2>/dev/null; kill "$1" 2>/dev/null; wait "$1" 2>/dev/null; }

# ---- kha ----

stat() { "$KHA" stat -r "$RUN" -f json 2>/dev/null | jq -r "$1"; }
stat_is() { [ "$(stat "$1")" = "$2" ]; }
# until_stat SECONDS JQ VALUE
until_stat() { until_true "$1" stat_is "$2" "$3" || { say "stays $(stat "$2"): $2"; return 1; }; }
total() { stat ".kha.totals.$1"; }
# server NAME FIELD: of the first service; a counter's name, or a path
server() { stat ".services[0].servers[] | select(.name == \"$1\") | .counters + . | .$2"; }
server_is() { [ "$(server "$1" "$2")" = "$3" ]; }
workers() { stat '[.workers[] | select(.ready)] | length'; }
worker_pid() { stat ".workers[] | select(.slot == $1 and .draining == false) | .pid"; }
children() { pgrep -P "$KHA_PID"; }

# conf: standard input becomes the file; GLOBAL is added to group global.
conf() {
	{
		echo "global = { run_dir = \"$RUN\"; log = \"$D/kha.log\"; $ENGINE $SANDBOX ${GLOBAL:-} };"
		cat
	} >"$D/kha.conf"
}

ready() { grep -q ' ready' "$D/kha.log" 2>/dev/null && [ "$(workers)" -gt 0 ] 2>/dev/null; }

kha_start() {
	"$KHA" -c "$D/kha.conf" >"$D/kha.out" 2>"$D/kha.err" </dev/null &
	KHA_PID=$!
	until_true 10 kha_up || { not_ok "kha starts"; exit 1; }
}
kha_up() {
	kill -0 "$KHA_PID" 2>/dev/null || return 0
	[ "$(workers)" -gt 0 ] 2>/dev/null
}
kha_s() { "$KHA" -s "$1" -r "$RUN" "${@:2}"; }
reload() { kha_s reload "$@"; }

kha_stop() {
	[ -n "$KHA_PID" ] || return 0
	local pid=$KHA_PID kids rc
	kids=$(children)
	KHA_PID=''
	kill -TERM "$pid" 2>/dev/null
	wait "$pid"
	rc=$?
	is "kha ends with 0" "$rc" 0
	check "no kha process is left" until_true 2 all_ended $kids
}
process() { stat ".processes[] | select(.kind == \"$1\") | .pid"; }
all_ended() { local p; for p; do ended "$p" || return 1; done; }

# Holds at every moment when nothing moves.
books_balance() {
	stat '.kha.totals | .accepted == .active + ([to_entries[] | select(.key | startswith("close_"))
		| .value] | add)' | grep -qx true
}
idle() { stat_is '.kha.totals.active' 0; }

# ---- servers ----

certs() { [ -e "$D/ca.pem" ] || sh t/tools/mkcert.sh "$D"; }

# api NAME PORT [OPTION...]: a TLS API server stand-in on 127.0.0.1; pid in $LAST
api() {
	certs
	start "$1" "$TOOLS/apiserver" -l "127.0.0.1:$2" -c "$D/server.pem" -k "$D/key.pem" -n "$1" \
		"${@:3}"
	until_true 5 grep -q listening "$D/$1.out" || not_ok "$1 listens"
}
# plain NAME PORT: the same without TLS
plain() {
	start "$1" "$TOOLS/apiserver" -l "127.0.0.1:$2" -n "$1" "${@:3}"
	until_true 5 grep -q listening "$D/$1.out" || not_ok "$1 listens"
}
# web NAME PORT [tls]: nginx, Debian's
web() { webs "${3:-plain}" "$1" "$2"; }
# webs tls|plain NAME PORT [NAME PORT...]: one nginx process for all, so that they are equally fast.
# WEB_BODY: what they answer instead of their name; WEB_MORE: more lines for each server.
webs() {
	local how=$1 first=$2 dir=$D/nginx-$2 ports='' ssl='' tls=''
	shift
	mkdir -p "$dir"
	if [ "$how" = tls ]; then
		certs
		ssl=ssl tls="ssl_certificate $D/server.pem; ssl_certificate_key $D/key.pem;"
	fi
	{
		cat <<-X
			daemon off; pid $dir/pid; error_log $dir/error.log; worker_processes 1;
			events { worker_connections 19000; }
			http { access_log off; keepalive_requests 10000000; keepalive_timeout 600s;
			client_header_timeout 600s;
			client_body_temp_path $dir; proxy_temp_path $dir; fastcgi_temp_path $dir;
			uwsgi_temp_path $dir; scgi_temp_path $dir;
		X
		while [ $# -gt 0 ]; do
			cat <<-X
				server { listen 127.0.0.1:$2 $ssl backlog=4096; $tls
				add_header X-Server $1; location / { return 200 "${WEB_BODY:-$1\n}"; }
				location /files/ { alias $D/files/; } ${WEB_MORE:-} }
			X
			ports="$ports $2"
			shift 2
		done
		echo '}'
	} >"$dir/nginx.conf"
	start "$first" nginx -p "$dir" -c "$dir/nginx.conf"
	for p in $ports; do until_true 5 listens "$p" || not_ok "nginx listens on $p"; done
}
listens() { ss -Hltn "sport = :$1" | grep -q .; }

# load NAME OPTION...: the counting client in the background, pid in $LAST, answer in NAME.out
load() { start "$1" "$TOOLS/load" "${@:2}"; }
# result NAME FIELD
result() { tail -n 1 "$D/$1.out" | jq -r ".$2" 2>/dev/null; }
# loaded NAME PID: waits for its end
loaded() { wait "$2"; }

# ---- the end ----

leave() {
	local rc=$? p
	if [ -n "$KHA_PID" ]; then
		kill -KILL "$KHA_PID" 2>/dev/null
		wait "$KHA_PID" 2>/dev/null
	fi
	# TERM first: nginx killed leaves its workers behind.
	for p in $PIDS; do kill -TERM "$p" 2>/dev/null && kill -CONT "$p" 2>/dev/null; done
	# shellcheck disable=SC2086 # a list
	until_true 3 all_ended $PIDS
	for p in $PIDS; do kill -KILL "$p" 2>/dev/null; done
	wait 2>/dev/null
	if [ $BAD -gt 0 ] || [ $rc -ne 0 ]; then
		for p in kha.log kha.err; do
			[ -s "$D/$p" ] || continue
			echo "# ---- $p"
			grep -vE 'kha\[[0-9]+\] worker/[0-9]+: info:' "$D/$p" | tail -n 40 | sed 's/^/# /'
		done
	fi
	[ -n "${KHA_KEEP:-}" ] && echo "# kept: $D" || rm -rf "$D"
	exit $rc
}

finish() {
	if [ -n "$KHA_PID" ]; then
		check "no connection is left" until_true 5 idle
		check "accepted == closed + active" books_balance
		kha_stop
	fi
	check "no fatal error, no sanitizer report" \
		test -z "$(grep -hEi 'sanitizer|runtime error|assert|SIGSEGV|SIGSYS|signal 11|signal 31' \
			"$D/kha.log" "$D/kha.err" "$D/kha.out" 2>/dev/null | head -n 5)"
	echo "1..$N"
	[ $BAD = 0 ] || exit 1
	exit 0
}
