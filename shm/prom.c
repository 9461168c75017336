/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/prom.h"

#include <inttypes.h>

void
prom_metric(struct prom *p, enum stat_kind kind, const char *name, const char *help)
{
	p->name = name;
	p->suffix = kind == STAT_COUNTER ? "_total" : "";
	fprintf(p->out, "# HELP kha_%s%s ", name, p->suffix);
	for (; *help != '\0'; help++) {
		if (*help == '\\')
			fputc('\\', p->out);
		fputc(*help, p->out);
	}
	fprintf(p->out, "\n# TYPE kha_%s%s %s\n", name, p->suffix,
	    kind == STAT_COUNTER ? "counter" : "gauge");
}

/* \ and " escaped; line ends were cleaned away by dump_take(). */
static void
label_value(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		fputc(*text, out);
	}
}

void
prom_sample(const struct prom *p, const struct prom_label *labels)
{
	fprintf(p->out, "kha_%s%s", p->name, p->suffix);
	for (unsigned i = 0; labels[i].name != NULL; i++) {
		fprintf(p->out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
		label_value(p->out, labels[i].value);
		fputc('"', p->out);
	}
	if (labels[0].name != NULL)
		fputc('}', p->out);
	fputc(' ', p->out);
}

void
prom_whole(const struct prom *p, uint64_t n)
{
	fprintf(p->out, "%" PRIu64 "\n", n);
}

void
prom_seconds(const struct prom *p, uint64_t ms)
{
	fprintf(p->out, "%" PRIu64 ".%03u\n", ms / 1000, (unsigned)(ms % 1000));
}
