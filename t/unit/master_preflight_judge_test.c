/* SPDX-License-Identifier: BSD-2-Clause */
/* Would a reload leave a service without a usable server? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "master/preflight.h"
#include "master/publish.h"
#include "master/setting.h"

static char api[] = "api";
static char names[4][4];
static struct conf_server servers[4];
static struct conf_service service;
static struct conf conf;
static struct shm_table table;
static unsigned char state_of[SHM_SERVERS];
static struct checker_target targets[4];
static bool changed[SHM_SERVICES];
static unsigned n_targets;
static struct err err;

static void
set_conf(const char *letters)
{
	service = (struct conf_service){
	    .name = api,
	    .check.type = CHECK_TCP,
	    .servers = servers,
	    .n_servers = (unsigned)strlen(letters),
	};
	for (unsigned i = 0; letters[i] != '\0'; i++) {
		snprintf(names[i], sizeof names[i], "%c", letters[i]);
		servers[i] = (struct conf_server){
		    .name = names[i],
		    .opt = {.weight = 100, .enabled = true},
		};
		servers[i].addr.in.sin_family = AF_INET;
		addr_set_port(&servers[i].addr, (uint16_t)letters[i]);
	}
	conf = (struct conf){.services = &service, .n_services = 1};
}

/* The daemon runs with servers A (UP) and B (DOWN). */
static int
start(void **state)
{
	static struct shm_table empty;
	struct publish p = {.step = PUBLISH_FINAL, .generation = 1, .oldest = 1};

	(void)state;
	err_init(&err);
	memset(changed, 0, sizeof changed);
	set_conf("AB");
	assert_int_equal(publish_build(&table, &empty, &conf, &p, &err), 0);
	state_of[0] = STATE_UP;
	state_of[1] = STATE_DOWN;
	return 0;
}

static void
find_targets(const char *letters)
{
	set_conf(letters);
	n_targets = preflight_targets(&conf, &table, changed, targets);
	for (unsigned i = 0; i < n_targets; i++)
		targets[i].result = RESULT_L4CON;
}

static int
judge(void)
{
	return preflight_judge(&conf, &table, state_of, targets, n_targets, &err);
}

static void
targets__only_what_is_new_or_moved(void **state)
{
	(void)state;
	find_targets("AB");
	assert_int_equal(n_targets, 0);
	find_targets("ABC");
	assert_int_equal(n_targets, 1);
	assert_int_equal(targets[0].server, 2);
	addr_set_port(&servers[0].addr, 1);
	n_targets = preflight_targets(&conf, &table, changed, targets);
	assert_int_equal(n_targets, 2);
	servers[2].opt.enabled = false;
	servers[0].opt.weight = 0;
	assert_int_equal(preflight_targets(&conf, &table, changed, targets), 0);
}

static void
targets__check_changed__are_all(void **state)
{
	(void)state;
	changed[0] = true;
	find_targets("AB");
	assert_int_equal(n_targets, 2);
	service.check.type = CHECK_NONE;
	assert_int_equal(preflight_targets(&conf, &table, changed, targets), 0);
}

static void
judge__good_server_stays__bad_new_one_may_come(void **state)
{
	(void)state;
	find_targets("AC");
	assert_int_equal(judge(), 0);
}

static void
judge__new_server_passed__old_ones_may_go(void **state)
{
	(void)state;
	find_targets("C");
	targets[0].result = RESULT_L4OK;
	assert_int_equal(judge(), 0);
}

static void
judge__all_new_ones_fail__is_refused_with_each_reason(void **state)
{
	(void)state;
	find_targets("CD");
	snprintf(targets[0].text, sizeof targets[0].text, "connection refused");
	targets[1].result = RESULT_INI;
	assert_int_equal(judge(), -1);
	assert_non_null(strstr(err_end(&err), "service api would have no usable server"));
	assert_non_null(
	    strstr(err_end(&err), "server api/C, 0.0.0.0:67: L4CON, connection refused"));
	assert_non_null(strstr(err_end(&err), "server api/D, 0.0.0.0:68: no answer in time"));
}

static void
judge__only_the_down_one_stays__is_refused(void **state)
{
	(void)state;
	find_targets("B");
	assert_int_equal(n_targets, 0);
	assert_int_equal(judge(), -1);
	assert_non_null(strstr(err_end(&err), "server api/B, 0.0.0.0:66: is DOWN"));
}

static void
judge__last_good_one_disabled__is_refused(void **state)
{
	(void)state;
	find_targets("AB");
	servers[0].opt.enabled = false;
	assert_int_equal(judge(), -1);
	assert_non_null(strstr(err_end(&err), "is not enabled"));
}

