#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The status page in Chromium: what it shows, in light and dark, on a desk and on a phone; refresh, pause and
# the password. KHA_SHOTS=DIR keeps the pictures.
. "$(dirname "$0")/lib.sh"
once_for_all_engines
[ -n "${KHA_SAN:-}" ] && skip_story "the browser sees the same page without sanitizers, and takes minutes with them"
story "the page in a browser"
SHOTS=${KHA_SHOTS:-$D/shots}
mkdir -p "$SHOTS"

export GLOBAL='workers = 2; node = "lb-1";'
plain up 9101
ip link add lan type veth peer name lan1
ip addr add 10.77.0.1/24 dev lan && ip link set lan up && ip link set lan1 up
servers() { # NAME FROM TO
	local i list=''
	for ((i = $2; i <= $3; i++)); do list="$list{ name = \"$1-$i\"; address = \"127.0.0.$i:9101\"; },"; done
	echo "( ${list%,} )"
}
conf <<X2
nodes = ( { name = "lb-1"; addresses = "10.77.0.1"; } );
vips = ( { name = "kubeapi"; addresses = "10.77.0.100"; advert = "100ms"; } );
status = { listen = "127.0.0.1:9000"; refresh = "2s"; user = "admin"; password = "s3cret"; };
services = (
  { name = "kube-apiserver"; preset = "tcp"; listen = "127.0.0.1:8480"; servers = $(servers cp 1 4 | sed 's/127.0.0.4:9101/127.0.0.4:9109/');
    check = { type = "tcp"; interval = "300ms"; down_interval = "300ms"; }; },
  { name = "dashboard"; preset = "tcp"; listen = "127.0.0.1:8481"; servers = $(servers web 5 8); check = { type = "tcp"; interval = "300ms"; }; },
  { name = "registry"; preset = "tcp"; listen = "127.0.0.1:8482"; servers = $(servers reg 9 12); check = { type = "tcp"; interval = "300ms"; }; }
);
X2
# One listener for all twelve addresses.
end "$LAST"
start up "$TOOLS/apiserver" -l 0.0.0.0:9101 -n up
until_true 5 listens 9101
kha_start
check "a VIP" until_stat 10 ".vips[0].state" MASTER || say "$(stat ".vips[0]" | tr -d "\n")"
check "a server is DOWN" until_stat 5 '.services[0].servers[3].state' DOWN
load some -a 127.0.0.1:8480 -p /readyz -c 20 -r 20 -d 600 -x

# ---- the browser, through W3C WebDriver ----
start driver chromedriver --port=9515
until_true 20 curl -s -o /dev/null http://127.0.0.1:9515/status
drive() { curl -s --max-time 60 -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "http://127.0.0.1:9515$2"; }
SESSION=$(drive POST /session '{"capabilities":{"alwaysMatch":{"goog:loggingPrefs":{"browser":"ALL"},"goog:chromeOptions":{"args":
	["--headless=new","--no-sandbox","--disable-gpu","--disable-dev-shm-usage","--disable-background-networking"]}}}}' | jq -r .value.sessionId)
like "a browser" "$SESSION" '^[0-9a-f]{20,}$'
devtools() { drive POST "/session/$SESSION/goog/cdp/execute" "{\"cmd\":\"$1\",\"params\":$2}" >/dev/null; }
go() { drive POST "/session/$SESSION/url" "{\"url\":\"$1\"}" >/dev/null; }
# js EXPRESSION: its value, as seen by the test, not by the page
js() { drive POST "/session/$SESSION/execute/sync" "$(jq -n --arg s "return $1" '{script: $s, args: []}')" | jq -r .value; }
js_is() { [ "$(js "$1")" = "$2" ]; }
screen() { devtools Emulation.setDeviceMetricsOverride "{\"width\":$1,\"height\":$2,\"deviceScaleFactor\":1,\"mobile\":$3}"; }
scheme() { devtools Emulation.setEmulatedMedia "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"$1\"}]}"; }
shot() { drive GET "/session/$SESSION/screenshot" | jq -r .value | base64 -d >"$SHOTS/$1.png"; }
click() { # the link with this text
	local e
	e=$(drive POST "/session/$SESSION/element" "{\"using\":\"link text\",\"value\":\"$1\"}" | jq -r '.value[]')
	drive POST "/session/$SESSION/element/$e/click" '{}' >/dev/null
}
errors() { drive POST "/session/$SESSION/se/log" '{"type":"browser"}' | jq -r '.value[] | select(.level != "INFO") | .message'; }

