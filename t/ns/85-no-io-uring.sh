#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# As in a container: io_uring is forbidden by a seccomp profile, or by kernel.io_uring_disabled.
. "$(dirname "$0")/lib.sh"
[ "${KHA_ENGINE:-}" = uring ] && skip_story "is about machines without io_uring"
story "without io_uring: epoll, one notice, and everything works"

ENGINE= # for conf: each one here names its own
export ENGINE
for i in 1 2; do web "n$i" "910$i"; done
# kha, with the master's first words about the engine in $words
under() { # NAME ENGINE COMMAND...
	local name=$1 engine=$2
	shift 2
	GLOBAL="log_level = \"notice\"; engine = \"$engine\";" conf <<-X
		services = ( { name = "api"; listen = "127.0.0.1:8443"; preset = "tcp";
		servers = ( "127.0.0.1:9101", "127.0.0.1:9102" ); } );
	X
	: >"$D/kha.log"
	printf '#!/bin/sh\nexec %s "$@"\n' "$*" >"$D/$name"
	chmod 755 "$D/$name"
	"$D/$name" -c "$D/kha.conf" >"$D/kha.out" 2>"$D/kha.err" </dev/null &
	KHA_PID=$!
	until_true 10 kha_up
}
serves() { # NAME REASON
	is "$1: the engine is" "$(stat .kha.engine)" epoll
	check "$1: it serves" test -n "$(curl -s -m 5 http://127.0.0.1:8443/)"
	is "$1: one line is about the engine" "$(grep -c 'io_uring\|engine' "$D/kha.log")" 1
	like "$1: and says why" "$(grep ready "$D/kha.log")" "engine epoll \\(no io_uring: $2"
	check "$1: no connection is left" until_true 5 idle
	kha_stop
}
under eperm auto "$TOOLS/deny" EPERM "$KHA"
serves "seccomp, EPERM" 'not permitted'
under enosys auto "$TOOLS/deny" ENOSYS "$KHA"
serves "seccomp, ENOSYS" 'the kernel has none'
under enomem auto "$TOOLS/deny" ENOMEM "$KHA"
serves "limit of memory" 'no memory'

# The sysctl is one for the whole machine: its file is covered, and the call refused as it would be.
echo 2 >"$D/two"
if [ -e /proc/sys/kernel/io_uring_disabled ]; then
	under sysctl auto unshare -m -- sh -c "'mount --bind $D/two /proc/sys/kernel/io_uring_disabled &&
		exec $TOOLS/deny EPERM $KHA \"\$@\"' kha"
	serves "sysctl" 'kernel.io_uring_disabled is 2'
fi

# Who asks for it hears that there is none.
under asked uring "$TOOLS/deny" EPERM "$KHA"
wait "$KHA_PID"
is "engine = uring: kha ends with" $? 1
KHA_PID=''
like "and says why, and what to do" "$(cat "$D/kha.err")" 'global.engine: "uring" is not possible here: not permitted.*"auto"'
under asked auto "$TOOLS/deny" EPERM "$KHA"
sed -i 's/engine = "auto"/engine = "uring"/' "$D/kha.conf"
out=$(reload 2>&1)
is "a reload to it: exit code" $? 1
like "with the reason" "$out" 'global.engine: "uring" is not possible here'
check "it goes on" test -n "$(curl -s -m 5 http://127.0.0.1:8443/)"
until_true 5 idle
kha_stop

# The suite itself, as in a container.
for t in 20-reload-under-load 30-processes-die; do
	KHA_NS='' KHA_ENGINE='' KHA=$D/eperm "t/ns/$t.sh" >"$D/suite" 2>&1
	rc=$?
	[ $rc = 0 ] || sed 's/^/# /' "$D/suite"
	is "$t without io_uring: exit code" $rc 0
done
finish
