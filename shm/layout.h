/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared-memory segment: format and rules.
 *
 * A file, RUN_DIR/kha.shm, on tmpfs. The master makes a new one at each start (written
 * beside and renamed, so that a reader sees a whole one or none); it stays after the
 * daemon's death so that it can still be read. It is sparse: SHM_SIZE of about 750 MB, nearly
 * all of it rows of connections, of which only what is in use takes memory. Byte order and
 * sizes are the machine's: it never leaves the machine. Readers refuse a file whose magic or layout id differs from
 * theirs; the layout id is a hash over all names and sizes (shm/stat.c), so that a change
 * of any row changes it. `ready` in the head is set last, after everything else.
 *
 * Who writes what. The segment is cut into page-aligned regions. Every process maps the
 * whole read-only through an O_RDONLY descriptor (mprotect cannot undo that), and
 * writable only the region that it alone writes (seg_own()).
 *
 *	region		only writer		how
 *	head		master			info: seqlock; procs: relaxed atomics;
 *						table: seqlock + generation;
 *						retired: relaxed adds between two
 *						steps of retire_seq
 *	logger		logger			relaxed atomics
 *	checker		checker			health cells: seqlock each;
 *						counters: relaxed
 *	vrrp		vrrp			VIP cells: seqlock each; counters: relaxed
 *	web		web			relaxed atomics
 *	entry[i]	worker of entry i	relaxed atomics
 *	session[i]	worker of entry i	a seqlock for each row; bytes and time: relaxed
 *	arena		all workers, master	atomic read-modify-write; see
 *						struct shm_arena
 *
 * When a process died, its region belongs to the master until the process-table entry is
 * used again: the master repairs odd sequences, adds the counters to `retired`, clears
 * them and the gauges, clears the entry's owner words in the arena, and its connections. Thus totals (live
 * entries + retired) never step back, and gauges never stick. Checker, logger, vrrp and
 * web have one fixed region each that their successor continues (never two at a time), so
 * that their counters and cells simply stay.
 *
 * A reader that sums counters reads retire_seq (odd while the master moves counters)
 * before and after, and tries again when it moved.
 *
 * The process table tells each process what is wanted of it (procs[i].want); whoever
 * changes something that another process must act on writes that process's eventfd
 * afterwards.
 *
 * Servers and services keep their index in the tables while they are configured. The
 * index of one that left the file is used again only when no worker that saw it lives;
 * `id` is never used twice.
 */
#ifndef KHA_SHM_LAYOUT_H
#define KHA_SHM_LAYOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "shm/seqlock.h"
#include "shm/setting.h"

#define SHM_MAGIC UINT64_C(0x6b68612d73686d31) /* "kha-shm1" */
/* Part of the layout id. One more when a struct here changes its meaning but not its
 * size: the hash sees names of counters and sizes, not the order of other members. */
#define SHM_REVISION	1
#define SHM_FILE	"kha.shm"
#define SHM_PAGE	4096
#define SHM_NAME	64 /* bytes of a service's, server's or node's name, with the 0 */
#define SHM_SERVICES	64
#define SHM_VIPS	64
#define SHM_VIP_ADDRS	20
#define SHM_VIP_CHANGES 64    /* of state that the master has not told to notify yet */
#define SHM_SCRIPTS	24    /* of one VIP */
#define SHM_SERVERS	512   /* of all services together, removed ones included */
#define SHM_WORKERS	32    /* of one generation */
#define SHM_GENERATIONS 5     /* one that accepts, four that drain */
#define SHM_SOURCES	16384 /* rows for addresses of clients, a power of two */
#define SHM_SOURCE_WAYS 16    /* rows that one address may have */
#define SHM_CERT_NAMES	512   /* bytes of the names of a server's certificate, with the 0 */
#define SHM_LIMIT_MAX	32768 /* largest max_connections of a server or service */
/* Rows for open connections of one worker. Those beyond work as well and are not listed. */
#define SHM_SESSIONS 32768

/* Rows of the process table (and wake_fds): the fixed ones, then workers. */
enum {
	ENTRY_CHECKER,
	ENTRY_LOGGER,
	ENTRY_VRRP,
	ENTRY_WEB,
	ENTRY_WORKER0,
	SHM_ENTRIES = ENTRY_WORKER0 + SHM_WORKERS * SHM_GENERATIONS,
};

enum proc_kind { PROC_NONE, PROC_CHECKER, PROC_LOGGER, PROC_VRRP, PROC_WEB, PROC_WORKER };

