# SPDX-License-Identifier: BSD-2-Clause
# Who may include whom (doc/ARCHITECTURE.md). Reads sources, prints FILE:LINE: what is wrong.
BEGIN {
	floor["base"] = 0; floor["shm"] = 1; floor["conf"] = 2
	floor["worker"] = 3; floor["checker"] = 3; floor["vrrp"] = 3; floor["web"] = 3; floor["master"] = 4
	# The public header of a process folder: all that others may see of it.
	public["worker/worker.h"] = public["checker/checker.h"] = public["vrrp/vrrp.h"] = public["web/web.h"] = 1
	# Third-party headers and the files that may name them.
	only["jansson.h"] = "^(shm/json\\.[ch]|shm/json_session\\.c|t/unit/shm_json_test\\.c)$"
	only["libconfig.h"] = "^conf/parse\\.c$"
	only["liburing.h"] = "^(worker/uring|t/tools/ringtrial)\\.h$"
	only["sys/epoll.h"] = "^(worker/ready\\.h|t/)"
	only["openssl/"] = "^(checker/(tls|cert)\\.c|master/kha\\.c|t/)"
	only["cap-ng.h"] = "^master/(priv|limits)\\.c$"
	only["seccomp.h"] = "^master/(priv|kha)\\.c$"
	only["netlink/"] = "^vrrp/link\\.c$"
	only["ev.h"] = "^(master|checker|vrrp|web|t)/"
	only["microhttpd.h"] = "^web/http\\.c$"
	only["curses.h"] = only["ncurses.h"] = "^master/cli_top_screen\\.c$"
	only["cmocka.h"] = "^t/unit/"
}
function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
FNR == 1 {
	split(FILENAME, part, "/")
	own = part[1]
	seen_spdx = 0
}
FNR <= 2 && /SPDX-License-Identifier: BSD-2-Clause/ { seen_spdx = 1 }
FNR == 3 && !seen_spdx { complain("no SPDX line in the first two lines: add it") }
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, q, "\""); file = q[2]
	if (file !~ /\//) { complain("include \"" file "\" without its folder: write \"folder/" file "\""); next }
	split(file, f, "/"); folder = f[1]
	if (own == "t" || own == "doc") next
	if (!(folder in floor)) { complain("include of " file ": no such floor"); next }
	if (folder == own) next
	if (floor[folder] > floor[own])
		complain(own "/ is below " folder "/ and must not include " file)
	else if (floor[folder] == floor[own])
		complain(own "/ and " folder "/ never include each other: they meet in the segment")
	else if (floor[folder] == 3 && !(file in public))
		complain(file " is private to " folder "/: only " folder "/" folder ".h may be included")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	split($0, q, /[<>]/); file = q[2]
	for (name in only)
		if (index(file, name) == 1 && FILENAME !~ only[name])
			complain("<" file "> may only be named by " only[name])
}
# Floors 0 to 2 speak through struct err only (log.c itself lives in base/).
own in floor && floor[own] <= 2 && FILENAME !~ /^base\/log\./ &&
    /(^|[^A-Za-z_])(log_(err|warning|notice|info|debug|at)|fatal|exit|abort)[ ]*\(/ && !/^[ \t]*(\/?\*)/ {
	complain("floors 0 to 2 never log and never exit: fill struct err")
}
own in floor && /(^|[^A-Za-z_])(strcpy|strcat|sprintf|gets|strtok|alloca)[ ]*\(/ && !/^[ \t]*(\/?\*)/ {
	complain("not in this house: a function with a size instead")
}
END { exit bad }
