/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/control_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "master/setting.h"

struct shm_table table;
struct control_facts facts;

static void
set_server(unsigned i, uint32_t service, const char *name, const char *addr)
{
	struct shm_server *s = &table.server[i];

	snprintf(s->name, sizeof s->name, "%s", name);
	if (addr_parse(&s->addr, addr, false) != NULL)
		abort();
	s->state = ROW_ACTIVE;
	s->id = i + 1;
	s->service = service;
	s->position = i;
	s->weight = 100;
	setting_init(&s->set_admin, ADMIN_READY);
	setting_init(&s->set_weight, 100);
	facts.state[i] = STATE_UP;
	facts.active[i] = 5;
}

int
control_world(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	memset(&table, 0, sizeof table);
	memset(&facts, 0, sizeof facts);
	facts.now.us = WORLD_MONO_US;
	facts.wall_ms = WORLD_WALL_MS;
	table.n_services = 2;
	table.n_servers = WORLD_SERVERS;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(table.service[i].name, SHM_NAME, "%s", i == 0 ? "api" : "web");
		table.service[i].state = ROW_ACTIVE;
		table.service[i].reset_rate = 2000;
	}
	set_server(API_1, 0, "cp-1", "10.0.0.1:6443");
	set_server(API_2, 0, "cp-2", "10.0.0.2:6443");
	set_server(API_3, 0, "cp-3", "10.0.0.3:6443");
	set_server(WEB_1, 1, "cp-1", "10.0.0.1:443");
	set_server(WEB_9, 1, "10.0.0.9:443", "10.0.0.9:443");
	return 0;
}

void
control_world_advance(int64_t ms)
{
	facts.now = mono_add_ms(facts.now, ms);
	facts.wall_ms += ms;
}
