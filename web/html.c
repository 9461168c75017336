/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define SPARK_HEIGHT 20 /* units of the drawing; a point is one wide */

void
html_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			putc(*text, out);
		}
}

void
html_table(struct html_table *t, FILE *out, const char *const *names)
{
	*t = (struct html_table){out, names, 0};
	fputs("<div class=\"wide\"><table><thead><tr>", out);
	for (; *names != NULL; names++)
		if (**names == '<')
			fprintf(out, "<th scope=\"col\" class=\"t\">%s</th>", *names + 1);
		else
			fprintf(out, "<th scope=\"col\">%s</th>", *names);
	fputs("</tr></thead>\n<tbody>", out);
}

void
html_row(struct html_table *t)
{
	fputs("<tr>", t->out);
	t->at = 0;
}

void
html_end(struct html_table *t)
{
	fputs("</tbody></table></div>\n", t->out);
}

const char *
html_class(enum tone tone)
{
	static const char *const classes[TONES] = {
	    [TONE_GOOD] = "up", [TONE_WARN] = "warn", [TONE_BAD] = "down", [TONE_DIM] = "off"};

	return classes[tone];
}

/* class: of the cell, beside its alignment. */
static void
begin(struct html_table *t, const char *class)
{
	const char *name = t->names[t->at++];
	bool left = *name == '<';

	fprintf(t->out, "<td data-l=\"%s\"", name + left);
	if (left || class != NULL)
		fprintf(t->out, " class=\"%s%s%s\"", left ? "t" : "",
		    left && class != NULL ? " " : "", class != NULL ? class : "");
	putc('>', t->out);
}

void
html_cell(struct html_table *t, const char *class, const char *text)
{
	begin(t, class);
	html_text(t->out, text);
	fputs("</td>", t->out);
}

void
html_cellf(struct html_table *t, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	html_cell(t, NULL, text);
}

void
html_words(struct html_table *t, const char *text)
{
	html_cell(t, "w", text);
}

static const char *const names[HISTORY_KINDS] = {
    [HISTORY_ACTIVE] = "connections",
    [HISTORY_RATE] = "new connections",
    [HISTORY_CHECK] = "last check",
};

static void
value(FILE *out, enum history_kind k, uint32_t v)
{
	if (k == HISTORY_RATE)
		fprintf(out, "%" PRIu32 ".%" PRIu32 "/s", v / 10, v % 10);
	else
		fprintf(out, "%" PRIu32 "%s", v, k == HISTORY_CHECK ? " ms" : "");
}

void
html_named(struct html_table *t, const char *name, const char *more)
{
	begin(t, "n");
	fputs("<b>", t->out);
	html_text(t->out, name);
	fputs("</b>", t->out);
	/* The default name of a server is its address. */
	if (strcmp(name, more) != 0) {
		fputs(" <small>", t->out);
		html_text(t->out, more);
		fputs("</small>", t->out);
	}
	fputs("</td>", t->out);
}

static void
curve(FILE *out, const struct spark *p)
{
	uint32_t max = 0, v;

	for (unsigned i = 0; i < p->s->n; i++)
		if ((v = history_at(p->h, p->s, p->kind, i)) > max)
			max = v;
	fprintf(out,
	    "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\"><title>%s: now ",
	    HISTORY_POINTS, SPARK_HEIGHT, names[p->kind]);
	value(out, p->kind, history_at(p->h, p->s, p->kind, p->s->n - 1));
	fputs(", at most ", out);
	value(out, p->kind, max);
	fputs("</title><path d=\"", out);
	for (unsigned i = 0; i < p->s->n; i++) {
		v = history_at(p->h, p->s, p->kind, i);
		v = SPARK_HEIGHT - 1 -
		    (max > 0 ? (uint32_t)((uint64_t)v * (SPARK_HEIGHT - 2) / max) : 0);
		/* The newest is at the right edge, however few there are. */
		if (i == 0)
			fprintf(out, "M%u %" PRIu32 "h1", HISTORY_POINTS - p->s->n, v);
		else
			fprintf(out, "V%" PRIu32 "h1", v);
	}
	fputs("\"/></svg>", out);
}

void
html_spark(struct html_table *t, const char *text, const struct spark *p)
{
	begin(t, "s");
	if (p->s != NULL && p->s->n >= 2)
		curve(t->out, p);
	fputs("<span>", t->out);
	html_text(t->out, text);
	fputs("</span></td>", t->out);
}
