/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "master/setting.h"
#include "shm/health.h"
#include "shm/table.h"

static uint32_t
next_server_id(const struct shm_table *t)
{
	uint32_t id = 0;

	for (unsigned i = 0; i < t->n_servers; i++)
		if (t->server[i].id > id)
			id = t->server[i].id;
	return id + 1;
}

static uint32_t
next_service_id(const struct shm_table *t)
{
	uint32_t id = 0;

	for (unsigned i = 0; i < t->n_services; i++)
		if (t->service[i].id > id)
			id = t->service[i].id;
	return id + 1;
}

int
publish_find(const struct shm_table *t, unsigned service, const char *name)
{
	for (unsigned i = 0; i < t->n_servers; i++)
		if (t->server[i].state != ROW_FREE && t->server[i].service == service &&
		    strncmp(t->server[i].name, name, SHM_NAME) == 0)
			return (int)i;
	return -1;
}

static int
find_service(const struct shm_table *t, const char *name)
{
	for (unsigned i = 0; i < t->n_services; i++)
		if (t->service[i].state != ROW_FREE &&
		    strncmp(t->service[i].name, name, SHM_NAME) == 0)
			return (int)i;
	return -1;
}

unsigned
publish_removed(const struct shm_table *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_servers; i++)
		n += t->server[i].state == ROW_REMOVED;
	return n;
}

/* A service's row follows its last server's. */
static void
free_rows(struct shm_table *t, uint32_t oldest)
{
	bool used[SHM_SERVICES] = {false};
	struct shm_server *s;

	for (unsigned i = 0; i < t->n_servers; i++) {
		s = &t->server[i];
		if (s->state == ROW_REMOVED && s->removed_generation < oldest)
			s->state = ROW_FREE;
		if (s->state != ROW_FREE)
			used[s->service] = true;
	}
	for (unsigned i = 0; i < t->n_services; i++)
		if (t->service[i].state == ROW_REMOVED && !used[i])
			t->service[i].state = ROW_FREE;
}

static void
fill_service(struct shm_service *row, const struct conf_service *c)
{
	const struct conf_keepalive *k = &c->keepalive;

	row->state = ROW_ACTIVE;
	row->balance = (uint32_t)c->balance;
	row->on_down = (uint32_t)c->on_down;
	row->log_connections = (uint32_t)c->log_connections;
	row->reset_rate = (uint32_t)c->reset_rate;
	row->max_connections = (uint32_t)c->max_connections;
	row->max_queue = (uint32_t)c->max_queue;
	row->connect_ms = (uint32_t)c->timeout.connect;
	row->queue_ms = (uint32_t)c->timeout.queue;
	row->hello_ms = (uint32_t)c->timeout.hello;
	row->idle_ms = (uint32_t)c->timeout.idle;
	row->half_closed_ms = (uint32_t)c->timeout.half_closed;
	row->hung_after_ms = (uint32_t)c->hung_after;
	row->slow_start_ms = (uint32_t)c->slow_start;
	row->client = (struct shm_keepalive){
	    .idle = (uint32_t)k->client.idle,
	    .interval = (uint32_t)k->client.interval,
	    .count = (uint32_t)k->client.count,
	    .user_timeout = (uint32_t)k->client.user_timeout,
	};
	row->server = (struct shm_keepalive){
	    .idle = (uint32_t)k->server.idle,
	    .interval = (uint32_t)k->server.interval,
	    .count = (uint32_t)k->server.count,
	    .user_timeout = (uint32_t)k->server.user_timeout,
	};
}

static void
fill_server(struct shm_server *row, const struct conf_server *c, unsigned position)
{
	row->state = ROW_ACTIVE;
	row->addr = c->addr;
	row->backup = c->opt.backup;
	row->max_connections = (uint32_t)c->opt.max_connections;
	row->max_queue = (uint32_t)c->opt.max_queue;
	row->connect_rate = (uint32_t)c->opt.connect_rate;
	row->position = position;
}

static const char *
value_text(bool is_admin, uint32_t value, char buf[16])
{
	if (is_admin)
		return server_admin_name(value);
	snprintf(buf, 16, "%" PRIu32, value);
	return buf;
}

/* One setting of row under a file that says `value`. */
static void
follow_setting(const struct shm_table *t, const struct shm_server *row, struct shm_setting *s,
    uint32_t value, const struct publish *p)
{
	bool is_admin = s == &row->set_admin;
	uint32_t before = setting_value(s);
	char from[16], to[16];

	if (p->step == PUBLISH_ADD && setting_is_set(s))
		return;
	if (!setting_file(s, value, p->step == PUBLISH_UNDO) || before == value)
		return;
	err_add(p->forgotten, "%s of %s/%s is the file's again: %s -> %s",
	    is_admin ? "state" : "weight", t->service[row->service].name, row->name,
	    value_text(is_admin, before, from), value_text(is_admin, value, to));
}

static void
follow_file(const struct shm_table *t, struct shm_server *row, const struct conf_server *c,
    const struct publish *p)
{
	uint32_t admin = c->opt.enabled ? ADMIN_READY : ADMIN_MAINT;
	uint32_t weight = (uint32_t)c->opt.weight;

	if (row->state != ROW_ACTIVE) { /* new, or here again */
		setting_init(&row->set_admin, admin);
		setting_init(&row->set_weight, weight);
		row->admin = ADMIN_READY;
		row->removed_generation = 0;
		row->removed_us = row->drain_until_us = row->close_us = 0;
	} else {
		follow_setting(t, row, &row->set_admin, admin, p);
		follow_setting(t, row, &row->set_weight, weight, p);
	}
	setting_settle(row, p->now);
}

