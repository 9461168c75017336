/* SPDX-License-Identifier: BSD-2-Clause */
/* kha stat -f json */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "shm/fmt.h"
#include "shm/json.h"

static void
put_counters(struct json *j, json_t *object, enum stat_scope scope, const void *slab)
{
	const struct stat_set *set = &stat_sets[scope];

	for (unsigned i = 0; i < set->n; i++) {
		uint64_t v = stat_row(slab, i);

		if (set->rows[i].kind == STAT_STAMP) /* of the monotonic clock: as an age */
			put_age(j, object, set->rows[i].name, (int64_t)v * 1000);
		else
			put_number(j, object, set->rows[i].name, (int64_t)v);
	}
}

static json_t *
counters(struct json *j, enum stat_scope scope, const void *slab)
{
	json_t *object = json_object();

	put_counters(j, object, scope, slab);
	return object;
}

struct warnings {
	struct json *j;
	json_t *array;
};

static void
add_warning(void *arg, const char *line)
{
	const struct warnings *w = arg;

	append(w->j, w->array, json_string(line));
}

static json_t *
kha(struct json *j)
{
	const struct dump *d = j->d;
	const struct shm_info *info = &d->info;
	struct warnings warnings = {j, json_array()};
	json_t *o = json_object();
	char layout[20];

	snprintf(layout, sizeof layout, "%016" PRIx64, d->layout);
	put_text(j, o, "version", info->version);
	put_text(j, o, "layout", layout);
	put_text(j, o, "node", info->node);
	put_number(j, o, "pid", info->pid);
	put_bool(j, o, "running", d->daemon != DAEMON_GONE);
	put_age(j, o, "heartbeat_age_ms", d->beat_us);
	put_text(j, o, "config", info->config);
	put_text(j, o, "engine", info->engine);
	put_bool(j, o, "sandboxed", info->sandboxed != 0);
	put_number(j, o, "max_connections", info->max_connections);
	put_number(j, o, "workers", info->workers);
	put_number(j, o, "generation", info->generation);
	put_number(j, o, "table_generation", (int64_t)d->table.generation);
	put_number(j, o, "taken_at_ms", d->wall_ms);
	put_number(j, o, "started_at_ms", info->start_wall_ms);
	put_age(j, o, "uptime_ms", info->start_us);
	put_number(j, o, "reloaded_at_ms", info->reload_wall_ms);
	put_number(j, o, "reload_ok_at_ms", info->reload_ok_wall_ms);
	put_bool(j, o, "reload_ok", info->reload_wall_ms == 0 || info->reload_ok != 0);
	put_number(j, o, "log_dropped", (int64_t)d->log_dropped);
	dump_warnings(d, add_warning, &warnings);
	put(j, o, "warnings", warnings.array);
	put(j, o, "totals", counters(j, STAT_SET_WORKER, &d->sum.worker));
	put(j, o, "master", counters(j, STAT_SET_MASTER, &d->master));
	put(j, o, "logger", counters(j, STAT_SET_LOGGER, &d->logger));
	put(j, o, "web", counters(j, STAT_SET_WEB, &d->web));
	return o;
}

static json_t *
check(struct json *j, const struct shm_health *h)
{
	json_t *o = json_object(), *warn = json_array();

	put_text(j, o, "result", check_result_name((enum check_result)h->result));
	put_bool(j, o, "passed", check_result_passed((enum check_result)h->result));
	put_number(j, o, "code", h->code);
	put(j, o, "duration_ms", h->check_ms >= 0 ? json_integer(h->check_ms) : json_null());
	put_age(j, o, "age_ms", h->checked_us);
	put_text(j, o, "text", h->text);
	put_number(j, o, "health", h->health);
	put_number(j, o, "rise", h->rise);
	put_number(j, o, "fall", h->fall);
	if (h->warn & HEALTH_WARN_AUTH)
		append(j, warn, json_string("auth"));
	if (h->warn & HEALTH_WARN_CERT)
		append(j, warn, json_string("cert"));
	if (h->warn & HEALTH_WARN_FOREIGN)
		append(j, warn, json_string("foreign"));
	put(j, o, "warnings", warn);
	return o;
}

