/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/vip_order.h"

#include <stdio.h>
#include <string.h>

static const char *const verbs[VIP_VERBS] = {
    [VIP_NOTHING] = "",
    [VIP_TAKE] = "take",
    [VIP_RELEASE] = "release",
    [VIP_READY] = "ready",
};

const char *
vip_verb_name(enum vip_verb verb)
{
	return (unsigned)verb < VIP_VERBS ? verbs[verb] : "?";
}

size_t
vip_order_print(const struct vip_order *o, char text[SHM_NAME + 16])
{
	return (size_t)snprintf(text, SHM_NAME + 16, "%s %s", o->vip, vip_verb_name(o->verb));
}

const char *
vip_order_parse(const char *text, size_t n, struct vip_order *o)
{
	const char *blank = memchr(text, ' ', n);
	size_t len = blank != NULL ? (size_t)(blank - text) : n, rest;

	*o = (struct vip_order){.verb = VIP_NOTHING};
	if (blank == NULL || len == 0 || len >= sizeof o->vip || memchr(text, '\0', n) != NULL)
		return "vip: a name and a verb are wanted";
	memcpy(o->vip, text, len);
	rest = n - len - 1;
	for (int v = VIP_NOTHING + 1; v < VIP_VERBS; v++)
		if (rest == strlen(verbs[v]) && memcmp(blank + 1, verbs[v], rest) == 0)
			o->verb = (enum vip_verb)v;
	return o->verb != VIP_NOTHING ? NULL : "vip: unknown verb (another version of kha?)";
}

static bool
is_meant(const struct shm_vip *v, const char *name)
{
	struct addr a;

	if (strncmp(v->name, name, SHM_NAME) == 0)
		return true;
	if (addr_parse(&a, name, false) != NULL)
		return false;
	for (unsigned i = 0; i < v->n_addresses && i < SHM_VIP_ADDRS; i++)
		if (addr_equal_ip(&v->address[i], &a))
			return true;
	return false;
}

int
vip_which(const struct shm_vip *vip, unsigned n, const char *name, const char **why)
{
	bool any = strcmp(name, "-") == 0;
	int found = -1;

	for (unsigned i = 0; i < n; i++) {
		if (vip[i].name[0] == '\0' || (!any && !is_meant(&vip[i], name)))
			continue;
		if (found >= 0) {
			*why = "there are several VIPs: name one";
			return -1;
		}
		found = (int)i;
	}
	if (found < 0)
		*why = any ? "there is no VIP" : "there is no such VIP";
	return found;
}
