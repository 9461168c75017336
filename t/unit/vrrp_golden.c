/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/vrrp_golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A     "10.77.0.1"
#define B     "10.77.0.2"
#define GROUP "224.0.0.18"
#define VIP   "10.77.0.10"

const struct golden goldens[] = {
    {"v2", "212f6401000170770a4d000a0000000000000000", A, GROUP, 2, 47, 100, 1000000, NULL, {VIP},
	VRRP_SUM_RFC5798},
    {"v2-stop", "212f00010001d4770a4d000a0000000000000000", A, GROUP, 2, 47, 0, 1000000, NULL,
	{VIP}, VRRP_SUM_RFC5798},
    {"v2-password", "212f64010101fa230a4d000a7333637265743939", A, GROUP, 2, 47, 100, 1000000,
	"s3cret99", {VIP}, VRRP_SUM_RFC5798},
    {"v3-unicast", "312f640100644afb0a4d000a", A, B, 3, 47, 100, 1000000, NULL, {VIP},
	VRRP_SUM_RFC5798},
    {"v3", "312f6401006475370a4d000a", A, GROUP, 3, 47, 100, 1000000, NULL, {VIP},
	VRRP_SUM_RFC5798},
    {"v3-200", "312fc801006411370a4d000a", A, GROUP, 3, 47, 200, 1000000, NULL, {VIP},
	VRRP_SUM_RFC5798},
    {"v3-rfc9568", "312f6401006460140a4d000a", A, GROUP, 3, 47, 100, 1000000, NULL, {VIP},
	VRRP_SUM_RFC9568},
    {"v3-unicast-group", "312f6401006475370a4d000a", A, B, 3, 47, 100, 1000000, NULL, {VIP},
	VRRP_SUM_GROUP},
    {"v3-stop", "312f00010001d99a0a4d000a", A, GROUP, 3, 47, 0, 10000, NULL, {VIP},
	VRRP_SUM_RFC5798},
    {"v3-two", "312ffe02000ad1330a4d000a0a4d000b", A, GROUP, 3, 47, 254, 100000, NULL,
	{VIP, "10.77.0.11"}, VRRP_SUM_RFC5798},
    {"v6",
	"313065020064e235fe800000000000000000000000770010"
	"fd770000000000000000000000000010",
	"fe80::34a1:6bff:fec5:ed0e", "ff02::12", 3, 48, 101, 1000000, NULL,
	{"fe80::77:10", "fd77::10"}, VRRP_SUM_RFC5798},
    {"v6-frr", "312fc8010064ffe1fd770000000000000000000000000010", "fe80::5225:679a:bc02:9520",
	"ff02::12", 3, 47, 200, 1000000, NULL, {"fd77::10"}, VRRP_SUM_RFC5798},
};
const unsigned n_goldens = sizeof goldens / sizeof *goldens;

struct addr
addr_of(const char *text)
{
	struct addr a;

	if (addr_parse(&a, text, false) != NULL) {
		fprintf(stderr, "%s is no address\n", text);
		abort();
	}
	return a;
}

size_t
bytes_of(const char *hex, uint8_t *out, size_t room)
{
	size_t n = strlen(hex) / 2;
	unsigned byte;

	for (size_t i = 0; i < n && i < room; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			abort();
		out[i] = (uint8_t)byte;
	}
	return n;
}

void
golden_advert(const struct golden *g, struct vrrp_advert *a)
{
	struct addr ip;

	memset(a, 0, sizeof *a);
	a->version = g->version;
	a->vrid = g->vrid;
	a->priority = g->priority;
	a->interval_us = g->interval_us;
	a->has_password = g->password != NULL;
	if (g->password != NULL)
		memcpy(a->password, g->password, strlen(g->password));
	for (; a->n_addrs < 2 && g->address[a->n_addrs] != NULL; a->n_addrs++) {
		ip = addr_of(g->address[a->n_addrs]);
		a->family = ip.sa.sa_family;
		if (a->family == AF_INET)
			a->address[a->n_addrs].in = ip.in.sin_addr;
		else
			a->address[a->n_addrs].in6 = ip.in6.sin6_addr;
	}
}

void
golden_datagram(const struct golden *g, uint8_t buf[VRRP_PACKET_MAX], struct vrrp_datagram *d)
{
	d->src = addr_of(g->src);
	d->dst = addr_of(g->dst);
	d->ttl = 255;
	d->payload = buf;
	d->len = bytes_of(g->hex, buf, VRRP_PACKET_MAX);
}

void
golden_expect(const struct golden *g, struct vrrp_expect *want)
{
	memset(want, 0, sizeof *want);
	golden_advert(g, &want->own);
	want->min_ttl = 255;
}

const struct golden *
golden(const char *name)
{
	for (unsigned i = 0; i < n_goldens; i++)
		if (strcmp(goldens[i].name, name) == 0)
			return &goldens[i];
	fail_msg("no packet %s", name);
	return NULL;
}

void
packet_load(struct packet *p, const char *name)
{
	memset(p, 0, sizeof *p);
	golden_datagram(golden(name), p->bytes, &p->d);
	golden_expect(golden(name), &p->want);
}

enum vrrp_verdict
packet_parse(struct packet *p)
{
	return vrrp_packet_parse(&p->d, &p->want, &p->got, &p->seen);
}

void
packet_mend(struct packet *p)
{
	uint32_t sum = 0;

	p->bytes[6] = p->bytes[7] = 0;
	for (size_t i = 0; i + 1 < p->d.len; i += 2)
		sum += (uint32_t)p->bytes[i] << 8 | p->bytes[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	p->bytes[6] = (uint8_t)(~sum >> 8);
	p->bytes[7] = (uint8_t)~sum;
}

void
packet_expect(struct packet *p, const char *what, enum vrrp_verdict verdict)
{
	enum vrrp_verdict got = packet_parse(p);

	if (got != verdict)
		fail_msg(
		    "%s: %s, not %s", what, vrrp_verdict_name(got), vrrp_verdict_name(verdict));
}
