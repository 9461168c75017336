#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What is in dist/: packages that install, run, upgrade and go under a real systemd; dashboards and
# alerts that name what exists. KHA_LONG=1: compiled as for others, and in a fresh Debian.

# lib.sh leaves the network, and a fresh Debian comes from there.
if [ -n "${KHA_LONG:-}" ] && [ -z "${KHA_NS:-}" ] && [ "$(id -u)" = 0 ]; then
	KHA_DEBIAN=$(mktemp -d /tmp/kha-debian.XXXXXX) || exit 99
	export KHA_DEBIAN
	debootstrap --variant=minbase --include=systemd,systemd-sysv,libconfig9,libev4,libjansson4,libssl3,libseccomp2,libcap-ng0,liburing2,libnl-3-200,libnl-route-3-200,libmicrohttpd12,libncursesw6,libtinfo6 \
		bookworm "$KHA_DEBIAN" >"$KHA_DEBIAN.log" 2>&1 || touch "$KHA_DEBIAN.failed"
fi
. "$(dirname "$0")/ns/lib.sh"
story "packages"
leave_sys() { local rc=$?; umount -l "$D/sys" 2>/dev/null; return $rc; }
trap 'leave_sys; leave' EXIT
[ -z "${KHA_DEBIAN:-}" ] || for f in "$KHA_DEBIAN"*; do mv "$f" "$D/debian${f#"$KHA_DEBIAN"}"; done

version=$(make -s NODEPS=1 version)
missing() { grep -vxFf "$2" "$1" | tr '\n' ' '; }
empty() { if [ -z "$2" ]; then ok "$1"; else not_ok "$1: $2"; fi; }
# run NAME COMMAND...: what it says is shown when it fails
run() {
	local name=$1; shift
	if "$@" >"$D/said" 2>&1; then ok "$name"; else not_ok "$name"; tail -n 20 "$D/said" | sed 's/^/# /'; fi
}

# ---- files by themselves ----
run "promtool check rules" promtool check rules dist/prometheus-rules.yml
run "promtool test rules" promtool test rules dist/prometheus-rules-test.yml
sed -n 's/^ *- alert: //p' dist/prometheus-rules.yml | sort >"$D/alerts"
sed -n 's/^ *alertname: //p' dist/prometheus-rules-test.yml | sort -u >"$D/tested"
empty "each alert has a test" "$(missing "$D/alerts" "$D/tested")"
run "the dashboard is JSON with panels" jq -e '.panels | length > 20 and all(.[]; .type == "row" or
	(.targets | length > 0 and all(.[]; .expr | length > 0)))' dist/grafana.json
run "panels have numbers of their own" jq -e '[.panels[].id] | length == (unique | length)' dist/grafana.json
run "the static pod is YAML" perl -MYAML::XS -e 'YAML::XS::LoadFile("dist/static-pod.yaml")->{spec}{hostNetwork} or die'
sed -n 's/^CapabilityBoundingSet=//p' dist/kha.service | tr ' ' '\n' | sed 's/CAP_//' | sort >"$D/caps"
is "the pod has the unit's capabilities" \
	"$(perl -MYAML::XS -e 'print join " ", sort @{YAML::XS::LoadFile("dist/static-pod.yaml")->{spec}{containers}[0]{securityContext}{capabilities}{add}}')" \
	"$(tr '\n' ' ' <"$D/caps" | sed 's/ $//')"
is "rpm and pod are of this version" "$(sed -n 's/^Version: *//p' dist/kha.spec) $(sed -n 's/.*image:.*://p' dist/static-pod.yaml)" "$version $version"

# ---- a daemon with the rights that the unit gives, and no more ----
real=$KHA
cat >"$D/as-unit" <<-X
	#!/bin/sh
	exec setpriv --no-new-privs --bounding-set=-all$(sed 's/^/,+/' "$D/caps" | tr 'A-Z\n' 'a-z ' | tr -d ' ') -- $real "\$@"
X
chmod +x "$D/as-unit"
ip link add net0 type veth peer name net1
ip link set net1 up
ip link set net0 up
ip addr add 10.77.0.1/24 dev net0
api cp-1 9101
export GLOBAL='workers = 1;'
conf <<-X
	nodes = "10.77.0.1";
	vips = { name = "kubeapi"; addresses = "10.77.0.10"; advert = "100ms"; };
	services = { name = "api"; listen = "*:443"; check = { ca = "$D/ca.pem"; }; 
		servers = { name = "cp-1"; address = "127.0.0.1:9101"; }; };
