/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options as data. Each row of conf/tbl is here one struct conf_opt, each group a struct
 * conf_table; reading, printing, comparing and documenting walk over these. A default is text in
 * the syntax of the file and goes through the same parser as the file.
 */
#ifndef KHA_CONF_OPT_H
#define KHA_CONF_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/mem.h"
#include "conf/say.h"
#include "conf/tree.h"

/* Columns of conf/tbl/global.h; the kinds are explained there. */
enum conf_kind {
	KIND_BOOL,
	KIND_INT,
	KIND_AUTO_INT,
	KIND_NONE_INT,
	KIND_MSEC,
	KIND_AUTO_MSEC,
	KIND_STRING,
	KIND_PATH,
	KIND_SECRET,
	KIND_STRINGS,
	KIND_MSECS,
	KIND_ADDRS,
	KIND_VADDRS,
	KIND_CIDRS,
	KIND_LISTENS,
	KIND_WORDS,
	KIND_GROUP,
};

struct conf_opt {
	const char *name;
	enum conf_kind kind;
	bool later; /* a later version makes it work */
	enum conf_apply apply;
	size_t offset; /* of the field in the struct of its table */
	int min, max;  /* of the number, of the length, of the number of elements */
	const char *def;
	const char *words;		/* WORDS: "word|word|..." */
	const struct conf_table *group; /* GROUP */
	const char *help;
};

struct conf_table {
	const char *name; /* of the file in conf/tbl */
	const struct conf_opt *opts;
	unsigned n;
};

#define TABLE(name) extern const struct conf_table conf_table_##name;
#include "conf/tbl/tables.h"
#undef TABLE

#define conf_field(object, opt)	      ((void *)((char *)(object) + (opt)->offset))
#define conf_field_const(object, opt) ((const void *)((const char *)(object) + (opt)->offset))

const struct conf_opt *conf_table_find(const struct conf_table *t, const char *name);

/* All options of the table, and of groups in it, have no effect yet. */
bool conf_table_later(const struct conf_table *t);

/* It must be in the file: its default is not among the values that are allowed. */
bool conf_opt_required(const struct conf_opt *o);

/* All list fields of struct conf, seen alike. */
struct conf_list {
	void *v;
	unsigned n;
};

static inline struct conf_list
conf_list_of(const void *field)
{
	struct conf_list l;

	memcpy(&l, field, sizeof l);
	return l;
}

/* What parsers work with. */
struct conf_parsing {
	struct conf_mem *mem;	      /* for values */
	struct conf_mem *scratch;     /* for messages and trees: may go before the values */
	struct conf_says *errors;     /* NULL: say nothing */
	const struct conf_path *path; /* of the option */
};

/* Sets all fields of `object` to their defaults. A required option becomes empty. */
void conf_table_defaults(const struct conf_table *t, void *object, const struct conf_parsing *p);

/* opt_parse.c */

/* Sets `field` from a value of the file. false, and said, when something is wrong: a scalar is
 * then unchanged, a list has the elements that are right. */
bool conf_opt_parse(const struct conf_opt *o, void *field, const struct conf_value *v,
    const struct conf_parsing *p);

/* The same from text in the syntax of the file; for defaults, which may be out of range. Says
 * nothing. */
void conf_opt_set(
    const struct conf_opt *o, void *field, const char *text, const struct conf_parsing *p);

/* An address that one host has: not 0.0.0.0, ::, multicast or broadcast. */
bool conf_is_host(const struct addr *a);

/* The position of `word` in "word|word|...", or -1; and its text, "?" beyond the end, in memory of
 * the caller (buf). */
int conf_word_find(const char *words, const char *word);
const char *conf_word_name(const char *words, int i, char *buf, size_t size);

/* opt_duration.c: "500ms", "3s", "10m", "1h". */

/* The duration in ms, -1: it is none. */
int64_t conf_duration(const char *text);
/* The shortest text that means `ms` exactly; 24 bytes are enough. Returns buf. */
const char *conf_duration_print(int64_t ms, char *buf, size_t size);

/* opt_print.c */

/* The value in the syntax of the file. Not for groups. */
void conf_opt_print(const struct conf_opt *o, const void *field, FILE *out, bool secrets);
/* `text` in quotes, with what they need escaped. */
void conf_string_print(const char *text, FILE *out);
/* conf_opt_print() as text; the caller frees it. NULL: no memory. */
char *conf_opt_text(const struct conf_opt *o, const void *field, bool secrets);
bool conf_opt_equal(const struct conf_opt *o, const void *a, const void *b);

#endif
