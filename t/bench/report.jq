# SPDX-License-Identifier: BSD-2-Clause
# The samples of t/bench/run as one object. $samples, $axes, $failures are files, $about is what else is known.
# A machine gets faster and slower by the minute, so a ratio is the median of those within each round.
def rows($n): split("\n") | map(select(. != "") | split($n));
def median: sort | length as $n |
	if $n == 0 then null else (.[($n - 1) / 2 | floor] + .[$n / 2 | floor]) / 2 end;
# { round: value } to a figure
def figure: { median: ([ .[] ] | median), min: ([ .[] ] | min), max: ([ .[] ] | max), by_round: . };
# of two { round: value }: the median of a / b. Below 0 there is no ratio.
def ratio($b): [ to_entries[] | select(.value > 0 and ($b[.key] // 0) > 0) | .value / $b[.key] ] | median;

($samples | rows("\t")) as $s
| ($about.proxies | split(" ")) as $proxies
| ($about | del(.proxies)) + { axes: [ $axes | rows("|")[] | . as $a
	| (if ($a[4] | split(" ") | index("direct")) then [ "direct" ] else [] end + $proxies) as $p
	| { name: $a[0], unit: $a[1], better: $a[2], rate_unit: $a[3], what: $a[6],
	    proxies: ([ $p[] | . as $name | { key: $name, value:
		([ $s[] | select(.[0] == $a[0] and .[1] == $name) ] | group_by(.[3])
		| map({ key: .[0][3], value: (map({ key: .[2], value: (.[4] | tonumber) }) | from_entries | figure) })
		| from_entries) } ] | from_entries) }
	| .best_peer = ([ .proxies | to_entries[] | select((.key | test("^(kha|direct)") | not) and .value.value != null) ]
		| if $a[2] == "more" then max_by(.value.value.median) else min_by(.value.value.median) end | .key)
	| .best_peer as $b
	| .ratio_to_best_peer = (if $b == null then {} else
		.proxies[$b].value.by_round as $theirs
		| [ .proxies | to_entries[] | select((.key | startswith("kha")) and .value.value != null) | .value.value.by_round as $ours
		    | { key, value: (if $a[2] == "more" then $theirs | ratio($ours) else $ours | ratio($theirs) end) } ]
		| from_entries end) ] }
# How the cost grows: the axes of one family with the least and the greatest N, and conn with few and many servers.
| .axes as $all
| def growth($from; $to): [ $all[] | select(.name == $from) ][0] as $f | [ $all[] | select(.name == $to) ][0] as $t
	| if $f == null or $t == null or $from == $to then empty else { from: $from, to: $to, ratio:
		([ $proxies[] | select($f.proxies[.].value != null and $t.proxies[.].value != null)
		   | { key: ., value: (. as $p | $t.proxies[$p].value.by_round | ratio($f.proxies[$p].value.by_round)) } ]
		| from_entries) } end;
  .growth = [ (("idle", "keepalive") as $family
	| [ $all[] | .name | select(test("^" + $family + "[0-9]+$")) | ltrimstr($family) | tonumber ] | sort
	| select(length > 1) | growth($family + (.[0] | tostring); $family + (.[-1] | tostring))),
	growth("conn"; "servers200"), ([ $all[] | .name | select(test("^workers[0-9]+$")) | ltrimstr("workers") | tonumber ] | sort
	| select(length > 1) | growth("workers" + (.[0] | tostring); "workers" + (.[-1] | tostring))) ]
| .failures = [ $failures | rows("\t")[] | { axis: .[0], proxy: .[1], round: (.[2] | tonumber), why: .[3] } ]
