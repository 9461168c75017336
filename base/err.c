/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room kept free for the line that counts the lost ones. */
#define ERR_RESERVE 32

void
err_init(struct err *e)
{
	e->count = 0;
	e->lost = 0;
	e->len = 0;
	e->text[0] = '\0';
}

/* Names and words of foreign files stand in these lines, which go to terminals and logs: no byte
 * of them may be more than text, or begin another line. */
static void
only_text(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

static int
add(struct err *e, const char *fmt, va_list ap, const char *suffix)
{
	size_t room, start;
	int n;

	if (e == NULL)
		return -1;
	e->count++;
	start = e->len;
	room = sizeof e->text - ERR_RESERVE;
	if (e->lost > 0 || start + 1 >= room) {
		e->lost++;
		return -1;
	}
	if (start > 0)
		e->text[start++] = '\n';
	n = vsnprintf(e->text + start, room - start, fmt, ap);
	if (n >= 0 && suffix != NULL && (size_t)n < room - start)
		n += snprintf(e->text + start + n, room - start - (size_t)n, ": %s", suffix);
	if (n < 0 || (size_t)n >= room - start) {
		/* A cut sentence misleads; the very first one is better than none. */
		if (e->count > 1) {
			e->text[e->len] = '\0';
			e->lost++;
			return -1;
		}
		n = (int)(room - start) - 1;
	}
	only_text(e->text + start);
	e->len = start + (size_t)n;
	return -1;
}

int
err_add(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	add(e, fmt, ap, NULL);
	va_end(ap);
	errno = saved;
	return -1;
}

int
err_addsys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	add(e, fmt, ap, strerror(saved));
	va_end(ap);
	errno = saved;
	return -1;
}

int
err_add_all(struct err *e, struct err *from)
{
	size_t len;

	for (const char *line = err_end(from); *line != '\0'; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		err_add(e, "%.*s", (int)len, line);
	}
	return -1;
}

const char *
err_end(struct err *e)
{
	if (e->lost > 0) {
		snprintf(e->text + e->len, sizeof e->text - e->len, "\n... and %u more", e->lost);
		e->len += strlen(e->text + e->len);
		e->lost = 0;
	}
	return e->text;
}
