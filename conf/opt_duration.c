/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/opt.h"

static const struct {
	const char *name;
	int64_t ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

#define UNITS (sizeof units / sizeof units[0])

int64_t
conf_duration(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	/* 12 digits of hours are less than 2^63 ms. */
	if (digits == 0 || digits > 12)
		return -1;
	for (size_t i = 0; i < UNITS; i++)
		if (strcmp(text + digits, units[i].name) == 0)
			return strtoll(text, NULL, 10) * units[i].ms;
	return -1;
}

const char *
conf_duration_print(int64_t ms, char *buf, size_t size)
{
	size_t i = ms == 0 ? 2 : 0; /* "0s" */

	while (ms % units[i].ms != 0)
		i++;
	snprintf(buf, size, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
	return buf;
}
