/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/summary.h"

#include <stdarg.h>
#include <stdio.h>

#include "shm/dump.h"

struct line {
	char *text;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void
add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->used, l->size - l->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->used += (size_t)n < l->size - l->used ? (size_t)n : l->size - l->used - 1;
}

struct count {
	unsigned servers, up;
};

static void
count_servers(struct count *c, const struct shm_table *t, unsigned service, const uint8_t *shown)
{
	*c = (struct count){0};
	for (unsigned i = 0; i < t->n_servers; i++) {
		if (t->server[i].state != ROW_ACTIVE || t->server[i].service != service)
			continue;
		c->servers++;
		c->up += shown[i] == STATE_UP;
	}
}

void
summary_print(char *text, size_t size, const struct shm_table *t, const uint8_t shown[SHM_SERVERS],
    const struct shm_vip *vip, unsigned n_vips)
{
	struct line l = {text, size, 0};
	struct count all = {0}, one;
	unsigned services = 0, dark = 0;

	for (unsigned s = 0; s < t->n_services; s++) {
		if (t->service[s].state != ROW_ACTIVE)
			continue;
		services++;
		count_servers(&one, t, s, shown);
		all.servers += one.servers;
		all.up += one.up;
	}
	add(&l, "%u service%s, %u of %u servers up", services, services == 1 ? "" : "s", all.up,
	    all.servers);
	for (unsigned s = 0; s < t->n_services; s++) {
		count_servers(&one, t, s, shown);
		if (t->service[s].state == ROW_ACTIVE && one.up == 0 && one.servers > 0)
			add(&l, "%s%.*s", dark++ == 0 ? " (none of " : ", ", SHM_NAME,
			    t->service[s].name);
	}
	if (dark > 0)
		add(&l, ")");
	for (unsigned i = 0; i < n_vips; i++)
		add(&l, "%s%.*s %s", i == 0 ? "; vip " : ", ", SHM_NAME, vip[i].name,
		    dump_vip_state_name(vip[i].state));
}
