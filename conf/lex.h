/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of libconfig's language, as its own scanner sees them (lib/scanner.l of libconfig 1.5).
 * Used to find what libconfig does not tell: @include relative to the file, the line of each
 * element of a list, and the cause of a syntax error.
 */
#ifndef KHA_CONF_LEX_H
#define KHA_CONF_LEX_H

#include <stddef.h>

/* Punctuation stands for itself: { } ( ) [ ] , ; and '=', which ':' is too. */
enum conf_token_kind {
	TOKEN_END = 0,
	TOKEN_NAME = 'n',
	TOKEN_BOOL = 'b',
	TOKEN_INT = 'i', /* also 0x1f and 5L */
	TOKEN_FLOAT = 'f',
	TOKEN_STRING = 's',	  /* with its quotes, on one line */
	TOKEN_INCLUDE = '@',	  /* from '@' to the closing quote */
	TOKEN_OPEN_STRING = '"',  /* without closing quote on its line */
	TOKEN_OPEN_COMMENT = '*', /* never closed */
	TOKEN_GARBAGE = '?',	  /* one byte that begins nothing */
};

struct conf_token {
	enum conf_token_kind kind;
	int line; /* from 1 */
	size_t start, len;
};

struct conf_lex {
	const char *buf; /* 0-terminated, without other 0 bytes */
	size_t pos;
	int line;
};

/* Begins at the start of `buf`, which stays the caller's. */
void conf_lex_init(struct conf_lex *lex, const char *buf);

/* The next token; at the end TOKEN_END, again and again. */
struct conf_token conf_lex_next(struct conf_lex *lex);

#endif