/* What the master wants of a process. */
enum proc_want {
	WANT_RUN,
	WANT_DRAIN, /* workers: accept no more, end when empty or at drain_until */
	/* end now: workers reset their connections; the logger drains its socket */
	WANT_STOP,
};

/* What an operator wants of a VIP; VIP_STOP: the master, before a reload takes the VIP from this node.
 * An order is a number that grows, and a verb in its last bits. */
enum vip_verb { VIP_NOTHING, VIP_TAKE, VIP_RELEASE, VIP_READY, VIP_VERBS, VIP_STOP = VIP_VERBS };
#define VIP_VERB_BITS		    8
#define VIP_ORDER_VERB(order)	    ((enum vip_verb)((order) & ((1 << VIP_VERB_BITS) - 1)))
#define VIP_ORDER_NEXT(order, verb) ((((order) >> VIP_VERB_BITS) + 1) << VIP_VERB_BITS | (verb))

/* Results of the scripts of a VIP, in one word: which are good, which have had a result at all, and the
 * configuration that they are of. */
#define SHM_SCRIPT_GOOD(i)  (UINT64_C(1) << (i))
#define SHM_SCRIPT_KNOWN(i) (UINT64_C(1) << (SHM_SCRIPTS + (i)))
#define SHM_SCRIPT_EPOCH    (2 * SHM_SCRIPTS)

/* A change of state of a VIP, in one word. */
#define SHM_CHANGE(cell, state, priority)                                                          \
	((uint64_t)(cell) | (uint64_t)(state) << 8 | (uint64_t)(priority) << 16)
#define SHM_CHANGE_CELL(c)     ((unsigned)((c)&0xff) % SHM_VIPS)
#define SHM_CHANGE_STATE(c)    ((unsigned)((c) >> 8 & 0xff))
#define SHM_CHANGE_PRIORITY(c) ((unsigned)((c) >> 16 & 0xff))

/* ---- counters: structs from the rows of shm/tbl ---- */

#define STAT(field, ...)		     _Atomic uint64_t field;
#define CLOSE(name, letters, is_error, help) _Atomic uint64_t close_##name;
struct stat_worker {
#include "shm/tbl/stat_worker.h"
#include "shm/tbl/close.h"
};
#undef CLOSE
struct stat_service {
#include "shm/tbl/stat_service.h"
};
struct stat_server {
#include "shm/tbl/stat_server.h"
};
struct stat_check {
#include "shm/tbl/stat_check.h"
};
#define VERDICT(name, counter, heard, help) _Atomic uint64_t counter;
#define DIALECT(name, counter, help)	    _Atomic uint64_t counter;
struct stat_vip {
#include "shm/tbl/stat_vip.h"
#include "shm/tbl/vip_verdict.h"
#include "shm/tbl/vip_dialect.h"
};
#undef DIALECT
#undef VERDICT
struct stat_master {
#include "shm/tbl/stat_master.h"
};
struct stat_logger {
#include "shm/tbl/stat_logger.h"
};
struct stat_web {
#include "shm/tbl/stat_web.h"
};
#undef STAT

#define CLOSE(name, letters, is_error, help) CLOSE_##name,
enum close_reason {
#include "shm/tbl/close.h"
	CLOSE_REASONS
};
#undef CLOSE

#define RESULT(name, passed, accepts, mute, help) RESULT_##name,
enum check_result {
#include "shm/tbl/result.h"
	CHECK_RESULTS
};
#undef RESULT

#define STATE(name, word, help) SESSION_##name,
enum session_state {
#include "shm/tbl/session_state.h"
	SESSION_STATES
};
#undef STATE

#define STATE(name, help) STATE_##name,
enum server_state {
#include "shm/tbl/state.h"
	SERVER_STATES
};
#undef STATE

/* Adds n to a counter of which this process is the only writer: no locked instruction. */
#define STAT_ADD(slab, field, n)                                                                   \
	atomic_store_explicit(&(slab)->field,                                                      \
	    atomic_load_explicit(&(slab)->field, memory_order_relaxed) + (uint64_t)(n),            \
	    memory_order_relaxed)
#define STAT_SET(slab, field, value)                                                               \
	atomic_store_explicit(&(slab)->field, (uint64_t)(value), memory_order_relaxed)
#define STAT_GET(slab, field) atomic_load_explicit(&(slab)->field, memory_order_relaxed)

