/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/scan.h"

#include <stdbool.h>
#include <string.h>

#include "conf/guess.h"

static void
next(struct conf_scan *s)
{
	s->prev = s->t;
	s->t = conf_lex_next(&s->lex);
}

static void *
grown(struct conf_mem *mem, void *old, size_t n, size_t *room, size_t size)
{
	void *larger;

	if (n < *room)
		return old;
	*room = *room * 2 + 16;
	larger = conf_alloc(mem, *room * size);
	if (n > 0)
		memcpy(larger, old, n * size);
	return larger;
}

static void
remember(struct conf_scan *s)
{
	struct conf_tokens *t = s->values;

	t->v = grown(s->mem, t->v, t->n, &s->values_room, sizeof *t->v);
	t->v[t->n++] = s->t;
}

/* Names of the groups that are open now stand one behind the other; this group's begin at
 * `base`. */
static int
once(struct conf_scan *s, size_t base)
{
	const struct conf_token *n;

	for (size_t i = base; i < s->n_names; i++) {
		n = &s->names[i];
		if (n->len != s->t.len ||
		    memcmp(s->buf + n->start, s->buf + s->t.start, n->len) != 0)
			continue;
		conf_say(s->errors, s->t.line, NULL, "%s stands twice in this group, first in %s",
		    guess_shown(s, &s->t), guess_place(s, n->line));
		s->twice = true;
		return 0;
	}
	/* libconfig compares each name with all others of its group. */
	if (s->n_names - base >= CONF_NAMES_MAX)
		return guess_fail(s, s->t.line, "more than %d names in one group", CONF_NAMES_MAX);
	s->names = grown(s->mem, s->names, s->n_names, &s->names_room, sizeof *s->names);
	s->names[s->n_names++] = s->t;
	return 0;
}

static int group(struct conf_scan *s, const struct conf_token *open);
static int list(struct conf_scan *s, const struct conf_token *open);

/* The present token begins a value, or should. of: name of the setting; NULL in a list. */
static int
value(struct conf_scan *s, const struct conf_token *of)
{
	struct conf_token t = s->t;
	int rc;

	switch ((int)t.kind) {
	case TOKEN_STRING:
		remember(s);
		for (next(s); s->t.kind == TOKEN_STRING; next(s)) {
			guess_joined(s, of);
			memset(s->buf + s->t.start, ' ', s->t.len);
		}
		return 0;
	case TOKEN_INT:
	case TOKEN_FLOAT:
	case TOKEN_BOOL:
		if (guess_run(s, &t) > t.len)
			return guess_value(s, of);
		remember(s);
		next(s);
		return 0;
	case '{':
	case '(':
	case '[':
		if (++s->depth > CONF_DEPTH_MAX)
			return guess_fail(
			    s, t.line, "more than %d brackets inside each other", CONF_DEPTH_MAX);
		remember(s);
		next(s);
		rc = t.kind == '{' ? group(s, &t) : list(s, &t);
		s->depth--;
		return rc;
	default:
		return guess_value(s, of);
	}
}

static int
setting(struct conf_scan *s, size_t base)
{
	struct conf_token name = s->t;

	if (once(s, base) < 0)
		return -1;
	next(s);
	if (s->t.kind != '=')
		return guess_equals(s, &name);
	next(s);
	return value(s, &name);
}

/* Settings up to the "}" that closes `open`; NULL: up to the end of the text. */
static int
group(struct conf_scan *s, const struct conf_token *open)
{
	size_t base = s->n_names;
	struct conf_token last = {.kind = TOKEN_END};

	while (s->t.kind == TOKEN_NAME) {
		last = s->t;
		if (setting(s, base) < 0)
			return -1;
		if (s->t.kind == ';' || s->t.kind == ',')
			next(s);
	}
	s->n_names = base;
	if ((int)s->t.kind != (open != NULL ? '}' : TOKEN_END))
		return guess_setting(s, open, &last);
	next(s);
	return 0;
}

static int
list(struct conf_scan *s, const struct conf_token *open)
{
	int close = open->kind == '(' ? ')' : ']', first = s->t.kind;

	for (bool more = (int)s->t.kind != close; more;) {
		if (s->t.kind == TOKEN_END)
			return guess_element(s, open);
		if (close == ']' && (s->t.kind == '{' || s->t.kind == '(' || s->t.kind == '['))
			return guess_fail(s, s->t.line,
			    "[ ] holds plain values only: write ( ) "
			    "around groups and lists");
		if (close == ']' && (int)s->t.kind != first)
			return guess_mixed(s);
		if (value(s, NULL) < 0)
			return -1;
		more = s->t.kind == ',';
		if (more)
			next(s);
		else if ((int)s->t.kind != close)
			return guess_element(s, open);
	}
	next(s);
	return 0;
}

int
conf_scan(struct conf_text *text, struct conf_mem *mem, struct conf_says *errors,
    struct conf_tokens *values)
{
	struct conf_scan s = {
	    .text = text, .buf = text->buf, .mem = mem, .errors = errors, .values = values};

	memset(values, 0, sizeof *values);
	conf_lex_init(&s.lex, s.buf);
	next(&s);
	if (group(&s, NULL) < 0)
		return -1;
	return s.twice ? -1 : 0;
}
