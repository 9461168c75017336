/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/tree.h"

#include <string.h>

#define SHOWN_MAX 80

const struct conf_value *
conf_value_find(const struct conf_value *v, const char *path)
{
	size_t len = strcspn(path, ".");

	if (v == NULL || v->type != VALUE_GROUP)
		return NULL;
	for (unsigned i = 0; i < v->n; i++) {
		if (strncmp(v->v[i].name, path, len) != 0 || v->v[i].name[len] != '\0')
			continue;
		return path[len] == '\0' ? &v->v[i] : conf_value_find(&v->v[i], path + len + 1);
	}
	return NULL;
}

unsigned
conf_value_count(const struct conf_value *v)
{
	if (v == NULL)
		return 0;
	return v->type == VALUE_LIST ? v->n : 1;
}

const struct conf_value *
conf_value_at(const struct conf_value *v, unsigned i)
{
	return v->type == VALUE_LIST ? &v->v[i] : v;
}

const char *
conf_text_shown(struct conf_mem *mem, const char *text)
{
	size_t len = strlen(text);
	bool cut = len > SHOWN_MAX;
	char *copy = conf_memdup(mem, text, cut ? SHOWN_MAX : len);

	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return conf_format(mem, "\"%s%s\"", copy, cut ? "..." : "");
}

const char *
conf_value_shown(struct conf_mem *mem, const struct conf_value *v)
{
	switch (v->type) {
	case VALUE_STRING:
		return conf_text_shown(mem, v->text);
	case VALUE_GROUP:
		return "a group";
	case VALUE_LIST:
		return "a list";
	default:
		return v->text;
	}
}