/* All counters that a worker keeps; indices are those of the tables. */
struct stat_slab {
	struct stat_worker worker;
	struct stat_service service[SHM_SERVICES];
	struct stat_server server[SHM_SERVERS];
};

/* ---- tables that follow from the configuration ---- */

/* Values of the words of the options balance, on_down and log_connections, in the order
 * of conf/tbl/service.h. */
enum balance { BALANCE_LEASTCONN, BALANCE_ROUNDROBIN, BALANCE_RANDOM, BALANCE_HASH, BALANCE_FIRST };
enum on_down { ON_DOWN_KEEP, ON_DOWN_RESET };
enum log_connections { LOG_CONN_NONE, LOG_CONN_CLOSE, LOG_CONN_BOTH };

/* State of a row of a table. */
enum row_state { ROW_FREE, ROW_ACTIVE, ROW_REMOVED };

/* Keepalive of one side; 0 = the kernel's default (idle, interval, count) or off
 * (user_timeout). All in milliseconds but count. */
struct shm_keepalive {
	uint32_t idle;
	uint32_t interval;
	uint32_t count;
	uint32_t user_timeout;
};

/* The LIVE options of a service. Milliseconds; 0 = no limit. Workers read these, never
 * struct conf, so that they change without new workers. */
struct shm_service {
	char name[SHM_NAME];
	uint32_t state; /* enum row_state */
	uint32_t id;
	uint32_t balance;	  /* enum balance */
	uint32_t on_down;	  /* enum on_down */
	uint32_t log_connections; /* enum log_connections */
	uint32_t reset_rate;	  /* connections a second, over all workers */
	uint32_t max_connections;
	uint32_t max_queue;
	uint32_t connect_ms;
	uint32_t queue_ms;
	uint32_t hello_ms;
	uint32_t idle_ms;
	uint32_t half_closed_ms;
	uint32_t hung_after_ms;
	uint32_t slow_start_ms;
	uint32_t pad;
	struct shm_keepalive client;
	struct shm_keepalive server;
};

struct shm_server {
	char name[SHM_NAME];
	struct addr addr; /* 28 bytes */
	uint32_t state;	  /* enum row_state */
	uint32_t id;
	uint32_t service; /* index */
	uint32_t admin;	  /* enum server_admin; follows from set_admin */
	uint32_t backup;  /* 0 or 1 */
	uint32_t weight;  /* 0..256; 0 = no new connections; follows from set_weight */
	uint32_t max_connections;
	uint32_t max_queue;
	uint32_t connect_rate;
	uint32_t position;	     /* order in the file within its service */
	uint32_t removed_generation; /* workers' generation when it was removed */
	uint32_t pad;
	int64_t removed_us; /* CLOCK_MONOTONIC, 0: not removed */
	/* removed or in MAINT: its connections are closed then; 0: never */
	int64_t drain_until_us;
	/* Connections that began before are closed, whatever the state; 0: no such order */
	int64_t close_us;
	struct shm_setting set_admin;
	struct shm_setting set_weight;
};

/* Both tables, copied whole under one seqlock. A torn one cannot be seen: the master is
 * the writer, and when it dies everything dies. */
struct shm_table {
	uint64_t generation; /* +1 with each change */
	uint32_t n_services; /* rows beyond were never used */
	uint32_t n_servers;
	struct shm_service service[SHM_SERVICES];
	struct shm_server server[SHM_SERVERS];
};

/* ---- health: written by the checker ---- */

/* One per server index; `id` says which server it speaks about: a cell whose id differs
 * from the table's is not about this server (yet). After a killed checker it may be half
 * old and half new: both halves were true within the last second, and the next check
 * rewrites it. */
struct shm_health {
	uint32_t id;
	uint8_t state;	/* enum server_state: UP, NOTREADY, HUNG or DOWN */
	uint8_t result; /* enum check_result of the last check */
	uint16_t code;	/* HTTP status, TLS alert or errno of the last check; 0: none */
	int32_t health; /* HAProxy's integer, 0..rise+fall-1 */
	uint16_t rise, fall;
	uint16_t streak;      /* last failures that say the same, at most fall */
	uint8_t streak_state; /* enum server_state that they say */
	uint8_t returns;      /* 1: slow start begins when it is UP next */
	int32_t check_ms;     /* duration of the last check; -1: none yet */
	uint32_t warn;	      /* enum health_warn bits */
	uint32_t poked;	      /* 1: a worker was in trouble, and no check passed since */
	int64_t since_us;     /* of state, CLOCK_MONOTONIC */
	int64_t since_wall_ms;
	int64_t checked_us;	/* end of the last check, CLOCK_MONOTONIC; 0: none yet */
	int64_t refused_us;	/* it refuses checks since then, after such trouble; 0: not so */
	int64_t mute_us;	/* NOTREADY or HUNG: checks got no answer since then; 0: they do */
	int64_t slow_us;	/* UP, and slow start began then, CLOCK_MONOTONIC; 0: none */
	int64_t cert_not_after; /* seconds since 1970; 0: unknown */
	char text[120];		/* the last check in words, 0-terminated */
	/* DNS names and addresses of its certificate, "a,b,..."; visible ASCII, 0-terminated */
	char cert_names[SHM_CERT_NAMES];
};

