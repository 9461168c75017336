/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text as an address and as a CIDR: what is read prints as a text that reads the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
address(const char *text, bool any_ok)
{
	struct addr a, b;
	char shown[ADDR_TEXT];
	const char *why = addr_parse(&a, text, any_ok);

	if (why != NULL) {
		if (*why == '\0')
			abort();
		return;
	}
	addr_print(&a, shown, sizeof shown);
	if (addr_is_any(&a) && addr_port(&a) == 0)
		return; /* stands for itself only with its port */
	if (addr_parse(&b, shown, any_ok || addr_is_any(&a)) != NULL || !addr_equal(&a, &b))
		abort();
}

static void
prefix(const char *text)
{
	struct cidr a, b;
	char shown[ADDR_TEXT];

	if (cidr_parse(&a, text) != NULL)
		return;
	cidr_print(&a, shown, sizeof shown);
	if (cidr_parse(&b, shown) != NULL || a.bits != b.bits || !addr_equal(&a.addr, &b.addr))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	address(text, false);
	address(text, true);
	prefix(text);
	free(text);
	return 0;
}
