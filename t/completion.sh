#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# dist/kha.bash, with listings of servers and VIPs in place of a daemon's; t/pkg.sh has one. TAP.
set -u
cd "$(dirname "$0")/.." || exit 99
kha=${KHA:-kha}
case $kha in /*) ;; *) kha=$PWD/$kha ;; esac
d=$(mktemp -d) || exit 99
trap 'rm -rf "$d"' EXIT
cat >"$d/kha" <<X
#!/bin/sh
case "\$*" in
"server" | "server -r /there") cat <<Y
server               address          state  since
api/10.0.0.1:6443    10.0.0.1:6443    UP     2.8s
api/cp-1             10.0.0.2:6443    UP     2.8s
api/cp-2             10.0.0.3:6443    DOWN   2.8s
web/cp-2             10.0.0.3:443     DOWN   2.8s
Y
;;
"vip") printf 'vip kubeapi: MASTER for 3s (x), priority 100, held here on eth0\nvip web: BACKUP\n' ;;
"vip -r /there") printf 'vip there: MASTER for 3s (x)\n' ;;
*--help) exec "$kha" "\$@" ;;
*) exit 3 ;;
esac
X
chmod +x "$d/kha"
PATH=$d:$PATH
# shellcheck source=dist/kha.bash
. dist/kha.bash
n=0 bad=0
# offers NAME LINE WANTED: with the cursor at the end of LINE, whose words are separated by one blank
offers() {
	local got
	IFS=' ' read -ra COMP_WORDS <<<"$2"
	[[ $2 != *' ' ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=(left over)
	_kha
	got=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | tr '\n' ' ')
	n=$((n + 1))
	if [ "${got% }" = "$3" ]; then echo "ok $n - $1"
	else bad=$((bad + 1)); echo "not ok $n - $1: got '$got', wanted '$3'"; fi
}
verbs=$("$kha" --help | sed -n '/^verbs/,/^exit/s/^  \([a-z]*\) .*/\1/p' | LC_ALL=C sort | tr '\n' ' ')
[ "$(wc -w <<<"$verbs")" -ge 4 ] || { echo "not ok 1 - kha --help has verbs"; exit 1; }

mkdir "$d/sub" "$d/other" && : >"$d/sub/kha.conf"
offers "all verbs" "kha " "${verbs% }"
offers "verbs that begin so" "kha serv" "server"
offers "what -s takes" "kha -s re" "reload reopen"
offers "options of the program" "kha --s" "--secrets"
offers "options of a verb" "kha server cp-1 drain --f" "--for --force"
offers "not those of others" "kha stat --f" ""
offers "formats" "kha stat -f " "csv json prometheus table"
offers "servers; the name alone where one service has it" "kha server " "api/cp-1 api/cp-2 cp-1 web/cp-2"
offers "of one service" "kha server web/" "web/cp-2"
offers "what to do with one" "kha server cp-1 d" "drain"
offers "also behind options" "kha server -r /there cp-1 --wait m" "maint"
offers "nothing behind that" "kha server cp-1 drain " ""
offers "nothing where a time is wanted" "kha server cp-1 drain --for " ""
offers "VIPs and verbs" "kha vip " "kubeapi ready release status take web"
offers "of another daemon" "kha vip -r /there th" "there"
offers "what to do with a VIP" "kha vip kubeapi t" "take"
offers "files" "kha -c $d/sub/k" "$d/sub/kha.conf"
offers "directories" "kha stat -r $d/" "$d/other $d/sub"
offers "nothing without a daemon" "kha server -r /nowhere " ""
echo "1..$n"
[ "$bad" = 0 ]
