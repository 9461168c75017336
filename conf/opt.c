/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/opt.h"

#include <string.h>

#define SAME_LAYOUT(type)                                                                          \
	_Static_assert(sizeof(struct type) == sizeof(struct conf_list) &&                          \
			   offsetof(struct type, n) == offsetof(struct conf_list, n),              \
	    "conf_list_of() reads it")
SAME_LAYOUT(conf_strings);
SAME_LAYOUT(conf_msecs);
SAME_LAYOUT(conf_addrs);
SAME_LAYOUT(conf_cidrs);
SAME_LAYOUT(conf_listens);

#define EFFECT_NOW   false
#define EFFECT_LATER true

#define OPT(k, field, lo, hi, text, effect, when, about)                                           \
	{.name = #field,                                                                           \
	    .kind = KIND_##k,                                                                      \
	    .later = EFFECT_##effect,                                                              \
	    .apply = CONF_##when,                                                                  \
	    .offset = offsetof(struct OWNER, field),                                               \
	    .min = lo,                                                                             \
	    .max = hi,                                                                             \
	    .def = text,                                                                           \
	    .help = about},
#define WORDS(field, list, text, effect, when, about)                                              \
	{.name = #field,                                                                           \
	    .kind = KIND_WORDS,                                                                    \
	    .later = EFFECT_##effect,                                                              \
	    .apply = CONF_##when,                                                                  \
	    .offset = offsetof(struct OWNER, field),                                               \
	    .words = list,                                                                         \
	    .def = text,                                                                           \
	    .help = about},
#define GROUP(table, field, about)                                                                 \
	{.name = #field,                                                                           \
	    .kind = KIND_GROUP,                                                                    \
	    .offset = offsetof(struct OWNER, field),                                               \
	    .group = &conf_table_##table,                                                          \
	    .help = about},

#define BEGIN(name) static const struct conf_opt name##_opts[] = {
#define END(table)                                                                                 \
	}                                                                                          \
	;                                                                                          \
	const struct conf_table conf_table_##table = {                                             \
	    #table, table##_opts, sizeof table##_opts / sizeof table##_opts[0]}

#define OWNER conf
BEGIN(root)
#include "conf/tbl/root.h"
END(root);
#undef OWNER

#define OWNER conf_server_opts
BEGIN(server)
#include "conf/tbl/server.h"
END(server);
#undef OWNER

#define OWNER conf_global
BEGIN(global)
#include "conf/tbl/global.h"
END(global);
#undef OWNER

#define OWNER conf_node
BEGIN(node)
#include "conf/tbl/node.h"
END(node);
#undef OWNER

#define OWNER conf_vip
BEGIN(vip)
#include "conf/tbl/vip.h"
END(vip);
#undef OWNER

#define OWNER conf_garp
BEGIN(garp)
#include "conf/tbl/garp.h"
END(garp);
#undef OWNER

#define OWNER conf_track
BEGIN(track)
#include "conf/tbl/track.h"
END(track);
#undef OWNER

#define OWNER conf_script
BEGIN(script)
#include "conf/tbl/script.h"
END(script);
#undef OWNER

#define OWNER conf_peer
BEGIN(peer)
#include "conf/tbl/peer.h"
END(peer);
#undef OWNER

#define OWNER conf_service
BEGIN(service)
#include "conf/tbl/service.h"
END(service);
#undef OWNER

#define OWNER conf_check
BEGIN(check)
#include "conf/tbl/check.h"
END(check);
#undef OWNER

#define OWNER conf_timeout
BEGIN(timeout)
#include "conf/tbl/timeout.h"
END(timeout);
#undef OWNER

#define OWNER conf_keepalive
BEGIN(keepalive)
#include "conf/tbl/keepalive.h"
END(keepalive);
#undef OWNER

#define OWNER conf_keepalive_client
BEGIN(keepalive_client)
#include "conf/tbl/keepalive_client.h"
END(keepalive_client);
#undef OWNER

#define OWNER conf_keepalive_server
BEGIN(keepalive_server)
#include "conf/tbl/keepalive_server.h"
END(keepalive_server);
#undef OWNER

#define OWNER conf_client_hello
BEGIN(client_hello)
#include "conf/tbl/client_hello.h"
END(client_hello);
#undef OWNER

#define OWNER conf_per_source
BEGIN(per_source)
#include "conf/tbl/per_source.h"
END(per_source);
#undef OWNER

#define OWNER conf_proxy_protocol
BEGIN(proxy_protocol)
#include "conf/tbl/proxy_protocol.h"
END(proxy_protocol);
#undef OWNER

#define OWNER conf_rebalance
BEGIN(rebalance)
#include "conf/tbl/rebalance.h"
END(rebalance);
#undef OWNER

#define OWNER conf_status
BEGIN(status)
#include "conf/tbl/status.h"
END(status);
#undef OWNER

#define OWNER conf_tls
BEGIN(tls)
#include "conf/tbl/tls.h"
END(tls);
#undef OWNER

#define OWNER conf_monitor
BEGIN(monitor)
#include "conf/tbl/monitor.h"
END(monitor);
#undef OWNER

const struct conf_opt *
conf_table_find(const struct conf_table *t, const char *name)
{
	for (unsigned i = 0; i < t->n; i++)
		if (strcmp(t->opts[i].name, name) == 0)
			return &t->opts[i];
	return NULL;
}

bool
conf_table_later(const struct conf_table *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct conf_opt *o = &t->opts[i];

		if (o->kind == KIND_GROUP ? !conf_table_later(o->group) : !o->later)
			return false;
	}
	return true;
}

bool
conf_opt_required(const struct conf_opt *o)
{
	/* All such options are strings and lists that must not be empty. */
	return o->min > 0 && o->def != NULL &&
	       (strcmp(o->def, "\"\"") == 0 || strcmp(o->def, "()") == 0);
}

void
conf_table_defaults(const struct conf_table *t, void *object, const struct conf_parsing *p)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct conf_opt *o = &t->opts[i];
		void *field = conf_field(object, o);

		if (o->kind == KIND_GROUP)
			conf_table_defaults(o->group, field, p);
		else
			conf_opt_set(o, field, o->def, p);
	}
}