static void
judge__what_the_operator_said__counts_while_the_file_says_the_same(void **state)
{
	struct shm_server *a = &table.server[0];

	(void)state;
	/* A and C are UP, the operator drains A: without C nobody is left. */
	find_targets("ABC");
	setting_order(&a->set_admin, ADMIN_DRAIN, 0, (struct mono){1}, 1);
	setting_settle(a, (struct mono){1});
	find_targets("ABC");
	targets[0].result = RESULT_L4OK;
	assert_int_equal(judge(), 0);
	targets[0].result = RESULT_L4CON;
	state_of[1] = STATE_UP; /* so that there is something to lose */
	servers[1].opt.enabled = false;
	assert_int_equal(judge(), -1);
	assert_non_null(strstr(err_end(&err), "server api/A, 0.0.0.0:65: is in DRAIN"));
	err_init(&err);
	setting_order(&a->set_admin, ADMIN_READY, 0, (struct mono){1}, 1);
	setting_order(&a->set_weight, 0, 0, (struct mono){1}, 1);
	assert_int_equal(judge(), -1);
	assert_non_null(strstr(err_end(&err), "server api/A, 0.0.0.0:65: weight is 0"));
	/* A new weight in the file is the one that counts. */
	servers[0].opt.weight = 50;
	assert_int_equal(judge(), 0);
}

static void
targets__one_that_comes_out_of_maint__is_checked_first(void **state)
{
	struct shm_server *a = &table.server[0];

	(void)state;
	setting_init(&a->set_admin, ADMIN_MAINT); /* the file so far */
	setting_settle(a, (struct mono){1});
	find_targets("AB");
	assert_int_equal(n_targets, 1);
	assert_int_equal(targets[0].server, 0);
	/* Not when the operator keeps it there. */
	setting_init(&a->set_admin, ADMIN_READY);
	setting_order(&a->set_admin, ADMIN_MAINT, 0, (struct mono){1}, 1);
	find_targets("AB");
	assert_int_equal(n_targets, 0);
}

static void
judge__nothing_usable_before__is_made_no_worse(void **state)
{
	(void)state;
	state_of[0] = STATE_NOTREADY;
	find_targets("CD");
	assert_int_equal(judge(), 0);
}

static void
judge__new_service_without_a_good_server__is_refused(void **state)
{
	static char other[] = "other";

	(void)state;
	find_targets("AB");
	service.name = other;
	n_targets = preflight_targets(&conf, &table, changed, targets);
	assert_int_equal(n_targets, 2);
	targets[0].result = targets[1].result = RESULT_L7STS;
	assert_int_equal(judge(), -1);
}

static void
judge__service_without_checks__is_good(void **state)
{
	(void)state;
	find_targets("CD");
	service.check.type = CHECK_NONE;
	n_targets = 0;
	assert_int_equal(judge(), 0);
}

static void
keeps__up_and_tried__keeps_its_health(void **state)
{
	bool keeps[SHM_SERVERS];

	(void)state;
	set_conf("AB");
	addr_set_port(&servers[0].addr, 1);
	addr_set_port(&servers[1].addr, 2);
	n_targets = preflight_targets(&conf, &table, changed, targets);
	assert_int_equal(n_targets, 2);
	targets[0].result = targets[1].result = RESULT_L4OK;
	preflight_keeps(&conf, &table, state_of, targets, n_targets, keeps);
	assert_true(keeps[0]);
	assert_false(keeps[1]); /* it was DOWN: the new address deserves a fresh look */
	targets[0].result = RESULT_L4TOUT;
	preflight_keeps(&conf, &table, state_of, targets, n_targets, keeps);
	assert_false(keeps[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(targets__only_what_is_new_or_moved, start),
	    cmocka_unit_test_setup(targets__check_changed__are_all, start),
	    cmocka_unit_test_setup(judge__good_server_stays__bad_new_one_may_come, start),
	    cmocka_unit_test_setup(judge__new_server_passed__old_ones_may_go, start),
	    cmocka_unit_test_setup(judge__all_new_ones_fail__is_refused_with_each_reason, start),
	    cmocka_unit_test_setup(judge__only_the_down_one_stays__is_refused, start),
	    cmocka_unit_test_setup(judge__last_good_one_disabled__is_refused, start),
	    cmocka_unit_test_setup(
		judge__what_the_operator_said__counts_while_the_file_says_the_same, start),
	    cmocka_unit_test_setup(targets__one_that_comes_out_of_maint__is_checked_first, start),
	    cmocka_unit_test_setup(judge__nothing_usable_before__is_made_no_worse, start),
	    cmocka_unit_test_setup(judge__new_service_without_a_good_server__is_refused, start),
	    cmocka_unit_test_setup(judge__service_without_checks__is_good, start),
	    cmocka_unit_test_setup(keeps__up_and_tried__keeps_its_health, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