/* Bits of shm_health.warn: what a person should know beside the result. */
enum health_warn {
	HEALTH_WARN_AUTH = 1, /* 401 or 403: alive, readiness unknown */
	HEALTH_WARN_CERT = 2, /* verify = warn and the certificate does not verify */
	/* 404, or not TLS: perhaps not what the check is made for; only said when all are so */
	HEALTH_WARN_FOREIGN = 4,
};

/* ---- regions ---- */

/* At the start of each process's own region. */
struct shm_proc_region {
	_Atomic int64_t beat_us; /* CLOCK_MONOTONIC of its last turn, >= 4 a second */
	_Atomic uint32_t ready;	 /* its generation, once it does its work; else 0 */
	uint32_t pad;
};

/* Row of the process table. kind PROC_NONE: free. pid 0 with a kind: not running now,
 * will be started again. The master sets kind before it forks and makes a worker's row
 * free only after seg_reap(): those who sum counters look at rows with a kind. */
struct shm_proc {
	_Atomic uint32_t kind; /* enum proc_kind */
	_Atomic uint32_t slot;
	_Atomic int32_t pid;
	_Atomic uint32_t generation;
	_Atomic uint32_t want; /* enum proc_want */
	uint32_t pad;
	_Atomic int64_t drain_until_us; /* with WANT_DRAIN; 0: no deadline */
	_Atomic int64_t started_us;
};

/* Facts about the daemon. Times are CLOCK_REALTIME milliseconds. */
struct shm_info {
	int32_t pid;
	uint32_t generation; /* of workers that accept */
	int64_t start_wall_ms;
	int64_t start_us;
	int64_t reload_wall_ms;	   /* last reload, successful or not; 0: none */
	int64_t reload_ok_wall_ms; /* last configuration loaded, the start included */
	uint32_t reload_ok;	   /* 1: the last one succeeded */
	uint32_t workers;
	uint32_t max_connections;
	uint32_t sandboxed;
	char engine[8];
	char node[SHM_NAME];
	char version[32];
	char config[512]; /* path, absolute */
};

struct shm_head {
	uint64_t magic;
	uint64_t layout;
	_Atomic uint32_t ready; /* 1: complete */
	uint32_t pad;
	struct shm_proc_region self; /* the master's own heartbeat */
	SEQ_CELL(struct shm_info) info;
	struct shm_proc proc[SHM_ENTRIES];
	_Atomic uint64_t table_generation; /* = table.generation, to poll cheaply */
	SEQ_CELL(struct shm_table) table;
	struct stat_master master;
	_Atomic uint64_t vip_script[SHM_VIPS]; /* of vips[i] of the configuration */
	_Atomic uint64_t vip_order[SHM_VIPS];  /* the last one of each cell of shm_vrrp */
	/* By worker: the last order to close a connection, see SHM_CLOSE. */
	_Atomic uint64_t session_close[SHM_ENTRIES - ENTRY_WORKER0];
	_Atomic uint64_t retire_seq;
	struct stat_slab retired;
};

struct shm_logger {
	struct shm_proc_region proc;
	struct stat_logger stat;
};

struct shm_web {
	struct shm_proc_region proc;
	struct stat_web stat;
};

struct shm_checker {
	struct shm_proc_region proc;
	_Atomic uint64_t generation; /* +1 after each change of state, result, warning */
	_Atomic uint64_t log_dropped;
	SEQ_CELL(struct shm_health) health[SHM_SERVERS];
	struct stat_check stat[SHM_SERVERS];
};