/* A free row, or -1: none. */
static int
new_service(struct shm_table *t, const char *name, struct publish *p)
{
	uint32_t id = next_service_id(t);
	unsigned i = 0;

	while (i < t->n_services && t->service[i].state != ROW_FREE)
		i++;
	if (i == SHM_SERVICES)
		return -1;
	p->forget_service[i] = i < t->n_services;
	if (i == t->n_services)
		t->n_services++;
	t->service[i] = (struct shm_service){.id = id};
	snprintf(t->service[i].name, SHM_NAME, "%s", name);
	return (int)i;
}

static int
new_server(struct shm_table *t, unsigned service, const char *name, struct publish *p)
{
	uint32_t id = next_server_id(t);
	unsigned i = 0;

	while (i < t->n_servers && t->server[i].state != ROW_FREE)
		i++;
	if (i == SHM_SERVERS)
		return -1;
	p->forget_server[i] = i < t->n_servers;
	if (i == t->n_servers)
		t->n_servers++;
	t->server[i] = (struct shm_server){.id = id, .service = service};
	snprintf(t->server[i].name, SHM_NAME, "%s", name);
	return (int)i;
}

static int
build_server(struct shm_table *t, unsigned service, const struct conf_service *c, unsigned n,
    bool wanted[SHM_SERVERS], struct publish *p, struct err *err)
{
	int i = publish_find(t, service, c->servers[n].name);
	struct shm_server *row;

	if (i < 0) {
		i = new_server(t, service, c->servers[n].name, p);
		if (i < 0)
			return err_add(err,
			    "service %s, server %s: more than %d servers, with %u removed ones that "
			    "still have connections (global.drain_timeout)",
			    c->name, c->servers[n].name, SHM_SERVERS, publish_removed(t));
	} else {
		row = &t->server[i];
		if (row->state == ROW_REMOVED)
			row->id = next_server_id(t);
		else if (!addr_equal(&row->addr, &c->servers[n].addr) &&
			 !(p->keeps_health != NULL && p->keeps_health[i]))
			row->id = next_server_id(t);
	}
	follow_file(t, &t->server[i], &c->servers[n], p);
	fill_server(&t->server[i], &c->servers[n], n);
	wanted[i] = true;
	return 0;
}

static int
build_service(struct shm_table *t, const struct conf_service *c, bool wanted_service[SHM_SERVICES],
    bool wanted_server[SHM_SERVERS], struct publish *p, struct err *err)
{
	int i = find_service(t, c->name);

	if (i < 0)
		i = new_service(t, c->name, p);
	if (i < 0)
		return err_add(err, "service %s: more than %d services, removed ones included",
		    c->name, SHM_SERVICES);
	fill_service(&t->service[i], c);
	wanted_service[i] = true;
	for (unsigned n = 0; n < c->n_servers; n++)
		if (build_server(t, (unsigned)i, c, n, wanted_server, p, err) < 0)
			return -1;
	return 0;
}

/* What the operator said goes with it. */
static void
remove_server(struct shm_server *s, const struct conf *conf, const struct publish *p)
{
	int64_t until_us = mono_add_ms(p->now, conf->global.drain_timeout).us;

	/* In MAINT its connections have less time than that already. */
	if (s->drain_until_us != 0 && s->drain_until_us < until_us)
		until_us = s->drain_until_us;
	setting_init(&s->set_admin, s->set_admin.file);
	setting_init(&s->set_weight, s->set_weight.file);
	setting_settle(s, p->now);
	s->state = ROW_REMOVED;
	s->removed_generation = p->generation;
	s->removed_us = p->now.us;
	s->drain_until_us = until_us;
}

static void
remove_rows(struct shm_table *t, const struct conf *conf, const bool wanted_service[SHM_SERVICES],
    const bool wanted_server[SHM_SERVERS], const struct publish *p)
{
	for (unsigned i = 0; i < t->n_servers; i++)
		if (t->server[i].state == ROW_ACTIVE && !wanted_server[i])
			remove_server(&t->server[i], conf, p);
	for (unsigned i = 0; i < t->n_services; i++)
		if (t->service[i].state == ROW_ACTIVE && !wanted_service[i])
			t->service[i].state = ROW_REMOVED;
}

int
publish_build(struct shm_table *next, const struct shm_table *old, const struct conf *conf,
    struct publish *p, struct err *err)
{
	bool wanted_service[SHM_SERVICES] = {false}, wanted_server[SHM_SERVERS] = {false};

	memset(p->forget_server, 0, sizeof p->forget_server);
	memset(p->forget_service, 0, sizeof p->forget_service);
	*next = *old;
	free_rows(next, p->oldest);
	for (unsigned s = 0; s < conf->n_services; s++)
		if (build_service(next, &conf->services[s], wanted_service, wanted_server, p, err) <
		    0)
			return -1;
	if (p->step != PUBLISH_ADD)
		remove_rows(next, conf, wanted_service, wanted_server, p);
	return 0;
}
