# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion for bash: verbs, options, and the names of servers and VIPs, which the program itself
# lists. Says nothing when it cannot know.

# The run directory, when the line names one.
_kha_where() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -r ]] && printf '%s\n%s\n' -r "${COMP_WORDS[i + 1]}"
	done
}

# Words behind the verb that are no options and no values of options.
_kha_words() {
	local i
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-r | -f | -w | -s | --for | --within) ((i++)) ;;
		-*) ;;
		*) printf '%s\n' "${COMP_WORDS[i]}" ;;
		esac
	done
}

# NAME, and SERVICE/NAME: the first is enough where one service has such a server. The first line is
# the head; a name with a colon is left to who types it, as readline breaks words there.
_kha_servers() {
	"${COMP_WORDS[0]}" server "${where[@]}" 2>/dev/null |
		awk 'NR > 1 && $1 ~ /\// && $1 !~ /:/ { print $1; sub(/[^\/]*\//, "", $1); n[$1]++ }
			END { for (name in n) if (n[name] == 1) print name }'
}

_kha_vips() {
	"${COMP_WORDS[0]}" vip "${where[@]}" 2>/dev/null | sed -n 's/^vip \([^ :]*\):.*/\1/p'
}

_kha_verbs() { "${COMP_WORDS[0]}" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *.*/\1/p'; }
# Options of the usage of what is typed. -d is for the manual pages only.
_kha_options() {
	local verb=()
	[[ ${COMP_WORDS[1]} == -* ]] || verb=("${COMP_WORDS[1]}")
	{ "${COMP_WORDS[0]}" "${verb[@]}" --help 2>/dev/null; echo --help; } |
		grep -oE '(^|[[ ])--?[A-Za-z]+' | tr -d '[ ' | sort -u
}

# What fits: $1 how (-W, -f, -d), $2 the words
_kha_offer() {
	local line
	COMPREPLY=()
	while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
		case $1 in
		-W) compgen -W "$2" -- "$cur" ;;
		*) compgen "$1" -- "$cur" ;;
		esac
	)
	[[ $1 == -W ]] || compopt -o filenames 2>/dev/null
}

_kha() {
	local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} where words
	mapfile -t where < <(_kha_where)
	mapfile -t words < <(_kha_words)
	case $before in
	-r) _kha_offer -d; return ;;
	-c) _kha_offer -f; return ;;
	-s) _kha_offer -W 'reload stop quit reopen'; return ;;
	-f) _kha_offer -W 'table csv json prometheus'; return ;;
	-n | -w | --for | --within) COMPREPLY=(); return ;;
	esac
	if [[ $cur == -* ]]; then
		_kha_offer -W "$(_kha_options)"
	elif ((COMP_CWORD == 1)); then
		_kha_offer -W "$(_kha_verbs)"
	else
		case ${COMP_WORDS[1]}/${#words[@]} in
		server/0) _kha_offer -W "$(_kha_servers)" ;;
		server/1) _kha_offer -W 'ready drain maint weight close' ;;
		vip/0) _kha_offer -W "$(_kha_vips) status take release ready" ;;
		vip/1) _kha_offer -W 'status take release ready' ;;
		*) COMPREPLY=() ;;
		esac
	fi
}
complete -F _kha kha
