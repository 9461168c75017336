/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: text -> struct conf, which never changes afterwards. Fields, defaults and
 * ranges come from the rows of conf/tbl; nested groups of the file are nested structs.
 */
#ifndef KHA_CONF_CONF_H
#define KHA_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/err.h"

struct conf_mem; /* conf/mem.h */

struct conf_strings {
	char **v;
	unsigned n;
};
struct conf_msecs {
	int *v;
	unsigned n;
};
struct conf_addrs {
	struct addr *v;
	unsigned n;
};
struct conf_cidrs {
	struct cidr *v;
	unsigned n;
};

/* One address to listen on. vip: name as written, or NULL; then addr has the VIP's first
 * address. */
struct conf_listen {
	struct addr addr; /* "*": AF_INET6 :: for both families */
	char *vip;
	bool further; /* not the first address of that VIP: it stands here, not in the file */
};
struct conf_listens {
	struct conf_listen *v;
	unsigned n;
};

#define CONF_AUTO (-1) /* of AUTO_INT and AUTO_MSEC */
#define CONF_NONE 0    /* of NONE_INT and AUTO_MSEC: "none" */

#define CONF_TYPE_BOOL	    bool
#define CONF_TYPE_INT	    int
#define CONF_TYPE_AUTO_INT  int
#define CONF_TYPE_NONE_INT  int
#define CONF_TYPE_MSEC	    int
#define CONF_TYPE_AUTO_MSEC int
#define CONF_TYPE_STRING    char *
#define CONF_TYPE_PATH	    char *
#define CONF_TYPE_SECRET    char *
#define CONF_TYPE_STRINGS   struct conf_strings
#define CONF_TYPE_MSECS	    struct conf_msecs
#define CONF_TYPE_ADDRS	    struct conf_addrs
#define CONF_TYPE_VADDRS    struct conf_addrs
#define CONF_TYPE_CIDRS	    struct conf_cidrs
#define CONF_TYPE_LISTENS   struct conf_listens

#define OPT(kind, field, ...)	  CONF_TYPE_##kind field;
#define WORDS(field, ...)	  int field;
#define GROUP(table, field, help) struct conf_##table field;

/* Values of WORDS that code compares with; order as in the rows. Those that the segment knows
 * too (balance, on_down, log_connections) are enums of shm/layout.h. */
enum conf_engine { CONF_ENGINE_AUTO, CONF_ENGINE_URING, CONF_ENGINE_EPOLL };
enum conf_check_type { CHECK_HTTPS, CHECK_HTTP, CHECK_TLS, CHECK_TCP, CHECK_NONE };
enum conf_verify { VERIFY_NONE, VERIFY_WARN, VERIFY_REQUIRED };
enum conf_hello { HELLO_NONE, HELLO_WAIT, HELLO_REQUIRE };
enum conf_preset { PRESET_KUBE_APISERVER, PRESET_K3S, PRESET_OPENSHIFT_MCS, PRESET_TCP };

struct conf_global {
#include "conf/tbl/global.h"
};
struct conf_node {
	int line;
#include "conf/tbl/node.h"
};
struct conf_garp {
#include "conf/tbl/garp.h"
};
struct conf_script {
	int line;
#include "conf/tbl/script.h"
};
struct conf_track {
#include "conf/tbl/track.h"
	struct conf_script *scripts;
	unsigned n_scripts;
};
struct conf_vip {
	int line;
#include "conf/tbl/vip.h"
};
struct conf_peer {
#include "conf/tbl/peer.h"
};
struct conf_server_opts {
#include "conf/tbl/server.h"
};
struct conf_server {
	int line;
	char *name;
	struct addr addr; /* with port */
	struct conf_server_opts opt;
};
struct conf_check {
#include "conf/tbl/check.h"
};
struct conf_timeout {
#include "conf/tbl/timeout.h"
};
struct conf_keepalive_client {
#include "conf/tbl/keepalive_client.h"
};
struct conf_keepalive_server {
#include "conf/tbl/keepalive_server.h"
};
struct conf_keepalive {
#include "conf/tbl/keepalive.h"
};
struct conf_client_hello {
#include "conf/tbl/client_hello.h"
};
struct conf_per_source {
#include "conf/tbl/per_source.h"
};
struct conf_proxy_protocol {
#include "conf/tbl/proxy_protocol.h"
};
struct conf_rebalance {
#include "conf/tbl/rebalance.h"
};
struct conf_service {
	int line;
	char *name;
#include "conf/tbl/service.h"
	struct conf_server_opts server_defaults;
	struct conf_server *servers;
	unsigned n_servers;
};
struct conf_tls {
#include "conf/tbl/tls.h"
};
struct conf_monitor {
#include "conf/tbl/monitor.h"
};
struct conf_status {
#include "conf/tbl/status.h"
};

struct conf {
	char *path; /* of the file, absolute when it came from one; "-": standard input */
#include "conf/tbl/root.h"
	struct conf_global global;
	struct conf_node *nodes;
	unsigned n_nodes;
	struct conf_vip *vips;
	unsigned n_vips;
	struct conf_peer peer;
	struct conf_service *services;
	unsigned n_services;
	struct conf_status status;
	int self;	      /* index in nodes of this machine, -1: none is local */
	struct conf_mem *mem; /* owns everything here; only for conf_free() */
};

#undef OPT
#undef WORDS
#undef GROUP

/* Reads `path` ("-": standard input). node: name to be (kha -n), or NULL: global.node decides.
 * NULL when the file has errors, all of which are then in *errors as
 * FILE:LINE: path: what is wrong. Warnings and notes ("not yet in effect: ...") go to *warnings.
 * The result belongs to the caller: conf_free(). */
struct conf *conf_load(
    const char *path, const char *node, struct err *errors, struct err *warnings);
void conf_free(struct conf *conf);

/* kha -T: the effective configuration, complete, parseable; loading it and printing again gives
 * the same text. Secrets as "***" unless `secrets`. -1: writing failed (errno). */
int conf_print(const struct conf *conf, FILE *out, bool secrets);

/* The list is this word and nothing else: "nodes", "auto", "multicast". */
bool conf_only(const struct conf_strings *list, const char *word);
/* Ports and prefixes do not count. */
bool conf_has_address(const struct conf_addrs *list, const struct addr *a);
/* Index in nodes, by name or by one of the addresses; -1: none. */
int conf_find_node(const struct conf *conf, const char *name);
int conf_find_node_at(const struct conf *conf, const struct addr *a);
/* By name; NULL: none. */
const struct conf_vip *conf_find_vip(const struct conf *conf, const char *name);

enum conf_apply { CONF_LIVE, CONF_WORKERS, CONF_RESTART };

/* Calls `fn` for each option, service, server, node and VIP that differs; path is e.g.
 * "services.api.servers.cp-1.weight"; before or after is "" for what is only in the other one;
 * values as -T prints them. Order: that of the file format. Added and removed servers are LIVE,
 * services WORKERS. */
void conf_diff(const struct conf *before, const struct conf *after,
    void (*fn)(
	void *arg, const char *path, const char *old, const char *new, enum conf_apply apply),
    void *arg);

/* The mdoc rows of all options, for the manual page. */
void conf_doc(FILE *out);

#endif
