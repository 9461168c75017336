/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/near.h"
#include "conf/opt.h"

static bool fail(const struct conf_parsing *p, const struct conf_value *v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Always false, so that a failing parser can end with it. */
static bool
fail(const struct conf_parsing *p, const struct conf_value *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (p->errors != NULL)
		conf_say(p->errors, v->line, p->path, "%s", conf_vformat(p->scratch, fmt, ap));
	va_end(ap);
	return false;
}

static const char *
shown(const struct conf_parsing *p, const struct conf_value *v)
{
	return conf_value_shown(p->scratch, v);
}

static bool
is_word(const struct conf_value *v, const char *word)
{
	return v->type == VALUE_STRING && strcmp(v->text, word) == 0;
}

static bool
parse_bool(bool *field, const struct conf_value *v, const struct conf_parsing *p)
{
	if (v->type != VALUE_BOOL)
		return fail(p, v, "wants true or false, not %s", shown(p, v));
	*field = v->yes;
	return true;
}

/* word: what may stand for a number, NULL: nothing; it means `meaning`. */
static bool
parse_int(const struct conf_opt *o, int *field, const struct conf_value *v, const char *word,
    int meaning, const struct conf_parsing *p)
{
	const char * or = word != NULL ? conf_format(p->scratch, "\"%s\" or ", word) : "";

	if (word != NULL && is_word(v, word)) {
		*field = meaning;
		return true;
	}
	if (v->type == VALUE_STRING && *v->text != '\0' &&
	    v->text[strspn(v->text, "0123456789")] == '\0')
		return fail(p, v, "wants %sa whole number %d..%d: write %s without quotes", or,
		    o->min, o->max, v->text);
	if (v->type != VALUE_INT)
		return fail(
		    p, v, "wants %sa whole number %d..%d, not %s", or, o->min, o->max, shown(p, v));
	if (v->number < o->min || v->number > o->max)
		return fail(p, v, "%s is outside %d..%d%s", shown(p, v), o->min, o->max,
		    word != NULL ? conf_format(p->scratch, " (or \"%s\")", word) : "");
	*field = (int)v->number;
	return true;
}

static bool
parse_msec(
    const struct conf_opt *o, int *field, const struct conf_value *v, const struct conf_parsing *p)
{
	char least[24], most[24];
	int64_t ms;

	if (v->type == VALUE_INT)
		return fail(p, v, "a duration needs a unit: \"%ss\", or \"%sms\"", shown(p, v),
		    shown(p, v));
	if (v->type != VALUE_STRING)
		return fail(p, v, "wants a duration like \"3s\", not %s", shown(p, v));
	if (*v->text != '\0' && v->text[strspn(v->text, "0123456789")] == '\0')
		return fail(
		    p, v, "a duration needs a unit: \"%ss\", or \"%sms\"", v->text, v->text);
	ms = conf_duration(v->text);
	if (ms < 0)
		return fail(p, v,
		    "%s is no duration: a whole number and ms, s, m or h, like \"3s\"",
		    shown(p, v));
	if (ms < o->min || ms > o->max)
		return fail(p, v, "%s is outside %s..%s%s", shown(p, v),
		    conf_duration_print(o->min, least, sizeof least),
		    conf_duration_print(o->max, most, sizeof most),
		    o->kind == KIND_AUTO_MSEC ? " (or \"auto\", or \"none\")" : "");
	*field = (int)ms;
	return true;
}

static bool
parse_auto_msec(
    const struct conf_opt *o, int *field, const struct conf_value *v, const struct conf_parsing *p)
{
	if (is_word(v, "auto"))
		*field = CONF_AUTO;
	else if (is_word(v, "none"))
		*field = CONF_NONE;
	else
		return parse_msec(o, field, v, p);
	return true;
}

/* Any string that can be printed again. */
static bool
plain_string(const struct conf_value *v, const struct conf_parsing *p)
{
	if (v->type != VALUE_STRING)
		return fail(p, v, "wants a string in quotes, not %s", shown(p, v));
	for (const char *c = v->text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return fail(p, v, "has a control character (0x%02x)", (unsigned char)*c);
	return true;
}

static bool
parse_string(const struct conf_opt *o, char **field, const struct conf_value *v,
    const struct conf_parsing *p)
{
	size_t len;

	if (o->kind == KIND_SECRET && v->type != VALUE_STRING)
		return fail(p, v, "wants a string in quotes");
	if (!plain_string(v, p))
		return false;
	len = strlen(v->text);
	if (len == 0 && o->min > 0)
		return fail(p, v, "must not be empty");
	if (len < (size_t)o->min || len > (size_t)o->max)
		return fail(p, v, "has %zu characters; %d..%d are allowed", len, o->min, o->max);
	if (o->kind == KIND_PATH && len > 0 && *v->text != '/')
		return fail(p, v, "%s is not absolute: a path begins with \"/\"", shown(p, v));
	*field = conf_strdup(p->mem, v->text);
	return true;
}

int
conf_word_find(const char *words, const char *word)
{
	size_t len = strlen(word), n;

	for (int i = 0; *words != '\0'; i++) {
		n = strcspn(words, "|");
		if (n == len && strncmp(words, word, n) == 0)
			return i;
		words += n + (words[n] == '|');
	}
	return -1;
}

const char *
conf_word_name(const char *words, int i, char *buf, size_t size)
{
	for (; i > 0 && *words != '\0'; i--) {
		words += strcspn(words, "|");
		words += *words == '|';
	}
	snprintf(buf, size, "%.*s", i == 0 ? (int)strcspn(words, "|") : 1, i == 0 ? words : "?");
	return buf;
}

static bool
parse_words(
    const struct conf_opt *o, int *field, const struct conf_value *v, const struct conf_parsing *p)
{
	const char *names[16], *list = "";
	char word[32];
	int i = v->type == VALUE_STRING ? conf_word_find(o->words, v->text) : -1;
	unsigned n = 0;

	if (i >= 0) {
		*field = i;
		return true;
	}
	for (const char *w = o->words; *w != '\0' && n < 16; n++) {
		names[n] =
		    conf_strdup(p->scratch, conf_word_name(o->words, (int)n, word, sizeof word));
		list = conf_format(p->scratch, "%s%s\"%s\"", list, n > 0 ? ", " : "", names[n]);
		w += strcspn(w, "|");
		w += *w == '|';
	}
	return fail(p, v, "%s is none of %s%s", shown(p, v), list,
	    v->type == VALUE_STRING ? conf_did_you_mean(p->scratch, v->text, names, n) : "");
}

bool
conf_is_host(const struct addr *a)
{
	uint32_t ip = ntohl(a->in.sin_addr.s_addr);

	if (addr_is_any(a))
		return false;
	if (a->sa.sa_family == AF_INET)
		return !IN_MULTICAST(ip) && ip != INADDR_BROADCAST;
	return !IN6_IS_ADDR_MULTICAST(&a->in6.sin6_addr);
}

static bool
parse_addr(struct addr *a, const struct conf_value *v, bool prefix, const struct conf_parsing *p)
{
	const char *slash, *why, *text = v->text;
	struct cidr c;

	if (!plain_string(v, p))
		return false;
	slash = prefix ? strchr(text, '/') : NULL;
	if (slash != NULL)
		text = conf_memdup(p->scratch, text, (size_t)(slash - text));
	why = addr_parse(a, text, false);
	/* Of the prefix only the number counts: a host's address is meant, not a network. */
	if (why == NULL && slash != NULL)
		why = cidr_parse(&c, conf_format(p->scratch, "%s%s",
					 a->sa.sa_family == AF_INET ? "0.0.0.0" : "::", slash));
	if (why == NULL && addr_port(a) != 0)
		why = "a port is not possible here";
	if (why == NULL && !conf_is_host(a))
		why = "not the address of one host";
	return why == NULL || fail(p, v, "%s: %s", shown(p, v), why);
}

static bool
parse_cidr(struct cidr *c, const struct conf_value *v, const struct conf_parsing *p)
{
	const char *why;

	if (!plain_string(v, p))
		return false;
	why = cidr_parse(c, v->text);
	return why == NULL || fail(p, v, "%s: %s", shown(p, v), why);
}

/* NAME:port, where NAME cannot be meant as an address. */
static bool
looks_like_vip(const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon != NULL && colon > text && *text != '[' && *text != '*' &&
	       memchr(text, ':', (size_t)(colon - text)) == NULL &&
	       strspn(text, "0123456789.:") < (size_t)(colon - text);
}

/* A VIP's name is looked up later (conf/read.c): addr is then 0.0.0.0 with the port. */
static bool
parse_listen(struct conf_listen *l, const struct conf_value *v, const struct conf_parsing *p)
{
	const char *why, *colon;

	if (!plain_string(v, p))
		return false;
	l->vip = NULL;
	if (looks_like_vip(v->text)) {
		colon = strrchr(v->text, ':');
		why = addr_parse(&l->addr, conf_format(p->scratch, "0.0.0.0%s", colon), false);
		l->vip = conf_memdup(p->mem, v->text, (size_t)(colon - v->text));
	} else {
		why = addr_parse(&l->addr, v->text, true);
		if (why == NULL ? addr_port(&l->addr) == 0
				: *v->text != '\0' && strpbrk(v->text, "*:[.") == NULL)
			why = "the port is missing (\"*:6443\", \"IP:6443\" or \"[IPv6]:6443\")";
	}
	return why == NULL || fail(p, v, "%s: %s", shown(p, v), why);
}

static size_t
element_size(enum conf_kind kind)
{
	switch (kind) {
	case KIND_MSECS:
		return sizeof(int);
	case KIND_ADDRS:
	case KIND_VADDRS:
		return sizeof(struct addr);
	case KIND_CIDRS:
		return sizeof(struct cidr);
	case KIND_LISTENS:
		return sizeof(struct conf_listen);
	default:
		return sizeof(char *);
	}
}

static bool
parse_element(
    const struct conf_opt *o, void *to, const struct conf_value *v, const struct conf_parsing *p)
{
	/* Elements of MSECS have no range of their own. */
	static const struct conf_opt any_msec = {.kind = KIND_MSEC, .max = 86400000};

	switch (o->kind) {
	case KIND_MSECS:
		return parse_msec(&any_msec, to, v, p);
	case KIND_ADDRS:
	case KIND_VADDRS:
		return parse_addr(to, v, o->kind == KIND_VADDRS, p);
	case KIND_CIDRS:
		return parse_cidr(to, v, p);
	case KIND_LISTENS:
		return parse_listen(to, v, p);
	default:
		if (!plain_string(v, p))
			return false;
		*(char **)to = conf_strdup(p->mem, v->text);
		return true;
	}
}

static bool
parse_list(
    const struct conf_opt *o, void *field, const struct conf_value *v, const struct conf_parsing *p)
{
	unsigned count = conf_value_count(v);
	size_t size = element_size(o->kind);
	struct conf_list list = {NULL, 0};
	bool fits = count >= (unsigned)o->min && count <= (unsigned)o->max;

	if (!fits && count == 0)
		fail(p, v, "must not be empty");
	else if (!fits)
		fail(p, v, "has %u values; %d..%d are allowed", count, o->min, o->max);
	if (count > (unsigned)o->max)
		return false;
	list.v = conf_alloc(p->mem, (count + 1) * size);
	for (unsigned i = 0; i < count; i++)
		list.n += parse_element(o, (char *)list.v + list.n * size, conf_value_at(v, i), p);
	memcpy(field, &list, sizeof list);
	return fits && list.n == count;
}

bool
conf_opt_parse(
    const struct conf_opt *o, void *field, const struct conf_value *v, const struct conf_parsing *p)
{
	switch (o->kind) {
	case KIND_BOOL:
		return parse_bool(field, v, p);
	case KIND_INT:
		return parse_int(o, field, v, NULL, 0, p);
	case KIND_AUTO_INT:
		return parse_int(o, field, v, "auto", CONF_AUTO, p);
	case KIND_NONE_INT:
		return parse_int(o, field, v, "none", CONF_NONE, p);
	case KIND_MSEC:
		return parse_msec(o, field, v, p);
	case KIND_AUTO_MSEC:
		return parse_auto_msec(o, field, v, p);
	case KIND_STRING:
	case KIND_PATH:
	case KIND_SECRET:
		return parse_string(o, field, v, p);
	case KIND_WORDS:
		return parse_words(o, field, v, p);
	case KIND_GROUP:
		return false;
	default:
		return parse_list(o, field, v, p);
	}
}

void
conf_opt_set(const struct conf_opt *o, void *field, const char *text, const struct conf_parsing *p)
{
	struct conf_parsing quiet = {.mem = p->mem, .scratch = p->scratch};
	const struct conf_value *v = conf_parse_value(text, p->scratch);

	if (v != NULL && !conf_opt_parse(o, field, v, &quiet) && o->kind == KIND_STRING)
		*(char **)field = conf_strdup(p->mem, "");
}
