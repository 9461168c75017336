/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that knows libconfig. */
#include "conf/tree.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/scan.h"

/* libconfig's tree and the tokens of the text have the same values in the same order: structure
 * and strings come from the tree; lines, and integers of more than 32 bits, from the tokens. All
 * memory is taken before libconfig runs, since conf_alloc() may jump. */
struct converting {
	const char *buf;
	const struct conf_token *token, *end;
	struct conf_value *value;  /* next free one */
	char *string, *string_end; /* room for all names and strings */
};

static char *
copy(struct converting *c, const char *text, size_t len)
{
	char *to = c->string;

	if (len >= (size_t)(c->string_end - to))
		return NULL;
	memcpy(to, text, len);
	to[len] = '\0';
	c->string += len + 1;
	return to;
}

static int convert(struct converting *c, const config_setting_t *from, struct conf_value *to);

static int
convert_members(struct converting *c, const config_setting_t *from, struct conf_value *to)
{
	int n = config_setting_length(from);
	struct conf_value *v = c->value;

	if (n > c->end - c->token)
		return -1;
	c->value += n;
	to->v = v;
	to->n = (unsigned)n;
	for (int i = 0; i < n; i++)
		if (convert(c, config_setting_get_elem(from, (unsigned)i), &v[i]) < 0)
			return -1;
	return 0;
}

/* -1: tree and tokens do not fit together. */
static int
convert(struct converting *c, const config_setting_t *from, struct conf_value *to)
{
	const struct conf_token *t = c->token++;
	const char *text, *name = config_setting_name(from);

	if (t >= c->end)
		return -1;
	to->line = t->line;
	if (name != NULL && (to->name = copy(c, name, strlen(name))) == NULL)
		return -1;
	switch (config_setting_type(from)) {
	case CONFIG_TYPE_GROUP:
		to->type = VALUE_GROUP;
		return t->kind == '{' ? convert_members(c, from, to) : -1;
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		to->type = VALUE_LIST;
		return t->kind == '(' || t->kind == '[' ? convert_members(c, from, to) : -1;
	case CONFIG_TYPE_STRING:
		to->type = VALUE_STRING;
		text = config_setting_get_string(from);
		to->text = copy(c, text, strlen(text));
		return t->kind == TOKEN_STRING && to->text != NULL ? 0 : -1;
	case CONFIG_TYPE_BOOL:
		to->type = VALUE_BOOL;
		to->yes = config_setting_get_bool(from) != CONFIG_FALSE;
		to->text = to->yes ? "true" : "false";
		return t->kind == TOKEN_BOOL ? 0 : -1;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		to->type = VALUE_INT;
		/* Not base 0: libconfig has no octal numbers, 010 is ten. */
		to->number = strtoll(c->buf + t->start, NULL,
		    t->len > 2 && strchr("xX", c->buf[t->start + 1]) != NULL ? 16 : 10);
		to->text = copy(c, c->buf + t->start, t->len);
		return t->kind == TOKEN_INT && to->text != NULL ? 0 : -1;
	case CONFIG_TYPE_FLOAT:
		to->type = VALUE_FLOAT;
		to->text = copy(c, c->buf + t->start, t->len);
		return t->kind == TOKEN_FLOAT && to->text != NULL ? 0 : -1;
	default:
		return -1;
	}
}

const struct conf_value *
conf_parse(struct conf_text *text, struct conf_mem *mem, struct conf_says *errors)
{
	struct converting c = {.buf = text->buf};
	struct conf_value *root;
	struct conf_tokens tokens;
	config_t config;
	int line = 0, rc = -1;
	char why[100] = "libconfig and kha understand this file differently";

	if (conf_scan(text, mem, errors, &tokens) < 0)
		return NULL;
	c.token = tokens.v;
	c.end = tokens.n > 0 ? tokens.v + tokens.n : tokens.v; /* NULL in an empty file */
	root = conf_alloc(mem, sizeof *root);
	root->type = VALUE_GROUP;
	root->line = 1;
	c.value = conf_alloc(mem, (tokens.n + 1) * sizeof *c.value);
	/* Each name and each value is at least as long in the text, and has a byte for the 0: the
	 * "=" behind a name, a quote, the blank, comma or bracket behind a number. */
	c.string = conf_alloc(mem, text->len + tokens.n + 1);
	c.string_end = c.string + text->len + tokens.n + 1;

	config_init(&config);
	if (config_read_string(&config, text->buf) == CONFIG_TRUE) {
		rc = convert_members(&c, config_root_setting(&config), root);
	} else {
		line = config_error_line(&config);
		snprintf(why, sizeof why, "%s", config_error_text(&config));
	}
	config_destroy(&config);
	if (rc == 0)
		return root;
	conf_say(errors, line, NULL, "%s", why);
	return NULL;
}

const struct conf_value *
conf_parse_value(const char *value, struct conf_mem *mem)
{
	struct conf_text text = {.file = "default"};
	const struct conf_value *root;

	text.buf = conf_format(mem, "v = %s;", value);
	text.len = strlen(text.buf);
	root = conf_parse(&text, mem, NULL);
	return conf_value_find(root, "v");
}