static json_t *
server(struct json *j, unsigned i)
{
	const struct shm_server *s = &j->d->table.server[i];
	const struct shm_health *h = &j->d->health[i];
	json_t *o = json_object(), *c;
	char addr[ADDR_TEXT];

	put_text(j, o, "name", s->name);
	put_number(j, o, "id", s->id);
	put_text(j, o, "address", addr_print(&s->addr, addr, sizeof addr));
	put_text(j, o, "state", server_state_name((enum server_state)j->d->shown[i]));
	put_text(j, o, "health", server_state_name((enum server_state)h->state));
	put_age(j, o, "since_ms", fmt_since_us(j->d, i));
	put_text(j, o, "admin", server_admin_name((enum server_admin)s->admin));
	put_date(j, o, "admin_until_at_ms", s->set_admin.until_wall_ms);
	put_bool(j, o, "backup", s->backup != 0);
	put_number(j, o, "weight", s->weight);
	put_number(j, o, "weight_configured", s->set_weight.file);
	put_date(j, o, "weight_until_at_ms", s->set_weight.until_wall_ms);
	put_number(j, o, "max_connections", s->max_connections);
	put_number(j, o, "slow_start_percent", fmt_slow_percent(j->d, i));
	put(j, o, "cert_not_after",
	    h->cert_not_after != 0 ? json_integer(h->cert_not_after) : json_null());
	put(j, o, "cert_names", h->cert_not_after != 0 ? json_string(h->cert_names) : json_null());
	put(j, o, "check", check(j, h));
	c = counters(j, STAT_SET_SERVER, &j->d->sum.server[i]);
	put_counters(j, c, STAT_SET_CHECK, &j->d->check[i]);
	put(j, o, "counters", c);
	return o;
}

static json_t *
service(struct json *j, const struct dump_service *s)
{
	const struct shm_service *row = &j->d->table.service[s->index];
	json_t *o = json_object(), *servers = json_array();

	put_text(j, o, "name", row->name);
	put_number(j, o, "id", row->id);
	put_bool(j, o, "removed", row->state == ROW_REMOVED);
	put_text(j, o, "balance", dump_balance_name(row->balance));
	put_text(j, o, "serving", dump_serving_name(s->serving));
	put_bool(j, o, "fail_open", s->serving == CANDIDATES_FAIL_OPEN);
	put_number(j, o, "candidates", s->candidates);
	put_number(j, o, "active_servers", s->up);
	put_number(j, o, "backup_servers", s->backups_up);
	put_number(j, o, "max_connections", row->max_connections);
	put(j, o, "counters", counters(j, STAT_SET_SERVICE, &j->d->sum.service[s->index]));
	for (unsigned k = 0; k < s->n; k++)
		append(j, servers, server(j, j->d->servers[s->first + k]));
	put(j, o, "servers", servers);
	return o;
}

static json_t *
process(struct json *j, const struct dump_proc *p)
{
	json_t *o = json_object();

	if (p->kind == PROC_WORKER)
		put_number(j, o, "slot", p->slot);
	else
		put_text(j, o, "kind", proc_kind_name((enum proc_kind)p->kind));
	put_number(j, o, "pid", p->pid);
	put_number(j, o, "generation", p->generation);
	put_bool(j, o, "ready", p->ready != 0);
	put_bool(j, o, "draining", p->want != WANT_RUN);
	put_age(j, o, "heartbeat_age_ms", p->beat_us);
	if (p->kind != PROC_WORKER)
		return o;
	put_number(j, o, "active", (int64_t)p->active);
	put(j, o, "cpu", p->kept_on != 0 ? json_integer((json_int_t)p->kept_on - 1) : json_null());
	return o;
}

