/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/publish_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

struct conf_server servers[SHM_SERVERS + 1];
static char names[SHM_SERVERS + 1][16];
struct conf_service services[2];
struct conf conf;

struct shm_table table, next;
struct publish p;
struct err err, forgotten;

void
world_server(unsigned i, const char *name, unsigned host)
{
	snprintf(names[i], sizeof names[i], "%s", name);
	servers[i] = (struct conf_server){.name = names[i]};
	servers[i].addr.in.sin_family = AF_INET;
	servers[i].addr.in.sin_addr.s_addr = htonl(0x0a000000 + host);
	addr_set_port(&servers[i].addr, 6443);
	servers[i].opt.weight = 100;
	servers[i].opt.enabled = true;
}

void
world_conf(const char *letters)
{
	static char api[] = "api";
	char name[2] = "";

	for (unsigned i = 0; letters[i] != '\0'; i++) {
		name[0] = letters[i];
		world_server(i, name, (unsigned char)letters[i]);
	}
	services[0] = (struct conf_service){
	    .name = api,
	    .balance = BALANCE_ROUNDROBIN,
	    .servers = servers,
	    .n_servers = (unsigned)strlen(letters),
	};
	conf = (struct conf){.services = services, .n_services = 1};
	conf.global.drain_timeout = 1000;
}

void
world_build(enum publish_step step, uint32_t generation, uint32_t oldest)
{
	p = (struct publish){
	    .step = step,
	    .generation = generation,
	    .oldest = oldest,
	    .now = {5000000},
	    .forgotten = &forgotten,
	};
	err_init(&err);
	err_init(&forgotten);
	assert_int_equal(publish_build(&next, &table, &conf, &p, &err), 0);
	table = next;
}

int
world_start(void **state)
{
	(void)state;
	memset(&table, 0, sizeof table);
	world_conf("ABC");
	world_build(PUBLISH_FINAL, 1, UINT32_MAX);
	return 0;
}

unsigned
world_row(const char *name)
{
	int i = publish_find(&table, 0, name);

	assert_true(i >= 0);
	return (unsigned)i;
}
