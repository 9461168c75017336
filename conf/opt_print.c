/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf/opt.h"

void
conf_string_print(const char *text, FILE *out)
{
	putc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void
print_int(int value, const char *word, int meaning, FILE *out)
{
	if (word != NULL && value == meaning)
		fprintf(out, "\"%s\"", word);
	else
		fprintf(out, "%d", value);
}

static void
print_msec(int ms, bool words, FILE *out)
{
	char buf[24];

	if (words && ms == CONF_AUTO)
		fputs("\"auto\"", out);
	else if (words && ms == CONF_NONE)
		fputs("\"none\"", out);
	else
		fprintf(out, "\"%s\"", conf_duration_print(ms, buf, sizeof buf));
}

static void
print_element(enum conf_kind kind, const void *v, unsigned i, FILE *out)
{
	const struct conf_listen *l;
	char buf[ADDR_TEXT];

	switch (kind) {
	case KIND_MSECS:
		print_msec(((const int *)v)[i], false, out);
		break;
	case KIND_ADDRS:
	case KIND_VADDRS:
		conf_string_print(
		    addr_print_ip(&((const struct addr *)v)[i], buf, sizeof buf), out);
		break;
	case KIND_CIDRS:
		conf_string_print(cidr_print(&((const struct cidr *)v)[i], buf, sizeof buf), out);
		break;
	case KIND_LISTENS:
		l = &((const struct conf_listen *)v)[i];
		if (l->vip != NULL)
			fprintf(out, "\"%s:%u\"", l->vip, addr_port(&l->addr));
		else
			conf_string_print(addr_print(&l->addr, buf, sizeof buf), out);
		break;
	default:
		conf_string_print(((char *const *)v)[i], out);
		break;
	}
}

static void
print_list(enum conf_kind kind, struct conf_list list, FILE *out)
{
	if (list.n == 0) {
		fputs("[]", out);
		return;
	}
	for (unsigned i = 0; i < list.n; i++) {
		/* As the file has it: the VIP once. */
		if (kind == KIND_LISTENS && ((const struct conf_listen *)list.v)[i].further)
			continue;
		fputs(i == 0 ? "[ " : ", ", out);
		print_element(kind, list.v, i, out);
	}
	fputs(" ]", out);
}

void
conf_opt_print(const struct conf_opt *o, const void *field, FILE *out, bool secrets)
{
	const char *text;
	char word[32];

	switch (o->kind) {
	case KIND_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case KIND_INT:
		print_int(*(const int *)field, NULL, 0, out);
		break;
	case KIND_AUTO_INT:
		print_int(*(const int *)field, "auto", CONF_AUTO, out);
		break;
	case KIND_NONE_INT:
		print_int(*(const int *)field, "none", CONF_NONE, out);
		break;
	case KIND_MSEC:
	case KIND_AUTO_MSEC:
		print_msec(*(const int *)field, o->kind == KIND_AUTO_MSEC, out);
		break;
	case KIND_WORDS:
		conf_string_print(
		    conf_word_name(o->words, *(const int *)field, word, sizeof word), out);
		break;
	case KIND_STRING:
	case KIND_PATH:
	case KIND_SECRET:
		text = *(char *const *)field;
		if (o->kind == KIND_SECRET && !secrets && *text != '\0')
			text = "***";
		conf_string_print(text, out);
		break;
	case KIND_GROUP:
		break;
	default:
		print_list(o->kind, conf_list_of(field), out);
		break;
	}
}

char *
conf_opt_text(const struct conf_opt *o, const void *field, bool secrets)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	conf_opt_print(o, field, out, secrets);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static bool
equal_element(enum conf_kind kind, const void *a, const void *b, unsigned i)
{
	const struct conf_listen *x, *y;
	const struct cidr *c, *d;

	switch (kind) {
	case KIND_MSECS:
		return ((const int *)a)[i] == ((const int *)b)[i];
	case KIND_ADDRS:
	case KIND_VADDRS:
		return addr_equal_ip(&((const struct addr *)a)[i], &((const struct addr *)b)[i]);
	case KIND_CIDRS:
		c = &((const struct cidr *)a)[i];
		d = &((const struct cidr *)b)[i];
		return c->bits == d->bits && addr_equal_ip(&c->addr, &d->addr);
	case KIND_LISTENS:
		/* The same VIP may have got another address. */
		x = &((const struct conf_listen *)a)[i];
		y = &((const struct conf_listen *)b)[i];
		return addr_equal(&x->addr, &y->addr) && (x->vip == NULL) == (y->vip == NULL) &&
		       (x->vip == NULL || strcmp(x->vip, y->vip) == 0);
	default:
		return strcmp(((char *const *)a)[i], ((char *const *)b)[i]) == 0;
	}
}

static bool
equal_list(enum conf_kind kind, struct conf_list a, struct conf_list b)
{
	if (a.n != b.n)
		return false;
	for (unsigned i = 0; i < a.n; i++)
		if (!equal_element(kind, a.v, b.v, i))
			return false;
	return true;
}

bool
conf_opt_equal(const struct conf_opt *o, const void *a, const void *b)
{
	switch (o->kind) {
	case KIND_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case KIND_INT:
	case KIND_AUTO_INT:
	case KIND_NONE_INT:
	case KIND_MSEC:
	case KIND_AUTO_MSEC:
	case KIND_WORDS:
		return *(const int *)a == *(const int *)b;
	case KIND_STRING:
	case KIND_PATH:
	case KIND_SECRET:
		return strcmp(*(char *const *)a, *(char *const *)b) == 0;
	case KIND_GROUP:
		return true;
	default:
		return equal_list(o->kind, conf_list_of(a), conf_list_of(b));
	}
}
