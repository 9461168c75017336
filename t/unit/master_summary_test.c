/* SPDX-License-Identifier: BSD-2-Clause */
/* The sentence that systemctl status shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "master/summary.h"
#include "shm/dump.h"

static struct shm_table table; /* large */
static uint8_t shown[SHM_SERVERS];

static void
service(const char *name, unsigned state)
{
	struct shm_service *s = &table.service[table.n_services++];

	*s = (struct shm_service){.state = state};
	snprintf(s->name, sizeof s->name, "%s", name);
}

/* Of the service that was added last. */
static void
server(unsigned row, enum server_state health)
{
	shown[table.n_servers] = (uint8_t)health;
	table.server[table.n_servers++] =
	    (struct shm_server){.state = row, .service = table.n_services - 1};
}

static int
clear(void **state)
{
	(void)state;
	memset(&table, 0, sizeof table);
	memset(shown, 0, sizeof shown);
	return 0;
}

static void
says(const struct shm_vip *vip, unsigned n, const char *want)
{
	char text[256];

	summary_print(text, sizeof text, &table, shown, vip, n);
	assert_string_equal(text, want);
}

static void
one_of_each__is_singular(void **state)
{
	(void)state;
	service("api", ROW_ACTIVE);
	server(ROW_ACTIVE, STATE_UP);
	says(NULL, 0, "1 service, 1 of 1 servers up");
}

static void
removed_rows__do_not_count(void **state)
{
	(void)state;
	service("old", ROW_REMOVED);
	server(ROW_REMOVED, STATE_UP);
	service("api", ROW_ACTIVE);
	server(ROW_ACTIVE, STATE_UP);
	server(ROW_ACTIVE, STATE_NOTREADY);
	server(ROW_REMOVED, STATE_UP);
	server(ROW_FREE, STATE_UP);
	says(NULL, 0, "1 service, 1 of 2 servers up");
}

static void
services_without_a_server_that_is_up__are_named(void **state)
{
	(void)state;
	service("api", ROW_ACTIVE);
	server(ROW_ACTIVE, STATE_DOWN);
	service("web", ROW_ACTIVE);
	server(ROW_ACTIVE, STATE_DRAIN);
	service("ok", ROW_ACTIVE);
	server(ROW_ACTIVE, STATE_UP);
	says(NULL, 0, "3 services, 1 of 3 servers up (none of api, web)");
}

static void
vips__have_name_and_state(void **state)
{
	/* By its row in shm/tbl/vip_state.h. */
	static struct shm_vip vips[] = {{.name = "kubeapi"}, {.name = "web"}};

	(void)state;
	for (unsigned i = 0; i < dump_vip_states; i++) {
		if (strcmp(dump_vip_state_name(i), "MASTER") == 0)
			vips[0].state = i;
		if (strcmp(dump_vip_state_name(i), "BACKUP") == 0)
			vips[1].state = i;
	}
	service("api", ROW_ACTIVE);
	server(ROW_ACTIVE, STATE_UP);
	says(vips, 2, "1 service, 1 of 1 servers up; vip kubeapi MASTER, web BACKUP");
}

static void
what_does_not_fit__is_left_out(void **state)
{
	char text[16];

	(void)state;
	service("api", ROW_ACTIVE);
	for (unsigned i = 0; i < 5; i++)
		server(ROW_ACTIVE, STATE_DOWN);
	memset(text, 'x', sizeof text);
	summary_print(text, sizeof text - 1, &table, shown, NULL, 0);
	assert_string_equal(text, "1 service, 0 o");
	assert_int_equal(text[15], 'x');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(one_of_each__is_singular, clear),
	    cmocka_unit_test_setup(removed_rows__do_not_count, clear),
	    cmocka_unit_test_setup(services_without_a_server_that_is_up__are_named, clear),
	    cmocka_unit_test_setup(vips__have_name_and_state, clear),
	    cmocka_unit_test_setup(what_does_not_fit__is_left_out, clear),
	};

	return cmocka_run_group_tests_name("master/summary", tests, NULL, NULL);
}