/* One VIP on this node. Times are CLOCK_MONOTONIC microseconds; 0: never. */
struct shm_vip {
	char name[SHM_NAME]; /* "": this cell is free */
	struct addr address[SHM_VIP_ADDRS];
	uint32_t n_addresses;
	uint32_t state; /* row of shm/tbl/vip_state.h */
	uint32_t vrid, version;
	uint32_t priority, base_priority; /* effective; configured */
	uint32_t owner_priority;	  /* of the owner that was heard last */
	uint32_t n_peers;		  /* unicast; 0: multicast */
	struct addr owner;		  /* the same; AF_UNSPEC: none yet */
	struct addr self; /* source of our adverts, AF_UNSPEC: not joined yet; and its interface */
	uint32_t self_ifindex;
	uint32_t ifindex; /* of the addresses */
	uint32_t present; /* 1: this node holds all addresses */
	uint32_t advert_ms, lifetime_ms;
	uint32_t owner_advert_ms; /* interval of the owner that was heard last; 0: none */
	uint32_t pad;
	int64_t since_us;	/* of the state */
	int64_t heard_us;	/* any sign of life of a peer */
	int64_t leased_us;	/* the addresses live in the kernel from here on for lifetime_ms */
	int64_t reset_us;	/* workers reset what clients opened to the addresses before this */
	uint64_t order_done;	/* the order that was carried out or refused last */
	uint32_t order_refused; /* 1: refused */
	uint32_t released;	/* 1: an operator keeps it out, see VIP_READY */
	char order_text[96];	/* how it went */
	char interface[16];
	char reason[96];   /* of the last change of state */
	char fault[96];	   /* why the state is FAULT or INIT; "": nothing */
	char degraded[96]; /* why adverts of a peer do not fit ours; "": they do */
};

struct shm_vrrp {
	struct shm_proc_region proc;
	_Atomic uint64_t resets; /* +1 after a reset_us was stored */
	_Atomic uint64_t log_dropped;
	_Atomic uint64_t changes; /* of state so far; the last ones are in change[] */
	_Atomic uint64_t change[SHM_VIP_CHANGES];
	_Atomic int64_t sent_us[SHM_VIPS]; /* last advert that is no farewell */
	SEQ_CELL(struct shm_vip) vip[SHM_VIPS];
	struct stat_vip stat[SHM_VIPS];
};

/* Clients of a worker that wait for a place: the ticket of the oldest one, 0: nobody waits. By
 * service those that any of its servers suits, by server those that wait for this one. */
struct shm_waiting {
	_Atomic uint64_t service[SHM_SERVICES];
	_Atomic uint64_t server[SHM_SERVERS];
};

/* Open connections of one client address at one service, in one worker. Found by looking at
 * SHM_SOURCE_WAYS rows from the one that the key says; n = 0: free. */
struct shm_source {
	_Atomic uint64_t key;
	_Atomic uint64_t n;
};

/* An order to close a connection is one word: its serial, and a number that makes the same order
 * another one the next time. */
#define SHM_CLOSE_BITS		   16
#define SHM_CLOSE(serial, number)  ((uint64_t)(serial) << SHM_CLOSE_BITS | (uint16_t)(number))
#define SHM_CLOSE_SERIAL(order)	   ((uint64_t)(order) >> SHM_CLOSE_BITS)
#define SHM_CLOSE_NEXT(order, ser) SHM_CLOSE(ser, (order) + 1)
#define SHM_SERIAL_MAX		   (UINT64_MAX >> SHM_CLOSE_BITS)

/* One end of a connection: IPv4 as ::ffff:a.b.c.d, all zero: none or unknown. Of a link-local
 * address the interface is not kept. */
struct shm_end {
	uint8_t ip[16];
	uint16_t port;
};

/* What is said about a connection when it comes, when it gets a server, when its state changes. */
struct shm_who {
	uint64_t serial;    /* 1, 2, ... over all workers that had this entry; 0: the row is free */
	int64_t started_us; /* CLOCK_MONOTONIC */
	uint32_t server_id;
	uint16_t server; /* index, SHM_NO_SERVER: none */
	uint8_t service; /* index */
	uint8_t state;	 /* enum session_state */
	struct shm_end client;
	struct shm_end peer;   /* who sent the PROXY header that told the client; else none */
	struct shm_end listen; /* what the client connected to */
	struct shm_end own;    /* our end towards the server, which the server sees */
};
#define SHM_NO_SERVER UINT16_MAX

/*
 * One open connection: two cache lines, the first of which has all that a byte changes. Its worker
 * counts here and nowhere else. `who` changes under the sequence; bytes and last_ms are set anew
 * while the row is free, so that a reader who finds the sequence unchanged after reading them has
 * those of the same connection.
 */