X
KHA=$D/as-unit
kha_start
KHA=$real
check "its capabilities are enough: a port below 1024, a VIP" until_stat 10 '.vips[0].state' MASTER
check "and for children without any" stat_is '.kha.sandboxed' "$([ -n "$SANDBOX" ] && echo false || echo true)"
check "a server is UP" until_true 10 server_is cp-1 state UP
"$KHA" stat -r "$RUN" -f prometheus >"$D/prom"
run "promtool check metrics" promtool check metrics <"$D/prom"
awk '/^# TYPE/ { print $3 }' "$D/prom" | sort >"$D/exist"
grep -ohE '\bkha_[a-z_]+' dist/prometheus-rules.yml | sort -u >"$D/names"
jq -r '.. | .expr?, .definition? // empty' dist/grafana.json | grep -oE '\bkha_[a-z_]+' | sort -u >>"$D/names"
check "names were found" [ "$(wc -l <"$D/names")" -gt 40 ]
empty "alerts and dashboard name metrics that exist" "$(missing "$D/names" "$D/exist")"
doc/fill "$KHA" 0 <doc/kha-stat.8.in | sed -n 's/^\.It Sy \(kha_[a-z_]*\)$/\1/p' | sort >"$D/page"
empty "kha-stat(8) has every metric" "$(missing "$D/exist" "$D/page")"
empty "and no other" "$(missing "$D/page" "$D/exist")"
mkdir "$D/bin" && ln -s "$KHA" "$D/bin/kha"
offers() { PATH=$D/bin:$PATH bash -c '. dist/kha.bash; COMP_WORDS=(kha "$1" -r "$2" ""); COMP_CWORD=4; _kha; echo "${COMPREPLY[*]}"' x "$@"; }
is "completion offers the server" "$(offers server "$RUN")" "api/cp-1 cp-1"
like "completion offers the VIP" "$(offers vip "$RUN")" '^kubeapi '
kha_stop

# ---- the Debian package ----
export NODEPS=1 PREBUILT=1
[ -z "${KHA_LONG:-}" ] || PREBUILT=''
run "make deb" make deb
deb=$(ls -t o/kha_"$version"-1_*.deb | head -n 1)
run "lintian has nothing to say" lintian --allow-root --fail-on warning,error "$deb"
dpkg-deb -x "$deb" "$D/root"
# Who puts the program somewhere without apt has to name them.
dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/^ *//; s/ .*//' | grep -vxE 'libc6|systemd' >"$D/depends"
for f in dist/Containerfile t/pkg.sh; do
	empty "$f installs what the package depends on" \
		"$(while read -r l; do grep -qE "\b$l\b" $f || echo "$l"; done <"$D/depends")"
done
for f in usr/sbin/kha lib/systemd/system/kha.service usr/lib/sysusers.d/kha.conf usr/share/man/man8/kha-stat.8.gz \
	usr/share/bash-completion/completions/kha usr/lib/firewalld/services/kha.xml usr/share/doc/kha/examples/kha.conf; do
	[ -s "$D/root/$f" ] || echo "$f"
done >"$D/absent"
empty "everything is in it" "$(tr '\n' ' ' <"$D/absent")"
unit=$D/root/lib/systemd/system/kha.service
run "systemd-analyze security: at most 3.5" systemd-analyze security --offline=true --threshold=35 "$unit"

