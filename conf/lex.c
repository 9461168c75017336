/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/lex.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

void
conf_lex_init(struct conf_lex *lex, const char *buf)
{
	lex->buf = buf;
	lex->pos = 0;
	lex->line = 1;
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static size_t
digits(const char *p)
{
	size_t n = 0;

	while (digit(p[n]))
		n++;
	return n;
}

/* Skips blanks and comments. false: a comment that never ends; pos stays at its start. */
static bool
skip(struct conf_lex *lex)
{
	const char *p, *end;

	for (;;) {
		p = lex->buf + lex->pos;
		if (*p == '\n')
			lex->line++;
		if (*p != '\0' && strchr(" \t\n\r\f", *p) != NULL) {
			lex->pos++;
		} else if (*p == '#' || (p[0] == '/' && p[1] == '/')) {
			lex->pos += strcspn(p, "\n");
		} else if (p[0] == '/' && p[1] == '*') {
			end = strstr(p + 2, "*/");
			if (end == NULL)
				return false;
			for (; p < end; p++)
				lex->line += *p == '\n';
			lex->pos = (size_t)(end - lex->buf) + 2;
		} else {
			return true;
		}
	}
}

/* Length of the string that begins with the quote at p; 0: not closed on its line. */
static size_t
string(const char *p)
{
	size_t n;

	for (n = 1; p[n] != '"'; n++) {
		if (p[n] == '\\' && (p[n + 1] == '"' || p[n + 1] == '\\'))
			n++;
		if (p[n] == '\0' || p[n] == '\n')
			return 0;
	}
	return n + 1;
}

/* Length of ^[ \t]*@include[ \t]+"PATH" from its '@'; 0: it is none. */
static size_t
include(const char *buf, const char *p, bool *open)
{
	size_t n = strlen("@include"), blanks, len;
	const char *before = p;

	if (strncmp(p, "@include", n) != 0)
		return 0;
	while (before > buf && (before[-1] == ' ' || before[-1] == '\t'))
		before--;
	if (before > buf && before[-1] != '\n')
		return 0;
	blanks = strspn(p + n, " \t");
	if (blanks == 0 || p[n + blanks] != '"')
		return 0;
	len = string(p + n + blanks);
	*open = len == 0;
	return *open ? n : n + blanks + len;
}

/* Length of the number at p; 0: none. */
static size_t
number(const char *p, enum conf_token_kind *kind)
{
	size_t n = *p == '+' || *p == '-', whole, e;

	*kind = TOKEN_INT;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && isxdigit((unsigned char)p[2])) {
		for (n = 3; isxdigit((unsigned char)p[n]);)
			n++;
	} else {
		whole = digits(p + n);
		n += whole;
		if (p[n] == '.') {
			*kind = TOKEN_FLOAT;
			n++;
			n += digits(p + n);
		} else if (whole == 0) {
			return 0;
		}
		if (p[n] == 'e' || p[n] == 'E') {
			e = n + 1 + (p[n + 1] == '+' || p[n + 1] == '-');
			if (digit(p[e])) {
				*kind = TOKEN_FLOAT;
				n = e + digits(p + e);
			}
		}
	}
	if (*kind == TOKEN_INT && p[n] == 'L')
		n += p[n + 1] == 'L' ? 2 : 1;
	return n;
}

static size_t
name(const char *p, enum conf_token_kind *kind)
{
	size_t n = 0;

	while (letter(p[n]) || digit(p[n]) || p[n] == '-' || p[n] == '_')
		n++;
	*kind = TOKEN_NAME;
	if ((n == 4 && strncasecmp(p, "true", n) == 0) ||
	    (n == 5 && strncasecmp(p, "false", n) == 0))
		*kind = TOKEN_BOOL;
	return n;
}

struct conf_token
conf_lex_next(struct conf_lex *lex)
{
	struct conf_token t = {.kind = TOKEN_END};
	bool whole = skip(lex), open = false;
	const char *p = lex->buf + lex->pos;

	t.start = lex->pos;
	t.line = lex->line;
	if (!whole) {
		t.kind = TOKEN_OPEN_COMMENT;
		t.len = strlen(p);
	} else if (*p == '\0') {
		return t;
	} else if (*p == '"') {
		t.len = string(p);
		t.kind = t.len > 0 ? TOKEN_STRING : TOKEN_OPEN_STRING;
		if (t.len == 0)
			t.len = strcspn(p, "\n");
	} else if (*p == '@' && (t.len = include(lex->buf, p, &open)) > 0) {
		t.kind = open ? TOKEN_OPEN_STRING : TOKEN_INCLUDE;
	} else if (letter(*p)) {
		t.len = name(p, &t.kind);
	} else if ((t.len = number(p, &t.kind)) == 0) {
		t.kind = strchr("{}()[],;=", *p) != NULL ? (unsigned char)*p : TOKEN_GARBAGE;
		if (*p == ':')
			t.kind = '=';
		t.len = 1;
	}
	lex->pos += t.len;
	return t;
}
