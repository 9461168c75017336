/* SPDX-License-Identifier: BSD-2-Clause */
/* A request to the status page: "path\nformat\nservice". Its answer is one of those there are, and whatever
 * comes from it into a page is text there. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/html.h"
#include "web/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
escaped(const char *text)
{
	char *html = NULL;
	size_t size;
	FILE *out = open_memstream(&html, &size);

	if (out == NULL)
		abort();
	html_text(out, text);
	if (fclose(out) != 0 || strpbrk(html, "<>\"'") != NULL)
		abort();
	free(html);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[] = "/stats", monitor[] = "/monitor";
	const struct conf_status conf = {.path = path, .monitor = {.path = monitor}};
	char *text = malloc(size + 1), *format, *service;
	struct web_route r;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	format = strchr(text, '\n');
	if (format != NULL)
		*format++ = '\0';
	service = format != NULL ? strchr(format, '\n') : NULL;
	if (service != NULL)
		*service++ = '\0';
	for (int listens = WEB_STATUS; listens <= WEB_MONITOR; listens++) {
		const struct web_request q = {
		    (enum web_listens)listens, text, format, service, service};

		web_route(&conf, &q, &r);
		/* What the password guards, and nothing of it at the monitor. */
		if ((r.what == WEB_PAGE || r.what == WEB_DUMP || r.what == WEB_STYLE) &&
		    (!r.secret || listens == WEB_MONITOR))
			abort();
		if (r.what == WEB_DUMP && r.format >= DUMP_FORMATS)
			abort();
		if (r.what == WEB_VIP && (r.name == NULL || *r.name == '\0'))
			abort();
	}
	escaped(text);
	free(text);
	return 0;
}
