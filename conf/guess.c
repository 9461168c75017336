/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/guess.h"

#include <string.h>
#include <strings.h>

#define SHOWN_MAX 40

int
guess_fail(struct conf_scan *s, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_say(s->errors, line, NULL, "%s", conf_vformat(s->mem, fmt, ap));
	va_end(ap);
	return -1;
}

/* Bytes for a message: not too many, and nothing that a terminal obeys. */
static const char *
printable(const struct conf_scan *s, size_t start, size_t len)
{
	bool cut = len > SHOWN_MAX;
	char *text = conf_memdup(s->mem, s->buf + start, cut ? SHOWN_MAX : len);

	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return cut ? conf_format(s->mem, "%s...", text) : text;
}

const char *
guess_shown(const struct conf_scan *s, const struct conf_token *t)
{
	if (t->kind == TOKEN_END)
		return "the end of the file";
	if (t->kind == TOKEN_STRING || t->kind == TOKEN_INT || t->kind == TOKEN_FLOAT ||
	    t->kind == TOKEN_BOOL)
		return printable(s, t->start, t->len);
	return conf_format(s->mem, "\"%s\"", printable(s, t->start, t->len));
}

const char *
guess_place(const struct conf_scan *s, int line)
{
	int here_line, its_line;
	const char *here = conf_text_where(s->text, s->t.line, &here_line);
	const char *its = conf_text_where(s->text, line, &its_line);

	if (strcmp(here, its) == 0)
		return conf_format(s->mem, "line %d", its_line);
	return conf_format(s->mem, "%s:%d", its, its_line);
}

size_t
guess_run(const struct conf_scan *s, const struct conf_token *t)
{
	const char *p = s->buf + t->start;
	size_t n = 0, len = strcspn(p, " \t\r\n\f;,(){}[]\"#");

	while (n < len && !(p[n] == '/' && (p[n + 1] == '/' || p[n + 1] == '*')))
		n++;
	return n;
}

void
guess_joined(const struct conf_scan *s, const struct conf_token *of)
{
	const char *a = guess_shown(s, &s->prev), *b = guess_shown(s, &s->t);

	/* The line of the first one: that is where the comma belongs. */
	if (of == NULL)
		conf_say(
		    s->errors, s->prev.line, NULL, "a comma is missing between %s and %s", a, b);
	else
		conf_say(s->errors, s->prev.line, NULL,
		    "%s and %s stand side by side: several "
		    "values stand in ( ), with commas between them",
		    a, b);
}

static struct conf_token
after(const struct conf_scan *s)
{
	struct conf_lex copy = s->lex;

	return conf_lex_next(&copy);
}

static int
foreign_byte(struct conf_scan *s)
{
	unsigned char c = (unsigned char)s->buf[s->t.start];

	if (c == '@')
		return guess_fail(s, s->t.line,
		    "@include stands alone on a line, with the name of "
		    "the file in quotes");
	if (c < ' ' || c >= 0x7f)
		return guess_fail(s, s->t.line,
		    "byte 0x%02x stands outside quotes: only ASCII is "
		    "possible there (a blank that is none, from copying?)",
		    c);
	return guess_fail(s, s->t.line, "\"%c\" means nothing here", c);
}

/* A value that needs quotes, or is another word for a boolean. */
static int
unquoted(struct conf_scan *s)
{
	static const char *const words[][2] = {{"yes", "true"}, {"on", "true"}, {"enabled", "true"},
	    {"no", "false"}, {"off", "false"}, {"disabled", "false"}};
	size_t len = guess_run(s, &s->t);
	const char *run = printable(s, s->t.start, len > 0 ? len : s->t.len);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(run, words[i][0]) == 0)
			return guess_fail(s, s->t.line,
			    "%s: write %s, or \"%s\" if that word is "
			    "meant",
			    run, words[i][1], run);
	if (*run == '\'')
		return guess_fail(s, s->t.line, "strings stand in double quotes (\"), not in '");
	return guess_fail(s, s->t.line, "%s stands without quotes: write \"%s\"", run, run);
}

int
guess_value(struct conf_scan *s, const struct conf_token *of)
{
	unsigned char c = (unsigned char)s->buf[s->t.start];

	switch ((int)s->t.kind) {
	case TOKEN_NAME:
		/* *:6443, where ":" is taken for "=" */
		if (after(s).kind != '=' || strncmp(s->buf + s->t.start, "*:", 2) == 0)
			return unquoted(s);
		if (of == NULL)
			return guess_fail(s, s->t.line, "%s = ... in a list: settings stand in { }",
			    guess_shown(s, &s->t));
		break;
	case TOKEN_GARBAGE:
		if (c <= ' ' || c >= 0x7f || c == '@')
			return foreign_byte(s);
		return unquoted(s);
	case TOKEN_INT:
	case TOKEN_FLOAT:
	case TOKEN_BOOL:
		return unquoted(s);
	case '=':
		return guess_fail(s, s->t.line, "two \"=\" one after the other");
	default:
		break;
	}
	if (of != NULL)
		return guess_fail(s, of->line, "%s has no value", guess_shown(s, of));
	if (s->t.kind == ',' && s->prev.kind == ',')
		return guess_fail(s, s->t.line, "two commas one after the other");
	if (s->prev.kind == ',' && (s->t.kind == ')' || s->t.kind == ']'))
		return guess_fail(s, s->prev.line, "a comma before the closing %s: remove it",
		    guess_shown(s, &s->t));
	return guess_fail(s, s->t.line, "a value is missing before %s", guess_shown(s, &s->t));
}

