/* SPDX-License-Identifier: BSD-2-Clause */
/* Which interface a VIP belongs to, on made-up machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/if_addr.h>
#include <stdio.h>
#include <string.h>

#include "t/unit/vrrp_golden.h"
#include "vrrp/link_view.h"

#define MANY 8

struct machine {
	struct link_interface interfaces[MANY];
	struct link_address addresses[MANY];
	struct link_view view;
};

/* Words "INTERFACE ADDRESS/BITS", separated by commas. Indexes begin with 1. */
static void
machine_of(struct machine *m, const char *text)
{
	char name[16], ip[ADDR_TEXT];
	unsigned bits, i;
	int used;

	memset(m, 0, sizeof *m);
	m->view.interfaces = m->interfaces;
	m->view.addresses = m->addresses;
	while (sscanf(text, " %15s %71[^/]/%u%n", name, ip, &bits, &used) == 3) {
		struct link_address *a = &m->addresses[m->view.n_addresses++];

		for (i = 0; i < m->view.n_interfaces; i++)
			if (strcmp(m->interfaces[i].name, name) == 0)
				break;
		if (i == m->view.n_interfaces) {
			m->interfaces[i].index = ++m->view.n_interfaces;
			memcpy(m->interfaces[i].name, name, sizeof name);
		}
		*a = (struct link_address){
		    .ifindex = i + 1, .addr = addr_of(ip), .prefix = (uint8_t)bits};
		text += used;
		if (*text == ',')
			text++;
	}
	assert_int_equal(*text, '\0');
}

#define USUAL "lo 127.0.0.1/8, lo ::1/128, eth0 192.168.122.8/24, eth0 fe80::8/64, eth1 10.0.0.8/8"

/* `found`: name of the interface, or what the error says. */
static const struct {
	const char *what, *machine, *name, *vip, *node, *found;
	int rc;
} rows[] = {
    {"by its subnet", USUAL, "auto", "192.168.122.10", "10.0.0.8", "eth0", 0},
    {"by name, whatever is there", USUAL, "eth1", "192.168.122.10", "192.168.122.8", "eth1", 0},
    {"by a wrong name", USUAL, "eth9", "192.168.122.10", "192.168.122.8", "no interface eth9", -1},
    {"in no subnet: the node's", USUAL, "auto", "172.16.0.1", "192.168.122.8", "eth0", 0},
    {"in no subnet, node unknown", USUAL, "auto", "172.16.0.1", NULL,
	"no interface has a subnet that holds 172.16.0.1", -1},
    {"in no subnet, node not local", USUAL, "auto", "172.16.0.1", "192.168.122.9",
	"no interface has a subnet that holds 172.16.0.1", -1},
    {"of the other family: the node's", USUAL, "auto", "fd77::10", "192.168.122.8", "eth0", 0},
    {"IPv6 by its subnet", "eth0 fd77::8/64, eth1 fd77:0:0:1::8/64", "auto", "fd77:0:0:1::10", NULL,
	"eth1", 0},
    {"the longest subnet", "eth0 10.0.0.8/8, eth1 10.77.0.8/16, eth2 10.78.0.8/16", "auto",
	"10.77.0.10", "10.0.0.8", "eth1", 0},
    {"the longest subnet, told first", "eth1 10.77.0.8/16, eth0 10.0.0.8/8", "auto", "10.77.0.10",
	"10.0.0.8", "eth1", 0},
    {"two of one length", "eth0 10.77.0.8/24, eth1 10.77.0.9/24", "auto", "10.77.0.10", "10.77.0.8",
	"eth0 and eth1", -1},
    {"two of one length, a longer one", "eth0 10.77.0.8/16, eth1 10.77.0.9/16, eth2 10.77.0.7/24",
	"auto", "10.77.0.10", NULL, "eth2", 0},
    {"two subnets of one interface", "eth0 10.77.0.8/24, eth0 10.77.0.9/24", "auto", "10.77.0.10",
	NULL, "eth0", 0},
    {"host addresses do not count", "eth0 10.77.0.8/24, eth1 10.77.0.10/32, lo 10.77.0.10/32",
	"auto", "10.77.0.10", NULL, "eth0", 0},
    {"nor does the VIP itself", "eth0 10.77.0.8/24, eth1 10.77.0.10/25", "auto", "10.77.0.10", NULL,
	"eth0", 0},
    {"only the VIP itself", "eth0 10.1.0.8/24, eth1 10.77.0.10/24", "auto", "10.77.0.10",
	"10.1.0.8", "eth0", 0},
    {"the node's address as a host's", "eth0 10.77.0.8/32", "auto", "10.77.0.10", "10.77.0.8",
	"eth0", 0},
    {"the node's address twice", "eth0 10.77.0.8/32, eth1 10.77.0.8/32", "auto", "10.77.0.10",
	"10.77.0.8", "eth0 and eth1, have the node's address 10.77.0.8", -1},
    {"the node's address twice on one", "eth0 10.77.0.8/32, eth0 10.77.0.8/31", "auto",
	"10.77.0.10", "10.77.0.8", "eth0", 0},
    {"nothing there", "", "auto", "10.77.0.10", "10.77.0.8", "no interface", -1},
};

