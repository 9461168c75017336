#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Do the documents say what the program does? TAP. Wants a built program (KHA) and make.
set -u
cd "$(dirname "$0")/../.." || exit 99
kha=${KHA:-kha}
case $kha in /*) ;; *) kha=$PWD/$kha ;; esac
d=$(mktemp -d) || exit 99
trap 'rm -rf "$d"' EXIT
n=0 bad=0
# is NAME FILE: passes when FILE, which holds what is wrong, is empty
is_empty() {
	n=$((n + 1))
	if [ -s "$2" ]; then
		bad=$((bad + 1)); echo "not ok $n - $1"; sed 's/^/# /' "$2"
	else
		echo "ok $n - $1"
	fi
}
# missing FROM IN: words of FROM that IN has not
missing() { while read -r word; do grep -qF -- "$word" "$2" || echo "$word"; done <"$1"; }

for page in kha.8 kha.conf.5 kha-stat.8; do
	doc/fill "$kha" 0.0.0 <"doc/$page.in" >"$d/$page" 2>&1
	{
		grep -nE '^@|@[A-Z]+@' "$d/$page"
		[ "$(wc -l <"$d/$page")" -gt 60 ] || echo "only $(wc -l <"$d/$page") lines"
	} >"$d/wrong"
	is_empty "$page is filled" "$d/wrong"
done

# Every option that -T prints stands in the page, with the same default.
cat >"$d/some.conf" <<-X
	nodes = { name = "a"; addresses = "127.0.0.1"; };
	vips = "192.0.2.10";
	services = { name = "api"; listen = "*:1"; servers = "192.0.2.11"; };
X
"$kha" -T -n a -c "$d/some.conf" 2>/dev/null >"$d/T" || echo "-T failed" >"$d/T"
grep -oE '[a-z_]+ =' "$d/T" | sed 's/ =//' | sort -u >"$d/names"
sed -n 's/^\.It Ic \([a-z_]*\).*/\1/p' "$d/kha.conf.5" | sort -u >"$d/page"
# Groups whose options have a section of their own.
grep -vxFf "$d/page" "$d/names" | while read -r g; do
	grep -qE "^\.Ss .*\b$g\b" "$d/kha.conf.5" || echo "$g"
done >"$d/wrong"
[ "$(wc -l <"$d/names")" -gt 80 ] || echo "only $(wc -l <"$d/names") options found" >>"$d/wrong"
is_empty "kha.conf(5) has every option that kha -T prints" "$d/wrong"

"$kha" --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p' | grep -v '^$' | sort -u >"$d/verbs"
missing "$d/verbs" "$d/kha.8" >"$d/wrong"
[ -s "$d/verbs" ] || echo "no verbs found" >>"$d/wrong"
"$kha" --help | grep -oE '(^| )--?[a-zA-Z]+' | tr -d ' -' | sort -u |
	while read -r o; do grep -qE "Fl (-?[a-zA-Z] , )*-?$o\b|Fl .*\b$o\b" "$d/kha.8" || echo "-$o"; done >>"$d/wrong"
is_empty "kha(8) has every verb and option of kha --help" "$d/wrong"

# The readme and the houses' rules name only what is there.
grep -ohE '\bmake [a-z][a-z-]+' README.md doc/*.md CHANGES | sort -u | sed 's/make //' |
	while read -r t; do grep -qE "^([a-z-]+ )*$t( [a-z-]+)*:" GNUmakefile || echo "make $t"; done >"$d/wrong"
is_empty "documents name only targets that exist" "$d/wrong"
grep -ohE '\b(base|shm|conf|worker|checker|vrrp|master|t|doc|dist)/[A-Za-z0-9_./-]+\.(c|h|sh|awk|conf|md|in|service)\b' \
	README.md doc/*.md CHANGES | sort -u | while read -r f; do [ -e "$f" ] || echo "$f"; done >"$d/wrong"
is_empty "documents name only files that exist" "$d/wrong"
for f in master worker checker vrrp web conf shm base; do
	for c in "$f"/*.c; do
		grep -qE "\b$(basename "$c" .c)\b" doc/ARCHITECTURE.md || echo "$c"
	done
done >"$d/wrong"
is_empty "ARCHITECTURE.md has a word on every source file" "$d/wrong"

echo "1..$n"
[ "$bad" = 0 ]
