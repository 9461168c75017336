/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cpus.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WANTS "wants \"none\", \"auto\", or CPUs and ranges like \"0,2,4\" or \"2-5\""

/* The number at *text, and *text behind it; -1: there is none, CPUS_MAX: it is too large. */
static int
number(const char **text)
{
	int n = -1;

	for (; **text >= '0' && **text <= '9'; ++*text) {
		n = (n < 0 ? 0 : n) * 10 + (**text - '0');
		if (n > CPUS_MAX)
			n = CPUS_MAX;
	}
	return n;
}

/* "2" or "2-5" at *text, and *text behind it. */
static const char *
add_range(struct cpus *c, cpu_set_t *seen, const char **text)
{
	int first = number(text), last = first;

	if (first >= 0 && **text == '-') {
		++*text;
		last = number(text);
	}
	if (first < 0 || last < 0)
		return WANTS;
	if (first >= CPUS_MAX || last >= CPUS_MAX)
		return "no CPU has a number above 1023";
	if (first > last)
		return "a range goes from the smaller number to the greater";
	for (; first <= last; first++) {
		if (CPU_ISSET(first, seen))
			return "a CPU stands twice";
		CPU_SET(first, seen);
		c->v[c->n++] = (uint16_t)first;
	}
	return NULL;
}

static const char *
parse_list(struct cpus *c, const char *text)
{
	const char *why;
	cpu_set_t seen;

	CPU_ZERO(&seen);
	for (;;) {
		why = add_range(c, &seen, &text);
		if (why != NULL || *text == '\0')
			return why;
		if (*text++ != ',')
			return WANTS;
	}
}

const char *
cpus_parse(struct cpus *c, const char *text)
{
	const char *why = NULL;

	_Static_assert(CPUS_MAX == 1024, "a sentence says so");
	c->how = CPUS_NONE;
	c->n = 0;
	if (strcmp(text, "none") == 0)
		return NULL;
	if (strcmp(text, "auto") == 0) {
		c->how = CPUS_AUTO;
		return NULL;
	}
	why = parse_list(c, text);
	if (why == NULL)
		c->how = CPUS_LIST;
	else
		c->n = 0;
	return why;
}

static int
nth_of(const cpu_set_t *set, unsigned i)
{
	unsigned n = (unsigned)CPU_COUNT(set);

	if (n == 0)
		return -1;
	i %= n;
	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		if (CPU_ISSET(cpu, set) && i-- == 0)
			return cpu;
	return -1;
}

int
cpus_of(const struct cpus *c, const cpu_set_t *may, unsigned i)
{
	if (c->how == CPUS_AUTO)
		return nth_of(may, i);
	return c->how == CPUS_LIST ? c->v[i % c->n] : -1;
}

const char *
cpus_print(const cpu_set_t *set, char *buf, unsigned size)
{
	char part[16];
	unsigned at = 0;
	int n, last;

	snprintf(buf, size, "none");
	for (int cpu = 0; cpu < CPUS_MAX; cpu = last + 1) {
		for (last = cpu; last < CPUS_MAX && CPU_ISSET(last, set); last++)
			continue;
		if (last == cpu)
			continue;
		if (last - cpu > 1)
			n = snprintf(
			    part, sizeof part, "%s%d-%d", at > 0 ? "," : "", cpu, last - 1);
		else
			n = snprintf(part, sizeof part, "%s%d", at > 0 ? "," : "", cpu);
		/* Room for what says that more would come. */
		if (at + (unsigned)n + sizeof ",..." > size) {
			snprintf(buf + at, size - at, "%s...", at > 0 ? "," : "");
			break;
		}
		memcpy(buf + at, part, (size_t)n + 1);
		at += (unsigned)n;
	}
	return buf;
}
