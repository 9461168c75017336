/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of group `global`. One row is everything about an option: struct field, parser,
 * default, range, -T, diff of a reload, manual page.
 *
 * OPT(kind, field, min, max, "default", effect, apply, "help")
 *	kind	BOOL; INT; AUTO_INT ("auto" = -1); NONE_INT ("none" = 0); MSEC (duration string;
 *		min and max in ms); AUTO_MSEC ("auto" = -1, "none" = 0); STRING (min and max
 *		length); PATH (STRING, empty or absolute); SECRET (a STRING that -T prints as
 *		***); STRINGS (list of strings, min..max of them); MSECS (list of durations);
 *		ADDRS (list of IP addresses); VADDRS (the same, a /prefix is allowed and not
 *		kept); CIDRS (list); LISTENS (list of IP:port, [IPv6]:port, *:port,
 *		VIP-NAME:port)
 *	default	in the syntax of the file, without ';'. One that min and max do not allow means
 *		that the option must be in the file
 *	effect	NOW, or LATER: parsed and checked, but a later version makes it work
 *	apply	what a reload does with a change: LIVE in the running processes, WORKERS a
 *		new generation of workers, RESTART only a restart of the daemon
 * WORDS(field, "word|word|...", "default", effect, apply, "help")
 *	an enum; its value is the position of the word
 * GROUP(table, field, "help")
 *	a nested group with the rows of conf/tbl/<table>.h
 */
OPT(AUTO_INT, workers, 1, 32, "\"auto\"", NOW, WORKERS,
    "Worker processes. auto: as many as worker_cpus lists, else the CPUs that affinity and cgroup quota allow; at most 8")
OPT(STRING, worker_cpus, 1, 255, "\"none\"", NOW, WORKERS,
    "CPUs that workers are kept on: none, auto (those that kha may use), or numbers and ranges like 0,2,4 or 2-5,8. Each worker gets one, in this order, going round")
WORDS(engine, "auto|uring|epoll", "\"auto\"", NOW, WORKERS,
    "How workers move bytes. auto: io_uring where the kernel offers it (6.1 or later, not forbidden), else epoll")
OPT(STRING, user, 1, 32, "\"kha\"", NOW, RESTART,
    "User of all processes but the master, name or number; if absent on the system nobody, with a warning")
OPT(STRING, group, 1, 32, "\"kha\"", NOW, RESTART,
    "Group of them, name or number; if absent nogroup, with a warning")
OPT(PATH, run_dir, 1, 90, "\"/run/kha\"", NOW, RESTART,
    "Directory for kha.pid, kha.shm and the control socket; created when absent")
OPT(STRINGS, log, 1, 8, "\"stderr\"", NOW, LIVE,
    "Log targets: stderr[:level], syslog[:facility[:level]], udp:ADDR:PORT[:facility[:level]], or a file's path[:level]")
WORDS(log_level, "err|warning|notice|info|debug", "\"info\"", NOW, WORKERS,
    "The least important lines that are written; one line per connection is info")
OPT(AUTO_INT, max_connections, 1, 1000000, "\"auto\"", NOW, WORKERS,
    "Client connections of the node; over it accept pauses. auto: 20000 or what the limit of open files allows")
OPT(MSEC, drain_timeout, 0, 604800000, "\"30m\"", NOW, LIVE,
    "How long old workers keep their connections after a reload")
OPT(STRING, node, 1, 63, "\"auto\"", NOW, RESTART,
    "Which of nodes this machine is. auto: the one whose address is local")
OPT(BOOL, sandbox, 0, 0, "true", NOW, RESTART,
    "Children change uid, chroot and filter system calls; false is for debugging")