static void
interface__of_a_vip__is_found_or_the_reason_is_said(void **state)
{
	struct machine m;
	struct err err;
	unsigned found;
	int rc;

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct addr vip = addr_of(rows[i].vip);
		struct addr node;

		err_init(&err);
		machine_of(&m, rows[i].machine);
		if (rows[i].node != NULL)
			node = addr_of(rows[i].node);
		rc = link_find_interface(
		    &m.view, rows[i].name, &vip, rows[i].node != NULL ? &node : NULL, &found, &err);
		if (rc != rows[i].rc)
			fail_msg("%s: %d (%s)", rows[i].what, rc, err_end(&err));
		if (rc == 0 && strcmp(link_find(&m.view, found)->name, rows[i].found) != 0)
			fail_msg("%s: found %s", rows[i].what, link_find(&m.view, found)->name);
		if (rc < 0 && strstr(err_end(&err), rows[i].found) == NULL)
			fail_msg("%s: %s", rows[i].what, err_end(&err));
	}
}

static void
look_up__in_a_view__finds_what_is_there(void **state)
{
	const struct addr there = addr_of("192.168.122.8"), not_there = addr_of("192.168.122.9");
	struct machine m;

	(void)state;
	machine_of(&m, USUAL);
	assert_null(link_find(&m.view, 9));
	assert_string_equal(link_find(&m.view, 2)->name, "eth0");
	assert_int_equal(link_find_address(&m.view, 0, &there)->ifindex, 2);
	assert_int_equal(link_find_address(&m.view, 2, &there)->prefix, 24);
	assert_null(link_find_address(&m.view, 3, &there));
	assert_null(link_find_address(&m.view, 0, &not_there));
}

static void
address__with_secondaries__carries_others(void **state)
{
	struct machine m;

	(void)state;
	machine_of(&m,
	    "eth0 192.0.2.10/24, eth0 192.0.2.1/24, eth0 192.0.2.11/32, eth1 192.0.2.12/24, "
	    "eth0 2001:db8::1/64, eth0 2001:db8::2/64");
	assert_false(link_carries_others(&m.view, &m.addresses[0]));
	m.addresses[1].flags = m.addresses[5].flags = IFA_F_SECONDARY;
	assert_true(link_carries_others(&m.view, &m.addresses[0]));
	assert_false(link_carries_others(&m.view, &m.addresses[1])); /* is one itself */
	assert_false(link_carries_others(&m.view, &m.addresses[2])); /* a subnet of its own */
	assert_false(link_carries_others(&m.view, &m.addresses[3])); /* another interface */
	assert_false(link_carries_others(&m.view, &m.addresses[4])); /* IPv6 knows none */
	m.addresses[1].addr = addr_of("198.51.100.1");
	assert_false(link_carries_others(&m.view, &m.addresses[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(interface__of_a_vip__is_found_or_the_reason_is_said),
	    cmocka_unit_test(address__with_secondaries__carries_others),
	    cmocka_unit_test(look_up__in_a_view__finds_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
