/* SPDX-License-Identifier: BSD-2-Clause */
/* What the same file means on each node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vrrp/plan.h"

#define VRID_OF_10_77_0_10 108

static const char nodes[] =
    "nodes = ( { name = \"n1\"; addresses = [ \"10.77.0.1\", \"fd77::1\" ]; }, { name = \"n2\"; "
    "addresses = [ \"fd77::2\", \"10.77.0.2\" ]; priority = 7; }, { name = \"n3\"; addresses = "
    "\"10.77.0.3\"; } );\n";

static struct conf *
load(const char *vips)
{
	char path[] = "/tmp/kha-plan.XXXXXX";
	struct err errors, warnings;
	struct conf *conf;
	int fd = mkstemp(path);
	FILE *f;

	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	fprintf(f, "%svips = ( { %s } );\n", nodes, vips);
	fclose(f);
	err_init(&errors);
	err_init(&warnings);
	conf = conf_load(path, "n1", &errors, &warnings);
	unlink(path);
	if (conf == NULL)
		fail_msg("%s", err_end(&errors));
	return conf;
}

static bool
is(const struct addr *a, const char *text)
{
	struct addr b;

	assert_null(addr_parse(&b, text, false));
	return addr_equal_ip(a, &b);
}

static void
priority__comes_from_the_node_or_from_order(void **state)
{
	struct conf *conf = load("addresses = \"10.77.0.10\"");
	struct plan_vip p;

	(void)state;
	plan_vip(&p, conf, &conf->vips[0], 0);
	assert_int_equal(p.priority, 254);
	plan_vip(&p, conf, &conf->vips[0], 1);
	assert_int_equal(p.priority, 7);
	plan_vip(&p, conf, &conf->vips[0], 2);
	assert_int_equal(p.priority, 234);
	plan_vip(&p, conf, &conf->vips[0], -1);
	assert_false(p.takes_part);
	conf_free(conf);
	conf = load("addresses = \"10.77.0.10\"; order = [ \"n3\", \"n1\" ]");
	plan_vip(&p, conf, &conf->vips[0], 0);
	assert_int_equal(p.priority, 244);
	assert_int_equal(p.n_peers, 1);
	assert_true(is(&p.peers[0], "10.77.0.3"));
	plan_vip(&p, conf, &conf->vips[0], 1);
	assert_false(p.takes_part);
	plan_vip(&p, conf, &conf->vips[0], 2);
	assert_int_equal(p.priority, 254);
	conf_free(conf);
}

static void
peers__are_addresses_of_the_family_that_elects(void **state)
{
	struct conf *conf = load("addresses = [ \"fd77::10\", \"10.77.0.10\" ]");
	struct plan_vip p;

	(void)state;
	plan_vip(&p, conf, &conf->vips[0], 0);
	assert_int_equal(p.family, AF_INET6);
	assert_int_equal(p.n_peers, 1); /* n3 has none */
	assert_true(is(&p.peers[0], "fd77::2"));
	assert_int_equal(p.advert.n_addrs, 1); /* the other follows unadvertised */
	conf_free(conf);
	conf = load("addresses = \"10.77.0.10\"; peers = \"multicast\"");
	plan_vip(&p, conf, &conf->vips[0], 0);
	assert_true(p.multicast);
	assert_int_equal(p.n_peers, 0);
	conf_free(conf);
	conf = load("addresses = \"10.77.0.10\"; peers = [ \"192.0.2.1\", \"192.0.2.2\" ]");
	plan_vip(&p, conf, &conf->vips[0], 0);
	assert_int_equal(p.n_peers, 2);
	assert_true(is(&p.peers[1], "192.0.2.2"));
	conf_free(conf);
}

static void
times__follow_from_the_interval(void **state)
{
	static const struct {
		const char *vip;
		unsigned interval_us, lifetime_s;
	} rows[] = {
	    {"", 1000000, 3},
	    {"advert = \"100ms\";", 100000, 2},
	    {"advert = \"1500ms\";", 1500000, 5},
	    {"lifetime = \"10s\";", 1000000, 10},
	    {"lifetime = \"none\";", 1000000, 0},
	    {"version = 2; advert = \"3s\";", 3000000, 9},
	};
	struct plan_vip p;
	struct conf *conf;
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(text, sizeof text, "addresses = \"10.77.0.10\"; %s", rows[i].vip);
		conf = load(text);
		plan_vip(&p, conf, &conf->vips[0], 0);
		assert_int_equal(p.advert.interval_us, rows[i].interval_us);
		assert_int_equal(p.router.interval_ns, rows[i].interval_us * INT64_C(1000));
		assert_int_equal(p.lifetime_s, rows[i].lifetime_s);
		assert_int_equal(p.router.lifetime_ns, rows[i].lifetime_s * VRRP_SECOND);
		conf_free(conf);
	}
}

static void
router_id__is_given_or_the_same_everywhere(void **state)
{
	struct conf *conf = load(
	    "addresses = \"10.77.0.10\"; virtual_router_id = 47; version = 2; password = \"s3cret\"");
	struct plan_vip p;
	struct addr a;

	(void)state;
	plan_vip(&p, conf, &conf->vips[0], 0);
	assert_int_equal(p.advert.vrid, 47);
	assert_true(p.advert.has_password);
	assert_memory_equal(p.advert.password, "s3cret\0\0", VRRP_PASSWORD_LEN);
	conf_free(conf);
	/* An upgrade must not change it: nodes of two versions would not understand each other. */
	assert_null(addr_parse(&a, "10.77.0.10", false));
	assert_int_equal(plan_vrid(&a), plan_vrid(&a));
	conf = load("addresses = \"10.77.0.10\"");
	plan_vip(&p, conf, &conf->vips[0], 0);
	assert_int_equal(p.advert.vrid, plan_vrid(&a));
	assert_int_equal(plan_vrid(&a), VRID_OF_10_77_0_10);
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(priority__comes_from_the_node_or_from_order),
	    cmocka_unit_test(peers__are_addresses_of_the_family_that_elects),
	    cmocka_unit_test(times__follow_from_the_interval),
	    cmocka_unit_test(router_id__is_given_or_the_same_everywhere),
	};

	return cmocka_run_group_tests_name("vrrp/plan", tests, NULL, NULL);
}
