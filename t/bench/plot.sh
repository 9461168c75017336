# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154
# Plots of a run, as PNG and SVG beside its JSON: one of all axes, one of how the cost grows.

# plots FILE.json: says what it wrote
plots() {
	local out=${1%.json}
	jq -r '.axes[] | . as $a | [ .proxies | to_entries[] | select(.key != "direct") ] | to_entries[] |
		select(.value.value.value != null) | [ $a.name, .key, .value.key, .value.value.value.median,
		.value.value.value.min, .value.value.value.max ] | @tsv' "$1" >"$D/bars"
	jq -r '.axes[] | . as $a | select(.name | test("^(idle|keepalive)[0-9]+$")) | (.name | capture("^(?<f>[a-z]+)(?<n>[0-9]+)$")) as $x |
		.proxies | to_entries[] | select(.value.value != null) |
		[ $x.f, $x.n, .key, .value.value.median, .value.value.min, .value.value.max ] | @tsv' "$1" |
		sort -t $'\t' -k1,1 -k3,3 -k2,2n >"$D/growth"
	echo "$1"
	draw "$out" bars_of "$1" && if [ "$(cut -f1,2 "$D/growth" | sort -u | wc -l)" -gt 2 ]; then draw "$out-growth" curves_of "$1"; fi
}

# draw NAME FUNCTION FILE: with each of both terminals
draw() {
	local kind size
	size=$($2_size "$3")
	for kind in png svg; do
		{
			case $kind in
			png) echo "set terminal pngcairo size $size font 'sans,9'" ;;
			svg) echo "set terminal svg size $size font 'sans,9' background 'white'" ;;
			esac
			echo "set output '$1.$kind'"
			$2 "$3"
		} | gnuplot >"$D/gnuplot.err" 2>&1 || return 1
		[ -s "$1.$kind" ] || return 1
		echo "$1.$kind"
	done
}
colour() {
	case $1 in
	kha-uring) echo '#1b6e9c' ;;
	kha-epoll) echo '#63b0d6' ;;
	haproxy) echo '#d9822b' ;;
	*) echo '#7f9a48' ;;
	esac
}

# A small picture for each axis: bars of medians, with a line from the least to the greatest.
COLUMNS_OF_PLOT=4
bars_of_size() {
	local n
	n=$(jq '.axes | length' "$1")
	echo "$((COLUMNS_OF_PLOT * 340)),$(((n + COLUMNS_OF_PLOT - 1) / COLUMNS_OF_PLOT * 240 + 40))"
}
bars_of() {
	local name unit better n axis i proxy median least most
	n=$(jq '.axes | length' "$1")
	cat <<-X
		set multiplot layout $(((n + COLUMNS_OF_PLOT - 1) / COLUMNS_OF_PLOT)),$COLUMNS_OF_PLOT title "$(jq -r \
			'"\(.when)  \(.versions.kha | sub(", commit.*"; ""))  haproxy \(.versions.haproxy)  \(.versions.nginx)  \(.rounds) rounds, median, least and greatest" | gsub("_"; " ")' "$1")"
		set style fill solid 0.9 noborder
		set boxwidth 0.7
		set grid y
		unset key
	X
	while IFS='|' read -r name unit better; do
		# A picture without a single figure is empty, so that the others keep their places.
		if ! grep -q "^$name"$'\t' "$D/bars"; then echo "set multiplot next"; continue; fi
		echo "set title \"$name, $unit${better:+ ($better is better)}\" noenhanced"
		echo "\$bars << X"
		while IFS=$'\t' read -r axis i proxy median least most; do
			[ "$axis" = "$name" ] && echo "$i $proxy $median $least $most $(($(printf '%d' "0x$(colour "$proxy" | tr -d '#')")))"
		done <"$D/bars"
		cat <<-'Y'
			X
			set xtics noenhanced
			set xrange [*:*]
			set yrange [*:*]
			stats $bars using 1:4 nooutput name "LEAST"
			stats $bars using 1:5 nooutput name "MOST"
			set xrange [-0.5:LEAST_max_x + 0.5]
			set yrange [(LEAST_min_y < 0 ? LEAST_min_y * 1.1 : 0):(MOST_max_y > 0 ? MOST_max_y * 1.1 : 1)]
			plot $bars using 1:3:6:xtic(2) with boxes lc rgb variable, \
			    $bars using 1:4:(0):($5-$4) with vectors nohead lc rgb "black" lw 1.5
		Y
	done < <(jq -r '.axes[] | "\(.name)|\(.unit)|\(if .better == "more" then "more" else "" end)"' "$1")
	echo "unset multiplot"
}

# CPU of a request as the connections get more.
curves_of_size() { echo 1000,420; }
curves_of() {
	local family proxy n
	n=$(cut -f1 "$D/growth" | sort -u | wc -l)
	echo "set multiplot layout 1,$n"
	echo "set logscale x; set grid; set key bottom right noenhanced; set yrange [0:*]; set xlabel 'open connections'; set ylabel 'us of CPU a request'"
	for family in $(cut -f1 "$D/growth" | sort -u); do
		local parts=''
		for proxy in $(awk -F'\t' -v f="$family" '$1 == f { print $3 }' "$D/growth" | sort -u); do
			echo "\$${proxy//-/_} << X"
			awk -F'\t' -v f="$family" -v p="$proxy" '$1 == f && $3 == p { print $2, $4, $5, $6 }' "$D/growth"
			echo X
			parts="$parts${parts:+, }\$${proxy//-/_} using 1:2:3:4 with yerrorlines lc rgb '$(colour "$proxy")' pt 7 ps 0.6 title '$proxy'"
		done
		case $family in
		idle) echo "set title '10 connections are busy, the others idle'" ;;
		*) echo "set title 'all connections take turns'" ;;
		esac
		echo "plot $parts"
	done
	echo "unset multiplot"
}
