/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration as a tree of values, before anybody knows what they mean. conf/parse.c makes it
 * with libconfig, so that nothing else has to know libconfig.
 */
#ifndef KHA_CONF_TREE_H
#define KHA_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/mem.h"
#include "conf/say.h"
#include "conf/text.h"

enum conf_value_type {
	VALUE_BOOL,
	VALUE_INT,
	VALUE_FLOAT,
	VALUE_STRING,
	VALUE_GROUP,
	VALUE_LIST, /* [ ] and ( ) */
};

struct conf_value {
	enum conf_value_type type;
	int line;		    /* of the text, conf_text_where() tells the file */
	const char *name;	    /* of a setting; NULL: element of a list */
	const char *text;	    /* of a STRING its contents, of scalars else as written */
	bool yes;		    /* BOOL */
	int64_t number;		    /* INT; beyond 64 bits the largest or smallest */
	const struct conf_value *v; /* of a GROUP or LIST, n of them */
	unsigned n;
};

/* The group of the whole text, in memory of mem; NULL with errors said. Strings side by side are
 * said too but do not make it NULL (conf/scan.h). The text is changed then. */
const struct conf_value *conf_parse(
    struct conf_text *text, struct conf_mem *mem, struct conf_says *errors);

/* The same for one value in the syntax of the file, as the defaults are in conf/tbl; NULL: not in
 * that syntax. */
const struct conf_value *conf_parse_value(const char *text, struct conf_mem *mem);

/* Member `name` of a group; path with dots: "check.timeout". NULL: absent, or v is NULL. */
const struct conf_value *conf_value_find(const struct conf_value *v, const char *path);

/* "One value, [ ] and ( ) all work": a list has its elements, anything else is one itself; NULL
 * has none. */
unsigned conf_value_count(const struct conf_value *v);
const struct conf_value *conf_value_at(const struct conf_value *v, unsigned i);

/* A value for a message: "\"text\"", "12", "true", "a group", "a list"; in memory of mem. */
const char *conf_value_shown(struct conf_mem *mem, const struct conf_value *v);
/* The text of a string, shortened and without control characters, in quotes. */
const char *conf_text_shown(struct conf_mem *mem, const char *text);

#endif
