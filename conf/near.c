/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/near.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 64

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

static char
folded(char c)
{
	return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

/* Edits that make one of the other: insert, delete, replace, swap neighbours (optimal string
 * alignment). Both at most LONGEST long. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned d[3][LONGEST + 1], *cur = d[0], *last = d[1], *before = d[2], *spare, cost;
	size_t na = strlen(a), nb = strlen(b);

	for (size_t j = 0; j <= nb; j++)
		cur[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		spare = before;
		before = last;
		last = cur;
		cur = spare;
		cur[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			cost = folded(a[i - 1]) != folded(b[j - 1]);
			cur[j] = min3(last[j] + 1, cur[j - 1] + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
			    folded(a[i - 2]) == folded(b[j - 1]) && before[j - 2] + 1 < cur[j])
				cur[j] = before[j - 2] + 1;
		}
	}
	return cur[nb];
}

/* "maxconn" begins "max_connections". */
static int
begins(const char *word, const char *name)
{
	size_t n = 0;

	for (; *word != '\0'; word++, n++) {
		while (*name == '_' && *word != '_' && *word != '-')
			name++;
		if (folded(*word) != folded(*name++))
			return 0;
	}
	return n >= 3;
}

const char *
conf_nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t len = strlen(word);
	unsigned d, least = len == 2 ? 2 : (unsigned)(len / 3) + 1;

	if (len > LONGEST)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (strlen(names[i]) > LONGEST)
			continue;
		d = distance(word, names[i]);
		if (d < least) {
			least = d;
			best = names[i];
		}
	}
	for (size_t i = 0; best == NULL && i < n; i++)
		if (begins(word, names[i]))
			best = names[i];
	return best;
}

const char *
conf_did_you_mean(struct conf_mem *mem, const char *word, const char *const *names, size_t n)
{
	const char *near = conf_nearest(word, names, n);

	return near == NULL ? "" : conf_format(mem, "; did you mean \"%s\"?", near);
}