static json_t *
vip(struct json *j, unsigned i)
{
	const struct shm_vip *v = &j->d->vip[i];
	json_t *o = json_object(), *addresses = json_array();
	char text[ADDR_TEXT];

	put_text(j, o, "name", v->name);
	for (unsigned k = 0; k < v->n_addresses; k++)
		append(j, addresses, json_string(addr_print_ip(&v->address[k], text, sizeof text)));
	put(j, o, "addresses", addresses);
	put_text(j, o, "state", dump_vip_state_name(v->state));
	put_age(j, o, "since_ms", v->since_us);
	put_text(j, o, "reason", v->reason);
	put_text(j, o, "fault", v->fault);
	put_text(j, o, "degraded", v->degraded);
	put_bool(j, o, "present", v->present != 0);
	put_text(j, o, "interface", v->interface);
	put_number(j, o, "virtual_router_id", v->vrid);
	put_number(j, o, "version", v->version);
	put_number(j, o, "priority", v->priority);
	put_number(j, o, "base_priority", v->base_priority);
	put(j, o, "owner",
	    v->owner.sa.sa_family != AF_UNSPEC
		? json_string(addr_print_ip(&v->owner, text, sizeof text))
		: json_null());
	put_number(j, o, "owner_priority", v->owner_priority);
	put_age(j, o, "heard_ms", v->heard_us);
	put_number(j, o, "peers", v->n_peers);
	put_number(j, o, "advert_ms", v->advert_ms);
	put_number(j, o, "lifetime_ms", v->lifetime_ms);
	put_age(j, o, "leased_ms", v->leased_us);
	put(j, o, "counters", counters(j, STAT_SET_VIP, &j->d->vip_stat[i]));
	return o;
}

/* NULL: out of memory. */
static json_t *
everything(const struct dump *d)
{
	struct json j = {.d = d};
	json_t *root = json_object(), *services = json_array(), *workers = json_array(),
	       *others = json_array(), *vips = json_array();

	for (unsigned i = 0; i < d->n_services; i++)
		append(&j, services, service(&j, &d->services[i]));
	for (unsigned i = 0; i < d->n_procs; i++)
		append(&j, d->proc[i].kind == PROC_WORKER ? workers : others,
		    process(&j, &d->proc[i]));
	put(&j, root, "kha", kha(&j));
	put(&j, root, "services", services);
	for (unsigned i = 0; i < d->n_vips; i++)
		append(&j, vips, vip(&j, i));
	put(&j, root, "vips", vips);
	put(&j, root, "workers", workers);
	put(&j, root, "processes", others);
	if (!j.failed)
		return root;
	json_decref(root);
	return NULL;
}

int
fmt_json(const struct dump *d, FILE *out, struct err *err)
{
	json_t *root = everything(d);

	if (root == NULL)
		return err_add(err, "json: out of memory");
	if (json_dumpf(root, out, JSON_INDENT(2)) == 0)
		fputc('\n', out);
	json_decref(root);
	return 0;
}

/* ---- the manual page ---- */

static bool
is_counters(const char *path)
{
	static const char *const ends[] = {".counters", ".totals", ".master", ".logger"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < sizeof ends / sizeof *ends; i++)
		if (strcmp(dot, ends[i]) == 0)
			return true;
	return false;
}

static void
walk(const json_t *value, const char *path,
    void (*fn)(void *arg, const char *path, const char *type), void *arg)
{
	static const char *const types[] = {
	    [JSON_STRING] = "string",
	    [JSON_INTEGER] = "number",
	    [JSON_REAL] = "number",
	    [JSON_TRUE] = "boolean",
	    [JSON_FALSE] = "boolean",
	    [JSON_NULL] = "null",
	};
	char below[128];
	const char *key;
	json_t *member;

	if (is_counters(path)) {
		fn(arg, path, "counters");
	} else if (json_is_object(value)) {
		json_object_foreach((json_t *)(uintptr_t)value, key, member)
		{
			snprintf(
			    below, sizeof below, "%s%s%s", path, *path != '\0' ? "." : "", key);
			walk(member, below, fn, arg);
		}
	} else if (json_is_array(value)) {
		snprintf(below, sizeof below, "%s[]", path);
		if (json_array_size(value) == 0)
			fn(arg, below, types[JSON_STRING]);
		else
			walk(json_array_get(value, 0), below, fn, arg);
	} else {
		fn(arg, path, types[json_typeof(value)]);
	}
}

int
fmt_json_keys(
    const struct dump *d, void (*fn)(void *arg, const char *path, const char *type), void *arg)
{
	json_t *root = everything(d);

	if (root == NULL)
		return -1;
	walk(root, "", fn, arg);
	json_decref(root);
	return 0;
}