# ---- the password ----
go http://127.0.0.1:9000/stats
is "without a password: no page" "$(js 'document.querySelectorAll("table").length')" 0
go http://admin:wrong@127.0.0.1:9000/stats
is "with a wrong one: no page" "$(js 'document.querySelectorAll("table").length')" 0
errors >/dev/null # a 401 is one
go http://admin:s3cret@127.0.0.1:9000/stats
is "with the right one: VIPs, three services, processes" "$(js 'document.querySelectorAll("table").length')" 5

# ---- what it shows ----
is "twelve servers" "$(js 'document.querySelectorAll("td.n").length')" 12
is "one is DOWN" "$(js '[...document.querySelectorAll("td.down")].map(e => e.textContent).join()')" DOWN
is "the VIP is here" "$(js '[...document.querySelectorAll("tr")].filter(r => r.textContent.startsWith("kubeapi")).map(r => r.cells[1].textContent).join()')" MASTER
is "the style sheet is in effect" "$(js 'getComputedStyle(document.querySelector("table")).borderCollapse')" collapse
is "no script" "$(js 'document.scripts.length')" 0
check "curves, once two samples are there" until_true 30 test 0 != "$(until_true 30 js_is 'document.querySelectorAll("svg path").length > 11' true; js 'document.querySelectorAll("svg path").length')"

# ---- colours and widths ----
for s in light dark; do
	scheme $s
	for w in "desktop 1400 1000 false" "phone 390 844 true"; do
		set -- $w
		screen "$2" "$3" "$4"
		go http://admin:s3cret@127.0.0.1:9000/stats?refresh=off
		shot "$s-$1"
		is "$s, $1: nothing is wider than the screen" \
			"$(js 'document.documentElement.scrollWidth <= document.documentElement.clientWidth')" true
		is "$s, $1: a picture" "$(head -c 4 "$SHOTS/$s-$1.png" | tail -c 3)" PNG
	done
	light="$(js 'getComputedStyle(document.body).backgroundColor')"
	[ $s = light ] && is "light: the background" "$light" "rgb(255, 255, 255)" || is "dark: the background" "$light" "rgb(13, 17, 23)"
done
is "phone: each value has its name beside it" "$(js 'getComputedStyle(document.querySelector("td[data-l=since]"), "::before").content')" '"since"'
screen 1400 1000 false

# ---- refresh, pause, resume ----
when='document.querySelectorAll("header p")[2].textContent.slice(0, 19)'
t=$(js "$when")
until_true 3 test "$t" != "$(date -u '+%Y-%m-%d %H:%M:%S')"
click refresh
check "refresh: the page is a new one" until_true 5 test "$t" != "$(js "$when")"
is "paused: it stays so" "$(js 'document.querySelectorAll("meta[http-equiv=refresh]").length')" 0
click resume
check "resumed" until_true 5 js_is 'document.querySelectorAll("meta[http-equiv=refresh]").length' 1
t=$(js "$when")
renewed() { local n; n=$(js "$when"); [ "$n" != "$t" ] && [ "$n" != null ]; }
check "it reloads itself" until_true 10 renewed
click pause
check "paused again" until_true 5 js_is 'document.querySelectorAll("meta[http-equiv=refresh]").length' 0
is "the browser has nothing to complain of" "$(errors)" ''
drive DELETE "/session/$SESSION" >/dev/null
ls "$SHOTS"/*.png | sed 's/^/# picture: /'
finish