int
guess_equals(struct conf_scan *s, const struct conf_token *name)
{
	size_t len;

	if (s->prev.start + s->prev.len == s->t.start && s->buf[s->t.start] == '.') {
		len = strcspn(s->buf + name->start, " \t\r\n\f;,(){}[]\"#=:");
		return guess_fail(s, name->line, "%s has a dot: write groups as %s = { ... }",
		    printable(s, name->start, len), printable(s, name->start, name->len));
	}
	for (size_t i = s->values->n; i > 0; i--) {
		const struct conf_token *v = &s->values->v[i - 1];

		/* interval = 3 s; */
		if (v->kind == TOKEN_INT && v->line == name->line &&
		    v->start + v->len + 1 == name->start && s->t.kind == ';')
			return guess_fail(s, name->line,
			    "%.*s %.*s: a duration stands in quotes, "
			    "without a blank: \"%.*s%.*s\"",
			    (int)v->len, s->buf + v->start, (int)name->len, s->buf + name->start,
			    (int)v->len, s->buf + v->start, (int)name->len, s->buf + name->start);
		break;
	}
	return guess_fail(s, name->line, "\"=\" is missing after %s", guess_shown(s, name));
}

int
guess_setting(struct conf_scan *s, const struct conf_token *open, const struct conf_token *last)
{
	switch ((int)s->t.kind) {
	case TOKEN_END:
		return guess_fail(
		    s, open->line, "the \"{\" here is never closed: \"}\" is missing");
	case ')':
	case ']':
	case '}':
		if (open == NULL)
			return guess_fail(s, s->t.line, "%s closes nothing", guess_shown(s, &s->t));
		return guess_fail(s, s->t.line,
		    "%s comes before the \"{\" of %s is closed: \"}\" is "
		    "missing",
		    guess_shown(s, &s->t), guess_place(s, open->line));
	case ';':
	case ',':
		return guess_fail(
		    s, s->t.line, "a %s too many", s->t.kind == ';' ? "semicolon" : "comma");
	case '=':
		return guess_fail(s, s->t.line, "a name is missing before \"=\"");
	case TOKEN_GARBAGE:
		return foreign_byte(s);
	default:
		break;
	}
	if (last->kind != TOKEN_END && s->prev.kind == ',')
		return guess_fail(s, s->t.line,
		    "%.*s: several values stand in ( ), with commas "
		    "between them",
		    (int)last->len, s->buf + last->start);
	return guess_fail(
	    s, s->t.line, "NAME = VALUE is expected here, not %s", guess_shown(s, &s->t));
}

int
guess_element(struct conf_scan *s, const struct conf_token *open)
{
	const char *close = open->kind == '(' ? ")" : "]", *bracket = guess_shown(s, open);
	struct conf_token then = after(s);

	switch ((int)s->t.kind) {
	case TOKEN_END:
		return guess_fail(s, open->line, "the %s here is never closed: \"%s\" is missing",
		    bracket, close);
	case ';':
		if (then.kind == TOKEN_STRING || then.kind == TOKEN_INT || then.kind == '{')
			return guess_fail(s, s->t.line,
			    "a semicolon between elements of a list: "
			    "write a comma");
		return guess_fail(s, s->t.line,
		    "the %s of %s is not closed: \"%s\" is missing before "
		    "the semicolon",
		    bracket, guess_place(s, open->line), close);
	case ')':
	case ']':
	case '}':
		return guess_fail(s, s->t.line,
		    "%s comes before the %s of %s is closed: \"%s\" is "
		    "missing",
		    guess_shown(s, &s->t), bracket, guess_place(s, open->line), close);
	case TOKEN_NAME:
		if (then.kind == '=')
			return guess_fail(s, s->prev.line,
			    "the %s of %s is not closed: \"%s\" is "
			    "missing before %s",
			    bracket, guess_place(s, open->line), close, guess_shown(s, &s->t));
		break;
	case '=':
		return guess_fail(s, s->t.line, "NAME = VALUE in a list: settings stand in { }");
	default:
		break;
	}
	return guess_fail(s, s->prev.line, "a comma is missing after %s", guess_shown(s, &s->prev));
}

int
guess_mixed(struct conf_scan *s)
{
	switch ((int)s->t.kind) {
	case TOKEN_STRING:
	case TOKEN_INT:
	case TOKEN_FLOAT:
	case TOKEN_BOOL:
		return guess_fail(s, s->t.line,
		    "[ ] holds values of one kind: strings in quotes, or "
		    "numbers; %s is of another kind than the first",
		    guess_shown(s, &s->t));
	default:
		return guess_value(s, NULL);
	}
}