# ---- under systemd ----
inside() { timeout 60 nsenter -t "$(cat "$D/sys/pid")" -a -- "$@"; }
find_systemd() {
	[ -s "$D/sys/cgroup" ] || return 1
	head -n 1 "$(cat "$D/sys/cgroup")/init.scope/cgroup.procs" >"$D/sys/pid" 2>/dev/null
	[ -s "$D/sys/pid" ] && inside systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'
}
shown() { inside systemctl show kha -p "$1" --value; }
status_has() { shown StatusText | grep -qE -- "$1"; }
# try_package ROOT: boots it, and does with the package what a life brings
try_package() {
	local pid systemd
	mkdir "$D/sys"
	mount -t tmpfs tmpfs "$D/sys"
	start systemd t/ns-systemd "$1" "$D/sys"
	systemd=$LAST
	if ! until_true 60 find_systemd; then
		not_ok "systemd starts: $(tail -n 3 "$D/systemd.err")"
		return
	fi
	inside sh -c 'cat >/root/kha.deb' <"$deb"
	run "dpkg -i" inside dpkg -i /root/kha.deb
	is "there is a user" "$(inside id -un kha)" kha
	is "without a file it does not start, and that is no failure" "$(shown ActiveState) $(shown ConditionResult)" "inactive no"
	inside sh -c 'cat >/etc/kha/kha.conf' <<-X
		services = { name = "api"; listen = "*:6443"; preset = "tcp"; servers = "127.0.0.1:9101"; };
	X
	run "systemd-analyze verify" inside systemd-analyze verify --man=no kha.service
	run "systemctl start" inside systemctl start kha
	is "it is active" "$(shown ActiveState)" active
	check "with a sentence" until_true 5 status_has '^1 service, 0 of 1 servers up \(none of api\)$'
	pid=$(shown MainPID)
	run "systemctl reload" inside systemctl reload kha
	echo 'bogus = 1;' | inside sh -c 'cat >>/etc/kha/kha.conf'
	inside systemctl reload kha >/dev/null 2>&1
	is "a bad reload fails" $? 1
	check "the sentence says why" until_true 5 status_has 'last reload was refused: /etc/kha/kha.conf:2: bogus'
	is "it runs on" "$(shown ActiveState) $(shown MainPID)" "active $pid"
	inside sed -i '$d' /etc/kha/kha.conf
	run "the package again: an upgrade" inside dpkg -i /root/kha.deb
	like "which says how the daemon gets it" "$(cat "$D/said")" 'systemctl restart kha'
	is "the daemon runs on" "$(shown ActiveState) $(shown MainPID)" "active $pid"
	inside sh -c "kill -KILL $pid"
	again() { [ "$(shown ActiveState)" = active ] && [ "$(shown MainPID)" != "$pid" ]; }
	check "killed, it is started again" until_true 20 again
	run "kha -s stop" inside kha -s stop
	check "that is not undone" until_true 5 test "$(shown ActiveState)" = inactive
	run "systemctl start again" inside systemctl start kha
	run "systemctl stop" inside systemctl stop kha
	is "it ends well" "$(shown Result) $(shown ExecMainStatus)" "success 0"
	run "dpkg --purge" inside dpkg --purge kha
	is "nothing is left" "$(inside sh -c 'ls -d /etc/kha /var/lib/kha /run/kha /lib/systemd/system/kha.service \
		/etc/systemd/system/multi-user.target.wants/kha.service /usr/share/doc/kha' 2>/dev/null)" ''
	kill -KILL "$(cat "$D/sys/pid")"
	wait "$systemd" 2>/dev/null
	until_true 10 clear_cgroup "$(cat "$D/sys/cgroup")" || not_ok "the cgroup is left"
	umount "$D/sys"
	rmdir "$D/sys"
}
clear_cgroup() { find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null; ! test -d "$1"; }
if ! grep -q ' cgroup2 ' /proc/mounts; then
	N=$((N + 1)); echo "ok $N # SKIP systemd: no cgroup2 is mounted here"
elif [ -d "$D/debian" ] && [ ! -e "$D/debian.failed" ]; then
	try_package "$D/debian"
else
	[ ! -e "$D/debian.failed" ] || not_ok "a fresh Debian: $(tail -n 1 "$D/debian.log")"
	try_package /
fi

# ---- the RPM package ----
run "make rpm" make rpm
rpm=$(ls -t o/kha-"$version"-1*.rpm 2>/dev/null | head -n 1)
# Fedora compresses pages, Debian's rpmbuild does not.
rpm -qlp "$rpm" 2>"$D/said" | sed 's/\.gz$//' >"$D/files"
printf '%s\n' /etc/kha /usr/sbin/kha /usr/lib/systemd/system/kha.service /usr/lib/sysusers.d/kha.conf /usr/share/man/man8/kha.8 \
	/usr/share/man/man5/kha.conf.5 /usr/share/man/man8/kha-stat.8 /usr/lib/firewalld/services/kha.xml >"$D/wanted"
empty "everything is in it" "$(missing "$D/wanted" "$D/files")"
rpmlint "$rpm" >"$D/rpmlint" 2>&1
# Who signs and packs it is not known here; groups went with RPM 4.8; kha.conf.5 is taken to belong into
# a folder named "conf".
like "rpmlint has looked" "$(cat "$D/rpmlint")" '1 packages'
empty "rpmlint finds no error" "$(grep ': E: ' "$D/rpmlint" | grep -vE ': (no-signature|no-packager-tag|no-group-tag)|bad-manual-page-folder .*/kha\.conf\.5 ' | tr '\n' ' ')"
finish