struct shm_session {
	struct seq seq;
	_Atomic uint64_t last_ms;  /* last byte of either side (or the begin), CLOCK_MONOTONIC */
	_Atomic uint64_t bytes[2]; /* from client, from server */
	union {
		struct shm_who who; /* for its worker */
		_Atomic uint64_t words[sizeof(struct shm_who) / 8];
	};
};

struct shm_worker {
	struct shm_proc_region proc;
	_Atomic uint64_t table_seen;	 /* table generation it works by */
	_Atomic uint64_t session_last;	 /* serial that was given out last; lives on when it dies */
	_Atomic uint64_t session_obeyed; /* shm_head.session_close that was carried out last, */
	_Atomic uint32_t session_closed; /* and stored before: 1, closed; 0, there was none */
	/* Rows from here on were never used: their pages are not to be looked at. */
	_Atomic uint32_t session_top;
	_Atomic uint32_t kept_on; /* the CPU that it stays on + 1; 0: it runs on any */
	uint32_t pad;
	/* By server: the newest shm_server.close_us of which it has nothing left to close. */
	_Atomic int64_t close_obeyed_us[SHM_SERVERS];
	struct shm_waiting waiting;
	struct stat_slab stat;
	struct shm_source source[SHM_SOURCES];
};

struct shm_sessions {
	struct shm_session row[SHM_SESSIONS];
};

/* A limit of n is the first n words. 0: free; else owner's entry + 1. Taken by compare
 * and swap from 0, given back by storing 0; the master clears the words of a dead entry.
 * (A shared counter would leak what a killed worker held.) `top` only grows: no word at
 * or above it was ever taken, so that nobody has to look at all of them (or make the
 * pages of a sparse file real by looking). It is raised before the word is taken. */
struct shm_limit {
	_Alignas(64) _Atomic uint32_t top;
	_Atomic uint16_t word[SHM_LIMIT_MAX];
};

/* Balancing tickets of one service, a cache line of its own. */
struct shm_ticket {
	_Alignas(64) _Atomic uint64_t next;
};

/* Clients on their way to the worker that reads this slot: sent by others, taken by it. Both only
 * grow, and wrap. */
struct shm_hand {
	_Alignas(64) _Atomic uint32_t sent;
	_Atomic uint32_t taken;
};

/* The one place that several processes write: every access is one atomic operation, so
 * that a death at any instruction leaves it meaningful. */
struct shm_arena {
	struct shm_ticket ticket[SHM_SERVICES];
	struct shm_ticket queue[SHM_SERVICES]; /* of clients that wait: the last one given out */
	_Atomic uint64_t server_rate[SHM_SERVERS]; /* shm/rate.h */
	_Atomic uint64_t source_rate[SHM_SOURCES]; /* the same, by a hash of service and address */
	struct shm_hand hand[SHM_WORKERS];
	struct shm_limit service_limit[SHM_SERVICES];
	struct shm_limit server_limit[SHM_SERVERS];
};

#define SHM_REGION(type)                                                                           \
	union {                                                                                    \
		type r;                                                                            \
		char pages[(sizeof(type) + SHM_PAGE - 1) / SHM_PAGE * SHM_PAGE];                   \
	}

struct shm {
	SHM_REGION(struct shm_head) head;
	SHM_REGION(struct shm_logger) logger;
	SHM_REGION(struct shm_checker) checker;
	SHM_REGION(struct shm_vrrp) vrrp;
	SHM_REGION(struct shm_web) web;
	SHM_REGION(struct shm_worker) worker[SHM_ENTRIES - ENTRY_WORKER0];
	SHM_REGION(struct shm_arena) arena;
	SHM_REGION(struct shm_sessions) session[SHM_ENTRIES - ENTRY_WORKER0];
};

#define SHM_SIZE sizeof(struct shm)

_Static_assert(sizeof(struct addr) == 28, "struct addr stands in the segment");
_Static_assert(sizeof(struct shm_health) % 8 == 0, "whole words");
_Static_assert(sizeof(struct shm_vip) % 8 == 0, "whole words");
_Static_assert(sizeof(struct shm_session) == 128, "two cache lines");
_Static_assert(sizeof(struct shm_who) % 8 == 0, "whole words");
_Static_assert(sizeof(struct shm_sessions) % SHM_PAGE == 0, "rows alone can become a hole");
_Static_assert(sizeof(struct shm) % SHM_PAGE == 0, "whole pages");

#endif
