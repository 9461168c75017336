/* SPDX-License-Identifier: BSD-2-Clause */
/* The pure half of master/preflight.h. */
#include <string.h>

#include "conf/conf.h"
#include "master/preflight.h"
#include "master/setting.h"
#include "shm/health.h"
#include "shm/table.h"

/* Row of a configured server in the table, or -1: new, or removed before. */
static int
row_of(const struct shm_table *t, const struct conf_service *s, unsigned server)
{
	int service = table_find_service(t, s->name);

	return service < 0 ? -1 : table_find_server(t, (unsigned)service, s->servers[server].name);
}

/* What will hold about a server: what the operator said stays, unless the file changed. */
static uint32_t
admin_of(const struct shm_table *t, int row, const struct conf_server *s)
{
	return setting_under(row >= 0 ? &t->server[row].set_admin : NULL,
	    s->opt.enabled ? ADMIN_READY : ADMIN_MAINT);
}

static uint32_t
weight_of(const struct shm_table *t, int row, const struct conf_server *s)
{
	return setting_under(row >= 0 ? &t->server[row].set_weight : NULL, (uint32_t)s->opt.weight);
}

static bool
wants_connections(const struct shm_table *t, int row, const struct conf_server *s)
{
	return admin_of(t, row, s) == ADMIN_READY && weight_of(t, row, s) > 0;
}

unsigned
preflight_targets(const struct conf *conf, const struct shm_table *table, const bool *changed_check,
    struct checker_target *targets)
{
	const struct conf_service *s;
	unsigned n = 0;
	int row;

	for (unsigned i = 0; i < conf->n_services; i++) {
		s = &conf->services[i];
		if (s->check.type == CHECK_NONE)
			continue;
		for (unsigned k = 0; k < s->n_servers; k++) {
			row = row_of(table, s, k);
			if (!wants_connections(table, row, &s->servers[k]) ||
			    (row >= 0 && !changed_check[i] &&
				table->server[row].admin != ADMIN_MAINT &&
				addr_equal(&table->server[row].addr, &s->servers[k].addr)))
				continue;
			targets[n++] = (struct checker_target){.service = i, .server = k};
		}
	}
	return n;
}

static const struct checker_target *
find_target(const struct checker_target *targets, unsigned n, unsigned service, unsigned server)
{
	for (unsigned i = 0; i < n; i++)
		if (targets[i].service == service && targets[i].server == server)
			return &targets[i];
	return NULL;
}

static bool
passed(const struct checker_target *t)
{
	return check_result_passed((enum check_result)t->result);
}

/* Has the service of this name a usable server now, or is it not there at all? Only then can it
 * be made worse. */
static bool
can_lose(const struct shm_table *t, const char *name, const unsigned char state[SHM_SERVERS])
{
	int service = table_find_service(t, name);

	if (service < 0)
		return true;
	for (unsigned i = 0; i < t->n_servers; i++)
		if (t->server[i].service == (unsigned)service &&
		    health_shown(&t->server[i], state[i]) == STATE_UP)
			return true;
	return false;
}

static bool
usable(const struct conf *conf, unsigned service, unsigned server, const struct shm_table *table,
    const unsigned char state[SHM_SERVERS], const struct checker_target *targets, unsigned n)
{
	const struct conf_service *s = &conf->services[service];
	const struct checker_target *t = find_target(targets, n, service, server);
	int row = row_of(table, s, server);

	if (!wants_connections(table, row, &s->servers[server]))
		return false;
	if (s->check.type == CHECK_NONE)
		return true;
	if (t != NULL)
		return passed(t);
	return row >= 0 && state[row] == STATE_UP;
}

static const char *
unwanted(const struct shm_table *t, int row, const struct conf_server *s)
{
	switch (admin_of(t, row, s)) {
	case ADMIN_DRAIN:
		return "is in DRAIN";
	case ADMIN_MAINT:
		return s->opt.enabled ? "is in MAINT" : "is not enabled";
	default:
		return "weight is 0";
	}
}

static void
say_why(const struct conf *conf, unsigned service, const struct shm_table *table,
    const unsigned char state[SHM_SERVERS], const struct checker_target *targets, unsigned n,
    struct err *err)
{
	const struct conf_service *s = &conf->services[service];
	const struct checker_target *t;
	char addr[ADDR_TEXT];
	int row;

	err_add(err, "service %s would have no usable server:", s->name);
	for (unsigned k = 0; k < s->n_servers; k++) {
		addr_print(&s->servers[k].addr, addr, sizeof addr);
		t = find_target(targets, n, service, k);
		row = row_of(table, s, k);
		if (!wants_connections(table, row, &s->servers[k]))
			err_add(err, "  server %s/%s, %s: %s", s->name, s->servers[k].name, addr,
			    unwanted(table, row, &s->servers[k]));
		else if (t != NULL)
			err_add(err, "  server %s/%s, %s: %s%s%s", s->name, s->servers[k].name,
			    addr,
			    t->result == RESULT_INI
				? "no answer in time"
				: check_result_name((enum check_result)t->result),
			    t->text[0] != '\0' ? ", " : "", t->text);
		else
			err_add(err, "  server %s/%s, %s: is %s", s->name, s->servers[k].name, addr,
			    row >= 0 ? server_state_name(state[row]) : "new");
	}
}

int
preflight_judge(const struct conf *conf, const struct shm_table *table,
    const unsigned char state[SHM_SERVERS], const struct checker_target *targets, unsigned n,
    struct err *err)
{
	const struct conf_service *s;
	unsigned good;
	int result = 0;

	for (unsigned i = 0; i < conf->n_services; i++) {
		s = &conf->services[i];
		good = 0;
		for (unsigned k = 0; k < s->n_servers; k++)
			good += usable(conf, i, k, table, state, targets, n);
		if (good > 0 || !can_lose(table, s->name, state))
			continue;
		say_why(conf, i, table, state, targets, n, err);
		result = -1;
	}
	return result;
}

void
preflight_keeps(const struct conf *conf, const struct shm_table *table,
    const unsigned char state[SHM_SERVERS], const struct checker_target *targets, unsigned n,
    bool keeps[SHM_SERVERS])
{
	int row;

	memset(keeps, 0, SHM_SERVERS * sizeof *keeps);
	for (unsigned i = 0; i < n; i++) {
		row = row_of(table, &conf->services[targets[i].service], targets[i].server);
		if (row >= 0 && state[row] == STATE_UP && passed(&targets[i]))
			keeps[row] = true;
	}
}
