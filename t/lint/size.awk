# SPDX-License-Identifier: BSD-2-Clause
# No file above 400 lines, no function above 60. Tables of options and tools of tests are longer for
# a reason that is written here.
BEGIN {
	reason["t/tools/apiserver.c"] = "a whole program in one file"
	reason["t/tools/load.c"] = "a whole program in one file"
	reason["t/tools/stream.c"] = "a whole program in one file"
	reason["shm/layout.h"] = "the format of the segment, whole, in one place"
	reason["t/unit/checker_checker_test.c:server__that_stops_and_starts__is_up_down_and_up_again"] = \
	    reason["t/unit/shm_fmt_csv_test.c:fields__hold_what_haproxy_users_expect"] = "one story"
	reason["t/tools/peer.c"] = "a whole program in one file"
	reason["t/tools/peer.c:run"] = "one line for each step of the script"
}
function complain(file, line, text) { printf "%s:%d: %s\n", file, line, text; bad = 1 }
function file_end() {
	if (lines > 400 && !(last in reason))
		complain(last, lines, lines " lines: split it by reasons to change (400)")
}
FNR == 1 { file_end(); last = FILENAME; name = "" }
{ lines = FNR }
/^[a-z_]+\(/ { name = $0; sub(/\(.*/, "", name); start = FNR }
/^{/ { body = FNR }
/^}/ && name != "" {
	if (FNR - body > 60 && !((FILENAME ":" name) in reason))
		complain(FILENAME, start, name "() has " FNR - body " lines: cut it (60)")
	name = ""
}
END { file_end(); exit bad }
