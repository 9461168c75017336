/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a request of the control socket, and as a reply. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/ctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What passes is what the client would print of it. */
static void
order(const char *text, size_t size, const struct order *o)
{
	char again[ORDER_TEXT];
	size_t n = order_print(o, again);

	if (n >= sizeof again || n != size || memcmp(again, text, n) != 0)
		abort();
	if (o->weight != SETTING_NONE && o->weight > WEIGHT_MAX)
		abort();
}

static void
vip_order(const char *text, size_t size, const struct vip_order *o)
{
	char again[SHM_NAME + 16];
	size_t n = vip_order_print(o, again);

	if (n >= sizeof again || n != size || memcmp(again, text, n) != 0)
		abort();
}

static void
session(const char *text, size_t size, const struct session_id *id)
{
	char again[SESSION_ID + 6];
	int n = snprintf(
	    again, sizeof again, "close %u-%llu", id->worker, (unsigned long long)id->serial);

	if ((size_t)n != size || memcmp(again, text, size) != 0)
		abort();
	if (id->worker >= SHM_ENTRIES - ENTRY_WORKER0 || id->serial > SHM_SERIAL_MAX)
		abort();
}

static void
request(const char *text, size_t size)
{
	struct ctl_request r;
	const char *why = ctl_parse(text, size, &r), *verb;

	if (why != NULL) {
		if (*why == '\0')
			abort();
		return;
	}
	verb = ctl_verb_name(r.verb);
	if (strncmp(text, verb, strlen(verb)) != 0)
		abort();
	if (r.verb == CTL_SERVER) {
		order(text + strlen(verb) + 1, size - strlen(verb) - 1, &r.order);
		return;
	}
	if (r.verb == CTL_VIP) {
		vip_order(text + strlen(verb) + 1, size - strlen(verb) - 1, &r.vip);
		return;
	}
	if (r.verb == CTL_SESSION) {
		session(text + strlen(verb) + 1, size - strlen(verb) - 1, &r.session);
		return;
	}
	/* Begins with the verb, and has the other word exactly when forced. */
	if (r.force != (size > strlen(verb)) || (r.force && r.verb != CTL_RELOAD))
		abort();
}

static void
reply(const char *text, size_t size)
{
	char *copy = malloc(size + 1);
	const char *rest;
	int code;

	if (copy == NULL)
		abort();
	memcpy(copy, text, size);
	copy[size] = '\0';
	code = ctl_parse_reply(copy, &rest);
	if (code > 255 || (code >= 0 && (rest <= copy || rest > copy + strlen(copy))))
		abort();
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	request((const char *)data, size);
	reply((const char *)data, size);
	return 0;
}
