/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/order.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verbs[ORDER_VERBS] = {
    [ORDER_READY] = "ready",
    [ORDER_DRAIN] = "drain",
    [ORDER_MAINT] = "maint",
    [ORDER_WEIGHT] = "weight",
    [ORDER_CLOSE] = "close",
};

const char *
order_verb_name(enum order_verb verb)
{
	return (unsigned)verb < ORDER_VERBS ? verbs[verb] : "?";
}

/* Digits only, no leading zero, at most `most`. */
static bool
number(const char *text, int64_t most, int64_t *n)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 15 || text[len] != '\0' || (len > 1 && text[0] == '0'))
		return false;
	*n = strtoll(text, NULL, 10);
	return *n <= most;
}

bool
order_weight(const char *text, uint32_t *weight)
{
	int64_t n = 0;

	if (strcmp(text, "default") == 0)
		*weight = SETTING_NONE;
	else if (number(text, WEIGHT_MAX, &n))
		*weight = (uint32_t)n;
	else
		return false;
	return true;
}

size_t
order_print(const struct order *o, char text[ORDER_TEXT])
{
	int n = snprintf(text, ORDER_TEXT, "%s %s", o->server, order_verb_name(o->verb));

	if (o->verb == ORDER_WEIGHT && o->weight == SETTING_NONE)
		n += snprintf(text + n, ORDER_TEXT - (size_t)n, " default");
	else if (o->verb == ORDER_WEIGHT)
		n += snprintf(text + n, ORDER_TEXT - (size_t)n, " %" PRIu32, o->weight);
	if (o->for_ms != 0)
		n += snprintf(text + n, ORDER_TEXT - (size_t)n, " for %" PRId64, o->for_ms);
	if (o->force)
		n += snprintf(text + n, ORDER_TEXT - (size_t)n, " force");
	return (size_t)n;
}

/* Cuts the next word off *at; NULL: there is none, or an empty one. */
static const char *
next_word(char **at)
{
	char *word = *at, *blank;

	if (word == NULL || *word == ' ' || *word == '\0')
		return NULL;
	blank = strchr(word, ' ');
	*at = blank != NULL ? blank + 1 : NULL;
	if (blank != NULL)
		*blank = '\0';
	return word;
}

static bool
find_verb(const char *word, enum order_verb *verb)
{
	for (int v = 0; v < ORDER_VERBS; v++) {
		if (strcmp(word, verbs[v]) != 0)
			continue;
		*verb = (enum order_verb)v;
		return true;
	}
	return false;
}

/* What stands behind the verb and its weight. */
static const char *
parse_rest(char **at, struct order *o)
{
	const char *word = next_word(at);

	if (word != NULL && strcmp(word, "for") == 0) {
		word = next_word(at);
		if (word == NULL || !number(word, ORDER_FOR_MAX_MS, &o->for_ms) ||
		    o->for_ms < ORDER_FOR_MIN_MS)
			return "server: a time is from 1 s to 366 days";
		if (o->verb == ORDER_CLOSE ||
		    (o->verb == ORDER_WEIGHT && o->weight == SETTING_NONE))
			return "server: this lasts no time";
		word = next_word(at);
	}
	if (word != NULL && strcmp(word, "force") == 0) {
		o->force = true;
		word = next_word(at);
	}
	return word == NULL && *at == NULL ? NULL : "server: unknown word behind the verb";
}

const char *
order_parse(const char *text, size_t n, struct order *o)
{
	char copy[ORDER_TEXT], *at = copy;
	const char *word;

	*o = (struct order){0};
	if (n >= sizeof copy || memchr(text, '\0', n) != NULL)
		return "server: not a request";
	memcpy(copy, text, n);
	copy[n] = '\0';
	word = next_word(&at);
	if (word == NULL || strlen(word) >= sizeof o->server)
		return "server: which one?";
	snprintf(o->server, sizeof o->server, "%s", word);
	word = next_word(&at);
	if (word == NULL || !find_verb(word, &o->verb))
		return "server: unknown verb (another version of kha?)";
	if (o->verb == ORDER_WEIGHT) {
		word = next_word(&at);
		if (word == NULL || !order_weight(word, &o->weight))
			return "server: a weight is from 0 to 256, or default";
	}
	return parse_rest(&at, o);
}
